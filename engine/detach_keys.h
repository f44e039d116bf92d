/* The key sequence that detaches a terminal: ctrl-p ctrl-q, or what --detach-keys says. */
#ifndef ENGINE_DETACH_KEYS_H
#define ENGINE_DETACH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct err;

#define DETACH_KEYS_MAX 16

struct detach_keys {
	unsigned char keys[DETACH_KEYS_MAX];
	size_t n;    /* 0: none */
	size_t seen; /* of them, at the end of the input so far */
};

/* NULL: the default; "": none; "ctrl-x,ctrl-@,a". -EINVAL quotes what is wrong. */
int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *e);

/*
 * Filters input in[len] into out (room for len + DETACH_KEYS_MAX bytes): keys that may become the
 * sequence are held back. *ret_len is what came out. Returns true when the sequence is complete.
 */
bool detach_keys_filter(struct detach_keys *k, const unsigned char *in, size_t len,
			unsigned char *out, size_t *ret_len);

#endif
