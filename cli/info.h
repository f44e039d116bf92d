/* Facts of the host and of the engine for `pod info`. */
#ifndef CLI_INFO_H
#define CLI_INFO_H

#include <cjson/cJSON.h>

struct engine;

/* docker's members about the machine: NCPU, MemTotal, KernelVersion, … */
void info_add_host(cJSON *obj);

/*
 * "Rungs": what each feature stands on here, as an array of {Name, Rung, Why}; Why is "" on the
 * best rung, else says why it is not higher and what helps. Probes by doing, as `run` does.
 */
void info_add_rungs(cJSON *obj, struct engine *g);

#endif
