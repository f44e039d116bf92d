/*
 * The walk behind merge.h. At each folder the trees that contribute are open side by side; their
 * names are read, sorted (by name, then highest tree first), and each group of equal names is
 * decided by its highest member.
 */
#include "image/merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/layer.h"
#include "image/whiteout.h"

#define DEPTH_MAX 2048

/* One folder of the union: what each contributing tree has for it, highest first. */
struct level {
	int *fds;
	size_t *layers;
	size_t n;
};

/* One name in one tree. */
struct entry {
	char *name;
	size_t at;  /* index into the level */
	bool hides; /* .wh.NAME: only a mark */
};

struct names {
	struct entry *v;
	size_t n, cap;
};

struct walk {
	const struct merge_trees *trees;
	merge_visit *visit;
	void *data;
	struct str path;
	unsigned int depth;
};

static void walk_clear(struct walk *w)
{
	str_free(&w->path);
}

#define auto_walk __attribute__((cleanup(walk_clear)))

static void level_close(struct level *l)
{
	for (size_t i = 0; i < l->n; i++)
		close_fd(&l->fds[i]);
	free(l->fds);
	free(l->layers);
}

#define auto_level __attribute__((cleanup(level_close)))

static void names_free(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
}

#define auto_names __attribute__((cleanup(names_free)))

static void level_add(struct level *l, int fd, size_t layer, size_t room)
{
	if (!l->fds) {
		l->fds = xcalloc(room, sizeof(*l->fds));
		l->layers = xcalloc(room, sizeof(*l->layers));
	}
	l->fds[l->n] = fd;
	l->layers[l->n++] = layer;
}

/* -- names -- */

static void names_add(struct names *l, const char *name, size_t at, enum merge_marks marks)
{
	const char *hides = NULL;
	enum whiteout_kind kind = marks == MERGE_DOTS ? whiteout_parse(name, &hides)
						      : WHITEOUT_NONE;

	if (marks == MERGE_LAYER && str_eq(name, WHITEOUT_OPAQUE_NAME))
		return; /* fuse-overlayfs leaves one beside the attribute */
	if (kind != WHITEOUT_NONE && kind != WHITEOUT_FILE)
		return;
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 32;
		l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->n++] = (struct entry){ .name = xstrdup(hides ? hides : name),
				       .at = at,
				       .hides = hides != NULL };
}

static int read_names(int fd, size_t at, enum merge_marks marks, struct names *l, struct err *e)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *d;

	if (!dir)
		return err_sys(e, "read a folder");
	while ((errno = 0, d = readdir(dir)))
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			names_add(l, d->d_name, at, marks);
	return errno ? err_sys(e, "read a folder") : 0;
}

/*
 * A file stands before the mark of the same name in the same tree: it is seen, and what is below is
 * hidden.
 */
static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	if (c)
		return c;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (int)x->hides - (int)y->hides;
}

/* -- walking -- */

static int walk_level(struct walk *w, const struct level *l, struct err *e);

/*
 * Opens the folders that make up the union folder `name`: from the highest down, until something
 * hides the rest.
 */
static int open_below(const struct level *l, const struct entry *group, size_t n, struct level *ret,
		      struct err *e)
{
	for (size_t i = 0; i < n && !group[i].hides; i++) {
		int parent = l->fds[group[i].at];
		int fd = openat(parent, group[i].name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
			break; /* a file, or a whiteout */
		if (fd < 0)
			return err_sys(e, "open folder '%s'", group[i].name);
		level_add(ret, fd, l->layers[group[i].at], l->n);
		if (whiteout_is_opaque(fd))
			break;
	}
	return 0;
}

static int walk_group(struct walk *w, const struct level *l, const struct entry *group, size_t n,
		      struct err *e)
{
	struct merge_item item = { .name = group->name,
				   .dirfd = l->fds[group->at],
				   .layer = l->layers[group->at] };
	auto_level struct level below = { 0 };
	size_t len = w->path.len;
	int r;

	if (group->hides)
		return 0;
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a group is made of a name */
	if (fstatat(item.dirfd, item.name, &item.st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : err_sys(e, "stat '%s'",
						 item.name); /* a live container may remove it */
	if (w->trees->marks[item.layer] != MERGE_PLAIN && whiteout_is_device(&item.st))
		return 0;
	if (len)
		str_add_char(&w->path, '/');
	str_add(&w->path, item.name);
	item.path = str_cstr(&w->path);
	r = w->visit(&item, w->data, e);
	if (r >= 0 && S_ISDIR(item.st.st_mode))
		r = open_below(l, group, n, &below, e);
	if (r >= 0 && below.n)
		r = walk_level(w, &below, e);
	str_cut(&w->path, len);
	return r;
}

static int walk_level(struct walk *w, const struct level *l, struct err *e)
{
	auto_names struct names names = { 0 };
	int r = 0;

	if (w->depth == DEPTH_MAX)
		return err_set(e, ELOOP, "folders nest too deep");
	for (size_t i = 0; i < l->n && r >= 0; i++)
		r = read_names(l->fds[i], i, w->trees->marks[l->layers[i]], &names, e);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), compare_entries);
	w->depth++;
	for (size_t i = 0, end; i < names.n && r >= 0; i = end) {
		for (end = i + 1; end < names.n && str_eq(names.v[i].name, names.v[end].name);
		     end++)
			;
		r = walk_group(w, l, &names.v[i], end - i, e);
	}
	w->depth--;
	return r;
}

int merge_walk(const struct merge_trees *t, merge_visit *visit, void *data, struct err *e)
{
	auto_walk struct walk w = { .trees = t, .visit = visit, .data = data };
	auto_level struct level top = { 0 };
	struct merge_item root = { .path = "", .name = ".", .layer = t->root_from };
	int r;

	for (size_t i = t->n; i-- > 0;) {
		int fd = openat(t->fds[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return err_sys(e, "open a layer");
		level_add(&top, fd, i, t->n);
		if (whiteout_is_opaque(fd))
			break;
	}
	if (!top.n)
		return 0;
	root.dirfd = t->fds[t->root_from];
	if (fstat(root.dirfd, &root.st) < 0)
		return err_sys(e, "stat a layer");
	r = visit(&root, data, e);
	return r < 0 ? r : walk_level(&w, &top, e);
}

/* -- the trees of an image -- */

/* Takes fd. */
static void add_tree(struct merge_trees *t, int fd, enum merge_marks marks)
{
	t->marks[t->n] = marks;
	t->fds[t->n++] = fd;
}

static struct merge_trees new_trees(size_t room)
{
	return (struct merge_trees){ .fds = xcalloc(room, sizeof(int)),
				     .marks = xcalloc(room, sizeof(enum merge_marks)) };
}

static int add_copy(struct merge_trees *t, int dirfd, enum merge_marks marks, struct err *e)
{
	int fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, "open a container's files");
	add_tree(t, fd, marks);
	return 0;
}

int merge_open(const struct store *s, const struct strv *diff_ids, int upper_dirfd,
	       struct merge_trees *ret, struct err *e)
{
	auto_trees struct merge_trees t = new_trees(diff_ids->len + 1);
	int r = 0;

	for (size_t i = 0; i < diff_ids->len; i++) {
		struct layer_info info = { 0 };
		int fd = layer_open_tree(s, diff_ids->v[i], e);

		if (fd < 0)
			return fd;
		(void)layer_info(s, diff_ids->v[i], &info, NULL);
		if (info.has_root)
			t.root_from = i;
		add_tree(&t, fd, info.dot_whiteouts ? MERGE_DOTS : MERGE_LAYER);
	}
	if (upper_dirfd >= 0) {
		t.root_from =
			t.n; /* overlayfs shows upper/'s root, which was made like the image's */
		r = add_copy(&t, upper_dirfd, MERGE_LAYER, e);
	}
	if (r < 0)
		return r;
	*ret = t;
	t = (struct merge_trees){ 0 };
	return 0;
}

int merge_open_plain(int dirfd, struct merge_trees *ret, struct err *e)
{
	auto_trees struct merge_trees t = new_trees(1);
	int r = add_copy(&t, dirfd, MERGE_PLAIN, e);

	if (r < 0)
		return r;
	*ret = t;
	t = (struct merge_trees){ 0 };
	return 0;
}

void merge_close(struct merge_trees *t)
{
	for (size_t i = 0; i < t->n; i++)
		close_fd(&t->fds[i]);
	free(t->fds);
	free(t->marks);
	*t = (struct merge_trees){ 0 };
}
