# server.sh: the private servers, and what is done in them.

set_up()
{
	tools/deps libjpeg-turbo-progs
	. tools/scratch.sh
	$make -s -j2 with_llvm=no all build/make_pictures

	scratch=$(scratch_folder bench)
	bindir=
	now_measuring=setup
	trap clean_up EXIT
	mkdir "$scratch"/{thumbnails,socket,pictures,theirs,idle,idle/socket}
	chmod 700 "$scratch/socket" "$scratch/idle/socket"
	private_postgres "$scratch/pg"
	give_to_server "$scratch"
	# Preloaded, as it is meant to be used, but no worker does by itself what is to be measured.
	start_cluster "$scratch" "$scratch/socket" "$(image_root "$scratch/pictures")" \
		"thumbexif.thumbnail_dir = '$scratch/thumbnails'" "shared_preload_libraries = 'thumbexif'" "thumbexif.databases = 'postgres'" \
		"client_min_messages = warning" "max_wal_size = 4GB" "max_connections = $((SESSIONS + 20))"
}

clean_up()
{
	[ -z "$now_measuring" ] || echo "gave up while measuring \"$now_measuring\"" >&2
	[ -z "$bindir" ] || { stop_cluster "$scratch"; stop_cluster "$scratch/idle"; }
	leave_slow_disk
	rm -rf "$scratch"
}

# Lines of progress are left out, errors are not.
sql()
{
	"$psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@" 2> >(grep -v '^INFO: ' >&2)
}

# The attached table, with so many rows, their paths made of numbers from 0 on by printf's rules.
new_table()		# ROWS [PATH-FORMAT]
{
	sql -c "DROP TABLE IF EXISTS image_assets" -c "SELECT FROM thumbexif_attach('image_assets')" \
		-c "SELECT thumbexif_clean()" -o /dev/null
	[ "$1" = 0 ] || number_rows image_assets "$@"
}
number_rows()	# TABLE ROWS PATH-FORMAT
{
	seq -f "$3" 0 $(($2 - 1)) > "$scratch/paths"
	copy_paths "$1" "$scratch/paths"
}
copy_paths()	# TABLE FILE
{
	sql -c "\\copy $1 (path) FROM '$2'" -c "VACUUM ANALYZE $1" -c CHECKPOINT
}

# Seconds that a backfill takes, after statements such as SET.
backfill()		# ARGUMENTS [STATEMENT...]
{
	local arguments=$1 options=()
	shift
	for _ in "$@"; do options+=(-c "$_"); done
	seconds_of sql -o /dev/null "${options[@]}" -c "CALL thumbexif_backfill($arguments)"
}

# About the processes of the server that PGHOST names, see processes.pl.
processes()		# WHAT...
{
	perl bench/lib/processes.pl "$(head -1 "$(dirname "$PGHOST")/data/postmaster.pid")" "$@"
}

# All of them are done: what is left undone is no speed.
expect_done()	# ROWS
{
	local count
	count=$(sql -c "SELECT coalesce(sum(assets), 0) FROM thumbexif_status WHERE status = 'done'")
	[ "$count" = "$1" ] || { echo "$count of $1 assets are done" >&2; exit 1; }
}

# A cluster with the background worker, and a picture that costs nothing to decode.
start_worker()	# LINE...
{
	start_cluster "$scratch/idle" "$scratch/idle/socket" "shared_preload_libraries = 'thumbexif'" \
		"$(image_root "$scratch/tiny")" "thumbexif.thumbnail_dir = '$scratch/thumbnails'" "$@"
	mkdir -p "$scratch/tiny"
	perl -Itest/lib -MTinyPicture -e 'write_file($ARGV[0], tiny_picture())' "$scratch/tiny/1.png"
}
stop_worker()
{
	stop_cluster "$scratch/idle"
	rm -rf "$scratch/idle/data"
	export PGHOST=$scratch/socket
}
