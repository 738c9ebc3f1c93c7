/*
 * path.h
 *		Beneath which root a path lies, going by its text.
 */
#ifndef TE_PG_PATH_H
#define TE_PG_PATH_H

/*
 * The root a path lies beneath (the innermost, should there be several), and
 * the path from there on, which points into it.  Palloc'd; ERROR if no roots are set; NULL if it lies beneath none.
 */
extern char *te_path_find_root(const char *path, const char **below);

#endif							/* TE_PG_PATH_H */
