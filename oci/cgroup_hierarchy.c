/*
 * Finding the cgroup hierarchies (cgroups(7), proc(5) mountinfo). Runs in the parent and, for
 * mounts of cgroup file systems, in init.
 */
#include "oci/cgroup_hierarchy.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"

#define TEXT_MAX ((size_t)64 << 20)

bool cgroup_controllers_have(const char *controllers, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = controllers; *p;) {
		size_t n = strcspn(p, ",");

		if (n == len && strncmp(p, name, n) == 0)
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

static void unescape(char *s)
{
	char *out = s;

	while (*s) {
		unsigned int c;

		if (*s == '\\' && sscanf(s + 1, "%3o", &c) == 1 && strlen(s) >= 4) {
			*out++ = (char)c;
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

/* One mount of a cgroup file system: what lies after " - " says which. */
struct cgroup_mount {
	struct strv fields; /* of the line: [3] root, [4] mount point */
	bool v2;
	const char *super; /* super block options, borrowed from the line */
};

/* "36 35 0:31 /root /mount/point rw,… shared:9 - cgroup cgroup rw,cpu,cpuacct" */
static bool mount_parse(const char *line, struct cgroup_mount *ret)
{
	const char *dash = strstr(line, " - ");
	const char *super;

	if (!dash)
		return false;
	dash += 3;
	ret->v2 = str_starts(dash, "cgroup2 ");
	if (!ret->v2 && !str_starts(dash, "cgroup "))
		return false;
	super = strrchr(dash, ' ');
	ret->super = super ? super + 1 : "";
	strv_split(&ret->fields, line, ' ');
	if (ret->fields.len < 5) {
		strv_free(&ret->fields);
		return false;
	}
	unescape(ret->fields.v[3]);
	unescape(ret->fields.v[4]);
	return true;
}

/* All of the wanted controllers are among the super block's options. */
static bool mount_serves(const struct cgroup_mount *m, bool v2, const char *controllers)
{
	auto_strv struct strv want = { 0 };

	if (m->v2 != v2)
		return false;
	strv_split(&want, controllers, ',');
	for (size_t i = 0; i < want.len; i++)
		if (!cgroup_controllers_have(m->super, want.v[i]))
			return false;
	return true;
}

/*
 * The caller's cgroup below the part of the hierarchy that the mount shows; NULL where it is
 * outside of it.
 */
static char *relative_to(const char *own, const char *root)
{
	const char *rest;

	if (str_eq(root, "/") || str_starts(root, "/.."))
		return xstrdup(own);
	rest = str_after(own, root);
	if (!rest || (*rest && *rest != '/'))
		return NULL;
	return xstrdup(*rest ? rest : "/");
}

/* A line of /proc/self/cgroup: "4:cpu,cpuacct:/a/b", "0::/a/b". */
static void add_hierarchy(const char *line, const struct strv *mounts,
			  struct cgroup_hierarchies *ret)
{
	const char *first = strchr(line, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;
	struct cgroup_hierarchy h = { 0 };

	if (!second)
		return;
	h.controllers = xstrndup(first + 1, (size_t)(second - first - 1));
	h.v2 = !*h.controllers;
	for (size_t i = 0; i < mounts->len && !h.mount; i++) {
		struct cgroup_mount m = { 0 };

		if (!mount_parse(mounts->v[i], &m))
			continue;
		if (mount_serves(&m, h.v2, h.controllers)) {
			h.own = relative_to(second + 1, m.fields.v[3]);
			if (h.own)
				h.mount = xstrdup(m.fields.v[4]);
			h.above = str_starts(m.fields.v[3], "/..");
		}
		strv_free(&m.fields);
	}
	if (!h.mount) {
		free(h.controllers);
		return;
	}
	ret->v = xreallocarray(ret->v, ret->n + 1, sizeof *ret->v);
	ret->v[ret->n++] = h;
}

void cgroup_hierarchies_parse(const char *self_cgroup, const char *mountinfo,
			      struct cgroup_hierarchies *ret)
{
	auto_strv struct strv own = { 0 };
	auto_strv struct strv all = { 0 };
	auto_strv struct strv mounts = { 0 };

	*ret = (struct cgroup_hierarchies){ 0 };
	strv_split(&own, self_cgroup, '\n');
	strv_split(&all, mountinfo, '\n');
	for (size_t i = 0; i < all.len; i++)
		if (strstr(all.v[i], " - cgroup"))
			strv_add(&mounts, all.v[i]);
	for (size_t i = 0; i < own.len; i++)
		add_hierarchy(own.v[i], &mounts, ret);
}

int cgroup_hierarchies_read(struct cgroup_hierarchies *ret, struct err *e)
{
	auto_str struct str own = { 0 };
	auto_str struct str mounts = { 0 };
	int r = file_read(AT_FDCWD, "/proc/self/cgroup", TEXT_MAX, &own, e);

	if (r >= 0)
		r = file_read(AT_FDCWD, "/proc/self/mountinfo", TEXT_MAX, &mounts, e);
	if (r < 0)
		return r;
	cgroup_hierarchies_parse(str_cstr(&own), str_cstr(&mounts), ret);
	return 0;
}

void cgroup_hierarchies_clear(struct cgroup_hierarchies *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].controllers);
		free(h->v[i].mount);
		free(h->v[i].own);
	}
	free(h->v);
	*h = (struct cgroup_hierarchies){ 0 };
}
