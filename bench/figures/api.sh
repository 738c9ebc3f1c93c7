# api.sh: the functions that thumbexif_api() makes, over ROWS photos in a table with its indexes.

# Photos of eight cities and their surroundings, a quarter of them without a place, by five cameras, over 25 years.
make_photos()
{
	sql -c "CREATE TABLE photos (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text NOT NULL UNIQUE, thumbnail_path text, width integer, height integer,
			taken_at timestamptz, camera_make text, camera_model text, gps_latitude double precision, gps_longitude double precision, exif_metadata jsonb)" \
		-o /dev/null -c "SELECT setseed(0.5)" -c "INSERT INTO photos (path, width, height, taken_at, camera_make, camera_model, gps_latitude, gps_longitude, exif_metadata)
		SELECT format('%s/IMG_%s.jpg', 2000 + n % 25, n), 4000, 3000, CASE WHEN random() > 0.02 THEN timestamptz '2000-01-01' + random() * interval '25 years' END,
			(ARRAY['Canon', 'NIKON CORPORATION', 'NIKON', 'SONY', 'Apple'])[1 + c], (ARRAY['Canon EOS 5D', 'NIKON D90', 'NIKON D70', 'ILCE-7M3', 'iPhone 6'])[1 + c] || CASE WHEN n % 10000 = 0 THEN ' X' ELSE '' END,
			CASE WHEN p > 0.25 THEN (ARRAY[48.85, 40.7, 35.7, -33.9, 51.5, 37.8, 52.5, 41.9])[1 + t] + (random() - 0.5) * (random() * 4) ^ 2 END,
			CASE WHEN p > 0.25 THEN (ARRAY[2.35, -74, 139.7, 151.2, -0.1, -122.4, 13.4, 12.5])[1 + t] + (random() - 0.5) * (random() * 4) ^ 2 END,
			jsonb_build_object('ISOSpeedRatings', 100 * (1 + floor(random() * 64)), 'FNumber', 1.4 + floor(random() * 200) / 10, 'ExposureTime', 1 / (1 + floor(random() * 1000)),
				'FocalLength', 10 + floor(random() * 400), 'LensModel', 'Lens ' || floor(random() * 40), 'XMP:Rating', floor(random() * 6),
				'XMP:Subject', jsonb_build_array('k' || floor(random() * 10), 'rare' || floor(random() * 5000)))
		FROM generate_series(1, $ROWS) n, LATERAL (SELECT floor(random() * 5 + 0 * n)::int AS c, floor(random() * 8 + 0 * n)::int AS t, random() + 0 * n AS p) r"
}

# Milliseconds of a query in a session that has run it before: the median of eleven, or with MEASURE=cpu the backend's processor time, the mean of ten.
api_ms()			# QUERY
{
	if [ "$MEASURE" = cpu ]; then
		{ printf '%s\n' 'SELECT pg_backend_pid() AS pid \gset' '\setenv PID :pid' '\o /dev/null' "$1;" '\! cut -d " " -f 1 /proc/$PID/schedstat'
			for _ in $(seq 10); do echo "$1;"; done; echo '\! cut -d " " -f 1 /proc/$PID/schedstat'; } |
			"$psql" -X -q -v ON_ERROR_STOP=1 | awk 'NR == 1 { start = $1 } END { printf "%.3f\n", ($1 - start) / 1e7 }'
	else
		{ echo '\timing on'; echo '\o /dev/null'; for _ in $(seq 12); do echo "$1;"; done; } |
			"$psql" -X -q -v ON_ERROR_STOP=1 | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n +2 | median
	fi
}

# The slowest of some calls; all of them are shown on stderr.
slowest()			# FUNCTION ARGUMENTS...
{
	local function=$1 most=0 ms arguments
	shift
	for arguments; do
		ms=$(api_ms "SELECT * FROM api.$function($arguments)")
		echo "$function($arguments): $ms ms" >&2
		most=$(calculate "($ms > $most ? $ms : $most)")
	done
	echo "$most"
}

figure_api()
{
	make_photos
	sql -o /dev/null -c "SELECT thumbexif_attach('photos')" -c "SELECT thumbexif_api('photos', 'api', create_indexes => true)" -c "VACUUM ANALYZE photos" -c CHECKPOINT
	value "api: ms of a page of 100 in $ROWS, the slowest of those by time and cursor" \
		"$(slowest photos_search '' "\"from\" => '2010-06-01', \"to\" => '2010-06-02'" "\"to\" => '2010-06-02'" "after => '1275436800000000_5'" "after => '_$((ROWS / 2))'")" 'at most' 20
	value 'api: by camera, make, lens' \
		"$(slowest photos_search "camera => 'Nikon D90'" "camera => 'Canon EOS 5D X'" "camera => 'nobody'" "make => 'NIKON'" "camera => 'Nikon D90', make => 'Canon'" "lens => 'Lens 7'" "lens => 'Lens 7', camera => 'Apple iPhone 6'" "camera => 'Nikon D90', lens => 'Lens 7', rating => 5")" 'at most' 20
	value 'api: by exposure and rating' \
		"$(slowest photos_search 'iso_min => 6400' 'iso_min => 100, iso_max => 100' 'aperture_max => 1.4' 'aperture_min => 2, aperture_max => 5' 'focal_min => 400, focal_max => 405' 'focal_min => 400, focal_max => 400' 'rating => 4' 'rating => 6' 'rating => 5, iso_max => 100' 'iso_min => 6400, after => $$1275436800000000_5$$')" 'at most' 20
	value 'api: by keywords and words' \
		"$(slowest photos_search "keywords => '{rare77}'" "keywords => '{k3}'" "keywords => '{k7,rare77}'" "keywords => '{k7,k3}'" "\"text\" => 'k7 k3'" "\"text\" => 'rare77'" "\"text\" => 'img'" "\"text\" => 'absent'")" 'at most' 20
	value 'api: by place' \
		"$(slowest photos_search 'has_position => true' 'has_position => false' "bbox => '{2.3,48.8,2.4,48.9}'" "bbox => '{-10,35,30,60}'" "bbox => '{2.1,48.7,2.6,49.1}'" "bbox => '{2.1,48.7,2.6,49.1}', camera => 'Nikon D90'" "bbox => '{-180,-90,180,90}'" "bbox => '{170,-30,-170,0}'" \
			'near_lat => 48.85, near_lon => 2.35, near_metres => 1000' 'near_lat => 48.85, near_lon => 2.35, near_metres => 50000' 'near_lat => 48.85, near_lon => 2.35, near_metres => 500000')" 'at most' 20
	value 'api: ms of a map, the slowest of zooms 0 to 16' \
		"$(slowest photos_map '' '-30, 20, 50, 65, 2' '-10, 40, 20, 55, 4' '0, 45, 10, 52, 6' '1, 48, 4, 50, 8' '2, 48.5, 3, 49.2, 10' '2.3, 48.8, 2.4, 48.9, 12' '2.3, 48.83, 2.36, 48.87, 14' '2.34, 48.84, 2.36, 48.86, 16')" 'at most' 50
	value 'api: with filters' \
		"$(slowest photos_map "camera => 'Nikon D90'" "camera => 'Canon EOS 5D X'" "\"from\" => '2010-01-01', \"to\" => '2011-01-01'" "0, 45, 10, 52, 6, camera => 'Nikon D90'" "2, 48.5, 3, 49.2, 10, camera => 'Nikon D90'" 'rating => 5' 'iso_min => 6400' "keywords => '{k3}'" "keywords => '{rare77}'" "\"text\" => 'k3'" "0, 45, 10, 52, 6, \"text\" => 'k3'")" 'at most' 50
	value 'api: ms of one photo' "$(slowest photo 77)" 'at most' 5
	value 'api: ms of a timeline of all, by months' "$(slowest photos_timeline "'month'")"
	value 'api: ms of the facets of all' "$(slowest photos_facets '')"
	sql -o /dev/null -c 'DROP SCHEMA api CASCADE' -c 'DROP TABLE photos'
}
