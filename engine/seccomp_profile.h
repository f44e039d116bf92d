/*
 * The seccomp profile of a container: docker's default rules as a table of our own, or a file in
 * docker's profile format (`--security-opt seccomp=FILE`), resolved for this machine and the
 * container's capabilities into linux.seccomp of config.json.
 */
#ifndef ENGINE_SECCOMP_PROFILE_H
#define ENGINE_SECCOMP_PROFILE_H

#include <cjson/cJSON.h>
#include <stdint.h>

struct err;

/*
 * The default profile. caps: the container's bounding set, bit n is capability n (oci/caps.h). The
 * caller owns the result.
 */
cJSON *seccomp_profile_default(uint64_t caps);

/*
 * Reads a profile and resolves its includes and excludes (caps, arches, minKernel). A file that is
 * linux.seccomp already comes out as it is. -ENOENT, -EBADMSG with the field.
 */
int seccomp_profile_load(const char *path, uint64_t caps, cJSON **ret, struct err *e);

/* The same from a text; `what` names it in messages. */
int seccomp_profile_parse(const char *text, size_t len, const char *what, uint64_t caps,
			  cJSON **ret, struct err *e);

#endif
