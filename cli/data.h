/* Internal: where a command's images come from. */
#ifndef ELBO_CLI_DATA_H
#define ELBO_CLI_DATA_H

#include "../io/dataset.h"
#include "../nn/runs/run.h"

#define DEFAULT_DATA "data/mnist"

extern const char *const elbo__cli_part_names[]; /* of OPTION_PART: test, train */

typedef struct {
    char *folder;    /* free with free; NULL: memory is short                        */
    const char *run; /* the run that knows it; NULL: the command line, or the usual  */
} data_source;

/* The folder that was named with --data; where that is "", the one that the run (or NULL), which was given as `path`,
 * was trained on, else DEFAULT_DATA. */
data_source elbo__cli_choose_data(const char *named, const elbo_run *run, const char *path);

/* The same folder for a command that runs elsewhere: sprites, or an absolute path. A new string; NULL when memory is
 * short. */
char *elbo__cli_from_anywhere(const char *folder);

/* Reads a part of a folder; `classes` as for elbo_images_load. Says on stderr what is wrong, and where the name of the
 * folder came from, and returns false. */
bool elbo__cli_read_part(const data_source *source, const char *part, int classes, elbo_images *out);

/* The same for a part that is to be used with a run: it must fit, and classes go by their names. What a run does not
 * take labels for is read without; with `labels`, with those that can be used, and a warning where none can. */
bool elbo__cli_read_part_for(const elbo_run *run, const data_source *source, const char *part, bool labels,
                             elbo_images *out);

/* Whether there is a test part; true also where that cannot be told, so that reading it says why. */
bool elbo__cli_has_test_part(const data_source *source);

/* One line on stderr of what the folder holds besides the images, if anything. */
void elbo__cli_tell_left_out(const data_source *source, const elbo_images *images);

#endif
