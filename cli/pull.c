/* `pod pull`: images from registries into the store. */
#include "image/pull.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "cli/progress.h"

struct pull_options {
	const char *platform, *creds, *authfile, *cert_dir;
	int tls_verify;
	bool quiet;
	struct strv trust_realm;
};

static const struct opt opts[] = {
	OPT_STR(struct pull_options, authfile, 0, "authfile", "file",
		"Credentials (REGISTRY_AUTH_FILE; else auth.json, and docker's config.json)"),
	OPT_STR(struct pull_options, cert_dir, 0, "cert-dir", "dir",
		"Certificates of the registry: *.crt, *.cert and *.key"),
	OPT_STR(struct pull_options, creds, 0, "creds", "user:password",
		"Credentials for the registry"),
	OPT_STR(struct pull_options, platform, 0, "platform", "os/arch[/variant]",
		"Another platform than this machine's"),
	OPT_BOOL(struct pull_options, quiet, 'q', "quiet", "Only print the image's id"),
	OPT_TRI(struct pull_options, tls_verify, 0, "tls-verify",
		"Check the registry's certificate (as registries.conf says)"),
	OPT_LIST(struct pull_options, trust_realm, 0, "trust-realm", "host",
		 "Send credentials to this token server too, for registries that name one on "
		 "another host"),
	OPT_END,
};

static const struct pull_options defaults = { .tls_verify = -1 };

static int pull_one(const struct engine *g, const struct pull_options *o, const char *name,
		    struct err *e)
{
	auto_progress struct progress *progress = progress_new(o->quiet);
	auto_image struct image *img = NULL;
	struct pull p = {
		.platform = o->platform,
		.authfile = o->authfile,
		.creds = o->creds,
		.cert_dir = o->cert_dir,
		.tls_verify = o->tls_verify,
		.trusted_realms = &o->trust_realm,
		.progress = progress_callbacks(progress),
	};
	int rc = image_pull(&g->store, name, &p, &img, e);

	if (rc < 0)
		return rc;
	(void)printf("%s\n", img->id);
	return 0;
}

static int run_pull(const struct cli *c, void *opts_of, int argc, char **argv, struct err *e)
{
	const struct pull_options *o = opts_of;
	auto_engine struct engine g = ENGINE_CLOSED;
	int rc = open_store(c, &g, e);

	for (int i = 0; rc >= 0 && i < argc; i++)
		rc = pull_one(&g, o, argv[i], e);
	return rc < 0 ? rc : 0;
}

const struct cmd cmd_pull = {
	.name = "pull",
	.usage = "[OPTIONS] NAME[:TAG|@DIGEST] [NAME...]",
	.summary = "Download an image from a registry",
	.group = CMD_IMAGES,
	.min_args = 1,
	.max_args = CMD_ANY,
	.opts = opts,
	.size = sizeof(struct pull_options),
	.defaults = &defaults,
	.run = run_pull,
};
