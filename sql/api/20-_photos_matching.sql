CREATE OR REPLACE FUNCTION {schema}._photos_matching({filters})
RETURNS SETOF {schema}.photos
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT p.* FROM {schema}.photos AS p
WHERE ("from" IS NULL OR (COALESCE(p.taken_at, timestamptz '-infinity') >= "from" AND ("from" > timestamptz '-infinity' OR p.taken_at IS NOT NULL)))
  AND ("to" IS NULL OR (COALESCE(p.taken_at, timestamptz '-infinity') < "to" AND COALESCE(p.taken_at, timestamptz '-infinity') > timestamptz '-infinity'))
  AND (_photos_matching.camera IS NULL OR p.camera = _photos_matching.camera)
  AND (_photos_matching.make IS NULL OR p.make = @extschema@.thumbexif_make(_photos_matching.make))
  AND (_photos_matching.lens IS NULL OR p.lens = _photos_matching.lens)
  -- if both ends are the same, one condition: the planner would take three for independent
  AND (iso_min IS NULL OR (iso_min = iso_max) IS TRUE OR p.iso >= iso_min)
  AND (iso_max IS NULL OR (iso_min = iso_max) IS TRUE OR p.iso <= iso_max)
  AND ((iso_min = iso_max) IS NOT TRUE OR p.iso = iso_min)
  AND (aperture_min IS NULL OR (aperture_min = aperture_max) IS TRUE OR p.f_number >= aperture_min)
  AND (aperture_max IS NULL OR (aperture_min = aperture_max) IS TRUE OR p.f_number <= aperture_max)
  AND ((aperture_min = aperture_max) IS NOT TRUE OR p.f_number = aperture_min)
  AND (focal_min IS NULL OR (focal_min = focal_max) IS TRUE OR p.focal_length >= focal_min)
  AND (focal_max IS NULL OR (focal_min = focal_max) IS TRUE OR p.focal_length <= focal_max)
  AND ((focal_min = focal_max) IS NOT TRUE OR p.focal_length = focal_min)
  AND ((cardinality(_photos_matching.keywords) > 0) IS NOT TRUE OR p.keywords @> _photos_matching.keywords)
  AND (_photos_matching.rating IS NULL OR p.rating >= _photos_matching.rating)
  AND (has_position IS NULL OR (@extschema@.thumbexif_quadkey(p.latitude, p.longitude) IS NOT NULL) = has_position)
  AND (bbox IS NULL
       OR (@extschema@.thumbexif_within(p.latitude, p.longitude, bbox)
           AND @extschema@.thumbexif_between_meridians(p.longitude, bbox)
           AND @extschema@.thumbexif_in_ranges(@extschema@.thumbexif_quadkey(p.latitude, p.longitude), @extschema@.thumbexif_quadkey_ranges(bbox))))
  AND ((near_lat IS NULL AND near_lon IS NULL AND near_metres IS NULL)
       OR (@extschema@.thumbexif_near(p.latitude, p.longitude, near_lat, near_lon, near_metres)
           AND @extschema@.thumbexif_between_meridians(p.longitude, near_lat, near_lon, near_metres)
           AND @extschema@.thumbexif_in_ranges(@extschema@.thumbexif_quadkey(p.latitude, p.longitude),
                                               @extschema@.thumbexif_quadkey_ranges(near_lat, near_lon, near_metres))))
  AND ("text" IS NULL
       OR to_tsvector(regconfig 'simple', @extschema@.thumbexif_document(p.title, p.description, p.keywords, p.path))
          @@ websearch_to_tsquery(regconfig 'simple', "text"));
END;

COMMENT ON FUNCTION {schema}._photos_matching IS
    'the filters of all functions of this schema, inlined into their queries; made by thumbexif_api()';
