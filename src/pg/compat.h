/*
 * compat.h
 *		Differences between the supported PostgreSQL versions.
 *
 * Code is written for the API of PostgreSQL 18, and this file provides it on older versions.
 * PG_VERSION_NUM is tested in no other file (test/lint.sh checks that).
 */
#ifndef TE_PG_COMPAT_H
#define TE_PG_COMPAT_H

#include "postgres.h"

/* Headers that declare these names in newer versions. */
#include "fmgr.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/wait_event.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "thumbexif supports PostgreSQL 15, 16, 17 and 18"
#endif

#if PG_VERSION_NUM < 180000

/* Written before the declaration, where gcc and clang accept their attribute as well. */
#ifndef pg_noreturn
#define pg_noreturn pg_attribute_noreturn()
#endif

/* Shown by pg_get_loaded_modules() of PostgreSQL 18. */
#ifndef PG_MODULE_MAGIC_EXT
#define PG_MODULE_MAGIC_EXT(...) PG_MODULE_MAGIC
#endif

#endif							/* < 18 */

#if PG_VERSION_NUM < 170000

#include "access/transam.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/*
 * Since 17 a set belongs to a resource owner, and without one it lives until it is freed, as
 * one in TopMemoryContext does before.  thumbexif uses no other kind.
 */
#define CreateWaitEventSet(resowner, nevents) \
	(AssertMacro((resowner) == NULL), CreateWaitEventSet(TopMemoryContext, (nevents)))

/* Renamed in 17. */
#define TransamVariables ShmemVariableCache

/* Number of this process in the array of all processes. */
#define MyProcNumber (MyProc->pgprocno)

/* Wait events of extensions have no names before 17. */
static inline uint32
WaitEventExtensionNew(const char *wait_event_name)
{
	return PG_WAIT_EXTENSION;
}

/* Set the search_path of maintenance commands, until the current GUC nest level ends. */
static inline void
RestrictSearchPath(void)
{
	set_config_option("search_path", "pg_catalog, pg_temp",
					  PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
					  true, 0, false);
}

#endif							/* < 17 */

#if PG_VERSION_NUM < 160000

#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "nodes/nodes.h"
#include "utils/tuplesort.h"

/* What is passed by reference is always copied before 16. */
#define tuplesort_getdatum(sort, forward, copy, value, isnull, abbreviated) \
	tuplesort_getdatum((sort), (forward), (value), (isnull), (abbreviated))

/* Returns the number as well since 16 (and a palloc'd array instead of the server's own). */
#define get_guc_variables(count) \
	(*(count) = GetNumConfigOptions(), get_guc_variables())

/*
 * Since 16 PostgreSQL's macros mark exported functions.  A file with SQL functions must
 * therefore include this one.
 */
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(name) \
extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
extern PGDLLEXPORT const Pg_finfo_record *CppConcat(pg_finfo_, name) (void); \
const Pg_finfo_record * \
CppConcat(pg_finfo_, name) (void) \
{ \
	static const Pg_finfo_record info = {1}; \
	return &info; \
} \
extern int	no_such_variable

/* Declared by fmgr.h since 16. */
extern PGDLLEXPORT void _PG_init(void);

/* One function for all catalogs since 16; used for relations and databases. */
#define object_ownercheck(catalog, object, role) \
	((catalog) == DatabaseRelationId ? pg_database_ownercheck((object), (role)) : \
	 pg_class_ownercheck((object), (role)))

/* One function for all catalogs since 16; used for schemas and functions. */
#define object_aclcheck(catalog, object, role, mode) \
	((catalog) == NamespaceRelationId ? pg_namespace_aclcheck((object), (role), (mode)) : \
	 pg_proc_aclcheck((object), (role), (mode)))

/* The node type does not exist before 16, and the tag is not used. */
#define T_ErrorSaveContext T_Invalid

typedef struct ErrorSaveContext
{
	NodeTag		type;
	bool		error_occurred;
	bool		details_wanted;
	ErrorData  *error_data;
} ErrorSaveContext;

/*
 * Call an input function with soft errors.  Before 16 every input function throws, so errors
 * about the data are caught here.  Only for functions that parse and allocate and do nothing
 * else (no locks, catalogs or resources), as no subtransaction cleans up after them.
 */
static inline bool
DirectInputFunctionCallSafe(PGFunction func, char *str, Oid typioparam, int32 typmod,
							Node *escontext, Datum *result)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool good = true;

	PG_TRY();
	{
		*result = DirectFunctionCall3(func, CStringGetDatum(str),
									  ObjectIdGetDatum(typioparam), Int32GetDatum(typmod));
	}
	PG_CATCH();
	{
		int			code = geterrcode();

		MemoryContextSwitchTo(caller);
		if (ERRCODE_TO_CATEGORY(code) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		FlushErrorState();
		((ErrorSaveContext *) escontext)->error_occurred = true;
		good = false;
	}
	PG_END_TRY();
	return good;
}

#else

#include "nodes/miscnodes.h"
#include "varatt.h"

#endif							/* < 16 */

/* The items of an access list: ACL_DAT(), which compares signed with unsigned numbers in some versions. */
static inline const AclItem *
te_acl_items(const Acl *acl)
{
	return (const AclItem *) ((const char *) acl + ARR_OVERHEAD_NONULLS(1));
}

#endif							/* TE_PG_COMPAT_H */
