# quality.sh: how good the thumbnails are, against the same of sharp's.

# Thumbnails of all pictures of a set by both, and the mean SSIM of each to a reduction by Lanczos of the whole picture.
# Prints OUR-LUMA OUR-COLOURS THEIR-LUMA THEIR-COLOURS.
likeness()			# FOLDER SIZE
{
	local path thumbnail

	(cd "$scratch/pictures/$1" && ls | sed "s,^,$1/,") > "$scratch/set"
	new_table 0
	copy_paths image_assets "$scratch/set"
	backfill '' "SET thumbexif.thumbnail_size = $2" > /dev/null
	expect_done "$(wc -l < "$scratch/set")"
	run_sharp "$2" "$scratch/pictures/$1"/* > /dev/null
	sql -F ' ' -c 'SELECT path, thumbnail_path FROM image_assets ORDER BY path' | while read -r path thumbnail; do
		echo "$scratch/pictures/$path" "$thumbnail" "$scratch/theirs/$(basename "${path%.*}").jpg"
	done | VIPS_CONCURRENCY=1 xargs -n 3 build/ssim | awk '
		{ for (i = 1; i <= 2; i++) sum[NR % 2, i] += $i }
		END { if (NR < 2) exit 1; print sum[1, 1] / (NR / 2), sum[1, 2] / (NR / 2), sum[0, 1] / (NR / 2), sum[0, 2] / (NR / 2) }'
}

# The photos in the folder PHOTOS that are larger than a thumbnail and JPEGs; their names are made plain.
own_photos()
{
	local file number=0
	mkdir -p "$scratch/pictures/own"
	find "$PHOTOS" -type f -iname '*.jp*g' | LC_ALL=C sort | while read -r file; do
		if [ "$(vipsheader -f width "$file" 2> /dev/null || echo 0)" -gt 1024 ] && vips avg "$file" > /dev/null 2>&1; then
			cp "$file" "$scratch/pictures/own/$((++number)).jpg"
		fi
	done
	[ -n "$(ls "$scratch/pictures/own")" ]
}

figure_quality()
{
	local set size name found

	need_sharp || { not_measured '5  quality of thumbnails - sharp' "$why"; return; }
	$make -s build/ssim
	draw baseline "$PICTURES"
	mkdir -p "$scratch/pictures/some"
	ln "$scratch"/pictures/baseline/photo-0000?.jpg "$scratch/pictures/some"
	draw aliasing 4
	for set in some aliasing own; do
		case $set in
			some) name='drawn photos' ;;
			aliasing) name='stripes, roof, fence, rings' ;;
			own) name='real photos' ;;
		esac
		if [ "$set" = own ]; then
			[ -n "$PHOTOS" ] || { not_measured "5  SSIM of $name - sharp" 'PHOTOS names no folder'; continue; }
			own_photos || { not_measured "5  SSIM of $name - sharp" 'PHOTOS has none that is large enough'; continue; }
		fi
		for size in 256 1024; do
			found=$(likeness "$set" "$size")
			found=($found)
			difference "5  SSIM at $size, $name - sharp" "${found[0]}" "${found[2]}" 'at least' -0.003
			difference "5  the same of their colours" "${found[1]}" "${found[3]}" 'at least' -0.003
		done
	done
}
