/*
 * Volumes on disk: see volume.h. A folder is made under its final name; volume.json in it says what
 * it is.
 */
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/json.h"
#include "engine/engine.h"
#include "engine/remove.h"

static int open_volumes(struct engine *g, struct err *e)
{
	return dir_make_open(g->root_fd, "volumes", 0700, e);
}

static int check_name(const char *name, struct err *e)
{
	if (id_name_ok(name))
		return 0;
	return err_set(
		e, EINVAL,
		"\"%s\" includes invalid characters for a local volume name, only "
		"\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use "
		"absolute path",
		name);
}

static int write_about(int dir, const char *name, bool anonymous, struct err *e)
{
	auto_json cJSON *json = json_object();
	auto_free char *text = NULL;

	json_add_str(json, "name", name);
	json_add_i64(json, "created", clock_now_ns());
	json_add_bool(json, "anonymous", anonymous);
	text = json_print(json, false);
	return file_replace_fast(dir, "volume.json", text, strlen(text), 0600, e);
}

int volume_open(struct engine *g, const char *name, bool anonymous, char **ret_path, struct err *e)
{
	auto_fd int volumes = -1, dir = -1, data = -1;
	int r = check_name(name, e);

	if (r < 0)
		return r;
	volumes = open_volumes(g, e);
	if (volumes < 0)
		return volumes;
	dir = dir_make_open(volumes, name, 0700, e);
	if (dir < 0)
		return err_prefix(e, "volume '%s'", name);
	if (faccessat(dir, "volume.json", F_OK, 0) < 0 && write_about(dir, name, anonymous, e) < 0)
		return err_prefix(e, "volume '%s'", name);
	data = dir_make_open(dir, "data", 0755, e);
	if (data < 0)
		return err_prefix(e, "volume '%s'", name);
	if (ret_path)
		*ret_path = xasprintf("%s/volumes/%s/data", g->root, name);
	return take_fd(&data);
}

int volume_path(struct engine *g, const char *name, char **ret, struct err *e)
{
	auto_free char *path = NULL;
	int r = check_name(name, e);

	if (r < 0)
		return r;
	path = xasprintf("%s/volumes/%s/data", g->root, name);
	if (access(path, F_OK) < 0)
		return err_set(e, ENOENT, "no such volume: %s", name);
	*ret = take_ptr(&path);
	return 0;
}

int volume_remove(struct engine *g, const char *name, struct err *e)
{
	auto_fd int volumes = -1;
	int r = check_name(name, e);

	if (r < 0)
		return r;
	volumes = open_volumes(g, e);
	if (volumes < 0)
		return volumes;
	if (faccessat(volumes, name, F_OK, 0) < 0)
		return err_set(e, ENOENT, "no such volume: %s", name);
	return remove_tree(g, volumes, name, e);
}
