# What others do at the wrong moment: a row goes and comes back, a table is dropped, data is restored, a worker is stopped.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use WorkerTest;

my $base = PostgreSQL::Test::Utils::tempdir();
my $server = new_server('corners', preload => 1, config => "thumbexif.decoders = 1\nthumbexif.decode_timeout = 1h\nthumbexif.databases = 'restored, stopped'\n");

# --- a row that is deleted and inserted again while thumbexif_process() decodes: no word of missing rights

value($server, 'CREATE ROLE reader LOGIN');
value($server, "CREATE TABLE image_assets (id bigint PRIMARY KEY, path text NOT NULL, thumbnail_path text, width integer);
	SELECT thumbexif_attach('image_assets');
	GRANT SELECT, INSERT, UPDATE, DELETE ON image_assets TO reader;
	GRANT EXECUTE ON FUNCTION thumbexif_process(bigint, regclass, boolean) TO reader;
	INSERT INTO image_assets VALUES (1, 'photo.jpg')");
my $session = TestSession->new($server, user => 'reader');
my $admin = TestSession->new($server);
$session->query("SELECT FROM thumbexif_process(1::bigint, 'image_assets')");
my ($decoder) = $session->decoders;
ok($decoder, 'a session has a decoder');
kill STOP => $decoder;
$session->send("SELECT status, width FROM thumbexif_process(1::bigint, 'image_assets', true)");
wait_for($server, 'it waits for its decoder',
	"SELECT state = 'active' AND wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $session->{pid}");
$admin->query("BEGIN; DELETE FROM image_assets; INSERT INTO image_assets VALUES (1, 'photo.jpg')");
kill CONT => $decoder;
wait_for($server, 'it waits for the row, which is another one afterwards',
	"SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $session->{pid}");
$admin->query('COMMIT');
is($session->wait, 'done|320', 'a row that was deleted and inserted again is processed');
is($session->errors, '', 'without an error');
value($server, 'REVOKE UPDATE ON image_assets FROM reader');
$session->query("SELECT FROM thumbexif_process(1::bigint, 'image_assets', true)");
like($session->errors, qr/permission denied/, 'whoever may not update the table is told so');
$session->finish;

# --- views while a table is being dropped

value($server, "CREATE TABLE doomed (id bigint PRIMARY KEY, path text); SELECT thumbexif_attach('doomed'); INSERT INTO doomed VALUES (1, 'x')");
$admin->query('BEGIN; DROP TABLE doomed');
is(value($server, "SELECT relation, assets FROM thumbexif_status WHERE relation = 'doomed'::regclass"), 'doomed|1',
	'a table whose drop has not been committed is there, and nobody waits for it');
$admin->query('COMMIT');
is(value($server, "SELECT count(*) FROM thumbexif_status WHERE relation::text <> 'image_assets'"), 0, 'and then it is not');

# tables that come and go, while somebody looks
foreach my $view (qw(thumbexif_status thumbexif_progress thumbexif_failures thumbexif_workers))
{
	foreach my $i (1 .. 20)
	{
		$admin->send("CREATE TABLE d$i (id bigint PRIMARY KEY, path text); SELECT thumbexif_attach('d$i'); DROP TABLE d$i");
	}
	my ($status, $out, $error) = $server->psql('postgres', "SELECT count(*) >= 0 FROM $view;\n" x 50, on_error_stop => 0);
	is($error, '', "$view never fails");
	$admin->wait;
}
$admin->finish;

# --- a data-only restore wakes the worker: the rows' triggers are off, the states tell what there is to do

value($server, "SELECT thumbexif_pause('image_assets'); UPDATE image_assets SET path = 'photo.png'");
value($server, 'UPDATE thumbexif_internal.thumbexif_attachment SET paused = false');
command_ok([ 'pg_dump', '-d', $server->connstr('postgres'), '--schema-only', '-f', "$base/schema.sql" ], 'a schema is dumped');
command_ok([ 'pg_dump', '-d', $server->connstr('postgres'), '--data-only', '--disable-triggers', '-f', "$base/data.sql" ], 'and its data');
value($server, 'CREATE DATABASE restored');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $server->connstr('restored'), '-f', "$base/schema.sql" ], 'the schema is restored');
wait_for($server, 'the worker has seen that there is nothing to do',
	"SELECT count(*) > 0 FROM thumbexif_workers WHERE database = 'restored' AND (state = 'asleep' OR state = 'idle')");
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $server->connstr('restored'), '-f', "$base/data.sql" ], 'the data is restored');
wait_done($server, 'what was queued is done', 1, 'restored');

# --- a worker that was stopped: DROP DATABASE fails and says whose fault it is

value($server, 'CREATE DATABASE stopped');
value($server, 'CREATE EXTENSION thumbexif', 'stopped');
value($server, "SELECT thumbexif_attach('image_assets'); INSERT INTO image_assets (path) VALUES ('photo.jpg')", 'stopped');
wait_done($server, 'a worker is there', 1, 'stopped');
my $pid = worker_pid($server, 'stopped');
kill STOP => $pid or die "kill: $!";
my ($status, $out, $error) = $server->psql('postgres', 'DROP DATABASE stopped');
like($error, qr/WARNING:  background worker of thumbexif with PID $pid is still connected to the database/, 'the process is named');
like($error, qr/HINT:  .*SIGCONT/, 'and what to do');
like($error, qr/ERROR:  database "stopped" is being accessed by other users/, 'the command fails as PostgreSQL has it');
kill CONT => $pid;
value($server, 'DROP DATABASE stopped');
is(value($server, "SELECT count(*) FROM pg_database WHERE datname = 'stopped'"), 0, 'when the worker goes on, the database can be dropped');

$server->stop;
done_testing();
