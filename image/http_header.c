/*
 * Takes headers of an answer apart, a line at a time as libcurl hands them over. They come from
 * whoever answers: nothing is believed but its form.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "image/http.h"

static void clear_headers(struct http_response *r)
{
	free(r->content_type);
	free(r->location);
	free(r->digest);
	free(r->retry_after);
	free(r->content_range);
	strv_free(&r->challenges);
}

void http_response_clear(struct http_response *r)
{
	clear_headers(r);
	str_free(&r->body);
	*r = (struct http_response){ .length = -1 };
}

/* A status line begins an answer anew (after 100 Continue, for instance). */
static void take_status(struct http_response *r, const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len);
	int status = 0;

	http_response_clear(r);
	for (size_t i = 1;
	     blank && i <= 3 && blank + i < line + len && isdigit((unsigned char)blank[i]); i++)
		status = status * 10 + (blank[i] - '0');
	r->status = status;
}

static void take_length(struct http_response *r, const char *value)
{
	int64_t n;

	if (str_to_i64(value, &n) == 0 && n >= 0)
		r->length = n;
}

void http_response_header(struct http_response *r, const char *line, size_t len)
{
	const struct {
		const char *name;
		char **slot;
	} slots[] = {
		{ "content-type", &r->content_type },    { "location", &r->location },
		{ "docker-content-digest", &r->digest }, { "retry-after", &r->retry_after },
		{ "content-range", &r->content_range },
	};
	auto_free char *text = NULL, *value = NULL;
	size_t name_len;

	while (len && strchr("\r\n \t", line[len - 1]))
		len--;
	if (len >= 5 && !memcmp(line, "HTTP/", 5)) {
		take_status(r, line, len);
		return;
	}
	text = xstrndup(line, len);
	name_len = strcspn(text, ":");
	if (!text[name_len])
		return;
	value = xstrdup(text + name_len + 1 + strspn(text + name_len + 1, " \t"));
	text[name_len] = '\0';
	if (!strcasecmp(text, "content-length"))
		take_length(r, value);
	else if (!strcasecmp(text, "www-authenticate"))
		strv_add(&r->challenges, value);
	for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
		if (!strcasecmp(text, slots[i].name))
			replace_ptr(slots[i].slot, take_ptr(&value));
}
