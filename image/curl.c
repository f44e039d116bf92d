/* The table of libcurl's functions: any build of it will do, OpenSSL's first. */
#include "image/curl.h"

#include <errno.h>
#include <stdbool.h>

#include "base/dl.h"
#include "base/err.h"
#include "base/mem.h"

struct curl_table curl;

int curl_load(struct err *e)
{
	static const char *const sonames[] = { "libcurl.so.4", "libcurl-gnutls.so.4", NULL };
	static const struct dl_symbol symbols[] = {
		DL_SYMBOL(curl, curl_global_init),
		DL_SYMBOL(curl, curl_easy_init),
		DL_SYMBOL(curl, curl_easy_setopt),
		DL_SYMBOL(curl, curl_easy_getinfo),
		DL_SYMBOL(curl, curl_easy_cleanup),
		DL_SYMBOL(curl, curl_easy_pause),
		DL_SYMBOL(curl, curl_easy_strerror),
		DL_SYMBOL(curl, curl_multi_init),
		DL_SYMBOL(curl, curl_multi_setopt),
		DL_SYMBOL(curl, curl_multi_cleanup),
		DL_SYMBOL(curl, curl_multi_add_handle),
		DL_SYMBOL(curl, curl_multi_remove_handle),
		DL_SYMBOL(curl, curl_multi_perform),
		DL_SYMBOL(curl, curl_multi_poll),
		DL_SYMBOL(curl, curl_multi_info_read),
		DL_SYMBOL(curl, curl_multi_strerror),
		DL_SYMBOL(curl, curl_slist_append),
		DL_SYMBOL(curl, curl_slist_free_all),
		DL_SYMBOL(curl, curl_url),
		DL_SYMBOL(curl, curl_url_set),
		DL_SYMBOL(curl, curl_url_get),
		DL_SYMBOL(curl, curl_url_cleanup),
		DL_SYMBOL(curl, curl_free),
	};
	static bool loaded;
	int rc;

	if (loaded)
		return 0;
	rc = dl_load(sonames, "libcurl4", symbols, ARRAY_SIZE(symbols), e);
	if (rc < 0)
		return rc;
	if (curl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, EIO, "libcurl cannot be started");
	loaded = true;
	return 0;
}
