-- of each node first: the greatest of texts that are sorted as times are, with the key behind
CAST(substr(max(concat(CASE WHEN isfinite(p.taken_at) THEN lpad(CAST(CAST(extract(epoch FROM p.taken_at) * 1000000 + 300000000000000000 AS numeric(20, 0)) AS text), 20, '0')
                            WHEN p.taken_at = timestamptz 'infinity' THEN repeat('9', 20) ELSE repeat('0', 20) END, p.id) COLLATE "C"), 21) AS {id_type})
