/*
 * Go's fmt.Sprintf on values: %v %s %q %d %x %X %o %b %c %t %f %e %g %%, with flags, width and
 * precision. What does not fit prints as Go prints it: "%!d(string=hi)", "%!s(MISSING)",
 * "%!(EXTRA int=3)".
 */
#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "cli/template/node.h"

#define WIDTH_MAX 10000

/* One verb. */
struct verb {
	bool minus, plus, sharp, blank, zero, has_precision;
	int width, precision;
	char letter;
};

/* Pads text to the width. */
static void add_padded(struct str *out, const struct verb *v, const char *text)
{
	int len = 0, pad;

	for (const char *p = text; *p; p++)
		len += ((unsigned char)*p & 0xc0) != 0x80;
	pad = v->width > len ? v->width - len : 0;
	if (!v->minus)
		str_addf(out, "%*s", pad, "");
	str_add(out, text);
	if (v->minus)
		str_addf(out, "%*s", pad, "");
}

/* printf's own format for a number: flags, width, precision, then `conversion`. */
static void make_format(const struct verb *v, const char *conversion, char format[40])
{
	char precision[16] = "";

	if (v->has_precision)
		(void)snprintf(precision, sizeof(precision), ".%d", v->precision);
	(void)snprintf(format, 40, "%%%s%s%s%s%s%d%s%s", v->minus ? "-" : "", v->plus ? "+" : "",
		       v->sharp ? "#" : "", v->blank ? " " : "", v->zero && !v->minus ? "0" : "",
		       v->width, precision, conversion);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void add_int(struct str *out, const struct verb *v, int64_t n)
{
	const char *conversion = v->letter == 'x'   ? "llx"
				 : v->letter == 'X' ? "llX"
				 : v->letter == 'o' ? "llo"
						    : "lld";
	bool negative = n < 0 && conversion[2] != 'd'; /* Go writes -ff where C would wrap */
	struct verb without = *v;
	char format[40];

	if (v->width == 0 && !v->minus)
		without.zero = false;
	make_format(&without, conversion, format);
	if (format[1] == '0' && without.width == 0)
		(void)memmove(format + 1, format + 2, strlen(format + 1));
	if (negative)
		str_add_char(out, '-');
	str_addf(out, format, negative ? -(unsigned long long)n : (unsigned long long)n);
}

static void add_double(struct str *out, const struct verb *v, double d)
{
	char conversion[2] = { v->letter, 0 }, format[40];

	make_format(v, conversion, format);
	str_addf(out, format, d);
}

#pragma GCC diagnostic pop

static void add_binary(struct str *out, const struct verb *v, int64_t n)
{
	char text[66], *p = text + sizeof(text) - 1;
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

	*p = 0;
	do {
		*--p = (char)('0' + (rest & 1));
		rest >>= 1;
	} while (rest);
	if (n < 0)
		*--p = '-';
	add_padded(out, v, p);
}

static void add_quoted(struct str *out, const struct verb *v, const char *text)
{
	auto_str struct str s = { 0 };

	str_add_char(&s, '"');
	for (const char *p = text; *p; p++) {
		const char *names = "\a\b\f\n\r\t\v\\\"", *at = strchr(names, *p);

		if (at)
			str_addf(&s, "\\%c", "abfnrtv\\\""[at - names]);
		else if ((unsigned char)*p < 0x20 || *p == 0x7f)
			str_addf(&s, "\\x%02x", (unsigned char)*p);
		else
			str_add_char(&s, *p);
	}
	str_add_char(&s, '"');
	add_padded(out, v, str_cstr(&s));
}

/* %x of a text: its bytes. */
static void add_hex(struct str *out, const struct verb *v, const char *text)
{
	auto_str struct str s = { 0 };

	for (const char *p = text; *p; p++)
		str_addf(&s, v->letter == 'X' ? "%02X" : "%02x", (unsigned char)*p);
	add_padded(out, v, str_cstr(&s));
}

/* %v and %s: as printed elsewhere, cut to the precision. */
static void add_plain(struct str *out, const struct verb *v, const cJSON *value)
{
	auto_str struct str s = { 0 };

	if (!value || cJSON_IsNull(value))
		str_add(&s, "<nil>");
	else
		value_print(&s, value);
	if (v->has_precision && cJSON_IsString(value) && s.len > (size_t)v->precision)
		str_cut(&s, (size_t)v->precision);
	add_padded(out, v, str_cstr(&s));
}

static bool add_number(struct str *out, const struct verb *v, const cJSON *value)
{
	int64_t n;

	if (strchr("feEgG", v->letter)) {
		if (value_i64(value, &n))
			return false;
		if (v->letter == 'g' && !v->has_precision)
			add_plain(out, v, value); /* as many digits as it takes */
		else
			add_double(out, v, value_double(value));
		return true;
	}
	if (!value_i64(value, &n) || !strchr("dxXobc", v->letter))
		return false;
	if (v->letter == 'b') {
		add_binary(out, v, n);
	} else if (v->letter == 'c') {
		char c[2] = { n > 0 && n < 128 ? (char)n : '?', 0 };

		add_padded(out, v, c);
	} else {
		add_int(out, v, n);
	}
	return true;
}

/* False where the verb does not fit the value. */
static bool add_value(struct str *out, const struct verb *v, const cJSON *value)
{
	if (v->letter == 'v') {
		add_plain(out, v, value);
		return true;
	}
	if (!value)
		return false;
	if (value_is_number(value))
		return add_number(out, v, value);
	if (v->letter == 't' && cJSON_IsBool(value)) {
		add_plain(out, v, value);
		return true;
	}
	if (v->letter == 's' &&
	    (cJSON_IsString(value) || cJSON_IsArray(value) || cJSON_IsObject(value))) {
		add_plain(out, v, value);
		return true;
	}
	if (cJSON_IsString(value) && v->letter == 'q') {
		add_quoted(out, v, value->valuestring);
		return true;
	}
	if (cJSON_IsString(value) && (v->letter == 'x' || v->letter == 'X')) {
		add_hex(out, v, value->valuestring);
		return true;
	}
	return false;
}

static void add_mismatch(struct str *out, char letter, const cJSON *value)
{
	if (!value || cJSON_IsNull(value)) {
		str_addf(out, "%%!%c(<nil>)", letter);
		return;
	}
	str_addf(out, "%%!%c(%s=", letter, value_type(value));
	value_print(out, value);
	str_add_char(out, ')');
}

/* A decimal number at *p; -EINVAL where it is unreasonable. */
static int read_width(const char **p, int *ret, struct err *e)
{
	int n = 0;

	for (; isdigit((unsigned char)**p); ++*p) {
		n = n * 10 + (**p - '0');
		if (n > WIDTH_MAX)
			return err_set(e, EINVAL, "width or precision above %d", WIDTH_MAX);
	}
	*ret = n;
	return 0;
}

/*
 * Reads what stands behind '%'; *p ends behind the verb's letter (at the end of the text: letter
 * 0).
 */
static int read_verb(const char **p, struct verb *v, struct err *e)
{
	*v = (struct verb){ 0 };
	for (;; ++*p) {
		if (**p == '-')
			v->minus = true;
		else if (**p == '+')
			v->plus = true;
		else if (**p == '#')
			v->sharp = true;
		else if (**p == ' ')
			v->blank = true;
		else if (**p == '0')
			v->zero = true;
		else
			break;
	}
	if (**p == '*')
		return err_set(e, EINVAL, "'*' as a width is not supported");
	if (read_width(p, &v->width, e) < 0)
		return -EINVAL;
	if (**p == '.') {
		++*p;
		v->has_precision = true;
		if (read_width(p, &v->precision, e) < 0)
			return -EINVAL;
	}
	v->letter = **p;
	*p += **p != 0;
	return 0;
}

int printf_values(struct str *out, int argc, const cJSON *const *argv, struct err *e)
{
	const char *p = argv[0]->valuestring;
	int at = 1;

	while (*p) {
		size_t len = strcspn(p, "%");
		struct verb v;

		str_add_mem(out, p, len);
		p += len;
		if (!*p)
			break;
		p++;
		if (read_verb(&p, &v, e) < 0)
			return -EINVAL;
		if (!v.letter)
			str_add(out, "%!(NOVERB)");
		else if (v.letter == '%')
			str_add_char(out, '%');
		else if (at >= argc)
			str_addf(out, "%%!%c(MISSING)", v.letter);
		else if (!add_value(out, &v, argv[at]))
			add_mismatch(out, v.letter, argv[at++]);
		else
			at++;
	}
	if (at < argc) {
		str_add(out, "%!(EXTRA ");
		for (int i = at; i < argc; i++) {
			str_addf(out, "%s%s=", i > at ? ", " : "", value_type(argv[i]));
			value_print(out, argv[i]);
		}
		str_add_char(out, ')');
	}
	return 0;
}
