# regress.sh: pg_regress (or, as isolation.sh, pg_isolation_regress) as one TAP program with a test a file.
#
# A server of its own, with a folder of pictures as thumbexif.image_roots, and in it a database
# for each file, so that none finds what another left.  TE_ONLY chooses files as in run.
kind=${1:-regress}
out=$TE_SCRATCH/out/$kind
mkdir -p "$out/thumbnails" "$out/results"

# The same layout for every version: input and expected in one folder.
case $kind in
	regress)	program=$PG_REGRESS; folder=sql; suffix=sql; pattern='[!_]*' ;;
	isolation)	program=$PG_ISOLATION_REGRESS; folder=specs; suffix=spec; pattern='iso_*' ;;
esac
mkdir "$out/$folder" "$out/expected"
cp test/$folder/*.$suffix "$out/$folder/"
cp expected/* "$out/expected/"

names=()
for file in test/$folder/$pattern.$suffix; do
	name=$(basename "$file" .$suffix)
	chosen=${TE_ONLY:+no}
	for word in $TE_ONLY; do
		case $name in *"$word"*) chosen= ;; esac
	done
	[ -n "$chosen" ] || names+=("$name")
done
if [ ${#names[@]} = 0 ]; then
	echo "1..0 # SKIP no file chosen"
	exit 0
fi

cd "$out" || exit 1
socket=$(mktemp -d /tmp/thumbexif-socket.XXXXXX)
trap '"$TE_BINDIR/pg_ctl" -D data -m immediate -s stop; rm -rf "$socket"' EXIT
"$TE_BINDIR/initdb" -D data --auth=trust --no-sync --encoding=UTF8 --no-locale > initdb.log 2>&1
cat >> data/postgresql.conf <<EOF
listen_addresses = ''
unix_socket_directories = '$socket'
port = 5432
max_prepared_transactions = 2
autovacuum = off
thumbexif.image_roots = '$TE_PICTURES'
thumbexif.thumbnail_dir = '$out/thumbnails'
thumbexif.keep_replaced = 0
EOF
"$TE_BINDIR/pg_ctl" -D data -l server.log -w -s start || tail -20 initdb.log server.log >&2

number=0
echo "1..${#names[@]}"
for name in "${names[@]}"; do
	number=$((number + 1))
	if TE_THUMBNAILS=$out/thumbnails "$program" --bindir="$TE_BINDIR" --inputdir=. --outputdir="$name" \
		--host="$socket" --port=5432 --dbname="$name" --load-extension=thumbexif "$name" > "$name.log" 2>&1; then
		echo "ok $number - $kind $name"
	else
		echo "not ok $number - $kind $name"
		{ [ -s "$name/regression.diffs" ] && head -200 "$name/regression.diffs" || tail -30 "$name.log"; } >&2
		bad=yes
	fi
	[ ! -e "$name/results/$name.out" ] || cp "$name/results/$name.out" results/
done
[ -z "$bad" ]
