# thumbexif_gallery(): what is in the page, for whom, and that no text of a row is more than text.  Its looks: 081_gallery_page.pl.
use strict;
use warnings;

use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest qw(value);

my $root = PostgreSQL::Test::Utils::tempdir();
my %camera = (1 => [ 'Canon', 'Canon EOS 5D' ], 2 => [ 'SONY', 'DSC-F828' ], 3 => [ 'SONY', 'ILCE-7' ], 4 => [ 'NIKON CORPORATION', 'NIKON D70' ]);
write_file("$root/$_.png", tiny_picture(make => $camera{$_}[0], model => $camera{$_}[1], taken => "2024:0$_:15 12:00:00", colour => chr($_) x 3)) foreach 1 .. 4;
write_file("$root/undated.png", tiny_picture());
write_file("$root/bad.png", 'no picture');

my $server = new_server('gallery', roots => $root);
my $table = 'CREATE TABLE photos (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, thumbnail_path text, width int, height int, taken_at timestamptz, camera_make text, camera_model text, gps_latitude float8, gps_longitude float8, exif_metadata jsonb); ' .
	q{SELECT thumbexif_attach('photos');};

# page(ARGUMENTS, ROLE, DATABASE): the page, and what its JSON says
sub page
{
	my ($arguments, $role, $database) = @_;
	my $html = value($server, ($role ? "SET ROLE $role; " : '') . "SELECT thumbexif_gallery($arguments)", $database);
	my ($json) = $html =~ m{<script type="application/json" id="data">(.*?)</script>}s or die 'no JSON';

	return ($html, JSON::PP->new->decode($json));
}

# the ids of the photos in a page
sub ids
{
	my (undef, $data) = page(@_);

	return join ' ', map { $_->{id} } @{ $data->{photos} };
}

sub failure
{
	my ($sql, $database) = @_;
	my ($status, $out, $error) = $server->psql($database || 'postgres', "\\set VERBOSITY verbose\n$sql");

	return $error;
}

value($server, $table);
value($server, "INSERT INTO photos (path) VALUES ('1.png'), ('2.png'), ('3.png'), ('4.png'), ('undated.png'), ('bad.png'), ('gone.png')");
$server->safe_psql('postgres', 'CALL thumbexif_backfill()');
value($server, q{INSERT INTO photos (path) VALUES ('new.png')});

# --- what is in it

my ($html, $data) = page('');
my %photo = map { $_->{id} => $_ } @{ $data->{photos} };
is(join(' ', map { $_->{id} } @{ $data->{photos} }), '4 3 2 1 8 7 6 5', 'all rows: the newest first, those without a date last');
is($data->{table}, 'public.photos', 'it names the table');
ok(!$data->{more}, 'there are no more');
is($data->{timezone}, 'UTC', 'the time zone of the dates');
is($photo{2}{taken_at_local}, '2024-02-15T12:00:00', 'a date');
is($photo{2}{path}, '2.png', 'a path');
is("$photo{2}{width} x $photo{2}{height}", '1 x 1', 'a size');
is($photo{1}{camera} . ', ' . $photo{2}{camera} . ', ' . $photo{4}{camera}, 'Canon EOS 5D, Sony DSC-F828, Nikon D70', 'cameras, the make not twice');
is($photo{2}{exif}{DateTimeOriginal}, '2024-02-15 12:00:00', 'EXIF, as people read it');
is($photo{$_}{status}, 'done', "photo $_ is done") foreach 1 .. 5;
my ($type, $base64) = $photo{2}{thumbnail} =~ m{^data:(image/jpeg);base64,(.*)$};
is(unpack('H*', decode_base64($base64)), value($server, q{SELECT encode(thumbexif_file(2, 'photos'), 'hex')}), 'the thumbnail is the stored one');
is($photo{6}{status}, 'unsupported', 'a photo that is none');
like($photo{6}{error}, qr/not an image/, 'with the reason');
is("$photo{7}{status} $photo{8}{status}", 'missing queued', 'one that is gone, one that waits');
ok(!exists $photo{$_}{thumbnail}, "photo $_ has no thumbnail") foreach 6 .. 8;
ok($html !~ /[^\n -~]/, 'the page is in ASCII');
is(() = $html =~ /<script/g, 2, 'it has two elements for scripts: the data and the code');
ok($html =~ /Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'sha256-[^']{44}'; script-src 'sha256-[^']{44}';/, 'and a policy that lets nothing out');
ok($html !~ /(?:src|href)="(?!data:|#)/, 'nothing in it is elsewhere');

# --- filters

is(ids(q{camera => 'sony dsc-f828'}), '2', 'by the camera as it is shown, whatever the case');
is(ids(q{camera => 'DSC-F828'}), '2', 'by its model');
is(ids(q{camera => 'Sony'}), '3 2', 'by its make');
is(ids(q{camera => 'SONY CORPORATION'}), '3 2', 'by another spelling of it');
is(ids(q{camera => 'Nikon'}), '4', 'and by the one that is shown');
is(ids(q{camera => 'S'}), '', 'not by a part of it');
is(ids(q{"from" => '2024-02-15 12:00:00+00', "to" => '2024-04-15 12:00:00+00'}), '3 2', 'by date: from then, and before then');
is(ids(q{"from" => '2024-04-15 12:00:01+00'}), '', 'nothing without a date');
value($server, <<'EOSQL');
UPDATE photos SET gps_latitude = 0, gps_longitude = -120.5 WHERE id = 3;
UPDATE photos SET gps_latitude = 1 WHERE id = 2;
UPDATE photos SET exif_metadata = '{"XMP:Subject": ["beach", "sea"], "IPTC:Keywords": ["sand"], "LensModel": "EF 50mm", "XMP:Title": "A title", "XMP:Rating": 4, "FNumber": 2.8}' WHERE id = 4;
UPDATE photos SET exif_metadata = '{"XMP:Subject": "sea", "IPTC:Keywords": {"a": 1}, "LensModel": ["x"], "XMP:Title": 7}' WHERE id = 1;
UPDATE photos SET exif_metadata = '"text"' WHERE id = 2;
UPDATE photos SET exif_metadata = '[1, 2]' WHERE id = 3;
EOSQL
is(ids('has_position => true'), '3', 'with a position');
is(ids('has_position => false'), '4 2 1 8 7 6 5', 'without one');
is(ids(q{keyword => 'sea'}), '4 1', 'by a keyword of XMP');
is(ids(q{keyword => 'sand'}), '4', 'by one of IPTC');
is(ids(q{lens => 'ef 50MM'}), '4', 'by the lens');
is(ids(q{lens => 'ef 50MM', keyword => 'sea', camera => 'SONY'}), '', 'all of them must pass');
(undef, $data) = page('"limit" => 2');
is_deeply([ map { $_->{id} } @{ $data->{photos} } ], [ 4, 3 ], 'as many as are wanted');
ok($data->{more}, 'and that there are more');
is_deeply($data->{photos}[0]{keywords}, [ 'beach', 'sea', 'sand' ], 'keywords of both');
is("$data->{photos}[0]{lens}, $data->{photos}[0]{title}, $data->{photos}[0]{rating}, $data->{photos}[0]{exif}{FNumber}", 'EF 50mm, A title, 4, f/2.8', 'facts that have no column come from exif_metadata');
is("$data->{photos}[1]{latitude} $data->{photos}[1]{longitude}", '0 -120.5', 'a position');
is(ids('"limit" => 0'), '', 'none, if none are wanted');
like(failure(qq{SELECT thumbexif_gallery("limit" => $_)}), qr/ERROR:  22023: invalid value for parameter "limit": $_.*HINT/s, "not $_") foreach -1, 100001;

# --- texts are texts

my @hostile = ('<script>alert(1)</script>', '</script><script>alert(1)</script>', '<!--<script>', q{"'\\`${}&amp;}, "\x{2028}\x{2029}\x{e9}\x{1F4F7}\x01\x7f", '@@photos@@');
foreach my $text (@hostile)
{
	(my $quoted = $text) =~ s/'/''/g;
	utf8::encode($quoted);
	value($server, "UPDATE photos SET camera_make = NULL, camera_model = '$quoted', path = '$quoted', exif_metadata = jsonb_build_object('$quoted', '$quoted'::text, 'XMP:Subject', jsonb_build_array('$quoted'::text)) WHERE id = 1");
	($html, $data) = page('"limit" => 4');
	my $found = $data->{photos}[3];
	(my $shown = $text) =~ s/([^ -~])/sprintf '\x{%x}', ord $1/ge;
	is_deeply([ $found->{camera}, $found->{path}, $found->{exif}{$text}, $found->{keywords}[0] ], [ ($text) x 4 ], "a text in a row: $shown");
	is(() = $html =~ /<script/g, 2, 'is not HTML');
	is(() = $html =~ /<!--/g, 1, 'and begins no comment');
	ok($html !~ /[^\n -~]/, 'the page is still in ASCII');
}
value($server, q{UPDATE photos SET taken_at = 'infinity' WHERE id = 1; UPDATE photos SET taken_at = '-infinity', gps_latitude = 'NaN', gps_longitude = 'Infinity' WHERE id = 2; UPDATE photos SET taken_at = '20000-01-01' WHERE id = 3});
is(ids(''), '1 3 4 2 8 7 6 5', 'dates that are none on a calendar do no harm');

# a search_path of somebody else's
is(value($server, <<'EOSQL'), 't', 'functions and operators of others are not called');
CREATE SCHEMA evil;
CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil'; END $$;
CREATE FUNCTION evil.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil'; END $$;
CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = text, RIGHTARG = text);
SET search_path = evil, pg_catalog, public;
SELECT length(thumbexif_gallery(camera => 'x', lens => 'x', keyword => 'x', has_position => true)) > 1000;
EOSQL

# --- thumbnails in trouble

my $thumbnail = value($server, 'SELECT thumbnail_path FROM photos WHERE id = 5');
append_to_file($thumbnail, 'more');
value($server, q{UPDATE photos SET thumbnail_path = '/etc/passwd' WHERE id = 4});
unlink(value($server, 'SELECT thumbnail_path FROM photos WHERE id = 3')) or die "unlink: $!";
(undef, $data) = page('');
%photo = map { $_->{id} => $_ } @{ $data->{photos} };
is($photo{5}{error}, 'the thumbnail file does not exist or is damaged', 'a damaged thumbnail is told');
is($photo{3}{error}, 'the thumbnail file does not exist or is damaged', 'so is one that is gone');
is($photo{4}{error}, 'the thumbnail was not made by thumbexif', 'a file that is not ours is not read');
ok(!exists $photo{$_}{thumbnail}, "photo $_ has no thumbnail") foreach 3 .. 5;
ok(exists $photo{1}{thumbnail}, 'the others have theirs');
rename $server->{thumbnails}, "$server->{thumbnails}.away" or die "rename: $!";
like(failure('SELECT thumbexif_gallery()'), qr/could not use the thumbnail folder/, 'a folder that is gone is an ERROR');
is(ids(q{"from" => '2030-01-01', "to" => '2031-01-01'}), '', 'unless no thumbnail is needed');
rename "$server->{thumbnails}.away", $server->{thumbnails} or die "rename: $!";

# --- rights

value($server, <<'EOSQL');
CREATE ROLE owner; CREATE ROLE viewer; CREATE ROLE other;
ALTER TABLE photos OWNER TO owner;
ALTER TABLE photos ADD who name;
UPDATE photos SET who = 'viewer' WHERE id IN (1, 2);
EOSQL
like(failure('SET ROLE viewer; SELECT thumbexif_gallery()'), qr/42501: permission denied for function thumbexif_gallery/, 'not for everybody');
value($server, 'GRANT EXECUTE ON FUNCTION thumbexif_gallery TO other');
like(failure('SET ROLE other; SELECT thumbexif_gallery()'), qr/42501: permission denied for table photos/, 'nor for who may not read the table');
value($server, 'GRANT SELECT (id, path, thumbnail_path) ON photos TO other');
like(failure('SET ROLE other; SELECT thumbexif_gallery()'), qr/42501: permission denied for table photos/, 'nor for who may not read all that it shows');
value($server, q{SELECT thumbexif_grant('viewer', 'photos', 'read')});
is(ids('', 'viewer'), '1 3 4 2 8 7 6 5', q{'read' of thumbexif_grant() is enough});
value($server, 'ALTER TABLE photos ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON photos USING (who = current_user)');
is(ids('', 'viewer'), '1 2', 'row security holds');
is(ids('', 'owner'), '1 3 4 2 8 7 6 5', 'for others than the owner') if value($server, q{SELECT thumbexif_grant('owner', 'photos', 'own')}) eq '';
value($server, q{SELECT thumbexif_revoke('viewer', 'photos', 'read')});
like(failure('SET ROLE viewer; SELECT thumbexif_gallery()'), qr/permission denied for function/, 'and it can be revoked');

# code of the table's owner must not run with the caller's rights
value($server, <<'EOSQL');
CREATE FUNCTION public.steal(name) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN RAISE 'stolen'; END $$;
ALTER FUNCTION public.steal OWNER TO owner;
SELECT thumbexif_grant('viewer', 'photos', 'read');
DROP POLICY own ON photos;
CREATE POLICY steal ON photos USING (public.steal(who));
EOSQL
like(failure('SET ROLE viewer; SELECT thumbexif_gallery()'), qr/must not run with the rights of role "viewer"/, 'a policy of the owner runs no code of the owner as the caller');
value($server, q{DROP POLICY steal ON photos; CREATE POLICY slow ON photos USING ((SELECT count(*) FROM (SELECT generate_series(1, 100000000000)) AS s) > 0)});
like(failure(q{SET ROLE viewer; SET statement_timeout = '100ms'; SELECT thumbexif_gallery()}), qr/57014: canceling statement due to statement timeout/, 'statement_timeout ends a query that takes long');
value($server, 'DROP POLICY slow ON photos; ALTER TABLE photos DISABLE ROW LEVEL SECURITY');

# --- size

value($server, q{UPDATE photos SET exif_metadata = jsonb_build_object('XMP:Subject', jsonb_build_array(repeat('x', 30000000))) WHERE id <= 4});
like(failure('SELECT thumbexif_gallery()'), qr/ERROR:  54000: the gallery would have more than 100 MB.*HINT:  Give "limit" a lower value/s, 'a page is not larger than can be');
cmp_ok(value($server, 'SELECT length(thumbexif_gallery("limit" => 1))'), '>', 30_000_000, 'with fewer photos it can');
value($server, q{UPDATE photos SET exif_metadata = NULL});

# --- other tables

value($server, <<'EOSQL');
CREATE TABLE varied (key varchar(40) PRIMARY KEY, file text, bild text, taken timestamp, kamera varchar(30) COLLATE "C", marke text COLLATE "POSIX", lat numeric, lon numeric, meta json);
SELECT thumbexif_attach('varied', id => 'key', path => 'file', thumbnail_path => 'bild', taken_at => 'taken', camera_model => 'kamera', camera_make => 'marke', gps_latitude => 'lat', gps_longitude => 'lon', exif_metadata => 'meta');
INSERT INTO varied (key, file) VALUES ('a', '1.png'), ('b"<', '2.png');
CREATE TABLE bare (key uuid PRIMARY KEY DEFAULT gen_random_uuid(), file text);
SELECT thumbexif_attach('bare', id => 'key', path => 'file');
INSERT INTO bare (file) VALUES ('1.png'), (NULL);
EOSQL
like(failure('SELECT thumbexif_gallery()'), qr/42P08: several tables are attached/, 'a table is named where there are several');
$server->safe_psql('postgres', q{SET thumbexif.default_timezone = 'Asia/Tokyo'; CALL thumbexif_backfill(relation => 'varied')});
(undef, $data) = page(q{'varied', camera => 'sony dsc-f828', "from" => '2024-02-15 00:00+00'});
is($data->{photos}[0]{id}, 'b"<', 'other types, and two collations');
is($data->{photos}[0]{taken_at_local}, '2024-02-15T12:00:00', 'a timestamp is what it is');
is(ids(q{'varied', "to" => '2024-02-15 12:00:01+00'}), 'b"< a', 'and compared in the default time zone');
value($server, q{UPDATE varied SET lat = 'NaN', lon = 3.5, meta = '{"XMP:Subject": ["x", "x"], "a": 1, "a": 2}'});
is(ids(q{'varied', keyword => 'x'}), 'b"< a', 'a column of type json is searched, too');
(undef, $data) = page(q{'bare'});
is(scalar @{ $data->{photos} }, 2, 'a table of key and path alone');
foreach my $filter (q{camera => 'x'}, q{lens => 'x'}, q{keyword => 'x'}, q{"from" => now()}, q{"to" => now()}, q{has_position => true})
{
	my ($name) = $filter =~ /^"?(\w+)/;
	like(failure("SELECT thumbexif_gallery('bare', $filter)"), qr/ERROR:  42703: attached table public\.bare has no column for parameter "$name".*HINT:  Add a column, and map it/s, "has nothing to filter by $name");
}
like(failure(q{SELECT thumbexif_gallery('pg_class')}), qr/table "pg_class" is not attached/, 'other tables have no gallery');
value($server, 'ALTER TABLE varied RENAME kamera TO camera');
like(failure(q{SELECT thumbexif_gallery('varied')}), qr/column "kamera" of attached table public\.varied no longer exists.*HINT/s, 'a column that is gone is told');

# --- facts that have columns, thumbnails in rows

sub attach_takes { return value($server, "SELECT '$_[0]' = ANY (proargnames) FROM pg_proc WHERE proname = 'thumbexif_attach'") eq 't' }

if (attach_takes('lens'))
{
	value($server, <<'EOSQL');
CREATE TABLE facts (id int PRIMARY KEY, path text, thumbnail_path text, taken_at timestamptz, local timestamp, linse text, words text[], title text, about text, stars smallint, iso int, blende numeric, time float8, mm float8, up float8, dir float8, hash bytea, exif_metadata jsonb);
SELECT thumbexif_attach('facts', taken_at_local => 'local', lens => 'linse', keywords => 'words', title => 'title', description => 'about', rating => 'stars', iso => 'iso', f_number => 'blende',
	exposure_time => 'time', focal_length => 'mm', altitude => 'up', direction => 'dir', thumbhash => 'hash');
INSERT INTO facts VALUES (1, '1.png', NULL, '2024-05-01 12:00+00', '2024-05-01 14:00', 'Lens', ARRAY['a', NULL, 'b <'], 'Title', 'About', 3, 200, 2.8, 0.01, 35, 12.5, 90, '\x0102', '{"LensModel": "other", "XMP:Subject": ["c"]}'),
	(2, '2.png', NULL, '2024-05-01 11:00+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NaN', 'Infinity', NULL, NULL, NULL, repeat('x', 100)::bytea, '{"LensModel": "other", "XMP:Subject": ["c"]}');
EOSQL
	(undef, $data) = page(q{'facts'});
	my ($first, $second) = @{ $data->{photos} };
	delete @$_{ 'status', 'exif', 'path' } foreach $first, $second;
	is_deeply($first, { id => '1', taken_at_local => '2024-05-01T14:00:00', lens => 'Lens', keywords => [ 'a', undef, 'b <' ], title => 'Title', description => 'About', rating => 3, iso => 200, f_number => 2.8,
		exposure_time => 0.01, focal_length => 35, exposure => "1/100 s \x{b7} f/2.8 \x{b7} ISO 200 \x{b7} 35 mm", altitude => 12.5, direction => 90, thumbhash => 'AQI=' }, 'facts come from their columns');
	is_deeply($second, { id => '2', taken_at_local => '2024-05-01T11:00:00', f_number => 'NaN', exposure_time => 'Infinity' }, 'or are absent');
	ok(!exists $data->{timezone}, 'times are those of the cameras');
	is(ids(q{'facts', lens => 'LENS', keyword => 'b <'}), '1', 'and are filtered by them');
	is(ids(q{'facts', lens => 'other'}) . ids(q{'facts', keyword => 'c'}), '', 'not by what exif_metadata has');
}
if (attach_takes('thumbnail'))
{
	value($server, q{CREATE TABLE stored (id int PRIMARY KEY, path text, thumbnail bytea); SELECT thumbexif_attach('stored', thumbnail => 'thumbnail'); INSERT INTO stored VALUES (1, '1.png'), (2, '2.png'), (3, 'gone.png')});
	$server->safe_psql('postgres', q{CALL thumbexif_backfill(relation => 'stored')});
	value($server, q{UPDATE stored SET thumbnail = '<svg xmlns="http://www.w3.org/2000/svg"/>' WHERE id = 2});
	(undef, $data) = page(q{'stored'});
	my %stored = map { $_->{id} => $_ } @{ $data->{photos} };
	is($stored{1}{thumbnail}, 'data:image/jpeg;base64,' . value($server, q{SELECT translate(encode(thumbnail, 'base64'), E'\n', '') FROM stored WHERE id = 1}), 'a thumbnail in the row');
	is($stored{2}{thumbnail} // $stored{2}{error}, 'the thumbnail in the row is no picture', 'or what is none');
	is($stored{3}{thumbnail} // $stored{3}{status}, 'missing', 'or none');
}

# --- other encodings

foreach my $case ([ LATIN1 => "\xe9", "\x{e9}" ], [ SQL_ASCII => "\xe9", "\x{fffd}" ], [ SQL_ASCII => "\xc3\xa9", "\x{e9}" ])
{
	my ($encoding, $stored, $shown) = @$case;
	my $name = lc $encoding;

	if (!value($server, "SELECT count(*) FROM pg_database WHERE datname = '$name'"))
	{
		value($server, "CREATE DATABASE $name TEMPLATE template0 ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'");
		value($server, "CREATE EXTENSION thumbexif; $table", $name);
		value($server, q{INSERT INTO photos (path) VALUES ('1.png')}, $name);
	}
	value($server, "SET client_encoding = $encoding; UPDATE photos SET camera_model = '<$stored>'", $name);
	($html, $data) = page('', undef, $name);
	ok($html !~ /[^\n -~]/, "$encoding: the page is in ASCII");
	is($data->{photos}[0]{camera}, "<$shown>", 'and shows what it can');
}

$server->stop;
done_testing();
