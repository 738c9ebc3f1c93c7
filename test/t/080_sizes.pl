# Thumbnails in several sizes: by one decode, of which only the missing ones are made; kept, listed, checked, moved and removed with
# their asset.
use strict;
use warnings;

use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use Test::More;
use TestSession;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = PostgreSQL::Test::Utils::tempdir() . '/images';
mkdir $root or die "mkdir: $!";
write_file("$root/$_.png", tiny_picture(width => 1200, height => 800, colour => chr(40 * $_) . "\x80\x30")) foreach 1 .. 5;
write_file("$root/small.png", tiny_picture(width => 30, height => 20));
my $server = new_server('sizes', roots => $root, config => "autovacuum = off\n");

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

# the thumbnails in the view: "size:width x height", in order
sub sizes_of
{
	my $id = shift;

	return sql("SELECT string_agg(size || ':' || width || 'x' || height, ' ' ORDER BY size) FROM thumbexif_thumbnails WHERE id = '$id'");
}

# the files in the folder, without markers
sub files
{
	my @files = sort grep { !/\.thumbexif$/ } files_below($server->{thumbnails});

	return @files;
}

# Each file is named by a row or by the view, and each that is named exists, with the length that is kept.
sub check_files
{
	my $what = shift;
	my @named = sort split /\n/, sql(q{SELECT path FROM thumbexif_thumbnails WHERE path IS NOT NULL UNION SELECT thumbnail_path FROM photos WHERE thumbnail_path IS NOT NULL});

	sql('SELECT thumbexif_clean()');
	sql('SELECT thumbexif_clean()');	# what the first one has listed
	is_deeply([ files() ], \@named, "$what: a file for each thumbnail, and no other");
	is(sql('SELECT count(*) FROM thumbexif_thumbnails WHERE (pg_stat_file(path)).size <> bytes'), 0, "$what: of the right length");
	is(sql(q{SELECT count(*) FROM thumbexif_thumbnails t, thumbexif_info(pg_read_binary_file(t.path)) i WHERE (i.width, i.height, i.format) <> (t.width, t.height, t.format)}),
		0, "$what: and what they are said to be");
}

# --- the setting, and what a table is attached with

like(failure("SELECT thumbexif_version(); SET thumbexif.thumbnail_sizes = '256,x'"), qr/invalid value for parameter "thumbexif.thumbnail_sizes".*must be numbers/s, 'no list');
like(failure("SELECT thumbexif_version(); SET thumbexif.thumbnail_sizes = '0'"), qr/between 1 and 16384 pixels/, 'size 0');
like(failure("SELECT thumbexif_version(); SET thumbexif.thumbnail_sizes = '16385'"), qr/between 1 and 16384 pixels/, 'too large a size');
like(failure("SELECT thumbexif_version(); SET thumbexif.thumbnail_sizes = '99999999999999'"), qr/between 1 and 16384 pixels/, 'a number that overflows');
like(failure("SELECT thumbexif_version(); SET thumbexif.thumbnail_sizes = '5,6,5'"), qr/Size 5 is listed twice/, 'a size twice');
like(failure("SELECT thumbexif_version(); SET thumbexif.thumbnail_sizes = '1,2,3,4,5,6,7,8,9'"), qr/8 sizes at most/, 'too many');
like(failure("SELECT thumbexif_attach('photos', create_table => true, thumbnail_sizes => '200,')"),
	qr/invalid value for parameter "thumbnail_sizes": "200,".*numbers of pixels.*HINT:  For example/s, 'the same for a table');
like(failure("SELECT thumbexif_attach('photos', create_table => true, thumbnail_sizes => ' 200, 100 ')"), qr/Thumbnails are made in sizes 200,100\./, 'it is told which are made');
is(sql('SELECT thumbnail_sizes FROM thumbexif_tables'), '200,100', 'and shown');
sql("SELECT thumbexif_attach('photos')");
is(sql('SELECT thumbnail_sizes FROM thumbexif_tables'), '200,100', 'they are kept if the table is attached again');
unlike(sql('SELECT columns FROM thumbexif_tables'), qr/"thumbnail"/, 'no column is made for thumbnails');

# --- made by one decode

sql(q{INSERT INTO photos (path) SELECT g || '.png' FROM generate_series(1, 5) g}, q{INSERT INTO photos (path) VALUES ('small.png')});
is(backfill(''), 'Processed: 6, Updated: 6', 'a backfill');
is(sizes_of(1), '100:100x67 200:200x133', 'both sizes');
is(sizes_of(6), '100:30x20 200:30x20', 'a small image is not enlarged');
is(sql("SELECT count(*) FROM photos JOIN thumbexif_thumbnails t ON t.id = photos.id::text AND t.size = 200 AND t.path = thumbnail_path"), 6, 'rows have the first one');
is(sql("SELECT thumbexif_file(1, 'photos') = thumbexif_thumbnail('1.png', 200)"), 't', 'which is what it is alone');
is(sql("SELECT thumbexif_file(1, 'photos', 200) = thumbexif_file(1, 'photos') AND thumbexif_file(1, 'photos', 100) <> thumbexif_file(1, 'photos')"), 't', 'either can be had');
is(sql("SELECT width, height FROM thumbexif_info(thumbexif_file(1, 'photos', 100))"), '100|67', 'the smaller one');
is(sql("SELECT thumbexif_file(1, 'photos', 150) IS NULL"), 't', 'a size that there is not');
like(failure("SELECT thumbexif_file(1, 'photos', 0)"), qr/size 0 is out of range/, 'no size');
is(backfill(''), 'Processed: 0, Updated: 0', 'and that is all');
check_files('made');

my ($first, $second) = map { sql("SELECT path FROM thumbexif_thumbnails WHERE id = '1' AND size = $_") } 200, 100;
is(sql("SELECT thumbexif_srcset(1, 'photos')"), "$second 100w, $first 200w", 'srcset');
is(sql("SELECT thumbexif_srcset(1, 'photos', 'https://example.org/t/')"),
	join(', ', map { 'https://example.org/t/' . $_->[0] =~ s/^\Q$server->{thumbnails}\E\///r . " $_->[1]" } [ $second, '100w' ], [ $first, '200w' ]), 'srcset with a base');
like(sql("SELECT thumbexif_srcset(6, 'photos', '')"), qr/^\S+ 30w$/, 'a width is named once');
is(sql("SELECT thumbexif_srcset(77, 'photos') IS NULL"), 't', 'of no row there is none');

# what thumbexif_api() makes names them all
sub urls
{
	my $call = shift;

	return sql("SELECT string_agg(concat_ws(' ', t->'size', t->'width', t->'height', t->>'url'), ', ') FROM jsonb_array_elements(($call)->'thumbnails') t");
}
sql("SET client_min_messages = warning", "SELECT thumbexif_api('photos', 'api', base => 'https://example.org/t/')");
my $expected = join(', ', map { "$_->[0] https://example.org/t/" . $_->[1] =~ s/^\Q$server->{thumbnails}\E\///r } [ '100 100 67', $second ], [ '200 200 133', $first ]);
is(urls('api.photo(1)'), $expected, 'in the JSON of a photo');
is(urls('SELECT to_jsonb(p) FROM api.photos_search() p WHERE p.id = 1'), $expected, 'and in a search');
is(sql("SELECT thumbexif_thumbnail_urls(77, 'photos') IS NULL"), 't', 'of no row there are none');
sql('CREATE ROLE stranger');
like(failure("SET ROLE stranger; SELECT thumbexif_thumbnail_urls(1, 'photos')"), qr/permission denied for table photos/, 'nor for who may not read it');
sql('DROP SCHEMA api CASCADE', 'DROP ROLE stranger');

# --- one more, and one less

is(sql('SELECT stale FROM thumbexif_progress'), 0, 'nothing is stale');
sql("SELECT thumbexif_attach('photos', thumbnail_sizes => '200,100,400')");
is(sql('SELECT stale FROM thumbexif_progress'), 6, 'a size is added: all are stale');
is(sql("SELECT stale FROM thumbexif_state(1, 'photos')"), '{thumbnail}', 'each says so');
like(backfill('dry_run => true'), qr/Processed: 6, Updated: 6/, 'a dry run finds them');
is(sizes_of(1), '100:100x67 200:200x133', 'and makes none');
is(backfill(''), 'Processed: 6, Updated: 6', 'a backfill makes it');
is(sizes_of(1), '100:100x67 200:200x133 400:400x267', 'all three');
is(sql("SELECT thumbnail_path FROM photos WHERE id = 1"), $first, 'the first is as it was');
is(sql("SELECT path FROM thumbexif_thumbnails WHERE id = '1' AND size = 100"), $second, 'so is the second');
is(sql("SELECT thumbexif_file(1, 'photos', 400) = thumbexif_thumbnail('1.png', 400)"), 't', 'the third is made alone');
is(sql('SELECT stale FROM thumbexif_progress'), 0, 'nothing is stale');
check_files('one more');

sql("SELECT thumbexif_attach('photos', thumbnail_sizes => '200,400')");
is(sql('SELECT stale FROM thumbexif_progress'), 6, 'a size less: stale, too');
is(sql('SELECT thumbexif_clean(dry_run => true)'), 6, 'clean would remove its files');
is(sql('SELECT thumbexif_clean()'), 6, 'and does');
is(sizes_of(1), '200:200x133 400:400x267', 'two are left');
is(sql('SELECT stale FROM thumbexif_progress'), 0, 'nothing is stale');
is(backfill(''), 'Processed: 0, Updated: 0', 'nothing is to be done');
check_files('one less by clean');
sql("SELECT thumbexif_attach('photos', thumbnail_sizes => '200,100')");
is(sql("SELECT status FROM thumbexif_process(1, 'photos')"), 'done', 'one more and one less in one');
is(sizes_of(1), '100:100x67 200:200x133', 'by thumbexif_process()');
is(sql("SELECT thumbnail_path FROM photos WHERE id = 1"), $first, 'the first is as it was');
is(backfill(''), 'Processed: 5, Updated: 5', 'the others');
sql("SELECT thumbexif_attach('photos', thumbnail_sizes => '200')");
is(backfill(''), 'Processed: 6, Updated: 6', 'none but the first: no decoder is needed');
is(sql('SELECT count(*) FROM thumbexif_thumbnails'), 0, 'others are gone');
is(sql("SELECT thumbnail_path FROM photos WHERE id = 1"), $first, 'the first is as it was');
is(sql("SELECT thumbexif_file(1, 'photos', 200) = thumbexif_file(1, 'photos'), thumbexif_file(1, 'photos', 100) IS NULL"), 't|t', 'it has the name of its size');
is(sql("SELECT thumbexif_srcset(1, 'photos')"), $first, 'srcset is the path alone');
check_files('only the first');

my $content = slurp_file("$root/small.png");
my $before = sql("SELECT md5(thumbexif_file(6, 'photos'))");
write_file("$root/small.png", 'no picture any more');
is(sql("SELECT status FROM thumbexif_process(6, 'photos')"), 'unsupported', 'its file has changed, and is none now');
is(sql("SELECT md5(thumbexif_file(6, 'photos', 200)), stale FROM thumbexif_state(6, 'photos')"), "$before|{thumbnail,exif}", 'the former thumbnail still has its size');
is(sql("SELECT status FROM thumbexif_process(6, 'photos')"), 'unsupported', 'twice');
is(sql("SELECT md5(thumbexif_file(6, 'photos', 200))"), $before, 'it still has');
write_file("$root/small.png", $content);
is(sql("SELECT status FROM thumbexif_process(6, 'photos')"), 'done', 'the file is as it was');
is(sql("SELECT thumbexif_file(6, 'photos', 200) IS NOT NULL, stale FROM thumbexif_state(6, 'photos')"), 't|{}', 'nothing is stale');
check_files('only the first, again');

sql("SELECT thumbexif_attach('photos', thumbnail_sizes => '200,50')");
is(backfill(''), 'Processed: 6, Updated: 6', 'a second size');
is(sizes_of(1) . ' ' . sizes_of(6), '50:50x33 200:200x133 50:30x20 200:30x20', 'the first, which was the only one, is known, too');
is(sql("SELECT thumbnail_path FROM photos WHERE id = 1"), $first, 'and is as it was');
is(sql("SELECT count(*) FROM thumbexif_thumbnails t JOIN photos p ON p.id::text = t.id WHERE t.path = p.thumbnail_path AND t.bytes = (pg_stat_file(t.path)).size"), 6, 'its file, and its length');
is(sql("SELECT thumbexif_file(1, 'photos', 200) = thumbexif_file(1, 'photos')"), 't', 'it can be had');
check_files('a second size');

# another first one makes all again; the setting counts where a table has no list
sql("SELECT thumbexif_attach('photos', thumbnail_sizes => '')", "ALTER SYSTEM SET thumbexif.thumbnail_sizes = '100, 200'");
$server->reload;
is(sql('SELECT thumbnail_sizes IS NULL FROM thumbexif_tables'), 't', 'no list of its own');
is(backfill(''), 'Processed: 6, Updated: 6', 'the setting counts');
is(sizes_of(1), '100:100x67 200:200x133', 'both are made');
isnt(sql("SELECT thumbnail_path FROM photos WHERE id = 1"), $first, 'and the row has the new first one');
check_files('another first one');

# --- files that are lost, a file that has changed

my $lost = sql("SELECT path FROM thumbexif_thumbnails WHERE id = '2' AND size = 200");
unlink $lost or die "unlink: $!";
like(failure("SELECT thumbexif_file(2, 'photos', 200)"), qr/thumbnail file "\Q$lost\E" does not exist.*HINT:  thumbexif_process/s, 'a file is lost');
is(backfill(''), 'Processed: 0, Updated: 0', 'a backfill does not look');
is(backfill('verify => true'), 'Processed: 1, Updated: 1', 'with verify it does');
is(sql("SELECT thumbexif_file(2, 'photos', 200) IS NOT NULL"), 't', 'it is there again');
unlink sql("SELECT path FROM thumbexif_thumbnails WHERE id = '3' AND size = 200") or die "unlink: $!";
is(sql("SELECT status FROM thumbexif_process(3, 'photos')"), 'done', 'thumbexif_process() looks, too');
check_files('lost files');
write_file("$root/4.png", tiny_picture(width => 1000, height => 1000));
is(sql("SELECT status FROM thumbexif_process(4, 'photos')"), 'done', 'a file has changed');
is(sizes_of(4), '100:100x100 200:200x200', 'all sizes are made of the new one');
write_file("$root/4.png", 'no picture any more');
is(sql("SELECT status FROM thumbexif_process(4, 'photos')"), 'unsupported', 'and once more');
is(sizes_of(4), '100:100x100 200:200x200', 'what there was is kept');
check_files('changed files');

# --- keys, deleted rows

sql('UPDATE photos SET id = 104 WHERE id = 4');
is(sizes_of(104), '100:100x100 200:200x200', 'they move with the key');
is(sql("SELECT thumbexif_file(104, 'photos', 200) IS NOT NULL"), 't', 'and can be had');
check_files('moved');
sql('DELETE FROM photos WHERE id IN (104, 5)');
is(sizes_of(104), '', 'they go with the row');
check_files('deleted');
sql('ALTER TABLE photos DISABLE TRIGGER ALL', 'DELETE FROM photos WHERE id = 3', 'ALTER TABLE photos ENABLE TRIGGER ALL');
is(sql('SELECT thumbexif_clean(dry_run => true)'), 2, 'a row that went unnoticed');
is(sql('SELECT thumbexif_clean()'), 2, 'clean removes both');
check_files('cleaned');

# --- failures leave no file

my @before = files();
sql("BEGIN; SELECT thumbexif_process(1, 'photos', force => true); ROLLBACK");
is_deeply([ files() ], \@before, 'a rollback removes all');
sql(q{CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$},
	'CREATE TRIGGER refuse BEFORE UPDATE OF thumbnail_path ON photos FOR EACH ROW EXECUTE FUNCTION refuse()', 'UPDATE photos SET path = path',
	q{INSERT INTO photos (path) VALUES ('5.png')});
is(backfill(''), 'Processed: 1, Updated: 0', 'a table that refuses the row');
check_files('refused');
sql('DROP TRIGGER refuse ON photos', "SELECT thumbexif_retry_all('failed')");
is(backfill(''), 'Processed: 1, Updated: 1', 'then it does not');

# files of transactions that a crash has ended
my $session = TestSession->new($server);
$session->query("BEGIN; SELECT thumbexif_process(1, 'photos', force => true)");
cmp_ok(scalar files(), '>', @before, 'a transaction has written files');
$server->stop('immediate');
$server->start;
sql('SELECT pg_current_xact_id()') foreach 1 .. 3;	# so that its transaction id is an old one
check_files('after a crash');

# --- full disk

{
	my $full = PostgreSQL::Test::Utils::tempdir() . '/full';
	my $count = files();

	$server->stop;
	local $ENV{LD_PRELOAD} = "$ENV{TE_SCRATCH}/build/shim_full_disk.so";
	local $ENV{FULL_DISK_FOLDER} = "$server->{thumbnails}/";
	local $ENV{FULL_DISK_WHEN} = $full;
	$server->start;
	append_to_file($full, '');
	like(failure("SELECT thumbexif_process(1, 'photos', force => true)"), qr/No space left on device/, 'the disk is full');
	like(failure("SET thumbexif.thumbnail_quality = 50; CALL thumbexif_backfill()"), qr/No space left on device/, 'also for a backfill');
	unlink $full;
	is(scalar files(), $count, 'nothing is left of it');
	is(sql("SELECT status FROM thumbexif_process(1, 'photos', force => true)"), 'done', 'there is room again');
	check_files('after a full disk');
}

# --- rights

sql('CREATE ROLE viewer', 'GRANT SELECT (id, thumbnail_path) ON photos TO viewer',
	'GRANT EXECUTE ON FUNCTION thumbexif_file(bigint, regclass, integer), thumbexif_srcset(bigint, regclass, text) TO viewer',
	'GRANT SELECT ON thumbexif_thumbnails TO viewer');
is(sql("SET ROLE viewer; SELECT thumbexif_file(1, 'photos', 200) IS NOT NULL, thumbexif_srcset(1, 'photos') IS NOT NULL"), 't|t', 'who may read the row may read all sizes');
is(sql('SET ROLE viewer; SELECT count(*) FROM thumbexif_thumbnails'), 0, 'who may not read all columns does not see them in the view');
sql('GRANT SELECT ON photos TO viewer');
is(sql("SET ROLE viewer; SELECT count(*) FROM thumbexif_thumbnails WHERE id = '1'"), 2, 'others do');
sql('ALTER TABLE photos ENABLE ROW LEVEL SECURITY', 'CREATE POLICY visible ON photos FOR SELECT TO viewer USING (id <> 1)');
is(sql("SET ROLE viewer; SELECT thumbexif_file(1, 'photos', 200) IS NULL, thumbexif_srcset(1, 'photos') IS NULL, thumbexif_file(2, 'photos', 200) IS NOT NULL, thumbexif_srcset(2, 'photos') IS NOT NULL"),
	't|t|t|t', 'row security hides all sizes');
is(sql('SET ROLE viewer; SELECT count(*) FROM thumbexif_thumbnails'), 0, 'and the table in the view');
sql('ALTER TABLE photos DISABLE ROW LEVEL SECURITY', 'REVOKE SELECT ON photos FROM viewer', 'REVOKE SELECT (id, thumbnail_path) ON photos FROM viewer');
like(failure("SET ROLE viewer; SELECT thumbexif_srcset(1, 'photos')"), qr/permission denied for table photos/, 'who may not read the row gets nothing');
like(failure("SET ROLE viewer; SELECT FROM thumbexif_internal.thumbexif_thumbnail"), qr/permission denied/, 'nor the table itself');

# --- other kinds of keys

sql(q{CREATE TABLE codes (code text PRIMARY KEY, path text, thumbnail_path text)}, q{CREATE TABLE marks (mark uuid PRIMARY KEY, path text, thumbnail_path text)},
	q{SELECT thumbexif_attach('codes', id => 'code')}, q{SELECT thumbexif_attach('marks', id => 'mark')},
	q{INSERT INTO codes VALUES ('a b/ü', '1.png')}, q{INSERT INTO marks VALUES ('d3b07384-d9a0-4c9b-8a3b-0242ac120002', '2.png')},
	q{SELECT thumbexif_process('a b/ü', 'codes'), thumbexif_process('d3b07384-d9a0-4c9b-8a3b-0242ac120002', 'marks')});
is(sql("SELECT width FROM thumbexif_info(thumbexif_file('a b/ü', 'codes', 200))"), 200, 'a text');
is(sql("SELECT width FROM thumbexif_info(thumbexif_file('d3b07384-d9a0-4c9b-8a3b-0242ac120002', 'marks', 200))"), 200, 'a uuid');
sql(q{UPDATE codes SET code = 'other'}, q{UPDATE marks SET mark = 'd3b07384-d9a0-4c9b-8a3b-0242ac120003'});
is(sizes_of('other') . sizes_of('d3b07384-d9a0-4c9b-8a3b-0242ac120003'), '100:100x67 200:200x133' x 2, 'both move with their keys');

# --- dump and restore

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$server->command_ok([ 'pg_dump', '-f', $dump, $server->connstr('postgres') ], 'dump');
sql('CREATE DATABASE restored TEMPLATE template0');
$server->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $server->connstr('restored'), '-f', $dump ], 'restore');
my $all = q{SELECT string_agg(t::text, ';' ORDER BY relation::text, id, size) FROM thumbexif_thumbnails t};
is($server->safe_psql('restored', $all), sql($all), 'all sizes are in it');
is($server->safe_psql('restored', "SELECT thumbexif_file(1, 'photos', 200) IS NOT NULL"), 't', 'and can be had');
is($server->safe_psql('restored', 'SELECT thumbexif_clean()'), 0, 'clean of the copy removes nothing');
sql('DROP DATABASE restored');

# --- the end of a table

sql('TRUNCATE codes');
is(sizes_of('other'), '', 'TRUNCATE');
sql('DROP TABLE marks');
is(sql("SELECT count(*) FROM thumbexif_internal.thumbexif_thumbnail_uuid"), 0, 'DROP TABLE');
my $kept = sql('SELECT count(thumbnail_path) FROM photos');
sql("SELECT thumbexif_detach('photos')", "SELECT thumbexif_detach('codes')");
is(sql('SELECT count(*) FROM thumbexif_internal.thumbexif_thumbnail'), 0, 'detach');
sql('SELECT thumbexif_clean()');
is_deeply([ files() ], [ sort split /\n/, sql('SELECT thumbnail_path FROM photos') ], 'leaves the files that rows name, and no other');
cmp_ok($kept, '>', 0, 'of which there are some');
done_testing();
