/* Published ports: what is accepted stays within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	struct net_ports p = { 0 };

	if (net_port_parse(text, &p, NULL) == 0 && p.n == 0)
		abort();
	for (size_t i = 0; i < p.n; i++)
		if (p.v[i].container_port == 0 || !*p.v[i].protocol)
			abort();
	net_ports_clear(&p);
	return 0;
}
