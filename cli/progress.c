/* Bars and lines of a pull: see progress.h. */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/units.h"

#define PAINT_NS 80000000
#define BAR_MAX 50
#define LINE_MAX_BYTES 512

/* What is known of a layer. */
struct bar {
	char id[13];
	char state[24];
	int64_t done, total;
};

struct progress {
	struct pull_progress callbacks;
	bool terminal;
	struct bar *bars;
	size_t nbars;
	size_t painted; /* lines above the cursor that are ours */
	int64_t painted_ns;
};

/* -- on a terminal -- */

static void terminal_size(size_t *ret_rows, size_t *ret_columns)
{
	struct winsize size = { 0 };

	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	*ret_rows = size.ws_row ? size.ws_row : 24;
	*ret_columns = size.ws_col ? size.ws_col : 80;
}

static bool is_moving(const struct bar *b)
{
	return str_eq(b->state, "Downloading") && b->total > 0;
}

/* "a3ed95caeb02: Downloading [=====>    ]  1.2MB/4MB", cut to the width. */
static void add_bar(struct str *out, const struct bar *b, size_t columns)
{
	char done[UNITS_MAX], total[UNITS_MAX], line[LINE_MAX_BYTES], fill[BAR_MAX + 2] = "";
	size_t room = columns > 60 ? columns - 50 : 10;
	size_t width = room < BAR_MAX ? room : BAR_MAX;
	size_t full = b->total > 0 ? (size_t)((double)b->done / (double)b->total * (double)width)
				   : 0;

	memset(fill, '=', full);
	if (is_moving(b))
		(void)snprintf(line, sizeof(line), "%s: %s [%s>%*s]  %s/%s", b->id, b->state, fill,
			       (int)(width - full), "", units_size(b->done, done),
			       units_size(b->total, total));
	else
		(void)snprintf(line, sizeof(line), "%s: %s", b->id, b->state);
	str_add_mem(out, line, strnlen(line, columns - 1));
	str_add(out, "\033[K\n");
}

/* One line for all, where the terminal is too low. */
static void add_sum(struct str *out, const struct progress *p, size_t columns)
{
	struct bar sum = { .id = "all layers", .state = "Downloading" };

	for (size_t i = 0; i < p->nbars; i++) {
		sum.done += p->bars[i].done;
		sum.total += p->bars[i].total;
	}
	if (sum.done == sum.total)
		(void)snprintf(sum.state, sizeof(sum.state), "Extracting");
	add_bar(out, &sum, columns);
}

static void paint(struct progress *p)
{
	auto_str struct str out = { 0 };
	size_t rows, columns, lines = p->nbars;

	terminal_size(&rows, &columns);
	if (p->painted)
		str_addf(&out, "\033[%zuA", p->painted);
	if (p->nbars + 1 > rows) {
		add_sum(&out, p, columns);
		lines = 1;
	}
	for (size_t i = 0; i < p->nbars && lines == p->nbars; i++)
		add_bar(&out, &p->bars[i], columns);
	(void)fputs(str_cstr(&out), stderr);
	p->painted = lines;
	p->painted_ns = clock_mono_ns();
}

/* -- both -- */

static void on_status(void *data, const char *text)
{
	struct progress *p = data;

	(void)fprintf(stderr, "%s\n", text);
	p->painted = 0;
	p->nbars = 0;
}

/* As many bars as layers; those not heard of yet have no state. */
static void set_count(struct progress *p, size_t count)
{
	if (p->nbars == count)
		return;
	free(p->bars);
	p->bars = xcalloc(count, sizeof(*p->bars));
	p->nbars = count;
	p->painted = 0;
}

static void on_layer(void *data, size_t index, size_t count, const char *digest, int64_t done,
		     int64_t total, const char *state)
{
	struct progress *p = data;
	struct bar *b;
	bool news;

	if (!state)
		state = "";
	set_count(p, count);
	b = &p->bars[index];
	news = !str_eq(b->state, state);
	(void)snprintf(b->id, sizeof(b->id), "%.12s", digest_hex(digest));
	(void)snprintf(b->state, sizeof(b->state), "%s", state);
	b->done = done;
	b->total = total;
	if (p->terminal && (news || clock_mono_ns() - p->painted_ns > PAINT_NS))
		paint(p);
	else if (!p->terminal && news && !str_eq(state, "Waiting") && !str_eq(state, "Extracting"))
		(void)fprintf(stderr, "%s: %s\n", b->id, state);
}

struct progress *progress_new(bool quiet)
{
	struct progress *p = xzalloc(sizeof(*p));
	const char *term = getenv("TERM");

	p->terminal = isatty(STDERR_FILENO) && term && !str_eq(term, "dumb");
	if (!quiet)
		p->callbacks = (struct pull_progress){ .status = on_status, .layer = on_layer };
	p->callbacks.data = p;
	return p;
}

const struct pull_progress *progress_callbacks(struct progress *p)
{
	return &p->callbacks;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	free(p->bars);
	free(p);
}
