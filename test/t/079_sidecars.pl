# Files with XMP beside images: they are read with them, and their coming, changing and going is noticed.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;

my $root = PostgreSQL::Test::Utils::tempdir() . '/photos';
mkdir $root or die;
my $server = new_server('sidecars', roots => $root);
my $clock = 1_700_000_000;

sub sql { return $server->safe_psql('postgres', 'SET client_min_messages = error; ' . shift) }

# put(NAME, CONTENT): a file, with another mtime each time.
sub put
{
	my ($name, $content) = @_;
	write_file("$root/$name", $content);
	utime $clock, $clock, "$root/$name";
	$clock += 10;
	return;
}

# An XMP file with a rating and a title.
sub xmp
{
	my ($rating, $title) = @_;
	return qq{<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
		<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmp:Rating="$rating" dc:title="$title"/></rdf:RDF></x:xmpmeta>};
}

sub row
{
	my $id = shift;
	return sql("SELECT concat_ws('|', s.status, exif_metadata->>'XMP:Rating', exif_metadata->>'XMP:Title', exif_metadata->>'Make', s.exif_error)
		FROM shots JOIN thumbexif_internal.thumbexif_asset_bigint s USING (id) WHERE id = $id");
}

sub thumbnail { return sql('SELECT thumbnail_path FROM shots WHERE id = ' . shift) }

sub verify { return sql('CALL thumbexif_backfill(verify => true)') }

sql("SELECT thumbexif_attach('shots', create_table => true)");
put('a.png', tiny_picture(make => 'Tiny'));
put('b.png', tiny_picture());
put('c.png', tiny_picture(make => 'Tiny'));
put('b.xmp', xmp(2, 'both'));
put('b.png.xmp', xmp(3, 'its own'));
sql("INSERT INTO shots (id, path) VALUES (1, 'a.png'), (2, 'b.png'), (3, 'c.png')");

# --- read with the image
is(sql('CALL thumbexif_backfill()'), '3|3|0|0', 'images with and without sidecars');
is(row(1), 'done|Tiny', 'one without');
is(row(2), 'done|3|its own', 'one with two: that with the whole name counts');
is(sql("SELECT thumbexif_exif('b.png')->>'XMP:Title', exif_metadata->>'XMP:Rating' FROM thumbexif_info('b.png')"), 'its own|3', 'functions on a path read it, too');
is(sql("SELECT thumbexif_exif(pg_read_binary_file('$root/b.png')) IS NULL"), 't', 'those on bytes do not');
is(verify(), '0|0|0|0', 'nothing has changed');

# --- of facts, too, a sidecar's value wins over the image's; what it does not have is the image's
my $inside = q{<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/"
	xmlns:dc="http://purl.org/dc/elements/1.1/" xmp:Rating="2"><dc:title>inside</dc:title><dc:subject><rdf:Bag><rdf:li>inner</rdf:li></rdf:Bag></dc:subject>
	</rdf:Description></rdf:RDF>};
(my $beside = $inside) =~ s/Rating="2"/Rating="5"/;
$beside =~ s{<dc:title>.*</dc:title>}{};
$beside =~ s{inner}{outer</rdf:li><rdf:li>"A, B"};
put('d.png', tiny_picture(image => [ [ 0x02BC, 1, length($inside), $inside ] ]));
my $facts = q{SELECT rating, title, keywords, exif_metadata->'XMP:Subject', exif_metadata->'XMP:Rating' FROM thumbexif_info('d.png')};
is(sql($facts), '2|inside|{inner}|["inner"]|2', 'facts of the image');
put('d.xmp', $beside);
is(sql($facts), '5|inside|{outer,"\\"A, B\\""}|["outer", "\\"A, B\\""]|5', 'those of the sidecar win');
unlink "$root/d.xmp", "$root/d.png";

# --- it comes, changes and goes; the thumbnail stays
my $thumbnail = thumbnail(1);
put('a.xmp', xmp(4, 'new'));
is(sql('CALL thumbexif_backfill()'), '0|0|0|0', 'without verify nobody looks');
is(verify(), '1|1|0|0', 'a sidecar has come');
is(row(1), 'done|4|new|Tiny', 'and is read');
is(thumbnail(1), $thumbnail, 'the thumbnail stays');
put('a.xmp', xmp(5, 'newer'));
is(verify(), '1|1|0|0', 'it has changed');
is(row(1), 'done|5|newer|Tiny', 'and is read');
put('a.png.xmp', xmp(1, 'whole name'));
is(sql('SELECT status FROM thumbexif_process(1)'), 'done', 'thumbexif_process() sees another by itself');
is(row(1), 'done|1|whole name|Tiny', 'which comes first');
unlink "$root/a.png.xmp", "$root/a.xmp";
is(verify(), '1|1|0|0', 'all have gone');
is(row(1), 'done|Tiny', 'with their values');
unlink "$root/b.xmp", "$root/b.png.xmp";
is(verify(), '1|0|1|0', 'those of a file without EXIF');
is(row(2), 'done', 'leave nothing');
is(thumbnail(1), $thumbnail, 'the thumbnail is the first');
is(verify(), '0|0|0|0', 'and that was all');

# only the thumbnail is made: EXIF is known to be stale
put('c.xmp', xmp(4, 'later'));
sql("UPDATE shots SET thumbnail_path = NULL WHERE id = 3; CALL thumbexif_backfill(parts => 'thumbnail')");
is(row(3), 'done|Tiny', 'a thumbnail alone');
is(sql("SELECT stale FROM thumbexif_state(3, 'shots')"), '{exif}', 'EXIF is known to be stale');
is(sql("CALL thumbexif_backfill(parts => 'exif')"), '1|1|0|0', 'and the sidecar after it, without verify');
is(row(3), 'done|4|later|Tiny', 'is read');

# --- damaged, huge, hostile, and no file: the file's own EXIF counts, and the reason is kept
foreach my $bad (
	[ 'cut', substr(xmp(4, 'cut'), 0, -25), 'XMP sidecar cannot be read' ],
	[ 'rubbish', 'no XML', 'XMP sidecar cannot be read' ],
	[ 'laughing', "<!DOCTYPE r [<!ENTITY a 'ha'>" . join('', map { my $n = chr($_); my $m = chr($_ - 1); "<!ENTITY $n '" . "&$m;" x 10 . "'>" } 98 .. 107) . ']>' . xmp(4, '&k;'), 'XMP sidecar cannot be read' ],
	[ 'huge', xmp(4, 'x' x (1024 * 1024)), 'XMP sidecar is larger than 1024 kB' ])
{
	my ($what, $content, $reason) = @$bad;
	put('a.xmp', $content);
	is(verify(), '1|1|0|0', "a sidecar that is $what is noticed");
	is(row(1), "done|Tiny|$reason", 'the reason is kept, with the EXIF of the file');
	is(verify(), '0|0|0|0', 'it is not read again');
	my ($status, $out, $err) = $server->psql('postgres', q{SELECT thumbexif_exif('a.png')->>'Make'});
	is($out, 'Tiny', 'a function on one image has the EXIF, too');
	like($err, qr/^$|WARNING:  Failed to extract EXIF data: \Q$reason\E/, 'perhaps with a warning');
}
put('a.xmp', xmp(2, 'good again'));
is(verify(), '1|1|0|0', 'a good one');
is(row(1), 'done|2|good again|Tiny', 'is read, and the reason has gone');
unlink "$root/a.xmp";
mkdir "$root/a.xmp";
verify();
is(row(1), 'done|Tiny', 'a folder is none');
rmdir "$root/a.xmp";
write_file(PostgreSQL::Test::Utils::tempdir() . '/secret.xmp', xmp(5, 'secret'));
symlink PostgreSQL::Test::Utils::tempdir() . '/secret.xmp', "$root/a.xmp" or die;
verify();
is(row(1), 'done|Tiny', 'a link out of the root is not followed');
is(sql("SELECT thumbexif_exif('a.png')->>'XMP:Title' IS NULL"), 't', 'by no function');
unlink "$root/a.xmp";

# --- a damaged image that fails: what its sidecar says is written all the same
put('d.jpg', substr(slurp_file(pictures_dir() . '/photo.jpg'), 0, 8000));
put('d.xmp', xmp(5, 'rest'));
sql("INSERT INTO shots (id, path) VALUES (4, 'd.jpg'); CALL thumbexif_backfill()");
is(row(4), 'failed|5|rest|Fictor', 'of a damaged image');
put('d.xmp', xmp(1, 'rest'));
is(verify(), '1|0|0|1', 'a changed sidecar is noticed there, too');
is(row(4), 'failed|1|rest|Fictor', 'and read');
is(verify(), '0|0|0|0', 'once');

# a table without columns for EXIF has nothing to do with sidecars
sql("CREATE TABLE plain (id int PRIMARY KEY, path text, thumbnail_path text); SELECT thumbexif_attach('plain')");
put('e.png', tiny_picture());
sql("INSERT INTO plain VALUES (1, 'd.jpg'), (2, 'e.png'); CALL thumbexif_backfill(relation => 'plain')");
put('e.xmp', xmp(1, 'unseen'));
put('d.xmp', xmp(1, 'rest'));
is(sql("CALL thumbexif_backfill(verify => true, relation => 'plain')"), '0|0|0|0', 'without columns for EXIF no sidecar counts');
is(sql("SELECT string_agg(status::text, ' ' ORDER BY id) FROM thumbexif_internal.thumbexif_asset_bigint JOIN thumbexif_internal.thumbexif_attachment USING (attachment)
	WHERE relation = 'plain'::regclass AND sidecar IS NULL"), 'failed done', 'nor is it kept');
sql("SELECT thumbexif_detach('plain'); DROP TABLE plain");
verify();

# --- off, and on again: as if all had gone, and come
put('a.xmp', xmp(3, 'there'));
verify();
is(sql('SET thumbexif.sidecars = off; CALL thumbexif_backfill(verify => true)'), '3|2|0|1', 'sidecars are read no more');
is(row(1), 'done|Tiny', 'their values have gone');
is(sql("SET thumbexif.sidecars = off; SELECT thumbexif_exif('a.png')->>'XMP:Title' IS NULL"), 't', 'no function reads them');
is(verify(), '3|2|0|1', 'and are read again');
is(row(1), 'done|3|there|Tiny', 'with all they say');

# --- many at a time
put("m$_.png", tiny_picture()) foreach 1 .. 200;
put("m$_.xmp", xmp(1 + $_ % 5, "m$_")) foreach grep { $_ % 3 } 1 .. 200;
sql("INSERT INTO shots (id, path) SELECT 100 + g, 'm' || g || '.png' FROM generate_series(1, 200) g");
is(sql("CALL thumbexif_backfill(parts => 'exif')"), '200|134|66|0', 'many, several to a message');
is(sql("SELECT count(*) FROM shots WHERE id > 100 AND exif_metadata->>'XMP:Title' = split_part(path, '.', 1) AND (exif_metadata->>'XMP:Rating')::int = 1 + (id - 100) % 5"), '134',
	'each has its own');
is(sql('CALL thumbexif_backfill()'), '200|200|0|0', 'their thumbnails');
is(verify(), '0|0|0|0', 'and that was all');

# --- the worker
my $worker = new_server('worker', roots => $root, preload => 1);
$worker->safe_psql('postgres', "SELECT thumbexif_attach('shots', create_table => true)");
$worker->safe_psql('postgres', "INSERT INTO shots (id, path) VALUES (1, 'a.png')");
wait_for($worker, 'the worker reads it', q{SELECT exif_metadata->>'XMP:Title' FROM shots}, 'there');
$worker->stop;

$server->stop;
done_testing();
