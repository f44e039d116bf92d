/*
 * The download of an image's layers as a loop over small state machines, one a layer, in the
 * pulling thread:
 *
 *	WAITING → RUNNING → DRAINING → EXTRACTING → DONE
 *	          ↓    ↑
 *	          RESTING
 *
 * RESTING is between attempts, which go on where the last one broke off; DRAINING while the pipe
 * still has to take bytes; EXTRACTING while the unpacking process has still to write what it took,
 * which keeps no other layer waiting.
 *
 * A layer that cannot be unpacked on the way (another process is at it, or its blob was there
 * already) is unpacked from its blob at the end, when this process holds no other layer's lock.
 */
#include "image/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/http.h"
#include "image/layer.h"
#include "image/manifest.h"
#include "image/pull.h"
#include "image/registry.h"
#include "image/store.h"

#define JOBS_MAX 6
#define RESTARTS_MAX 50
#define PIPE_BYTES (1 << 20)
#define REPORT_NS 50000000

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_RESTING, JOB_DRAINING, JOB_EXTRACTING, JOB_DONE };

struct job {
	struct fetch *f;
	enum job_state state;
	size_t index; /* of the layer, bottom first */
	const struct descriptor *desc;
	const char *diff_id;
	struct blob_writer *blob;
	struct layer_unpack *unpack; /* NULL: not on the way */
	int extracted;               /* readable when the unpacking has ended; EXTRACTING only */
	struct http_transfer *transfer;
	struct registry_try tried;
	int restarts;
	int64_t done;     /* bytes that came and were taken */
	int64_t begun_at; /* .done when this attempt began */
	bool checked;     /* this attempt's answer has been looked at */
	bool excess;      /* more came than the descriptor says */
	int64_t skip;     /* bytes to pass over: the server began at 0 again */
	int64_t rest_until_ns;
	struct str pending; /* what the pipe has not taken yet */
	size_t pending_at;
	int64_t reported_ns;
};

struct fetch {
	const struct store *store;
	struct http *http;
	struct registry *registry;
	const struct manifest *m;
	const struct strv *diff_ids;
	const struct pull_progress *progress;
	struct job *jobs; /* biggest first: the last to end is then a small one */
	size_t njobs;
};

static void report_layer(const struct fetch *f, size_t index, int64_t done, const char *state)
{
	const struct descriptor *d = &f->m->layers[index];

	if (f->progress && f->progress->layer)
		f->progress->layer(f->progress->data, index, f->m->nlayers, d->digest, done,
				   d->size, state);
}

static void report(struct job *j, const char *state)
{
	report_layer(j->f, j->index, j->done, state);
	j->reported_ns = clock_mono_ns();
}

/* -- bytes -- */

/* The unpacking process has gone: says why. */
static int unpack_failed(struct job *j, struct err *e)
{
	int rc = layer_unpack_finish(take_ptr(&j->unpack), e);

	return rc < 0 ? rc
		      : err_set(e, EIO, "layer '%s': more bytes after the end of the archive",
				j->desc->digest);
}

/*
 * Hands bytes to the unpacking process without waiting: 0, or HTTP_PAUSE where some had to be kept.
 */
static int feed(struct job *j, const char *p, size_t len, struct err *e)
{
	if (!j->unpack)
		return 0;
	while (!j->pending.len && len) {
		ssize_t n = write(layer_unpack_fd(j->unpack), p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE)
			return unpack_failed(j, e);
		if (n < 0 && errno != EAGAIN)
			return err_sys(e, "layer '%s': feed the unpacking process",
				       j->desc->digest);
		if (n < 0)
			break;
		p += n;
		len -= (size_t)n;
	}
	str_add_mem(&j->pending, p, len);
	return j->pending.len ? HTTP_PAUSE : 0;
}

/* The pipe takes bytes again. */
static int flush(struct job *j, struct err *e)
{
	while (j->pending_at < j->pending.len) {
		ssize_t n = write(layer_unpack_fd(j->unpack), j->pending.data + j->pending_at,
				  j->pending.len - j->pending_at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno == EPIPE)
			return unpack_failed(j, e);
		if (n < 0)
			return err_sys(e, "layer '%s': feed the unpacking process",
				       j->desc->digest);
		j->pending_at += (size_t)n;
	}
	str_cut(&j->pending, 0);
	j->pending_at = 0;
	if (j->transfer)
		http_resume(j->transfer);
	return 0;
}

/* "bytes 100-199/200": the first number, -1 where it is not that. */
static int64_t range_start(const char *content_range)
{
	const char *text = content_range ? str_after(content_range, "bytes ") : NULL;
	auto_free char *number = NULL;
	int64_t n;

	if (!text)
		return -1;
	number = xstrndup(text, strcspn(text, "-"));
	return str_to_i64(number, &n) < 0 ? -1 : n;
}

/*
 * The first bytes of an attempt are here, with the headers: does the answer fit what was asked for?
 */
static int check_answer(struct job *j, struct err *e)
{
	const struct http_response *r = &j->transfer->response;
	int64_t from = 0;

	if (r->status == 206) {
		from = range_start(r->content_range);
		if (from != j->done)
			return err_set(e, EBADMSG, "other bytes than the range asked for came");
	}
	j->skip = j->done - from;
	if (r->length >= 0 && from + r->length != j->desc->size)
		return err_set(e, EBADMSG, "the registry has %jd bytes, but the manifest says %jd",
			       (intmax_t)(from + r->length), (intmax_t)j->desc->size);
	j->checked = true;
	return 0;
}

static int on_bytes(void *data, const void *p, size_t len, struct err *e)
{
	struct job *j = data;
	const char *bytes = p;
	int rc = j->checked ? 0 : check_answer(j, e);

	if (rc == 0 && j->skip > 0) {
		size_t n = (int64_t)len < j->skip ? len : (size_t)j->skip;

		j->skip -= (int64_t)n;
		bytes += n;
		len -= n;
	}
	if (rc < 0 || !len)
		return rc;
	if ((int64_t)len > j->desc->size - j->done) {
		j->excess = true;
		return err_set(e, EBADMSG, "more than the %jd bytes that the manifest says",
			       (intmax_t)j->desc->size);
	}
	rc = blob_write(j->blob, bytes, len, e);
	if (rc < 0)
		return rc;
	j->done += (int64_t)len;
	if (clock_mono_ns() - j->reported_ns > REPORT_NS)
		report(j, "Downloading");
	return feed(j, bytes, len, e);
}

/* -- attempts -- */

static int begin_transfer(struct job *j, struct err *e)
{
	j->checked = false;
	j->skip = 0;
	j->begun_at = j->done;
	j->state = JOB_RUNNING;
	return registry_begin_blob(j->f->registry, j->desc->digest, j->done, on_bytes, j,
				   &j->transfer, e);
}

static int begin_unpack(struct job *j, struct err *e)
{
	struct err why = { 0 };
	int rc = layer_unpack_begin(j->f->store, j->diff_id, j->desc->media_type, &j->unpack, &why);

	if (rc == -EWOULDBLOCK)
		return 0; /* at the end, from the blob */
	if (rc < 0)
		return err_copy(e, &why);
	if (!j->unpack)
		return 0;
	(void)fcntl(layer_unpack_fd(j->unpack), F_SETPIPE_SZ,
		    PIPE_BYTES); /* a smaller one does too */
	rc = fd_set_nonblock(layer_unpack_fd(j->unpack), true);
	return rc < 0 ? err_num(e, -rc, "layer '%s': unpack", j->diff_id) : 0;
}

static int begin_job(struct job *j, struct err *e)
{
	int rc = blob_begin(j->f->store, j->desc, &j->blob, e);

	if (rc == 0)
		rc = begin_transfer(j, e);
	if (rc == 0)
		rc = begin_unpack(j, e);
	report(j, "Downloading");
	return rc;
}

/* All bytes are in: the blob gets its name if it is what it should be; the layer has yet to end. */
static int commit_job(struct job *j, struct err *e)
{
	int rc = blob_commit(take_ptr(&j->blob), e);

	if (rc < 0)
		return rc;
	report(j, j->unpack ? "Extracting" : "Download complete");
	if (!j->unpack) {
		j->state = JOB_DONE;
		return 0;
	}
	j->extracted = layer_unpack_end(j->unpack);
	j->state = JOB_EXTRACTING;
	return 0;
}

/* The unpacking has ended: the layer gets its name if it is what it should be. */
static int finish_job(struct job *j, struct err *e)
{
	int rc = layer_unpack_finish(take_ptr(&j->unpack), e);

	if (rc < 0)
		return rc;
	j->state = JOB_DONE;
	report(j, "Pull complete");
	return 0;
}

/* A transfer has ended: well, or to be gone on with, or for good. */
static int end_transfer(struct job *j, struct err *e)
{
	auto_free char *what = xasprintf("blob '%s'", j->desc->digest);
	bool broken = j->transfer->broken;
	int ms = 0, rc;

	if (j->done > j->begun_at)
		j->tried = (struct registry_try){ 0 };
	/* the server's last byte may come with an error of the connection */
	if (j->done == j->desc->size && !j->excess)
		rc = REGISTRY_OK;
	else
		rc = registry_judge(j->f->registry, j->transfer, &j->tried, what, &ms, e);
	http_end(take_ptr(&j->transfer));
	if (rc < 0)
		return broken ? err_prefix(e, "after %jd of %jd bytes", (intmax_t)j->done,
					   (intmax_t)j->desc->size)
			      : rc;
	if (rc == REGISTRY_OK && j->done != j->desc->size)
		return err_set(e, EBADMSG, "%s: truncated, %jd of %jd bytes came", what,
			       (intmax_t)j->done, (intmax_t)j->desc->size);
	if (rc == REGISTRY_OK) {
		j->state = JOB_DRAINING;
		return 0;
	}
	if (++j->restarts > RESTARTS_MAX)
		return err_set(e, ECONNRESET, "%s: the connection broke off %d times", what,
			       RESTARTS_MAX);
	if (ms)
		report(j, "Retrying");
	j->rest_until_ns = clock_mono_ns() + (int64_t)ms * 1000000;
	j->state = JOB_RESTING;
	return 0;
}

/* -- the loop -- */

static size_t count_active(const struct fetch *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->njobs; i++)
		n += f->jobs[i].state != JOB_WAITING && f->jobs[i].state != JOB_DONE;
	return n;
}

/* Starts one more job, or one that has rested: 1 where more could be started at once. */
static int start_next(struct fetch *f, struct err *e)
{
	int64_t now = clock_mono_ns();
	bool room = count_active(f) < JOBS_MAX;

	for (size_t i = 0; i < f->njobs; i++) {
		struct job *j = &f->jobs[i];
		int rc;

		if (j->state == JOB_RESTING && now >= j->rest_until_ns)
			rc = begin_transfer(j, e);
		else if (j->state == JOB_WAITING && room)
			rc = begin_job(j, e);
		else
			continue;
		return rc < 0 ? rc : 1;
	}
	return 0;
}

static int next_timeout(const struct fetch *f)
{
	int64_t now = clock_mono_ns(), ms = 500;

	for (size_t i = 0; i < f->njobs; i++) {
		const struct job *j = &f->jobs[i];
		int64_t left = (j->rest_until_ns - now) / 1000000 + 1;

		if (j->state == JOB_RESTING && left < ms)
			ms = left < 0 ? 0 : left;
	}
	return (int)ms;
}

/* What this layer waits for beside the network: false where that is nothing. */
static bool wants(const struct job *j, struct pollfd *ret)
{
	if (j->state == JOB_EXTRACTING)
		*ret = (struct pollfd){ .fd = j->extracted, .events = POLLIN };
	else if (j->pending.len)
		*ret = (struct pollfd){ .fd = layer_unpack_fd(j->unpack), .events = POLLOUT };
	else
		return false;
	return true;
}

/* Waits for the network, for pipes that block their layer, and for unpackings that end. */
static int wait_once(struct fetch *f, int timeout_ms, struct err *e)
{
	struct pollfd fds[JOBS_MAX];
	struct job *owners[JOBS_MAX];
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < f->njobs && n < JOBS_MAX; i++)
		if (wants(&f->jobs[i], &fds[n]))
			owners[n++] = &f->jobs[i];
	rc = http_step(f->http, fds, n, timeout_ms, e);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!fds[i].revents)
			continue;
		rc = owners[i]->state == JOB_EXTRACTING ? finish_job(owners[i], e)
							: flush(owners[i], e);
	}
	return rc;
}

static int advance(struct fetch *f, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < f->njobs; i++) {
		struct job *j = &f->jobs[i];

		if (j->state == JOB_RUNNING && j->transfer->done)
			rc = end_transfer(j, e);
		if (rc == 0 && j->state == JOB_DRAINING && !j->pending.len)
			rc = commit_job(j, e);
	}
	return rc;
}

static bool all_done(const struct fetch *f)
{
	for (size_t i = 0; i < f->njobs; i++)
		if (f->jobs[i].state != JOB_DONE)
			return false;
	return true;
}

static int run_jobs(struct fetch *f, struct err *e)
{
	int rc = 0;

	while (rc >= 0 && !all_done(f)) {
		int more = start_next(f, e);

		if (more < 0)
			return more;
		rc = wait_once(f, more ? 0 : next_timeout(f), e);
		if (rc == 0)
			rc = advance(f, e);
	}
	return rc;
}

/* -- which layers -- */

static int by_size(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	if (x->desc->size != y->desc->size)
		return x->desc->size < y->desc->size ? 1 : -1;
	return x->index < y->index ? -1 : 1;
}

static bool has_job(const struct fetch *f, const char *digest)
{
	for (size_t i = 0; i < f->njobs; i++)
		if (str_eq(f->jobs[i].desc->digest, digest))
			return true;
	return false;
}

/* A job for each blob that is not there; one where layers share a blob. */
static void plan(struct fetch *f)
{
	f->jobs = xcalloc(f->m->nlayers + 1, sizeof(*f->jobs));
	for (size_t i = 0; i < f->m->nlayers; i++) {
		const struct descriptor *d = &f->m->layers[i];

		if (store_has_blob(f->store, d->digest, d->size)) {
			if (layer_exists(f->store, f->diff_ids->v[i]))
				report_layer(f, i, d->size, "Already exists");
			continue;
		}
		if (has_job(f, d->digest))
			continue;
		report_layer(f, i, 0, "Waiting");
		f->jobs[f->njobs++] = (struct job){
			.f = f,
			.index = i,
			.desc = d,
			.diff_id = f->diff_ids->v[i],
		};
	}
	qsort(f->jobs, f->njobs, sizeof(*f->jobs), by_size);
}

/* What could not be unpacked on the way. */
static int unpack_rest(const struct fetch *f, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < f->m->nlayers; i++) {
		const struct descriptor *d = &f->m->layers[i];

		if (layer_exists(f->store, f->diff_ids->v[i]))
			continue;
		report_layer(f, i, d->size, "Extracting");
		rc = layer_unpack_blob(f->store, d->digest, f->diff_ids->v[i], d->media_type, e);
		if (rc == 0)
			report_layer(f, i, d->size, "Pull complete");
	}
	return rc;
}

static void drop_jobs(struct fetch *f)
{
	for (size_t i = 0; i < f->njobs; i++) {
		struct job *j = &f->jobs[i];

		http_end(j->transfer);
		if (j->blob)
			blob_abort(j->blob);
		if (j->unpack)
			layer_unpack_abort(j->unpack);
		str_free(&j->pending);
	}
	free(f->jobs);
}

int fetch_layers(const struct store *s, struct http *h, struct registry *r,
		 const struct manifest *m, const struct strv *diff_ids,
		 const struct pull_progress *progress, struct err *e)
{
	struct fetch f = {
		.store = s,
		.http = h,
		.registry = r,
		.m = m,
		.diff_ids = diff_ids,
		.progress = progress,
	};
	int rc;

	plan(&f);
	rc = run_jobs(&f, e);
	drop_jobs(&f);
	return rc < 0 ? rc : unpack_rest(&f, e);
}
