/* registries.conf: whatever it says, a name leads to places or to an error. */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "image/ref.h"
#include "image/regconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct regconf *c, const char *name)
{
	struct regconf_source *list = NULL;
	auto_strv struct strv names = { 0 };
	auto_ref struct ref r = { 0 };
	size_t n = 0;

	if (ref_parse(name, &r, NULL) < 0)
		abort();
	if (regconf_sources(c, &r, &list, &n, NULL) == 0)
		regconf_sources_free(list, n);
	(void)regconf_names(c, name, &names, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xmemdup(data, size ? size : 1);
	auto_regconf struct regconf c = { 0 };
	struct err e = { 0 };

	if (regconf_add_text(&c, text, size, "conf", &e) < 0 && !e.msg[0])
		abort();
	ask(&c, "nginx");
	ask(&c, "a.example.com:5000/b/c:tag");
	return 0;
}
