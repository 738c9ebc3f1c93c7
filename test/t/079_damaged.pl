# Damaged images: they fail, or what is left of them is shown (thumbexif.damaged_images), and their EXIF is written in both cases.
use strict;
use warnings;

use File::Copy;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = PostgreSQL::Test::Utils::tempdir() . '/photos';
mkdir $root or die;
my $server = new_server('damaged', roots => $root);
my $clock = 1_700_000_000;

sub sql { return $server->safe_psql('postgres', 'SET client_min_messages = error; ' . shift) }

sub show { return sql("SET thumbexif.damaged_images = 'show'; " . shift) }

# put(PICTURE, NAME, PART): put a part of a picture of the test set in place of a file, with another mtime each time.  PART 0: of a JPEG, what
# comes before its pixels, and some bytes of these.
sub put
{
	my ($picture, $name, $part) = @_;
	my $content = slurp_file(pictures_dir() . "/$picture");

	$part = (index($content, "\xFF\xDA") + 40) / length($content) if $part == 0;
	unlink "$root/$name";
	append_to_file("$root/$name", substr($content, 0, int(length($content) * $part)));
	utime $clock, $clock, "$root/$name";
	$clock += 10;
	return;
}

sub row
{
	my $id = shift;
	return sql("SELECT concat_ws('|', s.status, camera_model, round(gps_latitude::numeric, 2), (taken_at AT TIME ZONE 'UTC')::date, width,
			exif_metadata IS NOT NULL, thumbnail_path IS NOT NULL)
		FROM shots JOIN thumbexif_internal.thumbexif_asset_bigint s USING (id) WHERE id = $id");
}

sub thumbnail { return sql('SELECT thumbnail_path FROM shots WHERE id = ' . shift) }

my $ends = 'image data ends too early';

sql("SELECT thumbexif_attach('shots', create_table => true)");
put('photo.jpg', 'half', 0.6);
put('photo.jpg', 'whole', 1);
put('photo.jpg', 'head', 0);
put('corrupt.jpg', 'corrupt', 1);
put('text.jpg', 'text', 1);
sql("INSERT INTO shots (id, path) VALUES (1, 'half'), (2, 'whole'), (3, 'head'), (4, 'corrupt'), (5, 'text')");

# --- by default they fail, but their EXIF is written
is(sql('CALL thumbexif_backfill()'), '5|1|0|4', 'damaged images fail');
is(row(1), 'failed|Fictor X100|48.86|2024-05-06|320|t|f', 'with their EXIF in the row');
is(row(3), 'failed|Fictor X100|48.86|2024-05-06|320|t|f', 'and if nothing is left but that');
is(row(4), 'failed|320|t|f', 'of one without a camera, the rest of it');
is(row(5), 'unsupported|f|f', 'what is no image has none');
like(sql("SELECT error FROM thumbexif_failures WHERE id = '1'"), qr/^$ends: \S/, 'the reason is told');
is(sql("SELECT stale, damage IS NULL FROM thumbexif_state(1, 'shots')"), '{thumbnail}|t', 'EXIF is not stale');
is(sql('CALL thumbexif_backfill()'), '0|0|0|0', 'they are not tried again');
like(($server->psql('postgres', q{SELECT thumbexif_thumbnail('half')}))[2], qr/ERROR:  $ends/, 'functions on one image fail, too');
my $whole = thumbnail(2);

# --- shown: those that failed for it are tried again, and no others
is(show("SELECT count(*) FROM thumbexif_progress WHERE stale <> 0"), '0', 'no thumbnail is stale for the setting');
is(show('CALL thumbexif_backfill(dry_run => true)'), '3|2|0|1', 'damaged images are tried again');
is(show('CALL thumbexif_backfill()'), '3|2|0|1', 'by a backfill');
is(row(1), 'done|Fictor X100|48.86|2024-05-06|320|t|t', 'what is left is the thumbnail');
is(row(4), 'done|320|t|t', 'also of a corrupt one');
is(row(3), 'failed|Fictor X100|48.86|2024-05-06|320|t|f', 'one of which nothing is left fails as before');
is(row(5), 'unsupported|f|f', 'what is no image is not tried');
is(thumbnail(2), $whole, 'the intact one keeps its thumbnail');
like(sql("SELECT damage FROM thumbexif_state(1, 'shots')"), qr/^$ends: \S/, 'the state tells the damage');
is(sql("SELECT string_agg(concat_ws(' ', id, path, status, split_part(error, ':', 1)), ', ' ORDER BY id) FROM thumbexif_failures"),
	"1 half done $ends, 3 head failed $ends, 4 corrupt done image data is corrupt, 5 text unsupported file is not an image of a supported format", 'so does the view of failures');
is(show("SELECT width, height FROM thumbexif_info(thumbexif_file(1, 'shots'))"), '256|192', 'the thumbnail has its size');
is(show('CALL thumbexif_backfill(verify => true)'), '0|0|0|0', 'none is tried again');
is(show('SELECT done, failed, stale FROM thumbexif_progress'), '3|2|0', 'and none is stale');
is(show("SELECT thumbexif_thumbnail('half') = thumbexif_file(1, 'shots')"), 't', 'a function on one image shows the same');
my ($status, $out, $err) = $server->psql('postgres', "SET thumbexif.damaged_images = 'show'; SELECT thumbexif_thumbnail('half') IS NOT NULL");
like($err, qr/WARNING:  image is damaged: $ends: .*DETAIL:  The image is "half"/s, 'with a warning');
like(($server->psql('postgres', q{SELECT thumbexif_info('half', hashes => true)}))[2], qr/ERROR:  $ends/, 'hashes are those of whole images');
is(sql(q{SELECT width, camera_model, thumbhash IS NULL FROM thumbexif_info('half')}), '320|Fictor X100|t', 'other facts need no pixels');
($status, $out, $err) = $server->psql('postgres', "SET thumbexif.damaged_images = 'show'; SELECT h.width, h.camera_model, h.file_hash = sha256(pg_read_binary_file('$root/half')),
	h.thumbhash <> w.thumbhash, h.picture_hash <> w.picture_hash FROM thumbexif_info('half', hashes => true) h, thumbexif_info('whole', hashes => true) w");
is($out, '320|Fictor X100|t|t|t', 'of what is left there are hashes, too');
like($err, qr/WARNING:  image is damaged: $ends: .*DETAIL:  The image is "half"/s, 'with a warning');
($status, $out, $err) = $server->psql('postgres', "SET thumbexif.damaged_images = 'show'; SELECT status, error, damage FROM thumbexif_process(1, force => true)");
like($out, qr/^done\|\|$ends: \S/, 'thumbexif_process() returns the damage');
like($err, qr/WARNING:  asset 1 is damaged: $ends.*DETAIL:  The thumbnail of "half" shows what is left.*HINT:  Replace/s, 'and warns');
is(show("SELECT damage IS NULL FROM thumbexif_process(2, force => true)"), 't', 'an intact one has none');
is(show("SET thumbexif.exif_gps = off; CALL thumbexif_backfill()"), '5|3|0|2', 'EXIF is read again');
like(sql("SELECT damage FROM thumbexif_state(1, 'shots')"), qr/^$ends: \S/, 'the damage stays');
show('CALL thumbexif_backfill()');
my $shown = thumbnail(1);

# --- not any more: these thumbnails are stale, fail, and stay
is(sql('SELECT done, failed, stale FROM thumbexif_progress'), '3|2|2', 'thumbnails of damaged images are stale');
is(sql("SELECT status, stale FROM thumbexif_state(1, 'shots')"), 'done|{thumbnail}', 'the state tells it');
is(sql('CALL thumbexif_backfill()'), '2|0|0|2', 'they fail');
is(row(1), 'failed|Fictor X100|48.86|2024-05-06|320|t|t', 'a failure erases nothing');
is(thumbnail(1), $shown, 'the row keeps its thumbnail');
ok(-s $shown, 'which is there');
is(sql('CALL thumbexif_backfill(verify => true)'), '0|0|0|0', 'and that was all');
is(show('CALL thumbexif_backfill()'), '2|0|2|0', 'shown again');
is(thumbnail(1) . ' ' . row(1), "$shown done|Fictor X100|48.86|2024-05-06|320|t|t", 'they are done, with what they had');
is(sql('SELECT stale FROM thumbexif_progress'), '2', 'and known to be damaged');

# the same with a format that has no quality
my $png = "SET thumbexif.thumbnail_format = 'png'; ";
is(show($png . 'CALL thumbexif_backfill()'), '5|3|0|2', 'PNGs of damaged images');
is(sql($png . 'SELECT stale FROM thumbexif_progress'), '2', 'are stale in the same way');
is(show($png . 'SELECT stale FROM thumbexif_progress'), '0', 'or not');
show('CALL thumbexif_backfill()');

# --- repaired
put('photo.jpg', 'half', 1);
is(show('CALL thumbexif_backfill(verify => true)'), '1|1|0|0', 'a file is repaired');
is(sql("SELECT status, damage IS NULL, stale FROM thumbexif_state(1, 'shots')"), 'done|t|{}', 'it is damaged no longer');
is(sql("SELECT count(*) FROM thumbexif_failures WHERE id = '1'"), '0', 'and no failure');
put('photo.jpg', 'half', 0.5);
is(show('SELECT status, damage IS NOT NULL FROM thumbexif_process(1)'), 'done|t', 'and damaged anew');

# --- EXIF of a failure: another file's replaces, NULLs included; the first one's does not
put('no-offset.jpg', 'half', 0.6);
is(sql('CALL thumbexif_backfill(verify => true)'), '2|0|0|2', 'another damaged file, which fails');
is(row(1), 'failed|Fictor X200|2022-02-03|320|t|t', 'its EXIF replaces all that was of the old one');
is(sql("SELECT status, split_part(error, ':', 1), camera_model FROM thumbexif_process(1, force => true)"), "failed|$ends|Fictor X200", 'as with thumbexif_process()');
unlink "$root/half";
write_file("$root/half", substr(tiny_picture(width => 60, height => 40), 0, -20));	# of the test set's, some libvips give theirs EXIF
utime $clock, $clock, "$root/half";
$clock += 10;
is(sql('CALL thumbexif_backfill(verify => true)'), '1|0|0|1', 'one without EXIF, which fails');
is(row(1), 'failed|Fictor X200|2022-02-03|320|t|t', 'changes nothing');
put('no-offset.jpg', 'first', 0.6);
sql("INSERT INTO shots (id, path, gps_latitude, width) VALUES (6, 'first', 0.0, 7); CALL thumbexif_backfill()");
is(row(6), 'failed|Fictor X200|0.00|2022-02-03|320|t|f', 'the first examination erases nothing');

# --- a row that the table refuses is not written in another way
sql("ALTER TABLE shots ADD CHECK (camera_model <> 'Fictor X100') NOT VALID");
put('photo.jpg', 'refused', 0.6);
sql("INSERT INTO shots (id, path) VALUES (7, 'refused'); CALL thumbexif_backfill()");
is(row(7), 'queued|f|f', 'EXIF that is refused is not written, and tried again');
like(sql("SELECT error FROM thumbexif_failures WHERE id = '7'"), qr/^row could not be updated: /, 'with the reason');

# --- the worker
my $worker = new_server('worker', roots => $root, preload => 1, config => "thumbexif.damaged_images = show\n");
$worker->safe_psql('postgres', "SELECT thumbexif_attach('shots', create_table => true)");
$worker->safe_psql('postgres', "INSERT INTO shots (id, path) VALUES (1, 'corrupt')");
wait_for($worker, 'the worker shows it', 'SELECT status FROM thumbexif_internal.thumbexif_asset_bigint WHERE damage IS NOT NULL', 'done');
$worker->stop;

$server->stop;
done_testing();
