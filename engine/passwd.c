/*
 * USER looked up in the rootfs's own /etc/passwd and /etc/group (runc's rules): see passwd.h. Runs
 * in the monitor and in `exec`, in the user namespace. The files are the image's: broken lines are
 * skipped, numbers are taken only whole and in range, so that nothing wraps round to 0
 * (CVE-2024-40635).
 */
#include "engine/passwd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/inroot.h"
#include "base/log.h"

#define PASSWD_SIZE_MAX ((size_t)16 << 20)
#define ID_MAX 2147483647U

/* A field of a colon-separated line: not terminated. */
struct field {
	const char *p;
	size_t len;
};

/*
 * Cuts the line at *at into at most max fields and moves on to the next one. Returns the number of
 * fields, -1 at the end.
 */
static int next_line(const char **at, struct field *fields, int max)
{
	const char *p = *at, *end;
	int n = 0;

	if (!p || !*p)
		return -1;
	end = p + strcspn(p, "\n");
	*at = *end ? end + 1 : end;
	while (n < max) {
		const char *stop = n == max - 1 ? end : memchr(p, ':', (size_t)(end - p));

		if (!stop)
			stop = end;
		fields[n++] = (struct field){ p, (size_t)(stop - p) };
		if (stop == end)
			break;
		p = stop + 1;
	}
	return n;
}

static bool field_is(const struct field *f, const char *text)
{
	return f->len == strlen(text) && memcmp(f->p, text, f->len) == 0;
}

/* Decimal digits only, 0 .. 2^31-1. */
static int parse_id(const char *text, uint32_t *ret)
{
	uint32_t v;

	if (!text[0] || strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	if (str_to_u32(text, &v) < 0 || v > ID_MAX)
		return -ERANGE;
	*ret = v;
	return 0;
}

static int field_id(const struct field *f, uint32_t *ret)
{
	char text[16];

	if (f->len == 0 || f->len >= sizeof(text))
		return -EINVAL;
	memcpy(text, f->p, f->len);
	text[f->len] = '\0';
	return parse_id(text, ret);
}

void passwd_user_clear(struct passwd_user *u)
{
	free(u->groups);
	free(u->home);
	*u = (struct passwd_user){ 0 };
}

static int add_group(struct passwd_user *u, uint32_t gid, struct err *e)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return 0;
	if (u->n_groups == PASSWD_GROUPS_MAX)
		return err_set(e, E2BIG, "more than %d supplementary groups", PASSWD_GROUPS_MAX);
	u->groups = xreallocarray(u->groups, u->n_groups + 1, sizeof(*u->groups));
	u->groups[u->n_groups++] = gid;
	return 0;
}

/*
 * Fills uid, gid and home from the passwd line of the name, or of the number where the text is one.
 * *ret_name is the name of the line found (the caller owns it), NULL where there is none.
 */
static int find_user(const char *passwd, const char *who, struct passwd_user *u, char **ret_name,
		     struct err *e)
{
	uint32_t id = 0, uid, gid;
	int number = who[0] ? parse_id(who, &id) : 0;
	struct field f[7];
	int n;

	if (number == -ERANGE)
		return err_set(e, ERANGE, "user '%s': ids go from 0 to %u", who, ID_MAX);
	while ((n = next_line(&passwd, f, 7)) >= 0) {
		if (n < 4 || field_id(&f[2], &uid) < 0 || field_id(&f[3], &gid) < 0)
			continue;
		if (number == 0 ? uid != id : !field_is(&f[0], who))
			continue;
		u->uid = uid;
		u->gid = gid;
		if (n > 5 && f[5].len && f[5].p[0] == '/')
			replace_ptr(&u->home, xstrndup(f[5].p, f[5].len));
		*ret_name = xstrndup(f[0].p, f[0].len);
		return 0;
	}
	if (number < 0)
		return err_set(e, ENOENT,
			       "unable to find user %s: no matching entries in passwd file", who);
	u->uid = id;
	return 0;
}

/* A group by name or number. */
static int find_group(const char *group, const char *who, uint32_t *ret, struct err *e)
{
	int r = parse_id(who, ret);
	struct field f[4];
	uint32_t gid;
	int n;

	if (r == -ERANGE)
		return err_set(e, ERANGE, "group '%s': ids go from 0 to %u", who, ID_MAX);
	if (r == 0)
		return 0;
	while ((n = next_line(&group, f, 4)) >= 0)
		if (n >= 3 && field_is(&f[0], who) && field_id(&f[2], &gid) == 0) {
			*ret = gid;
			return 0;
		}
	return err_set(e, ENOENT, "unable to find group %s: no matching entries in group file",
		       who);
}

static bool is_member(const struct field *members, const char *name)
{
	const char *p = members->p, *end = p + members->len;

	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		struct field one = { p, (size_t)((comma ? comma : end) - p) };

		if (field_is(&one, name))
			return true;
		p += one.len + 1;
	}
	return false;
}

/* The groups that list the user as a member. */
static int add_memberships(const char *group, const char *name, struct passwd_user *u,
			   struct err *e)
{
	struct field f[4];
	uint32_t gid;
	int n, r = 0;

	while (r == 0 && (n = next_line(&group, f, 4)) >= 0)
		if (n == 4 && field_id(&f[2], &gid) == 0 && is_member(&f[3], name))
			r = add_group(u, gid, e);
	return r;
}

static int lookup(const char *passwd, const char *group, const char *user,
		  const struct strv *group_add, struct passwd_user *u, struct err *e)
{
	const char *colon = strchr(user, ':');
	auto_free char *who = xstrndup(user, colon ? (size_t)(colon - user) : strlen(user));
	auto_free char *name = NULL;
	uint32_t gid;
	int r;

	if (colon && (!colon[1] || strchr(colon + 1, ':')))
		return err_set(e, EINVAL, "user '%s': expected USER[:GROUP]", user);
	u->home = xstrdup("/");
	r = find_user(passwd, who, u, &name, e);
	if (r == 0 && colon)
		r = find_group(group, colon + 1, &u->gid, e);
	else if (r == 0 && name && name[0])
		r = add_memberships(group, name, u, e);
	for (size_t i = 0; r == 0 && group_add && i < group_add->len; i++) {
		r = find_group(group, group_add->v[i], &gid, e);
		if (r == 0)
			r = add_group(u, gid, e);
	}
	return r;
}

int passwd_lookup_text(const char *passwd, const char *group, const char *user,
		       const struct strv *group_add, struct passwd_user *ret, struct err *e)
{
	struct passwd_user u = { 0 };
	int r = lookup(passwd, group, user, group_add, &u, e);

	if (r < 0)
		passwd_user_clear(&u);
	else
		*ret = u;
	return r;
}

/* A missing file is an empty one, and so is one that is no plain file. */
static void read_file(int root, const char *path, struct str *ret)
{
	struct err why = { 0 };

	if (inroot_read(root, path, PASSWD_SIZE_MAX, ret, &why) < 0) {
		log_debug("%s, continuing without it", why.msg);
		str_cut(ret, 0);
	}
}

int passwd_lookup(int root, const char *user, const struct strv *group_add, struct passwd_user *ret,
		  struct err *e)
{
	auto_str struct str passwd = { 0 }, group = { 0 };

	read_file(root, "/etc/passwd", &passwd);
	read_file(root, "/etc/group", &group);
	return passwd_lookup_text(str_cstr(&passwd), str_cstr(&group), user, group_add, ret, e);
}
