({iso}), ({f_number}), ({focal_length}), ({rating}), ({latitude}), ({longitude})
