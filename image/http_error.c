/*
 * libcurl's failures as errors that say what happened with which host, and what they mean for
 * another attempt.
 */
#include "image/http_error.h"

#include <errno.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/http.h"
#include "image/url.h"

/* libcurl's text for this failure without its own prefixes. */
static const char *reason(const char *why, CURLcode code)
{
	static const char *const prefixes[] = { "SSL certificate problem: ", "SSL: " };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		const char *rest = str_after(why, prefixes[i]);

		if (rest)
			return rest;
	}
	return *why ? why : curl.curl_easy_strerror(code);
}

int http_error(struct http_transfer *t, const struct url *at, CURLcode code, const char *why,
	       int os_errno)
{
	const char *host = at->host, *text = reason(why, code);

	t->broken = true;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return err_set(&t->err, EHOSTUNREACH,
			       "cannot find the host '%s': no such name, or no name server answers",
			       host);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return err_set(
			&t->err, EHOSTUNREACH,
			"cannot find the proxy on the way to '%s': no such name, or no name server "
			"answers",
			host);
	case CURLE_COULDNT_CONNECT:
		return err_num(&t->err, os_errno ? os_errno : ECONNREFUSED, "connect to '%s:%s'",
			       host, at->port);
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(&t->err, ETIMEDOUT, "'%s:%s' has not sent anything for too long: %s",
			       host, at->port, text);
	case CURLE_PEER_FAILED_VERIFICATION:
		t->broken = false;
		t->untrusted = true;
		return err_set(&t->err, EPROTO, "the certificate of '%s:%s' is not trusted: %s",
			       host, at->port, text);
	case CURLE_SSL_CONNECT_ERROR:
		t->broken = false;
		t->not_tls = true;
		return err_set(&t->err, EPROTO, "no TLS connection with '%s:%s': %s", host,
			       at->port, text);
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		t->broken = false;
		return err_set(&t->err, EINVAL, "certificates for '%s': %s", host, text);
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return err_set(&t->err, ECONNRESET, "the connection to '%s:%s' broke off: %s", host,
			       at->port, text);
	default:
		t->broken = false;
		return err_set(&t->err, EIO, "request to '%s:%s' failed: %s", host, at->port, text);
	}
}
