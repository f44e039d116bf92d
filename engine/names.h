/* Names of containers: root/names/NAME is a symbolic link whose text is the id. Making the link is
 * the claim. */
#ifndef ENGINE_NAMES_H
#define ENGINE_NAMES_H

struct engine;
struct err;

/* Claims name for id. -EEXIST: docker's text of a conflict; what a process that died left of a
 * creation is taken over. */
int names_claim(struct engine *g, const char *name, const char *id, struct err *e);

/* Gives it up where it is still id's. */
void names_release(struct engine *g, const char *name, const char *id);

/* Gives up whatever name id has: for what is left of containers that are gone. */
void names_release_id(struct engine *g, const char *id);

/* The id behind a name. -ENOENT without message. */
int names_lookup(struct engine *g, const char *name, char ret_id[65]);

#endif
