/* libcurl's functions that pod uses, loaded on first use. Only http*.c and url.c include this. */
#ifndef IMAGE_CURL_H
#define IMAGE_CURL_H

#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>

struct err;

struct curl_table {
	typeof(curl_global_init) *curl_global_init;
	typeof(curl_easy_init) *curl_easy_init;
	typeof(curl_easy_setopt) *curl_easy_setopt;
	typeof(curl_easy_getinfo) *curl_easy_getinfo;
	typeof(curl_easy_cleanup) *curl_easy_cleanup;
	typeof(curl_easy_pause) *curl_easy_pause;
	typeof(curl_easy_strerror) *curl_easy_strerror;
	typeof(curl_multi_init) *curl_multi_init;
	typeof(curl_multi_setopt) *curl_multi_setopt;
	typeof(curl_multi_cleanup) *curl_multi_cleanup;
	typeof(curl_multi_add_handle) *curl_multi_add_handle;
	typeof(curl_multi_remove_handle) *curl_multi_remove_handle;
	typeof(curl_multi_perform) *curl_multi_perform;
	typeof(curl_multi_poll) *curl_multi_poll;
	typeof(curl_multi_info_read) *curl_multi_info_read;
	typeof(curl_multi_strerror) *curl_multi_strerror;
	typeof(curl_slist_append) *curl_slist_append;
	typeof(curl_slist_free_all) *curl_slist_free_all;
	typeof(curl_url) *curl_url;
	typeof(curl_url_set) *curl_url_set;
	typeof(curl_url_get) *curl_url_get;
	typeof(curl_url_cleanup) *curl_url_cleanup;
	typeof(curl_free) *curl_free;
};

extern struct curl_table curl;

/* Loads it once. -ENOENT: there is no libcurl; the message says which package brings it. */
int curl_load(struct err *e);

#endif
