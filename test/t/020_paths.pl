# A path leads to regular files beneath the roots and to nothing else, whatever is written in it.
use strict;
use warnings;

use IO::Socket::UNIX;
use POSIX qw(mkfifo);
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;

my $base = PostgreSQL::Test::Utils::tempdir();
my $picture = tiny_picture();

mkdir "$base/$_" or die "mkdir $_: $!"
  foreach qw(images images/sub images/locked images/_private images_private other mount);
write_file("$base/$_", $picture)
  foreach ('images/a.png', 'images/sub/b.png', 'images/locked/c.png', 'images/unreadable.png',
	'images_private/secret.png', 'images/_private/secret.png', 'other/c.png', 'mount/d.png', "images/odd 100%s \"n'\nme.png");
write_file("$base/images/empty.png", '');
write_file("$base/images/large.png", $picture);
truncate("$base/images/large.png", 2 * 1024 * 1024) or die "truncate: $!";

symlink('a.png', "$base/images/inside");
symlink('../a.png', "$base/images/sub/inside");
symlink("$base/images/a.png", "$base/images/absolute");
symlink('../images_private/secret.png', "$base/images/outside");
symlink('../images_private', "$base/images/outside_folder");
symlink("$base/mount", "$base/images/mount");
symlink('loop', "$base/images/loop");
symlink('nowhere', "$base/images/dangling");
symlink('/dev/null', "$base/images/device");
symlink("$base/images", "$base/root_link");
mkfifo("$base/images/fifo", 0600) or die "mkfifo: $!";
# a socket's name must be short, so it is made where we are
chdir("$base/images") or die "chdir: $!";
my $socket = IO::Socket::UNIX->new(Local => 'socket', Listen => 1) or die "socket: $!";
chmod 0000, "$base/images/locked", "$base/images/unreadable.png";

my $server = new_server('paths', roots => "$base/images, $base/other",
	config => "statement_timeout = '60s'\n");
$server->safe_psql('postgres', <<'EOSQL');
CREATE FUNCTION outcome(path text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	SELECT 'ok', i.width || 'x' || i.height INTO state, message FROM thumbexif_info(path) i;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
EOSQL

# outcome(PATH, SETTINGS...): the columns of the function above
sub outcome
{
	my ($path, @settings) = @_;
	my $set = join('', map { "SET $_;" } @settings);

	$path =~ s/'/''/g;
	return split /\x1f/, $server->safe_psql('postgres',
		"$set SELECT concat_ws(E'\\x1f', state, message, hint) FROM outcome('$path')",
		timeout => $PostgreSQL::Test::Utils::timeout_default);
}

sub reads
{
	my ($path, $what, @settings) = @_;
	my ($state, $message) = outcome($path, @settings);
	is("$state $message", 'ok 1x1', $what);
}

# What is outside, absent or no file is told in the same words.
sub absent
{
	my ($path, $what, @settings) = @_;
	my ($state, $message) = outcome($path, @settings);
	is("$state $message",
		qq{58P01 image file does not exist or is outside "thumbexif.image_roots": "$path"}, $what);
}

sub fails
{
	my ($path, $state, $message, $what, @settings) = @_;
	my ($got_state, $got_message, $hint) = outcome($path, @settings);
	is($got_state, $state, "$what: state");
	like($got_message, $message, "$what: message");
	return $hint;
}

reads('a.png', 'a relative path lies beneath the first root');
reads('sub/b.png', 'in a folder');
reads('./sub//b.png', 'with dots and slashes that mean nothing');
reads('sub/../a.png', 'up and down inside');
reads("$base/images/a.png", 'an absolute path in a root');
reads("//$base//images//sub/b.png", 'with more slashes');
reads("$base/other/c.png", 'an absolute path in the second root');
reads('inside', 'a symbolic link to the same folder');
reads('sub/inside', 'a symbolic link up, but inside');
reads("odd 100%s \"n'\nme.png", 'an odd name');
reads('a.png', 'a root that is a symbolic link itself', "thumbexif.image_roots = '$base/root_link'");
reads("$base/images/a.png", 'a root written with a slash behind', "thumbexif.image_roots = '$base/images/'");
reads("$base/images/a.png", 'the root of everything', "thumbexif.image_roots = '/'");
reads("$base/images/mount/d.png", 'of two roots the inner one counts',
	"thumbexif.image_roots = '$base/images, $base/images/mount'");

absent('no.png', 'no such file');
absent('no/such/folder.png', 'no such folder');
absent('c.png', 'a relative path is not looked for in the second root');
absent('../images_private/secret.png', 'up and out');
absent('sub/../../images_private/secret.png', 'up and out from a folder');
absent('sub/../../images/a.png', 'out and in again');
absent("$base/images/../images_private/secret.png", 'an absolute path that goes out');
absent("$base/images_private/secret.png", 'a folder whose name begins with the name of the root');
absent("$base/images_private/no.png", 'a file that is not there either');
absent('/etc/passwd', 'a file of the system');
absent('outside', 'a symbolic link that leads out');
absent('outside_folder/secret.png', 'a folder that leads out');
absent('absolute', 'an absolute symbolic link');
absent('mount/d.png', 'an absolute symbolic link to a folder');
absent('loop', 'a loop of links');
absent('dangling', 'a link to nothing');
absent('/proc/self/cwd/postgresql.conf', 'through the process itself');
absent('', 'an empty path');
absent('.', 'the root');
absent("$base/images", 'the root by its name');
absent("$base/images/", 'the root with a slash');
absent('/', 'the root of everything');
absent('sub', 'a folder');
absent('a.png/', 'a file with a slash behind');
absent('a.png/b', 'a file as a folder');
absent('fifo', 'a FIFO, without waiting for a writer');
absent('socket', 'a socket');
absent('device', 'a link to a device');
absent('null', 'a device', "thumbexif.image_roots = '/dev'");
absent('x' x 300, 'a name that is too long');
is( $server->safe_psql('postgres',
		q{SELECT state, length(message) < 1200 FROM outcome(repeat('a/', 100000) || 'a.png')}),
	'58P01|t', 'a path that is too long is not shown whole');

fails('unreadable.png', '42501', qr/^permission denied for image file: "unreadable\.png"$/,
	'a file the server may not read');
fails('locked/c.png', '42501', qr/^permission denied for image file/, 'a folder it may not search');
fails('locked/no.png', '42501', qr/^permission denied for image file/, 'nor does it tell what is in there');
like(fails('empty.png', 'TE004', qr/^image is empty: "empty\.png"$/, 'an empty file'),
	qr/intact copy/, 'an empty file: hint');
like( fails('large.png', 'TE006', qr/max_file_size/, 'a file that is too large',
		"thumbexif.max_file_size = '1MB'"),
	qr/"thumbexif\.max_file_size"/, 'a file that is too large: hint');

# the server's trouble names the setting
like(fails('a.png', '55000', qr/image_roots" is not set/, 'no root', "thumbexif.image_roots = ''"),
	qr/"thumbexif\.image_roots"/, 'no root: hint');
like( fails("$base/gone/a.png", '58P01', qr/could not open image folder "\Q$base\E\/gone": No such file/,
		'a root that is gone', "thumbexif.image_roots = '$base/gone'"),
	qr/"thumbexif\.image_roots"/, 'a root that is gone: hint');
fails('a.png', '42809', qr/could not open image folder .*: Not a directory/, 'a root that is a file',
	"thumbexif.image_roots = '$base/images/a.png'");

# no outcome keeps a descriptor (the first round opens what the server itself keeps open)
my $counts = $server->safe_psql('postgres', <<'EOSQL');
CREATE FUNCTION descriptors() RETURNS bigint LANGUAGE sql AS
	$$SELECT count(*) FROM pg_ls_dir('/proc/' || pg_backend_pid() || '/fd')$$;
CREATE FUNCTION try_all(rounds int) RETURNS bigint LANGUAGE sql AS
	$$SELECT count(*) FROM generate_series(1, rounds),
		LATERAL (SELECT outcome(p) FROM unnest(ARRAY['no.png', 'fifo', 'empty.png', 'unreadable.png', '/no']) p) o$$;
SELECT 'tried', try_all(1);
SELECT set_config('test.before', descriptors()::text, false);
SELECT 'tried', try_all(400);
SELECT 'more', descriptors() - current_setting('test.before')::bigint;
EOSQL
like($counts, qr/^tried\|2000\nmore\|0$/m, 'no descriptor is lost');

chmod 0755, "$base/images/locked";
$server->stop;
done_testing();
