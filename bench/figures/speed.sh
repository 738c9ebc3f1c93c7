# speed.sh: thumbnails a second.

# Seconds for a backfill by two decoders of that kind's pictures, and of sharp for the same.
our_thumbnails()
{
	local suffix=jpg
	case $kind in png | webp | heic) suffix=$kind ;; esac
	new_table "$count" "$kind/photo-%05.0f.$suffix"
	backfill '' "SET thumbexif.decoders = 2" "SET thumbexif.thumbnail_size = $size"
	expect_done "$count"
}
sharp_thumbnails()
{
	run_sharp "$size" "$scratch/pictures/$kind"/*
}
vips_thumbnails()
{
	seconds_of run_vipsthumbnail 2 "$size" "$scratch/pictures/$kind"/*
}

thumbnails()		# NAME KIND COUNT SIZE TARGET [THEIRS]
{
	local name=$1 kind=$2 count=$3 size=$4 target=$5 peer=${6:-sharp}

	if [ "$peer" = sharp ] && ! need_sharp; then
		not_measured "$name" "$why"
		return
	fi
	draw "$kind" "$count" || { not_measured "$name" "the pictures could not be drawn"; return; }
	in_turns our_thumbnails "${peer}_thumbnails"
	ratio "$name, pictures/s" "$(calculate "$count / $ours")" "$(calculate "$count / $theirs")" 'at least' "$target"
}

figure_baseline()
{
	thumbnails '1  baseline JPEG to 256 / sharp' baseline "$PICTURES" 256 2.0
}
figure_progressive()
{
	thumbnails '2  progressive JPEG to 256 / sharp' progressive "$PICTURES" 256 3.0
}
figure_restart()
{
	thumbnails '3  JPEG with restart markers to 256 / sharp' restart "$PICTURES" 256 2.5
}
figure_1024()
{
	thumbnails '4  baseline JPEG to 1024 / sharp' baseline "$PICTURES" 1024 1.2
}

# One decoder against vipsthumbnail in one process, and against two.
figure_scaling()
{
	local one two vips count=$PICTURES round files

	draw baseline "$PICTURES"
	files=("$scratch"/pictures/baseline/*)
	for round in $(seq "$ROUNDS"); do
		seconds_of run_vipsthumbnail 1 256 "${files[@]}" >> "$scratch/vips.times"
		new_table "$count" 'baseline/photo-%05.0f.jpg'
		backfill '' "SET thumbexif.decoders = 1" >> "$scratch/one.times"
		new_table "$count" 'baseline/photo-%05.0f.jpg'
		backfill '' "SET thumbexif.decoders = 2" >> "$scratch/two.times"
	done
	vips=$(median < "$scratch/vips.times")
	one=$(median < "$scratch/one.times")
	two=$(median < "$scratch/two.times")
	ratio 'backfill with one decoder / vipsthumbnail, ms a picture' "$(calculate "1000 * $one / $count")" \
		"$(calculate "1000 * $vips / $count")" 'at most' 0.85
	ratio 'two decoders / one, pictures/s' "$(calculate "$count / $two")" "$(calculate "$count / $one")" 'at least' 1.8
}

# HEIC against vipsthumbnail with two processes (sharp from npm does not read it), PNG and WebP against sharp.  HEIC are few: each takes half a minute to encode.
figure_formats()
{
	local some=$((PICTURES < 16 ? PICTURES : 16))
	thumbnails '10 HEIC to 256 / vipsthumbnail' heic $(((some + 3) / 4)) 256 1.2 vips
	thumbnails '10 PNG to 256 / sharp' png "$some" 256 1.0
	thumbnails '10 WebP to 256 / sharp' webp "$some" 256 1.0
}
