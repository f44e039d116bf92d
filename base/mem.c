/* Memory that cannot fail: see mem.h. */
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/err.h"

_Noreturn void mem_exhausted(void)
{
	static const char text[] = "pod: out of memory\n";

	(void)!write(2, text, sizeof(text) - 1);
	_exit(EXIT_POD);
}

static void *checked(void *p)
{
	if (!p)
		mem_exhausted();
	return p;
}

void *xzalloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

char *xstrndup(const char *s, size_t len)
{
	return checked(strndup(s, len));
}

void *xmemdup(const void *p, size_t len)
{
	return len ? memcpy(xcalloc(len, 1), p, len) : xcalloc(1, 1);
}

char *xasprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (len < 0)
		mem_exhausted();
	return s;
}

void close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}
