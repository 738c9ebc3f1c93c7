# Rows of a partitioned table that move while the worker processes them, in transactions and subtransactions that may be rolled back:
# each row ends with its file, and each file with its row.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 40);
my $server = new_server('moving', preload => 1, roots => $root, config => "thumbexif.decoders = 2\n");

sub sql { return value($server, shift) }

sql(<<'EOT');
CREATE TABLE photos (id bigint, part int, path text NOT NULL, thumbnail_path text, width int, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE photos_1 PARTITION OF photos FOR VALUES IN (1);
CREATE TABLE photos_2 PARTITION OF photos FOR VALUES IN (2) PARTITION BY RANGE (id);
CREATE TABLE photos_2a PARTITION OF photos_2 FOR VALUES FROM (0) TO (50);
CREATE TABLE photos_2b PARTITION OF photos_2 DEFAULT;
CREATE TABLE photos_d PARTITION OF photos DEFAULT;
SELECT thumbexif_attach('photos');
INSERT INTO photos SELECT i, 1 + i % 4, (1 + i % 40) || '.png' FROM generate_series(1, 100) i;
EOT
srand(20261127);
my @sessions = map { TestSession->new($server) } 1 .. 3;
foreach my $round (1 .. 120)
{
	my $session = $sessions[ $round % 3 ];
	my ($id, $other) = (1 + int rand 100, 101 + int rand 100);
	my $part = 1 + int rand 4;
	my $path = (1 + int rand 40) . '.png';
	my @statements = (
		"UPDATE photos SET part = $part WHERE id = $id",
		"UPDATE photos SET part = $part, path = '$path' WHERE id = $id",
		"UPDATE photos SET part = 1 + (part + 1) % 4 WHERE id % 7 = $id % 7",
		"BEGIN; SAVEPOINT s; UPDATE photos SET part = $part WHERE id = $id; ROLLBACK TO s; UPDATE photos SET part = 1 + $part % 4 WHERE id = $id; COMMIT",
		"BEGIN; UPDATE photos SET part = $part WHERE id = $id; ROLLBACK",
		"BEGIN; UPDATE photos SET part = 1 WHERE id = $id; UPDATE photos SET part = 2 WHERE id = $id; UPDATE photos SET part = 3 WHERE id = $id; COMMIT",
		"BEGIN; DELETE FROM photos WHERE id = $id; INSERT INTO photos VALUES ($id, $part, '$path'); COMMIT",
		"WITH gone AS (DELETE FROM photos WHERE id = $id RETURNING *) INSERT INTO photos SELECT * FROM gone",
		"WITH gone AS (DELETE FROM photos WHERE id = $id RETURNING *) INSERT INTO photos SELECT id, $part, path, thumbnail_path, width FROM gone",
		"INSERT INTO photos VALUES ($id, $part, '$path') ON CONFLICT (id, part) DO UPDATE SET path = excluded.path",
		"INSERT INTO photos SELECT id, $part, path, thumbnail_path, width FROM photos WHERE id = $id LIMIT 1 ON CONFLICT DO NOTHING",
		"WITH moved AS (UPDATE photos SET part = $part WHERE id = $id RETURNING id), more AS (INSERT INTO photos VALUES ($other, $part, '$path') ON CONFLICT DO NOTHING) SELECT FROM moved",
		"DELETE FROM photos WHERE id = $other",
		"DO \$\$ BEGIN UPDATE photos SET part = $part WHERE id = $id; RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN UPDATE photos SET part = 2 WHERE id = $id; END \$\$");

	$session->query($statements[ $round % @statements ]);
	sql('SELECT thumbexif_clean()') if $round % 40 == 0;
}
$_->finish foreach @sessions;
wait_for($server, 'all rows are done', q{SELECT count(*) = (SELECT count(*) FROM photos) AND bool_and(status = 'done') FROM thumbexif_internal.thumbexif_asset});
sql('SET client_min_messages = error; CALL thumbexif_backfill(verify => true)');
check_store($server, 'after moves of all kinds', 'postgres', 'photos');
is(sql(q{SELECT count(*) FROM photos p WHERE NOT EXISTS (SELECT FROM thumbexif_internal.thumbexif_asset_text s JOIN thumbexif_internal.thumbexif_attachment a USING (attachment)
	WHERE a.relation = p.tableoid AND s.id = format('{%s,%s}', p.id, p.part) AND right(p.thumbnail_path, length(s.file)) = s.file)}), 0, 'each row has the file of its state');
is(sql('SELECT count(DISTINCT thumbnail_path) - count(*) FROM photos'), 0, 'and no two rows have one file');

# --- the default partition is split, and a partition is detached while others read it

sql("SELECT thumbexif_pause('photos')");
sql(<<'EOT');
BEGIN;
CREATE TABLE photos_4 (LIKE photos INCLUDING ALL);
WITH gone AS (DELETE FROM photos_d WHERE part = 4 RETURNING *) INSERT INTO photos_4 SELECT * FROM gone;
ALTER TABLE photos ATTACH PARTITION photos_4 FOR VALUES IN (4);
COMMIT;
EOT
sql('SET client_min_messages = error; CALL thumbexif_backfill()');
check_store($server, 'after the default partition was split', 'postgres', 'photos');

# Files that rows name, and that are not there.
sub absent
{
	sql('SELECT thumbexif_clean() FROM (SELECT pg_current_xact_id()) x') foreach 1, 2;
	return join ' ', grep { !-e $_ } split /\n/, sql("SELECT thumbnail_path FROM $_[0] WHERE thumbnail_path IS NOT NULL");
}

sql('ALTER TABLE photos DETACH PARTITION photos_d');	# there must be no default partition
my $reader = TestSession->new($server);
my $detaching = TestSession->new($server);
$reader->query('BEGIN; SELECT count(*) FROM photos');
$detaching->send('ALTER TABLE photos DETACH PARTITION photos_1 CONCURRENTLY');
wait_for($server, 'a partition is about to be detached', q{SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = 'photos_1'::regclass});
sql('SET client_min_messages = error; CALL thumbexif_backfill()');
is(absent('photos_1'), '', 'its files stay');
$reader->query('COMMIT');
$detaching->wait;
$_->finish foreach $reader, $detaching;
sql('SET client_min_messages = error; CALL thumbexif_backfill()');
is(sql(q{SELECT count(*) FROM thumbexif_internal.thumbexif_attachment WHERE relation IN ('photos_1'::regclass, 'photos_d'::regclass)}), 0, 'it is released');
is(absent($_), '', "the files of $_ stay") foreach 'photos_1', 'photos_d';

# its rows go into other partitions, and it is dropped
sql(<<'EOT');
CREATE TABLE photos_new PARTITION OF photos DEFAULT;
INSERT INTO photos SELECT * FROM photos_1;
SET session_replication_role = replica;
INSERT INTO photos SELECT * FROM photos_d;
EOT
sql('SET client_min_messages = error; CALL thumbexif_backfill(max_assets => 10)');
sql('DROP TABLE photos_1, photos_d');
is(absent('photos'), '', 'rows that were copied from a former partition have their files when it is dropped');
sql('SET client_min_messages = error; CALL thumbexif_backfill()');
check_store($server, 'after that', 'postgres', 'photos');

# --- a row moves while a trigger of the user's rolls something back

sql(<<'EOT');
CREATE FUNCTION try() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 / 0; RETURN NULL; EXCEPTION WHEN division_by_zero THEN RETURN NULL; END $$;
CREATE TRIGGER a_trigger AFTER INSERT OR DELETE ON photos FOR EACH ROW EXECUTE FUNCTION try();
CREATE TRIGGER z_trigger AFTER INSERT OR DELETE ON photos FOR EACH ROW EXECUTE FUNCTION try();
EOT
sql('UPDATE photos SET part = 20 + part WHERE id BETWEEN 1 AND 20 AND id NOT IN (SELECT id FROM photos GROUP BY id HAVING count(*) > 1)');
is(absent('photos'), '', 'no file of a row that moves is removed, whatever triggers roll back');
sql(q{BEGIN; UPDATE photos SET part = 30 WHERE id = 30; SAVEPOINT s; UPDATE photos SET part = 2 WHERE id = 30; ROLLBACK TO s; UPDATE photos SET part = 2 WHERE id = 30; COMMIT});
sql(q{BEGIN; CREATE TEMPORARY TABLE kept AS SELECT * FROM photos WHERE id = 31; DELETE FROM photos WHERE id = 31;
	SAVEPOINT s; INSERT INTO photos TABLE kept; ROLLBACK TO s; INSERT INTO photos TABLE kept; COMMIT});
is(absent('photos'), '', 'likewise when the move was rolled back once');
sql('DROP TRIGGER a_trigger ON photos; DROP TRIGGER z_trigger ON photos');

# --- a move ends with an ERROR between the deletion and the insertion

sql(<<'EOT');
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 / 0; RETURN NULL; END $$;
CREATE TRIGGER z_trigger AFTER DELETE ON photos FOR EACH ROW WHEN (OLD.id = 34) EXECUTE FUNCTION fail();
DO $$ BEGIN UPDATE photos SET part = 31 WHERE id = 34; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
DROP TRIGGER z_trigger ON photos;
EOT
is(absent('photos'), '', 'the row that has not moved keeps its file');

# --- a row moves into a partition that is not attached, and comes back

sql('CREATE UNLOGGED TABLE photos_50 PARTITION OF photos FOR VALUES IN (50)');
my $path = sql('SELECT thumbnail_path FROM photos WHERE id = 32 LIMIT 1');
sql('UPDATE photos SET part = 50 WHERE id = 32');
is(absent('photos'), '', 'a row in a partition that cannot be a member keeps its file');
sql('UPDATE photos SET part = 2 WHERE id = 32');
sql('SET client_min_messages = error; CALL thumbexif_backfill()');
is(absent('photos'), '', 'so it does when it has come back');
sql('UPDATE photos SET part = 50 WHERE id = 33; DROP TABLE photos_50');
check_store($server, 'after such a partition was dropped', 'postgres', 'photos');
$server->stop;
done_testing();
