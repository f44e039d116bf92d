/*
 * Commands as tables, for both faces of the program: `pod CMD` and `pod oci CMD`. A file a command
 * exports one `const struct cmd`; cli/commands.c and cli/oci/commands.c list them. The frame
 * (cli/cmd.c) parses options by the table, checks the number of arguments, prints --help and
 * errors; a command's function starts with everything checked.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/opt.h"

struct err;
struct face;

/* What a command knows of its surroundings: the global options and how it was called. */
struct cli {
	const struct face *face;
	const char *noun;      /* "image" in `pod image ls`; NULL without one */
	const struct cmd *cmd; /* the command that runs */
	const char *root; /* --root: data folder (pod) or state root (pod oci); NULL: the default */
	bool debug;       /* --debug */
	const char *log_level; /* --log-level */
	/* pod */
	const char *runroot;        /* --runroot; NULL: the default */
	const char *storage_driver; /* --storage-driver; NULL: the best that works */
	bool userns_single;         /* POD_USERNS=single */
	bool version;               /* --version */
	/* pod oci */
	const char *log;        /* --log: file */
	const char *log_format; /* --log-format: "text" or "json" */
	bool systemd_cgroup;    /* --systemd-cgroup */
	const char *ignored;    /* options of runc that mean nothing here (--criu, --rootless) */
};

enum cmd_flags {
	CMD_STOP = 1,     /* options end at the first argument (run, exec) */
	CMD_KEEP_FDS = 2, /* inherited fds from 3 on stay open (close-on-exec); elsewhere the frame
			     has closed them */
	CMD_RAW = 4,      /* argv comes as it is: no options, no --help, no count (oci) */
	CMD_HIDDEN = 8,   /* not in help, completion or the manual */
};

/* Where `pod help` shows a command. */
enum cmd_group { CMD_CONTAINERS, CMD_IMAGES, CMD_OTHER };

#define CMD_ANY (-1)

struct cmd {
	const char *name;       /* "rm" */
	const char *aliases[3]; /* further names, hidden from the list: "remove" */
	const char *usage;      /* what follows the name: "[OPTIONS] IMAGE [COMMAND] [ARG...]" */
	const char *summary;    /* one line: "Create and run a new container from an image" */
	const char *about;      /* more lines for --help; NULL: none */
	enum cmd_group group;
	unsigned int flags;     /* enum cmd_flags */
	int failed;             /* exit status of a failure that names none; 0: the face's */
	int min_args, max_args; /* of arguments; CMD_ANY: no upper bound */
	const struct opt *opts; /* OPT_END-terminated; NULL: none but --help */
	size_t size;            /* of the struct that opts fills; 0: none */
	const void *defaults;   /* such a struct; NULL: all zero */
	/*
	 * Does it. opts: the filled struct, freed by the frame; argv: the arguments,
	 * NULL-terminated. Returns the exit status (0 or more), or a negative errno with *e,
	 * printed as one line; the status is then e->status or 125.
	 */
	int (*run)(const struct cli *c, void *opts, int argc, char **argv, struct err *e);
};

/* One verb of a noun: `pod image ls` is the command `images`. */
struct cmd_verb {
	const char *name;
	const struct cmd *cmd;
};

struct cmd_noun {
	const char *name;             /* "image" */
	const char *summary;          /* "Manage images" */
	const struct cmd_verb *verbs; /* .name NULL ends */
};

/* A command line: a program name, its global options, its commands. */
struct face {
	const char *name; /* "pod", "pod oci" */
	const char *summary;
	const struct opt *globals;     /* into struct cli */
	unsigned int opt_flags;        /* OPT_GO_STYLE, for globals and commands */
	const struct cmd *const *cmds; /* NULL ends */
	const struct cmd_noun *nouns;  /* .name NULL ends; NULL: none */
	int failed;                    /* exit status of a failure that names none; 0: 125 */
	/* Called with the global options parsed (log level, log file, …); may be NULL. */
	int (*prepare)(struct cli *c, struct err *e);
	/* Prints an error; NULL: "pod: MESSAGE" on stderr. */
	void (*report)(const struct cli *c, const struct err *e);
	/* Prints --version. */
	int (*version)(const struct cli *c, struct err *e);
};

/* Runs a face on argv[0..argc) (argv[0]: the program's name). Returns the process's exit status;
 * stdout has been flushed and checked. */
int face_run(const struct face *f, struct cli *c, int argc, char **argv);

/* A command by name or alias, a verb of a noun (noun not NULL); NULL: there is none. */
const struct cmd *face_find(const struct face *f, const char *noun, const char *name);

/* The text of `pod CMD --help`, to f. */
void cmd_print_help(const struct cli *c, const struct cmd *cmd, FILE *f);

/*
 * Prints an error as the frame does: for commands that go on with their next argument, and return
 * 1 as exit status in the end.
 */
void cmd_report(const struct cli *c, const struct err *e);

/* For errors in a command's own arguments: FORMAT, then "See 'pod run --help'" on a line of its
 * own. Status 125. -EINVAL. */
int cmd_usage_error(const struct cli *c, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
