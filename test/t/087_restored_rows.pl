# Rows that name thumbnails of ours while no state does: no file of such a row is removed, whoever takes the row.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = tiny_folder(PostgreSQL::Test::Utils::tempdir() . '/images', 30);
my $server = new_server('restored', roots => $root, config => "thumbexif.decoders = 1\n");
my $state = 'thumbexif_internal.thumbexif_asset';

sub sql { return value($server, shift) }

sub process
{
	return sql("SET client_min_messages = error; CALL thumbexif_backfill(relation => '$_[0]')");
}

# The files that the rows of a table name, sorted.
sub named
{
	return sort split /\n/, sql("SELECT thumbnail_path FROM $_[0] WHERE thumbnail_path IS NOT NULL");
}

# No row names a file that is absent, after a clean-up.
sub whole
{
	my ($what, $table) = @_;

	sql('SELECT thumbexif_clean() FROM (SELECT pg_current_xact_id()) x') foreach 1, 2;
	is(join(' ', grep { !-e $_ } named($table)), '', "$what: no file of a row is removed");
	return;
}

sql(<<'EOT');
CREATE TABLE plain (id bigint PRIMARY KEY, path text, thumbnail_path text, camera_make text);
CREATE TABLE parted (id bigint, part int, path text, thumbnail_path text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
SELECT thumbexif_attach('plain'), thumbexif_attach('parted', id => '{id,part}');
INSERT INTO plain SELECT i, i || '.png' FROM generate_series(1, 6) i;
INSERT INTO parted SELECT i, 1 + i % 2, i || '.png' FROM generate_series(1, 6) i;
EOT
foreach my $table ('plain', 'parted')
{
	process($table);
	my @before = named($table);

	# states are lost, and a backfill takes the rows
	sql("DELETE FROM $state");
	whole("$table, when nobody has looked at the rows yet", $table);
	process($table);
	is_deeply([ named($table) ], \@before, "$table: rows without states keep their thumbnails");
	whole("$table, after their states were lost", $table);
	is(sql("SELECT count(*) FROM $state JOIN thumbexif_internal.thumbexif_attachment a USING (attachment) WHERE file IS NOT NULL AND status = 'done'
		AND '$table' IN (a.relation::text, substr(a.relation::text, 1, 6))"), 6, "$table: the states have the files again");

	# rows are queued, and nobody knows how their thumbnails were made
	sql("UPDATE $state SET file = NULL, path_hash = NULL, status = 'queued', next_try = now(), thumbnail_settings = NULL, exif_settings = NULL");
	process($table);
	is(scalar(grep { my $file = $_; grep { $_ eq $file } @before } named($table)), 0, "$table: rows that are queued get others");
	whole("$table, after they were queued", $table);

	# one by one, in the caller's transaction
	sql("DELETE FROM $state");
	sql("SELECT thumbexif_process(" . ($table eq 'plain' ? '1' : "'{1,2}'") . ", '$table')");
	whole("$table, after thumbexif_process()", $table);
	process($table);

	# a copy of a row has no file of its own until it is made
	sql("INSERT INTO $table SELECT * FROM (SELECT (t).* FROM (SELECT jsonb_populate_record(t, '{\"id\": 7}') AS t FROM $table t WHERE id = 6) x) y");
	process($table);
	sql("DELETE FROM $table WHERE id = 6");
	whole("$table, after the origin of a copy was deleted", $table);

	# inserted again in the transaction that deletes
	sql("BEGIN; CREATE TEMPORARY TABLE kept AS TABLE $table; DELETE FROM $table; INSERT INTO $table TABLE kept; COMMIT");
	process($table);
	whole("$table, after all rows were deleted and inserted again", $table);
}

# a row that an attached table has had, which was detached or never examined
sql("SELECT thumbexif_detach('plain')");
whole('plain, detached', 'plain');

$server->stop;
done_testing();
