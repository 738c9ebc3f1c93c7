# exif.sh: EXIF alone, against a service that reads it by Pillow.

our_exif()
{
	new_table 5000 'many/%.0f.jpg'
	backfill "parts => 'exif'"
	[ "$(sql -c 'SELECT count(exif_metadata) FROM image_assets')" = 5000 ] || { echo "thumbexif has not read every EXIF" >&2; exit 1; }
}
pillow_exif()
{
	sql -c 'DROP TABLE IF EXISTS service_assets' \
		-c 'CREATE TABLE service_assets (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text NOT NULL UNIQUE, created_at timestamptz DEFAULT now(),
			thumbnail_path text, width integer, height integer, taken_at timestamptz, camera_make text, camera_model text,
			gps_latitude double precision, gps_longitude double precision, exif_metadata jsonb)'
	number_rows service_assets 5000 'many/%.0f.jpg'
	$python bench/peers/exif.py "$scratch/pictures"
	[ "$(sql -c 'SELECT count(exif_metadata) FROM service_assets')" = 5000 ] || { echo "the service has not read every EXIF" >&2; exit 1; }
}

figure_exif()
{
	local name='6  EXIF of 5,000 rows / Pillow' MEASURE=clock	# the service has one thread

	need_python python3-pil python3-psycopg2 || { not_measured "$name" "$why"; return; }
	draw_many 5000
	in_turns our_exif pillow_exif
	ratio "$name, rows/s" "$(calculate "5000 / $ours")" "$(calculate "5000 / $theirs")" 'at least' 8
}
