/*
 * root_path.h
 *		Finds the root of a path by comparing texts.
 */
#ifndef TE_PG_ROOT_PATH_H
#define TE_PG_ROOT_PATH_H

/*
 * The innermost root that contains a path, palloc'd, or NULL if none does.  *below is set to the rest of the path after
 * the root.  ERROR if no roots are set.
 */
extern char *te_path_find_root(const char *path, const char **below);

#endif							/* TE_PG_ROOT_PATH_H */
