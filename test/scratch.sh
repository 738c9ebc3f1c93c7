# scratch.sh: sourced by the scripts that run a server of their own.
#
# A server that is not the system's: the programs of the PostgreSQL that pg_config names
# are copied into a folder (PostgreSQL finds its other folders from where its
# programs are), and thumbexif is installed into that copy.  The system's own PostgreSQL
# and its clusters are neither used nor changed.

pg_config=${PG_CONFIG:-pg_config}
make=${MAKE:-make}

# Who runs servers: PostgreSQL refuses to run as root.
if [ "$(id -u)" != 0 ]; then
	server_user=
else
	server_user=postgres
	if ! id postgres >/dev/null 2>&1; then
		echo "PostgreSQL does not run as root, and there is no user \"postgres\": run this as an ordinary user" >&2
		exit 1
	fi
fi

# as_server COMMAND...: run as the server's user, with nothing of ours in the environment but what env.sh sets.
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

# private_postgres FOLDER: copy PostgreSQL into FOLDER and install thumbexif there.  Sets
# bindir, pkglibdir and pgxs (the system's: pg_regress and the Perl modules lie there).
private_postgres()
{
	local root=$1 folder option

	for option in bindir pkglibdir sharedir; do
		folder=$("$pg_config" --$option)
		mkdir -p "$root$folder"
		tar -C "$folder" -c --exclude=./pgxs --exclude=./bitcode . | tar -C "$root$folder" -x
	done
	$make -s install DESTDIR="$root" with_llvm=no
	bindir=$root$("$pg_config" --bindir)
	pkglibdir=$root$("$pg_config" --pkglibdir)
	pgxs=$(dirname "$("$pg_config" --pgxs)")/../..
	pgxs=$(cd "$pgxs" && pwd)
}
