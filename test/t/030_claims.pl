# Claims of a backfill: nothing is held while a decoder works, and whatever ends the backfill, they are given back or die with it.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;

my $server = new_server('claims', preload => 0, config => "autovacuum = off\nrestart_after_crash = on\n");

sub sql { return $server->safe_psql('postgres', shift) }

sub states
{
	return sql("SELECT string_agg(DISTINCT concat_ws(' ', status, claimed_from, claim, attempts, interruptions), ',')
		FROM thumbexif_internal.thumbexif_asset");
}

sub fresh_assets
{
	sql("TRUNCATE shots; INSERT INTO shots (id, path) SELECT i, 'orientation-' || i || '.jpg' FROM generate_series(1, 8) i");
	return;
}

# A backfill whose decoder hangs.  Returns its session and its decoders.
sub hanging_backfill
{
	my $session = TestSession->new($server);
	fresh_assets();
	my @decoders = $session->freeze;	# at the last moment: an idle decoder is ended after ten seconds

	$session->send('CALL thumbexif_backfill(batch_size => 4)');
	wait_until($server, 'four are claimed', "SELECT count(*) = 4 FROM thumbexif_internal.thumbexif_asset WHERE status = 'running'");
	return ($session, @decoders);
}

sub given_back
{
	my $title = shift;

	is(states(), 'queued 0 0', "$title: all are as they were before");
	is(sql("SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'thumbexif_internal.thumbexif_asset'::regclass"), 0,
		"$title: no claim is left");
	like(sql('CALL thumbexif_backfill()'), qr/^8\|8\|0\|0$/, "$title: the next backfill does them all");
	is(sql("SELECT count(*) FROM shots WHERE width IS NULL OR thumbnail_path IS NULL"), 0, "$title: all are done");
	return;
}

# Kill a backend as the kernel would; the server restarts by itself.
sub crash
{
	my $victim = shift;

	kill KILL => $victim->{pid};
	wait_until($server, 'the killed session is gone',
		"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $victim->{pid})");
	$victim->finish;
	return;
}

sql("SELECT thumbexif_attach('shots', create_table => true)");

# --- nothing is held while a decoder works
my ($session, @decoders) = hanging_backfill();
my $pid = $session->{pid};
wait_until($server, 'it waits', "SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
is(sql("SELECT concat_ws('|', state, backend_xmin, backend_xid) FROM pg_stat_activity WHERE pid = $pid"), 'active',
	'no snapshot and no transaction id');
is(sql("SELECT string_agg(concat_ws(' ', locktype, relation::regclass, mode), ',') FROM pg_locks WHERE pid = $pid
		AND locktype <> 'virtualxid'"), 'object ExclusiveLock', 'no lock but that of its claim');
sql('ALTER TABLE shots ADD COLUMN note text');
pass('the table can be altered meanwhile');
sql('VACUUM FULL shots');

# another backfill takes what is left, and does not wait
like(sql('CALL thumbexif_backfill()'), qr/^4\|4\|0\|0$/, 'another backfill does the other four');
# and thumbexif_process() takes one over at once
is(sql('SELECT status FROM thumbexif_process(1)'), 'done', 'thumbexif_process() takes one over');
my $first = sql('SELECT thumbnail_path FROM shots WHERE id = 1');
kill CONT => @decoders;
like($session->wait, qr/^3\|3\|0\|0$/, 'the backfill does the three it still has');
is(sql('SELECT thumbnail_path FROM shots WHERE id = 1'), $first, 'and has dropped the other result');
is(sql('SELECT count(*) FROM thumbexif_internal.thumbexif_removal'), 0, 'no file waits to be removed');
is(sql('SELECT count(*) FROM shots WHERE width IS NULL'), 0, 'all are done');
is(`find $server->{thumbnails} -name '*.jpg' | wc -l` + 0, 8, 'a file each, and no other');
$session->finish;

# --- cancel
($session) = hanging_backfill();
is(sql("SELECT pg_cancel_backend($session->{pid})"), 't', 'cancelled');
$session->wait;
like($session->errors, qr/canceling statement due to user request/, 'the caller is told');
given_back('cancel');
is($session->query('SELECT width FROM thumbexif_info(\'photo.jpg\')'), 320, 'the session works on');
$session->finish;

# --- statement_timeout
$session = TestSession->new($server);
$session->freeze;
fresh_assets();
$session->send("SET statement_timeout = '200ms'; CALL thumbexif_backfill()");
$session->wait;
like($session->errors, qr/canceling statement due to statement timeout/, 'statement_timeout works');
given_back('statement_timeout');
$session->finish;

# --- terminate
($session) = hanging_backfill();
$pid = $session->{pid};
is(sql("SELECT pg_terminate_backend($pid, 10000)"), 't', 'terminated');
given_back('terminate');
$session->finish;

# --- fast shutdown
($session) = hanging_backfill();
$server->stop('fast');
$server->start;
given_back('shutdown');
$session->finish;

# --- somebody has locked all states: whoever is to stop does not wait for that
foreach my $function ("pg_cancel_backend(%d)", "pg_terminate_backend(%d, 10000)")
{
	($session) = hanging_backfill();
	my $locker = TestSession->new($server);
	$locker->query('BEGIN; LOCK TABLE thumbexif_internal.thumbexif_asset_bigint');
	is($locker->query('SELECT ' . sprintf($function, $session->{pid})), 't', "$function while states are locked");
	wait_until($server, 'it stops', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $session->{pid} AND state = 'active')");
	$locker->query('COMMIT');
	$locker->finish;
	like(sql('CALL thumbexif_backfill()'), qr/^8\|8\|0\|0$/, 'the claims are dead, and the next backfill does them all');
	$session->finish;
}

# --- kill -9 of the backend: PostgreSQL restarts, the claims are dead, the attempt is not counted
($session) = hanging_backfill();
crash($session);
is(states(), 'queued 0 0,running queued ' . sql('SELECT max(claim) FROM thumbexif_internal.thumbexif_asset') . ' 1 0', 'claims are left behind');
is(sql("SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'thumbexif_internal.thumbexif_asset'::regclass"), 0, 'and dead');
like(sql('CALL thumbexif_backfill(4)'), qr/^4\|4\|0\|0$/, 'the next one takes them');
is(states(), 'done 0 0,queued 0 0', 'nothing is lost');

# ten interruptions make it failed: a picture that brings the server down is not tried for ever
sql("UPDATE thumbexif_internal.thumbexif_asset SET status = 'running', claimed_from = 'queued', claim = 1, interruptions = 8 WHERE status = 'queued'");
($session) = (TestSession->new($server));
$session->freeze;
$session->send('CALL thumbexif_backfill()');
wait_until($server, 'four are claimed for the tenth time',
	"SELECT count(*) = 4 FROM thumbexif_internal.thumbexif_asset WHERE status = 'running' AND interruptions = 9");
crash($session);
like(sql('CALL thumbexif_backfill()'), qr/^4\|0\|0\|4$/, 'the tenth time they fail');
is(sql("SELECT DISTINCT status || ': ' || error FROM thumbexif_internal.thumbexif_asset WHERE status <> 'done'"),
	'failed: decoder was terminated while it worked on the image: processing was interrupted by crashes 10 times', 'and say why');
like(sql('CALL thumbexif_backfill()'), qr/^0\|0\|0\|0$/, 'and are not tried again');

# --- rows that somebody has locked are put back, without waiting
fresh_assets();
my $locker = TestSession->new($server);
$locker->query("BEGIN; UPDATE shots SET note = 'mine' WHERE id = 2; SELECT FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 3 FOR UPDATE");
like(sql("SET lock_timeout = '3s'; CALL thumbexif_backfill()"), qr/^6\|6\|0\|0$/, 'locked rows and states are passed over');
is(sql("SELECT string_agg(id || ' ' || status || ' ' || attempts, ',' ORDER BY id) FROM thumbexif_internal.thumbexif_asset_bigint WHERE status <> 'done'"),
	'2 queued 0,3 queued 0', 'and are as before');
$locker->query('COMMIT');
like(sql('CALL thumbexif_backfill()'), qr/^2\|2\|0\|0$/, 'later they are done');
$locker->finish;

# --- an uncommitted state of a row that has none: the insertion does not wait long
sql("DELETE FROM thumbexif_internal.thumbexif_asset; UPDATE shots SET thumbnail_path = NULL");
$locker = TestSession->new($server);
is($locker->query('BEGIN; SELECT status FROM thumbexif_process(4)'), 'done', 'a state is being made');
like(sql("SET lock_timeout = '3s'; CALL thumbexif_backfill()"), qr/^7\|7\|0\|0$/, 'it is passed over');
$locker->query('COMMIT');
$locker->finish;

$server->stop;
done_testing();
