/*
 * Transfers on one curl_multi handle. Each is a small state: the request, the URL where it is now,
 * the answer so far. libcurl follows nothing by itself, keeps no cookies and reads no netrc: what
 * is sent where is decided in follow() and configure().
 */
#include "image/http.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config.h"
#include "image/curl.h"
#include "image/http_error.h"

#define REDIRECTS_MAX 10
#define HEADERS_MAX ((size_t)256 << 10)
#define BUFFER_BYTES (256L << 10)
#define FDS_MAX 32

struct http {
	CURLM *multi;
	const volatile sig_atomic_t *interrupt;
	bool proxied; /* the environment names a proxy: peers' addresses say nothing */
};

struct http_state {
	struct http *h;
	struct http_transfer *t;
	struct http_request req; /* its texts are copies of ours */
	CURL *easy;
	struct curl_slist *headers;
	struct url origin, url; /* what was asked for, where it is now */
	int hops;
	bool public_only;
	size_t header_bytes;
	struct err sink_err; /* why on_body or on_header ended the transfer; .num 0: they did not */
	bool body_cut;       /* an error's body was longer than anybody needs */
	char why[CURL_ERROR_SIZE];
};

/* -- the client -- */

static bool has_proxy_env(void)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
					     "all_proxy", "ALL_PROXY" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return true;
	}
	return false;
}

int http_open(const volatile sig_atomic_t *interrupt, struct http **ret, struct err *e)
{
	struct http *h;
	int rc = curl_load(e);

	if (rc < 0)
		return rc;
	h = xzalloc(sizeof(*h));
	h->interrupt = interrupt;
	h->proxied = has_proxy_env();
	h->multi = curl.curl_multi_init();
	if (!h->multi)
		mem_exhausted();
	*ret = h;
	return 0;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	curl.curl_multi_cleanup(h->multi);
	free(h);
}

/* -- the answer -- */

static size_t on_header(char *p, size_t one, size_t n, void *data)
{
	struct http_state *s = data;

	s->header_bytes += one * n;
	if (s->header_bytes > HEADERS_MAX) {
		(void)err_set(&s->sink_err, EFBIG, "'%s' sends more than %zu KiB of headers",
			      s->url.host, HEADERS_MAX >> 10);
		return 0;
	}
	http_response_header(&s->t->response, p, one * n);
	return one * n;
}

/*
 * What is kept of a body: whole up to the limit where it is wanted, the beginning where it only
 * explains an error.
 */
static size_t keep_body(struct http_state *s, const char *p, size_t n)
{
	struct str *body = &s->t->response.body;
	bool wanted = s->t->response.status / 100 == 2;
	size_t limit = wanted ? s->req.limit : (size_t)16 << 10;

	if (n <= limit - body->len) {
		str_add_mem(body, p, n);
		return n;
	}
	if (wanted)
		(void)err_set(&s->sink_err, EFBIG, "'%s' answers with more than %zu bytes",
			      s->url.host, limit);
	else
		s->body_cut = true;
	return 0;
}

static size_t on_body(char *p, size_t one, size_t n, void *data)
{
	struct http_state *s = data;
	int rc;

	n *= one;
	if (!s->req.sink || s->t->response.status / 100 != 2)
		return keep_body(s, p, n);
	rc = s->req.sink(s->req.data, p, n, &s->sink_err);
	if (rc < 0) {
		s->sink_err.num = -rc;
		return 0;
	}
	if (rc == HTTP_PAUSE)
		(void)curl.curl_easy_pause(s->easy, CURLPAUSE_RECV);
	return n;
}

/* -- the request -- */

/* libcurl asks for each socket before it connects. */
static curl_socket_t on_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_state *s = data;

	(void)purpose;
	if (s->public_only && !url_address_is_public(&address->addr)) {
		(void)err_set(
			&s->sink_err, EPERM,
			"'%s' is a private address, which a public registry may not send us to",
			s->url.host);
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void add_header(struct http_state *s, const char *name, const char *value)
{
	auto_free char *line = xasprintf("%s: %s", name, value);
	struct curl_slist *list = curl.curl_slist_append(s->headers, line);

	if (!list)
		mem_exhausted();
	explicit_bzero(line, strlen(line));
	s->headers = list;
}

static void set_headers(struct http_state *s)
{
	curl.curl_slist_free_all(s->headers);
	s->headers = NULL;
	if (s->req.accept)
		add_header(s, "Accept", s->req.accept);
	if (s->req.authorization && url_same_origin(&s->origin, &s->url))
		add_header(s, "Authorization", s->req.authorization);
	if (s->req.from > 0) {
		char range[40];

		(void)snprintf(range, sizeof(range), "bytes=%jd-", (intmax_t)s->req.from);
		add_header(s, "Range", range);
	}
	if (s->req.body) {
		add_header(s, "Content-Type", s->req.content_type);
		add_header(s, "Expect", "");
	}
	curl.curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
}

static void set_blob(CURL *easy, CURLoption option, const struct str *text)
{
	struct curl_blob blob = { .data = text->data, .len = text->len, .flags = CURL_BLOB_NOCOPY };

	curl.curl_easy_setopt(easy, option, &blob);
}

/*
 * Authorities of certs.d come on top of the system's: libcurl looks into its folder of authorities
 * beside the blob, or, where it was built without one, has only the blob.
 */
static void set_trust(struct http_state *s)
{
	const struct http_trust *trust = s->req.trust;
	const char *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");

	if (file && *file)
		curl.curl_easy_setopt(s->easy, CURLOPT_CAINFO, file);
	if (dir && *dir)
		curl.curl_easy_setopt(s->easy, CURLOPT_CAPATH, dir);
	if (!trust)
		return;
	curl.curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYPEER, trust->verify ? 1L : 0L);
	curl.curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYHOST, trust->verify ? 2L : 0L);
	if (trust->ca.len)
		set_blob(s->easy, CURLOPT_CAINFO_BLOB, &trust->ca);
	if (trust->cert_file && str_eq(trust->client_host, s->url.host)) {
		curl.curl_easy_setopt(s->easy, CURLOPT_SSLCERT, trust->cert_file);
		curl.curl_easy_setopt(s->easy, CURLOPT_SSLKEY, trust->key_file);
	}
}

static void set_proxy(struct http_state *s)
{
	const char *upper = getenv("HTTP_PROXY");

	if (url_host_is_loopback(s->url.host))
		curl.curl_easy_setopt(s->easy, CURLOPT_NOPROXY, "*");
	else if (!s->url.https && upper && *upper && !getenv("http_proxy"))
		curl.curl_easy_setopt(s->easy, CURLOPT_PROXY, upper);
}

static void set_method(struct http_state *s)
{
	if (s->req.body) {
		curl.curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				      (curl_off_t)s->req.body->len);
		curl.curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, str_cstr(s->req.body));
	} else if (str_eq(s->req.method, "HEAD")) {
		curl.curl_easy_setopt(s->easy, CURLOPT_NOBODY, 1L);
	}
	if (s->req.method && !str_eq(s->req.method, "HEAD"))
		curl.curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, s->req.method);
}

/* A fresh easy handle for where the request is now; connections live in the multi handle. */
static void configure(struct http_state *s)
{
	CURL *easy = curl.curl_easy_init();
	int stall = s->req.stall_timeout_s ? s->req.stall_timeout_s : 30;

	if (!easy)
		mem_exhausted();
	s->easy = easy;
	s->header_bytes = 0;
	curl.curl_easy_setopt(easy, CURLOPT_URL, s->url.text);
	curl.curl_easy_setopt(easy, CURLOPT_PRIVATE, s);
	curl.curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, s->why);
	curl.curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl.curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl.curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl.curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl.curl_easy_setopt(easy, CURLOPT_USERAGENT, "pod/" POD_VERSION);
	curl.curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl.curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	curl.curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
			      (long)(s->req.connect_timeout_s ? s->req.connect_timeout_s : 30));
	curl.curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl.curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)stall);
	curl.curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl.curl_easy_setopt(easy, CURLOPT_HEADERDATA, s);
	curl.curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl.curl_easy_setopt(easy, CURLOPT_WRITEDATA, s);
	curl.curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl.curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, s);
	set_method(s);
	set_trust(s);
	set_proxy(s);
	set_headers(s);
}

static char *copy_text(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/*
 * The caller may change its mind about credentials while a request with the old ones is under way.
 */
static void copy_request(struct http_state *s, const struct http_request *req)
{
	s->req = *req;
	s->req.url = NULL;
	s->req.method = copy_text(req->method);
	s->req.accept = copy_text(req->accept);
	s->req.authorization = copy_text(req->authorization);
	s->req.content_type = copy_text(req->content_type);
}

static void free_text(const char *text)
{
	union {
		const char *in;
		char *out;
	} u = { .in = text };

	if (text)
		explicit_bzero(u.out, strlen(text));
	free(u.out);
}

static int add_to_multi(struct http_state *s, struct err *e)
{
	CURLMcode code = curl.curl_multi_add_handle(s->h->multi, s->easy);

	return code == CURLM_OK ? 0
				: err_set(e, EIO, "libcurl: %s", curl.curl_multi_strerror(code));
}

static void drop_easy(struct http_state *s)
{
	if (!s->easy)
		return;
	(void)curl.curl_multi_remove_handle(s->h->multi, s->easy);
	curl.curl_easy_cleanup(s->easy);
	s->easy = NULL;
}

int http_begin(struct http *h, const struct http_request *req, struct http_transfer **ret,
	       struct err *e)
{
	auto_transfer struct http_transfer *t = xzalloc(sizeof(*t));
	struct http_state *s = t->state = xzalloc(sizeof(*s));
	int rc;

	s->h = h;
	s->t = t;
	copy_request(s, req);
	s->public_only = req->public_only && !h->proxied;
	t->response.length = -1;
	rc = url_parse(req->url, NULL, &s->origin, e);
	if (rc == 0)
		rc = url_parse(req->url, NULL, &s->url, e);
	if (rc < 0)
		return rc;
	configure(s);
	rc = add_to_multi(s, e);
	if (rc == 0)
		*ret = take_ptr(&t);
	return rc;
}

void http_end(struct http_transfer *t)
{
	struct http_state *s;

	if (!t)
		return;
	s = t->state;
	drop_easy(s);
	curl.curl_slist_free_all(s->headers);
	url_clear(&s->origin);
	url_clear(&s->url);
	free_text(s->req.method);
	free_text(s->req.accept);
	free_text(s->req.authorization);
	free_text(s->req.content_type);
	free(s);
	http_response_clear(&t->response);
	free(t);
}

void http_resume(struct http_transfer *t)
{
	if (!t->done && t->state->easy)
		(void)curl.curl_easy_pause(t->state->easy, CURLPAUSE_CONT);
}

/* -- the end of a transfer -- */

static bool is_redirect(const struct http_state *s)
{
	const struct http_response *r = &s->t->response;

	if (!r->location || (s->req.method && !str_eq(s->req.method, "HEAD")) || s->req.body)
		return false;
	return r->status == 301 || r->status == 302 || r->status == 303 || r->status == 307 ||
	       r->status == 308;
}

/* Goes where a redirect points: 1, or a negative errno. */
static int follow(struct http_state *s, struct err *e)
{
	auto_url struct url next = { 0 };
	int rc = url_parse(s->t->response.location, &s->url, &next, e);

	if (rc < 0)
		return err_prefix(e, "redirect of '%s'", s->url.host);
	if (s->url.https && !next.https)
		return err_set(e, EPROTO, "'%s' redirects from https to http, to '%s': refused",
			       s->url.host, next.host);
	if (++s->hops > REDIRECTS_MAX)
		return err_set(e, ELOOP, "'%s' redirects more than %d times", s->origin.host,
			       REDIRECTS_MAX);
	if (!url_same_origin(&s->url, &next) && !s->h->proxied &&
	    url_ip_is_public(s->t->response.address))
		s->public_only = true;
	log_debug("redirected from '%s' to '%s'", s->url.host, next.host);
	drop_easy(s);
	http_response_clear(&s->t->response);
	url_clear(&s->url);
	s->url = next;
	next = (struct url){ 0 };
	configure(s);
	rc = add_to_multi(s, e);
	return rc < 0 ? rc : 1;
}

/* errno of the last connect(2); 0: none failed. */
static int connect_errno(const struct http_state *s)
{
	long num = 0;

	(void)curl.curl_easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &num);
	return (int)num;
}

static void note_address(struct http_state *s)
{
	const char *ip = NULL;

	if (curl.curl_easy_getinfo(s->easy, CURLINFO_PRIMARY_IP, &ip) == CURLE_OK && ip)
		(void)snprintf(s->t->response.address, sizeof(s->t->response.address), "%s", ip);
}

/* libcurl has finished with s: an answer, a failure, or one hop. */
static void finish(struct http_state *s, CURLcode code)
{
	struct http_transfer *t = s->t;
	int rc;

	note_address(s);
	log_debug("%s %s://%s:%s: status %d, %s", s->req.method ? s->req.method : "GET",
		  s->url.https ? "https" : "http", s->url.host, s->url.port, t->response.status,
		  curl.curl_easy_strerror(code));
	if (s->sink_err.num)
		rc = err_copy(&t->err, &s->sink_err);
	else if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && s->body_cut))
		rc = http_error(t, &s->url, code, s->why, connect_errno(s));
	else
		rc = is_redirect(s) ? follow(s, &t->err) : 0;
	if (rc == 1)
		return;
	drop_easy(s);
	t->rc = rc;
	t->done = true;
}

static bool harvest(struct http *h)
{
	bool any = false;
	CURLMsg *msg;
	int left;

	while ((msg = curl.curl_multi_info_read(h->multi, &left))) {
		struct http_state *s = NULL;
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		(void)curl.curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&s);
		finish(s, code);
		any = any || s->t->done;
	}
	return any;
}

static int perform(struct http *h, bool *ret_any, struct err *e)
{
	int running;
	CURLMcode code = curl.curl_multi_perform(h->multi, &running);

	if (code != CURLM_OK)
		return err_set(e, EIO, "libcurl: %s", curl.curl_multi_strerror(code));
	*ret_any = harvest(h);
	if (h->interrupt && *h->interrupt)
		return err_set(e, EINTR, "interrupted");
	return 0;
}

/* As curl_multi_poll, with revents as poll(2) has them: libcurl does not tell of POLLERR. */
static int wait_for(struct http *h, struct pollfd *fds, size_t nfds, int timeout_ms, struct err *e)
{
	struct curl_waitfd wait[FDS_MAX] = { 0 };
	CURLMcode code;
	int n;

	if (nfds > FDS_MAX)
		return err_set(e, EINVAL, "too many files to wait for");
	for (size_t i = 0; i < nfds; i++) {
		wait[i].fd = fds[i].fd;
		wait[i].events = (short)((fds[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
					 (fds[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
		fds[i].revents = 0;
	}
	code = curl.curl_multi_poll(h->multi, nfds ? wait : NULL, (unsigned int)nfds, timeout_ms,
				    &n);
	if (code != CURLM_OK)
		return err_set(e, EIO, "libcurl: %s", curl.curl_multi_strerror(code));
	if (nfds)
		(void)poll(fds, nfds, 0);
	return 0;
}

int http_step(struct http *h, struct pollfd *fds, size_t nfds, int timeout_ms, struct err *e)
{
	bool any = false;
	int rc = perform(h, &any, e);

	if (rc < 0)
		return rc;
	/* a signal just before the wait is seen half a second later */
	rc = wait_for(h, fds, nfds, any ? 0 : timeout_ms < 500 ? timeout_ms : 500, e);
	return rc < 0 ? rc : perform(h, &any, e);
}

int http_fetch(struct http *h, const struct http_request *req, struct http_transfer **ret,
	       struct err *e)
{
	auto_transfer struct http_transfer *t = NULL;
	int rc = http_begin(h, req, &t, e);

	while (rc == 0 && !t->done)
		rc = http_step(h, NULL, 0, 500, e);
	if (rc < 0)
		return rc;
	rc = t->rc < 0 ? err_copy(e, &t->err) : 0;
	*ret = take_ptr(&t);
	return rc;
}

int http_sleep(struct http *h, int ms, struct err *e)
{
	int64_t until = clock_mono_ns() + (int64_t)ms * 1000000;
	int rc = 0;

	while (rc == 0) {
		int64_t left = (until - clock_mono_ns()) / 1000000;

		if (left <= 0)
			break;
		rc = http_step(h, NULL, 0, (int)left, e);
	}
	return rc;
}
