/*
 * Talks to one repository. No ping: the first request for a manifest finds out what there is to
 * know (scheme, challenge), so that a pull from an open registry costs no round trip more than its
 * content.
 */
#include "image/registry.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/certs.h"
#include "image/challenge.h"
#include "image/http.h"
#include "image/manifest.h"

#define ATTEMPTS_MAX 4
#define BACKOFF_MS 300
#define RETRY_AFTER_MAX_S 30
#define LOOPBACK_TLS_SECONDS 3

/* What is understood, the specification's own types first. */
static const char accept_manifests[] = "application/vnd.oci.image.index.v1+json, "
				       "application/vnd.oci.image.manifest.v1+json, "
				       "application/vnd.docker.distribution.manifest.list.v2+json, "
				       "application/vnd.docker.distribution.manifest.v2+json";

struct registry {
	struct http *http;
	const struct registry_options *o;
	char *domain, *path; /* as named */
	char *host;          /* where it answers: "registry-1.docker.io" */
	bool https;
	bool may_plain; /* http will do where https is not spoken */
	bool spoken;    /* it has answered once: the scheme is settled */
	struct http_trust trust;
	struct auth auth;
	bool auth_known;                /* auth has been looked up */
	char *authorization;            /* what is sent now, or NULL */
	int64_t authorization_until_ns; /* monotonic; 0: for ever */
	bool bearer;
	char *withheld; /* a token server that was not sent the credentials there are */
};

int registry_open(struct http *h, const struct registry_options *o, const char *domain,
		  const char *path, bool insecure, struct registry **ret, struct err *e)
{
	struct registry *r = xzalloc(sizeof(*r));
	int rc = certs_load(o->cert_dir, domain, &r->trust, e);

	if (rc < 0) {
		free(r);
		return rc;
	}
	if (o->tls_verify >= 0)
		insecure = o->tls_verify == 0;
	r->http = h;
	r->o = o;
	r->domain = xstrdup(domain);
	r->path = xstrdup(path);
	r->host = xstrdup(str_eq(domain, "docker.io") ? "registry-1.docker.io" : domain);
	r->https = true;
	r->may_plain = insecure || (o->tls_verify != 1 && url_host_is_loopback(domain));
	r->trust.verify = !insecure;
	*ret = r;
	return 0;
}

static void forget_authorization(struct registry *r)
{
	if (r->authorization)
		explicit_bzero(r->authorization, strlen(r->authorization));
	replace_ptr(&r->authorization, NULL);
}

void registry_close(struct registry *r)
{
	if (!r)
		return;
	forget_authorization(r);
	certs_clear(&r->trust);
	auth_clear(&r->auth);
	free(r->domain);
	free(r->path);
	free(r->host);
	free(r->withheld);
	free(r);
}

void registry_manifest_clear(struct registry_manifest *m)
{
	str_free(&m->body);
	replace_ptr(&m->media_type, NULL);
}

/* The caller owns it. kind: "manifests" or "blobs". */
static char *make_url(const struct registry *r, const char *kind, const char *reference)
{
	return xasprintf("%s://%s/v2/%s/%s/%s", r->https ? "https" : "http", r->host, r->path, kind,
			 reference);
}

static int start(struct registry *r, const char *url, struct http_request *req,
		 struct http_transfer **ret, struct err *e)
{
	if (r->authorization_until_ns && clock_mono_ns() > r->authorization_until_ns)
		forget_authorization(r);
	req->url = url;
	req->authorization = r->authorization;
	req->trust = &r->trust;
	req->stall_timeout_s = r->o->stall_timeout_s;
	if (!r->spoken && r->may_plain && r->https && url_host_is_loopback(r->host))
		req->connect_timeout_s = LOOPBACK_TLS_SECONDS;
	return http_begin(r->http, req, ret, e);
}

/* -- patience -- */

/* Statuses of servers that may do better in a moment. */
static bool is_busy(int status)
{
	return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

/* 0.3 s, 0.6, 1.2 …, or what Retry-After says (seconds; a date is taken as the longest). */
static int wait_ms(const struct http_response *answer, int attempts)
{
	uint64_t seconds;

	if (answer->retry_after) {
		if (str_to_u64(answer->retry_after, &seconds) < 0 || seconds > RETRY_AFTER_MAX_S)
			seconds = RETRY_AFTER_MAX_S;
		return (int)seconds * 1000;
	}
	return BACKOFF_MS << (attempts - 1);
}

static bool try_again(struct registry_try *tried, const struct http_response *answer,
		      const char *what, int *ret_wait_ms)
{
	if (++tried->attempts >= ATTEMPTS_MAX)
		return false;
	*ret_wait_ms = wait_ms(answer, tried->attempts);
	log_debug("%s: attempt %d failed, again in %d ms", what, tried->attempts, *ret_wait_ms);
	return true;
}

/* -- tokens -- */

static void add_escaped(struct str *s, const char *text)
{
	for (; *text; text++) {
		if (strchr("-._~", *text) || (*text >= '0' && *text <= '9') ||
		    (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z'))
			str_add_char(s, *text);
		else
			str_addf(s, "%%%02X", (unsigned char)*text);
	}
}

static void add_query(struct str *s, const char *key, const char *value)
{
	if (s->len)
		str_add_char(s, '&');
	str_addf(s, "%s=", key);
	add_escaped(s, value);
}

/* What is asked for, as a query or a form. */
static void add_wish(const struct registry *r, const struct challenge *c, struct str *ret)
{
	auto_free char *scope = xasprintf("repository:%s:pull", r->path);

	if (c->service)
		add_query(ret, "service", c->service);
	add_query(ret, "scope", scope);
}

/*
 * Asks the token server: with a refresh token by POST, else by GET with the password or without
 * anything.
 */
static int fetch_token(struct registry *r, const struct challenge *c, bool with_auth,
		       bool public_only, struct http_transfer **ret, struct err *e)
{
	auto_str struct str wish = { 0 }, url = { 0 };
	auto_free char *basic = NULL;
	struct http_request req = {
		.limit = TOKEN_BYTES_MAX,
		.trust = &r->trust,
		.public_only = public_only,
		.accept = "application/json",
	};
	int rc;

	add_wish(r, c, &wish);
	str_add(&url, c->realm);
	if (with_auth && r->auth.identity_token) {
		add_query(&wish, "grant_type", "refresh_token");
		add_query(&wish, "client_id", "pod");
		add_query(&wish, "refresh_token", r->auth.identity_token);
		req.method = "POST";
		req.content_type = "application/x-www-form-urlencoded";
		req.body = &wish;
	} else {
		str_addf(&url, "%s%s", strchr(c->realm, '?') ? "&" : "?", str_cstr(&wish));
		if (with_auth)
			req.authorization = basic = auth_basic(r->auth.user, r->auth.password);
	}
	req.url = str_cstr(&url);
	rc = http_fetch(r->http, &req, ret, e);
	if (basic)
		explicit_bzero(basic, strlen(basic));
	return rc;
}

static int wrong_password(const struct registry *r, struct err *e)
{
	return err_set(e, EACCES,
		       "registry '%s' does not accept the user name and password (from %s)",
		       r->domain, r->auth.source);
}

/* Access is denied: with the registry's own text and what can be done. */
static int denied(const struct registry *r, const char *text, struct err *e)
{
	if (r->withheld)
		return err_set(
			e, EACCES,
			"registry '%s' denies access to '%s'%s; its token server '%s' is another "
			"host and was not sent the credentials: --trust-realm %s allows it",
			r->domain, r->path, text, r->withheld, r->withheld);
	return err_set(
		e, EACCES, "registry '%s' denies access to '%s'%s%s", r->domain, r->path, text,
		r->auth.source
			? ""
			: "; it does not exist, or it wants credentials: give --creds, or log in");
}

static int take_token(struct registry *r, const struct http_response *answer,
		      const struct url *realm, bool with_auth, struct err *e)
{
	struct token token = { 0 };
	int rc;

	if (answer->status == 401 || answer->status == 403 ||
	    (answer->status == 400 && with_auth && r->auth.identity_token))
		return with_auth ? wrong_password(r, e) : denied(r, "", e);
	if (answer->status != 200)
		return err_set(e, EIO, "token server '%s' of registry '%s' answered with status %d",
			       realm->host, r->domain, answer->status);
	rc = token_parse(str_cstr(&answer->body), answer->body.len, &token, e);
	if (rc < 0)
		return err_prefix(e, "token server '%s'", realm->host);
	r->authorization = xasprintf("Bearer %s", token.text);
	r->authorization_until_ns = clock_mono_ns() + (token.expires_in * 1000000000 * 9) / 10;
	explicit_bzero(token.text, strlen(token.text));
	free(token.text);
	return 0;
}

/* Whether the realm may be asked at all, and with credentials. */
static int check_realm(struct registry *r, const struct url *realm, const char *peer,
		       bool *ret_with_auth, bool *ret_public_only, struct err *e)
{
	auto_free char *own_url = make_url(r, "manifests", "x");
	auto_url struct url own = { 0 };
	bool has_auth = r->auth.user || r->auth.identity_token;
	int rc = url_parse(own_url, NULL, &own, e);

	if (rc < 0)
		return rc;
	if (own.https && !realm->https)
		return err_set(
			e, EPROTO,
			"registry '%s' names a token server without TLS, 'http://%s': refused",
			r->domain, realm->host);
	*ret_with_auth = has_auth && challenge_realm_trusted(&own, realm, r->o->trusted_realms);
	*ret_public_only = !str_eq(own.host, realm->host) && url_ip_is_public(peer);
	if (has_auth && !*ret_with_auth)
		replace_ptr(&r->withheld, xstrdup(realm->host));
	return 0;
}

/* The same, again where the server is busy or the connection broke off. */
static int fetch_token_patiently(struct registry *r, const struct challenge *c, bool with_auth,
				 bool public_only, struct http_transfer **ret, struct err *e)
{
	struct registry_try tried = { 0 };

	for (;;) {
		auto_transfer struct http_transfer *t = NULL;
		int ms, rc = fetch_token(r, c, with_auth, public_only, &t, e);
		bool busy = rc < 0 ? t && t->broken && t->response.status
				   : is_busy(t->response.status);

		if (!busy || !try_again(&tried, &t->response, "token", &ms)) {
			*ret = take_ptr(&t);
			return rc;
		}
		rc = http_sleep(r->http, ms, e);
		if (rc < 0)
			return rc;
	}
}

static int get_token(struct registry *r, const struct challenge *c, const char *peer, struct err *e)
{
	auto_transfer struct http_transfer *t = NULL;
	auto_url struct url realm = { 0 };
	bool with_auth, public_only;
	int rc = url_parse(c->realm, NULL, &realm, e);

	if (rc < 0)
		return err_prefix(e, "token server of registry '%s'", r->domain);
	rc = check_realm(r, &realm, peer, &with_auth, &public_only, e);
	if (rc < 0)
		return rc;
	rc = fetch_token_patiently(r, c, with_auth, public_only, &t, e);
	if (rc < 0)
		return err_prefix(e, "token server of registry '%s'", r->domain);
	return take_token(r, &t->response, &realm, with_auth, e);
}

/* -- who asks -- */

static int find_auth(struct registry *r, struct err *e)
{
	int rc;

	if (r->auth_known)
		return 0;
	rc = auth_find(&r->o->auth, r->domain, r->path, &r->auth, e);
	if (rc < 0)
		return rc;
	r->auth_known = true;
	if (r->auth.source)
		log_debug("credentials for '%s' from %s", r->domain, r->auth.source);
	return 0;
}

/* Answers a 401: gets what to send next time. */
static int authorize(struct registry *r, const struct http_response *answer, struct err *e)
{
	auto_challenge struct challenge c = { 0 };
	int rc = challenge_parse(&answer->challenges, &c, e);

	if (rc < 0)
		return err_prefix(e, "registry '%s'", r->domain);
	rc = find_auth(r, e);
	if (rc < 0)
		return rc;
	forget_authorization(r);
	r->authorization_until_ns = 0;
	r->bearer = c.scheme == CHALLENGE_BEARER;
	if (r->bearer)
		return get_token(r, &c, answer->address, e);
	if (c.scheme == CHALLENGE_NONE)
		return err_set(
			e, EACCES,
			"registry '%s' wants credentials in a way that is not known here (neither "
			"Basic nor Bearer)",
			r->domain);
	if (!r->auth.user)
		return err_set(e, EACCES,
			       "registry '%s' wants credentials: give --creds, or log in",
			       r->domain);
	if (!r->https && !url_host_is_loopback(r->host))
		log_warn("the password for '%s' travels without TLS", r->domain);
	r->authorization = auth_basic(r->auth.user, r->auth.password);
	return 0;
}

/* -- verdicts -- */

/* ": CODE, message" of an error body (distribution-spec, "Error Codes"), or "". */
static void error_text(const struct http_response *answer, char *buf, size_t size)
{
	auto_json cJSON *root = NULL;
	const cJSON *first;
	const char *code, *message;

	buf[0] = '\0';
	if (!answer->body.len ||
	    json_parse(str_cstr(&answer->body), answer->body.len, "error", &root, NULL) < 0)
		return;
	first = cJSON_GetArrayItem(json_get(root, "errors"), 0);
	code = json_str(first, "code", "");
	message = json_str(first, "message", "");
	if (*code || *message)
		(void)snprintf(buf, size, ": %.200s%s%.300s", message,
			       *code && *message ? ", " : "", code);
}

static int status_error(const struct registry *r, const struct http_response *answer,
			const char *what, struct err *e)
{
	char text[600];

	error_text(answer, text, sizeof(text));
	switch (answer->status) {
	case 401:
		if (r->auth.user && !r->bearer)
			return wrong_password(r, e);
		return denied(r, text, e);
	case 403:
		return denied(r, text, e);
	case 404:
		return err_set(e, ENOENT, "%s: not found in registry '%s'%s", what, r->domain,
			       text);
	case 429:
		return err_set(e, EBUSY, "%s: registry '%s' refuses because of too many requests%s",
			       what, r->domain, text);
	default:
		return err_set(e, EIO, "%s: registry '%s' answered with status %d%s", what,
			       r->domain, answer->status, text);
	}
}

/* The server speaks no TLS, or nothing at all on that port: http is tried where that is allowed. */
static bool fall_back(struct registry *r, const struct http_transfer *t)
{
	if (!r->https || !r->may_plain || r->spoken || t->untrusted || !(t->not_tls || t->broken))
		return false;
	log_debug("'%s' does not speak https (%s), trying http", r->domain, t->err.msg);
	r->https = false;
	return true;
}

static int transport_error(const struct registry *r, const struct http_transfer *t,
			   const char *what, struct err *e)
{
	int rc = err_copy(e, &t->err);

	if (!r->spoken && t->untrusted)
		return err_set(e, EPROTO,
			       "%s; put the certificate of its authority into "
			       "/etc/containers/certs.d/%s/ca.crt or give --cert-dir",
			       t->err.msg, r->domain);
	if (!r->spoken && t->not_tls && !r->may_plain)
		return err_set(
			e, EPROTO,
			"%s; for a registry without TLS, say insecure = true in registries.conf or "
			"--tls-verify=false",
			t->err.msg);
	return r->spoken || t->response.status ? err_prefix(e, "%s", what) : rc;
}

int registry_judge(struct registry *r, const struct http_transfer *t, struct registry_try *tried,
		   const char *what, int *ret_wait_ms, struct err *e)
{
	int status = t->response.status;

	*ret_wait_ms = 0;
	if (t->rc < 0) {
		if (fall_back(r, t))
			return REGISTRY_AGAIN;
		/* who has never answered is not asked twice */
		if ((t->broken || t->not_tls) && r->spoken &&
		    try_again(tried, &t->response, what, ret_wait_ms))
			return REGISTRY_AGAIN;
		return transport_error(r, t, what, e);
	}
	r->spoken = true;
	if (status / 100 == 2)
		return REGISTRY_OK;
	if (status == 401 && !tried->authorized) {
		int rc = authorize(r, &t->response, e);

		tried->authorized = true;
		return rc < 0 ? rc : REGISTRY_AGAIN;
	}
	if (is_busy(status) && try_again(tried, &t->response, what, ret_wait_ms))
		return REGISTRY_AGAIN;
	return status_error(r, &t->response, what, e);
}

/* -- requests -- */

/* One GET to its good end, whatever it takes. */
static int get(struct registry *r, const char *kind, const char *reference, const char *accept,
	       size_t limit, const char *what, struct http_transfer **ret, struct err *e)
{
	struct registry_try tried = { 0 };

	for (;;) {
		auto_transfer struct http_transfer *t = NULL;
		auto_free char *url = make_url(r, kind, reference);
		int ms = 0,
		    rc = start(r, url, &(struct http_request){ .accept = accept, .limit = limit },
			       &t, e);

		while (rc == 0 && !t->done)
			rc = http_step(r->http, NULL, 0, 500, e);
		if (rc == 0)
			rc = registry_judge(r, t, &tried, what, &ms, e);
		if (rc < 0)
			return rc;
		if (rc == REGISTRY_OK) {
			*ret = take_ptr(&t);
			return 0;
		}
		rc = ms ? http_sleep(r->http, ms, e) : 0;
		if (rc < 0)
			return rc;
	}
}

/* The digest of a body by the algorithm of the one it should have. */
static int digest_body(const struct str *body, const char *like, char text[DIGEST_TEXT_MAX],
		       struct err *e)
{
	auto_digest struct digest d = { 0 };
	int rc = digest_begin(&d, like ? digest_algorithm(like) : DIGEST_SHA256, e);

	if (rc < 0)
		return rc;
	digest_add(&d, str_cstr(body), body->len);
	digest_end(&d, text);
	return 0;
}

int registry_get_manifest(struct registry *r, const char *reference, struct registry_manifest *ret,
			  struct err *e)
{
	bool by_digest = strchr(reference, ':');
	auto_free char *what = xasprintf("image '%s/%s%s%s'", r->domain, r->path,
					 by_digest ? "@" : ":", reference);
	auto_transfer struct http_transfer *t = NULL;
	int rc = get(r, "manifests", reference, accept_manifests, MANIFEST_BYTES_MAX, what, &t, e);

	if (rc < 0)
		return rc;
	rc = digest_body(&t->response.body, by_digest ? reference : NULL, ret->digest, e);
	if (rc < 0)
		return rc;
	if (by_digest && !str_eq(ret->digest, reference))
		return err_set(e, EBADMSG,
			       "%s: registry '%s' sent something else, with the digest %s", what,
			       r->domain, ret->digest);
	ret->body = t->response.body;
	t->response.body = (struct str){ 0 };
	ret->media_type = take_ptr(&t->response.content_type);
	return 0;
}

int registry_get_blob(struct registry *r, const char *digest, int64_t size, struct str *ret,
		      struct err *e)
{
	auto_free char *what = xasprintf("blob '%s'", digest);
	auto_transfer struct http_transfer *t = NULL;
	char got[DIGEST_TEXT_MAX];
	int rc = get(r, "blobs", digest, NULL, (size_t)size, what, &t, e);

	if (rc < 0)
		return rc;
	if ((int64_t)t->response.body.len != size)
		return err_set(e, EBADMSG, "%s: registry '%s' sent %zu of %jd bytes", what,
			       r->domain, t->response.body.len, (intmax_t)size);
	rc = digest_body(&t->response.body, digest, got, e);
	if (rc < 0)
		return rc;
	if (!str_eq(got, digest))
		return err_set(e, EBADMSG,
			       "%s: registry '%s' sent something else, with the digest %s", what,
			       r->domain, got);
	*ret = t->response.body;
	t->response.body = (struct str){ 0 };
	return 0;
}

int registry_begin_blob(struct registry *r, const char *digest, int64_t from,
			int (*sink)(void *, const void *, size_t, struct err *), void *data,
			struct http_transfer **ret, struct err *e)
{
	auto_free char *url = make_url(r, "blobs", digest);
	struct http_request req = { .from = from, .sink = sink, .data = data, .limit = 1 << 20 };

	return start(r, url, &req, ret, e);
}
