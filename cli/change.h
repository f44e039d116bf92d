/*
 * --change of import: instructions of a Dockerfile that change an image's config, and nothing
 * else.
 */
#ifndef CLI_CHANGE_H
#define CLI_CHANGE_H

#include <cjson/cJSON.h>

struct err;

/*
 * Applies one instruction (CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER,
 * VOLUME, WORKDIR) to the "config" object of an image config. -EINVAL: the message names the
 * instruction.
 */
int change_apply(cJSON *config, const char *text, struct err *e);

#endif
