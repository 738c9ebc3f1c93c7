# cold.sh: files that are not in the page cache, on a disk that is slower than the decoders.

slow_group=

# A control group whose reads of the scratch folder's disk are throttled, for cgroups of either version; sets why if there is none.
make_slow_disk()
{
	local disk bytes=$((DISK_RATE * 1000000))

	why='a disk is slowed down by a control group, which needs root'
	[ "$(id -u)" = 0 ] || return 1
	why='this machine has no control groups that throttle disks'
	disk=$(lsblk -nro MAJ:MIN,TYPE -s "$(findmnt -nvo SOURCE -T "$scratch")" 2> /dev/null | awk '$2 == "disk" { print $1; exit }')
	[ -n "$disk" ] || { why='the scratch folder lies on no disk'; return 1; }
	if [ -w /sys/fs/cgroup/blkio/blkio.throttle.read_bps_device ]; then
		slow_group=/sys/fs/cgroup/blkio/$(basename "$scratch")
		mkdir "$slow_group"
		echo "$disk $bytes" > "$slow_group/blkio.throttle.read_bps_device"
	elif grep -qw io /sys/fs/cgroup/cgroup.controllers 2> /dev/null; then
		slow_group=/sys/fs/cgroup/$(basename "$scratch")
		mkdir "$slow_group"
		echo +io > /sys/fs/cgroup/cgroup.subtree_control && echo "$disk rbps=$bytes" > "$slow_group/io.max"
	else
		return 1
	fi
}
leave_slow_disk()
{
	local pid
	[ -n "$slow_group" ] || return 0
	for pid in $(cat "$slow_group/cgroup.procs"); do
		echo "$pid" > "$(dirname "$slow_group")/cgroup.procs" || true
	done 2> /dev/null
	rmdir "$slow_group" || true
	slow_group=
}

# Out of the page cache, and nothing else with it.
forget_pictures()
{
	local file
	for file in "$scratch"/pictures/baseline/*; do
		dd if="$file" iflag=nocache count=0 status=none
	done
	[ "$(fincore -bnro RES "$scratch"/pictures/baseline/* | awk '{ sum += $1 } END { print sum + 0 }')" -lt 10000000 ] ||
		{ echo 'pictures stay in the page cache' >&2; exit 1; }
}

cold_backfill()
{
	new_table "$PICTURES" 'baseline/photo-%05.0f.jpg'
	forget_pictures
	backfill ''
	expect_done "$PICTURES"
}
cold_read()
{
	forget_pictures
	seconds_of sh -c 'echo $$ > "$0/cgroup.procs"; exec cat "$@" > /dev/null' "$slow_group" "$scratch"/pictures/baseline/*
}

figure_cold()
{
	local pid size MEASURE=clock name="13 cold files on a disk of $DISK_RATE MB/s / reading alone"

	draw baseline "$PICTURES"
	make_slow_disk || { not_measured "$name" "$why"; return; }
	for pid in $(processes all); do
		echo "$pid" > "$slow_group/cgroup.procs"
	done
	in_turns cold_backfill cold_read
	size=$(cat "$scratch"/pictures/baseline/* | wc -c)
	ratio "$name, MB/s" "$(calculate "$size / $ours / 1000000")" "$(calculate "$size / $theirs / 1000000")" 'at least' 0.9
	leave_slow_disk
}
