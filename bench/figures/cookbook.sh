# cookbook.sh: the recipes of doc/cookbook.md, as they are there, over ROWS photos in a table with the indexes that they name.

# recipe COMMENT: the blocks of SQL with that comment in front of them; without what psql does with the result
recipe()
{
	awk -v comment="<!-- bench: $1 -->" '$0 == comment { wanted = 1 } /^```$/ && inside { inside = wanted = 0; if (last !~ /;$/) print ";" }
		inside && !/^\\/ { print; last = $0 } /^```sql$/ && wanted { inside = 1 }' doc/cookbook.md
}

# The photos of the figure api, those of one city moved to Lyon, with what thumbexif would have written into the columns of facts: one of a hundred has a copy of the same bytes, and one a
# near duplicate, with two other bits; one of a hundred has no thumbnail.
make_album()
{
	make_photos
	sql -o /dev/null -c "ALTER TABLE photos RENAME TO made" \
		-c "SELECT thumbexif_attach('photos', create_table => true, file_hash => 'file_hash')" \
		-c "INSERT INTO photos (id, path, thumbnail_path, width, height, taken_at, camera_make, camera_model, gps_latitude, gps_longitude, exif_metadata, taken_at_local, file_size, file_hash, picture_hash)
			SELECT id, path, CASE WHEN id % 100 > 0 THEN '/thumbnails/' || id || '.jpg' END, width, height, taken_at, camera_make, camera_model, gps_latitude - 3.086, gps_longitude + 2.4857, exif_metadata,
				taken_at AT TIME ZONE 'UTC', 3000000, sha256((id - (id % 100 = 1)::int)::text::bytea),
				hashint8extended(id - (id % 100 = 2)::int, 1) # CASE WHEN id % 100 = 2 THEN 257 ELSE 0 END FROM made ORDER BY random()" \
		-c "DROP TABLE made" -c "UPDATE photos SET path = '2010/geneva.jpg' WHERE id = 2"
	recipe prepare | sql -o /dev/null
	sql -o /dev/null -c "SELECT thumbexif_api('photos', create_indexes => true)" -c "VACUUM ANALYZE photos" -c CHECKPOINT
	[ -z "$postgis" ] || { echo 'CREATE EXTENSION postgis;'; recipe 'prepare tile'; } | sql -o /dev/null
}

# Milliseconds of processor time that a recipe takes in a session that has run it before, without parallel workers, the median of five.
recipe_ms()		# NAME
{
	{ for _ in $(seq 6); do recipe "$1"; done; } |
		PGOPTIONS='-c log_statement_stats=on -c client_min_messages=log -c max_parallel_workers_per_gather=0' "$psql" -X -q -v ON_ERROR_STOP=1 -o /dev/null 2>&1 |
		sed -n 's/^!\t\([0-9.]*\) s user, \([0-9.]*\) s system, .*/\1 \2/p' | awk 'NR > 1 { print ($1 + $2) * 1000 }' | median
}

figure_cookbook()
{
	local name postgis
	postgis=$(sql -c "SELECT name FROM pg_available_extensions WHERE name = 'postgis'")
	make_album
	for name in $(sed -n 's/^<!-- bench: \([a-z_]*\) -->$/\1/p' doc/cookbook.md | grep -vx prepare); do
		if [ "$name$postgis" = tile ]; then
			not_measured 'cookbook: tile' 'no PostGIS'
		else
			value "cookbook: processor ms of the recipe $name" "$(recipe_ms "$name")"
		fi
	done
	sql -o /dev/null -c 'DROP SCHEMA photos_api CASCADE' -c 'DROP TABLE photos CASCADE' -c 'DROP FUNCTION hash_parts, hash_near' -c 'DROP EXTENSION IF EXISTS postgis'
}
