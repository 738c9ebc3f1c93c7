# pictures.sh: the pictures, kept in build/bench for the next run.

# Where the pictures of a kind are kept; other code that draws them is another folder.
kept_pictures()		# KIND
{
	echo "build/bench/pictures-$(cat test/pictures/*.[ch] | cksum | cut -d ' ' -f 1)/$1"
}

# Into $scratch/pictures/KIND, COUNT of them: KIND is baseline, progressive, restart, png, webp, heic or aliasing.
# Fails if they cannot be drawn.
draw()				# KIND COUNT
{
	local kind=$1 count=$2 kept to=$scratch/pictures/$1

	[ ! -e "$to" ] || return 0
	kept=$(kept_pictures "$kind")
	mkdir -p "$kept"
	case $kind in
		baseline) draw_baseline "$kept" "$count" ;;
		aliasing) [ -e "$kept/fence.jpg" ] || build/make_pictures --aliasing "$kept" ;;
		*) draw_others "$kept" "$count" "$kind" ;;
	esac
	mkdir "$to"
	(cd "$kept" && find . -type f ! -name '*.new' | LC_ALL=C sort | head -n "$count") | while read -r name; do
		ln "$kept/$name" "$to/" 2> /dev/null || cp "$kept/$name" "$to/"
	done
	[ "$kind" = aliasing ] || [ "$(ls "$to" | wc -l)" = "$count" ] || { rm -r "$to"; return 1; }
	cat "$to"/* > /dev/null
}

draw_baseline()		# FOLDER COUNT
{
	local have half part=$1.new
	have=$(find "$1" -name '*.jpg' | wc -l)
	[ "$have" -lt "$2" ] || return 0
	half=$((($2 - have + 1) / 2))
	rm -rf "$part"
	mkdir "$part"
	build/make_pictures --bench "$part" "$have" "$half" &
	build/make_pictures --bench "$part" $((have + half)) $(($2 - have - half))
	wait $!
	mv "$part"/* "$1"
	rmdir "$part"
}

# The same pictures in another form.
draw_others()		# FOLDER COUNT KIND
{
	local from name
	from=$(kept_pictures baseline)
	mkdir -p "$from"
	draw_baseline "$from" "$2"
	for name in $(cd "$from" && ls | head -n "$2"); do
		echo "$from/$name $1/${name%.jpg}"
	done | xargs -P 2 -n 2 bench/lib/convert "$3"
}

# A hard link for each of so many rows: many/0.jpg and so on.
draw_many()			# ROWS
{
	local drawn
	draw baseline "$PICTURES"
	drawn=("$scratch"/pictures/baseline/*)
	mkdir -p "$scratch/pictures/many"
	[ ! -e "$scratch/pictures/many/$(($1 - 1)).jpg" ] || return 0
	perl -e 'my ($folder, $count, @from) = @ARGV;
		-e "$folder/$_.jpg" or link $from[$_ % @from], "$folder/$_.jpg" or die "link $folder/$_.jpg: $!\n" foreach 0 .. $count - 1' \
		"$scratch/pictures/many" "$1" "${drawn[@]}"
}
