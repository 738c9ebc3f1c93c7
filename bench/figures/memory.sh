# memory.sh: memory of a backend and its decoders over a long backfill; what such a backfill costs when there is nothing to do.

# What a process uses, in kB: FIELD of its status, or nothing once it is gone.
status_of()		# PID FIELD
{
	sed -n "s/^$2:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$1/status" 2>/dev/null || true
}

figure_memory()
{
	local backend call child done_assets early='' late='' peak=0 kb

	draw_many "$ASSETS"
	new_table "$ASSETS" 'many/%.0f.jpg'
	sql -o /dev/null -c "SET application_name = 'bench'" -c 'CALL thumbexif_backfill()' &
	call=$!
	while kill -0 "$call" 2>/dev/null; do
		backend=$(sql -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'bench'")
		done_assets=$(sql -c "SELECT coalesce(sum(assets), 0) FROM thumbexif_status WHERE status = 'done'")
		if [ -n "$backend" ]; then
			kb=$(status_of "$backend" RssAnon)
			[ -z "$kb" ] || late=$kb
			[ -n "$early" ] || [ "$done_assets" -lt $((ASSETS / 10)) ] || early=$kb
		fi
		for child in $(processes pids); do
			kb=$(status_of "$child" VmHWM)
			[ "${kb:-0}" -le "$peak" ] || peak=$kb
		done
		sleep 0.5
	done
	wait "$call"
	if [ -z "$early" ] || [ -z "$late" ]; then
		not_measured "backend, MB after $ASSETS assets / after a tenth" 'the backfill was over too soon'
		return
	fi
	ratio "backend, MB after $ASSETS assets / after a tenth" "$(calculate "$late / 1024")" "$(calculate "$early / 1024")" 'at most' 1.1
	value 'decoder at most, MB (VmHWM)' "$(calculate "$peak / 1024")" 'at most' 150
}

figure_again()
{
	local start backend tracer opened=

	if [ "$(sql -c "SELECT count(*) FROM pg_class WHERE relname = 'image_assets'")" = 0 ] ||
		[ "$(sql -c "SELECT count(*) FROM image_assets WHERE path LIKE 'many/%' AND thumbnail_path IS NOT NULL")" != "$ASSETS" ]; then
		draw_many "$ASSETS"
		new_table "$ASSETS" 'many/%.0f.jpg'
		backfill '' > /dev/null
	fi
	value "backfill of $ASSETS rows that are done, s" "$(backfill '')" 'at most' 1

	# once more, with every file that is opened counted
	if ! command -v strace > /dev/null; then
		not_measured 'image and thumbnail files opened by it' 'strace is missing'
		return
	fi
	mkfifo "$scratch/in"
	sql -o "$scratch/backend" < "$scratch/in" &
	exec 9> "$scratch/in"
	echo "SELECT pg_backend_pid();" >&9
	until [ -s "$scratch/backend" ]; do sleep 0.1; done
	backend=$(cat "$scratch/backend")
	strace -f -qq -e trace=open,openat,openat2 -o "$scratch/trace" -p "$backend" 9>&- &
	tracer=$!
	until [ -n "$(sed -n 's/^TracerPid:[^1-9]*\([1-9][0-9]*\)/\1/p' "/proc/$backend/status")" ] || ! kill -0 $tracer 2>/dev/null; do
		sleep 0.1
	done
	echo 'CALL thumbexif_backfill();' >&9
	exec 9>&-
	wait "$tracer" && opened=$(grep -c '\.jpg"' "$scratch/trace" || true)
	if [ -n "$opened" ]; then
		value 'image and thumbnail files opened by it' "$opened" 'at most' 0
	else
		not_measured 'image and thumbnail files opened by it' 'strace was refused'
	fi
}
