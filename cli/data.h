/* Where a command's images come from. */
#ifndef ELBO_CLI_DATA_H
#define ELBO_CLI_DATA_H

#include "../io/dataset.h"
#include "../nn/run.h"

#define DEFAULT_DATA "data/mnist"

#define CLASS_NAMES "class-names" /* the note of a run that says which class is which: "cat,dog" */

extern const char *const part_names[]; /* of OPTION_PART: test, train */

/* The folder that was named with --data; where that is "", the one that the run (or NULL) was trained on, else
 * DEFAULT_DATA. A new string; NULL when memory is short. */
char *choose_data(const char *named, const elbo_run *run);

/* Reads a part of a folder; `classes` as for elbo_images_load. Says on stderr what is wrong and returns false. */
bool read_part(const char *folder, const char *part, int classes, elbo_images *out);

/* The same for a part that is to be used with a run: it must fit, and labels lie within the run's classes. */
bool read_part_for(const elbo_run *run, const char *folder, const char *part, elbo_images *out);

#endif
