(array_agg(p.id ORDER BY COALESCE(p.taken_at, timestamptz '-infinity') DESC, p.id DESC))[1]
