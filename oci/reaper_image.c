/* The bytes of pod-init (reaper_program.c), as built: see reaper.c. */
#include "oci/reaper.h"

__asm__(".section .rodata\n"
	".balign 16\n"
	"reaper_image:\n"
	"\t.incbin \"oci/pod-init\"\n"
	"reaper_image_end:\n"
	".previous\n");

extern const char reaper_image[], reaper_image_end[];

const void *reaper_program(size_t *ret_len)
{
	*ret_len = (size_t)(reaper_image_end - reaper_image);
	return reaper_image;
}
