# While a decoder works nothing of the user's is held: no lock, no snapshot, no transaction id, in worker and backfill.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 10);
my $server = new_server('held', preload => 1, roots => $root,
	config => "thumbexif.decoders = 1\nthumbexif.decode_timeout = 1h\n");

value($server, "SELECT thumbexif_attach('image_assets')");
value($server, "INSERT INTO image_assets (path) VALUES ('1.png')");
wait_done($server, 'the worker has a decoder', 1);

# The process waits for a decoder that was stopped: it will not go on before we let it.
sub holds_nothing
{
	my ($title, $pid) = @_;

	wait_until($server, "$title: an image is in work",
		"SELECT count(*) = 1 FROM thumbexif_internal.thumbexif_asset WHERE status = 'running'");
	wait_until($server, "$title: it waits for its decoder",
		"SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
	is( value($server, "SELECT string_agg(concat_ws(' ', locktype, relation::regclass, mode), ', ') FROM pg_locks
			WHERE pid = $pid AND locktype NOT IN ('virtualxid', 'object')"), '', "$title: no lock on a table or a row");
	is( value($server, "SELECT string_agg(concat_ws(' ', classid::regclass, mode), ', ') FROM pg_locks
			WHERE pid = $pid AND locktype = 'object'"),
		'thumbexif_internal.thumbexif_asset ExclusiveLock', "$title: of objects, that of its claim");
	is(value($server, "SELECT concat_ws('|', backend_xmin, backend_xid) FROM pg_stat_activity WHERE pid = $pid"),
		'', "$title: no snapshot, no transaction id");
	return;
}

# --- the worker

my $worker = worker_pid($server);
my @stopped = decoder_pids($worker);
is(scalar @stopped, 1, 'one decoder');
kill 'STOP', @stopped;
value($server, "INSERT INTO image_assets (path) VALUES ('2.png')");
holds_nothing('worker', $worker);
kill 'CONT', @stopped;
wait_done($server, 'it goes on', 2);

# --- a backfill

value($server, 'SELECT thumbexif_pause()');
value($server, "INSERT INTO image_assets (path) VALUES ('3.png')");
my $session = TestSession->new($server);
$session->query("SELECT thumbexif_info('1.png')");
@stopped = decoder_pids($session->{pid});
is(scalar @stopped, 1, 'one decoder of a session');
kill 'STOP', @stopped;
$session->send('CALL thumbexif_backfill()');
holds_nothing('backfill', $session->{pid});
kill 'CONT', @stopped;
is($session->wait, '1|1|0|0', 'it goes on');

# --- thumbexif_process(): in its caller's transaction, but neither row nor state is locked before the decode ends

my $other = TestSession->new($server);
@stopped = decoder_pids($session->{pid});
kill 'STOP', @stopped;
$session->send('SELECT status FROM thumbexif_process(3, force => true)');
wait_until($server, 'process: it waits for its decoder',
	"SELECT wait_event_type = 'Extension' AND query LIKE '%thumbexif_process%' FROM pg_stat_activity WHERE pid = $session->{pid}");
$other->query("SET lock_timeout = '2s'");
is($other->query('SELECT count(*) FROM (SELECT FROM image_assets WHERE id = 3 FOR UPDATE NOWAIT) s'), 1, 'process: the row is not locked');
is($other->query('SELECT count(*) FROM (SELECT FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 3 FOR UPDATE NOWAIT) s'), 1, 'nor is its state');
kill 'CONT', @stopped;
is($session->wait, 'done', 'it goes on');
$other->finish;
$session->finish;

$server->stop;
done_testing();
