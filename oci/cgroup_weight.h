/* Weights of cgroup v1 in the words of v2. */
#ifndef OCI_CGROUP_WEIGHT_H
#define OCI_CGROUP_WEIGHT_H

#include <stdint.h>

/*
 * cpu.shares 2…262144 (1024 is normal) to cpu.weight 1…10000 (100 is normal). The curve goes
 * through all three points, as newer runc and crun have it, so that a container with the default
 * weighs as much as a process outside.
 */
uint64_t cgroup_weight_from_shares(uint64_t shares);

/* blkio.weight 10…1000 to io.weight 1…10000. */
uint64_t cgroup_weight_from_blkio(uint64_t weight);

#endif
