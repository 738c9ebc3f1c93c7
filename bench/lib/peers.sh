# peers.sh: what we are compared with, installed where it is missing.

sharp_version=0.35.5

# sharp from npm, with the libvips that it brings, into build/bench.  Fails, and sets why, if it cannot be had.
need_sharp()
{
	local folder=$PWD/build/bench/sharp-$sharp_version log=$scratch/npm.log

	why="sharp $sharp_version does not load, see npm's words above"
	[ -z "${no_sharp:-}" ] || return 1
	export NODE_PATH=$folder/node_modules
	if ! node -e 'require("sharp")' 2> /dev/null; then
		if { command -v node && command -v npm; } > /dev/null || tools/deps nodejs npm; then
			mkdir -p "$folder"
			npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts "sharp@$sharp_version" > "$log" 2>&1 || cat "$log" >&2
		fi
		node -e 'require("sharp")' || { no_sharp=yes; return 1; }
	fi
	[ -n "${sharp_mode:-}" ] || choose_sharp_mode
}

# Seconds that sharp takes for these files, without its start: SIZE FILE...; with $sharp_mode.
run_sharp()
{
	local size=$1
	shift
	UV_THREADPOOL_SIZE=${sharp_mode%%-*} MEASURE=$MEASURE node bench/peers/sharp.js "$sharp_mode" "$size" "$scratch/theirs" "$@"
}

# A mode is THREADS-LANES-CONCURRENCY-SEQUENTIAL: libuv's threads, pictures at a time, libvips' threads for each.  All
# these mean two threads' work; sharp is given the one that is fastest here.
choose_sharp_mode()
{
	local mode files best=

	draw baseline "$PICTURES"
	files=("$scratch"/pictures/baseline/*)
	for mode in 2-2-1-0 2-2-1-1 2-1-2-0 2-2-2-0 4-4-1-0; do
		sharp_mode=$mode
		echo "$(run_sharp 256 "${files[@]:0:32}") $mode"
	done > "$scratch/modes"
	! grep '^ ' "$scratch/modes" > /dev/null || { echo "sharp fails" >&2; exit 1; }
	best=$(sort -n "$scratch/modes" | head -1)
	sharp_mode=${best#* }
	echo "sharp $sharp_version is fastest with $(echo "$sharp_mode" | sed 's/\(.*\)-\(.*\)-\(.*\)-\(.*\)/UV_THREADPOOL_SIZE=\1, \2 pictures at a time, concurrency(\3), sequentialRead \4/')"
}

# Debian's Python with these packages of Debian's, as $python.  Fails, and sets why, if it cannot be had.
need_python()		# PACKAGE...
{
	python=/usr/bin/python3
	why="$* cannot be installed"
	tools/deps python3 "$@"
}

# vipsthumbnail for the files, in so many processes: PROCESSES SIZE FILE...
run_vipsthumbnail()
{
	local processes=$1 size=$2
	shift 2
	printf '%s\0' "$@" | VIPS_CONCURRENCY=1 xargs -0 -P "$processes" -n $((($# + processes - 1) / processes)) \
		vipsthumbnail -s "$size" -o "$scratch/theirs/%s.jpg[Q=85,strip]"
}
