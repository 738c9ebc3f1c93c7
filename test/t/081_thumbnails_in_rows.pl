# Thumbnails that are stored in the rows of a table instead of files, and tables that change from one to the other and back.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = PostgreSQL::Test::Utils::tempdir() . '/images';
mkdir $root or die "mkdir: $!";
write_file("$root/$_.png", tiny_picture(width => 600, height => 400, colour => chr(40 * $_) . "\x80\x30")) foreach 1 .. 5;
my $server = new_server('rows', roots => $root, preload => 1, config => "thumbexif.thumbnail_dir = ''\nautovacuum = off\n");

sub sql
{
	return value($server, join(";\n", @_));
}

sub backfill
{
	my ($option, $settings) = @_;
	my ($status, $out, $error) = $server->psql('postgres', ($settings || '') . "CALL thumbexif_backfill($option)");

	diag($error) if $status != 0;
	return $error =~ /(Processed: \d+, Updated: \d+)/ ? $1 : $error;
}

sub failure
{
	my ($status, $out, $error) = $server->psql('postgres', shift);

	return $error;
}

sub files
{
	my @files = sort grep { !/\.thumbexif$/ } files_below($server->{thumbnails});

	return @files;
}

# how many rows have a path, bytes, and bytes that are what they should be
sub stored
{
	return sql(q{SELECT count(thumbnail_path), count(thumb), count(*) FILTER (WHERE thumb = thumbexif_thumbnail(path)) FROM photos});
}

# --- a new table, without a folder

like(failure("SELECT thumbexif_attach('photos', create_table => true)"), qr/no folder for thumbnails is set/, 'files need a folder');
sql("SELECT thumbexif_attach('photos', create_table => true, thumbnail => 'thumb')");
is(sql(q{SELECT format_type(atttypid, atttypmod), attstorage FROM pg_attribute WHERE attrelid = 'photos'::regclass AND attname = 'thumb'}), 'bytea|e', 'bytes do not');
is(sql("SELECT columns->>'thumbnail' FROM thumbexif_tables"), 'thumb', 'the column is shown');
sql(q{INSERT INTO photos (path) SELECT g || '.png' FROM generate_series(1, 3) g});
wait_done($server, 'the worker makes three', 3);
is(stored(), '0|3|3', 'rows have the bytes');
is(sql("SELECT wrote & (1::bigint << 61) > 0, file IS NULL, file_size > 0, thumbnail_settings FROM thumbexif_internal.thumbexif_asset WHERE status = 'done' LIMIT 1"),
	't|t|t|row 256 jpeg 85', 'the state says so');
is_deeply([ files() ], [], 'there is no file');
is(sql("SELECT thumbexif_file(1, 'photos') = thumb FROM photos WHERE id = 1"), 't', 'thumbexif_file() returns them');
is(sql("SELECT thumbexif_file(1, 'photos', 256) = thumb, thumbexif_file(1, 'photos', 255) IS NULL FROM photos WHERE id = 1"), 't|t', 'by their size, too');
is(sql("SELECT thumbexif_srcset(1, 'photos', '/p/')"), '/p/1/256', 'srcset');
sql('SET client_min_messages = warning', q{SELECT thumbexif_api('photos', 'api', base => '/p/')});
is(sql("SELECT p->>'thumbnail', p ? 'thumbnails' FROM api.photo(1) p"), '/p/1|f', 'the URL of thumbexif_api()');
sql('DROP SCHEMA api CASCADE');
is(sql("SELECT status, thumbnail_path FROM thumbexif_process(1, 'photos', force => true)"), 'done|', 'thumbexif_process()');
is(backfill(''), 'Processed: 0, Updated: 0', 'nothing is stale');
is(sql('SELECT stale FROM thumbexif_progress'), 0, 'nothing');
sql(q{UPDATE photos SET thumb = NULL WHERE id = 2});
is(sql("SELECT stale FROM thumbexif_state(2, 'photos')"), '{thumbnail}', 'bytes that are gone are missed');
is(backfill(''), 'Processed: 1, Updated: 1', 'and made again');
sql(q{INSERT INTO photos (path, thumb) VALUES ('4.png', 'mine')});
wait_done($server, 'one with bytes of somebody else', 4);
is(sql("SELECT thumb = 'mine', thumbexif_file(id, 'photos') IS NULL, thumbexif_srcset(id, 'photos') IS NULL FROM photos WHERE path = '4.png'"), 't|t|t', 'they are left alone, and not ours');
is(backfill('', 'SET thumbexif.thumbnail_size = 100; '), 'Processed: 3, Updated: 3', 'ours are stale when a setting changes');
is(sql("SELECT count(*) FILTER (WHERE thumb = thumbexif_thumbnail(path, 100)), count(*) FILTER (WHERE thumb = 'mine') FROM photos"), '3|1', 'and replaced');
is(backfill(''), 'Processed: 3, Updated: 3', 'and back');
sql("DELETE FROM photos WHERE path = '4.png'");
write_file("$root/1.png", 'no picture any more');
is(sql("SELECT status FROM thumbexif_process(1, 'photos')"), 'unsupported', 'a file has changed');
is(sql('SELECT thumb IS NOT NULL FROM photos WHERE id = 1'), 't', 'a failure keeps the old bytes');
write_file("$root/1.png", tiny_picture(width => 500, height => 500));
is(sql("SELECT status FROM thumbexif_process(1, 'photos')"), 'done', 'it is a picture again');
is(stored(), '0|3|3', 'of which there are bytes');
sql("BEGIN; SELECT thumbexif_process(1, 'photos', force => true); ROLLBACK");
is(stored(), '0|3|3', 'a rollback changes nothing');

# bytes are not read to see that they are there
sub toast_reads
{
	my $command = shift;
	my @said = split /\n/, sql($command, 'SELECT pg_stat_force_next_flush()', "SELECT toast_blks_read + toast_blks_hit FROM pg_statio_user_tables WHERE relname = 'photos'");

	return $said[-1];
}

sql("UPDATE photos SET thumb = decode(repeat('00', 100000), 'hex') WHERE id = 3");
wait_for_statistics($server);
my $reads = toast_reads('SELECT count(md5(thumb)) FROM photos');
is(toast_reads('SELECT 1'), $reads, 'reads of large values are counted');
is(toast_reads('CALL thumbexif_backfill(verify => true)'), $reads, 'a backfill does not read them');
is(toast_reads("SELECT stale FROM thumbexif_state(3, 'photos')"), $reads, 'thumbexif_state() neither');
cmp_ok(toast_reads("SELECT md5(thumbexif_file(3, 'photos'))"), '>', $reads, 'thumbexif_file() does');
is(sql("SELECT status FROM thumbexif_process(3, 'photos', force => true)"), 'done', 'they can be replaced');

# --- to files, and back

like(failure("SELECT thumbexif_attach('photos', thumbnail => '')"), qr/no folder for thumbnails is set/, 'files need a folder, still');
sql("ALTER SYSTEM SET thumbexif.thumbnail_dir = '$server->{thumbnails}'");
$server->reload;
wait_for($server, 'a folder is set', "SELECT current_setting('thumbexif.thumbnail_dir') <> ''");
sql('SELECT thumbexif_pause()', 'ALTER TABLE photos ADD COLUMN other bytea');
like(failure("SELECT thumbexif_attach('photos', thumbnail => 'other')"), qr/cannot change the thumbnail column.*Column "thumb" has thumbnails.*HINT/s, 'another column, while this one is in use');
sql("SELECT thumbexif_attach('photos', thumbnail => '')");
is(sql('SELECT stale FROM thumbexif_progress'), 3, 'all are stale');
like(backfill('dry_run => true'), qr/Processed: 3, Updated: 3/, 'a dry run finds them');
is(stored(), '0|3|3', 'and changes nothing');
is(sql("SELECT thumbexif_file(2, 'photos') = thumb FROM photos WHERE id = 2"), 't', 'the bytes can be had');
like(failure("SELECT thumbexif_attach('photos', thumbnail => 'other')"), qr/cannot change the thumbnail column/, 'another column, still');
is(sql("SELECT status FROM thumbexif_process(1, 'photos')"), 'done', 'thumbexif_process() converts one');
is(stored(), '1|2|2', 'from bytes to a file');
is(backfill(''), 'Processed: 2, Updated: 2', 'a backfill the others');
is(stored(), '3|0|0', 'all are files');
is(scalar files(), 3, 'so many');
is(sql("SELECT count(*) FROM photos WHERE thumbexif_file(id, 'photos') = thumbexif_thumbnail(path)"), 3, 'they can be had');
is(sql('SELECT stale FROM thumbexif_progress'), 0, 'nothing is stale');
is(backfill(''), 'Processed: 0, Updated: 0', 'that is all');

sql("SELECT thumbexif_attach('photos', thumbnail => 'other')");
is(sql("SELECT attstorage FROM pg_attribute WHERE attrelid = 'photos'::regclass AND attname = 'other'"), 'e', 'a column of an existing table gets its storage');
is(sql('SELECT stale FROM thumbexif_progress'), 3, 'back to bytes');
is(sql("SELECT thumbexif_file(2, 'photos') = thumbexif_thumbnail('2.png')"), 't', 'the files can be had');
my $kept = sql('SELECT thumbnail_path FROM photos WHERE id = 2');
sql("BEGIN; SELECT thumbexif_process(2, 'photos'); ROLLBACK");
ok(-e $kept, 'a rollback keeps the file');
is(sql("SELECT thumbnail_path = '$kept' FROM photos WHERE id = 2"), 't', 'and its name');
sql('SELECT thumbexif_resume()', "SELECT thumbexif_enqueue(id, 'photos') FROM photos");
wait_for($server, 'the worker converts them', 'SELECT count(thumbnail_path) = 0 AND count(other) = 3 FROM photos');
wait_for($server, 'it removes the files', 'SELECT count(*) = 0 FROM thumbexif_internal.thumbexif_removal');
is_deeply([ files() ], [], 'no file is left');
is(sql('SELECT count(*) FROM photos WHERE other = thumbexif_thumbnail(path)'), 3, 'the bytes are right');
wait_for($server, 'nothing is stale', 'SELECT stale = 0 FROM thumbexif_progress');

# a path of somebody else stays
sql('SELECT thumbexif_pause()', "SELECT thumbexif_attach('photos', thumbnail => '')", 'CALL thumbexif_backfill()', "UPDATE photos SET thumbnail_path = '/mine.jpg' WHERE id = 3",
	"SELECT thumbexif_attach('photos', thumbnail => 'other')", 'CALL thumbexif_backfill()');
is(sql('SELECT string_agg(thumbnail_path, \',\'), count(other) FROM photos'), '/mine.jpg|3', 'a path of somebody else stays');

# --- several sizes

sql("SELECT thumbexif_attach('photos', thumbnail_sizes => '256,64')");
is(backfill(''), 'Processed: 3, Updated: 3', 'a second size');
is(sql("SELECT string_agg(t.width || 'x' || t.height || ':' || (t.bytes = octet_length(thumbexif_file(2, 'photos', t.size))), ' ' ORDER BY width) FROM thumbexif_thumbnails t WHERE id = '2'"),
	'64x43:true 256x171:true', 'beside the one that there is');
sql("SELECT thumbexif_attach('photos', thumbnail_sizes => '300,150')");
is(backfill(''), 'Processed: 3, Updated: 3', 'several sizes');
is(sql('SELECT count(*), count(path), count(DISTINCT id) FROM thumbexif_thumbnails'), '6|0|3', 'none is a file');
is(sql("SELECT string_agg(width || 'x' || height, ' ' ORDER BY width) FROM thumbexif_thumbnails t WHERE id = '2'"), '150x100 300x200', 'they are what they should be');
is(sql("SELECT thumbexif_file(2, 'photos', 300) = other, (thumbexif_info(thumbexif_file(2, 'photos', 150))).width FROM photos WHERE id = 2"), 't|150', 'and can be had');
is(sql('SELECT count(*), count(bytes), count(file) FROM thumbexif_internal.thumbexif_thumbnail'), '6|3|0', 'the first is in the row only');
is(sql("SELECT attstorage FROM pg_attribute WHERE attrelid = 'thumbexif_internal.thumbexif_thumbnail_bigint'::regclass AND attname = 'bytes'"), 'e', 'bytes are not compressed');
is(sql("SELECT thumbexif_srcset(2, 'photos', '/p/')"), '/p/2/150 150w, /p/2/300 300w', 'srcset');
sql("SELECT thumbexif_attach('photos', thumbnail => '')");
is(sql("SELECT (thumbexif_info(thumbexif_file(2, 'photos', 150))).width, (thumbexif_info(thumbexif_file(2, 'photos', 300))).width"), '150|300', 'to files: until then they can be had');
is(backfill(''), 'Processed: 2, Updated: 2', 'those that have no other path');
is(sql("SELECT count(*), count(path) FROM thumbexif_thumbnails WHERE id <> '3'"), '4|4', 'all sizes are files');
is(scalar files(), 4, 'so many');
is(sql('SELECT count(bytes) FROM thumbexif_internal.thumbexif_thumbnail_bigint WHERE id <> 3'), 0, 'no bytes are left');
sql("SELECT thumbexif_attach('photos', thumbnail => 'other')", 'CALL thumbexif_backfill()', 'SELECT thumbexif_clean()');
is_deeply([ files() ], [], 'and back');

# --- rights: who may not read the column gets nothing, the row's writer needs no more than it

sql('CREATE ROLE viewer', 'GRANT SELECT (id, thumbnail_path) ON photos TO viewer',
	'GRANT EXECUTE ON FUNCTION thumbexif_file(bigint, regclass, integer) TO viewer');
like(failure("SET ROLE viewer; SELECT thumbexif_file(2, 'photos')"), qr/permission denied for table photos/, 'a role without SELECT on the column');
sql('GRANT SELECT (other) ON photos TO viewer');
is(sql("SET ROLE viewer; SELECT thumbexif_file(2, 'photos') IS NOT NULL"), 't', 'a role with it');
sql('ALTER TABLE photos ENABLE ROW LEVEL SECURITY', 'CREATE POLICY visible ON photos FOR SELECT TO viewer USING (id <> 2)');
is(sql("SET ROLE viewer; SELECT thumbexif_file(2, 'photos') IS NULL, thumbexif_file(2, 'photos', 150) IS NULL"), 't|t', 'row security');
sql('ALTER TABLE photos DISABLE ROW LEVEL SECURITY', 'CREATE ROLE app', "SELECT thumbexif_grant('app', 'photos', 'process')");
is(sql("SET ROLE app; SELECT status FROM thumbexif_process(2, 'photos', force => true)"), 'done', "'process' suffices to write bytes");

# --- columns that do not fit

sql('CREATE TABLE odd (id bigint PRIMARY KEY, path text, thumbnail text, t bytea NOT NULL)');
sql("SELECT thumbexif_attach('odd')");
is(sql("SELECT columns ? 'thumbnail' FROM thumbexif_tables WHERE relation = 'odd'::regclass"), 'f', 'a column is taken only if it is named');
like(failure("SELECT thumbexif_attach('odd', thumbnail => 'thumbnail')"), qr/is of type text.*HINT:  Its type must be bytea/s, 'another type');
like(failure("SELECT thumbexif_attach('odd', thumbnail => 't')"), qr/does not allow NULL.*HINT/s, 'NOT NULL');
like(failure("SELECT thumbexif_attach('odd', thumbnail => 'absent')"), qr/column "absent" of table "odd" does not exist/, 'no such column');
like(failure("BEGIN; ALTER TABLE odd ALTER t DROP NOT NULL; DECLARE c CURSOR FOR SELECT * FROM odd; SELECT thumbexif_attach('odd', thumbnail => 't')"),
	qr/NOTICE:  the storage of column "t" could not be set to EXTERNAL\nDETAIL:  cannot ALTER TABLE "odd".*NOTICE:  table public.odd is attached/s, 'storage that cannot be set is told');

# --- a thumbnail that the table refuses, and many bytes in a batch

sql(q{CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.id = 2 THEN RAISE 'no'; END IF; RETURN NEW; END$$},
	'CREATE TRIGGER refuse BEFORE UPDATE OF other ON photos FOR EACH ROW EXECUTE FUNCTION refuse()');
sql('DROP TABLE odd');
is(backfill('', 'SET thumbexif.thumbnail_quality = 50; '), 'Processed: 3, Updated: 2', 'a row that the table refuses fails alone');
sql('DROP TRIGGER refuse ON photos', "SELECT thumbexif_retry_all('failed')");
write_file("$root/noise$_.png", tiny_picture(width => 1200, height => 1200, colour => "\x20$_\x90")) foreach 1 .. 9;
sql('CREATE TABLE large (id bigint PRIMARY KEY, path text, thumb bytea, width integer)', "SELECT thumbexif_attach('large', thumbnail => 'thumb')", "SELECT thumbexif_pause('large')",
	q{INSERT INTO large SELECT i, 'noise' || (1 + i % 9) || '.png' FROM generate_series(1, 36) i});
is(backfill("relation => 'large'", "SET thumbexif.thumbnail_format = png; SET thumbexif.thumbnail_sizes = '1200,600'; "), 'Processed: 36, Updated: 36', 'many large ones in one batch');
is(sql("SET thumbexif.thumbnail_format = png; SELECT count(*) FROM large WHERE thumb = thumbexif_thumbnail(path, 1200)"), 36, 'are written');
is(sql("SELECT count(*) FROM large WHERE thumbexif_file(id, 'large', 600) IS NOT NULL"), 36, 'with their other sizes');

# --- dump and restore, detach

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$server->command_ok([ 'pg_dump', '-f', $dump, $server->connstr('postgres') ], 'dump');
sql('CREATE DATABASE restored TEMPLATE template0');
$server->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $server->connstr('restored'), '-f', $dump ], 'restore');
my $sums = q{SELECT string_agg(md5(thumbexif_file(id, 'large', 600)) || md5(thumbexif_file(id, 'large')), '' ORDER BY id) FROM large};
is($server->safe_psql('restored', $sums), sql($sums), 'all sizes are in it');
sql("SELECT thumbexif_detach('photos')");
is(sql('SELECT count(other) FROM photos'), 3, 'detach leaves the bytes in the rows');
done_testing();
