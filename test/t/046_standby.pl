# A standby waits for its promotion; a server that pg_upgrade runs, or one in single-user mode, does nothing by itself.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use WorkerTest;

my $server = new_server('primary', preload => 1, config => "wal_level = replica\nmax_wal_senders = 3\n");
value($server, "SELECT thumbexif_attach('image_assets')");
value($server, "INSERT INTO image_assets (path) VALUES ('photo.jpg')");
wait_done($server, 'the primary works', 1);

$server->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($server, 'copy', has_streaming => 1);
my $thumbnails = $standby->basedir . '/thumbnails';
mkdir $thumbnails or die "mkdir: $!";
$standby->append_conf('postgresql.conf', "thumbexif.thumbnail_dir = '$thumbnails'\n");
$standby->start;

value($server, 'SELECT thumbexif_pause()');
value($server, "INSERT INTO image_assets (path) VALUES ('photo.png')");
$server->wait_for_catchup($standby, 'replay');
is(statuses($standby), 'queued 1, done 1', 'the standby has what the primary has');
is( value($standby, "SELECT string_agg(DISTINCT concat_ws(' ', kind, state, pid), ',') FROM thumbexif_workers"),
	'launcher standby,worker paused', 'no process works there, and the view says why');
is(value($standby, "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'thumbexif%'"), 0, 'indeed');
is( value($standby, "SELECT length(thumbexif_thumbnail('photo.jpg')) > 0; SELECT string_agg(name || ' ' || value, ',' ORDER BY name) FROM thumbexif_metrics()
	WHERE name IN ('thumbexif_decode_seconds_count', 'thumbexif_queue_length', 'thumbexif_workers')"),
	"t\nthumbexif_decode_seconds_count 1,thumbexif_queue_length 1,thumbexif_workers 0", 'it counts what is done there');
foreach my $call ('thumbexif_retry(1::bigint)', "thumbexif_retry_all('failed')", 'thumbexif_enqueue(1::bigint)', 'thumbexif_pause()')
{
	my ($name) = $call =~ /^(\w+)/;
	my ($status, $out, $error) = $standby->psql('postgres', "SELECT $call");

	like($error, qr/ERROR:  cannot execute \Q$name\E\(\) in a read-only transaction/, "$name() says that it cannot write there");
}

value($server, 'SELECT thumbexif_resume()');
wait_done($server, 'the primary goes on', 2);
value($server, 'SELECT thumbexif_pause()');
value($server, "INSERT INTO image_assets (path) VALUES ('photo.webp')");
my $holder = TestSession->new($server);
$holder->query("BEGIN; SELECT FROM image_assets WHERE path = 'photo.webp' FOR UPDATE");	# so that the primary does not do it
value($server, 'UPDATE thumbexif_internal.thumbexif_attachment SET paused = false');
$server->wait_for_catchup($standby, 'replay');
$server->stop('immediate');
$holder->finish;
$standby->promote;
wait_done($standby, 'promoted, it does what was left', 3);
like(value($standby, 'SELECT thumbnail_path FROM image_assets ORDER BY id DESC LIMIT 1'), qr/^\Q$thumbnails\E/, 'in its own folder');

# --- as pg_upgrade starts a server

value($standby, 'SELECT thumbexif_pause()');
value($standby, "INSERT INTO image_assets (path) VALUES ('photo.tiff')");
$holder = TestSession->new($standby);
$holder->query("BEGIN; SELECT FROM image_assets WHERE path = 'photo.tiff' FOR UPDATE");
value($standby, 'UPDATE thumbexif_internal.thumbexif_attachment SET paused = false');
$standby->stop;
$holder->finish;
command_ok([ 'pg_ctl', '-w', '-D', $standby->data_dir, '-l', $standby->logfile, '-o', '-b', 'start' ], 'started as by pg_upgrade');
is(value($standby, "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'thumbexif%'"), 0, 'no launcher');
is(value($standby, "SELECT state FROM thumbexif_workers WHERE kind = 'launcher'"), 'off', 'and the view says so');
command_ok([ 'pg_ctl', '-w', '-D', $standby->data_dir, 'stop' ], 'stopped');

# --- in single-user mode

my ($out, $error) = run_command([ 'sh', '-c', 'echo "SELECT count(*) AS left_to_do FROM thumbexif_internal.thumbexif_asset WHERE status <> \'done\'"'
	  . " | postgres --single -D '" . $standby->data_dir . "' postgres" ]);
like($out, qr/left_to_do = "1"/, 'single-user mode works, and does nothing by itself');
$standby->start;
wait_done($standby, 'started as usual, it goes on', 4);
$standby->stop;
unlike(slurp_file($standby->logfile), qr/WARNING|PANIC/, 'nothing went wrong');
done_testing();
