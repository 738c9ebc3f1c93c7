# backfill.sh: backfills of tables that get longer.

# So many files, hard links to copies of a small photo with EXIF, a thousand to a folder; their paths in $scratch/long.
link_rows()			# ROWS
{
	[ -e "$scratch/small/photo.jpg" ] || { mkdir "$scratch/small"; build/make_pictures "$scratch/small" 2> /dev/null; }
	perl -e '
		use File::Copy;
		my ($picture, $folder, $rows) = @ARGV;
		mkdir $folder;
		foreach my $copy (0 .. 199)
		{
			-e "$folder/copy-$copy.jpg" or copy($picture, "$folder/copy-$copy.jpg") or die "$folder: $!\n";
		}
		foreach my $row (0 .. $rows - 1)
		{
			my $in = int($row / 1000);
			mkdir "$folder/$in" if $row % 1000 == 0;
			-e "$folder/$in/$row.jpg" or link sprintf("%s/copy-%d.jpg", $folder, $row % 200), "$folder/$in/$row.jpg" or die "link: $!\n";
			print "rows/$in/$row.jpg\n";
		}' "$scratch/small/photo.jpg" "$scratch/pictures/rows" "$1" > "$scratch/long"
}

# FIRST-BATCH SECONDS MB-AT-A-TENTH MB-AT-THE-END of a backfill of so many new rows
long_backfill()		# ROWS
{
	new_table 0
	head -n "$1" "$scratch/long" > "$scratch/paths"
	copy_paths image_assets "$scratch/paths"
	perl bench/lib/watch_backfill.pl "$psql" "parts => '$PARTS'"
	[ "$(sql -c 'SELECT count(camera_make) FROM image_assets')" = "$1" ] || { echo 'not every row was filled' >&2; exit 1; }
}

figure_backfill()
{
	local rows=10000 most=$ROWS first last found

	[ "$LARGE" != 1 ] || most=10000000
	link_rows "$most"
	for _ in $(seq "$ROUNDS"); do
		long_backfill $rows
	done > "$scratch/long.times"
	first=$(calculate "$rows / $(cut -d ' ' -f 2 "$scratch/long.times" | median)")
	value "11 backfill of $rows rows, rows/s" "$first"
	value '11 s to its first batch' "$(cut -d ' ' -f 1 "$scratch/long.times" | median)" 'at most' 1
	while rows=$((rows * 10)) && [ $rows -le "$most" ]; do
		found=$(long_backfill $rows)
		found=($found)
		last=$(calculate "$rows / ${found[1]}")
		ratio "11 backfill of $rows rows / of 10000, rows/s" "$last" "$first" 'at least' 0.9
		value '11 s to its first batch' "${found[0]}" 'at most' 1
		ratio '11 memory of the backend at its end / after a tenth, MB' "${found[3]}" "${found[2]}" 'at most' 1.1
		value '11 the same again, nothing to do, s' "$(backfill "parts => '$PARTS'")" 'at most' $((rows > 1000000 ? rows / 500000 : 2))
	done
	rm -rf "$scratch/pictures/rows"
}
