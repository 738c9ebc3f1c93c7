# thumbexif_api(): what it makes finds the right photos, with whatever names, keys and columns a table has; with whose rights; again after the
# table has changed; and from a dump.
use strict;
use warnings;

use B;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $server = new_server('api');

# ask(ROLE, SQL): what psql prints, and its errors
sub ask
{
	my ($role, $sql, $database) = @_;
	my ($result, $out, $err) = $server->psql($database || 'postgres', $sql, extra_params => $role eq 'postgres' ? [] : [ '-U', $role ], on_error_stop => 1);

	return wantarray ? ($out, $err) : $out;
}

sub refused
{
	my ($role, $sql, $pattern, $what) = @_;
	my (undef, $err) = ask($role, $sql);

	return like($err, $pattern, $what);
}

# wrong(SCHEMA, VALUE, WHERE): what of a value is not as a JSON Schema says; of the words that doc/photo.schema.json uses
sub wrong
{
	my ($schema, $value, $where) = @_;
	my $is_text = !ref $value && !(B::svref_2object(\$value)->FLAGS & (B::SVf_IOK | B::SVf_NOK));
	my $kind = ref $value eq 'HASH' ? 'object' : ref $value eq 'ARRAY' ? 'array' : !defined $value ? 'null' : ref $value ? 'boolean' : $is_text ? 'string' : $value =~ /^-?\d+$/ ? 'integer' : 'number';
	my @types = ref $schema->{type} ? @{ $schema->{type} } : $schema->{type};
	my @wrong;

	push @wrong, "$where is a $kind" unless grep { $_ eq $kind || ($_ eq 'number' && $kind eq 'integer') } @types;
	push @wrong, "$where is too small" if defined $schema->{minimum} && $value < $schema->{minimum};
	push @wrong, "$where is too large" if defined $schema->{maximum} && $value > $schema->{maximum};
	push @wrong, "$where is too long" if defined $schema->{maxLength} && length $value > $schema->{maxLength};
	push @wrong, "$where is no $schema->{pattern}" if defined $schema->{pattern} && $value !~ /$schema->{pattern}/;
	push @wrong, map { wrong($schema->{items}, $_, "$where\[]") } @$value if $kind eq 'array' && $schema->{items};
	return @wrong unless $kind eq 'object' && $schema->{properties};
	push @wrong, map { "$where.$_ is absent" } grep { !exists $value->{$_} } @{ $schema->{required} || [] };
	foreach my $key (sort keys %$value)
	{
		if ($schema->{properties}->{$key}) { push @wrong, wrong($schema->{properties}->{$key}, $value->{$key}, "$where.$key") }
		elsif (exists $schema->{additionalProperties}) { push @wrong, "$where.$key is unknown" }
	}
	return @wrong;
}

# --- a table of an ordinary role, with all kinds of rows

value($server, <<'EOS');
CREATE ROLE painter LOGIN;
CREATE ROLE viewer LOGIN;
CREATE ROLE nobody LOGIN;
GRANT ALL ON DATABASE postgres TO painter;
CREATE SCHEMA atelier AUTHORIZATION painter;
SELECT thumbexif_attach('atelier.dummy', create_table => true);
ALTER TABLE atelier.dummy OWNER TO painter;
SET client_min_messages = warning;
SELECT thumbexif_grant('painter', 'atelier.dummy', 'own');
EOS

ask('painter', <<'EOS');
CREATE TABLE atelier.photos (id bigint PRIMARY KEY, path text UNIQUE NOT NULL, thumbnail_path text, width int, height int, taken_at timestamptz,
	camera_make text, camera_model text, gps_latitude float8, gps_longitude float8, exif_metadata jsonb);
SET client_min_messages = warning;
SELECT thumbexif_attach('atelier.photos');
INSERT INTO atelier.photos VALUES
(1, '2010/beach_day.jpg', '/srv/t/16384/7/ab/cd/1-2-3.jpg', 4000, 3000, '2010-07-01 12:00:00.25+00', 'Canon', 'Canon EOS 5D', 43.7, 7.25,
	'{"ISOSpeedRatings": 100, "FNumber": 2.8, "ExposureTime": 0.004, "FocalLength": 35, "FocalLengthIn35mmFilm": 35, "LensModel": "EF 35mm",
	  "XMP:Subject": ["beach", "summer"], "XMP:Rating": 5, "XMP:Title": "At the sea", "GPSAltitude": 3, "GPSAltitudeRef": 1}'),
(2, '2010/town.jpg', NULL, 3000, 4000, '2010-12-31 23:30:00+00', 'NIKON CORPORATION', 'NIKON D90', 43.71, 7.26,
	'{"ISOSpeedRatings": 800, "FNumber": 8, "FocalLength": 200, "IPTC:Keywords": "town", "XMP:Rating": 3, "XMP:Description": "A quiet street"}'),
(3, '2011/fiji.jpg', NULL, 4000, 3000, '2011-01-01 00:30:00+00', 'NIKON', 'D90', -17.8, 179.9, '{"ISOSpeedRatings": [200, 0], "LensModel": "50mm", "XMP:Subject": ["beach"]}'),
(4, '2011/samoa.jpg', NULL, 4000, 3000, '2011-01-01 00:30:00+00', 'nikon', 'D90', -13.8, -179.8, NULL),
(5, 'scan.png', NULL, 100, 0, NULL, NULL, NULL, NULL, NULL, '{"ISOSpeedRatings": 1e300, "XMP:Rating": "many", "LensModel": 7}'),
(6, 'undated.png', NULL, NULL, NULL, NULL, NULL, 'X100', 91, 7, '{}'),
(7, 'never.jpg', NULL, 1, 1, 'infinity', 'Canon', NULL, 90, 180, 'null');
EOS
my $no_numbers = q{INSERT INTO atelier.photos VALUES (8, 'Infinity', NULL, NULL, NULL, '-infinity', 'NaN', 'NaN', 'NaN', '-Infinity', NULL)};

my ($out, $err) = ask('painter', q{SELECT thumbexif_api('atelier.photos', 'gallery', grant_to => 'viewer', base => '/thumbs/')});
like($err, qr/NOTICE:  made gallery\.photos, gallery\.photos_search\(\), gallery\.photos_timeline\(\), gallery\.photos_facets\(\), gallery\.photos_map\(\), gallery\.photo\(\), gallery\.photo_upload\(\)/, 'says what it made');
like($err, qr/Role viewer may use all of them/, 'and to whom it is granted');
like($err, qr/CREATE INDEX CONCURRENTLY photos_camera_\w+ ON atelier\.photos /, 'and which indexes it did not make');
is(value($server, q{SELECT count(*) FROM pg_index WHERE indrelid = 'atelier.photos'::regclass}), '2', 'no index is made unasked');

# --- the view

is(ask('viewer', q{SELECT make, camera, lens, iso, f_number, exposure_time, focal_length, focal_length_35mm, exposure, altitude, aspect, keywords, title, rating, thumbnail FROM gallery.photos WHERE id = 1}),
	'Canon|Canon EOS 5D|EF 35mm|100|2.8|0.004|35|35|1/250 s · f/2.8 · ISO 100 · 35 mm|-3|1.3333333333333333|{beach,summer}|At the sea|5|/thumbs/16384/7/ab/cd/1-2-3.jpg', 'all of a photo');
is(ask('viewer', q{SELECT id, make, camera, keywords, rating, description FROM gallery.photos WHERE id BETWEEN 2 AND 4 ORDER BY id}),
	"2|Nikon|Nikon D90|{town}|3|A quiet street\n3|Nikon|Nikon D90|{beach}||\n4|Nikon|Nikon D90|||", 'one spelling of a make');
is(ask('viewer', q{SELECT count(iso), count(rating), count(lens), count(aspect), count(taken_at_local), count(exposure), count(camera) FROM gallery.photos WHERE id IN (5, 6)}),
	'0|0|1|0|0|0|1', 'what is no value is none');

# --- each filter, by values

sub found
{
	my ($filters, $ids, $what) = @_;

	return is(ask('viewer', "SELECT string_agg(id::text, ' ') FROM gallery.photos_search($filters)"), $ids, $what || $filters);
}

found('', '7 4 3 2 1 6 5', 'newest first, then by key, then those without a date');
found(q{"from" => '2010-12-31 23:30:00+00'}, '7 4 3 2');
found(q{"from" => '-infinity'}, '7 4 3 2 1', 'what has no date was taken at no time');
found(q{"to" => '2010-12-31 23:30:00+00'}, '1');
found(q{"from" => '2010-01-01', "to" => '2011-01-01 00:00:00+00'}, '2 1');
found(q{camera => 'Nikon D90'}, '4 3 2');
found(q{make => 'NIKON CORPORATION'}, '4 3 2');
found(q{make => 'canon'}, '7 1');
found(q{lens => '50mm'}, '3');
found(q{iso_min => 200}, '3 2');
found(q{iso_max => 200}, '3 1');
found(q{iso_min => 200, iso_max => 200}, '3');
found(q{aperture_min => 2.8, aperture_max => 2.8}, '1');
found(q{aperture_min => 3}, '2');
found(q{focal_min => 35, focal_max => 100}, '1');
found(q{focal_max => 1000}, '2 1');
found(q{keywords => '{beach}'}, '3 1');
found(q{keywords => '{beach,summer}'}, '1');
found(q{keywords => '{}', rating => 3}, '2 1', 'an empty list of keywords is no filter');
found(q{rating => 3}, '2 1');
found(q{has_position => true}, '7 4 3 2 1');
found(q{has_position => false}, '6 5');
found(q{bbox => '{7,43,8,44}'}, '2 1');
found(q{bbox => '{179,-20,-179,-10}'}, '4 3', 'a box across the date line');
found(q{bbox => '{-180,-90,180,90}'}, '7 4 3 2 1');
found(q{bbox => '{-200,-20,-180,-10}'}, '3', 'a box west of the date line');
found(q{near_lat => 43.7, near_lon => 7.25, near_metres => 1000}, '1');
found(q{near_lat => 43.7, near_lon => 7.25, near_metres => 1500}, '2 1');
found(q{near_lat => -16, near_lon => 180, near_metres => 300000}, '4 3', 'near the date line');
found(q{near_lat => 89.9, near_lon => 0, near_metres => 100000}, '7', 'near a pole');
found(q{near_lat => 43.7}, '', 'half a place is nowhere');
found(q{"text" => 'BEACH'}, '3 1', 'a word in keywords and path');
found(q{"text" => 'street -town'}, '');
found(q{"text" => '"at the sea"'}, '1');
found(q{camera => 'Nikon D90', "from" => '2011-01-01', bbox => '{170,-90,180,90}', rating => NULL}, '3', 'several filters');
found(q{camera => ''' OR true --'}, '', 'a text is a text');
refused('viewer', qq{SELECT gallery.photos_search($_->[0])}, $_->[1], "refused: $_->[0]")
  foreach [ q{bbox => '{1,2,3}'}, qr/22.*four numbers|four numbers/ ], [ q{bbox => '{0,50,1,40}'}, qr/not a box/ ], [ q{bbox => '{NaN,0,1,1}'}, qr/not a box/ ],
  [ q{near_lat => 91, near_lon => 0, near_metres => 1}, qr/not a circle/ ], [ q{after => 'x'}, qr/invalid input syntax/ ];

# pages
{
	my ($after, @seen) = ('NULL');

	for (1 .. 10)
	{
		my @page = map { [ split /\|/ ] } split /\n/, ask('viewer', qq{SELECT id, cursor FROM gallery.photos_search(after => $after, "limit" => 1)});
		last unless @page;
		push @seen, map { $_->[0] } @page;
		$after = "'$page[-1]->[1]'";
	}
	my %count;
	$count{$_}++ foreach @seen;
	is(join(' ', grep { $count{$_} != 1 } 1 .. 7), '', 'pages leave none out and show none twice');
}
is(ask('viewer', q{SELECT count(*) FROM gallery.photos_search("limit" => 0)}), '0', 'a page of none');
is(ask('viewer', q{SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SELECT string_agg(id::text, ' ') FROM gallery.photos_search(after => (SELECT cursor FROM gallery.photos WHERE id = 3))}),
	'2 1 6 5', 'a cursor is the same in all time zones');

# --- the other functions

is(ask('viewer', q{SELECT * FROM gallery.photos_timeline('year', "to" => '2020-01-01')}), "2011-01-01|2|4\n2010-01-01|2|2", 'years');
is(ask('viewer', q{SELECT * FROM gallery.photos_timeline('month', make => 'Nikon')}), "2011-01-01|2|4\n2010-12-01|1|2", 'months, filtered');
is(ask('viewer', q{SELECT bucket FROM gallery.photos_timeline('day', "to" => '2010-12-01')}), '2010-07-01', 'days');
value($server, q{ALTER DATABASE postgres SET thumbexif.default_timezone = 'Asia/Tokyo'});
is(ask('viewer', q{SELECT * FROM gallery.photos_timeline('year', "to" => '2020-01-01')}), "2011-01-01|3|4\n2010-01-01|1|1", 'the day is that of the clock where it was taken');
value($server, q{ALTER DATABASE postgres RESET thumbexif.default_timezone});

is(ask('viewer', q{SELECT f->'cameras', f->'lenses', f->'years', f->'keywords' FROM gallery.photos_facets(has_position => true, "to" => '2020-01-01') f}),
	'[{"count": 3, "value": "Nikon D90"}, {"count": 1, "value": "Canon EOS 5D"}]|[{"count": 1, "value": "50mm"}, {"count": 1, "value": "EF 35mm"}]|' .
	'[{"count": 2, "value": "2011"}, {"count": 2, "value": "2010"}]|[{"count": 2, "value": "beach"}, {"count": 1, "value": "summer"}, {"count": 1, "value": "town"}]', 'facets');
is(ask('viewer', q{SELECT gallery.photos_facets(iso_min => 999999)}), '{"years": [], "lenses": [], "cameras": [], "keywords": []}', 'facets of nothing');

my $map = q{SELECT string_agg(concat_ws(' ', f->'properties'->'count', f->'properties'->'cover', round((f->'geometry'->'coordinates'->>0)::numeric, 2), f->'properties'->'approximate'), ', ' ORDER BY f->'properties'->'cover')
	FROM jsonb_array_elements(gallery.photos_map(%s)->'features') f};
is(ask('viewer', sprintf($map, '7, 43, 8, 44, 5')), '2 1 7.26 false', 'two photos in a cluster');
is(ask('viewer', sprintf($map, '7, 43, 8, 44, 14')), '1 1 7.25 false, 1 2 7.26 false', 'apart when one is near');
is(ask('viewer', sprintf($map, "7, 43, 8, 44, 5, camera => 'Nikon D90'")), '1 2 7.26 false', 'the same with a filter');
is(ask('viewer', sprintf($map, '179, -20, -179, -10, 5')), '1 3 179.90 false, 1 4 -179.80 false', 'a map across the date line');
is(ask('viewer', sprintf($map, "179, -20, -179, -10, 5, make => 'nikon'")), '1 3 179.90 false, 1 4 -179.80 false', 'the same with a filter');
is(ask('viewer', q{SELECT sum((f->'properties'->>'count')::int) FROM jsonb_array_elements(gallery.photos_map()->'features') f}), '5', 'all the world');
is(ask('viewer', q{SELECT gallery.photos_map(0, 0, 1, 1, 20)}), '{"type": "FeatureCollection", "features": []}', 'an empty map');

is(ask('viewer', q{SELECT p->>'id', p->'exif'->>'FNumber', p ? 'cursor', p ? 'direction', p->>'camera' FROM gallery.photo(1) p}), '1|2.8|f|f|Canon EOS 5D', 'one photo');
is(ask('viewer', q{SELECT gallery.photo(99) IS NULL, gallery.photo(NULL) IS NULL, gallery.photo(4) ? 'exif'}), 't|t|f', 'none; one without EXIF');

{
	my $schema = decode_json(slurp_file("$ENV{TE_SCRATCH}/doc/photo.schema.json"));
	ask('painter', $no_numbers);
	is(ask('viewer', 'SELECT gallery.photo(8)'), '{"id": 8, "make": "NAN", "path": "Infinity", "camera": "NAN"}', 'numbers that are none');
	my @columns = split /\n/, value($server, q{SELECT attname FROM pg_attribute WHERE attrelid = 'gallery.photos'::regclass AND attnum > 0 AND attname <> 'cursor'});

	foreach my $id (1 .. 8)
	{
		is(join(', ', wrong($schema, decode_json(ask('viewer', "SELECT gallery.photo($id)")), 'photo')), '', "photo $id is as the schema says");
	}
	is(join(', ', wrong($schema, { id => 1.5, path => 7, exif => [], iso => -1, colour => 'red' }, 'photo')),
		'photo.colour is unknown, photo.exif is a array, photo.id is a number, photo.iso is too small, photo.path is a integer', 'the schema says something');
	is(join(' ', grep { !$schema->{properties}->{$_} } @columns), '', 'the schema has all columns of the view');
	ask('painter', 'DELETE FROM atelier.photos WHERE id = 8');
}

# --- rights

refused('nobody', 'SELECT * FROM gallery.photos', qr/permission denied for schema gallery/, 'others may not look');
value($server, 'GRANT USAGE ON SCHEMA gallery TO PUBLIC');
refused('nobody', 'SELECT * FROM gallery.photos', qr/permission denied for view photos/, 'nor with USAGE');
refused('nobody', "SELECT $_", qr/permission denied for function/, "nobody may call $_") foreach 'gallery.photos_search()', 'gallery.photo(1)', 'gallery._photos_search()', 'gallery.photos_map()';
value($server, 'GRANT USAGE ON SCHEMA atelier TO viewer');
refused('viewer', q{SELECT thumbexif_api('atelier.photos', 'mine')}, qr/permission denied for function thumbexif_api/, 'the right to make it is granted');
value($server, 'GRANT EXECUTE ON FUNCTION thumbexif_api TO viewer; GRANT CREATE ON DATABASE postgres TO viewer');
refused('viewer', q{SELECT thumbexif_api('atelier.photos', 'mine')}, qr/must be owner of/, 'and the table is the caller\'s');
value($server, 'CREATE SCHEMA other; GRANT ALL ON SCHEMA other TO painter');
refused('painter', q{SELECT thumbexif_api('atelier.photos', 'other')}, qr/must be owner of schema other/, 'and the schema, too');
refused('painter', q{SELECT thumbexif_api('atelier.photos', grant_to => 'none such')}, qr/role "none such" does not exist/, 'a role that there is not');
refused('painter', q{SELECT thumbexif_api('atelier.photos', schema => NULL)}, qr/must not be NULL/, 'no schema');
is(value($server, q{SELECT count(*) FROM pg_namespace WHERE nspname IN ('photos_api', 'mine')}), '0', 'nothing is left of what failed');

# a schema of another role, or with something of another role's: that role could replace what a superuser makes there
value($server, q{CREATE SCHEMA planted AUTHORIZATION nobody; CREATE SCHEMA shared AUTHORIZATION painter; GRANT ALL ON SCHEMA shared TO nobody});
refused('postgres', q{SELECT thumbexif_api('atelier.photos', 'planted')}, qr/schema planted is not only yours: "planted" belongs to role "nobody"/, 'not into a schema of another role');
ask('nobody', q{CREATE FUNCTION shared.photo(id bigint) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb'});
refused('postgres', q{SELECT thumbexif_api('atelier.photos', 'shared')}, qr/function shared\.photo\(bigint\) was not made by thumbexif_api/, 'nor over a function of another role');
ask('nobody', q{DROP FUNCTION shared.photo; CREATE VIEW shared.trap AS SELECT 1});
refused('painter', q{SELECT thumbexif_api('atelier.photos', 'shared')}, qr/"trap" belongs to role "nobody"/, 'nor beside a view of another role');
ask('nobody', 'DROP VIEW shared.trap');
is(ask('postgres', q{SET client_min_messages = warning; SELECT thumbexif_api('atelier.photos', 'shared'); SELECT count(*) FROM shared.photos_search()}), "\n7", 'a superuser may make them for the owner of the table');

# thumbexif_call() gives no value as one of another type
value($server, 'CREATE SCHEMA odd AUTHORIZATION nobody');
ask('nobody', q{CREATE FUNCTION odd.two(n int, OUT a int, OUT b int) RETURNS SETOF record LANGUAGE sql STABLE AS 'SELECT 1, 2';
	CREATE TABLE odd.cut (gone int, a text, b text); INSERT INTO odd.cut VALUES (1, 'left', 'right'); ALTER TABLE odd.cut DROP COLUMN gone;
	CREATE FUNCTION odd.cuts(n int) RETURNS SETOF odd.cut LANGUAGE sql STABLE AS 'SELECT * FROM odd.cut'});
refused('nobody', q{SELECT * FROM thumbexif_call(NULL::record, 'odd.two', 1) AS t(a text, b text)}, qr/arguments or result do not fit the function/, 'a record of other types is refused');
refused('nobody', q{SELECT * FROM thumbexif_call(NULL::record, 'odd.two', 1) AS t(a int)}, qr/arguments or result do not fit the function/, 'and one of other columns');
is(ask('nobody', q{SELECT a, b FROM thumbexif_call(NULL::odd.cut, 'odd.cuts', 1)}), 'left|right', 'a dropped column is left out');
ask('nobody', q{CREATE FUNCTION odd.closed(n int) RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT 1'; REVOKE EXECUTE ON FUNCTION odd.closed FROM PUBLIC; GRANT USAGE ON SCHEMA odd TO viewer});
refused('viewer', q{SELECT thumbexif_call(NULL::int, 'odd.closed', 1)}, qr/permission denied for function closed/, 'EXECUTE on the function is needed');

ask('painter', q{ALTER TABLE atelier.photos ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON atelier.photos FOR SELECT TO viewer USING (id > 3)});
found('', '7 4 6 5', 'row security holds for the caller');
is(ask('viewer', q{SELECT gallery.photo(1) IS NULL, (SELECT sum(count) FROM gallery.photos_timeline('year', "to" => '2020-01-01')), gallery.photos_facets()->'lenses'}), 't|1|[{"count": 1, "value": "7"}]', 'in all functions');
is(ask('viewer', sprintf($map, '7, 43, 8, 44, 5')), '', 'and on the map');
is(ask('painter', q{SELECT count(*) FROM gallery.photos_search()}), '7', 'the owner sees all');
ask('painter', 'DROP POLICY few ON atelier.photos; ALTER TABLE atelier.photos DISABLE ROW LEVEL SECURITY');

# what others create in their schemas changes nothing
value($server, q{CREATE SCHEMA trap AUTHORIZATION nobody});
ask('nobody', q{CREATE FUNCTION trap.lt(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT NULL::boolean';
	CREATE OPERATOR trap.>= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = trap.lt); CREATE FUNCTION trap.concat_ws(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS 'SELECT 1/0 || $1';
	GRANT USAGE ON SCHEMA trap TO PUBLIC});
is(ask('viewer', q{SET search_path = trap, pg_catalog; SELECT count(exposure) FROM gallery.photos_search("from" => '2010-01-01 00:00:00+00')}), '3', 'names are bound');

# --- again

value($server, q{CREATE ROLE guest LOGIN; GRANT USAGE ON SCHEMA gallery TO guest; GRANT SELECT ON atelier.photos TO guest});
ask('painter', q{GRANT SELECT ON gallery.photos TO guest; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA gallery TO guest; ALTER TABLE atelier.photos RENAME camera_model TO model;
	ALTER TABLE atelier.photos ADD COLUMN note text; SET client_min_messages = warning; SELECT thumbexif_attach('atelier.photos', camera_model => 'model')});
(undef, $err) = ask('painter', q{SELECT thumbexif_api('atelier.photos', 'gallery', create_indexes => true)});
unlike($err, qr/ERROR|indexes for the filters were not made/, 'run again after columns have changed');
is(ask('guest', q{SELECT count(*) FROM gallery.photos_search(camera => 'Nikon D90')}), '3', 'grants are kept');
is(value($server, q{SELECT count(*) FROM pg_index WHERE indrelid = 'atelier.photos'::regclass}), '13', 'indexes are made when asked');
(undef, $err) = ask('painter', q{SELECT thumbexif_api('atelier.photos', 'gallery', create_indexes => true)});
is(value($server, q{SELECT count(*) FROM pg_index WHERE indrelid = 'atelier.photos'::regclass}), '13', 'and once');
value($server, q{ALTER TABLE atelier.photos RENAME TO pictures; UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text LIKE 'atelier.photos_time_%'});
(undef, $err) = ask('painter', q{SELECT thumbexif_api('atelier.pictures', 'gallery')});
like($err, qr/not made\nDETAIL:  REINDEX INDEX CONCURRENTLY atelier\.photos_time_\w{4};\nHINT/, 'an index that a failed statement has left is to be made again, and no other one when the table has been renamed');
ask('painter', q{SELECT thumbexif_api('atelier.pictures', 'gallery', create_indexes => true); ALTER TABLE atelier.pictures RENAME TO photos});
is(value($server, q{SELECT count(*), bool_and(indisvalid) FROM pg_index WHERE indrelid = 'atelier.photos'::regclass}), '13|t', 'it is, when asked');
ask('painter', join ';', map { my $long = 'l' . '0123456789' x 5 . $_; "CREATE TABLE atelier.$long (id bigint PRIMARY KEY, path text); SET client_min_messages = error; SELECT thumbexif_attach('atelier.$long'); SELECT thumbexif_api('atelier.$long', '$long', create_indexes => true)" } 'abcdef', 'abcdeg');
is(value($server, q{SELECT count(*), count(DISTINCT indrelid) FROM pg_index WHERE indexrelid::regclass::text ~ '_words_\w{4}$' AND indrelid::regclass::text LIKE 'atelier.l0123%'}), '2|2', 'tables whose long names begin alike have each its index');
found('', '7 4 3 2 1 6 5', 'the same with indexes');
value($server, 'VACUUM ANALYZE atelier.photos');
is(ask('viewer', q{SELECT thumbexif_map_estimate('atelier.photos', 0, 1::bigint << 62)}), '0', 'an index of one page has no pages above');
ask('painter', q{ALTER TABLE atelier.photos ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON atelier.photos FOR SELECT TO viewer USING (id > 3)});
is(ask('viewer', q{SELECT thumbexif_map_estimate('atelier.photos', 0, 1::bigint << 62) IS NULL}), 't', 'nobody learns of rows that are hidden');
ask('painter', 'DROP POLICY few ON atelier.photos; ALTER TABLE atelier.photos DISABLE ROW LEVEL SECURITY');
is(ask('nobody', q{SELECT thumbexif_map_estimate('atelier.photos'::regclass::oid::regclass, 0, 1)}), '', 'nor who may not read');
refused('painter', q{ALTER TABLE atelier.photos DROP COLUMN model}, qr/view gallery\.photos depends on/, 'PostgreSQL knows what depends on a column');
is(ask('painter', q{INSERT INTO atelier.photos (id, path, exif_metadata) VALUES (8, repeat('x', 2000), jsonb_build_object('LensModel', repeat('L', 9000), 'XMP:Subject', jsonb_build_array(repeat('k', 9000)), 'XMP:Title', repeat('t ', 90000), 'FNumber', 1e300))
	RETURNING id}), '8', 'no value is too large for the indexes');
ask('painter', 'DELETE FROM atelier.photos WHERE id = 8');

# --- other kinds of keys, columns and names

my $name = q{"o'dd \ ""schema"};
ask('painter', <<"EOS");
CREATE SCHEMA $name;
CREATE TABLE $name."t'a\\b""le {id}" ("i'd {path}" varchar(40) PRIMARY KEY, "p""ath" varchar NOT NULL, taken_at timestamp, camera_make varchar, la numeric, lo numeric, exif json, width bigint);
SET client_min_messages = warning;
SELECT thumbexif_attach('"o''dd \\ ""schema"."t''a\\b""le {id}"', id => 'i''d {path}', path => 'p"ath', gps_latitude => 'la', gps_longitude => 'lo', exif_metadata => 'exif');
INSERT INTO $name."t'a\\b""le {id}" VALUES ('one', 'a.jpg', '2010-07-01 12:00', 'NIKON', 43.7, 7.25, '{"FNumber": 2.8}', 4000), ('two', 'b.jpg', NULL, NULL, NULL, NULL, NULL, NULL);
EOS
(undef, $err) = ask('painter', q{SELECT thumbexif_api('"o''dd \ ""schema"."t''a\b""le {id}"', 'a''p\i "x', grant_to => 'viewer', base => 'it''s\ {id}/', create_indexes => true)});
unlike($err, qr/ERROR/, 'hostile names');
is(ask('viewer', q{SELECT string_agg(concat_ws(' ', id, make, taken_at_local, f_number, latitude, width, cursor), ', ') FROM "a'p\i ""x".photos_search()}),
	'one Nikon 2010-07-01 12:00:00 2.8 43.7 4000 1277985600000000_one, two _two', 'of another table');
is(ask('viewer', q{SELECT string_agg(id, ' ') FROM "a'p\i ""x".photos_search(after => '1277985600000000_one')}), 'two', 'the next page');
is(ask('viewer', q{SELECT "a'p\i ""x".photo('one')->'exif', (SELECT cover FROM "a'p\i ""x".photos_timeline()), jsonb_array_length("a'p\i ""x".photos_map()->'features')}), '{"FNumber": 2.8}|one|1', 'its other functions');
refused('painter', q{SELECT thumbexif_api('atelier.photos', 'a''p\i "x')}, qr/another type of key/, 'one schema for one type of key');

ask('painter', q{CREATE TABLE atelier.bare (key uuid PRIMARY KEY, file text); INSERT INTO atelier.bare VALUES ('00000000-0000-0000-0000-000000000001', 'a.jpg');
	SET client_min_messages = warning; SELECT thumbexif_attach('atelier.bare', id => 'key', path => 'file')});
(undef, $err) = ask('painter', q{SELECT thumbexif_api('atelier.bare', 'bare', create_indexes => true)});
unlike($err, qr/ERROR/, 'a table without any column that is filled');
is(ask('painter', q{SELECT (SELECT count(*) FROM bare.photos_search(after => '_00000000-0000-0000-0000-000000000002')), bare.photo('00000000-0000-0000-0000-000000000001'), (SELECT count(*) FROM bare.photos_timeline()), bare.photos_map()->'features'}),
	'1|{"id": "00000000-0000-0000-0000-000000000001", "path": "a.jpg"}|0|[]', 'can be searched');

# --- a dump

my $dump = $server->basedir . '/dump.sql';
my $before = value($server, q{SELECT string_agg(concat_ws(' ', n.nspname, p.proname, p.proacl, md5(pg_get_functiondef(p.oid))), E'\n' ORDER BY 1) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'gallery'});
$server->command_ok([ 'pg_dump', '-f', $dump, '-d', $server->connstr('postgres') ], 'dump');
$server->safe_psql('postgres', 'CREATE DATABASE copy');
$server->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump, '-d', $server->connstr('copy') ], 'restore');
is(ask('viewer', q{SELECT string_agg(id::text, ' ') FROM gallery.photos_search(has_position => true)}, 'copy'), '7 4 3 2 1', 'a dump brings it back');
is(ask('viewer', q{SELECT string_agg(id, ' ') FROM "a'p\i ""x".photos_search()}, 'copy'), 'one two', 'whatever its names are');
is($server->safe_psql('copy', q{SELECT reloptions FROM pg_class WHERE oid = 'gallery.photos'::regclass}), '{security_invoker=true}', 'with the rights of who asks');

ask('painter', 'DROP SCHEMA gallery CASCADE');
is(value($server, q{SELECT count(*) FROM pg_namespace WHERE nspname = 'gallery'}), '0', 'DROP SCHEMA removes it');
is(ask('painter', q{SELECT count(*) FROM atelier.photos}), '7', 'and no photo');

done_testing();
