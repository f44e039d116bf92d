/*
 * Messages for people: warnings and debug lines to stderr, or to the file and in the format that
 * --log and --log-format ask for. One process-wide sink; set once in main.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

struct err;

/*
 * name stands before each text line ("pod: warning: …"). Default: warnings and errors, text,
 * stderr.
 */
void log_name(const char *name);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
int log_level_parse(const char *s, enum log_level *ret, struct err *e);
/*
 * Appends to a file from here on (fd is owned by the log). JSON lines are {"level","msg","time"} as
 * runc writes them.
 */
void log_set_sink(int fd, enum log_format format);
/* The fd that log lines go to (2 by default): so that children can keep it. */
int log_fd(void);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

#endif
