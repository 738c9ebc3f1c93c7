# sessions.sh: the first call of a session, and many sessions at once.

# In a new session: milliseconds of the first call and, as a mean of five, of the next.
first_and_next()	# CALL
{
	sql <<-EOF
		SELECT extract(epoch FROM clock_timestamp()) AS start \gset
		\o /dev/null
		$1;
		SELECT extract(epoch FROM clock_timestamp()) AS first \gset
		$1; $1; $1; $1; $1;
		SELECT extract(epoch FROM clock_timestamp()) AS last \gset
		\o
		SELECT 1000 * (:first - :start), 1000 * (:last - :first) / 5;
	EOF
}

figure_first()
{
	local call name

	draw baseline "$PICTURES"
	new_table 1 'baseline/photo-%05.0f.jpg'
	for call in "thumbexif_thumbnail('baseline/photo-00000.jpg')" "thumbexif_exif('baseline/photo-00000.jpg')" \
		"thumbexif_process((SELECT min(id) FROM image_assets), force => true)"; do
		for _ in $(seq 15); do
			first_and_next "SELECT $call"
		done > "$scratch/calls"
		difference "7  first ${call%%(*} of a session - warm, ms" \
			"$(cut -d '|' -f 1 "$scratch/calls" | median)" "$(cut -d '|' -f 2 "$scratch/calls" | median)" 'at most' 10
	done
}

# So many sessions of pgbench at once, which share the assets among them; the words of pgbench go to $scratch/pgbench.
process_in_sessions()		# SESSIONS CALLS-OF-EACH [LAST-LINE]
{
	new_table $(($1 * $2)) 'many/%.0f.jpg'
	printf '%s\n' '\set n :n + 1' '\set id :client_id * :calls + :n' 'SELECT status FROM thumbexif_process(:id);' "${@:3}" > "$scratch/script"
	"$bindir/pgbench" -n -c "$1" -j 2 -t "$2" -D n=0 -D calls="$2" -f "$scratch/script" > "$scratch/pgbench" 2>&1 || true
}
rate_of_sessions()			# SESSIONS CALLS-OF-EACH
{
	process_in_sessions "$@"
	cat "$scratch/pgbench" >> "$scratch/pgbench.all"
	sed -n 's/^tps = \([0-9.]*\) .*/\1/p' "$scratch/pgbench"
}
many_sessions()
{
	rm -f "$scratch/over"
	processes peak "$scratch/over" >> "$scratch/peaks" &
	rate_of_sessions "$SESSIONS" 4
	touch "$scratch/over"
	wait $!
	sql -c "SELECT count(*) - count(thumbnail_path) FROM image_assets" >> "$scratch/lost"
}
two_sessions()
{
	rate_of_sessions 2 $((SESSIONS * 2))
}

figure_sessions()
{
	draw_many $((SESSIONS * 4))
	in_turns many_sessions two_sessions
	value "8  of $ROUNDS x $SESSIONS sessions at once: failed" "$(grep -c 'client .* aborted in command' "$scratch/pgbench.all" || true)" 'at most' 0
	value '8  assets of theirs without a thumbnail' "$(awk '{ n += $1 } END { print n }' "$scratch/lost")" 'at most' 0
	value '8  most decoders at a time' "$(sort -n "$scratch/peaks" | tail -1)" 'at most' "$(sql -c 'SHOW thumbexif.max_decoders')"
	ratio "8  $SESSIONS sessions at once / two, pictures/s" "$ours" "$theirs" 'at least' 0.9
	idle_sessions
}

# Memory of the decoders ten seconds after the last call of sessions that stay connected.
idle_sessions()
{
	local bench quiet=0

	process_in_sessions "$SESSIONS" 1 '\sleep 900 s' &
	bench=$!
	until [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'")" -gt 0 ]; do sleep 0.2; done
	while [ $quiet -lt 20 ]; do
		quiet=$((quiet + 1))
		[ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench' AND state = 'active'")" = 0 ] || quiet=0
		sleep 0.5
	done
	value "9  decoders, $SESSIONS sessions idle for ten seconds" "$(processes pids | grep -c . || true)"
	if quiet=$(processes pss); then
		value '9  memory (PSS) of all our processes then, MB' "$(calculate "$quiet / 1024")" 'at most' 150
	else
		not_measured '9  memory (PSS) of all our processes then, MB' "needs root or the server's user"
	fi
	pkill -P $bench pgbench
	wait $bench
}
