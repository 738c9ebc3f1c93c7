# Damaged images, thumbnails in rows and in several sizes, facts and sidecars: what each of them promises holds with the others, and nothing
# stays stale.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = PostgreSQL::Test::Utils::tempdir() . '/photos';
mkdir $root or die "mkdir: $!";
my $server = new_server('together', roots => $root, config => "autovacuum = off\nthumbexif.damaged_images = show\n");
my $clock = 1_700_000_000;

# put(PICTURE, NAME, PART): put the beginning of a picture of the test set in place of a file, with another mtime each time
sub put
{
	my ($picture, $name, $part) = @_;
	my $content = slurp_file(pictures_dir() . "/$picture");

	unlink "$root/$name";
	append_to_file("$root/$name", substr($content, 0, int(length($content) * $part)));
	utime $clock, $clock, "$root/$name";
	$clock += 10;
	return;
}

sub sql { return $server->safe_psql('postgres', join(";\n", 'SET client_min_messages = error', @_)) }

sub strictly { return sql("SET thumbexif.damaged_images = 'fail'", @_) }

# what a table's assets are: "id status sizes, ...", with a * for damage
sub assets
{
	my $table = shift;
	return sql("SELECT string_agg(concat_ws(' ', r.id, s.status, s.damage IS NOT NULL, t.sizes), ', ' ORDER BY r.id)
		FROM $table r CROSS JOIN LATERAL thumbexif_state(r.id, '$table') s
		LEFT JOIN (SELECT id, string_agg(size || ':' || width || 'x' || height, ' ' ORDER BY size) AS sizes FROM thumbexif_thumbnails
			WHERE relation = '$table'::regclass GROUP BY id) t ON t.id = r.id::text");
}

# Nothing is stale, and a backfill, which looks at all files, finds nothing to do.
sub settled
{
	my ($table, $what) = @_;
	is(sql("SELECT stale FROM thumbexif_progress WHERE relation = '$table'::regclass"), '0', "$what: none is counted as stale");
	is(sql("SELECT count(*) FROM $table r CROSS JOIN LATERAL thumbexif_state(r.id, '$table') s WHERE s.stale <> '{}' AND s.status = 'done'"), '0', "$what: none is");
	is(sql("CALL thumbexif_backfill(relation => '$table', verify => true)"), '0|0|0|0', "$what: nothing is to be done");
	return;
}

put('photo.jpg', 'half.jpg', 0.6);
put('photo.jpg', 'whole.jpg', 1);
put('truncated.png', 'half.png', 1);

# The columns are the table's, so that the same is asked of both ways to store thumbnails.
foreach my $in_rows (0, 1)
{
	my $table = $in_rows ? 'in_rows' : 'in_files';
	my $way = $in_rows ? 'in rows' : 'in files';
	my $bytes = "SELECT string_agg(coalesce(md5(thumbexif_file(id, '$table')), '-'), ' ' ORDER BY id) FROM $table";

	sql("SELECT thumbexif_attach('$table', create_table => true, thumbnail_sizes => '100,256', file_hash => 'file_hash'" . ($in_rows ? ", thumbnail => 'thumb', thumbnail_path => ''" : '') . ')');
	sql("INSERT INTO $table (id, path) VALUES (1, 'half.jpg'), (2, 'whole.jpg'), (3, 'half.png')");
	is(sql("CALL thumbexif_backfill(relation => '$table')"), '3|3|0|0', "$way: damaged images in two sizes");
	like(assets($table), qr/^1 done t 100:100x75 256:256x192, 2 done f 100:100x75 256:256x192, 3 done t 100:\d+x\d+ 256:\d+x\d+$/, "$way: have both");
	is(sql("SELECT count(thumbhash), count(picture_hash), count(file_hash), count(*) FILTER (WHERE camera_model = 'Fictor X100') FROM $table"), '3|3|3|2', "$way: and all facts");
	is(sql("SELECT count(*) FROM $table WHERE file_hash <> sha256(pg_read_binary_file('$root/' || path))"), '0', "$way: the hash of the damaged file");
	is(sql("SELECT count(*) FROM $table r, thumbexif_info(thumbexif_file(r.id, '$table', 256)) i, thumbexif_thumbnails t
		WHERE t.id = r.id::text AND t.size = 256 AND t.relation = '$table'::regclass AND (i.width, i.height) = (t.width, t.height)"), '3', "$way: the second size can be had");
	like(sql("SELECT thumbexif_srcset(1, '$table', '/')"), qr/ 100w, \S+ 256w$/, "$way: srcset");
	settled($table, $way);

	# the placeholder is that of the first size, whichever others there are
	my $hashes = "SELECT string_agg(encode(thumbhash, 'hex') || ' ' || picture_hash, ', ' ORDER BY id) FROM $table";
	my $before = sql($hashes);
	my $thumbnails = sql($bytes);
	sql("SELECT thumbexif_attach('$table', thumbnail_sizes => '100,256,200')");
	is(sql("SELECT stale FROM thumbexif_progress WHERE relation = '$table'::regclass"), '3', "$way: a size is added");
	is(sql("CALL thumbexif_backfill(relation => '$table')"), '3|3|0|0', "$way: and made");
	like(assets($table), qr/^1 done t 100:100x75 200:200x150 256:256x192, 2 done f 100:100x75 200:200x150 256:256x192, 3 done t 100:\S+ 200:\S+ 256:\S+$/, "$way: of damaged images, too");
	is(sql($hashes), $before, "$way: hashes are as they were");
	is(sql($bytes), $thumbnails, "$way: and the thumbnails of rows");
	settled($table, "$way, one more");

	# one less, by clean, keeps the damage
	sql("SELECT thumbexif_attach('$table', thumbnail_sizes => '100,200')", 'SELECT thumbexif_clean()');
	like(assets($table), qr/^1 done t 100:100x75 200:200x150, 2 done f 100:100x75 200:200x150, 3 done t/, "$way: one less");
	settled($table, "$way, one less");

	# only the first, and a second one again, which needs the measure of the first
	sql("SELECT thumbexif_attach('$table', thumbnail_sizes => '100')", "CALL thumbexif_backfill(relation => '$table')");
	is(assets($table), '1 done t, 2 done f, 3 done t', "$way: only the first");
	settled($table, "$way, only the first");
	sql("SELECT thumbexif_attach('$table', thumbnail_sizes => '100,150')", "CALL thumbexif_backfill(relation => '$table')");
	like(assets($table), qr/^1 done t 100:100x75 150:150x113, 2 done f 100:100x75 150:150x113, 3 done t 100:\S+ 150:\S+$/, "$way: a second one");
	is(sql($bytes), $thumbnails, "$way: the thumbnails of rows are those of before");
	is(sql($hashes), $before, "$way: so are the hashes");
	settled($table, "$way, a second one");

	# shown no more: a failure erases nothing
	my $all = "SELECT md5(string_agg(r::text, '' ORDER BY id)) FROM $table r";
	my $rows = sql($all);
	is(strictly("SELECT stale FROM thumbexif_progress WHERE relation = '$table'::regclass"), '2', "$way: damaged ones are stale where they fail");
	is(strictly("CALL thumbexif_backfill(relation => '$table')"), '2|0|0|2', "$way: they fail");
	is(sql($all), $rows, "$way: their rows stay as they are");
	like(assets($table), qr/^1 failed t 100:100x75 150:150x113, 2 done f \S+ \S+, 3 failed t 100:\S+ 150:\S+$/, "$way: and their sizes");
	is(strictly("CALL thumbexif_backfill(relation => '$table', verify => true)"), '0|0|0|0', "$way: and that was all");
	sql("SELECT thumbexif_attach('$table', thumbnail_sizes => '100,150,50')");
	is(strictly("CALL thumbexif_backfill(relation => '$table')"), '3|1|0|2', "$way: one more size while they fail");
	is(strictly("CALL thumbexif_backfill(relation => '$table', verify => true)"), '0|0|0|0', "$way: they are tried once");
	is(strictly("SELECT stale FROM thumbexif_progress WHERE relation = '$table'::regclass"), '0', "$way: failures are not stale");
	is(sql("CALL thumbexif_backfill(relation => '$table')"), '2|2|0|0', "$way: shown again");
	like(assets($table), qr/^1 done t 50:50x38 100:100x75 150:150x113, 2 done f 50:50x38 100:100x75 150:150x113, 3 done t 50:/, "$way: with the size that was added meanwhile");
	is(sql($hashes), $before, "$way: with the same hashes");
	settled($table, "$way, shown again");
}

# --- a sidecar of a damaged image is read, and makes no thumbnail anew

my $xmp = q{<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='%d'/></rdf:RDF></x:xmpmeta>};
my $first = sql("SELECT thumb || thumbhash FROM in_rows WHERE id = 1");
write_file("$root/half.jpg.xmp", sprintf($xmp, 4));
is(sql("CALL thumbexif_backfill(relation => 'in_rows', verify => true)"), '1|1|0|0', 'a sidecar of a damaged image');
is(sql('SELECT rating, camera_model FROM in_rows WHERE id = 1'), '4|Fictor X100', 'is read');
is(sql('SELECT thumb || thumbhash FROM in_rows WHERE id = 1'), $first, 'and the thumbnail stays');
like(sql("SELECT damage FROM thumbexif_state(1, 'in_rows')"), qr/^image data ends too early/, 'with the damage');
settled('in_rows', 'a sidecar');

# both at once, also where damaged images fail: their facts are written, and the thumbnail's stay
put('no-offset.jpg', 'half.jpg', 0.5);
write_file("$root/half.jpg.xmp", sprintf($xmp, 2));
is(strictly("CALL thumbexif_backfill(relation => 'in_rows', verify => true)"), '2|0|0|2', 'another damaged file with another sidecar fails');
is(sql('SELECT rating, camera_model, thumb || thumbhash FROM in_rows WHERE id = 1'), "2|Fictor X200|$first", 'EXIF and sidecar are written, and the thumbnail with its hash stays');
is(sql("CALL thumbexif_backfill(relation => 'in_rows')"), '2|1|1|0', 'shown');
isnt(sql('SELECT thumbhash FROM in_rows WHERE id = 1'), '', 'it has a hash');
isnt(sql('SELECT thumb || thumbhash FROM in_rows WHERE id = 1'), $first, 'which is the new one');
is(sql("SELECT status, damage IS NOT NULL FROM thumbexif_state(1, 'in_rows')"), 'done|t', 'and its damage');
settled('in_rows', 'both');

# --- another column for a hash: thumbnails are made anew, in which there are all sizes until then

sql('ALTER TABLE in_rows ADD COLUMN placeholder bytea', "SELECT thumbexif_attach('in_rows', thumbhash => 'placeholder')", "SELECT thumbexif_attach('in_rows')");
is(sql("SELECT stale FROM thumbexif_progress WHERE relation = 'in_rows'::regclass"), '3', 'another column for a hash: all are stale');
is(sql("SELECT count(thumbexif_file(id, 'in_rows', 100)), count(thumbexif_file(id, 'in_rows', 50)) FROM in_rows"), '3|3', 'and have what they had');
is(sql("CALL thumbexif_backfill(relation => 'in_rows')"), '3|3|0|0', 'they are made anew');
is(sql('SELECT count(*) FROM in_rows WHERE placeholder = thumbhash'), '3', 'with their hashes');
settled('in_rows', 'another column');

# --- from rows to files and back, of damaged images in several sizes

foreach my $to ([ '', 'thumbnail_path', 'file' ], [ 'thumb', '', 'row' ])
{
	sql('ALTER TABLE in_rows ADD COLUMN IF NOT EXISTS thumbnail_path text');
	sql("SELECT thumbexif_attach('in_rows', thumbnail => '$to->[0]', thumbnail_path => 'thumbnail_path')");
	is(sql("CALL thumbexif_backfill(relation => 'in_rows')"), '3|3|0|0', "to $to->[2]s");
	is(sql('SELECT count(thumb), count(thumbnail_path), count(thumbhash) FROM in_rows'), $to->[2] eq 'row' ? '3|0|3' : '0|3|3', "all are in $to->[2]s");
	is(sql("SELECT count(DISTINCT t.size) FROM thumbexif_thumbnails t JOIN in_rows r ON r.id::text = t.id WHERE t.relation = 'in_rows'::regclass AND thumbexif_file(r.id, 'in_rows', t.size) IS NOT NULL"), '3', 'in all sizes');
	settled('in_rows', "in $to->[2]s");
}

$server->stop;
done_testing();
