/* Internal: the commands of the program: each is one file cmd_NAME.c and a few calls of the library. */
#ifndef ELBO_CLI_COMMAND_H
#define ELBO_CLI_COMMAND_H

#include "../nn/model/model.h"

/* What elbo_main was called with. */
typedef struct {
    const char *name;                /* for messages and help: "elbo"  */
    const elbo_model *const *models; /* then NULL                      */
} program;

extern program elbo__cli;

/* Exit statuses besides 0: a failure, with one line on stderr; wrong usage. What fails because of a signal
 * has the status of elbo__cli_interrupted() instead. */
enum { FAILED = 1, USAGE = 64 };

typedef struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
    bool aside;                        /* for the shell: it works on no model, and is listed last */
} command;

extern const command elbo__cli_commands[]; /* the last one has no name */
extern const char elbo__cli_help_summary[]; /* of `help`, which is none of them */

/* NULL, and a message that names one that may be meant, where there is no command of that name. */
const command *elbo__cli_find_command(const char *name);

int elbo__cmd_train(int argc, char **argv);
int elbo__cmd_sample(int argc, char **argv);
int elbo__cmd_reconstruct(int argc, char **argv);
int elbo__cmd_interpolate(int argc, char **argv);
int elbo__cmd_traverse(int argc, char **argv);
int elbo__cmd_manifold(int argc, char **argv);
int elbo__cmd_scatter(int argc, char **argv);
int elbo__cmd_features(int argc, char **argv);
int elbo__cmd_angles(int argc, char **argv);
int elbo__cmd_encode(int argc, char **argv);
int elbo__cmd_decode(int argc, char **argv);
int elbo__cmd_classify(int argc, char **argv);
int elbo__cmd_evaluate(int argc, char **argv);
int elbo__cmd_anomaly(int argc, char **argv);
int elbo__cmd_frechet(int argc, char **argv);
int elbo__cmd_compare(int argc, char **argv);
int elbo__cmd_export(int argc, char **argv);
int elbo__cmd_impute(int argc, char **argv);
int elbo__cmd_import(int argc, char **argv);
int elbo__cmd_report(int argc, char **argv);
int elbo__cmd_info(int argc, char **argv);
int elbo__cmd_plan(int argc, char **argv);
int elbo__cmd_models(int argc, char **argv);
int elbo__cmd_manual(int argc, char **argv);
int elbo__cmd_completion(int argc, char **argv);

/* For what the program itself could not allocate: the library's last message is about something else. */
int elbo__cli_out_of_memory(void);

/* Says the library's last message and returns FAILED. */
int elbo__cli_fail(void);

#endif
