after IS NULL
   OR ROW(COALESCE(p.taken_at, timestamptz '-infinity'), p.id)
      < ROW(CASE WHEN split_part(after, '_', 1) = '' THEN timestamptz '-infinity'
                 ELSE timestamptz '1970-01-01 00:00:00+00' + CAST(split_part(after, '_', 1) AS bigint) * interval '1 microsecond' END,
            CAST(substr(after, strpos(after, '_') + 1) AS {id_type}))
