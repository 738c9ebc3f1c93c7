after IS NULL
   OR ROW(COALESCE(p.taken_at, timestamptz '-infinity'), p.id)
      < ROW(CASE split_part(after, '_', 1) WHEN '' THEN timestamptz '-infinity' WHEN 'infinity' THEN timestamptz 'infinity'
                 -- in hours and the rest: a product with an interval is exact to 53 bits
                 ELSE timestamptz '1970-01-01 00:00:00+00' + CAST(split_part(after, '_', 1) AS bigint) / 3600000000 * interval '1 hour'
                      + CAST(split_part(after, '_', 1) AS bigint) % 3600000000 * interval '1 microsecond' END,
            CAST(substr(after, strpos(after, '_') + 1) AS {id_type}))
