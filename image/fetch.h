/*
 * Layers from a registry into the store, side by side, each in one go: network → hash → blob file,
 * and network → pipe → the process that unpacks. Nothing is read back from disk.
 */
#ifndef IMAGE_FETCH_H
#define IMAGE_FETCH_H

struct err;
struct http;
struct image;
struct pull_progress;
struct registry;
struct store;
struct manifest;
struct strv;

/*
 * Fetches and unpacks what the store lacks of a manifest's layers. On failure what was half-written
 * is removed; complete blobs and layers stay for the next try. The caller holds the store and
 * ignores SIGPIPE. -EINTR: interrupted.
 */
int fetch_layers(const struct store *s, struct http *h, struct registry *r,
		 const struct manifest *m, const struct strv *diff_ids,
		 const struct pull_progress *progress, struct err *e);

#endif
