/* A hash table of inodes, open addressing: see links.h. */
#include "image/links.h"

#include <stdint.h>

#include "base/mem.h"

static struct link_slot *find(const struct links *l, dev_t dev, ino_t ino)
{
	size_t at = (size_t)((ino ^ (uint64_t)dev << 40) * 0x9e3779b97f4a7c15U >> 7) &
		    (l->size - 1);

	while (l->slots[at].ino && (l->slots[at].ino != ino || l->slots[at].dev != dev))
		at = (at + 1) & (l->size - 1);
	return &l->slots[at];
}

static void grow(struct links *l)
{
	struct links bigger = { .size = l->size ? 2 * l->size : 256, .used = l->used };

	bigger.slots = xcalloc(bigger.size, sizeof(*bigger.slots));
	for (size_t i = 0; i < l->size; i++)
		if (l->slots[i].ino)
			*find(&bigger, l->slots[i].dev, l->slots[i].ino) = l->slots[i];
	free(l->slots);
	*l = bigger;
}

const char *links_seen(struct links *l, const struct stat *st, const char *path)
{
	struct link_slot *slot;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return NULL;
	if (2 * l->used >= l->size)
		grow(l);
	slot = find(l, st->st_dev, st->st_ino);
	if (slot->ino)
		return slot->path;
	*slot = (struct link_slot){ .dev = st->st_dev, .ino = st->st_ino, .path = xstrdup(path) };
	l->used++;
	return NULL;
}

void links_free(struct links *l)
{
	for (size_t i = 0; i < l->size; i++)
		free(l->slots[i].path);
	free(l->slots);
	*l = (struct links){ 0 };
}
