# photos_search() and the other functions against plain SQL on the table: random rows with all that is odd, random filters together, and pages
# that are put together again.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $seed = $ENV{SEED} || 3;
my $count = $ENV{FILTERS} || 60;
srand $seed;
my $server = new_server('random', config => "autovacuum = off\nmax_parallel_workers_per_gather = 0\nsynchronous_commit = off\n");

# ties, no dates and infinite ones; positions at poles and date line, and numbers that are none; the wall clock up to half a day away
value($server, <<'EOS');
CREATE TABLE photos (id uuid PRIMARY KEY, path text NOT NULL, taken_at timestamptz, taken_at_local timestamp, camera_make text, camera_model text,
	gps_latitude float8, gps_longitude float8, exif_metadata jsonb);
SELECT setseed(0.3);
INSERT INTO photos SELECT md5(n::text)::uuid, format('%s/IMG_%s.jpg', n % 7, n),
	CASE WHEN n % 11 = 0 THEN NULL WHEN n % 397 = 0 THEN 'infinity' WHEN n % 5 = 0 THEN timestamptz '2010-01-01 00:00Z' + n % 50 * interval '1 hour' ELSE timestamptz '2000-01-01' + random() * interval '20 years' END, NULL,
	(ARRAY['NIKON', 'NIKON CORPORATION', 'Canon', NULL])[1 + n % 4], (ARRAY['NIKON D90', 'D90', 'EOS 5D', NULL, 'X100', '  '])[1 + n % 6],
	CASE WHEN n % 13 = 0 THEN NULL WHEN n % 17 = 0 THEN 'NaN' WHEN n % 101 = 0 THEN 90 WHEN n % 103 = 0 THEN -90 WHEN n % 107 = 0 THEN 91 WHEN n % 3 = 0 THEN -17 + 2 * random() ELSE -90 + 180 * random() END,
	CASE WHEN n % 19 = 0 THEN NULL WHEN n % 23 = 0 THEN 'Infinity' WHEN n % 109 = 0 THEN 180 WHEN n % 113 = 0 THEN -180 WHEN n % 6 = 0 THEN 179 + random() WHEN n % 3 = 0 THEN -180 + random() ELSE -180 + 360 * random() END,
	CASE WHEN n % 6 = 0 THEN NULL WHEN n % 41 = 0 THEN '[]' ELSE jsonb_build_object('ISOSpeedRatings', (ARRAY[100, 200, 400, 800])[1 + n % 4], 'FNumber', (n % 30) / 10.0, 'FocalLength', n % 200, 'LensModel', 'L' || n % 9,
		'XMP:Subject', to_jsonb((ARRAY['a', 'b', 'c', 'd e', 'f'])[1 + n % 3 : 1 + n % 5]), 'XMP:Rating', n % 7 - 1, 'XMP:Title', 'Title ' || n % 50) END
FROM generate_series(1, 5000) n;
UPDATE photos SET taken_at_local = taken_at AT TIME ZONE 'UTC' + (ascii(id::text) % 25 - 12) * interval '1 hour';
SET client_min_messages = warning;
SELECT thumbexif_attach('photos', taken_at_local => 'taken_at_local');
SELECT thumbexif_pause('photos');
SELECT thumbexif_api('photos', 'api', create_indexes => true);
VACUUM ANALYZE photos;

-- what the table says, without anything of thumbexif
CREATE VIEW plain AS SELECT id, taken_at, COALESCE(taken_at, '-infinity') AS sorted, taken_at_local::date AS day,
	CASE WHEN camera_make LIKE 'NIKON%' THEN 'Nikon' ELSE camera_make END AS make,
	NULLIF(concat_ws(' ', CASE WHEN camera_make LIKE 'NIKON%' THEN 'Nikon' ELSE camera_make END,
		NULLIF(trim(CASE WHEN camera_make LIKE 'NIKON%' THEN replace(camera_model, 'NIKON ', '') ELSE camera_model END), '')), '') AS camera,
	exif_metadata->>'LensModel' AS lens, (exif_metadata->>'ISOSpeedRatings')::int AS iso, (exif_metadata->>'FNumber')::float8 AS f, (exif_metadata->>'FocalLength')::float8 AS focal,
	(exif_metadata->>'XMP:Rating')::int AS rating, ARRAY(SELECT jsonb_array_elements_text(CASE WHEN jsonb_typeof(exif_metadata->'XMP:Subject') = 'array' THEN exif_metadata->'XMP:Subject' END)) AS keywords,
	CASE WHEN gps_longitude BETWEEN -180 AND 180 AND gps_latitude BETWEEN -90 AND 90 THEN gps_latitude END AS la, CASE WHEN gps_latitude BETWEEN -90 AND 90 AND gps_longitude BETWEEN -180 AND 180 THEN gps_longitude END AS lo,
	lower(concat_ws(' ', exif_metadata->>'XMP:Title', exif_metadata->>'XMP:Subject', translate(path, '/._', '   '))) AS words FROM photos;
CREATE FUNCTION far(la float8, lo float8, a float8, o float8) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT RETURN
	12742017.6 * asin(sqrt(least(1, sind((a - la) / 2) ^ 2 + cosd(la) * cosd(a) * sind((o - lo) / 2) ^ 2)));
CREATE FUNCTION pages(filters text, size int) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE cursor text; found uuid[] := '{}'; page uuid[];
BEGIN
	LOOP
		EXECUTE format('SELECT array_agg(id ORDER BY n), (array_agg(cursor ORDER BY n DESC))[1] FROM api.photos_search(%s after => $1, "limit" => $2) WITH ORDINALITY AS s (%s, n)', filters,
			(SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'api.photos'::regclass AND attnum > 0)) INTO page, cursor USING cursor, size;
		found := found || page;
		EXIT WHEN COALESCE(cardinality(page), 0) < size OR cardinality(found) >= 40 * size;
	END LOOP;
	RETURN found;
END$$;
EOS

sub one { return $_[rand @_]; }

# each: a filter and the same in plain SQL
my @filters = (
	sub { my $t = sprintf "'2010-01-0%d %02d:00Z'", 1 + rand 3, rand 24; [ qq{"from" => $t}, "sorted >= $t" ] },
	sub { my $t = sprintf "'%d-0%d-01 00:00Z'", 2001 + rand 20, 1 + rand 9; [ qq{"to" => $t}, "taken_at < $t" ] },
	sub { my $c = one('Nikon D90', 'Canon', 'X100', 'Canon EOS 5D'); [ "camera => '$c'", "camera = '$c'" ] },
	sub { my $m = one('nikon', 'Canon'); [ "make => '$m'", "make = '" . ucfirst($m) . "'" ] },
	sub { my $l = 'L' . int rand 10; [ "lens => '$l'", "lens = '$l'" ] },
	sub { my ($a, $b) = (one(100, 200, 400), one(200, 400, 800)); [ "iso_min => $a, iso_max => $b", "iso BETWEEN $a AND $b" ] },
	sub { my $f = one(0, 0.5, 1.1, 2.9); one([ "aperture_min => $f", "f >= $f" ], [ "aperture_max => $f", "f <= $f" ], [ "aperture_min => $f, aperture_max => $f", "f = $f" ]) },
	sub { my $f = one(0, 1, 50, 199); one([ "focal_min => $f", "focal >= $f" ], [ "focal_max => $f", "focal <= $f" ]) },
	sub { my $k = one('{}', '{a}', '{"d e"}', '{b,c}', '{a,f}', '{zz}', '{a,b,c}'); [ "keywords => '$k'", "keywords @> '$k'" ] },
	sub { my $r = one(-1, 0, 3, 5, 6); [ "rating => $r", "rating >= $r" ] },
	sub { my $h = one('true', 'false'); [ "has_position => $h", "(la IS NOT NULL) = $h" ] },
	sub {
		my ($w, $e, $s, $n) = (one(-180, 179, -179.9, 180, -180 + rand 360), one(180, -179.5, -179, -180 + rand 360), one(-90, -17, -90 + rand 100), one(90, -15.5, 15 + rand 75));
		$n = $s if $s > $n;
		[ "bbox => ARRAY[$w, $s, $e, $n]", "la BETWEEN $s AND $n AND " . ($w > $e ? "(lo >= $w OR lo <= $e)" : "lo BETWEEN $w AND $e") ]
	},
	sub { my ($a, $o, $m) = (one(-16, 90, -90, 89.99, -90 + rand 180), one(180, -180, 179.9, -180 + rand 360), one(1000, 1e5, 1e6, 1e7, 2.1e7)); [ "near_lat => $a, near_lon => $o, near_metres => $m", "far(la, lo, $a, $o) <= $m" ] },
	sub {
		my ($a, $b) = (one('title', 'img', 'a', '7', 'zz'), one('12', 'b', 'jpg', 'title'));
		my ($is_a, $is_b) = map { "words ~ '\\m$_\\M'" } $a, $b;
		one([ qq{"text" => '\U$a'}, $is_a ], [ qq{"text" => '$a $b'}, "$is_a AND $is_b" ], [ qq{"text" => '$a or $b'}, "($is_a OR $is_b)" ], [ qq{"text" => '$a -$b'}, "$is_a AND NOT $is_b" ], [ qq{"text" => '-$b'}, "NOT $is_b" ])
	});

my $sql = '';
my @tried;
for my $n (1 .. $count)
{
	my %chosen = map { int(rand @filters) => 1 } 1 .. one(1, 1, 2, 3, 4);
	my @chosen = map { $filters[$_]->() } sort { $a <=> $b } keys %chosen;
	my $filters = join ', ', map { $_->[0] } @chosen;
	my $plain = join ' AND ', map { "($_->[1])" } @chosen;
	my ($size, $zoom) = (one(1000, 1000, 300, 3), int rand 20);

	push @tried, "$filters, pages of $size";
	$sql .= "SELECT $n, 'pages', CASE WHEN $size = 3 THEN pages(\$f\$$filters,\$f\$, $size) = (ARRAY(SELECT id FROM plain WHERE $plain ORDER BY sorted DESC, id DESC))[1 : 120]"
	  . " ELSE pages(\$f\$$filters,\$f\$, $size) = ARRAY(SELECT id FROM plain WHERE $plain ORDER BY sorted DESC, id DESC) END;\n";
	next if $n % 4;
	$sql .= "SELECT $n, 'timeline', (SELECT jsonb_object_agg(bucket, jsonb_build_array(count, cover)) IS NOT DISTINCT FROM (SELECT jsonb_object_agg(day, jsonb_build_array(count, cover)) FROM
		(SELECT day, count(*) AS count, (array_agg(id ORDER BY sorted DESC, id DESC))[1] AS cover FROM plain WHERE $plain AND day IS NOT NULL GROUP BY day) d) FROM api.photos_timeline('day', $filters));\n";
	$sql .= "SELECT $n, 'facets', " . join(' AND ', map { "(SELECT jsonb_object_agg(c->>'value', c->'count') IS NOT DISTINCT FROM (SELECT jsonb_object_agg(v, count) FROM (SELECT v, count(*) AS count FROM plain" . ($_->[2] || '') . ", LATERAL (SELECT $_->[1]) x (v)"
			. " WHERE $plain AND v IS NOT NULL GROUP BY v) g) FROM jsonb_array_elements(f->'$_->[0]') c)" }
		  [ 'cameras', 'camera' ], [ 'lenses', 'lens' ], [ 'years', 'CASE WHEN isfinite(day) THEN extract(year FROM day) END' ], [ 'keywords', 'k', ', unnest(keywords) k' ]) . " FROM api.photos_facets($filters) f;\n";
	$sql .= "SELECT $n, 'map', CASE WHEN bool_or((f->'properties'->>'approximate')::boolean) THEN sum((f->'properties'->>'count')::int) BETWEEN 100 AND 3000
		ELSE COALESCE(sum((f->'properties'->>'count')::int), 0) = (SELECT count(la) FROM plain WHERE $plain) END AND count(*) <= 500 FROM jsonb_array_elements(api.photos_map(zoom => $zoom, $filters)->'features') f;\n";
}
my @answers = split /\n/, value($server, "SET timezone = 'UTC';\n$sql");
my @wrong = map { /^(\d+)\|(\w+)\|(?!t$)/ ? "$2: $tried[$1 - 1]" : () } @answers;
is(scalar @answers, $count + 3 * int($count / 4), 'all have been tried');
is(join("\n", @wrong), '', "$count random filters find what plain SQL finds, in pages, timelines, facets and maps (SEED=$seed)");
is(value($server, q{SELECT count(*) FROM unnest(pages('', 7)) WITH ORDINALITY AS f (id, n) JOIN (SELECT id, row_number() OVER (ORDER BY sorted DESC, id DESC) AS n FROM plain) p USING (id, n)}), 280, 'pages go on past infinite dates and ties');

done_testing();
