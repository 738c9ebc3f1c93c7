# measure.sh: times, medians, and the table of what was measured.

now()
{
	date +%s.%N
}
calculate()		# EXPRESSION: three digits behind the point
{
	awk "BEGIN { printf \"%.3f\n\", $1 }"
}
median()		# of the numbers on stdin
{
	sort -n | awk '{ n[NR] = $1 } END { print NR % 2 ? n[(NR + 1) / 2] : (n[NR / 2] + n[NR / 2 + 1]) / 2 }'
}
# How long a command takes, what it prints is thrown away; with MEASURE=cpu the processor time of the server and the command,
# divided by two as both sides work with two threads: for a machine that has other work.
seconds_of()	# COMMAND...
{
	local start spent

	if [ "$MEASURE" = cpu ]; then
		start=$(processes cpu)
		spent=$(TIMEFORMAT='%3U + %3S'; { time "$@" > /dev/null 2>&3; } 3>&2 2>&1)
		calculate "($(processes cpu) - $start + $spent) / 2"
	else
		start=$(now)
		"$@" > /dev/null
		calculate "$(now) - $start"
	fi
}

# Both sides of a figure in turns, ROUNDS times, the first of a round changing; sets ours and theirs to the medians of
# what the commands print.
in_turns()		# OUR-COMMAND THEIR-COMMAND
{
	local round a=$scratch/ours.times b=$scratch/theirs.times

	: > "$a"
	: > "$b"
	for round in $(seq "$ROUNDS"); do
		if [ $((round % 2)) = 1 ]; then
			$2 >> "$b"
			$1 >> "$a"
		else
			$1 >> "$a"
			$2 >> "$b"
		fi
	done
	ours=$(median < "$a")
	theirs=$(median < "$b")
}

table_format='%-58s %10s %10s %8s  %-14s %s\n'
table_head()
{
	printf "$table_format" figure ours theirs ratio target ''
}
row()			# NAME OURS THEIRS RATIO TARGET VERDICT
{
	printf "$table_format" "$@"
	printf "$table_format" "$@" >> "$scratch/table"
}
verdict()		# VALUE "at least"|"at most"|"" TARGET
{
	case $2 in
		'at least') awk "BEGIN { print($1 >= $3 ? \"reached\" : \"missed\") }" ;;
		'at most') awk "BEGIN { print($1 <= $3 ? \"reached\" : \"missed\") }" ;;
	esac
}

# A figure that is a ratio, and one that is a number of ours only; without a target it is only shown.
ratio()			# NAME OURS THEIRS [RELATION TARGET]
{
	local quotient
	quotient=$(calculate "$2 / $3")
	row "$1" "$(short "$2")" "$(short "$3")" "$(short "$quotient")" "${4:-}${5:+ $5}" "$(verdict "$quotient" "${4:-}" "${5:-}")"
}
value()			# NAME OURS [RELATION TARGET]
{
	row "$1" "$(short "$2")" '' '' "${3:-}${4:+ $4}" "$(verdict "$2" "${3:-}" "${4:-}")"
}
# Ours less theirs, in the column of the ratio.
difference()	# NAME OURS THEIRS [RELATION TARGET]
{
	local less
	less=$(awk "BEGIN { printf \"%.4f\", $2 - $3 }")
	row "$1" "$(short "$2")" "$(short "$3")" "$less" "${4:-}${5:+ $5}" "$(verdict "$less" "${4:-}" "${5:-}")"
}
not_measured()	# NAME WHY
{
	row "$1" '' '' '' '' "not measured: $2"
}
short()			# NUMBER: as many digits as tell something
{
	awk "BEGIN { v = $1 + 0; a = v < 0 ? -v : v; printf((a >= 100 || a == int(a) ? \"%.0f\" : a >= 10 ? \"%.1f\" : a >= 1 ? \"%.2f\" : \"%.4g\"), v) }"
}

describe_machine()
{
	local load
	read -r load _ < /proc/loadavg
	echo "$(nproc) x $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo) GB," \
		"$("$pg_config" --version), libvips $(pkg-config --modversion vips), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), load at the start $load"
	[ "$MEASURE" = clock ] || echo 'times are processor time, divided by two'
	awk "BEGIN { exit !($load > 0.5) }" && echo "the machine is not idle: what is measured now tells little"
	return 0
}
print_table()
{
	mkdir -p build/bench
	{ table_head; cat "$scratch/table"; } > build/bench/results
	printf '\n'
	cat build/bench/results
	awk '/ reached *$/ { r++ } / missed *$/ { m++ } / not measured: / { n++ } END { printf "\n%d reached, %d missed, %d not measured\n", r, m, n }' \
		"$scratch/table"
}
