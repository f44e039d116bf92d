/* Takes URLs apart with libcurl's own parser, so that what is checked is what is fetched. */
#include "image/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/curl.h"

static void cleanup_curlu(CURLU **u)
{
	if (*u)
		curl.curl_url_cleanup(*u);
}

/* A part as text of our own; NULL where there is none. */
static char *get_part(CURLU *u, CURLUPart part, unsigned int flags)
{
	char *text = NULL, *copy;

	if (curl.curl_url_get(u, part, &text, flags) != CURLUE_OK || !text)
		return NULL;
	copy = xstrdup(text);
	curl.curl_free(text);
	return copy;
}

static bool has_part(CURLU *u, CURLUPart part)
{
	auto_free char *text = get_part(u, part, 0);

	return text;
}

static int fill(CURLU *u, struct url *ret, struct err *e)
{
	auto_free char *scheme = get_part(u, CURLUPART_SCHEME, 0);

	ret->host = get_part(u, CURLUPART_HOST, 0);
	ret->port = get_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	if (!scheme || !ret->host || !ret->port ||
	    (!str_eq(scheme, "https") && !str_eq(scheme, "http")))
		return err_set(e, EINVAL, "'%s://%s' is neither http nor https",
			       scheme ? scheme : "", ret->host ? ret->host : "");
	if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
		return err_set(e, EINVAL, "URL with a user name in it for host '%s'", ret->host);
	for (char *c = ret->host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	ret->https = str_eq(scheme, "https");
	(void)curl.curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	ret->text = get_part(u, CURLUPART_URL, 0);
	return ret->text ? 0 : err_set(e, EINVAL, "invalid URL for host '%s'", ret->host);
}

int url_parse(const char *text, const struct url *base, struct url *ret, struct err *e)
{
	__attribute__((cleanup(cleanup_curlu))) CURLU *u = curl.curl_url();
	auto_url struct url out = { 0 };
	int rc;

	if (!u)
		mem_exhausted();
	if (base && curl.curl_url_set(u, CURLUPART_URL, base->text, 0) != CURLUE_OK)
		return err_set(e, EINVAL, "invalid URL '%.*s'", (int)strcspn(base->text, "?"),
			       base->text);
	if (curl.curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return err_set(e, EINVAL, "invalid URL '%.*s'", (int)strcspn(text, "?"), text);
	rc = fill(u, &out, e);
	if (rc < 0)
		return rc;
	*ret = out;
	out = (struct url){ 0 };
	return 0;
}

void url_clear(struct url *u)
{
	free(u->text);
	free(u->host);
	free(u->port);
	*u = (struct url){ 0 };
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && str_eq(a->host, b->host) && str_eq(a->port, b->port);
}

bool url_host_is_loopback(const char *host)
{
	bool six = host[0] == '[';
	size_t len = six ? strcspn(host, "]") : strcspn(host, ":");
	auto_free char *name = xstrndup(host + six, len - six);
	struct in6_addr a6;
	struct in_addr a4;

	if (str_eq(name, "localhost") || str_ends(name, ".localhost"))
		return true;
	if (!six && inet_pton(AF_INET, name, &a4) == 1)
		return ntohl(a4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, name, &a6) == 1 && IN6_IS_ADDR_LOOPBACK(&a6);
}

static bool ipv4_is_public(uint32_t a)
{
	static const struct {
		uint32_t net;
		unsigned int bits;
	} inner[] = {
		{ 0x00000000, 8 },  /* this host */
		{ 0x7f000000, 8 },  /* loopback */
		{ 0xa9fe0000, 16 }, /* link-local, with 169.254.169.254 */
		{ 0x0a000000, 8 },  /* private */
		{ 0xac100000, 12 }, /* private */
		{ 0xc0a80000, 16 }, /* private */
		{ 0x64400000, 10 }, /* carriers' */
		{ 0xe0000000, 3 },  /* multicast and above */
	};

	for (size_t i = 0; i < ARRAY_SIZE(inner); i++)
		if ((a ^ inner[i].net) >> (32 - inner[i].bits) == 0)
			return false;
	return true;
}

static bool ipv6_is_public(const struct in6_addr *a)
{
	if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a)) {
		uint32_t v4;

		memcpy(&v4, &a->s6_addr[12], sizeof(v4));
		return ipv4_is_public(ntohl(v4));
	}
	return (a->s6_addr[0] & 0xe0) == 0x20; /* 2000::/3, global unicast */
}

bool url_address_is_public(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return ipv4_is_public(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&v6, address, sizeof(v6));
	return ipv6_is_public(&v6.sin6_addr);
}

bool url_ip_is_public(const char *ip)
{
	struct in6_addr a6;
	struct in_addr a4;

	if (inet_pton(AF_INET, ip, &a4) == 1)
		return ipv4_is_public(ntohl(a4.s_addr));
	return inet_pton(AF_INET6, ip, &a6) == 1 && ipv6_is_public(&a6);
}
