# sweep.sh: sweeps of a table of ROWS rows without triggers, in the processor time of the backend.

# Seconds of processor time of one sweep, and what it returned.
sweep_seconds()
{
	printf '%s\n' '\setenv PID' 'SELECT pg_backend_pid() AS pid \gset' '\setenv PID :pid' "CALL thumbexif_sweep('swept');" '\! cut -d " " -f 1 /proc/$PID/schedstat' |
		sed 1d | "$psql" -X -A -t -q -v ON_ERROR_STOP=1 | awk 'NR == 1 { found = $0 } END { printf "%.2f %s\n", $1 / 1e9, found }'
}
sweep_value()		# NAME EXPECTED
{
	local found
	found=$(sweep_seconds)
	[ "${found#* }" = "$2" ] || { echo "the sweep found ${found#* } instead of $2" >&2; exit 1; }
	value "sweep: $1" "${found% *}"
}

figure_sweep()
{
	local hundredth=$((ROWS / 100))

	sql -o /dev/null -c "CREATE TABLE swept (id bigint PRIMARY KEY, path text NOT NULL, camera_make text)" -c "SELECT thumbexif_attach('swept', triggers => false)" \
		-c "SELECT thumbexif_pause('swept')" -c "INSERT INTO swept SELECT n, format('2024/%s/IMG_%s.jpg', n % 1000, n) FROM generate_series(1, $ROWS) n" -c 'VACUUM ANALYZE swept' -c CHECKPOINT
	sweep_value "s of $ROWS rows, all of them new" "$ROWS|$ROWS|0|0"
	sql -c "UPDATE thumbexif_internal.thumbexif_asset_bigint s SET status = 'done', next_try = NULL, path_hash = hashtextextended(swept.path, 0) FROM swept WHERE swept.id = s.id" -c 'VACUUM ANALYZE thumbexif_internal.thumbexif_asset_bigint' -c CHECKPOINT
	sweep_value "s of $ROWS rows, nothing to find" "$ROWS|0|0|0"
	sql -c "DELETE FROM swept WHERE id % 100 = 0" -c 'VACUUM swept'
	sweep_value "s of $ROWS rows, a hundredth of them gone" "$((ROWS - hundredth))|0|0|$hundredth"
	sql -o /dev/null -c 'DROP TABLE swept'
}
