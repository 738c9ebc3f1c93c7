# sheet.sh: sourced by the scripts that end with a sheet of thumbnails.

# rows_of_sheet MOST: what tools/sheet reads, of so many assets of image_assets, by sql().
rows_of_sheet()
{
	sql -A -t -F "$(printf '\t')" -P null= -c "SELECT a.thumbnail_path, regexp_replace(a.path, '^.*/', ''), to_char(a.taken_at, 'YYYY-MM-DD HH24:MI'),
			CASE WHEN a.thumbnail_path IS NULL THEN coalesce(f.status || ': ' || f.error, 'no thumbnail') END
		FROM image_assets a LEFT JOIN thumbexif_failures f ON f.id = a.id::text AND f.relation = 'image_assets'::regclass
		ORDER BY a.id LIMIT $1"
}
