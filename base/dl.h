/*
 * Libraries loaded on first use (libcurl, libarchive, libcrypto): a start of pod that needs none of
 * them pays for none. Each user keeps one table of typed function pointers and a row a symbol.
 */
#ifndef BASE_DL_H
#define BASE_DL_H

struct err;

struct dl_symbol {
	const char *name;
	void *slot; /* address of the typed function pointer */
};

#define DL_SYMBOL(table, function)           \
	{                                    \
#function, &(table).function \
	}

/*
 * Opens the first of the NULL-terminated sonames that exists and fills every slot. -ENOENT: the
 * library is missing (the message names the Debian package); -ENOSYS: it lacks a symbol. Call once;
 * not thread-safe.
 */
int dl_load(const char *const *sonames, const char *package, const struct dl_symbol *symbols,
	    unsigned int count, struct err *e);

#endif
