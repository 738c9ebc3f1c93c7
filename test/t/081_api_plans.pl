# photos_search(): each filter is served by its index, also when it is called with parameters of a prepared statement or values of another row,
# as PostgREST does; a page reads no more than it must.  TE_API_ROWS: of how many photos, 100,000 or a multiple.
use strict;
use warnings;

use List::Util qw(min max);
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use WorkerTest;

my $rows = $ENV{TE_API_ROWS} || 100_000;
my $scale = $rows / 100_000;
my $server = new_server('plans', config => "shared_buffers = 256MB\nautovacuum = off\nmax_parallel_workers_per_gather = 0\nsynchronous_commit = off\n");

value($server, <<"EOS");
CREATE TABLE photos (id bigint PRIMARY KEY, path text NOT NULL, width int, height int, taken_at timestamptz, camera_make text, camera_model text,
	gps_latitude float8, gps_longitude float8, exif_metadata jsonb);
SELECT setseed(0.5);
INSERT INTO photos
SELECT n, format('%s/IMG_%s%s.jpg', 2000 + n % 25, n, CASE WHEN n % 5000 = 7 THEN ' needle' END), 4000, 3000, CASE WHEN random() > 0.02 THEN timestamptz '2000-01-01' + random() * interval '25 years' END,
	CASE WHEN n % 10000 = 5 THEN 'Rare' ELSE (ARRAY['Canon', 'NIKON CORPORATION', 'SONY'])[1 + n % 3] END, (ARRAY['EOS 5D', 'D90', 'ILCE-7M3'])[1 + n % 3] || CASE WHEN n % 1000 = 0 THEN ' X' || n / 1000 ELSE '' END,
	CASE WHEN n % 1000 <> 0 THEN 45 + 5 * random() END, CASE WHEN n % 1000 <> 0 THEN 5 + 5 * random() END,
	jsonb_build_object('ISOSpeedRatings', n % 6000, 'FNumber', (n % 3000) / 100.0, 'FocalLength', n % 4000, 'LensModel', 'Lens ' || n % 400,
		'XMP:Subject', jsonb_build_array('k' || n % 10, 'rare' || n % 5000), 'XMP:Rating', CASE WHEN n % 2000 = 0 THEN 5 ELSE n % 3 END)
FROM generate_series(1, $rows) n;
SET client_min_messages = warning;
SELECT thumbexif_attach('photos');
SELECT thumbexif_api('photos', 'api', create_indexes => true);
VACUUM ANALYZE photos;
EOS

# used(FILTERS): the names of the indexes that the query uses, and the number of pages it reads
sub used
{
	my ($filters, $function) = @_;
	my $plan = value($server, 'EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) SELECT * FROM api.' . ($function || '_photos_search') . "($filters)");
	my %indexes = map { $_ => 1 } $plan =~ /(?:using|Scan on) photos_([a-z]+)_\w{4}/g;
	my ($hit) = $plan =~ /Buffers: shared.* hit=(\d+)/;
	my ($read) = $plan =~ /Buffers: shared(?: hit=\d+)? read=(\d+)/;

	return (join(' ', sort keys %indexes), ($hit || 0) + ($read || 0), $plan);
}

foreach my $case (
	[ '', 'time' ], [ q{after => '1275436800000000_5'}, 'time' ], [ q{after => '_50000'}, 'time' ],
	[ q{"from" => '2010-01-01', "to" => '2010-02-01'}, 'time' ], [ q{"to" => '2001-01-01'}, 'time' ],
	[ q{camera => 'Sony ILCE-7M3'}, 'camera' ], [ q{camera => 'Canon EOS 5D X9'}, 'camera' ], [ q{camera => 'Nikon D90', after => '1275436800000000_5'}, 'camera' ],
	[ q{make => 'NIKON'}, 'make' ], [ q{make => 'rare'}, 'make' ], [ q{lens => 'Lens 7'}, 'lens' ],
	[ q{iso_min => 5990}, 'iso|time' ], [ q{iso_min => 77, iso_max => 77}, 'iso|time' ], [ q{aperture_max => 0.05}, 'aperture|time' ], [ q{aperture_min => 4, aperture_max => 4}, 'aperture|time' ],
	[ q{focal_min => 3999}, 'focal|time' ], [ q{focal_min => 50, focal_max => 50}, 'focal|time' ], [ q{keywords => '{rare77}'}, 'keywords' ], [ q{rating => 5}, 'rating|time' ],
	[ q{has_position => false}, 'place' ], [ q{bbox => '{6,46,6.1,46.1}'}, 'place|time' ], [ q{near_lat => 47, near_lon => 7, near_metres => 5000}, 'place' ], [ q{"text" => 'needle'}, 'words' ],
	[ q{camera => 'Nikon D90', near_lat => 47, near_lon => 7, near_metres => 1000}, 'place' ],
	# what fits seldom together: an index that is in the order of time has the values of all numbers, of camera and lens as well
	[ q{"to" => '1990-01-01'}, 'time' ], [ q{iso_min => 3000, iso_max => 3050, aperture_max => 10}, '.*' ], [ q{iso_min => 2000, iso_max => 3000, aperture_min => 5, aperture_max => 5.01}, '.*' ],
	[ q{focal_min => 1000, focal_max => 1500, rating => 2}, 'time' ], [ q{camera => 'Nikon D90', make => 'Canon'}, 'camera', max(1200, 500 * $scale) ], [ q{lens => 'Lens 7', camera => 'Sony ILCE-7M3', iso_min => 5500}, 'lens' ],
	[ q{camera => 'Nikon D90', bbox => '{6,46,6.5,46.5}'}, 'camera' ], [ q{"from" => '2010-01-01', "to" => '2012-01-01', bbox => '{6,46,6.5,46.5}'}, 'place time|time' ],
	[ q{bbox => '{6,46,7,47}'}, 'time' ], [ q{near_lat => 47, near_lon => 7, near_metres => 50000}, 'time' ], [ q{bbox => '{170,44,-170,51}', iso_min => 10}, '.*' ])
{
	my ($filters, $index, $most) = @$case;	# a camera that is of another make: all index entries of the camera are read
	my ($used, $pages, $plan) = used($filters);

	ok($used =~ /^(?:$index)$/ && $pages < ($most || 1200), "$index serves " . ($filters || 'a page without filters')) or diag($plan);
}
# wide filters: the newest photos meet them soon
foreach my $filters (q{iso_min => 10}, q{has_position => true}, q{rating => 1}, q{bbox => '{4,44,11,51}'}, q{"text" => 'IMG'})
{
	my ($used, $pages, $plan) = used($filters);
	ok($used eq 'time' && $pages < 700, "the time serves $filters") or diag($plan);
}

# several words that no photo has together are not looked for in all photos
{
	my ($used, $pages, $plan) = used(q{keywords => '{k1,k2}'}, '_photos_search_words');
	ok($used =~ /keywords/ && $pages < 4000, 'keywords that never meet') or diag($plan);
	($used, $pages, $plan) = used(q{"text" => 'k1 k2'}, '_photos_search_words');
	ok($used =~ /words/ && $pages < 4000, 'words that never meet') or diag($plan);
}
is(value($server, q{SELECT (SELECT count(*) FROM api.photos_search(keywords => '{k1,k2}')), (SELECT count(*) FROM api.photos_search(keywords => '{k7,rare7}')), (SELECT count(*) FROM api.photos_search("text" => 'rare7 or rare8'))}), join('|', map { min($_ * $scale, 100) } 0, 20, 40), 'several words');
is(value($server, q{SELECT string_agg(id::text, ' ') FROM (SELECT id FROM api.photos_search("text" => 'img needle', "limit" => 7, after => '1275436800000000_5')) s}),
	value($server, q{SELECT string_agg(id::text, ' ') FROM (SELECT id FROM photos WHERE path LIKE '%needle%' AND taken_at < timestamptz '1970-01-01 00:00:00+00' + 1275436800 * interval '1 second' ORDER BY taken_at DESC, id DESC LIMIT 7) s}),
	'in the right order');
is(value($server, q{SELECT string_agg(id::text, ' ') FROM (SELECT id FROM api.photos_search("text" => 'img k3', "limit" => 50)) s}),
	value($server, q{SELECT string_agg(id::text, ' ') FROM (SELECT id FROM photos WHERE id % 10 = 3 AND taken_at IS NOT NULL ORDER BY taken_at DESC, id DESC LIMIT 50) s}), 'frequent ones, too');

# under row security, too, as the functions tell nothing of rows
value($server, q{CREATE ROLE viewer; GRANT USAGE ON SCHEMA api TO viewer; GRANT SELECT ON photos, api.photos TO viewer; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO viewer;
	ALTER TABLE photos ENABLE ROW LEVEL SECURITY; CREATE POLICY odd ON photos TO viewer USING (id % 2 = 1)});
foreach my $case ([ q{camera => 'Canon EOS 5D X9'}, 'camera' ], [ q{make => 'rare'}, 'make' ], [ q{lens => 'Lens 7'}, 'lens' ], [ q{bbox => '{6,46,6.1,46.1}'}, 'place' ], [ q{aperture_max => 0.05}, 'aperture|time' ], [ '', 'time' ])
{
	my ($filters, $index) = @$case;
	my $plan = value($server, "SET ROLE viewer; EXPLAIN (COSTS OFF) SELECT * FROM api._photos_search($filters)");
	like($plan, qr/(?:using|Scan on) photos_(?:$index)_/, "$index serves under row security");
}
value($server, 'ALTER TABLE photos DISABLE ROW LEVEL SECURITY');

# the same through the function, whatever its arguments are: counted by rows that are read from the table
sub rows_read
{
	my $sql = shift;

	# the statistics of a session are written when it ends
	my $count = q{SELECT pg_stat_get_tuples_fetched('photos'::regclass) + pg_stat_get_tuples_returned('photos'::regclass)};
	return value($server, "SELECT pg_stat_force_next_flush(); $count", 'postgres') if !defined $sql;
	my $before = (split /\n/, rows_read())[-1];
	value($server, "$sql; SELECT pg_stat_force_next_flush()");
	return (split /\n/, rows_read())[-1] - $before;
}

wait_for_statistics($server);
my $one = q{SELECT count(*) FROM api.photos_search(camera => 'Canon EOS 5D X9')};
cmp_ok(rows_read($one), '<=', 20, 'constants');
cmp_ok(rows_read(q{PREPARE q (text, int) AS SELECT count(*) FROM api.photos_search(camera => $1, iso_min => $2); } . q{EXECUTE q ('Canon EOS 5D X9', NULL); } x 10), '<=', 200, 'parameters of a prepared statement, also when it has been run ten times');
cmp_ok(rows_read(q{SET plan_cache_mode = force_generic_plan; PREPARE q (text, int) AS SELECT count(*) FROM api.photos_search(camera => $1, iso_min => $2); EXECUTE q ('Canon EOS 5D X9', NULL)}), '<=', 20, 'and with a generic plan');
cmp_ok(rows_read(q{SELECT count(*) FROM json_to_record('{"camera": "Canon EOS 5D X9"}') AS a (camera text, lens text), LATERAL api.photos_search(camera => a.camera, lens => a.lens)}), '<=', 20, 'values of another row');
cmp_ok(rows_read(q{SELECT count(*) FROM api.photos_search() WHERE camera = 'Canon EOS 5D X9'}), '<=', 200, 'a page and no more is read for a condition outside');

# a map reads some rows of each square
cmp_ok(rows_read(q{SELECT api.photos_map(5, 45, 10, 50, 6)}), '<', 40000, 'a map reads a part of the table');
my ($sum, $approximate) = split /\|/, value($server, q{SELECT sum((f->'properties'->>'count')::int), bool_or((f->'properties'->>'approximate')::boolean) FROM jsonb_array_elements(api.photos_map(4, 44, 11, 51, 5)->'features') f});
is($approximate, 't', 'and says that its counts are approximate');
cmp_ok(abs($sum - 0.999 * $rows), '<', 0.2 * $rows, 'they are about right');
is(value($server, q{SELECT jsonb_array_length(api.photos_map(-180, -90, 180, 90, 28)->'features') <= 500}), 't', 'never all points');
is(value($server, q{SELECT sum((f->'properties'->>'count')::int) = (SELECT count(*) FROM api.photos_search(bbox => '{6,46,6.1,46.1}', "limit" => 1000)) FROM
	(SELECT f FROM jsonb_array_elements(api.photos_map(6, 46, 6.1, 46.1, 10, iso_min => 0)->'features') f) f}), 't', 'a map with filters counts what a search finds');
is(value($server, q{SELECT concat_ws(' ', sum((f->'properties'->>'count')::int), bool_and((f->'properties'->>'approximate')::boolean)) FROM jsonb_array_elements(api.photos_map(4, 44, 11, 51, 5, iso_min => 0)->'features') f}), '3000 t',
	'of many, the newest are counted, and it says so');
# numbers of rows by the pages of an index that has grown where many photos were added: its pages are not equally full
is(value($server, <<'EOS'), 't', 'estimates are right by a tenth');
CREATE TABLE grown (la float8, lo float8);
INSERT INTO grown SELECT 40 + 10 * random(), 5 + 10 * random() FROM generate_series(1, 20000);
CREATE INDEX ON grown (thumbexif_quadkey(la, lo)) INCLUDE (la, lo);
INSERT INTO grown SELECT 45 + 2 * random() ^ 3, 10 + 2 * random() ^ 3 FROM generate_series(1, 40000);
SELECT bool_and(abs(thumbexif_map_estimate('grown', c.lowest, c.highest) - g.count) < 0.1 * g.count) AND count(*) > 5
FROM generate_series(2, 5) AS z, thumbexif_map_cells(5, 40, 15, 50, z) AS c,
	LATERAL (SELECT count(*) FROM grown WHERE thumbexif_quadkey(la, lo) BETWEEN c.lowest AND c.highest) AS g WHERE g.count > 4000
EOS
value($server, q{DROP INDEX } . value($server, q{SELECT string_agg(indexrelid::regclass::text, ', ') FROM pg_index WHERE indrelid = 'photos'::regclass AND NOT indisprimary}));
is(value($server, q{SELECT sum((f->'properties'->>'count')::int) FROM jsonb_array_elements(api.photos_map(keywords => '{rare7}')->'features') f}), 20 * $scale, 'of rare words, all');
is(value($server, q{SELECT concat_ws(' ', sum((f->'properties'->>'count')::int) BETWEEN 200 AND 400, bool_and((f->'properties'->>'approximate')::boolean)) FROM jsonb_array_elements(api.photos_map(keywords => '{k7}')->'features') f}), 't t', 'of frequent ones, some');
is(value($server, q{SELECT count(*) FROM api.photos_search(camera => 'Canon EOS 5D X9')}), '1', 'all works without indexes');
is(value($server, q{SELECT (api.photos_map(6, 46, 6.01, 46.01, 10)->'features'->0->'properties'->>'count')::int > 0}), 't', 'the map, too');

done_testing();
