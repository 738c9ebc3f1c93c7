# footprint.sh: what an asset takes of disk and of WAL, for a table on paper of what a large collection needs.

wal_bytes()			# since that position
{
	sql -c "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$1')"
}
wal_position()
{
	sql -c CHECKPOINT
	sql -c 'SELECT pg_current_wal_insert_lsn()'
}
per_row()			# NAME BYTES
{
	value "footprint: bytes of an asset: $1" "$(calculate "$2 / $footprint_rows")"
}
wal_of()			# NAME COMMAND...: the bytes of WAL for one of the rows
{
	local name=$1 from
	shift
	from=$(wal_position)
	"$@"
	per_row "WAL, $name" "$(wal_bytes "$from")"
}

# A tenth of ROWS small photos with EXIF: rows arrive, get their EXIF, and then their thumbnails, by backfills with two decoders.
figure_footprint()
{
	local state=thumbexif_internal.thumbexif_asset_bigint

	footprint_rows=$((ROWS / 10))
	link_rows "$footprint_rows"
	new_table 0
	sql -o /dev/null -c "SELECT thumbexif_detach('image_assets')"
	wal_of 'COPY into a table that is not attached' sql -c "\\copy image_assets (path) FROM '$scratch/long'"
	new_table 0
	wal_of 'COPY' sql -c "\\copy image_assets (path) FROM '$scratch/long'"
	sql -c "VACUUM ANALYZE image_assets"
	per_row 'the table with its indexes, before' "$(sql -c "SELECT pg_total_relation_size('image_assets')")"
	wal_of 'EXIF' backfill "parts => 'exif'" > /dev/null
	sql -c 'VACUUM ANALYZE image_assets' -c "VACUUM ANALYZE $state"
	wal_of 'a thumbnail' backfill "parts => 'thumbnail'" > /dev/null
	expect_done "$footprint_rows"
	sql -c 'VACUUM ANALYZE image_assets' -c "VACUUM ANALYZE $state"
	per_row 'the table with its indexes, after' "$(sql -c "SELECT pg_total_relation_size('image_assets')")"
	per_row 'the same, as a fresh copy' "$(sql -c "CREATE TABLE fresh (LIKE image_assets INCLUDING ALL)" -c "INSERT INTO fresh OVERRIDING SYSTEM VALUE SELECT * FROM image_assets" \
		-c "SELECT pg_total_relation_size('fresh')" -c 'DROP TABLE fresh')"
	per_row 'state' "$(sql -c "SELECT pg_table_size('$state')")"
	per_row "state's indexes" "$(sql -c "SELECT pg_indexes_size('$state')")"
	per_row 'thumbnail file, in blocks of the file system' "$(du -s -B1 "$scratch/thumbnails" | cut -f 1)"
	rm -rf "$scratch/pictures/rows"
}
