# worker.sh: the background worker: without work, from the arrival of a row to its thumbnail, and with a long queue.

# What the launcher and the workers do while there is nothing to do: FIELD summed up over them.
background()		# switches|ticks
{
	local pid

	for pid in $(sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'thumbexif%'"); do
		case $1 in
			switches) sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' "/proc/$pid/status" ;;
			ticks) awk '{ print $14 + $15 }' "/proc/$pid/stat" ;;
		esac
	done | awk '{ sum += $1 } END { print sum + 0 }'
}

figure_idle()
{
	local switches ticks minutes=5

	start_worker
	sql -c "SELECT FROM thumbexif_attach('image_assets')"
	sleep 60
	switches=$(background switches)
	ticks=$(background ticks)
	sleep $((60 * minutes))
	value 'idle: wakeups a minute of launcher and worker' "$(calculate "($(background switches) - $switches) / $minutes")" 'at most' 2
	value 'idle: processor time, ms a minute' \
		"$(calculate "($(background ticks) - $ticks) * 1000 / $(getconf CLK_TCK) / $minutes")" 'at most' 0
	stop_worker
}

# Milliseconds from the insertion of a row to the commit of its thumbnail.
arrivals()			# COUNT: one row at a time
{
	local id

	for _ in $(seq "$1"); do
		id=$(sql -c "INSERT INTO shots (path) VALUES ('1.png') RETURNING id")
		until [ "$(sql -c "SELECT count(*) FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = $id AND finished_at IS NOT NULL")" = 1 ]; do
			sleep 0.2
		done
		sql -c "SELECT extract(epoch FROM finished_at - arrived) * 1000 FROM thumbexif_internal.thumbexif_asset_bigint JOIN shots USING (id) WHERE id = $id"
	done
}

figure_arrival()
{
	start_worker
	sql -c "CREATE TABLE shots (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, thumbnail_path text,
			arrived timestamptz DEFAULT clock_timestamp())" -c "SELECT FROM thumbexif_attach('shots')"
	# without work a worker leaves
	until [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'thumbexif worker'")" = 0 ]; do
		sleep 0.2
	done
	value 'arrival: ms to a thumbnail, no worker running' "$(arrivals 1)" 'at most' 300
	arrivals 50 > "$scratch/arrivals"
	value 'arrival: ms, worker and decoder warm, median of 50' "$(median < "$scratch/arrivals")" 'at most' 50
	value 'arrival: the slowest of them' "$(sort -n "$scratch/arrivals" | tail -1)"
	stop_worker
}

# Milliseconds a hundred assets take the worker, over the next tenth of them.
pace()				# DONE: when so many are done
{
	local from to start end

	until from=$(done_by_worker) && [ "$from" -ge "$1" ]; do sleep 0.5; done
	start=$(now)
	until to=$(done_by_worker) && [ "$to" -ge "$(($1 + ROWS / 10))" ]; do sleep 0.5; done
	end=$(now)
	calculate "($end - $start) * 100000 / ($to - $from)"
}
done_by_worker()
{
	sql -c "SELECT coalesce(max(done), 0) FROM thumbexif_workers WHERE kind = 'worker'"
}

figure_queue()
{
	local first last

	# no thumbnails: what is measured here is the queue, and a million small files would hide it
	start_worker "synchronous_commit = off" "max_wal_size = 4GB"
	sql -c "CREATE TABLE shots (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, path text, width integer, camera_make text)" \
		-c "SELECT FROM thumbexif_attach('shots')" \
		-c "INSERT INTO shots (path) SELECT '1.png' FROM generate_series(1, $ROWS)"
	first=$(pace $((ROWS / 20)))
	last=$(pace $((ROWS * 17 / 20)))
	until [ "$(sql -c "SELECT count(*) FROM thumbexif_internal.thumbexif_asset WHERE status = 'done'")" = "$ROWS" ]; do sleep 1; done
	ratio "queue of $ROWS: ms for 100 assets, at the end / at the start" "$last" "$first" 'at most' 1.2
	value 'queue: state and its indexes / a fresh copy of them' \
		"$(sql -c "CREATE TABLE fresh (LIKE thumbexif_internal.thumbexif_asset_bigint INCLUDING ALL) WITH (fillfactor = 80)" \
			-c "INSERT INTO fresh SELECT * FROM thumbexif_internal.thumbexif_asset_bigint" \
			-c "SELECT round(pg_total_relation_size('thumbexif_internal.thumbexif_asset_bigint')::numeric / pg_total_relation_size('fresh'), 2)")" 'at most' 2.5
	stop_worker
}
