/* Names of containers, claimed by an exclusive create: see names.h. */
#include "engine/names.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"
#include "engine/container.h"
#include "engine/engine.h"

/*
 * An id as the text of a link: 32 bytes, six bits a character. The 64 digits themselves would not
 * fit the inode (59 bytes in ext4), and a block of its own makes the link dear to make and dearer
 * to remove.
 */
#define LINK_LENGTH 43

static const char link_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static unsigned int hex_value(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)(c - 'a') + 10;
}

/* Bit n of the id, of its 64 digits of 4; 0 beyond them. */
static unsigned int id_bit(const char *id, size_t n)
{
	return n < 256 ? hex_value(id[n / 4]) >> (3 - n % 4) & 1 : 0;
}

static void link_encode(const char *id, char text[LINK_LENGTH + 1])
{
	for (size_t i = 0; i < LINK_LENGTH; i++) {
		unsigned int v = 0;

		for (size_t bit = 0; bit < 6; bit++)
			v = v << 1 | id_bit(id, 6 * i + bit);
		text[i] = link_digits[v];
	}
	text[LINK_LENGTH] = '\0';
}

static int link_decode(const char *text, char ret_id[65])
{
	unsigned char bytes[33] = { 0 };

	for (size_t i = 0; i < LINK_LENGTH; i++) {
		const char *at = strchr(link_digits, text[i]);

		if (!text[i] || !at)
			return -EINVAL;
		for (size_t bit = 0; bit < 6; bit++)
			if ((at - link_digits) >> (5 - bit) & 1)
				bytes[(6 * i + bit) / 8] |=
					(unsigned char)(0x80 >> ((6 * i + bit) % 8));
	}
	str_hex(ret_id, bytes, 32);
	return 0;
}

int names_lookup(struct engine *g, const char *name, char ret_id[65])
{
	char text[LINK_LENGTH + 2];
	ssize_t n = readlinkat(g->names_fd, name, text, sizeof(text));

	if (n < 0)
		return -errno;
	if (n != LINK_LENGTH)
		return -ENOENT;
	text[n] = '\0';
	return link_decode(text, ret_id) < 0 ? -ENOENT : 0;
}

void names_release(struct engine *g, const char *name, const char *id)
{
	char now[65];

	if (names_lookup(g, name, now) == 0 && str_eq(now, id))
		(void)unlinkat(g->names_fd, name, 0);
}

void names_release_id(struct engine *g, const char *id)
{
	auto_fd int fd = openat(g->names_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir)
		(void)take_fd(&fd);
	while (dir && (entry = readdir(dir)))
		names_release(g, entry->d_name, id);
}

/* A name whose container is not there: a creation or a removal was cut short. One process at a time
 * clears it up. */
static int reclaim(struct engine *g, const char *name, struct err *e)
{
	auto_fd int lock = lock_take(g->names_fd, ".lock", LOCK_EXCLUSIVE, e);
	char id[65];

	if (lock < 0)
		return lock;
	if (names_lookup(g, name, id) < 0)
		(void)unlinkat(g->names_fd, name, 0);
	else if (container_sweep(g, id))
		names_release(g, name, id);
	return 0;
}

int names_claim(struct engine *g, const char *name, const char *id, struct err *e)
{
	char owner[65], text[LINK_LENGTH + 1];
	int r;

	link_encode(id, text);
	for (int try = 0; try < 2; try++) {
		if (symlinkat(text, g->names_fd, name) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(e, "claim the name '%s'", name);
		if (names_lookup(g, name, owner) == 0 && container_exists(g, owner))
			break;
		r = reclaim(g, name, e);
		if (r < 0)
			return r;
	}
	if (names_lookup(g, name, owner) < 0)
		return err_set(e, EEXIST, "the container name \"/%s\" is in use", name);
	return err_set(
		e, EEXIST,
		"the container name \"/%s\" is already in use by container \"%s\": remove (or rename) that "
		"container to be able to reuse that name",
		name, owner);
}
