# Facts beside the first nine columns: which are mapped, what is written, and when it is replaced.
use strict;
use warnings;

use Digest::SHA;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;

my $images = PostgreSQL::Test::Utils::tempdir();

sub rational { my ($tag, @numbers) = @_; return [ $tag, 5, @numbers / 2, pack('V*', @numbers) ]; }
sub short { my ($tag, $value) = @_; return [ $tag, 3, 1, pack('v', $value) ]; }
sub ascii { my ($tag, $text) = @_; return [ $tag, 2, length($text) + 1, "$text\0" ]; }

my $xmp = q{<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'
 xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='4'><dc:title>The tower</dc:title><dc:description>By
night</dc:description><dc:subject><rdf:Bag><rdf:li>Paris</rdf:li><rdf:li>tour Eiffel</rdf:li><rdf:li>Paris</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF>};

# A picture with all facts; those of WISHES in place of some.
sub full_picture
{
	my %wish = @_;
	return tiny_picture(
		width => 4, height => 3, taken => '2024:07:01 12:00:00', subsec => '25',
		image => [ short(0x0112, 6), [ 0x02BC, 1, length($xmp), $xmp ] ],
		photo => [ short(0x8827, 400), rational(0x829D, 28, 10), rational(0x829A, 1, 8), rational(0x920A, 50, 1), short(0xA405, 75), ascii(0xA434, 'Fictar 50') ],
		gps => [ ascii(1, 'N'), rational(2, 48, 1, 51, 1, 30, 1), ascii(3, 'E'), rational(4, 2, 1, 17, 1, 40, 1), [ 5, 1, 1, "\1" ],
			rational(6, 35, 10), rational(7, 10, 1, 0, 1, 3, 1), rational(0x11, 905, 10), ascii(0x1D, '2024:07:01') ],
		%wish);
}

write_file("$images/full.png", full_picture());
write_file("$images/none.png", tiny_picture(width => 4, height => 3));

my $server = new_server('facts', roots => $images, config => "thumbexif.decoders = 1\n");

# sql(SQL...): what they print, errors and notices behind it
sub sql
{
	my ($status, $out, $error) = $server->psql('postgres', join(";\n", @_), on_error_stop => 0);
	$error =~ s/^psql:<stdin>:\d+: //mg;
	return $out . ($out ne '' && $error ne '' ? "\n" : '') . $error;
}

my $numbers = 'iso, f_number, exposure_time, focal_length, focal_length_35mm, lens, orientation, altitude, direction, rating';
my $full_numbers = '400|2.8|0.125|50|75|Fictar 50|6|-3.5|90.5|4';
my $texts = 'title, description, keywords';
my $full_texts = "The tower|By\nnight|{Paris,\"tour Eiffel\"}";
my $time = 'taken_at_local, taken_at_offset, taken_at_offset_source';

# --- a table that is created

is(sql(q{SET client_min_messages = warning; SELECT thumbexif_attach()}), 'image_assets', 'a table is created');
is( sql(q{SELECT count(*), count(*) FILTER (WHERE attname = 'file_hash') FROM pg_attribute WHERE attrelid = 'image_assets'::regclass AND attnum > 0}),
	'32|0', 'it has a column for each fact but the hash of the file');
sql(q{INSERT INTO image_assets (path) VALUES ('full.png'), ('none.png')});
$server->safe_psql('postgres', 'CALL thumbexif_backfill()');
is(sql("SELECT $numbers FROM image_assets WHERE id = 1"), $full_numbers, 'numbers');
is(sql("SELECT $texts FROM image_assets WHERE id = 1"), $full_texts, 'texts');
is(sql("SELECT taken_at AT TIME ZONE 'UTC', $time FROM image_assets WHERE id = 1"), '2024-07-01 10:00:00.25|2024-07-01 12:00:00.25|120|gps',
	'the wall clock, and the offset that GPS tells');
is(sql('SELECT format, file_size FROM image_assets WHERE id = 1'), 'png|' . (-s "$images/full.png"), 'the file');
is(sql('SELECT length(thumbhash) BETWEEN 5 AND 25, picture_hash IS NULL FROM image_assets WHERE id = 1'), 't|t', 'ThumbHash, and no hash of a picture in one colour');
is(sql("SELECT num_nonnulls($numbers, $texts, $time), format, file_size FROM image_assets WHERE id = 2"), '0|png|' . (-s "$images/none.png"),
	'a file that tells nothing');
is(sql("SELECT $numbers, $time FROM thumbexif_process(1)"), "$full_numbers|2024-07-01 12:00:00.25|120|gps", 'thumbexif_process() returns them');
is(sql('SELECT keywords, format, thumbhash IS NOT NULL, file_hash FROM thumbexif_process(1, force => true)'), '{Paris,"tour Eiffel"}|png|t|', 'all of them');

# --- one file, without a table

is(sql("SELECT $numbers FROM thumbexif_info('full.png')"), $full_numbers, 'thumbexif_info(): numbers');
is(sql("SELECT $texts, $time FROM thumbexif_info('full.png')"), "$full_texts|2024-07-01 12:00:00.25|120|gps", 'texts and time');
is(sql("SELECT thumbhash, file_hash, picture_hash, file_size FROM thumbexif_info('full.png')"), '|||' . (-s "$images/full.png"), 'no hashes');
my $sha = Digest::SHA->new(256)->addfile("$images/full.png", 'b')->hexdigest;
is(sql(q{SELECT encode(file_hash, 'hex'), thumbhash = (SELECT thumbhash FROM image_assets WHERE id = 1), iso FROM thumbexif_info('full.png', hashes => true)}),
	"$sha|t|400", 'unless they are asked for');
is(sql(qq{SELECT encode(file_hash, 'hex'), file_size, lens FROM thumbexif_info(pg_read_binary_file('$images/full.png'), true)}),
	"$sha|" . (-s "$images/full.png") . '|Fictar 50', 'of bytes, too');
is(sql(q{SET thumbexif.exif_gps = off; SELECT altitude, direction, taken_at_offset, taken_at_offset_source, iso FROM thumbexif_info('full.png')}),
	'||0|setting|400', 'without GPS');

# --- taken_at, taken_at_local and taken_at_offset always agree

my $number = 0;
foreach my $case (
	[ {}, 'Europe/Berlin', '2024-07-01 12:00:00|2024-07-01 10:00:00|120|setting' ],
	[ { offset => '-03:30' }, 'Europe/Berlin', '2024-07-01 12:00:00|2024-07-01 15:30:00|-210|exif' ],
	[ { gps => [ rational(7, 6, 1, 15, 1, 30, 1), ascii(0x1D, '2024:07:01') ] }, 'Europe/Berlin', '2024-07-01 12:00:00|2024-07-01 06:15:00|345|gps' ],
	[ { gps => [ rational(7, 6, 1, 20, 1, 0, 1), ascii(0x1D, '2024:07:01') ] }, 'Europe/Berlin', '2024-07-01 12:00:00|2024-07-01 10:00:00|120|setting' ],
	[ { gps => [ rational(7, 0, 1, 0, 1, 0, 1), ascii(0x1D, '2024:07:01') ] }, 'Europe/Berlin', '2024-07-01 12:00:00|2024-07-01 10:00:00|120|setting' ],
	[ { taken => '2024:03:31 02:30:00' }, 'Europe/Berlin', '2024-03-31 02:30:00|2024-03-31 01:30:00|60|setting' ],
	[ { taken => '1970:01:01 12:00:00' }, 'Africa/Monrovia', '1970-01-01 12:00:00|1970-01-01 12:44:30||' ],
	[ { taken => '2024:02:30 12:00:00' }, 'UTC', '|||' ])
{
	my ($wish, $zone, $expected) = @$case;
	my $file = 'time' . ++$number . '.png';

	write_file("$images/$file", tiny_picture(taken => '2024:07:01 12:00:00', %$wish));
	is(sql("SET thumbexif.default_timezone = '$zone'; SELECT taken_at_local, taken_at AT TIME ZONE 'UTC', taken_at_offset, taken_at_offset_source FROM thumbexif_info('$file')"),
		$expected, "time: $expected");
	is(sql("SET thumbexif.default_timezone = '$zone'; SELECT taken_at AT TIME ZONE 'UTC' + make_interval(mins => taken_at_offset) = taken_at_local FROM thumbexif_info('$file')"),
		$expected =~ /^\||\|\|$/ ? '' : 't', 'which agree');
}

# --- a table that exists: its own columns are left alone

$server->safe_psql('postgres', <<'EOSQL');
CREATE DOMAIN stars AS smallint CHECK (VALUE <= 5);
CREATE TABLE own (id bigint PRIMARY KEY, path text, thumbnail_path text, taken_at timestamptz, title text, description text, keywords varchar(4)[], rating stars,
	orientation bigint, format varchar(2), iso text, f_number numeric, exposure_time numeric(8, 2), lens varchar(3), file_size numeric, altitude float8,
	taken_at_offset smallint, taken_at_local timestamp, note text);
INSERT INTO own (id, path, title, description, keywords, rating, format) VALUES (1, 'full.png', 'mine', 'mine', '{mine}', 1, 'ab');
EOSQL
like(sql(q{SELECT thumbexif_attach('own')}), qr/written: thumbnail_path, taken_at\.\nNot written, since the table has no such columns: width.*exif_metadata\.
Not written, since they may be your own \(facts => true writes them, or name them\): taken_at_local, taken_at_offset, f_number, exposure_time, lens, orientation, altitude, rating, title, description, keywords, format, file_size\.$/m,
	'the NOTICE names columns that may be those');
is(sql(q{SELECT not_written @> '{title,iso}', not_written @> '{title,rating}', 'direction' = ANY (not_written) FROM thumbexif_tables WHERE relation = 'own'::regclass}), 'f|t|f',
	'so does the view');
$server->safe_psql('postgres', q{CALL thumbexif_backfill(relation => 'own')});
is(sql('SELECT title, description, keywords, rating, format, f_number, thumbnail_path IS NOT NULL FROM own'), 'mine|mine|{mine}|1|ab||t', 'and they keep what they had');
sql(q{SELECT thumbexif_attach('own')});
$server->safe_psql('postgres', q{SELECT thumbexif_process(1, 'own', true)});
is(sql('SELECT title, keywords, rating FROM own'), 'mine|{mine}|1', 'also when it is attached again and processed anew');

# --- all that fit, of each type

my $old_thumbnail = sql('SELECT thumbnail_path FROM own');
is(sql(q{SET client_min_messages = warning; SELECT thumbexif_attach('own', facts => true, description => '')}), 'own', 'with facts => true, what fits is mapped');
is(sql(q{SELECT columns ? 'title', columns ? 'iso', columns ? 'description', columns ? 'note' FROM thumbexif_tables WHERE relation = 'own'::regclass}), 't|f|f|f',
	'not what has another type or is refused');
is(sql(q{SELECT stale FROM thumbexif_state(1, 'own')}), '{exif}', 'which makes the EXIF stale, and nothing else');
$server->safe_psql('postgres', q{CALL thumbexif_backfill(relation => 'own')});
is(sql('SELECT title, description, keywords, rating, orientation, format, iso, f_number, exposure_time, lens, file_size, altitude, taken_at_offset, taken_at_local FROM own'),
	'The tower|mine|{Pari,tour}|4|6|pn||2.8|0.13|Fic|' . (-s "$images/full.png") . '|-3.5|120|2024-07-01 12:00:00.25', 'each type of column, texts cut to their lengths');
is(sql('SELECT thumbnail_path FROM own'), $old_thumbnail, 'the thumbnail is the same');

# --- hashes need the thumbnail

like(sql(q{ALTER TABLE own ADD thumb bytea, ADD bits bigint, ADD sha bytea; SELECT thumbexif_attach('own', thumbnail_path => '', thumbhash => 'thumb')}),
	qr/ERROR:  column "thumb" of table "own" is filled from thumbnails/, 'also of a table that shall have none any more');
like(sql(q{CREATE TABLE bare (id bigint PRIMARY KEY, path text, thumb bytea); SELECT thumbexif_attach('bare', thumbhash => 'thumb')}),
	qr/ERROR:  column "thumb" of table "bare" is filled from thumbnails, for which no column is mapped\nHINT:  .*empty name as "thumbhash"/, 'without thumbnails there is no ThumbHash');
like(sql(q{SELECT thumbexif_attach('own', file_hash => 'title')}), qr/ERROR:  column "title" of table "own" is of type text\nHINT:  Its type must be bytea/, 'types are checked');
is(sql(q{SET client_min_messages = warning; SELECT thumbexif_attach('own', thumbhash => 'thumb', picture_hash => 'bits')}), 'own', 'hashes are mapped');
is(sql(q{SELECT stale FROM thumbexif_state(1, 'own')}), '{thumbnail}', 'which makes the thumbnail stale');
$server->safe_psql('postgres', q{CALL thumbexif_backfill(relation => 'own', parts => 'exif')});
is(sql('SELECT thumb IS NULL FROM own'), 't', 'EXIF alone makes no hash');
$server->safe_psql('postgres', q{CALL thumbexif_backfill(relation => 'own')});
is(sql("SELECT thumb = (SELECT thumbhash FROM image_assets WHERE id = 1), thumbnail_path <> '$old_thumbnail' FROM own"), 't|t', 'a backfill makes it, and the thumbnail anew');
sql(q{SELECT thumbexif_attach('own', file_hash => 'sha')});
$server->safe_psql('postgres', q{CALL thumbexif_backfill(relation => 'own', parts => 'exif')});
is(sql(q{SELECT encode(sha, 'hex') FROM own}), $sha, 'the hash of the file, with EXIF alone');

# --- another file: everything is replaced, NULLs too; a failure changes nothing

$server->safe_psql('postgres', q{UPDATE own SET path = 'absent.png'; CALL thumbexif_backfill(relation => 'own')});
is(sql('SELECT title, rating, taken_at_offset FROM own'), 'The tower|4|120', 'a failure changes nothing');
$server->safe_psql('postgres', q{UPDATE own SET path = 'none.png'});
$server->safe_psql('postgres', q{CALL thumbexif_backfill(relation => 'own')});
is(sql('SELECT num_nonnulls(title, keywords, rating, orientation, f_number, exposure_time, lens, altitude, taken_at_offset, taken_at_local, taken_at), description, format, file_size FROM own'),
	'0|mine|pn|' . (-s "$images/none.png"), 'what the new file does not have is gone');
is(sql(q{SELECT encode(sha, 'hex') FROM own}), Digest::SHA->new(256)->addfile("$images/none.png", 'b')->hexdigest, 'and it has its own hash');

# --- GPS that is not wanted

$server->safe_psql('postgres', q{ALTER DATABASE postgres SET thumbexif.exif_gps = off});
$server->safe_psql('postgres', q{CALL thumbexif_backfill(relation => 'image_assets')});
is(sql(q{SELECT altitude, direction, gps_latitude, taken_at AT TIME ZONE 'UTC', taken_at_local, taken_at_offset, taken_at_offset_source, iso FROM image_assets WHERE id = 1}),
	'|||2024-07-01 12:00:00.25|2024-07-01 12:00:00.25|0|setting|400', 'altitude, direction and the offset by GPS are removed');

# --- an offset does not stay when taken_at is read anew and has none

write_file("$images/liberia.png", tiny_picture(taken => '1970:01:01 12:00:00'));
$server->safe_psql('postgres', q{INSERT INTO image_assets (path) VALUES ('liberia.png')});
$server->safe_psql('postgres', q{CALL thumbexif_backfill(relation => 'image_assets')});
my $liberia = q{SELECT taken_at AT TIME ZONE 'UTC', taken_at_local, taken_at_offset, taken_at_offset_source FROM image_assets WHERE path = 'liberia.png'};
is(sql($liberia), '1970-01-01 12:00:00|1970-01-01 12:00:00|0|setting', 'an offset by the setting');
$server->safe_psql('postgres', q{ALTER DATABASE postgres SET thumbexif.default_timezone = 'Africa/Monrovia'});
$server->safe_psql('postgres', q{CALL thumbexif_backfill(relation => 'image_assets')});
is(sql($liberia), '1970-01-01 12:44:30|1970-01-01 12:00:00||', 'one that is not of whole minutes is none');
$server->safe_psql('postgres', q{ALTER DATABASE postgres RESET thumbexif.default_timezone});

# --- a table that is created without facts, and one with the hash of the file

is(sql(q{SET client_min_messages = warning; SELECT thumbexif_attach('few', create_table => true, facts => false); SELECT count(*) FROM pg_attribute WHERE attrelid = 'few'::regclass AND attnum > 0}),
	"few\n12", 'facts => false');
is(sql(q{SET client_min_messages = warning; SELECT thumbexif_attach('many', create_table => true, file_hash => 'sha256', iso => ''); SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute
	WHERE attrelid = 'many'::regclass AND attname IN ('sha256', 'iso', 'lens')}), "many\nlens sha256", 'names that are given count');

is(sql(q{SET client_min_messages = warning; SELECT thumbexif_attach('plain', create_table => true, thumbnail_path => ''); SELECT count(*) FROM pg_attribute
	WHERE attrelid = 'plain'::regclass AND attname IN ('thumbhash', 'picture_hash', 'iso')}), "plain\n1", 'without thumbnails there are no columns for their hashes');

# --- against the reference implementation, from the file to the row

SKIP: {
	my $module = "$ENV{TE_SCRATCH}/build/thumbhash/package/thumbhash.js";
	my ($node) = grep { -x } map { "$_/node" } split /:/, $ENV{PATH};

	skip 'no node with the module thumbhash (make build/thumbhash)', 2 unless $node && -e $module;
	foreach my $type (2, 6)		# RGB, RGBA
	{
		my ($width, $height, $rows, $rgba) = (60, 43, '', '');
		foreach my $y (0 .. $height - 1)
		{
			$rows .= "\0";
			foreach my $x (0 .. $width - 1)
			{
				my @pixel = ($x * $x % 256, ($y * $y + $x) % 251, $x * $y % 200, $type == 6 ? 255 - $x * ($y + 3) % 199 : 255);
				$rows .= pack('C*', @pixel[ 0 .. ($type == 6 ? 3 : 2) ]);
				$rgba .= pack('C*', @pixel);
			}
		}
		write_file("$images/hash$type.png", tiny_png($width, $height, $type, $rows, ''));
		write_file("$images/hash$type.rgba", $rgba);
		write_file("$images/hash$type.mjs", "import { readFileSync } from 'fs'; import { rgbaToThumbHash } from '$module';\n"
			. "console.log(Buffer.from(rgbaToThumbHash($width, $height, readFileSync('$images/hash$type.rgba'))).toString('hex'));\n");
		my $reference = `'$node' '$images/hash$type.mjs'`;
		chomp $reference;
		is(sql("SET thumbexif.thumbnail_format = 'png'; SELECT encode(thumbhash, 'hex') FROM thumbexif_info('hash$type.png', true)"), $reference, "ThumbHash as npm's, colour type $type");
	}
}

$server->stop;
done_testing();
