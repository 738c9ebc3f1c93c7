# Who may look at images, who may set what, and where it works: read-only, on a standby.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;

my $base = PostgreSQL::Test::Utils::tempdir();
mkdir "$base/$_" or die "mkdir $_: $!" foreach qw(images elsewhere);
write_file("$base/images/a.png", tiny_picture(make => 'Brand', model => 'Camera'));
write_file("$base/elsewhere/b.png", tiny_picture());

my $server = new_server('rights', roots => "$base/images");
$server->append_conf('postgresql.conf', "wal_level = replica\nmax_wal_senders = 3\n");
$server->restart;
$server->safe_psql('postgres', 'CREATE ROLE visitor LOGIN; CREATE ROLE monitor LOGIN IN ROLE pg_monitor');

# as(ROLE, SQL): what it prints, errors and warnings behind it
sub as
{
	my ($role, $sql, @options) = @_;
	my ($status, $out, $error) =
	  $server->psql('postgres', $sql, extra_params => [ '-U', $role ], on_error_stop => 0, @options);
	return "$out$error";
}

my @calls = (
	q{thumbexif_thumbnail('a.png')}, q{thumbexif_thumbnail('\x00'::bytea)},
	q{thumbexif_exif('a.png')}, q{thumbexif_exif('\x00'::bytea)},
	q{thumbexif_info('a.png')}, q{thumbexif_info('\x00'::bytea)});

foreach my $call (@calls, 'thumbexif_version()')
{
	like(as('visitor', "SELECT $call"), qr/permission denied for function/, "not everybody may call $call");
}
like(as('monitor', 'SELECT extension, self_test FROM thumbexif_version()'), qr/^1\.1\|ok$/,
	'monitoring roles see the version');

$server->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION thumbexif_info(text) TO visitor');
is(as('visitor', q{SELECT camera_make FROM thumbexif_info('a.png')}), 'Brand', 'who is granted it may');
like(as('visitor', "SELECT thumbexif_info('$base/elsewhere/b.png')"), qr/does not exist or is outside/,
	'but only beneath the roots');
like(as('visitor', q{SELECT thumbexif_info('\x00'::bytea)}), qr/permission denied for function/,
	'and only what was granted');

# --- settings: before and after the library is loaded

my $widen = "SET thumbexif.image_roots = '$base/elsewhere, $base/images'";
my $look = "SELECT format FROM thumbexif_info('$base/elsewhere/b.png')";

like(as('visitor', "SELECT thumbexif_info('a.png'); $widen; $look"),
	qr/permission denied to set parameter.*does not exist or is outside/s, 'the roots are a superuser\'s');
like(as('visitor', "$widen; $look"), qr/does not exist or is outside/,
	'also when they are set before the library is loaded');
like(as('visitor', "SET thumbexif.max_pixels = 5; SELECT format FROM thumbexif_info('a.png'); SHOW thumbexif.max_pixels"),
	qr/^png\n200000000/, 'nor is any other limit theirs');

# What comes with a connection hides the administrator's value: then nothing is read at all.
my $refused = qr/value of "thumbexif\.exif_gps" was rejected when thumbexif was loaded/;
$server->append_conf('postgresql.conf', "thumbexif.exif_gps = off\n");
$server->reload;
like( as('visitor', q{SELECT format FROM thumbexif_info('a.png')},
		connstr => $server->connstr('postgres') . " options='-c thumbexif.exif_gps=on'"),
	$refused, 'they cannot be switched on when connecting');
like(as('visitor', 'ALTER ROLE visitor SET thumbexif.exif_gps = on'), qr/permission denied to set parameter/,
	'nor by a setting of the role');
is(as('visitor', q{SELECT format FROM thumbexif_info('a.png')}), 'png', 'without it all is well');

# The same holds for a value that is not valid, until it is corrected.
$server->append_conf('postgresql.conf', "thumbexif.exif_gps = offf\n");
$server->reload;
like(as('visitor', q{SELECT format FROM thumbexif_info('a.png')}), $refused, 'nor by a slip of the pen');
$server->append_conf('postgresql.conf', "thumbexif.exif_gps = off\n");
$server->reload;
is(as('visitor', q{SELECT format FROM thumbexif_info('a.png')}), 'png', 'all is well again');
is($server->safe_psql('postgres', "$widen; $look"), 'png', 'a superuser may');
$server->safe_psql('postgres', "ALTER DATABASE postgres SET thumbexif.image_roots = '$base/elsewhere'");
is(as('visitor', $look), 'png', 'and for a whole database');
$server->safe_psql('postgres', 'ALTER DATABASE postgres RESET thumbexif.image_roots');

# --- where it works

my $read = q{SELECT camera_make FROM thumbexif_info('a.png')};
is( $server->safe_psql('postgres', "BEGIN READ ONLY; $read; SELECT length(thumbexif_thumbnail('a.png')) > 0; SELECT extension FROM thumbexif_version(); COMMIT"),
	"Brand\nt\n1.1", 'in a read-only transaction');
is( $server->safe_psql('postgres', "BEGIN; $read; SELECT txid_current_if_assigned() IS NULL; COMMIT"),
	"Brand\nt", 'without a transaction id');
$server->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('rights_standby');
$standby->init_from_backup($server, 'copy', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', "SELECT pg_is_in_recovery(); $read"), "t\nBrand", 'on a standby');
is($standby->safe_psql('postgres', 'SELECT self_test FROM thumbexif_version()'), 'ok', 'the version too');

$standby->stop;
$server->stop;
done_testing();
