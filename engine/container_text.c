/* Containers as tables show them: see container.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "engine/container.h"

const char *container_status_text(const struct container *c, char *buf, size_t size)
{
	char age[64];
	int64_t now = clock_now_ns();

	switch (c->status) {
	case CONTAINER_RUNNING:
	case CONTAINER_PAUSED:
		(void)clock_age(now - c->run.started_ns, age, sizeof(age));
		(void)snprintf(buf, size, "Up %s%s%s%s%s", age, c->health[0] ? " (" : "",
			       str_eq(c->health, "starting") ? "health: starting" : c->health,
			       c->health[0] ? ")" : "",
			       c->status == CONTAINER_PAUSED ? " (Paused)" : "");
		break;
	case CONTAINER_RESTARTING:
	case CONTAINER_EXITED:
		(void)clock_age(now - c->exit.finished_ns, age, sizeof(age));
		(void)snprintf(buf, size, "%s (%lld) %s ago",
			       c->status == CONTAINER_EXITED ? "Exited" : "Restarting",
			       (long long)c->exit.code, age);
		break;
	case CONTAINER_REMOVING:
		(void)snprintf(buf, size, "Removal In Progress");
		break;
	case CONTAINER_DEAD:
		(void)snprintf(buf, size, "Dead");
		break;
	case CONTAINER_CREATED:
		(void)snprintf(buf, size, "Created");
		break;
	}
	return buf;
}

static int by_port(const void *a, const void *b)
{
	const struct record_port *x = a, *y = b;
	int protocol = strcmp(x->protocol, y->protocol);

	return x->container_port != y->container_port
		       ? (x->container_port > y->container_port) -
				 (x->container_port < y->container_port)
		       : protocol;
}

/* One published port; every address is docker's "0.0.0.0". */
static void add_published(struct str *out, const struct record_port *p)
{
	const char *ip = p->host_ip && p->host_ip[0] ? p->host_ip : "0.0.0.0";
	bool six = strchr(ip, ':');

	str_addf(out, "%s%s%s%s:%u->%u/%s", out->len ? ", " : "", six ? "[" : "", ip,
		 six ? "]" : "", p->host_port, p->container_port, p->protocol);
}

static bool is_published(const struct container *c, const char *exposed)
{
	for (size_t i = 0; i < c->run.n_ports; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%u/%s", c->run.ports[i].container_port,
			       c->run.ports[i].protocol);
		if (str_eq(text, exposed))
			return true;
	}
	return false;
}

char *container_ports_text(const struct container *c)
{
	auto_str struct str out = { 0 };

	if (c->status != CONTAINER_RUNNING && c->status != CONTAINER_PAUSED)
		return xstrdup("");
	if (c->run.n_ports)
		qsort(c->run.ports, c->run.n_ports, sizeof(*c->run.ports), by_port);
	for (size_t i = 0; i < c->run.n_ports; i++)
		add_published(&out, &c->run.ports[i]);
	for (size_t i = 0; i < c->record->expose.len; i++)
		if (!is_published(c, c->record->expose.v[i]))
			str_addf(&out, "%s%s", out.len ? ", " : "", c->record->expose.v[i]);
	return str_take(&out);
}

/* Blocks below fd, without what is not readable; takes fd. */
static int64_t tree_size(int fd, unsigned int depth)
{
	auto_dir DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int64_t sum = 0;

	if (!dir) {
		close_fd(&fd);
		return 0;
	}
	while ((entry = readdir(dir))) {
		struct stat st;
		int sub;

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, "..") ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		sum += (int64_t)st.st_blocks * 512;
		if (!S_ISDIR(st.st_mode) || depth > 1000)
			continue;
		sub = openat(dirfd(dir), entry->d_name,
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0)
			sum += tree_size(sub, depth + 1);
	}
	return sum;
}

int64_t container_size(const struct container *c)
{
	int fd = openat(c->dirfd, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? 0 : tree_size(fd, 0);
}
