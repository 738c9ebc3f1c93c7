# thumbexif_version() says what is wrong where no decoder starts, instead of failing as everything else does.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;

my $images = PostgreSQL::Test::Utils::tempdir();
write_file("$images/a.png", tiny_picture());

my $install = private_install('version');
my $decoder = "$install->{pkglibdir}/thumbexif-decoder";
my $server = new_server('version', roots => $images, install => $install);

sub version
{
	return $server->safe_psql('postgres',
		'SELECT extension, libvips IS NULL, formats_read IS NULL, self_test FROM thumbexif_version()');
}

# fails(WHAT, PATTERN): the version names the trouble, other functions raise it
sub fails
{
	my ($what, $pattern) = @_;
	my ($status, $out, $error) = $server->psql('postgres', q{SELECT thumbexif_info('a.png')});

	like(version(), qr/^1\.1\|t\|t\|.*$pattern/, "$what: version");
	isnt($status, 0, "$what: other functions fail");
	like($error, $pattern, "$what: for this reason");
	like($error, qr/HINT:/, "$what: with a hint");
	is( $server->safe_psql('postgres', "SELECT count(*) FROM thumbexif_version(), thumbexif_version() again"),
		'1', "$what: again in one statement");
}

is(version(), '1.1|f|f|ok', 'a decoder starts');

rename($decoder, "$decoder.whole") or die "rename: $!";
fails('no program', qr/could not start image decoder .*No such file or directory/);

write_file($decoder, "no program");
chmod 0755, $decoder;
fails('not a program', qr/could not start image decoder .*Exec format error/);

unlink $decoder;
write_file($decoder, "#!/bin/sh\necho some library is missing >&2\nexit 3\n");
chmod 0755, $decoder;
fails('a program that gives up', qr/image decoder/);

rename("$decoder.whole", $decoder) or die "rename: $!";
is(version(), '1.1|f|f|ok', 'it is found again in a new session');

$server->stop;
done_testing();
