/* Libraries on first use: see dl.h. */
#include "base/dl.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"

int dl_load(const char *const *sonames, const char *package, const struct dl_symbol *symbols,
	    unsigned int count, struct err *e)
{
	void *lib = NULL;

	for (const char *const *name = sonames; *name && !lib; name++)
		lib = dlopen(*name, RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return err_set(e, ENOENT, "library '%s' is missing: install the package %s",
			       sonames[0], package);
	for (unsigned int i = 0; i < count; i++) {
		void *address = dlsym(lib, symbols[i].name);

		if (!address)
			return err_set(e, ENOSYS, "library '%s' has no %s: a newer %s is needed",
				       sonames[0], symbols[i].name, package);
		memcpy(symbols[i].slot, &address, sizeof(address));
	}
	return 0; /* never closed: the table lives as long as the process */
}
