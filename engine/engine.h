/*
 * One user's engine: where things are, opened on demand. A command opens the part that it needs:
 * `ps` never plans a user namespace, `version` opens nothing. Plain value in main(); every other
 * engine call borrows it.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>

#include "base/userns.h"
#include "image/rootfs.h"
#include "image/store.h"
#include "oci/runtime.h"

struct err;

/* What the global flags and the environment say; NULL and false are "as usual". */
struct engine_options {
	const char *root;    /* --root, $POD_ROOT; else $XDG_DATA_HOME/pod, ~/.local/share/pod */
	const char *runroot; /* --runroot, $POD_RUNROOT; else $XDG_RUNTIME_DIR/pod,
				/run/user/UID/pod, a boot's folder under root */
	const char *storage_driver; /* --storage-driver, $POD_STORAGE_DRIVER */
	bool userns_single;         /* one id, as where /etc/subuid has no range */
};

struct engine {
	char *root;                /* absolute */
	char *runroot;             /* absolute; containers' run folders <id>/, and oci/ */
	char *oci_root;            /* runroot/oci: state root of the OCI runtime */
	char *cache_dir;           /* compiled seccomp filters */
	enum rootfs_driver driver; /* what was asked for */
	bool userns_single;
	int root_fd;
	int containers_fd;          /* root/containers */
	int names_fd;               /* root/names: a symbolic link a container, NAME → id */
	int run_fd;                 /* runroot */
	bool has_userns, has_store; /* opened so far */
	struct userns userns;
	struct store store;
	struct oci oci; /* points into the above */
};

/* Makes the folders that are missing (0700). *ret must not move afterwards: parts point into it. */
int engine_open(const struct engine_options *o, struct engine *ret, struct err *e);
void engine_close(struct engine *g);

/* Plans the user namespace, once. */
int engine_userns(struct engine *g, struct err *e);
/* Opens the image store (and plans the user namespace), once. */
int engine_store(struct engine *g, struct err *e);

/* For image_remove(): true where a container holds the layer. data is the struct engine. */
bool engine_layer_in_use(const char *diff_id, void *data);
/* Container that uses the image (its short id, the caller owns it), or NULL: `rmi` refuses then.
 * running_only: as --force asks. */
char *engine_image_user(struct engine *g, const char *image_id, bool running_only);

#endif
