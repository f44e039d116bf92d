/*
 * The store: blobs, names, what is found and removed, and that holds keep things from being swept.
 */
#include "image/store.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "image/layer.h"
#include "tests/unit/tap.h"
#include "tests/unit/tarball.h"

static struct userns userns;
static struct store store;
static char root[] = "/tmp/pod-test-store-XXXXXX";
static char used_layer[DIGEST_TEXT_MAX];

static bool layer_in_use(const char *diff_id, void *data)
{
	(void)data;
	return str_eq(diff_id, used_layer);
}

/* Puts a text in as a blob; the caller owns the descriptor. */
static struct descriptor put_blob(const char *media_type, const void *p, size_t len)
{
	struct descriptor d = { .media_type = xstrdup(media_type), .size = (int64_t)len };
	struct blob_writer *w = NULL;
	char text[DIGEST_TEXT_MAX];

	if (digest_of(p, len, text, NULL) < 0)
		tap_bail("hash a blob");
	d.digest = xstrdup(text);
	if (blob_begin(&store, &d, &w, NULL) < 0 || blob_write(w, p, len, NULL) < 0 ||
	    blob_commit(w, NULL) < 0)
		tap_bail("put a blob");
	return d;
}

#define OCI "application/vnd.oci.image."

static void add_descriptor(struct str *text, const struct descriptor *d)
{
	str_addf(text, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%lld}", d->media_type,
		 d->digest, (long long)d->size);
}

/*
 * An image of one layer that holds one file with this content, unpacked. The caller owns the
 * descriptor of its manifest.
 */
static struct descriptor put_image(const char *content, const char *created, char *ret_diff_id)
{
	auto_str struct str tar = { 0 }, config = { 0 }, manifest = { 0 };
	struct descriptor layer, cfg, d;

	tarball_add(&tar, &(struct member){ .name = "file", .data = content });
	tarball_end(&tar);
	layer = put_blob(OCI "layer.v1.tar", tar.data, tar.len);
	str_addf(&config,
		 "{\"created\":\"%s\",\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
		 "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
		 created, layer.digest);
	cfg = put_blob(OCI "config.v1+json", config.data, config.len);
	str_addf(&manifest,
		 "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\",\"config\":");
	add_descriptor(&manifest, &cfg);
	str_add(&manifest, ",\"layers\":[");
	add_descriptor(&manifest, &layer);
	str_add(&manifest, "]}");
	d = put_blob(OCI "manifest.v1+json", manifest.data, manifest.len);
	if (layer_unpack_blob(&store, layer.digest, layer.digest, NULL, NULL) < 0)
		tap_bail("unpack a layer");
	if (ret_diff_id)
		(void)snprintf(ret_diff_id, DIGEST_TEXT_MAX, "%s", layer.digest);
	descriptor_clear(&layer);
	descriptor_clear(&cfg);
	return d;
}

static size_t count_entries(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	size_t n = 0;

	while (dir && (d = readdir(dir)))
		n += d->d_name[0] != '.';
	return n;
}

static size_t count_images(void)
{
	struct image **list = NULL;
	size_t n = 0;

	if (image_list(&store, &list, &n, NULL) < 0)
		return SIZE_MAX;
	for (size_t i = 0; i < n; i++)
		image_free(list[i]);
	free(list);
	return n;
}

static void remove_all(void)
{
	struct image **list = NULL;
	size_t n = 0;

	(void)image_list(&store, &list, &n, NULL);
	for (size_t i = 0; i < n; i++) {
		(void)image_remove(&store, list[i]->id, true, NULL, NULL, NULL);
		image_free(list[i]);
	}
	free(list);
}

static bool is_empty(void)
{
	return count_images() == 0 && count_entries(store.blobs_fd, "sha256") == 0 &&
	       count_entries(store.layers_fd, ".") == 0 && count_entries(store.tmp_fd, ".") == 0;
}

/* -- blobs -- */

static void test_blobs(void)
{
	struct descriptor d = {
		.digest =
			(char[]){
				"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" },
		.size = 5
	};
	struct descriptor bad = { .digest = (char[]){ "sha256:../../x" }, .size = 5 };
	auto_str struct str text = { 0 };
	struct blob_writer *w = NULL;
	struct err e = { 0 };

	is_int(blob_begin(&store, &bad, &w, &e), -EINVAL, "a digest that is a path");
	is_int(blob_begin(&store, &d, &w, &e), 0, "a blob begins");
	is_int(blob_write(w, "hello!", 6, &e), -EFBIG, "more than was announced");
	blob_abort(w);
	is_int(blob_begin(&store, &d, &w, &e), 0, "again");
	is_int(blob_write(w, "hell", 4, &e), 0, "less");
	is_int(blob_commit(w, &e), -EBADMSG, "is refused");
	has_str(e.msg, "is cut short: 4 of 5 bytes came", "and the message says so");
	is_int(blob_begin(&store, &d, &w, &e), 0, "again");
	is_int(blob_write(w, "hallo", 5, &e), 0, "something else");
	is_int(blob_commit(w, &e), -EBADMSG, "is refused");
	has_str(e.msg, "has other content than its digest says", "and the message says so");
	ok(!store_has_blob(&store, d.digest, 5) && is_empty(), "nothing is left of them");
	is_int(blob_begin(&store, &d, &w, &e), 0, "again");
	is_int(blob_write(w, "hel", 3, &e), 0, "in two");
	is_int(blob_write(w, "lo", 2, &e), 0, "parts");
	is_int(blob_commit(w, &e), 0, "what was announced is taken");
	ok(store_has_blob(&store, d.digest, 5) && store_has_blob(&store, d.digest, -1) &&
		   !store_has_blob(&store, d.digest, 6),
	   "it is there");
	is_int(store_read_blob(&store, d.digest, 100, &text, &e), 0, "it is read");
	is_str(str_cstr(&text), "hello", "as it was written");
	is_int(store_read_blob(&store, d.digest, 4, &text, &e), -EFBIG, "a limit is kept");
	is_int(store_collect(&store, NULL, &e), 0, "what nothing refers to");
	ok(is_empty(), "is swept");
	is_int(store_open_blob(&store, d.digest, &e), -ENOENT, "and gone");
}

/* -- names -- */

#define BUSYBOX "docker.io/library/busybox:latest"

/* The id that a name finds, or the error's text. The caller owns it. */
static char *find(const char *name)
{
	auto_image struct image *img = NULL;
	struct err e = { 0 };

	return image_find(&store, name, &img, &e) < 0 ? xstrdup(e.msg) : xstrdup(img->id);
}

static void finds(const char *name, const char *id, const char *what)
{
	auto_free char *got = find(name);

	is_str(got, id, what);
}

static void test_finding(const struct descriptor *a, const char *index)
{
	auto_free char *id = find("busybox");
	auto_free char *by_digest = xasprintf("busybox@%s", a->digest),
		       *by_index = xasprintf("docker.io/library/busybox@%s", index);
	auto_free char *whole = xasprintf("sha256:%s", id), *shorter = xstrndup(id, 12),
		       *tiny = xstrndup(id, 2);
	auto_free char *none = xasprintf("no such image '%s'", tiny);

	ok(strlen(id) == 64, "a short name is found");
	finds("library/busybox", id, "with its folder");
	finds(BUSYBOX, id, "in full");
	finds(id, id, "by id");
	finds(whole, id, "by id with sha256:");
	finds(shorter, id, "by short id");
	finds(tiny, none, "two digits are no id");
	finds(a->digest, id, "by the manifest's digest");
	finds(by_digest, id, "by name and digest");
	finds(by_index, id, "by name and the index's digest");
	finds("busybox:other", "no such image 'busybox:other'", "another tag is not there");
	finds("alpine", "no such image 'alpine'", "another image is not there");
	finds("mirrored", id, "a short name finds the one registry that has it");
}

static void test_names(void)
{
	const char *index =
		"sha256:0000000000000000000000000000000000000000000000000000000000000000";
	struct descriptor a = put_image("a", "2024-01-01T00:00:00Z", NULL),
			  b = put_image("b", "2025-01-01T00:00:00Z", NULL);
	auto_strv struct strv untagged = { 0 }, deleted = { 0 };
	auto_free char *id_a = NULL, *id_b = NULL;
	struct err e = { 0 };

	is_int(image_set_name(&store, BUSYBOX, &a, index, &e), 0, "a name is set");
	is_int(image_set_name(&store, "quay.io/mirrored:latest", &a, NULL, &e), 0,
	       "and a second one");
	test_finding(&a, index);
	id_a = find("busybox");
	is_int(image_remove(&store, id_a, false, NULL, NULL, &e), -EEXIST,
	       "an id with two names is not removed");
	has_str(e.msg, "has several names", "and the message says so");
	is_int((int64_t)count_images(), 1, "one image");
	is_int(image_set_name(&store, BUSYBOX, &b, NULL, &e), 0, "the name moves to another image");
	id_b = find("busybox");
	ok(!str_eq(id_a, id_b), "which it finds now");
	is_int((int64_t)count_images(), 2, "two images");
	is_int(image_remove(&store, "quay.io/mirrored", false, &untagged, &deleted, &e), 0,
	       "the old one's last name is removed");
	ok(untagged.len == 1 && str_eq(untagged.v[0], "quay.io/mirrored:latest"), "it is told");
	ok(deleted.len >= 1 && str_eq(digest_hex(deleted.v[0]), id_a), "and so is the image's end");
	is_int(image_remove(&store, id_b, false, NULL, NULL, &e), 0,
	       "an id with one name is removed");
	ok(is_empty(), "and nothing is left");
	is_int(image_remove(&store, "busybox", false, NULL, NULL, &e), -ENOENT,
	       "what is not there is not removed");
	descriptor_clear(&a);
	descriptor_clear(&b);
}

/* An image that loses its only name stays, nameless. */
static void test_nameless(void)
{
	struct descriptor a = put_image("a", "2024-01-01T00:00:00Z", NULL),
			  b = put_image("b", "2025-01-01T00:00:00Z", NULL);
	auto_free char *id_a = NULL, *again = NULL;
	struct image **list = NULL;
	struct err e = { 0 };
	size_t n = 0;

	is_int(image_set_name(&store, BUSYBOX, &a, NULL, &e), 0, "a name is set");
	id_a = find("busybox");
	is_int(image_set_name(&store, BUSYBOX, &b, NULL, &e), 0, "and set again");
	is_int(image_list(&store, &list, &n, &e), 0, "the list");
	ok(n == 2 && list[0]->names.len == 1 && list[1]->names.len == 0 &&
		   str_eq(list[1]->id, id_a),
	   "has the newer image with the name and the older one without");
	ok(n == 2 && list[0]->size > 0 && list[0]->created_ns > list[1]->created_ns,
	   "with sizes and times");
	for (size_t i = 0; i < n; i++)
		image_free(list[i]);
	free(list);
	is_int(image_set_name(&store, BUSYBOX, &a, NULL, &e), 0, "the name comes back");
	again = find("busybox");
	is_str(again, id_a, "to the first one");
	is_int((int64_t)count_images(), 2, "which is listed once");
	is_int(image_remove(&store, "busybox", false, NULL, NULL, &e), 0, "removing the name");
	is_int((int64_t)count_images(), 1, "leaves the nameless one");
	is_int(image_remove(&store, b.digest, false, NULL, NULL, &e), 0, "which goes by digest");
	ok(is_empty(), "and nothing is left");
	descriptor_clear(&a);
	descriptor_clear(&b);
}

/* -- sweeping -- */

static void test_holds(void)
{
	char diff_id[DIGEST_TEXT_MAX];
	struct err e = { 0 };
	int hold = store_hold(&store, &e);
	struct descriptor a = put_image("held", "2024-01-01T00:00:00Z", diff_id);

	ok(hold >= 0, "the store is held");
	is_int(store_collect(&store, NULL, &e), -EWOULDBLOCK, "so that nothing is swept");
	is_int(image_set_name(&store, BUSYBOX, &a, NULL, &e), 0, "a name is set meanwhile");
	is_int(image_remove(&store, "busybox", false, NULL, NULL, &e), 0, "and removed");
	ok(count_images() == 0 && layer_exists(&store, diff_id) &&
		   store_has_blob(&store, a.digest, -1),
	   "what it named stays");
	close_fd(&hold);
	(void)snprintf(used_layer, sizeof(used_layer), "%s", diff_id);
	is_int(store_collect(&store, NULL, &e), 0, "without the hold it is swept");
	ok(layer_exists(&store, diff_id) && !store_has_blob(&store, a.digest, -1),
	   "but a layer that a container needs");
	used_layer[0] = '\0';
	is_int(store_collect(&store, NULL, &e), 0, "as long as it needs it");
	ok(is_empty(), "then nothing is left");
	descriptor_clear(&a);
}

/* What came in before the last boot and got no name may be torn. */
static void test_boot(void)
{
	struct descriptor kept = put_image("named", "2024-01-01T00:00:00Z", NULL);
	struct descriptor torn = put_image("nameless", "2024-01-01T00:00:00Z", NULL);
	struct err e = { 0 };
	int hold;

	is_int(image_set_name(&store, BUSYBOX, &kept, NULL, &e), 0, "one image has a name");
	if (file_replace_fast(store.images_fd, ".boot", "another", 7, 0600, &e) < 0)
		tap_bail(e.msg);
	hold = store_hold(&store, &e);
	ok(hold >= 0, "the first hold of a boot");
	ok(!store_has_blob(&store, torn.digest, -1) && store_has_blob(&store, kept.digest, -1),
	   "sweeps what has no name");
	close_fd(&hold);
	is_int(image_remove(&store, "busybox", false, NULL, NULL, &e), 0, "the other one");
	ok(is_empty(), "goes when it is removed");
	descriptor_clear(&kept);
	descriptor_clear(&torn);
}

/* A config or manifest that is broken does not stop the rest. */
static void test_broken(void)
{
	struct descriptor good = put_image("good", "2024-01-01T00:00:00Z", NULL);
	struct descriptor bad = put_blob(OCI "manifest.v1+json", "{", 1);
	struct err e = { 0 };

	is_int(image_set_name(&store, BUSYBOX, &good, NULL, &e), 0, "a good image");
	is_int(image_set_name(&store, "docker.io/library/bad:latest", &bad, NULL, &e), 0,
	       "and a broken one");
	is_int((int64_t)count_images(), 1, "the good one is listed");
	is_int(store_collect(&store, NULL, &e), 0, "a sweep goes on");
	is_int(image_remove(&store, "bad", false, NULL, NULL, &e), 0,
	       "the broken one can be removed");
	is_int(image_remove(&store, "busybox", false, NULL, NULL, &e), 0, "and the good one");
	ok(is_empty(), "and nothing is left");
	descriptor_clear(&good);
	descriptor_clear(&bad);
}

/* -- several processes -- */

/* Pulls and removes the same images, over and over, as one of several processes. */
static int work(int number)
{
	struct err e = { 0 };

	for (int i = 0; i < 12; i++) {
		auto_free char *name = xasprintf("docker.io/library/p%d:latest", number);
		auto_free char *content = xasprintf("content %d", (number + i) % 3);
		auto_image struct image *img = NULL;
		int hold = store_hold(&store, &e);
		struct descriptor d;

		if (hold < 0)
			return 1;
		d = put_image(content, "2024-01-01T00:00:00Z", NULL);
		if (image_set_name(&store, name, &d, NULL, &e) < 0 ||
		    image_find(&store, name, &img, &e) < 0)
			return 2;
		if (!layer_exists(&store, img->diff_ids.v[0]) ||
		    !store_has_blob(&store, img->layers[0].digest, -1))
			return 3; /* somebody swept what has a name */
		descriptor_clear(&d);
		close_fd(&hold);
		if (i % 2 && image_remove(&store, name, false, NULL, NULL, &e) < 0)
			return 4;
	}
	return 0;
}

static void test_processes(void)
{
	pid_t pids[4];
	struct err e = { 0 };
	int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(work((int)i));
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		int status = 0;

		if (waitpid(pids[i], &status, 0) < 0 || status != 0) {
			printf("# process %zu: status %x\n", i, (unsigned int)status);
			bad++;
		}
	}
	is_int(bad, 0, "four processes that add and remove the same images");
	remove_all(); /* nameless ones too */
	is_int(store_collect(&store, NULL, &e), 0, "a last sweep");
	ok(is_empty(), "leaves nothing");
}

/* Names of all in the store, for before and after. */
static void list_all(int dirfd, const char *path, struct strv *ret)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		if (str_eq(d->d_name, ".") || str_eq(d->d_name, ".."))
			continue;
		strv_addf(ret, "%s/%s", path, d->d_name);
		list_all(fd, d->d_name, ret);
	}
}

static char *snapshot(void)
{
	auto_strv struct strv names = { 0 };

	list_all(store.root_fd, ".", &names);
	strv_sort(&names);
	return strv_join(&names, "\n");
}

/* A store that was used and is empty again is what it was when it was new. */
static void test_new(void)
{
	auto_free char *before = snapshot(), *after = NULL;
	struct err e = { 0 };
	int hold = store_hold(&store, &e);
	struct descriptor d = put_image("x", "2024-01-01T00:00:00Z", NULL);

	is_int(image_set_name(&store, BUSYBOX, &d, NULL, &e), 0, "a name is set");
	close_fd(&hold);
	is_int(image_remove(&store, "busybox", false, NULL, NULL, &e), 0, "and removed");
	after = snapshot();
	is_str(after, before, "and the store has the files that it had when it was new");
	descriptor_clear(&d);
}

int main(void)
{
	struct store again = { 0 };
	struct err e = { 0 };

	if (!mkdtemp(root))
		tap_bail("make a folder");
	if (userns_plan(&userns, false, &e) < 0 || store_open(root, &userns, &store, &e) < 0)
		tap_bail(e.msg);
	store.layer_in_use = layer_in_use;
	ok(faccessat(store.images_fd, "oci-layout", F_OK, 0) == 0 &&
		   faccessat(store.images_fd, "index.json", F_OK, 0) == 0,
	   "the store is an OCI layout");
	is_int(store_open(root, &userns, &again, &e), 0, "it is opened twice");
	test_new();
	store_close(&again);
	test_blobs();
	test_names();
	test_nameless();
	test_holds();
	test_boot();
	test_broken();
	test_processes();
	store_close(&store);
	if (dir_remove_all(AT_FDCWD, root, NULL) < 0)
		tap_bail("remove the store");
	return tap_done();
}
