/* Growing strings and lists of strings: see str.h. */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

void str_reserve(struct str *s, size_t more)
{
	size_t need = s->len + more + 1;
	size_t cap = s->cap ? s->cap : 64;

	if (more >= SIZE_MAX / 2 - s->len)
		mem_exhausted();
	if (need <= s->cap)
		return;
	while (cap < need)
		cap *= 2;
	s->data = xreallocarray(s->data, cap, 1);
	s->cap = cap;
}

void str_add_mem(struct str *s, const void *p, size_t len)
{
	str_reserve(s, len);
	if (len)
		memcpy(s->data + s->len, p, len);
	s->len += len;
	s->data[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_add_mem(s, text, strlen(text));
}

void str_add_char(struct str *s, char c)
{
	str_add_mem(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap, again;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		mem_exhausted();
	str_reserve(s, (size_t)len);
	(void)vsnprintf(s->data + s->len, (size_t)len + 1, fmt, again);
	va_end(again);
	s->len += (size_t)len;
}

void str_cut(struct str *s, size_t len)
{
	if (len >= s->len)
		return;
	s->len = len;
	s->data[len] = '\0';
}

void str_free(struct str *s)
{
	free(s->data);
	*s = (struct str){ 0 };
}

const char *str_cstr(const struct str *s)
{
	return s->data ? s->data : "";
}

char *str_take(struct str *s)
{
	char *out = s->data ? s->data : xstrdup("");

	*s = (struct str){ 0 };
	return out;
}

static void strv_room(struct strv *l)
{
	if (l->len + 1 < l->cap)
		return;
	l->cap = l->cap ? l->cap * 2 : 8;
	l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
}

void strv_add_take(struct strv *l, char *s)
{
	strv_room(l);
	l->v[l->len++] = s;
	l->v[l->len] = NULL;
}

void strv_add(struct strv *l, const char *s)
{
	strv_add_take(l, xstrdup(s));
}

void strv_addf(struct strv *l, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (len < 0)
		mem_exhausted();
	strv_add_take(l, s);
}

void strv_insert(struct strv *l, size_t at, const char *s)
{
	char *copy = xstrdup(s);

	strv_room(l);
	memmove(l->v + at + 1, l->v + at, (l->len - at) * sizeof(*l->v));
	l->v[at] = copy;
	l->len++;
	l->v[l->len] = NULL;
}

void strv_remove(struct strv *l, size_t at)
{
	free(l->v[at]);
	memmove(l->v + at, l->v + at + 1, (l->len - at) * sizeof(*l->v));
	l->len--;
}

void strv_copy(struct strv *dst, const struct strv *src)
{
	for (size_t i = 0; i < src->len; i++)
		strv_add(dst, src->v[i]);
}

bool strv_has(const struct strv *l, const char *s)
{
	for (size_t i = 0; i < l->len; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *l)
{
	if (l->len > 1)
		qsort(l->v, l->len, sizeof(*l->v), compare_texts);
}

void strv_free(struct strv *l)
{
	for (size_t i = 0; i < l->len; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strv){ 0 };
}

char *strv_join(const struct strv *l, const char *sep)
{
	auto_str struct str s = { 0 };

	for (size_t i = 0; i < l->len; i++) {
		if (i)
			str_add(&s, sep);
		str_add(&s, l->v[i]);
	}
	return str_take(&s);
}

void strv_split(struct strv *l, const char *text, char sep)
{
	if (!*text)
		return;
	for (;;) {
		const char *end = strchr(text, sep);

		if (!end) {
			strv_add(l, text);
			return;
		}
		strv_add_take(l, xstrndup(text, (size_t)(end - text)));
		text = end + 1;
	}
}

/* Index of NAME=… in l, or l->len. */
static size_t env_index(const struct strv *l, const char *name, size_t len)
{
	size_t i = 0;

	while (i < l->len && (strncmp(l->v[i], name, len) != 0 || l->v[i][len] != '='))
		i++;
	return i;
}

const char *strv_env_get(const struct strv *l, const char *name)
{
	size_t len = strlen(name);
	size_t i = env_index(l, name, len);

	return i < l->len ? l->v[i] + len + 1 : NULL;
}

void strv_env_put(struct strv *l, const char *entry)
{
	size_t i = env_index(l, entry, strcspn(entry, "="));

	if (i == l->len)
		strv_add(l, entry);
	else
		replace_ptr(&l->v[i], xstrdup(entry));
}

void strv_env_set(struct strv *l, const char *name, const char *value)
{
	auto_free char *entry = xasprintf("%s=%s", name, value);

	strv_env_put(l, entry);
}

bool str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && strcmp(s + len - n, suffix) == 0;
}

int str_to_u64(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

int str_to_i64(const char *s, int64_t *ret)
{
	bool minus = *s == '-';
	uint64_t v = 0;
	int r = str_to_u64(s + minus, &v);

	if (r < 0)
		return r;
	if (v > (uint64_t)INT64_MAX + minus)
		return -ERANGE;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int str_to_u32(const char *s, uint32_t *ret)
{
	uint64_t v = 0;
	int r = str_to_u64(s, &v);

	if (r < 0)
		return r;
	if (v > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)v;
	return 0;
}

int str_to_int(const char *s, int *ret)
{
	int64_t v = 0;
	int r = str_to_i64(s, &v);

	if (r < 0)
		return r;
	if (v < INT_MIN || v > INT_MAX)
		return -ERANGE;
	*ret = (int)v;
	return 0;
}

int str_to_mode(const char *s, unsigned int *ret)
{
	unsigned int v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '7')
			return -EINVAL;
		v = v * 8 + (unsigned int)(*s - '0');
		if (v > 07777)
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

/* The power of 1024 of a unit: "", "b", "k", "kb", "KiB", … or -1. */
static int unit_power(const char *unit)
{
	static const char letters[] = "kmgtp";
	const char *at;
	int power;

	if (!*unit || strcasecmp(unit, "b") == 0)
		return 0;
	at = strchr(letters, tolower((unsigned char)*unit));
	if (!at)
		return -1;
	power = (int)(at - letters) + 1;
	unit++;
	return !*unit || strcasecmp(unit, "b") == 0 || strcasecmp(unit, "ib") == 0 ? power : -1;
}

int str_to_bytes(const char *s, uint64_t *ret)
{
	size_t digits = strspn(s, "0123456789");
	uint64_t whole = 0, scale = 1, value;
	double fraction = 0;
	const char *unit = s + digits;
	int power, r;

	if (!digits || digits > 20)
		return -EINVAL;
	if (*unit == '.') {
		double place = 0.1;

		for (unit++; *unit >= '0' && *unit <= '9'; unit++) {
			fraction += place * (*unit - '0');
			place /= 10;
		}
	}
	unit += *unit == ' ';
	power = unit_power(unit);
	if (power < 0)
		return -EINVAL;
	{
		auto_free char *number = xstrndup(s, digits);

		r = str_to_u64(number, &whole);
		if (r < 0)
			return r;
	}
	for (int i = 0; i < power; i++)
		scale *= 1024;
	if (__builtin_mul_overflow(whole, scale, &value) ||
	    __builtin_add_overflow(value, (uint64_t)(fraction * (double)scale), &value))
		return -ERANGE;
	*ret = value;
	return 0;
}

void str_hex(char *out, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * len] = '\0';
}

bool str_is_hex(const char *s, size_t len)
{
	return strspn(s, "0123456789abcdef") == len && s[len] == '\0';
}
