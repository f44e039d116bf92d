/* Which of an index's images this machine, or the one asked for, can run. */
#include "image/platform.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/manifest.h"

/* uname's machine, or what people write, in the words of the specification. */
static const struct alias {
	const char *name;
	const char *architecture;
	const char *variant;
} aliases[] = {
	{ "x86_64", "amd64", "" },      { "x86-64", "amd64", "" },
	{ "aarch64", "arm64", "" },     { "armv8l", "arm", "v7" },
	{ "armv7l", "arm", "v7" },      { "armv6l", "arm", "v6" },
	{ "armv5tel", "arm", "v5" },    { "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },       { "i386", "386", "" },
	{ "i486", "386", "" },          { "i586", "386", "" },
	{ "i686", "386", "" },          { "loongarch64", "loong64", "" },
	{ "mips64el", "mips64le", "" },
};

static void set_field(char *field, size_t size, const char *text)
{
	(void)snprintf(field, size, "%s", text);
}

/* "v8" is what arm64 means anyway, "v7" what arm does, "v1" amd64: one spelling each. */
static void normalise(struct platform *p)
{
	if (str_eq(p->architecture, "arm64") &&
	    (str_eq(p->variant, "v8") || str_eq(p->variant, "8")))
		p->variant[0] = '\0';
	if (str_eq(p->architecture, "amd64") && str_eq(p->variant, "v1"))
		p->variant[0] = '\0';
	if (str_eq(p->architecture, "arm") && !p->variant[0])
		set_field(p->variant, sizeof(p->variant), "v7");
}

static void set_architecture(struct platform *p, const char *name)
{
	set_field(p->architecture, sizeof(p->architecture), name);
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (str_eq(name, aliases[i].name)) {
			set_field(p->architecture, sizeof(p->architecture),
				  aliases[i].architecture);
			set_field(p->variant, sizeof(p->variant), aliases[i].variant);
		}
	}
}

static bool word_ok(const char *s, size_t max)
{
	return *s && strlen(s) < max &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
		       strlen(s);
}

int platform_parse(const char *text, struct platform *ret, struct err *e)
{
	auto_strv struct strv parts = { 0 };
	struct platform p = { .os = "linux" };
	bool good;
	size_t arch;

	strv_split(&parts, text, '/');
	good = parts.len >= 1 && parts.len <= 3;
	for (size_t i = 0; i < parts.len; i++)
		good = good && word_ok(parts.v[i], sizeof(p.variant));
	if (!good)
		return err_set(
			e, EINVAL,
			"invalid platform '%.100s': expected OS/ARCHITECTURE[/VARIANT], such as "
			"linux/arm64",
			text);
	arch = parts.len == 1 ? 0 : 1;
	if (arch)
		set_field(p.os, sizeof(p.os), parts.v[0]);
	set_architecture(&p, parts.v[arch]);
	if (parts.len == 3)
		set_field(p.variant, sizeof(p.variant), parts.v[2]);
	normalise(&p);
	*ret = p;
	return 0;
}

void platform_host(struct platform *ret)
{
	struct utsname u = { 0 };

	(void)uname(&u);
	*ret = (struct platform){ .os = "linux" };
	u.machine[sizeof(ret->architecture) - 1] = '\0';
	set_architecture(ret, u.machine);
	normalise(ret);
}

const char *platform_text(const struct platform *p, char buf[PLATFORM_TEXT_MAX])
{
	(void)snprintf(buf, PLATFORM_TEXT_MAX, "%s/%s%s%s", p->os, p->architecture,
		       p->variant[0] ? "/" : "", p->variant);
	return buf;
}

/* "v7" is 7; what is written otherwise is -1. */
static int variant_number(const char *variant)
{
	return variant[0] == 'v' && variant[1] >= '0' && variant[1] <= '9' && !variant[2]
		       ? variant[1] - '0'
		       : -1;
}

/* How well an entry serves p: 0 not at all, more is better. */
static int score(const struct platform *p, const struct manifest_entry *entry)
{
	struct platform have = { 0 };
	int want, has;

	if (!entry->os || !entry->architecture ||
	    strlen(entry->architecture) >= sizeof(have.architecture) ||
	    (entry->variant && strlen(entry->variant) >= sizeof(have.variant)))
		return 0;
	set_field(have.architecture, sizeof(have.architecture), entry->architecture);
	set_field(have.variant, sizeof(have.variant), entry->variant ? entry->variant : "");
	normalise(&have);
	if (!str_eq(entry->os, p->os) || !str_eq(have.architecture, p->architecture))
		return 0;
	if (str_eq(have.variant, p->variant))
		return 100;
	want = variant_number(p->variant);
	has = have.variant[0] ? variant_number(have.variant) : 0;
	return want > 0 && has >= 0 && has < want ? 50 + has : 0;
}

static bool is_image(const struct manifest_entry *entry)
{
	const char *type = entry->desc.media_type;

	return !*type || strstr(type, "image.manifest.v1+json") ||
	       strstr(type, "distribution.manifest.v2+json");
}

/* The platforms of an index, for the error. The caller owns it. */
static char *list_platforms(const struct manifest *index)
{
	struct str text = { 0 };

	for (size_t i = 0; i < index->nentries && text.len < 300; i++) {
		const struct manifest_entry *m = &index->entries[i];

		if (m->os && m->architecture && !str_eq(m->os, "unknown"))
			str_addf(&text, "%s%s/%s%s%s", text.len ? ", " : "", m->os, m->architecture,
				 m->variant ? "/" : "", m->variant ? m->variant : "");
	}
	return str_take(&text);
}

int platform_choose(const struct platform *p, const struct manifest *index,
		    const struct manifest_entry **ret, struct err *e)
{
	const struct manifest_entry *best = NULL;
	auto_free char *there = NULL;
	char text[PLATFORM_TEXT_MAX];
	int best_score = 0;

	for (size_t i = 0; i < index->nentries; i++) {
		int n = is_image(&index->entries[i]) ? score(p, &index->entries[i]) : 0;

		if (n > best_score) {
			best = &index->entries[i];
			best_score = n;
		}
	}
	/* an index of one image that names no platform means that one */
	if (!best && index->nentries == 1 && !index->entries[0].architecture &&
	    is_image(&index->entries[0]))
		best = &index->entries[0];
	if (!best) {
		there = list_platforms(index);
		return err_set(e, ENOENT, "no image for %s; there is %s", platform_text(p, text),
			       *there ? there : "none that names a platform");
	}
	*ret = best;
	return 0;
}
