/* The commands of `pod`, a file each; and the two faces that list them. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cmd.h"

extern const struct face pod_face; /* cli/commands.c */
extern const struct face oci_face; /* cli/oci/commands.c */

extern const struct cmd cmd_attach;
extern const struct cmd cmd_create;
extern const struct cmd cmd_dump; /* __options: the tables for machines */
extern const struct cmd cmd_exec;
extern const struct cmd cmd_export;
extern const struct cmd cmd_history;
extern const struct cmd cmd_images;
extern const struct cmd cmd_import;
extern const struct cmd cmd_info;
extern const struct cmd cmd_inspect;
extern const struct cmd cmd_kill;
extern const struct cmd cmd_logs;
extern const struct cmd cmd_oci;
extern const struct cmd cmd_ps;
extern const struct cmd cmd_pull;
extern const struct cmd cmd_rm;
extern const struct cmd cmd_rmi;
extern const struct cmd cmd_run;
extern const struct cmd cmd_start;
extern const struct cmd cmd_stop;
extern const struct cmd cmd_tag;
extern const struct cmd cmd_version;
extern const struct cmd cmd_wait;

/* "0.1.0"; and the commit that it was built from, 12 digits or "unknown". cli/version.c */
const char *version_text(void);
const char *version_commit(void);
/* The machine's name in images: "amd64". */
const char *version_arch(void);

#endif
