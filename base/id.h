/* Identifiers that become parts of paths: checked before they touch one. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>

/* docker's container and volume names: [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 255 bytes. */
bool id_name_ok(const char *s);

/* runc's container ids: [\w+-.]+, no leading '.' or '-', no '/', not "..", at most 1024 bytes. */
bool id_container_ok(const char *s);

#endif
