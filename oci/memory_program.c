/* Executable files in memory: see memory_program.h. */
#include "oci/memory_program.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/fd.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Without MFD_EXEC before Linux 6.3. */
int memory_program_open(const char *name, const void *bytes, size_t len, struct err *e)
{
	auto_fd int fd = memfd_create(name, MFD_CLOEXEC | MFD_EXEC);
	int r;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "make a file in memory for '%s'", name);
	r = fd_write_all(fd, bytes, len);
	return r < 0 ? err_num(e, -r, "write '%s' to memory", name) : take_fd(&fd);
}

/* pod-exec (exec_program.c) as built. */
__asm__(".section .rodata\n"
	".balign 16\n"
	"exec_image:\n"
	"\t.incbin \"oci/pod-exec\"\n"
	"exec_image_end:\n"
	".previous\n");

extern const char exec_image[], exec_image_end[];

int memory_program_exec(struct err *e)
{
	return memory_program_open("pod-exec", exec_image, (size_t)(exec_image_end - exec_image),
				   e);
}
