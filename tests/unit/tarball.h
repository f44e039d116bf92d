/* Tar archives for tests, byte by byte: what no honest writer would write, too. */
#ifndef TESTS_UNIT_TARBALL_H
#define TESTS_UNIT_TARBALL_H

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* One entry; zero is 0644 root:root of time 1700000000. */
struct member {
	const char *name;
	/*
	 * '0' file, '1' hard link, '2' symlink, '3' char, '4' block, '5' folder, '6' FIFO; 0: '0'
	 */
	char type;
	const char *data;
	size_t len; /* 0: strlen(data) */
	const char *link;
	unsigned int mode, uid, gid, major, minor;
	const char *pax; /* "key=value", or NULL */
	size_t pax_len;  /* 0: strlen(pax) */
	const char *pax2;
};

static inline void tarball_octal(char *field, size_t size, unsigned long value)
{
	char digits[32];

	(void)snprintf(digits, sizeof(digits), "%030lo", value);
	(void)memcpy(field, digits + 30 - (size - 1), size);
}

/* A field of text ends with a NUL only where there is room. */
static inline void tarball_text(char *field, const char *text, size_t size)
{
	for (size_t i = 0; i < size && text[i]; i++)
		field[i] = text[i];
}

static inline void tarball_header(struct str *t, const struct member *m, const char *name,
				  char type, size_t size)
{
	char h[512] = { 0 };
	unsigned int sum = 0;

	tarball_text(h, name, 100);
	tarball_octal(h + 100, 8, m->mode ? m->mode : type == '5' ? 0755 : 0644);
	tarball_octal(h + 108, 8, m->uid);
	tarball_octal(h + 116, 8, m->gid);
	tarball_octal(h + 124, 12, size);
	tarball_octal(h + 136, 12, 1700000000);
	memset(h + 148, ' ', 8);
	h[156] = type;
	if (m->link && type != 'x')
		tarball_text(h + 157, m->link, 100);
	tarball_text(h + 257, "ustar", 6);
	tarball_text(h + 263, "00", 2);
	tarball_octal(h + 329, 8, m->major);
	tarball_octal(h + 337, 8, m->minor);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	tarball_octal(h + 148, 7, sum);
	str_add_mem(t, h, sizeof(h));
}

static inline void tarball_data(struct str *t, const void *p, size_t len)
{
	static const char zeros[512];

	if (len)
		str_add_mem(t, p, len);
	str_add_mem(t, zeros, -len % 512);
}

static inline void tarball_record(struct str *records, const char *text, size_t len)
{
	size_t total = len + 3; /* blank, newline, one digit */

	while ((size_t)snprintf(NULL, 0, "%zu", total) + len + 2 != total)
		total++;
	str_addf(records, "%zu ", total);
	str_add_mem(records, text, len);
	str_add_char(records, '\n');
}

static inline void tarball_add(struct str *t, const struct member *m)
{
	size_t len = m->len ? m->len : m->data ? strlen(m->data) : 0;
	struct str records = { 0 };

	if (m->pax)
		tarball_record(&records, m->pax, m->pax_len ? m->pax_len : strlen(m->pax));
	if (m->pax2)
		tarball_record(&records, m->pax2, strlen(m->pax2));
	if (records.len) {
		tarball_header(t, m, "pax", 'x', records.len);
		tarball_data(t, records.data, records.len);
	}
	str_free(&records);
	tarball_header(t, m, m->name, m->type ? m->type : '0', len);
	tarball_data(t, m->data, len);
}

static inline void tarball_end(struct str *t)
{
	static const char zeros[1024];

	str_add_mem(t, zeros, sizeof(zeros));
}

#endif
