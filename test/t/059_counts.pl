# The numbers of assets by status that the views show are kept, not counted: they stay right whatever happens, and a look,
# a batch and the start of a backfill cost the same for a large table as for a small one.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 3);
my $server = new_server('counts', roots => $root, config => "max_prepared_transactions = 5\nautovacuum = off\nwal_level = logical\n");

# What is kept, and what there is, of states and rows of all attached tables.
my $kept = q{SELECT string_agg(concat_ws(' ', a.relation::regclass, coalesce(c.status::text, 'rows'), c.n), ', ' ORDER BY a.relation::regclass::text, c.status)
	FROM (SELECT attachment, status, sum(assets) AS n FROM thumbexif_internal.thumbexif_count
		WHERE finished_at IS NULL AND NOT counted AND exif_settings IS NULL GROUP BY 1, 2 HAVING sum(assets) <> 0) c LEFT JOIN thumbexif_internal.thumbexif_attachment a USING (attachment)};
my $counted = q{SELECT string_agg(concat_ws(' ', a.relation::regclass, coalesce(c.status::text, 'rows'), c.n), ', ' ORDER BY a.relation::regclass::text, c.status)
	FROM (SELECT attachment, status, count(*) AS n FROM thumbexif_internal.thumbexif_asset GROUP BY 1, 2
		UNION ALL SELECT attachment, NULL, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', relation), false, true, '')))[1]::text::bigint
			FROM thumbexif_internal.thumbexif_attachment) c LEFT JOIN thumbexif_internal.thumbexif_attachment a USING (attachment) WHERE c.n <> 0};

# The same of done assets by the settings they were made with.
my $kept_settings = q{SELECT string_agg(concat_ws(' ', attachment, thumbnail_settings, exif_settings, n), ', ' ORDER BY 1, 2, 3)
	FROM (SELECT attachment, thumbnail_settings, exif_settings, sum(assets) AS n FROM thumbexif_internal.thumbexif_count
		WHERE exif_settings IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(assets) <> 0) c};
my $counted_settings = q{SELECT string_agg(concat_ws(' ', attachment, t, e, n), ', ' ORDER BY 1, 2, 3)
	FROM (SELECT attachment, coalesce(hashtextextended(thumbnail_settings, 0), 0) AS t, coalesce(hashtextextended(exif_settings, 0), 0) AS e, count(*) AS n
		FROM thumbexif_internal.thumbexif_asset WHERE status = 'done' GROUP BY 1, 2, 3) c};

sub is_right
{
	my ($what, $expected) = @_;
	my $is = value($server, $kept);

	is($is, value($server, $counted), "$what: the numbers that are kept are right");
	is(value($server, $kept_settings), value($server, $counted_settings), "$what: so are those by settings");
	is($is, $expected, "$what: these are expected") if defined $expected;
	return;
}

value($server, q{CREATE TABLE photos (id bigint PRIMARY KEY, path text); SELECT thumbexif_attach('photos');
	CREATE TABLE others (id uuid PRIMARY KEY, path text); SELECT thumbexif_attach('others');
	INSERT INTO photos SELECT g, g || '.png' FROM generate_series(1, 5) g});
is_right('one INSERT', 'photos queued 5, photos rows 5');

# transactions and subtransactions that end in every way
value($server, q{BEGIN; INSERT INTO photos VALUES (6, 'a'); DELETE FROM photos WHERE id = 1; ROLLBACK});
is_right('a transaction is rolled back', 'photos queued 5, photos rows 5');
value($server, q{BEGIN; SAVEPOINT a; INSERT INTO photos VALUES (6, 'a'); SAVEPOINT b; INSERT INTO photos VALUES (7, 'a');
	RELEASE b; ROLLBACK TO a; INSERT INTO photos VALUES (8, 'a'); SAVEPOINT c; DELETE FROM photos WHERE id = 2; RELEASE c; COMMIT});
is_right('subtransactions are rolled back and released', 'photos queued 5, photos rows 5');
value($server, q{BEGIN; INSERT INTO photos SELECT g, 'b' FROM generate_series(101, 350) g; PREPARE TRANSACTION 'one'});
value($server, q{BEGIN; DELETE FROM photos WHERE id = 3; PREPARE TRANSACTION 'two'});
is_right('transactions are prepared', 'photos queued 5, photos rows 5');
value($server, q{COMMIT PREPARED 'one'});
value($server, q{ROLLBACK PREPARED 'two'});
is_right('and committed or not', 'photos queued 255, photos rows 255');
is(value($server, q{BEGIN; DELETE FROM photos WHERE id > 300; SELECT assets FROM thumbexif_status; ROLLBACK}), 205, 'a transaction sees what it has done');

# states that change
value($server, q{SELECT thumbexif_process(3, 'photos'); UPDATE photos SET id = 1003 WHERE id = 3; UPDATE photos SET path = 'c' WHERE id = 4});
$server->psql('postgres', q{CALL thumbexif_backfill(relation => 'photos')});
is_right('processed', 'photos done 2, photos missing 253, photos rows 255');
value($server, q{SELECT thumbexif_retry(relation => 'photos')});
is_right('retried', 'photos queued 253, photos done 2, photos rows 255');

# many at once, of which each does several things, in all isolation levels
my $storm = PostgreSQL::Test::Utils::tempdir() . '/storm.sql';
write_file($storm, <<'EOSQL');
\set n random(1, 400)
\set k random(0, 9)
BEGIN ISOLATION LEVEL :level;
INSERT INTO photos SELECT g, 's' FROM generate_series(:n * 10, :n * 10 + :k) g ON CONFLICT (id) DO UPDATE SET path = photos.path || 'x';
INSERT INTO others VALUES (gen_random_uuid(), 's');
SAVEPOINT a;
UPDATE photos SET path = 'y' WHERE id = :n * 10;
DELETE FROM photos WHERE id = :n * 10 + 1;
\if :k > 6
ROLLBACK TO a;
\endif
\if :k = 1
ROLLBACK;
\else
COMMIT;
\endif
EOSQL
foreach my $level ('SERIALIZABLE', 'REPEATABLE READ', 'READ COMMITTED')
{
	$server->command_ok([ 'pgbench', '-n', '-c', '4', '-t', $level eq 'READ COMMITTED' ? 200 : 50, '--max-tries=1000',
			'-D', "level=$level", '-f', $storm, 'postgres' ], "a storm, $level");
}
is_right('after the storm');
cmp_ok(value($server, 'SELECT count(*) FROM thumbexif_internal.thumbexif_count'), '<', 1000, 'rows of the numbers are replaced by their sums');

# VACUUM makes space in the first pages, which then hold the newest rows
value($server, q{INSERT INTO thumbexif_internal.thumbexif_count SELECT 0, NULL, 1 - g % 2 * 2, NULL, false FROM generate_series(1, 12000) g;
	DELETE FROM thumbexif_internal.thumbexif_count WHERE ctid < '(60,0)' AND attachment = 0});
my $single = PostgreSQL::Test::Utils::tempdir() . '/single.sql';
write_file($single, q{INSERT INTO others VALUES (gen_random_uuid(), 's')});
foreach my $cycle (1 .. 3)
{
	value($server, 'VACUUM thumbexif_internal.thumbexif_count');
	$server->command_ok([ 'pgbench', '-n', '-t', 500, '-f', $single, 'postgres' ], "many INSERTs, cycle $cycle");
}
cmp_ok(value($server, 'SELECT count(*) FROM thumbexif_internal.thumbexif_count WHERE attachment <> 0'), '<', 1500, 'rows in pages used again are replaced too');
value($server, 'DELETE FROM thumbexif_internal.thumbexif_count WHERE attachment = 0');

# a serializable transaction replaces no rows, a backfill, clean and the worker do
my $grow = q{INSERT INTO thumbexif_internal.thumbexif_count SELECT 0, NULL, 1 - g % 2 * 2, NULL, false FROM generate_series(1, 25000) g};
my $grown = 'SELECT count(*) FROM thumbexif_internal.thumbexif_count';
value($server, $grow);
value($server, 'SELECT thumbexif_clean()');
cmp_ok(value($server, $grown), '<', 300, 'clean replaces all rows by their sums');
value($server, $grow);
$server->psql('postgres', q{CALL thumbexif_backfill(0, relation => 'others')});
cmp_ok(value($server, $grown), '<', 300, 'so does a backfill');
value($server, 'VACUUM FULL thumbexif_internal.thumbexif_count');

# what is a sum by itself is not written again: while assets are finished each second has a row, for two minutes
value($server, q{INSERT INTO thumbexif_internal.thumbexif_count SELECT 0, NULL, 1, now() - g * interval '1 s', false FROM generate_series(1, 110) g});
my $pages = q{SELECT pg_relation_size('thumbexif_internal.thumbexif_count') / 8192};
my $page = value($server, $pages);
$server->command_ok([ 'pgbench', '-n', '-t', 1000, '-f', $single, 'postgres' ], 'many INSERTs beside them');
cmp_ok(value($server, $pages) - $page, '<', 40, 'the table has not grown by more than what they have written');
value($server, 'VACUUM FULL thumbexif_internal.thumbexif_count');

# a crash
my $lost = $server->background_psql('postgres');
$lost->query_safe(q{BEGIN; DELETE FROM photos WHERE id < 2000; INSERT INTO others VALUES (gen_random_uuid(), 'lost')});
my $before = value($server, $kept);
$server->stop('immediate');
$server->start;
$lost->{run}->kill_kill;
is_right('after a crash', $before);

# TRUNCATE, detach, attach, DROP TABLE
value($server, 'BEGIN; TRUNCATE others; ROLLBACK');
is_right('TRUNCATE is rolled back', $before);
value($server, q{BEGIN; TRUNCATE others; INSERT INTO others VALUES (gen_random_uuid(), 'x'); COMMIT; SELECT thumbexif_detach('photos')});
is_right('TRUNCATE and detach', 'others queued 1, others rows 1');
value($server, q{DROP TABLE others; SELECT thumbexif_attach('photos'); DELETE FROM photos WHERE id > 10; VACUUM FULL photos});
my $left = value($server, 'SELECT count(*) FROM photos');
is_right('dropped, and attached with rows', "photos rows $left");
is(value($server, 'SELECT * FROM thumbexif_status'), "photos|new|$left", 'rows without state are new');

# what was done while triggers were off is found by clean
value($server, q{SET session_replication_role = replica; DELETE FROM photos WHERE id = 2; INSERT INTO photos SELECT g, 'r' FROM generate_series(20, 29) g;
	INSERT INTO thumbexif_internal.thumbexif_asset_bigint (attachment, id, status) SELECT attachment, 21, 'done' FROM thumbexif_internal.thumbexif_attachment});
isnt(value($server, $kept), value($server, $counted), 'while triggers are off nothing is counted');
value($server, 'SELECT thumbexif_clean(true)');
isnt(value($server, $kept), value($server, $counted), 'a dry run corrects nothing');
value($server, 'SELECT thumbexif_clean()');
is_right('thumbexif_clean() counts again');

# a backfill that reads the whole table finds it too, as after a restore of data alone, whose triggers are off
value($server, 'DELETE FROM thumbexif_internal.thumbexif_count WHERE status IS NOT NULL');
isnt(value($server, $kept), value($server, $counted), 'the numbers of states are lost');
$server->psql('postgres', 'CALL thumbexif_backfill(0)');
isnt(value($server, $kept), value($server, $counted), 'a backfill that reads nothing corrects nothing');
$server->psql('postgres', 'CALL thumbexif_backfill()');
is_right('a backfill counts again');
value($server, q{SET session_replication_role = replica; UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'failed' WHERE id = 21});
$server->psql('postgres', 'CALL thumbexif_backfill()');
is_right('also if only a status is wrong');

# rows that come without triggers, into a table that was attached while it was empty
value($server, q{CREATE TABLE replicated (id bigint PRIMARY KEY, path text); SELECT thumbexif_attach('replicated');
	SET session_replication_role = replica; INSERT INTO replicated SELECT g, 'absent/' || g FROM generate_series(1, 30000) g});
value($server, q{ANALYZE replicated});
is(value($server, q{SELECT total, done, remaining FROM thumbexif_progress WHERE relation = 'replicated'::regclass}), '30000|0|30000', 'rows are estimated');
is(value($server, q{SELECT status, assets FROM thumbexif_status WHERE relation = 'replicated'::regclass}), 'new|30000', 'and are new');
$server->psql('postgres', q{SET client_min_messages = error; CALL thumbexif_backfill(1, relation => 'replicated')});
is_right('the first backfill counts them');
value($server, q{SET session_replication_role = replica; INSERT INTO replicated SELECT generate_series(30001, 30010); SET session_replication_role = origin;
	DELETE FROM replicated; INSERT INTO thumbexif_internal.thumbexif_count
	SELECT attachment, 'done', -5, NULL, false FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'replicated'::regclass});
is(value($server, q{SELECT count(*) FROM thumbexif_progress WHERE total < 0 OR done < 0 OR remaining < 0}), 0, 'no number is negative');
value($server, q{DROP TABLE replicated});

# a clean that is not committed yet delays no backfill
value($server, q{DELETE FROM thumbexif_internal.thumbexif_count WHERE counted});
value($server, q{BEGIN; SELECT thumbexif_clean(); PREPARE TRANSACTION 'clean'});
unlike(($server->psql('postgres', q{SET lock_timeout = '5s'; CALL thumbexif_backfill(relation => 'photos')}))[2], qr/ERROR/, 'a backfill does not wait for the counts');
write_file($single, q{INSERT INTO photos SELECT max(id) + 1, 's' FROM photos});
{
	local $ENV{PGOPTIONS} = '-c lock_timeout=5s';
	$server->command_ok([ 'pgbench', '-n', '-t', 200, '-f', $single, 'postgres' ], 'nor does anybody else replace rows that it replaces');
}
value($server, q{COMMIT PREPARED 'clean'});
is_right('clean is committed');

# an extension that is dropped and created again in one transaction
$server->safe_psql('postgres', 'CREATE DATABASE again');
my $again = q{CREATE EXTENSION thumbexif; SELECT thumbexif_attach('p')};
$server->safe_psql('again', "CREATE TABLE p (id bigint PRIMARY KEY, path text); $again");
$server->safe_psql('again', "BEGIN; INSERT INTO p VALUES (1, 'a'); SAVEPOINT a; DROP EXTENSION thumbexif; $again; INSERT INTO p VALUES (2, 'a'); ROLLBACK TO a; INSERT INTO p VALUES (3, 'a'); COMMIT");
is($server->safe_psql('again', $kept), 'p queued 2, p rows 2', 'that is rolled back');
$server->safe_psql('again', "BEGIN; INSERT INTO p VALUES (4, 'a'); DROP EXTENSION thumbexif; $again; INSERT INTO p VALUES (5, 'a'); COMMIT");
is($server->safe_psql('again', $kept), 'p queued 1, p rows 4', 'and committed');

# no subscriber takes them for its own
$server->safe_psql('again', q{CREATE PUBLICATION everything FOR ALL TABLES; SELECT pg_create_logical_replication_slot('subscriber', 'pgoutput')});
$server->safe_psql('again', q{INSERT INTO p VALUES (6, 'a')});
is($server->safe_psql('again', q{SELECT t, count(*) FILTER (WHERE position(convert_to(t, 'UTF8') IN data) > 0)
	FROM pg_logical_slot_get_binary_changes('subscriber', NULL, NULL, 'proto_version', '1', 'publication_names', 'everything'),
		unnest('{thumbexif_asset_bigint,thumbexif_count}'::text[]) t GROUP BY t ORDER BY t; SELECT pg_drop_replication_slot('subscriber')}),
	"thumbexif_asset_bigint|1\nthumbexif_count|0\n", 'the numbers are not replicated');

# nobody else can change them
value($server, 'CREATE ROLE stranger');
foreach my $forged (q{SELECT thumbexif_internal.thumbexif_count_change(NULL, NULL, NULL, NULL, NULL, 1, 'done', NULL, NULL, NULL)},
	q{INSERT INTO thumbexif_internal.thumbexif_count VALUES (1, 'done', 1, NULL, false)}, 'DELETE FROM thumbexif_internal.thumbexif_count')
{
	my ($status, $out, $said) = $server->psql('postgres', "SET ROLE stranger; $forged");
	like($said, qr/permission denied for schema thumbexif_internal/, "not allowed: $forged");
}

# A backfill that begins with an empty state table plans for a large one: no statement reads all of it.  Its rows are absent
# files, and a session of its own, so that its plans are new.
value($server, q{SELECT thumbexif_detach('photos'); TRUNCATE photos, thumbexif_internal.thumbexif_asset_bigint; VACUUM ANALYZE thumbexif_internal.thumbexif_asset_bigint;
	INSERT INTO photos SELECT g, 'absent/' || g FROM generate_series(1, 1500) g; ANALYZE photos; SELECT thumbexif_attach('photos'); SELECT pg_stat_reset()});
$server->psql('postgres', 'SET client_min_messages = error; CALL thumbexif_backfill(batch_size => 50)');
my $reads = q{SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname = 'thumbexif_asset_bigint'),
	(SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'thumbexif_asset_bigint')};
wait_until($server, 'statistics of the backfill', "SELECT idx_tup_read > 0 FROM pg_stat_user_indexes WHERE indexrelname = 'thumbexif_asset_bigint_pkey'");
my ($by_scan, $by_index) = split /\|/, value($server, $reads);
is($by_scan, 0, 'no scan of the state table');
cmp_ok($by_index, '<', 30 * 1500, "and few entries of its indexes are read for each asset: $by_index");
is_right('absent files', 'photos missing 1500, photos rows 1500');

# Nothing is assumed for statements of triggers that a statement of ours fires.
value($server, q{CREATE TABLE traced (id bigint PRIMARY KEY, path text, width int); CREATE TABLE traces (plan text);
	INSERT INTO traced VALUES (1, '1.png'); ANALYZE traced; SELECT thumbexif_attach('traced');
	CREATE FUNCTION trace() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE plan json; BEGIN
		EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM public.traced' INTO plan; INSERT INTO public.traces VALUES (plan::text); RETURN NULL; END $$;
	CREATE TRIGGER trace AFTER UPDATE ON traced FOR EACH ROW EXECUTE FUNCTION trace(); SELECT thumbexif_process(1, 'traced')});
like(value($server, 'SELECT DISTINCT plan FROM traces'), qr/"Plan Rows": 1,/, 'the statement of a trigger is planned for the rows there are');
value($server, q{DROP TABLE traced});

# A large table, of which most is done: the total is estimated, and exact where all that is left has no state that is done.
# A look at the views reads neither the table nor the states.  (Each second key forms no range, so that each row has a state.)
value($server, q{TRUNCATE photos; INSERT INTO photos SELECT 2 * g, 'p' || 2 * g FROM generate_series(1, 110000) g;
	UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'done', path_hash = hashtextextended('p' || id, 0), thumbnail_settings = '256 jpeg 85',
		exif_settings = 'UTC gps xmp' WHERE id <= 219760; ALTER TABLE photos ADD COLUMN width int; SELECT thumbexif_attach('photos', width => 'width')});
value($server, q{UPDATE thumbexif_internal.thumbexif_asset_bigint SET exif_settings = 'UTC gps xmp' WHERE id <= 219760; VACUUM ANALYZE});
is_right('most are done', 'photos queued 120, photos done 109880, photos rows 110000');
is(value($server, 'SELECT total, done, remaining FROM thumbexif_progress'), '110000|109880|120', 'and shown');
my $look = 'SELECT * FROM thumbexif_progress, thumbexif_status';
my $explained = value($server, "$look; EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF) $look");
my ($first) = $explained =~ /(Buffers: .*)/;	# of the uppermost node, which includes the others
my $buffers = 0;
$buffers += $1 while $first =~ /(?:hit|read)=(\d+)/g;
cmp_ok($buffers, '<', 500, "a look reads few pages: $buffers");
my ($status, $out, $said) = $server->psql('postgres', q{CALL thumbexif_backfill(batch_size => 60, relation => 'photos')});
like($said, qr{^(?:psql:[^ ]* )?INFO:  Processing batch 1/2\.\.\. .*INFO:  Processing batch 2/2\.\.\. .*Done! Processed: 120,}ms,
	'the total of a large table is told before it was read');
is_right('all are tried', 'photos done 109880, photos missing 120, photos rows 110000');
is($out, '120|0|0|120', 'all of them');
$server->stop;
done_testing();
