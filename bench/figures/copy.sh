# copy.sh: what the triggers cost.

copy_rows()			# seconds of COPY into the table as it is
{
	sql -c CHECKPOINT
	seconds_of sql -c "\\copy image_assets (path) FROM '$scratch/rows'"
}
copy_attached()
{
	new_table 0
	copy_rows
}
copy_unattached()
{
	new_table 0
	sql -c "SELECT FROM thumbexif_detach('image_assets')"
	copy_rows
}

# COPY of many rows into an attached table, and into the same table without the triggers.
figure_copy()
{
	seq -f '%.0f.jpg' "$ROWS" > "$scratch/rows"
	in_turns copy_attached copy_unattached
	ratio "12 COPY of $ROWS rows, attached / not, s" "$ours" "$theirs" 'at most' 1.5
	rm "$scratch/rows"
}
