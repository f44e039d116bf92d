/*
 * config.json from a record: see bundle.h. Runs in the monitor, and in `export --bundle`. The parts
 * are in bundle_*.c.
 */
#include "engine/bundle.h"

#include <errno.h>

#include "base/err.h"
#include "base/fd.h"
#include "engine/bundle_parts.h"
#include "engine/create.h"
#include "engine/engine.h"

/* Nothing newer is used, and Debian 12's crun refuses a bundle that asks for more. */
#define OCI_VERSION "1.0.2"

int bundle_config(const struct bundle *b, cJSON **ret, struct err *e)
{
	auto_json cJSON *config = json_object();
	const struct record *r = b->record;
	cJSON *part, *linux_part;
	int result;

	json_add_str(config, "ociVersion", OCI_VERSION);
	result = bundle_process(b, config, e);
	if (result < 0)
		return result;
	part = json_add_object(config, "root");
	json_add_str(part, "path", "rootfs");
	json_add_bool(part, "readonly", r->read_only);
	if (!bundle_shares(r->uts_mode)) {
		json_add_str(config, "hostname", r->hostname);
		if (r->domainname[0])
			json_add_str(config, "domainname", r->domainname);
	}
	linux_part = json_object();
	result = bundle_mounts(b, config, linux_part, e);
	if (result == 0)
		result = bundle_linux(b, linux_part, e);
	json_add(config, "linux", linux_part);
	if (result < 0)
		return result;
	part = json_add_object(config, "annotations");
	for (size_t i = 0; i < r->annotations.len; i++) {
		const char *equals = strchr(r->annotations.v[i], '=');
		auto_free char *key =
			xstrndup(r->annotations.v[i], strcspn(r->annotations.v[i], "="));

		json_add_str(part, key, equals ? equals + 1 : "");
	}
	*ret = take_ptr(&config);
	return 0;
}

/* dirfd/config.json of a record that is complete. */
static int write_config(struct engine *g, struct record *r, int dirfd, struct err *e)
{
	struct passwd_user user = { 0 };
	struct bundle b = { .record = r, .user = &user, .userns = &g->userns };
	auto_json cJSON *config = NULL;
	auto_fd int rootfs = dir_open(dirfd, "rootfs", e);
	int result = rootfs < 0 ? rootfs : engine_userns(g, e);

	if (result < 0)
		return result;
	b.rootless = b.new_userns = g->userns.kind != USERNS_NONE;
	result = passwd_lookup(rootfs, r->user, &r->group_add, &user, e);
	if (result == 0)
		result = bundle_config(&b, &config, e);
	passwd_user_clear(&user);
	return result < 0 ? result : json_write_file(dirfd, "config.json", config, true, 0644, e);
}

int bundle_export_image(struct engine *g, const struct image *img, int dirfd, struct err *e)
{
	auto_record struct record *r = record_new();
	int result;

	replace_ptr(&r->hostname, xstrdup("pod"));
	replace_ptr(&r->network, xstrdup("none"));
	result = create_merge(r, &(struct create_flags){ 0 }, img, e);
	return result < 0 ? result : write_config(g, r, dirfd, e);
}

int bundle_export_container(struct engine *g, struct record *r, int dirfd, struct err *e)
{
	if (!str_eq(r->network, "host"))
		replace_ptr(&r->network, xstrdup("none"));
	return write_config(g, r, dirfd, e);
}
