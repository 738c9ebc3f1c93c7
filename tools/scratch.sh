# scratch.sh: sourced by the scripts that run a server of their own (tests, demo, db, bench).
#
# A server that is not the system's: the programs of the PostgreSQL that pg_config names
# are copied into a folder (PostgreSQL finds its other folders from where its
# programs are), and thumbexif is installed into that copy.  The system's own PostgreSQL
# and its clusters are neither used nor changed.

pg_config=${PG_CONFIG:-$(tools/pg-config)}
make=${MAKE:-make}

# Who runs servers: PostgreSQL refuses to run as root.  TE_USER names another.
if [ "$(id -u)" != 0 ]; then
	server_user=
else
	server_user=${TE_USER:-postgres}
	if ! id "$server_user" >/dev/null 2>&1; then
		echo "PostgreSQL does not run as root, and there is no user \"$server_user\": run this as an ordinary user" >&2
		exit 1
	fi
fi

# as_server COMMAND...: run it as the user who runs the servers.
as_server()
{
	if [ -z "$server_user" ]; then
		"$@"
	elif command -v runuser >/dev/null; then
		runuser -u "$server_user" -- "$@"
	else
		su -s /bin/sh "$server_user" -c 'exec "$0" "$@"' -- "$@"
	fi
}

give_to_server()	# FOLDER...
{
	[ -z "$server_user" ] || chown -R "$server_user" "$@"
}

# scratch_folder NAME: a new folder that its user can enter, beneath TMPDIR if that can be entered too, else beneath /tmp.
scratch_folder()
{
	local base folder

	for base in "${TMPDIR:-/tmp}" /tmp; do
		folder=$(mktemp -d "$base/thumbexif-$1.XXXXXX")
		chmod 755 "$folder"
		if as_server test -x "$folder"; then
			echo "$folder"
			return
		fi
		rmdir "$folder"
	done
	echo "user $(as_server id -un), who runs the server, cannot enter /tmp" >&2
	return 1
}

# private_postgres FOLDER: copy PostgreSQL into FOLDER and install thumbexif there.  Sets bindir and
# pkglibdir (in the copy), and pgxs (the system's: pg_regress and the Perl modules lie there).
private_postgres()
{
	local root=$1 folder option

	for option in bindir pkglibdir sharedir; do
		folder=$("$pg_config" --$option)
		mkdir -p "$root$folder"
		tar -C "$folder" -c --exclude=./pgxs --exclude=./bitcode . | tar -C "$root$folder" -x
	done
	$make -s --no-print-directory install DESTDIR="$root" with_llvm=no
	bindir=$root$("$pg_config" --bindir)
	pkglibdir=$root$("$pg_config" --pkglibdir)
	pgxs=$(cd "$(dirname "$("$pg_config" --pgxs)")/../.." && pwd)
}

# start_cluster FOLDER SOCKETFOLDER [LINE...]: a cluster in FOLDER/data with the lines in its postgresql.conf
# and a database "photos" with the extension.  Only who may enter SOCKETFOLDER can
# connect: it listens to no network.  The superuser is called as who runs this.  Sets PGHOST, PGPORT,
# PGDATABASE and PGUSER, and psql to run our own.
start_cluster()
{
	local folder=$1 socket=$2
	shift 2

	as_server env LC_ALL=C.UTF-8 "$bindir/initdb" -D "$folder/data" -U "$(id -un)" --auth=trust --encoding=UTF8 --locale=C \
		> "$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; return 1; }
	{
		printf "%s\n" "listen_addresses = ''" "unix_socket_directories = '$socket'" "port = 5432" "$@"
	} | as_server tee -a "$folder/data/postgresql.conf" > /dev/null
	as_server "$bindir/pg_ctl" -D "$folder/data" -l "$folder/server.log" -w -s start ||
		{ tail -20 "$folder/server.log" >&2; return 1; }
	unset PGSERVICE PGOPTIONS PGHOSTADDR
	export PGHOST=$socket PGPORT=5432 PGUSER=$(id -un) PGDATABASE=photos
	psql=$bindir/psql
	"$bindir/createdb" photos
	"$psql" -X -q -c 'CREATE EXTENSION thumbexif'
}

stop_cluster()		# FOLDER
{
	[ ! -e "$1/data/postmaster.pid" ] || as_server "$bindir/pg_ctl" -D "$1/data" -m fast -w -s stop
}

# A line for postgresql.conf that makes FOLDER the root, whatever its name is made of.
image_root()		# FOLDER
{
	local name=$1 one='\' quote="'"
	case $name in
		*[\",]* | *' ') name=\"${name//\"/\"\"}\" ;;
	esac
	name=${name//"$one"/"$one$one"}
	printf "thumbexif.image_roots = '%s'" "${name//"$quote"/"$quote$quote"}"
}
