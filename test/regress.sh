# regress.sh: pg_regress (or, as isolation.sh, pg_isolation_regress) as one TAP program with a test a file.
#
# A server of its own, with a folder of pictures as thumbexif.image_roots.  TE_ONLY chooses files as in run.
kind=${1:-regress}
out=$TE_SCRATCH/out/$kind
mkdir -p "$out/thumbnails"

# The same layout for every version: input, expected and results in one folder.
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

cat > "$out/server.conf" <<EOF
thumbexif.image_roots = '$TE_PICTURES'
thumbexif.thumbnail_dir = '$out/thumbnails'
log_min_messages = log
EOF

cd "$out" || exit 1
TE_THUMBNAILS=$out/thumbnails "$program" --bindir="$TE_BINDIR" --inputdir=. --outputdir=. \
	--temp-instance="$out/instance" --temp-config="$out/server.conf" --encoding=UTF8 --no-locale \
	--dbname="contrib_$kind" --load-extension=thumbexif "${names[@]}" > output 2>&1

# "test NAME ... ok 12 ms" up to PostgreSQL 15, "ok 1 - NAME 12 ms" from 16 on
number=0
for name in "${names[@]}"; do
	number=$((number + 1))
	if grep -Eq "^test $name +\.\.\. ok |^ok +[0-9]+ +[-+] $name " output; then
		echo "ok $number - $kind $name"
	else
		echo "not ok $number - $kind $name"
		bad=yes
	fi
done
echo "1..$number"
if [ -n "$bad" ]; then
	{ [ ! -s regression.diffs ] && tail -50 output || head -500 regression.diffs; } >&2
	exit 1
fi
