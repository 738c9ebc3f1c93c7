# What is written into the user's rows: good data stays whatever goes wrong, another file's data does not.
use strict;
use warnings;

use File::Copy;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;

my $root = PostgreSQL::Test::Utils::tempdir() . '/photos';
mkdir $root or die;
my $server = new_server('writing', roots => $root);
my $clock = 1_700_000_000;

sub sql { return $server->safe_psql('postgres', shift) }

# Put a picture of the test set in place of a file, with another mtime each time.
sub put
{
	my ($picture, $name) = @_;

	copy($picture =~ m{^/} ? $picture : pictures_dir() . "/$picture", "$root/$name") or die "$picture: $!";
	utime $clock, $clock, "$root/$name";
	$clock += 10;
	return;
}

sub row
{
	my $id = shift;
	return sql("SELECT concat_ws('|', s.status, camera_model, round(gps_latitude::numeric, 2), (taken_at AT TIME ZONE 'UTC')::date,
			exif_metadata IS NOT NULL, thumbnail_path IS NOT NULL)
		FROM shots JOIN thumbexif_internal.thumbexif_asset_bigint s USING (id) WHERE id = $id");
}

sub thumbnail { return sql('SELECT thumbnail_path FROM shots WHERE id = ' . shift) }

sub verify { return sql("SET client_min_messages = error; CALL thumbexif_backfill(verify => true)") }

sql("SELECT thumbexif_attach('shots', create_table => true)");

# --- the first examination writes only what it has found
put('photo.gif', 'a');
put('photo.jpg', 'b');
sql("INSERT INTO shots (id, path, camera_model, gps_latitude) VALUES (1, 'a', 'mine', 0.0), (2, 'b', 'mine', 0.0)");
sql('CALL thumbexif_backfill()');
is(row(1), 'done|mine|0.00|f|t', 'no EXIF: what the row had stays');
is(row(2), 'done|Fictor X100|48.86|2024-05-06|t|t', 'what is found is written');

# --- another file: a backfill finds it with verify only, thumbexif_process() always
my $first = thumbnail(2);
put('no-offset.jpg', 'b');
is(sql('CALL thumbexif_backfill()'), '0|0|0|0', 'without verify no file is looked at');
is(verify(), '1|1|0|0', 'with verify the changed one is found');
is(row(2), 'done|Fictor X200|2022-02-03|t|t', 'the old position has gone');
isnt(thumbnail(2), $first, 'and the thumbnail is a new one');
ok(!-e $first, 'whose predecessor is unlinked');
is(verify(), '0|0|0|0', 'and that was all');
put('photo.gif', 'b');
is(sql('SELECT status FROM thumbexif_process(2)'), 'done', 'thumbexif_process() sees a change by itself');
is(row(2), 'done|f|t', 'nothing of ours of the old file is left');
put('photo.gif', 'a');
verify();
is(row(1), 'done|mine|0.00|f|t', 'but what was never ours stays');

# --- a failure changes nothing, and is not forgotten either: the next success replaces
put('photo.jpg', 'b');
verify();
$first = thumbnail(2);
my $cut = PostgreSQL::Test::Utils::tempdir() . '/cut.png';
write_file($cut, substr(tiny_picture(width => 60, height => 40), 0, -20));	# pictures that newer releases of libvips write have EXIF
put($cut, 'b');
is(verify(), '1|0|0|1', 'a damaged file without EXIF in its place');
is(row(2), 'failed|Fictor X100|48.86|2024-05-06|t|t', 'all is as it was');
is(thumbnail(2), $first, 'the thumbnail too');
ok(-s $first, 'which is there');
is(verify(), '0|0|0|0', 'a known failure is not tried again');
put('no-offset.jpg', 'b');
is(verify(), '1|1|0|0', 'repaired');
is(row(2), 'done|Fictor X200|2022-02-03|t|t', 'what was of the file before last is replaced');

# the same when the same file goes well later, under another limit
put('photo.jpg', 'b');
verify();
put('photo.gif', 'b');
sql("SET client_min_messages = error; SET thumbexif.max_pixels = 1000; CALL thumbexif_backfill(verify => true)");
is(row(2), 'unsupported|Fictor X100|48.86|2024-05-06|t|t', 'over a limit: all is as it was');
is(sql('CALL thumbexif_backfill()'), '1|1|0|0', 'the limit is raised');
is(row(2), 'done|f|t', 'what was of the old file has gone');

# --- missing, and back
put('photo.jpg', 'b');
verify();
$first = thumbnail(2);
rename "$root/b", "$root/away";
is(verify(), '1|0|0|1', 'the file is missing');
is(row(2), 'missing|Fictor X100|48.86|2024-05-06|t|t', 'all is as it was');
is(verify(), '0|0|0|0', 'it is missed once');
is(sql('CALL thumbexif_backfill()'), '0|0|0|0', 'and not looked for without verify');
rename "$root/away", "$root/b";
is(verify(), '1|0|1|0', 'it is back, and the same: nothing is decoded');
is(row(2), 'done|Fictor X100|48.86|2024-05-06|t|t', 'done');
is(thumbnail(2), $first, 'with the thumbnail it had');

# --- one part of a changed file: the other is known to be stale
put('no-offset.jpg', 'b');
is(sql("CALL thumbexif_backfill(parts => 'exif', verify => true)"), '1|1|0|0', 'only EXIF of a changed file');
is(row(2), 'done|Fictor X200|2022-02-03|t|t', 'is written');
is(thumbnail(2), $first, 'the thumbnail stays for now');
is(sql('CALL thumbexif_backfill()'), '1|1|0|0', 'and is lacking');
isnt(thumbnail(2), $first, 'until it is made');
put('photo.gif', 'b');
sql("CALL thumbexif_backfill(parts => 'thumbnail', verify => true)");
is(row(2), 'done|Fictor X200|2022-02-03|t|t', 'only the thumbnail of a changed file: EXIF stays for now');
is(sql('CALL thumbexif_backfill()'), '1|0|1|0', 'and is lacking');
is(row(2), 'done|f|t', 'until it is read, and replaces the old');

# --- another path
put('photo.jpg', 'c');
sql("UPDATE shots SET path = 'c' WHERE id = 2");
is(row(2), 'queued|f|t', 'a new path is queued');
is(sql('CALL thumbexif_backfill()'), '1|1|0|0', 'and done');
is(row(2), 'done|Fictor X100|48.86|2024-05-06|t|t', 'from the new file');
sql("UPDATE shots SET path = 'nowhere' WHERE id = 2; SET client_min_messages = error; CALL thumbexif_backfill()");
is(row(2), 'missing|Fictor X100|48.86|2024-05-06|t|t', 'a path to nothing changes nothing');
put('photo.gif', 'e');
sql("UPDATE shots SET path = 'e' WHERE id = 2; CALL thumbexif_backfill()");
is(row(2), 'done|f|t', 'the next one that leads somewhere replaces');

# --- EXIF that cannot be read: the thumbnail is made, the reason kept, and it is not read again
write_file("$root/d", tiny_picture(exif => 'MM rubbish that is no directory'));
sql("INSERT INTO shots (id, path, camera_model) VALUES (3, 'd', 'mine')");
is(sql('CALL thumbexif_backfill()'), '1|1|0|0', 'broken EXIF');
is(row(3), 'done|mine|f|t', 'the thumbnail is there, the row as it was');
isnt(sql('SELECT exif_error FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 3'), '', 'the reason is kept');
is(sql('CALL thumbexif_backfill()'), '0|0|0|0', 'it is not read again');
my ($out, $err);
$server->psql('postgres', 'SELECT exif_error FROM thumbexif_process(3, force => true)', stdout => \$out, stderr => \$err);
like($err, qr/WARNING:  Failed to extract EXIF data: \S/, 'thumbexif_process() warns');
isnt($out, '', 'and returns the reason');
copy("$root/d", "$root/f") or die;
sql("INSERT INTO shots (id, path, thumbnail_path) VALUES (4, 'f', '/theirs')");
is(sql('CALL thumbexif_backfill()'), '1|0|0|1', 'with nothing but broken EXIF to read it is a failure');

# --- by hand one asset is logged, in bulk none
my $log_at = -s $server->logfile;
sql('SELECT thumbexif_process(2, force => true)');
put('photo.jpg', 'a');
sql('SELECT thumbexif_process(1)');
like(slurp_file($server->logfile, $log_at), qr/LOG:  Extracted EXIF data for asset 1\b/, 'logged');
$log_at = -s $server->logfile;
put('south-west.jpg', 'a');
verify();
unlike(slurp_file($server->logfile, $log_at), qr/Extracted EXIF/, 'not logged in bulk');

# --- a foreign thumbnail counts as present, also if the file changes; only force replaces it
write_file("$root/theirs", 'a thumbnail of somebody else');
sql("UPDATE shots SET thumbnail_path = '$root/theirs' WHERE id = 1");
put('photo.jpg', 'a');
verify();
is(thumbnail(1), "$root/theirs", 'a foreign thumbnail stays');
sql('SELECT thumbexif_process(1, force => true)');
isnt(thumbnail(1), "$root/theirs", 'unless by force');
is(slurp_file("$root/theirs"), 'a thumbnail of somebody else', 'and its file is not touched');

# --- every thumbnail of ours that a row names is there, and no other
verify();						# unlinks what has been replaced
my @named = sort split /\n/, sql("SELECT thumbnail_path FROM shots WHERE thumbnail_path LIKE '$server->{thumbnails}/%'");
chomp(my @there = sort `find $server->{thumbnails} -type f ! -name .thumbexif`);
is_deeply(\@there, \@named, 'files and rows agree');

$server->stop;
done_testing();
