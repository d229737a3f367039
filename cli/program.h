/* A program of one's own: all that `elbo` does, for a list of models.
 *
 *     #include <elbo.h>
 *     static const elbo_model mine = {.name = "mine", ...};                          // nn/model/model.h
 *     int main(int argc, char **argv) { return elbo_main(argc, argv, (const elbo_model *const[]){&mine, NULL}); }
 *
 * Then `./mine train mine`, `./mine sample RUN`, `./mine --help` and so on. The library's models may stand in the list
 * too: {&mine, &elbo_model_vae, NULL}. `elbo` itself is these three lines with elbo_models.
 */
#ifndef ELBO_CLI_PROGRAM_H
#define ELBO_CLI_PROGRAM_H

#include "../nn/model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs the command that argv names, and returns the exit status: 0; 1: a failure, with a line on stderr; 64: wrong
 * usage; 128 + the signal's number: stopped by SIGINT, SIGTERM or SIGHUP. `models` ends with NULL and holds one model
 * at least, each with a name of its own; where there is one only, the command line need not name it. argv, which ends
 * with NULL as that of main, may come back changed. Messages and help begin with the last part of argv[0].
 *
 * This is the only function of the library that prints, that ends the process (after --help and on wrong usage) and
 * that sets what belongs to the process: from then on the three signals are caught, SIGPIPE and SIGXFSZ ignored. It is
 * called once, from main. What it prints is the same in every locale. */
ELBO_API int elbo_main(int argc, char **argv, const elbo_model *const *models);

#ifdef __cplusplus
}
#endif
#endif
