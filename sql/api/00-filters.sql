"from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL, camera text DEFAULT NULL, make text DEFAULT NULL, lens text DEFAULT NULL,
    iso_min integer DEFAULT NULL, iso_max integer DEFAULT NULL, aperture_min double precision DEFAULT NULL, aperture_max double precision DEFAULT NULL,
    focal_min double precision DEFAULT NULL, focal_max double precision DEFAULT NULL, keywords text[] DEFAULT NULL, rating integer DEFAULT NULL,
    has_position boolean DEFAULT NULL, bbox double precision[] DEFAULT NULL,
    near_lat double precision DEFAULT NULL, near_lon double precision DEFAULT NULL, near_metres double precision DEFAULT NULL, "text" text DEFAULT NULL
