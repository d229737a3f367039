/* Internal: a training of a run in a folder, and what it came to: for new ones and for those that go on. */
#ifndef ELBO_CLI_TRAINING_H
#define ELBO_CLI_TRAINING_H

#include "../nn/training/train.h"
#include "result.h"

/* Trains, with the progress on stderr, and says on stderr what went wrong or where the training was stopped. Returns
 * the exit status; with EXIT_SUCCESS *last is the last epoch. */
int elbo__cli_train_run(elbo_run *run, const elbo_images *train, const elbo_images *test, elbo_training how,
                        elbo_epoch *last);

/* Members and lines of what a finished training left in its folder. */
void elbo__cli_give_training(result *r, const elbo_run *run, const char *folder, const elbo_epoch *last);

/* A figure that the run notes, such as test-elbo; NaN: it has none. */
double elbo__cli_noted_figure(const elbo_run *run, const char *note);

/* A path as a shell takes it: in quotes where that is needed. A new string, freed with free; NULL: out of memory. */
char *elbo__cli_quoted(const char *path);

/* elbo train MODEL. goes_on: with seeds that were trained before, in the folder of --out. */
int elbo__cli_train(int argc, char **argv, bool goes_on);

/* The file that says what the runs in a folder of several seeds have in common; freed with free. NULL: it is none. */
char *elbo__cli_seeds_config(const char *folder);

/* elbo train --resume RUN */
bool elbo__cli_asks_to_resume(int argc, char **argv);
int elbo__cli_resume(int argc, char **argv);

#define OPTION_RESUME                                                                                                  \
    {.name = "resume", .type = ELBO_TEXT, .metavar = "RUN",                                                           \
     .help = "go on with an interrupted training as if it had never stopped; model and options are those it has, "    \
             "and only epochs (for more of them), data and threads may be named besides"}

#endif
