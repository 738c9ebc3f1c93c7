# metrics.sh: a look of a monitoring system at a table of ROWS assets, with LARGE=1 of 10^7.

figure_metrics()
{
	local rows=$ROWS

	[ "$LARGE" != 1 ] || rows=10000000
	sql -c "CREATE TABLE shots (id bigint PRIMARY KEY, path text, thumbnail_path text)" -c "SELECT FROM thumbexif_attach('shots')" \
		-c "INSERT INTO shots SELECT n, n || '.jpg' FROM generate_series(1, $rows) n" -c 'DELETE FROM thumbexif_internal.thumbexif_inserted_range' \
		-c "INSERT INTO thumbexif_internal.thumbexif_asset_bigint (attachment, id, status, next_try, attempts)
			SELECT attachment, n, CASE n % 8 WHEN 0 THEN 'queued' WHEN 1 THEN 'missing' ELSE 'done' END::thumbexif_internal.thumbexif_asset_status,
				CASE WHEN n % 8 < 2 THEN now() - n * interval '1 ms' END, n % 3
			FROM thumbexif_internal.thumbexif_attachment, generate_series(1, $rows) n" \
		-c 'VACUUM ANALYZE shots' -c 'VACUUM ANALYZE thumbexif_internal.thumbexif_asset_bigint' -c CHECKPOINT
	value "metrics: ms of a look at $rows assets" "$(api_ms 'SELECT * FROM thumbexif_metrics()')" 'at most' 5
	sql -o /dev/null -c 'DROP TABLE shots'
}
