/* The caller's own terminal: raw while a container's terminal is shown on it, and its size. */
#ifndef ENGINE_TERMINAL_H
#define ENGINE_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

struct terminal {
	bool raw;
	struct termios before;
};

/* Makes fd 0 raw where it is a terminal. */
void terminal_raw(struct terminal *t);
/* Gives it back as it was. */
void terminal_restore(struct terminal *t);

#define auto_terminal __attribute__((cleanup(terminal_restore)))

/* Size of the terminal on 0, 1 or 2; false and 0 where there is none. */
bool terminal_size(uint32_t *ret_rows, uint32_t *ret_cols);

#endif
