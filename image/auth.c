/*
 * Finds credentials. Files are the user's own, but what is in them decides what is sent where: a
 * key counts for the very registry it names. Secrets never appear in messages or arguments: a
 * helper gets the registry's name on its standard input and answers on its output.
 */
#include "image/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "image/base64.h"

#define FILE_LIMIT ((size_t)1 << 20)
#define ANSWER_LIMIT ((size_t)64 << 10)
#define HUB_KEY "https://index.docker.io/v1/"

static void free_secret(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void auth_clear(struct auth *a)
{
	free(a->user);
	free_secret(a->password);
	free_secret(a->identity_token);
	free(a->source);
	*a = (struct auth){ 0 };
}

char *auth_basic(const char *user, const char *password)
{
	auto_str struct str plain = { 0 };
	struct str text = { 0 };

	str_addf(&plain, "%s:%s", user, password);
	str_add(&text, "Basic ");
	base64_encode(plain.data, plain.len, &text);
	explicit_bzero(plain.data, plain.len);
	return str_take(&text);
}

/* -- helpers -- */

/* Starts "docker-credential-NAME get" with the two pipes. */
static int start_helper(const char *program, int ret_fds[2], struct child *ret, struct err *e)
{
	const char *const argv[] = { program, "get", NULL };
	int in[2], out[2], rc;

	if (pipe2(in, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		rc = err_sys(e, "make a pipe");
		close_fd(&in[0]);
		close_fd(&in[1]);
		return rc;
	}
	rc = proc_spawn(&(struct spawn){ .argv = argv,
					 .fds = { in[0], out[1], 2 },
					 .die_with_parent = true },
			ret, e);
	close_fd(&in[0]);
	close_fd(&out[1]);
	if (rc < 0) {
		close_fd(&in[1]);
		close_fd(&out[0]);
		return err_prefix(e, "credential helper '%s'", program);
	}
	ret_fds[0] = in[1];
	ret_fds[1] = out[0];
	return 0;
}

/* Asks a helper: what it prints, and its exit status. */
static int run_helper(const char *program, const char *server, struct str *ret, int *ret_status,
		      struct err *e)
{
	auto_child struct child child = CHILD_NONE;
	int fds[2], rc = start_helper(program, fds, &child, e);
	auto_fd int in = -1, out = -1;

	if (rc < 0)
		return rc;
	in = fds[0];
	out = fds[1];
	rc = fd_write_all(in, server, strlen(server));
	close_fd(&in);
	if (rc == 0 || rc == -EPIPE)
		rc = fd_read_all(out, ANSWER_LIMIT, ret);
	if (rc < 0)
		return err_num(e, -rc, "talk to the credential helper '%s'", program);
	return child_wait(&child, ret_status, e);
}

static int take_helper_answer(const char *program, const struct str *answer, struct auth *ret,
			      struct err *e)
{
	auto_json cJSON *json = NULL;
	const char *user, *secret;
	int rc = json_parse(str_cstr(answer), answer->len, program, &json, e);

	if (rc < 0)
		return rc;
	user = json_str(json, "Username", NULL);
	secret = json_str(json, "Secret", NULL);
	if (!user || !secret)
		return err_set(e, EBADMSG, "%s: an answer without Username and Secret", program);
	if (str_eq(user, "<token>"))
		ret->identity_token = xstrdup(secret);
	else
		ret->password = xstrdup(secret);
	ret->user = xstrdup(user);
	ret->source = xstrdup(program);
	return 1;
}

/* 1: found; 0: the helper has nothing for this registry. */
static int ask_helper(const char *name, const char *domain, struct auth *ret, struct err *e)
{
	const char *server = str_eq(domain, "docker.io") ? HUB_KEY : domain;
	auto_free char *program = NULL;
	auto_str struct str answer = { 0 };
	int status = 0, rc;

	if (!*name || strchr(name, '/'))
		return err_set(e, EINVAL, "'%s' is no name of a credential helper", name);
	program = xasprintf("docker-credential-%s", name);
	rc = run_helper(program, server, &answer, &status, e);
	if (rc < 0)
		return rc;
	if (status == 0)
		rc = take_helper_answer(program, &answer, ret, e);
	else if (!strstr(str_cstr(&answer), "not found"))
		log_warn("credential helper '%s' failed for '%s', continuing without it", program,
			 domain);
	if (answer.len)
		explicit_bzero(answer.data, answer.len);
	return rc;
}

/* -- files -- */

/*
 * A key as people and docker write it, in our form: no scheme, docker.io by its one name. The
 * caller owns it.
 */
static char *normal_key(const char *key)
{
	const char *rest = str_after(key, "https://");
	char *out;

	if (!rest)
		rest = str_after(key, "http://");
	out = rest ? xstrndup(rest, strcspn(rest, "/")) : xstrdup(key);
	if (str_eq(out, "index.docker.io") || str_eq(out, "registry-1.docker.io") ||
	    str_eq(out, "index.docker.io/v1/"))
		replace_ptr(&out, xstrdup("docker.io"));
	return out;
}

/* The entry of an object whose key, normalised, is name. */
static const cJSON *find_key(const cJSON *object, const char *name)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, object) {
		auto_free char *key = normal_key(entry->string);

		if (str_eq(key, name))
			return entry;
	}
	return NULL;
}

static int take_entry(const cJSON *entry, const char *what, struct auth *ret, struct err *e)
{
	const char *encoded = json_str(entry, "auth", ""),
		   *token = json_str(entry, "identitytoken", "");
	auto_str struct str plain = { 0 };
	char *colon;

	if (*token)
		ret->identity_token = xstrdup(token);
	if (*encoded) {
		if (base64_decode(encoded, &plain) < 0 || !plain.len ||
		    strlen(plain.data) != plain.len)
			return err_set(e, EBADMSG,
				       "%s: auths.%s.auth is not base 64 of user:password", what,
				       entry->string);
		colon = strchr(plain.data, ':');
		if (!colon)
			return err_set(e, EBADMSG,
				       "%s: auths.%s.auth is not base 64 of user:password", what,
				       entry->string);
		ret->user = xstrndup(plain.data, (size_t)(colon - plain.data));
		ret->password = xstrdup(colon + 1);
		explicit_bzero(plain.data, plain.len);
	} else if (*json_str(entry, "username", "")) {
		ret->user = xstrdup(json_str(entry, "username", ""));
		ret->password = xstrdup(json_str(entry, "password", ""));
	}
	if (!ret->user && !ret->identity_token)
		return 0;
	ret->source = xstrdup(what);
	return 1;
}

/* "host/a/b", "host/a", "host": the longest key that there is an entry with credentials for. */
static int find_in_auths(const cJSON *auths, const char *what, const char *domain, const char *path,
			 struct auth *ret, struct err *e)
{
	auto_free char *key = xasprintf("%s/%s", domain, path);

	for (;;) {
		const cJSON *entry = find_key(auths, key);
		char *slash = strrchr(key, '/');
		int rc = entry ? take_entry(entry, what, ret, e) : 0;

		if (rc != 0 || !slash)
			return rc;
		*slash = '\0';
	}
}

int auth_find_in(const char *text, size_t len, const char *what, const char *domain,
		 const char *path, struct auth *ret, struct err *e)
{
	auto_json cJSON *root = NULL;
	const cJSON *helper;
	int rc = json_parse(text, len, what, &root, e);

	if (rc < 0)
		return rc;
	if (!cJSON_IsObject(root))
		return err_set(e, EBADMSG, "%s: expected an object", what);
	helper = find_key(json_get(root, "credHelpers"), domain);
	if (cJSON_IsString(helper))
		rc = ask_helper(helper->valuestring, domain, ret, e);
	else if (*json_str(root, "credsStore", ""))
		rc = ask_helper(json_str(root, "credsStore", ""), domain, ret, e);
	return rc != 0 ? rc : find_in_auths(json_get(root, "auths"), what, domain, path, ret, e);
}

static int find_in_file(const char *file, bool must_exist, const char *domain, const char *path,
			struct auth *ret, struct err *e)
{
	auto_str struct str text = { 0 };
	struct err why = { 0 };
	int rc = file_read(AT_FDCWD, file, FILE_LIMIT, &text, &why);

	if (rc == -ENOENT && !must_exist)
		return 0;
	if (rc < 0)
		return err_copy(e, &why);
	if (!text.len)
		return 0;
	rc = auth_find_in(str_cstr(&text), text.len, file, domain, path, ret, e);
	explicit_bzero(text.data, text.len);
	return rc;
}

static void add_path(struct strv *list, const char *dir, const char *rest)
{
	if (dir && *dir == '/')
		strv_addf(list, "%s%s", dir, rest);
}

/* The files that are looked at where none is named, in order. */
static void usual_files(struct strv *ret)
{
	const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME"),
		   *runtime = getenv("XDG_RUNTIME_DIR");
	const char *docker = getenv("DOCKER_CONFIG");

	if (runtime && *runtime)
		add_path(ret, runtime, "/containers/auth.json");
	else
		strv_addf(ret, "/run/containers/%u/auth.json", (unsigned int)getuid());
	if (config && *config)
		add_path(ret, config, "/containers/auth.json");
	else
		add_path(ret, home, "/.config/containers/auth.json");
	if (docker && *docker)
		add_path(ret, docker, "/config.json");
	else
		add_path(ret, home, "/.docker/config.json");
}

static int find_in_files(const struct auth_options *o, const char *domain, const char *path,
			 struct auth *ret, struct err *e)
{
	const char *named = o->authfile ? o->authfile : getenv("REGISTRY_AUTH_FILE");
	auto_strv struct strv files = { 0 };
	int rc = 0;

	if (named && *named)
		return find_in_file(named, o->authfile, domain, path, ret, e);
	usual_files(&files);
	for (size_t i = 0; rc == 0 && i < files.len; i++)
		rc = find_in_file(files.v[i], false, domain, path, ret, e);
	return rc;
}

static int take_creds(const char *creds, struct auth *ret, struct err *e)
{
	const char *colon = strchr(creds, ':');

	if (!colon || colon == creds)
		return err_set(e, EINVAL, "credentials are written as user:password");
	ret->user = xstrndup(creds, (size_t)(colon - creds));
	ret->password = xstrdup(colon + 1);
	ret->source = xstrdup("--creds");
	return 0;
}

int auth_find(const struct auth_options *o, const char *domain, const char *path, struct auth *ret,
	      struct err *e)
{
	auto_auth struct auth a = { 0 };
	int rc = 0;

	if (o->creds)
		rc = take_creds(o->creds, &a, e);
	for (size_t i = 0; rc == 0 && !o->creds && o->helpers && i < o->helpers->len; i++) {
		if (str_eq(o->helpers->v[i], "containers-auth.json"))
			rc = find_in_files(o, domain, path, &a, e);
		else
			rc = ask_helper(o->helpers->v[i], domain, &a, e);
	}
	if (rc == 0 && !o->creds && !(o->helpers && o->helpers->len))
		rc = find_in_files(o, domain, path, &a, e);
	if (rc < 0)
		return rc;
	*ret = a;
	a = (struct auth){ 0 };
	return 0;
}
