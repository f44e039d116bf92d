/* Reads certs.d folders into what http.c takes. */
#include "image/certs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/http.h"

#define FILE_LIMIT ((size_t)4 << 20)

/* The folder for domain, or NULL. The caller owns it. */
static char *find_folder(const char *domain)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	auto_strv struct strv list = { 0 };

	if (config && *config == '/')
		strv_addf(&list, "%s/containers/certs.d/%s", config, domain);
	else if (home && *home == '/')
		strv_addf(&list, "%s/.config/containers/certs.d/%s", home, domain);
	strv_addf(&list, "/etc/containers/certs.d/%s", domain);
	strv_addf(&list, "/etc/docker/certs.d/%s", domain);
	for (size_t i = 0; i < list.len; i++)
		if (access(list.v[i], R_OK | X_OK) == 0)
			return xstrdup(list.v[i]);
	return NULL;
}

static int add_authority(const char *file, struct http_trust *ret, struct err *e)
{
	int rc = file_read(AT_FDCWD, file, FILE_LIMIT, &ret->ca, e);

	str_add_char(&ret->ca, '\n');
	return rc < 0 ? rc : 0;
}

/* NAME.cert, with its NAME.key. */
static int add_client(const char *file, const char *domain, struct http_trust *ret, struct err *e)
{
	auto_free char *key = xasprintf("%.*s.key", (int)(strlen(file) - strlen(".cert")), file);

	if (access(key, R_OK) < 0)
		return err_sys(e, "read the key '%s' of the certificate '%s'", key, file);
	replace_ptr(&ret->cert_file, xstrdup(file));
	replace_ptr(&ret->key_file, take_ptr(&key));
	replace_ptr(&ret->client_host, xstrndup(domain, domain[0] == '[' ? strcspn(domain, "]") + 1
									 : strcspn(domain, ":")));
	return 0;
}

static int read_folder(const char *folder, const char *domain, struct http_trust *ret,
		       struct err *e)
{
	auto_dir DIR *dir = opendir(folder);
	auto_strv struct strv names = { 0 };
	int rc = 0;

	if (!dir)
		return err_sys(e, "open the folder of certificates '%s'", folder);
	for (struct dirent *d; (d = readdir(dir));)
		strv_add(&names, d->d_name);
	strv_sort(&names);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		auto_free char *file = xasprintf("%s/%s", folder, names.v[i]);

		if (str_ends(names.v[i], ".crt"))
			rc = add_authority(file, ret, e);
		else if (str_ends(names.v[i], ".cert"))
			rc = add_client(file, domain, ret, e);
	}
	return rc;
}

int certs_load(const char *cert_dir, const char *domain, struct http_trust *ret, struct err *e)
{
	auto_free char *found = cert_dir ? xstrdup(cert_dir) : find_folder(domain);
	struct http_trust out = { .verify = true };
	int rc = found ? read_folder(found, domain, &out, e) : 0;

	if (rc < 0)
		certs_clear(&out);
	else
		*ret = out;
	return rc;
}

void certs_clear(struct http_trust *t)
{
	str_free(&t->ca);
	free(t->cert_file);
	free(t->key_file);
	free(t->client_host);
	*t = (struct http_trust){ 0 };
}
