# Decoders, workers and the server are killed while work is done: nothing is lost, nothing stays claimed.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $assets = 1000;
my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', $assets);
my $server = new_server('killed', preload => 1, roots => $root,
	config => "restart_after_crash = on\nthumbexif.decoders = 2\nthumbexif.max_attempts = 10\nthumbexif.decode_timeout = 2s\n");

value($server, "SELECT thumbexif_attach('image_assets')");

# How often each asset was written: by whomever, it should be once.
value($server, <<'EOSQL');
CREATE TABLE writes (id bigint);
CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN INSERT INTO public.writes VALUES (new.id); RETURN NULL; END';
CREATE TRIGGER count_write AFTER UPDATE OF thumbnail_path ON image_assets
	FOR EACH ROW EXECUTE FUNCTION count_write();
EOSQL

sub insert_all
{
	return value($server, "INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, $assets) i");
}

# Until at most so many are left to do.
sub until_left
{
	my $left = shift;

	wait_until($server, "at most $left are left to do",
		"SELECT count(*) <= $left FROM thumbexif_internal.thumbexif_asset WHERE status <> 'done'");
}

# What is true in the end, however it went.
sub all_is_well
{
	my $title = shift;

	is(statuses($server), "done $assets", "$title: every asset is done");
	is( value($server, 'SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE attempts <> 0 OR interruptions <> 0 OR claim IS NOT NULL'),
		0, "$title: no attempt is left over");
	is(value($server, 'SELECT count(*), count(DISTINCT id) FROM writes'), "$assets|$assets", "$title: each was written once");
	check_store($server, $title);
	value($server, 'TRUNCATE image_assets, writes');
}

# So many seconds for each row, where there is the trigger.
sub writes_take
{
	my $seconds = shift;

	return value($server, "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_sleep($seconds); RETURN NULL; END'");
}

# --- a thousand rows, inserted by ten sessions at once

my $script = PostgreSQL::Test::Utils::tempdir() . '/insert.sql';
append_to_file($script,
	"INSERT INTO image_assets (path) VALUES ((:client_id * 100 + nextval('n' || :client_id)) || '.png');");
value($server, "CREATE SEQUENCE n$_") foreach 0 .. 9;
$server->command_ok([ 'pgbench', '-n', '-c', 10, '-j', 2, '-t', 100, '-f', $script, 'postgres' ], 'ten sessions insert at once');
wait_done($server, 'a thousand rows of ten sessions are done', $assets);
all_is_well('ten sessions');

# --- decoders are killed

my %killed;
# rows are written slowly here, so that there is work for all who are killed
writes_take(0.005);
value($server, <<'EOSQL');
CREATE TRIGGER slow AFTER UPDATE OF thumbnail_path ON image_assets FOR EACH ROW EXECUTE FUNCTION slow();
EOSQL
insert_all();
for (my $goal = $assets - 50; $goal >= 100; $goal -= 50)
{
	until_left($goal);
	# on a busy machine, one that was killed may not have been missed yet
	my @decoders = grep { !$killed{$_} } decoder_pids(worker_pid($server));
	my $decoder = $decoders[ rand @decoders ];
	$killed{$decoder} = 1 if defined $decoder && kill 'KILL', $decoder;
}
cmp_ok(scalar keys %killed, '>=', 5, 'decoders were killed');
# those they worked on would be tried again in some seconds
wait_for($server, 'what can be done is done', "SELECT count(*) FROM thumbexif_internal.thumbexif_asset
	WHERE status = 'running' OR status = 'queued' AND attempts = 0", 0);
value($server, "UPDATE thumbexif_internal.thumbexif_asset SET next_try = now() WHERE attempts > 0 AND status = 'queued'");
value($server, 'SELECT thumbexif_resume()');
wait_done($server, 'decoders killed: all is done', $assets);
# one that is killed while it waits for work may have been ended by the server as well, and is no loss
my $lost = () = slurp_file($server->logfile) =~ /lost image decoder with PID/g;
cmp_ok($lost, '>=', 1, 'decoders at work were lost');
is(value($server, "SELECT decoders_lost FROM thumbexif_workers WHERE kind = 'worker'"), $lost, 'the view counts them');
all_is_well('decoders killed');

# --- a decoder stops answering: that asset's failure, and only for a while

# with one attempt for each, so that the failure stays to be seen
value($server, "ALTER SYSTEM SET thumbexif.max_attempts = 1; ALTER SYSTEM SET thumbexif.decode_timeout = '8s'; SELECT pg_reload_conf()");
wait_until($server, 'one attempt is set', "SELECT current_setting('thumbexif.max_attempts') = '1'");
value($server, "INSERT INTO image_assets (path) VALUES ('1.png'), ('2.png')");
wait_done($server, 'two', 2);
my @stopped = decoder_pids(worker_pid($server));
kill 'STOP', @stopped;
value($server, "INSERT INTO image_assets (path) VALUES ('3.png')");
wait_for($server, 'a silent decoder costs one attempt', "SELECT count(*) FROM thumbexif_internal.thumbexif_asset
	WHERE status = 'failed' AND attempts = 1 AND error LIKE 'image was not decoded within %'", 1);
kill 'CONT', @stopped;
value($server, 'ALTER SYSTEM RESET thumbexif.max_attempts; SELECT pg_reload_conf()');
is(value($server, 'SELECT thumbexif_retry_all(NULL)'), 1, 'it is due again');
value($server, "INSERT INTO image_assets (path) VALUES ('4.png')");
wait_done($server, 'it is tried again', 4);
value($server, 'ALTER SYSTEM RESET thumbexif.decode_timeout; SELECT pg_reload_conf()');
value($server, 'TRUNCATE image_assets, writes');

# --- the worker is terminated, and killed

# they take so long that there is work for both
writes_take(0.1);
insert_all();
until_left($assets - 10);
my $pid = worker_pid($server);
value($server, "SELECT pg_terminate_backend($pid)");
wait_until($server, 'the terminated worker is gone', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid");
is(value($server, 'SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE interruptions > 0'),
	0, 'a worker that is terminated gives back what it has');
# it stays for a while, whether it has work left or not
wait_for($server, 'another follows', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'thumbexif worker' AND pid <> $pid", 1);

$pid = worker_pid($server);
cmp_ok(value($server, "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status <> 'done'"), '>', 0, 'and has work');
kill 'KILL', $pid;
# the server restarts; so does the work
wait_until($server, 'the killed worker is gone', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)");
writes_take(0);
wait_done($server, 'worker killed: all is done', $assets);
all_is_well('worker killed');
value($server, 'DROP TRIGGER slow ON image_assets');

# --- the server is stopped at once, five times

insert_all();
for my $round (1 .. 5)
{
	until_left($assets - 150 * $round);
	$server->stop('immediate');
	$server->start;
}
wait_done($server, 'server stopped: all is done', $assets);
all_is_well('server stopped');

# --- two backfills and the worker, on old rows and new ones

value($server, "SELECT thumbexif_detach('image_assets')");
value($server, "INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series(1, $assets / 2) i");
value($server, "SELECT thumbexif_attach('image_assets')");
# they cannot end before they were seen: what they write waits for a lock until then
value($server, <<'EOSQL');
CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT backend_type FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid()) = 'client backend' THEN
		PERFORM pg_advisory_xact_lock_shared(1);
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER gate AFTER UPDATE OF thumbnail_path ON image_assets FOR EACH ROW EXECUTE FUNCTION gate();
EOSQL
my $gate = TestSession->new($server);
$gate->query('SELECT pg_advisory_lock(1)');
my @backfills = map { TestSession->new($server) } 1 .. 2;
$_->send('CALL thumbexif_backfill(batch_size => 10)') foreach @backfills;
value($server, "INSERT INTO image_assets (path) SELECT i || '.png' FROM generate_series($assets / 2 + 1, $assets) i");
wait_for($server, 'a backfill shows itself to others', "SELECT count(*) > 0 FROM thumbexif_workers
	WHERE kind = 'backfill' AND database = current_database() AND relation = 'image_assets'::regclass AND total > 0");
$gate->query('SELECT pg_advisory_unlock(1)');
$gate->finish;
wait_done($server, 'two backfills and the worker: all is done', $assets);
$_->wait foreach @backfills;
$_->finish foreach @backfills;
is(value($server, "SELECT count(*) FROM thumbexif_workers WHERE kind = 'backfill'"), 0, 'and is gone at its end');
all_is_well('two backfills and the worker');

$server->stop;
done_testing();
