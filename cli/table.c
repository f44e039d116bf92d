/* Two passes over the text: widths of the columns, then the cells. */
#include "cli/table.h"

#include <string.h>

#include "base/mem.h"

/* Blanks between columns. */
enum { TABLE_GAP = 3 };

static size_t characters(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80; /* bytes that go on a character */
	return n;
}

/* The widest cell of each column; a cell that ends its line sets no width. The caller frees. */
static size_t *measure(const char *text, size_t *ret_n)
{
	size_t *widths = NULL, n = 0, col = 0;

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\t\n");

		if (p[len] == '\t') {
			size_t width = characters(p, len);

			if (col == n) {
				widths = xreallocarray(widths, ++n, sizeof(*widths));
				widths[col] = 0;
			}
			if (width > widths[col])
				widths[col] = width;
			col++;
		} else {
			col = 0;
		}
		p += len + (p[len] != 0);
	}
	*ret_n = n;
	return widths;
}

void table_print(const char *text, FILE *f)
{
	size_t n = 0, col = 0;
	auto_free size_t *widths = measure(text, &n);

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\t\n");

		(void)fwrite(p, 1, len, f);
		if (p[len] == '\t') {
			(void)fprintf(f, "%*s", (int)(widths[col] - characters(p, len)) + TABLE_GAP,
				      "");
			col++;
		} else if (p[len]) {
			(void)fputc('\n', f);
			col = 0;
		}
		p += len + (p[len] != 0);
	}
}
