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

# a partition that others read while it is detached, the default partition that is split, and one that another table takes over
my $reader = TestSession->new($server);
$reader->query('BEGIN; SELECT count(*) FROM photos');
my $detaching = TestSession->new($server);
$detaching->send('ALTER TABLE photos DETACH PARTITION photos_1 CONCURRENTLY') if $detaching->can('send');
$reader->query('COMMIT');
$reader->finish;
$detaching->finish;
sql(<<'EOT');
BEGIN;
CREATE TABLE photos_4 (LIKE photos INCLUDING ALL);
WITH gone AS (DELETE FROM photos_d WHERE part = 4 RETURNING *) INSERT INTO photos_4 SELECT * FROM gone;
ALTER TABLE photos ATTACH PARTITION photos_4 FOR VALUES IN (4);
COMMIT;
EOT
sql('SET client_min_messages = error; CALL thumbexif_backfill()');
check_store($server, 'after the default partition was split', 'postgres', 'photos');
$server->stop;
done_testing();
