# The order in which the worker takes what there is, and what it makes of claims whose owner is gone.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 1);
my $install = private_install('queue');
my $server = new_server('queue', preload => 1, roots => $root, install => $install, config => "thumbexif.decoders = 1\n");

value($server, <<'EOSQL');
CREATE TABLE shots (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, width integer);
CREATE TABLE cards (id uuid PRIMARY KEY, n integer, path text, width integer);
CREATE TABLE written (place serial, id bigint, fresh boolean);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN INSERT INTO public.written (id) VALUES (CASE tg_table_name WHEN ''shots'' THEN (to_jsonb(new)->>''id'')::bigint ELSE (to_jsonb(new)->>''n'')::bigint END); RETURN NULL; END';
CREATE TRIGGER note AFTER UPDATE ON shots FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER note AFTER UPDATE ON cards FOR EACH ROW EXECUTE FUNCTION note();
SELECT thumbexif_attach('shots');
SELECT thumbexif_attach('cards');
EOSQL

sub insert
{
	my $count = shift;
	return value($server, "INSERT INTO shots (path) SELECT '1.png' FROM generate_series(1, $count)");
}

# From now on 10 ms for each row: what is to come in between does, however late the test is.
sub slow_down
{
	my $table = shift;

	return value($server, "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN NULL; END';
		CREATE TRIGGER slow AFTER UPDATE ON $table FOR EACH ROW EXECUTE FUNCTION slow()");
}

# A fresh start: no rows, and the worker leaves the tables alone until resume().
sub pause
{
	value($server, 'SELECT thumbexif_pause()');
	wait_for($server, 'nothing is in work', "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'running'", 0);
	return value($server, 'TRUNCATE shots, cards RESTART IDENTITY; TRUNCATE written RESTART IDENTITY');
}

# --- newest first, and one retry for three fresh ones

pause();
insert(60);
insert(60);
insert(60);
value($server, "UPDATE thumbexif_internal.thumbexif_asset_bigint SET attempts = 1, next_try = now() - interval '1 hour' WHERE id <= 60");
value($server, 'SELECT thumbexif_resume()');
wait_done($server, 'three inserts', 180);
my $places = 'SELECT count(*) FROM written WHERE place <= 64 AND id';
cmp_ok(value($server, "$places > 120"), '>=', 40, 'the newest come first');
is(value($server, "$places BETWEEN 61 AND 120"), 0, 'before older ones');
cmp_ok(value($server, "$places <= 60"), '<=', 16, 'retries get a quarter while there are fresh ones');
cmp_ok(value($server, "$places <= 60"), '>', 0, 'and do not wait for all of them');

# --- keys without an order

pause();
foreach my $n (1, 2)
{
	value($server, "INSERT INTO cards SELECT gen_random_uuid(), $n, '1.png' FROM generate_series(1, 40)");
}
value($server, 'SELECT thumbexif_resume()');
wait_done($server, 'two inserts with uuid keys', 80);
is(value($server, 'SELECT count(*) FROM written WHERE place <= 32 AND id = 2'), 32, 'the newest come first there too');

# --- what has just come is done before a long queue, which takes so long that it is still there then

pause();
slow_down('shots');
insert(4000);
value($server, 'SELECT thumbexif_resume()');
wait_until($server, 'fifty are written', 'SELECT count(*) > 50 FROM written');
value($server, "INSERT INTO shots (path) VALUES ('1.png')");
wait_until($server, 'the new row is written', 'SELECT count(*) = 1 FROM written WHERE id = 4001');
cmp_ok(value($server, 'SELECT place FROM written WHERE id = 4001'), '<', 3000, 'a new row does not wait for the old ones');

# nor does one in another table: the worker goes from table to table
pause();
insert(4000);
value($server, 'SELECT thumbexif_resume()');
wait_until($server, 'one is written', 'SELECT count(*) > 0 FROM written');
value($server, "INSERT INTO cards VALUES (gen_random_uuid(), 5000, '1.png')");
wait_until($server, 'the row of the other table is written', 'SELECT count(*) = 1 FROM written WHERE id = 5000');
cmp_ok(value($server, 'SELECT place FROM written WHERE id = 5000'), '<', 3000, 'nor does one in another table');

# --- commands on what the worker works on

my $share = `$install->{bindir}/pg_config --sharedir`;
chomp $share;
my $touch = 'GRANT USAGE ON SCHEMA thumbexif_internal TO pg_database_owner;';	# as each upgrade does, sql/15-dump.sql
append_to_file("$share/extension/thumbexif--1.1--1.1.1.sql", "ALTER TABLE thumbexif_internal.thumbexif_asset ADD COLUMN spare integer; $touch");
append_to_file("$share/extension/thumbexif--1.1.1--1.1.sql", "ALTER TABLE thumbexif_internal.thumbexif_asset DROP COLUMN spare; $touch");
pause();
insert(3000);
value($server, 'SELECT thumbexif_resume()');
wait_until($server, 'fifty are written', 'SELECT count(*) > 50 FROM written');
value($server, "ALTER EXTENSION thumbexif UPDATE TO '1.1.1'");
cmp_ok(value($server, 'SELECT count(*) FROM written'), '<', 3000, 'ALTER EXTENSION UPDATE while the worker is busy');
ok($server->wait_for_log(qr/does nothing in this database: version of the extension is not 1\.1,/), 'to a version that is not the library\'s: the worker says so');
wait_for($server, 'and leaves', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'thumbexif worker'});
cmp_ok(value($server, 'SELECT count(*) FROM written'), '<', 3000, 'without going on');
value($server, "ALTER EXTENSION thumbexif UPDATE TO '1.1'");
value($server, 'DROP TRIGGER slow ON shots; ALTER TABLE shots ADD COLUMN note text');
wait_done($server, 'and it goes on', 3000);

pause();
slow_down('shots');
insert(3000);
value($server, 'SELECT thumbexif_resume()');
wait_until($server, 'fifty are written', 'SELECT count(*) > 50 FROM written');
value($server, 'DROP TABLE shots');
cmp_ok(value($server, 'SELECT count(*) FROM written'), '<', 3000, 'DROP TABLE while the worker is busy');
value($server, "CREATE TABLE shots (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, width integer)");
value($server, "SELECT thumbexif_attach('shots')");
slow_down('shots');
insert(3000);
wait_until($server, 'fifty rows have a width', 'SELECT count(width) > 50 FROM shots');
value($server, 'DROP EXTENSION thumbexif');
cmp_ok(value($server, 'SELECT count(width) FROM shots'), '<', 3000, 'DROP EXTENSION while the worker is busy');
value($server, 'DROP TRIGGER slow ON shots');
value($server, 'CREATE EXTENSION thumbexif');
value($server, "SELECT thumbexif_attach('shots')");

# --- claims whose owner is gone

my $dead = "status = 'running', claimed_from = 'queued', claim = 2000000000, attempts = 1";
value($server, 'TRUNCATE shots RESTART IDENTITY');
value($server, 'SELECT thumbexif_pause()');
insert(3);
value($server, "UPDATE thumbexif_internal.thumbexif_asset_bigint SET $dead");
value($server, 'UPDATE thumbexif_internal.thumbexif_asset_bigint SET interruptions = 9 WHERE id = 3');
value($server, 'SELECT thumbexif_resume()');
wait_for($server, 'are free at once, but not for ever', "SELECT string_agg(status || ' ' || interruptions, ', ' ORDER BY id)
	FROM thumbexif_internal.thumbexif_asset_bigint", 'done 0, done 0, failed 10');
like(value($server, "SELECT error FROM thumbexif_failures"), qr/processing was interrupted by crashes 10 times/, 'and the reason is told');

# --- a row that is locked is put back without an attempt, and looked at again

value($server, 'TRUNCATE shots RESTART IDENTITY');
value($server, 'SELECT thumbexif_pause()');
insert(2);
my $session = TestSession->new($server);
$session->query('BEGIN; SELECT id FROM shots WHERE id = 1 FOR UPDATE');
value($server, 'SELECT thumbexif_resume()');
wait_for($server, 'the other one is done', "SELECT status FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 2", 'done');
wait_for($server, 'the locked one is put back', "SELECT concat_ws(' ', status, attempts, interruptions)
	FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 1", 'queued 0 0');
$session->query('COMMIT');
$session->finish;
insert(1);
wait_done($server, 'and done later', 3);

# --- a state without a row (triggers were off when it was deleted) does not stay in the queue

value($server, 'SELECT thumbexif_pause()');
insert(1);
value($server, 'SET session_replication_role = replica; DELETE FROM shots WHERE id = 4');
value($server, 'SELECT thumbexif_resume()');
wait_for($server, 'nobody waits for a row that is gone', "SELECT count(*) FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 4", 0);

$server->stop;
# its patience at a table that somebody has locked may have ended
(my $log = slurp_file($server->logfile)) =~ s/WARNING: .* is suspended: canceling statement due to lock timeout//g;
unlike($log, qr/WARNING|PANIC|deadlock/, 'nothing went wrong');
done_testing();
