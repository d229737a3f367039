/* Internal: the commands that take a trained run: `elbo COMMAND RUN [OPTION...]`. */
#ifndef ELBO_CLI_ON_RUN_H
#define ELBO_CLI_ON_RUN_H

#include "../nn/runs/run.h"
#include "options.h"

/* What a command works on. */
typedef struct {
    elbo_run *run;
    const char *path;           /* the run's name as it was given                  */
    const char *second;         /* the argument after it, where line->args has one */
    const elbo_values *values;  /* of the first group of options                   */
    const elbo_values *others;  /* of the second, where there is one               */
    const elbo_images *images;  /* NULL: none were asked for                       */
    const char *folder;         /* where they are from                             */
    const char *part;           /* and which of them: test, train                  */
    bool first_only;            /* the command sees only those of OPTION_FIRST     */
} run_job;

/* Parses the command line, which is RUN where line->args is NULL (its first group has OPTION_THREADS), loads the run
 * and works on it. Where `wants_images` says so, it also reads those that OPTION_DATA and OPTION_PART name (the
 * training part of data without another, if no part was asked for); NULL: never. Returns the exit status. */
int elbo__cli_on_run(command_line *line, int argc, char **argv, bool (*wants_images)(const run_job *job),
                     int (*work)(const run_job *job));

bool elbo__cli_always(const run_job *job); /* images are wanted in any case */

/* elbo__cli_on_run for work that shows the labels of images where they have some, also of a run that takes none. */
int elbo__cli_on_run_with_labels(command_line *line, int argc, char **argv, bool (*wants_images)(const run_job *job),
                                 int (*work)(const run_job *job));

/* *label = the class that OPTION_LABEL means, or ELBO_EACH_CLASS. Says on stderr why there are no images of it. */
bool elbo__cli_find_label(const run_job *job, int *label);

/* Whether a file of that name is what a run is made of. */
bool elbo__cli_is_part_of_run(const char *path);

/* Whether the name of a file that an option gives ends as files of its kind do (a pipe or a device that is there may
 * have any name); says on stderr if not. */
bool elbo__cli_has_end(const char *option, const char *path, const char *end);

/* What would be known only after all has been measured: that option "per-image" names no file that can be written. An
 * exit status; says why. */
int elbo__cli_check_per_image(const run_job *job);

/* Exit status of a command whose last work was to write the file of OPTION_OUTPUT; says what it wrote, and shows it
 * where OPTION_PREVIEW asks for that. */
int elbo__cli_wrote(const run_job *job, const char *what, elbo_status status);

#endif
