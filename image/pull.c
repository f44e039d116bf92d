/*
 * The way of an image from a registry into the store: name → what registries.conf makes of it →
 * manifest for this platform → config → layers → name in the store. Runs in the process of the
 * command; a signal ends it between two bytes, and everything half-written is removed on the way
 * out.
 */
#include "image/pull.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/fetch.h"
#include "image/http.h"
#include "image/manifest.h"
#include "image/platform.h"
#include "image/ref.h"
#include "image/regconf.h"
#include "image/registry.h"
#include "image/store.h"

/* One pull, whatever it tries. */
struct task {
	const struct store *store;
	const struct pull *options;
	struct registry_options registry_options;
	struct regconf conf;
	struct platform platform;
	struct http *http;
};

/* What a name came to be. */
struct found {
	struct descriptor target; /* what the name will point at */
	char *index_digest;       /* the index that it was chosen from, or NULL */
	struct manifest manifest; /* of the image chosen */
	struct strv diff_ids;
};

static void found_clear(struct found *f)
{
	descriptor_clear(&f->target);
	free(f->index_digest);
	manifest_clear(&f->manifest);
	strv_free(&f->diff_ids);
}

#define auto_found __attribute__((unused, cleanup(found_clear)))

/* -- signals -- */

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

/* An ignored signal stays ignored (nohup); SIGPIPE becomes EPIPE. */
static void catch_signals(struct sigaction old[ARRAY_SIZE(signals)])
{
	interrupted = 0;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction action = { .sa_handler = signals[i] == SIGPIPE ? SIG_IGN
										: on_signal };

		(void)sigaction(signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
	}
}

static void restore_signals(const struct sigaction old[ARRAY_SIZE(signals)])
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)sigaction(signals[i], &old[i], NULL);
}

/* -- small blobs -- */

static int put_blob(const struct store *s, const char *digest, const struct str *body,
		    struct err *e)
{
	auto_free char *copy = xstrdup(digest);
	struct descriptor expect = { .digest = copy, .size = (int64_t)body->len };
	struct blob_writer *w = NULL;
	int rc;

	if (store_has_blob(s, digest, expect.size))
		return 0;
	rc = blob_begin(s, &expect, &w, e);
	if (rc < 0)
		return rc;
	rc = blob_write(w, str_cstr(body), body->len, e);
	if (rc < 0) {
		blob_abort(w);
		return rc;
	}
	return blob_commit(w, e);
}

/* A manifest or config: out of the store, else from the registry into it. */
static int get_config(const struct task *t, struct registry *r, const struct descriptor *d,
		      struct str *ret, struct err *e)
{
	int rc;

	if (store_has_blob(t->store, d->digest, d->size))
		return store_read_blob(t->store, d->digest, MANIFEST_BYTES_MAX, ret, e);
	rc = registry_get_blob(r, d->digest, d->size, ret, e);
	return rc < 0 ? rc : put_blob(t->store, d->digest, ret, e);
}

/* -- manifests -- */

static int parse_manifest(const struct registry_manifest *raw, const char *media_type,
			  const char *what, struct manifest *ret, struct err *e)
{
	return manifest_parse(str_cstr(&raw->body), raw->body.len, media_type, what, ret, e);
}

/* Fetches the image's manifest that an index's entry describes. */
static int get_chosen(const struct task *t, struct registry *r, const struct manifest_entry *entry,
		      struct found *ret, struct err *e)
{
	auto_registry_manifest struct registry_manifest raw = { 0 };
	const struct descriptor *d = &entry->desc;
	int rc = registry_get_manifest(r, d->digest, &raw, e);

	if (rc < 0)
		return rc;
	if ((int64_t)raw.body.len != d->size)
		return err_set(e, EBADMSG, "manifest '%s': %zu bytes came, but the index says %jd",
			       d->digest, raw.body.len, (intmax_t)d->size);
	rc = parse_manifest(&raw, *d->media_type ? d->media_type : raw.media_type, d->digest,
			    &ret->manifest, e);
	if (rc < 0)
		return rc;
	if (ret->manifest.kind != MANIFEST_IMAGE)
		return err_set(e, ENOTSUP, "'%s': an index in an index is not taken", d->digest);
	return put_blob(t->store, d->digest, &raw.body, e);
}

static void set_target(struct found *f, const char *media_type, const char *digest, int64_t size)
{
	descriptor_clear(&f->target);
	f->target = (struct descriptor){
		.media_type = xstrdup(media_type),
		.digest = xstrdup(digest),
		.size = size,
	};
}

/* From the tag or digest to the manifest of an image for the platform. */
static int get_manifest(const struct task *t, struct registry *r, const struct ref *ref,
			struct found *ret, struct err *e)
{
	const char *reference = ref->digest ? ref->digest : ref->tag;
	auto_registry_manifest struct registry_manifest raw = { 0 };
	auto_manifest struct manifest first = { 0 };
	auto_free char *full = ref_full(ref);
	const struct manifest_entry *entry = NULL;
	int rc = registry_get_manifest(r, reference, &raw, e);

	if (rc == 0)
		rc = parse_manifest(&raw, raw.media_type, full, &first, e);
	if (rc < 0)
		return rc;
	set_target(ret, first.media_type, raw.digest, (int64_t)raw.body.len);
	rc = put_blob(t->store, raw.digest, &raw.body, e);
	if (rc < 0)
		return rc;
	if (first.kind == MANIFEST_IMAGE) {
		ret->manifest = first;
		first = (struct manifest){ 0 };
		return 0;
	}
	rc = platform_choose(&t->platform, &first, &entry, e);
	if (rc < 0)
		return err_prefix(e, "'%s'", full);
	rc = get_chosen(t, r, entry, ret, e);
	if (rc < 0)
		return rc;
	set_target(ret, ret->manifest.media_type, entry->desc.digest, entry->desc.size);
	ret->index_digest = xstrdup(raw.digest);
	return 0;
}

/* -- configs -- */

/* An image that was not chosen from an index may be another machine's. */
static int check_platform(const struct task *t, const cJSON *config, struct err *e)
{
	struct platform have = { 0 };
	char want_text[PLATFORM_TEXT_MAX], have_text[PLATFORM_TEXT_MAX];
	auto_free char *said = xasprintf("%s/%s", json_str(config, "os", "linux"),
					 json_str(config, "architecture", "unknown"));

	if (platform_parse(said, &have, NULL) < 0)
		return err_set(e, EBADMSG, "image config: '%.100s' is no platform", said);
	if (str_eq(have.os, t->platform.os) && str_eq(have.architecture, t->platform.architecture))
		return 0;
	platform_text(&have, have_text);
	platform_text(&t->platform, want_text);
	if (t->options->platform || !str_eq(have.os, t->platform.os))
		return err_set(e, ENOENT, "no image for %s; there is %s", want_text, have_text);
	log_warn("the image is for %s, and this machine is %s", have_text, want_text);
	return 0;
}

static int get_and_check_config(const struct task *t, struct registry *r, struct found *f,
				struct err *e)
{
	auto_str struct str text = { 0 };
	auto_json cJSON *config = NULL;
	int rc = get_config(t, r, &f->manifest.config, &text, e);

	if (rc == 0)
		rc = json_parse(str_cstr(&text), text.len, "image config", &config, e);
	if (rc == 0)
		rc = manifest_check_config(&f->manifest, config, &f->diff_ids, e);
	return rc < 0 ? rc : check_platform(t, config, e);
}

/* -- sources -- */

static int pull_from(const struct task *t, const struct ref *ref,
		     const struct regconf_source *source, struct err *e)
{
	struct registry_options options = t->registry_options;
	auto_registry_client struct registry *r = NULL;
	auto_found struct found f = { 0 };
	auto_free char *full = ref_full(ref);
	int rc;

	if (source->mirror)
		options.auth.creds = NULL; /* --creds are the registry's */
	rc = registry_open(t->http, &options, source->domain, source->path, source->insecure, &r,
			   e);
	if (rc == 0)
		rc = get_manifest(t, r, ref, &f, e);
	if (rc == 0)
		rc = get_and_check_config(t, r, &f, e);
	if (rc == 0)
		rc = fetch_layers(t->store, t->http, r, &f.manifest, &f.diff_ids,
				  t->options->progress, e);
	return rc < 0 ? rc : image_set_name(t->store, full, &f.target, f.index_digest, e);
}

/* Whether asking elsewhere can help. */
static bool is_final(int rc)
{
	return rc == -EINTR || rc == -ENOSPC || rc == -EDQUOT || rc == -EROFS;
}

static void tell(const struct task *t, const char *text)
{
	if (t->options->progress && t->options->progress->status)
		t->options->progress->status(t->options->progress->data, text);
}

/*
 * Asks one source after the other. What mirrors said is told together with the last failure, or as
 * a warning.
 */
static int pull_sources(const struct task *t, const struct ref *ref,
			const struct regconf_source *sources, size_t n, struct err *e)
{
	auto_str struct str mirrors = { 0 };
	struct err why = { 0 };
	int rc = -ENOENT;

	for (size_t i = 0; i < n; i++) {
		rc = pull_from(t, ref, &sources[i], &why);
		if (rc == 0 || i + 1 == n || is_final(rc))
			break;
		str_addf(&mirrors, "%smirror '%s': %s", mirrors.len ? "; " : "", sources[i].domain,
			 why.msg);
	}
	if (rc < 0 && mirrors.len && !is_final(rc))
		return err_set(e, -rc, "%s; '%s' itself: %s", mirrors.data, sources[n - 1].domain,
			       why.msg);
	if (rc < 0)
		return err_copy(e, &why);
	if (mirrors.len)
		log_warn("%s; taken from '%s'", mirrors.data, ref->domain);
	return rc;
}

/* Pulls one full name from the first of its sources that serves it. */
static int pull_name(const struct task *t, const char *full, struct err *e)
{
	struct regconf_source *sources = NULL;
	auto_ref struct ref ref = { 0 };
	auto_free char *trying = xasprintf("Trying to pull %s...", full);
	size_t n = 0;
	int rc = ref_parse(full, &ref, e);

	if (rc == 0)
		rc = regconf_sources(&t->conf, &ref, &sources, &n, e);
	if (rc < 0)
		return rc;
	tell(t, trying);
	rc = pull_sources(t, &ref, sources, n, e);
	regconf_sources_free(sources, n);
	return rc;
}

/* -- the call -- */

static int stall_timeout(const struct pull *p)
{
	const char *text = getenv("POD_STALL_TIMEOUT");
	int seconds;

	if (p->stall_timeout_s > 0)
		return p->stall_timeout_s;
	return text && str_to_int(text, &seconds) == 0 && seconds > 0 ? seconds : 0;
}

static int prepare(struct task *t, const struct pull *p, struct err *e)
{
	int rc = regconf_load(p->registries_conf, &t->conf, e);

	if (rc == 0 && p->platform)
		rc = platform_parse(p->platform, &t->platform, e);
	else if (rc == 0)
		platform_host(&t->platform);
	if (rc < 0)
		return rc;
	t->registry_options = (struct registry_options){
		.auth = { .creds = p->creds, .authfile = p->authfile, .helpers = &t->conf.helpers },
		.cert_dir = p->cert_dir,
		.tls_verify = p->tls_verify,
		.trusted_realms = p->trusted_realms,
		.stall_timeout_s = stall_timeout(p),
	};
	return http_open(&interrupted, &t->http, e);
}

/* Tries what the name may mean. */
static int pull_any(const struct task *t, const struct strv *names, const char **ret_name,
		    struct err *e)
{
	auto_str struct str failures = { 0 };
	int rc = -ENOENT;

	for (size_t i = 0; i < names->len; i++) {
		struct err why = { 0 };

		rc = pull_name(t, names->v[i], &why);
		*ret_name = names->v[i];
		if (rc == 0)
			return 0;
		if (names->len == 1 || is_final(rc))
			return err_copy(e, &why);
		str_addf(&failures, "%s'%s': %s", failures.len ? "; " : "", names->v[i], why.msg);
	}
	return err_set(e, -rc, "%s", str_cstr(&failures));
}

static int pull_held(struct task *t, const char *name, struct image **ret, struct err *e)
{
	auto_strv struct strv names = { 0 };
	const char *full = NULL;
	int rc = regconf_names(&t->conf, name, &names, e);

	if (rc == 0)
		rc = pull_any(t, &names, &full, e);
	if (rc == 0 && ret)
		rc = image_find(t->store, full, ret, e);
	return rc;
}

int image_pull(const struct store *s, const char *name, const struct pull *p, struct image **ret,
	       struct err *e)
{
	struct sigaction old[ARRAY_SIZE(signals)];
	struct task t = { .store = s, .options = p };
	auto_fd int hold = -1;
	int rc;

	catch_signals(old);
	rc = prepare(&t, p, e);
	if (rc == 0)
		rc = hold = store_hold(s, e);
	if (rc >= 0)
		rc = pull_held(&t, name, ret, e);
	close_fd(&hold);
	http_close(t.http);
	regconf_clear(&t.conf);
	if (rc < 0)
		(void)store_collect(s, NULL, NULL); /* what came of it before it failed */
	restore_signals(old);
	if (rc < 0 && interrupted) {
		(void)err_set(e, EINTR, "'%s': interrupted", name);
		return err_status(e, EXIT_SIGNALLED + interrupted);
	}
	return rc;
}

int image_pull_names(const char *name, const char *registries_conf, struct strv *ret, struct err *e)
{
	auto_regconf struct regconf c = { 0 };
	int rc = regconf_load(registries_conf, &c, e);

	return rc < 0 ? rc : regconf_names(&c, name, ret, e);
}
