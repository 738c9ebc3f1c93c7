"from", "to", camera, make, lens, iso_min, iso_max, aperture_min, aperture_max, focal_min, focal_max, NULL, rating,
    has_position, bbox, near_lat, near_lon, near_metres, NULL
