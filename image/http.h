/*
 * HTTP for registries on libcurl's multi interface, one thread: many transfers side by side, bodies
 * streamed to sinks, redirects followed by hand so that credentials stay where they belong. Knows
 * nothing of registries.
 */
#ifndef IMAGE_HTTP_H
#define IMAGE_HTTP_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "image/url.h"

/* A client: its connections. */
struct http;

/*
 * Loads libcurl. interrupt (may be NULL) is looked at while waiting: not 0 ends every wait with
 * -EINTR.
 */
int http_open(const volatile sig_atomic_t *interrupt, struct http **ret, struct err *e);
void http_close(struct http *h);

/* How a server is to prove itself. Borrowed by requests. */
struct http_trust {
	bool verify;                /* its certificate is checked */
	struct str ca;              /* further authorities, PEM; empty: the system's only */
	char *cert_file, *key_file; /* what the client shows, or NULL */
	char *client_host;          /* the only host it is shown to: "host" as in struct url */
};

/* The sink has taken the bytes but wants no more until http_resume(). */
#define HTTP_PAUSE 1

struct http_request {
	const char *method; /* NULL: GET */
	const char *url;
	const char *accept;        /* header values; NULL: none */
	const char *authorization; /* sent to the origin of url only */
	const char *content_type;
	const struct str *body; /* of a POST; NULL: none */
	int64_t from;           /* > 0: asks for the bytes from there on (Range) */
	size_t limit;           /* most bytes of a body kept in the answer */
	int connect_timeout_s;  /* 0: 30 */
	int stall_timeout_s;    /* without a byte; 0: 30 */
	bool public_only; /* refuses to connect to loopback, link-local and private addresses */
	const struct http_trust *trust;
	/*
	 * Takes the body of a 2xx answer where not NULL, instead of keeping it: 0, HTTP_PAUSE, or a
	 * negative errno with *e, which ends the transfer. The status and headers are known by
	 * then.
	 */
	int (*sink)(void *data, const void *p, size_t len, struct err *e);
	void *data;
};

struct http_response {
	int status;         /* 0: none came */
	int64_t length;     /* Content-Length, -1 where unknown */
	char *content_type; /* header values, NULL where absent */
	char *location;
	char *digest; /* Docker-Content-Digest */
	char *retry_after;
	char *content_range;
	struct strv challenges; /* each WWW-Authenticate */
	struct str body;        /* what no sink took */
	char address[64];       /* of the peer, as text */
};

/* One request under way, with its redirects. */
struct http_transfer {
	bool done;
	/* Of a done one: 0 (an answer came, whatever its status) or a negative errno with .err. */
	int rc;
	struct err err;
	bool broken;    /* the network's fault: the same request may do better later */
	bool not_tls;   /* https was asked for and the server does not speak it */
	bool untrusted; /* the certificate did not convince */
	struct http_response response;
	struct http_state *state; /* http.c's */
};

/*
 * Starts one. Texts of req are copied; its body, trust and data must live until the end. The caller
 * frees *ret with http_end().
 */
int http_begin(struct http *h, const struct http_request *req, struct http_transfer **ret,
	       struct err *e);
/* Ends it, finished or not. NULL is fine. */
void http_end(struct http_transfer *t);
/* A paused transfer goes on. */
void http_resume(struct http_transfer *t);

/*
 * Drives all transfers until one is done, a fd of fds is ready (.revents set) or timeout_ms are
 * over. -EINTR: interrupted.
 */
int http_step(struct http *h, struct pollfd *fds, size_t nfds, int timeout_ms, struct err *e);

/*
 * One request to its end, the others being driven too. 0 with the answer in *ret (http_end), or the
 * transfer's error, *ret set all the same.
 */
int http_fetch(struct http *h, const struct http_request *req, struct http_transfer **ret,
	       struct err *e);

/* Sleeps, driving the others. -EINTR. */
int http_sleep(struct http *h, int ms, struct err *e);

static inline void cleanup_transfer(struct http_transfer **t)
{
	http_end(*t);
}

#define auto_transfer __attribute__((cleanup(cleanup_transfer)))

/* Takes one header line ("Name: value", any case) into r; for http.c and fuzzing. */
void http_response_header(struct http_response *r, const char *line, size_t len);
void http_response_clear(struct http_response *r);

#endif
