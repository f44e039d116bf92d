/*
 * Certificates that the user or the administrator put aside for one registry:
 * containers-certs.d(5).
 */
#ifndef IMAGE_CERTS_H
#define IMAGE_CERTS_H

struct err;
struct http_trust;

/*
 * Fills *ret for a registry ("host" or "host:port") from cert_dir, or, where that is NULL, from the
 * first folder HOST:PORT that there is in ~/.config/containers/certs.d, /etc/containers/certs.d and
 * /etc/docker/certs.d: *.crt are authorities, NAME.cert and NAME.key what the client shows.
 */
int certs_load(const char *cert_dir, const char *domain, struct http_trust *ret, struct err *e);
void certs_clear(struct http_trust *t);

#endif
