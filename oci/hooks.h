/* The hooks of config.json (config.md, POSIX-platform Hooks). */
#ifndef OCI_HOOKS_H
#define OCI_HOOKS_H

struct err;
struct spec_hook_list;

/*
 * Runs each hook in its order with the state on its stdin; stops at the first that fails: "hook
 * '/x': exit status 1: what it said". A hook that exceeds its timeout is killed. `kind` is for
 * messages ("createRuntime").
 */
int hooks_run(const struct spec_hook_list *l, const char *kind, const char *state, struct err *e);
/* As hooks_run, but failures are warned of and the rest goes on (poststop). */
void hooks_run_all(const struct spec_hook_list *l, const char *kind, const char *state);

#endif
