CASE WHEN west <= -180 AND south <= -90 AND east >= 180 AND north >= 90
               THEN @extschema@.thumbexif_within(p.latitude, p.longitude, ARRAY[-180.0, -90, 180, 90])
               ELSE @extschema@.thumbexif_within(p.latitude, p.longitude, ARRAY[west, south, east, north])
                    AND @extschema@.thumbexif_between_meridians(p.longitude, ARRAY[west, south, east, north])
                    AND @extschema@.thumbexif_in_ranges(@extschema@.thumbexif_quadkey(p.latitude, p.longitude),
                                                        @extschema@.thumbexif_quadkey_ranges(ARRAY[west, south, east, north])) END
