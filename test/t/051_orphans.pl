# Claims of the dead that cannot be taken: the worker goes on, spins for none, and so does a backfill.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 100);
my $server = new_server('orphans', preload => 1, roots => $root,
	config => "max_prepared_transactions = 4\nthumbexif.decoders = 1\nautovacuum = off\n");
my $state = 'thumbexif_internal.thumbexif_asset_bigint';

sub fill
{
	value($server, "INSERT INTO image_assets (id, path) OVERRIDING SYSTEM VALUE
		SELECT i, i || '.png' FROM generate_series($_[0], $_[1]) i");
	return;
}

# What is left when whoever claimed these dies: a claim's number that nobody holds.
sub orphan
{
	my ($where, $claim) = @_;

	value($server, "UPDATE $state SET claimed_from = status, status = 'running', claim = $claim, version = version + 1,
		attempts = attempts + 1 WHERE $where");
	return;
}

# New rows are done, and then the worker rests: it commits hardly anything while others poll once.
sub goes_on
{
	my ($title, $first, $last) = @_;

	fill($first, $last);
	wait_for($server, "$title: new rows are done",
		"SELECT count(*) FROM $state WHERE id BETWEEN $first AND $last AND status = 'done'", $last - $first + 1);
	my $worker = worker_pid($server);
	ok(rests($worker), "$title: the worker does not spin");
	return;
}

value($server, "SELECT thumbexif_attach('image_assets')");
fill(1, 20);
wait_done($server, 'the first are done', 20);

# --- one that needs nothing
value($server, "SELECT thumbexif_pause('image_assets')");
orphan('id <= 3', 2000000001);
value($server, "SELECT thumbexif_resume('image_assets')");
wait_for($server, 'not needed: the worker gives them back',
	"SELECT string_agg(concat_ws(' ', status, claimed_from, claim, attempts, interruptions), ',' ORDER BY id)
		FROM $state WHERE id <= 3", 'done 0 1,done 0 1,done 0 1');
goes_on('not needed', 21, 30);

# --- gone: deleted with triggers off
value($server, "SELECT thumbexif_pause('image_assets')");
orphan('id IN (4, 5)', 2000000002);
value($server, "SET session_replication_role = replica; DELETE FROM image_assets WHERE id = 4; UPDATE $state SET claimed_from = 'failed' WHERE id = 4");
value($server, "SELECT thumbexif_resume('image_assets')");
wait_for($server, 'gone: the state goes', "SELECT string_agg(id || ' ' || status, ',') FROM $state WHERE id IN (4, 5)", '5 done');
goes_on('gone', 31, 40);

# --- busy: its row and state are held by an idle and by a prepared transaction
value($server, "SELECT thumbexif_pause('image_assets')");
orphan('id IN (6, 7)', 2000000003);
my $idle = TestSession->new($server);
$idle->query("BEGIN; UPDATE image_assets SET path = 'moved.png' WHERE id = 6");
value($server, "BEGIN; UPDATE image_assets SET path = 'moved too.png' WHERE id = 7; PREPARE TRANSACTION 'held'");
value($server, "SELECT thumbexif_resume('image_assets')");
goes_on('busy', 41, 60);
is(value($server, "SELECT string_agg(id || ' ' || status, ',' ORDER BY id) FROM $state WHERE id IN (6, 7)"),
	'6 running,7 running', 'busy: those are let alone');
$idle->query('ROLLBACK');
value($server, "ROLLBACK PREPARED 'held'");
wait_for($server, 'busy: they are done when they are free',
	"SELECT string_agg(id || ' ' || status, ',' ORDER BY id) FROM $state WHERE id IN (6, 7)", '6 done,7 done');

# --- the same by a backfill
value($server, "SELECT thumbexif_pause('image_assets')");
orphan('id IN (8, 9)', 2000000004);
value($server, "SET session_replication_role = replica; DELETE FROM image_assets WHERE id = 9");
like(value($server, 'CALL thumbexif_backfill()'), qr/^0\|0\|0\|0$/, 'a backfill has nothing to do');
is(value($server, "SELECT string_agg(concat_ws(' ', id, status, claim, interruptions), ',') FROM $state WHERE id IN (8, 9)"),
	'8 done 1', 'and has cleared up');
value($server, "SELECT thumbexif_resume('image_assets')");

# --- many are done in shares with what is new, those that may kill by themselves
value($server, "SELECT thumbexif_pause('image_assets')");
value($server, "UPDATE image_assets SET path = path, thumbnail_path = NULL; UPDATE $state SET status = 'queued', next_try = now()");
orphan('true', 2000000005);
value($server, "UPDATE $state SET interruptions = 2 WHERE id <= 20");
value($server, "SELECT thumbexif_resume('image_assets')");
fill(61, 70);
wait_for($server, 'all are done', "SELECT count(*) FROM $state WHERE status <> 'done'", 0);
is(value($server, "SELECT count(*) FROM $state WHERE interruptions > 0 OR claim IS NOT NULL"), 0, 'and nothing is left over');

# --- and what is new does not wait for all of them
value($server, "SELECT thumbexif_pause('image_assets')");
value($server, "INSERT INTO image_assets (id, path) OVERRIDING SYSTEM VALUE
	SELECT 1000 + i, repeat('./', 1 + i / 100) || (i % 100 + 1) || '.png' FROM generate_series(1, 2000) i");
orphan('id > 1000', 2000000006);
fill(71, 71);
value($server, "SELECT thumbexif_resume('image_assets')");
wait_for($server, 'two thousand are done', "SELECT count(*) FROM $state WHERE status <> 'done'", 0);
cmp_ok(value($server, "SELECT count(*) FROM $state WHERE id > 1000 AND finished_at < (SELECT finished_at FROM $state WHERE id = 71)"),
	'<', 1000, 'a new row is done among the first');

$server->stop;
done_testing();
