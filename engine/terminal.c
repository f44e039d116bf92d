/* The caller's terminal: see terminal.h. Runs in the command. */
#include "engine/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

void terminal_raw(struct terminal *t)
{
	struct termios raw;

	if (t->raw || tcgetattr(0, &t->before) < 0)
		return;
	raw = t->before;
	cfmakeraw(&raw);
	t->raw = tcsetattr(0, TCSANOW, &raw) == 0;
}

void terminal_restore(struct terminal *t)
{
	if (t->raw)
		(void)tcsetattr(0, TCSANOW, &t->before);
	t->raw = false;
}

bool terminal_size(uint32_t *ret_rows, uint32_t *ret_cols)
{
	struct winsize w;

	*ret_rows = *ret_cols = 0;
	for (int fd = 0; fd < 3; fd++)
		if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col) {
			*ret_rows = w.ws_row;
			*ret_cols = w.ws_col;
			return true;
		}
	return false;
}
