/* Internal: where a command's images come from. */
#ifndef ELBO_CLI_DATA_H
#define ELBO_CLI_DATA_H

#include "../io/dataset.h"
#include "../nn/runs/run.h"

#define DEFAULT_DATA "mnist"

extern const char *const elbo__cli_part_names[]; /* of OPTION_PART: test, train */

typedef struct {
    char *folder;    /* what elbo_images_load is given; free with free; NULL: memory is short */
    const char *run; /* the run that knows it; NULL: the command line, or the usual           */
    bool missing;    /* NaN stands for a missing value                                        */
    const char *columns; /* what those of a table hold, borrowed of the run's options or the model's; NULL: numbers   */
    bool exact;      /* they are known: see elbo_images_load_columns                          */
    bool unknown;    /* the run was made by a program, on arrays that have no name            */
} data_source;

/* What OPTION_DATA says of `values`: the data that were named; without a name those that the run (or NULL), which was
 * given as `path`, was trained on; without a run DEFAULT_DATA. Values may be missing where the option says so, or the
 * run was trained in that way. */
data_source elbo__cli_choose_data(const elbo_values *values, const elbo_run *run, const char *path);

/* The data of the training, whatever a command line names besides; `unknown` where a program trained it. */
data_source elbo__cli_training_data(const elbo_run *run, const char *path);

/* Whether the same data are meant, as seen from anywhere. */
bool elbo__cli_same_data(const char *one, const char *other);

/* Where the options ask for likelihood columns the data are a table of columns, as option columns says; `exact` as for
 * elbo_images_load_columns. */
void elbo__cli_choose_columns(data_source *source, const elbo_values *options, bool exact);

/* Notes with a run what it is trained on, for commands that run elsewhere. */
elbo_status elbo__cli_note_data(elbo_run *run, const data_source *source) ELBO_MUST_CHECK;

/* Reads a part of a folder; `classes` as for elbo_images_load. Says on stderr what is wrong, and where the name of the
 * folder came from, and returns false. */
bool elbo__cli_read_part(const data_source *source, const char *part, int classes, elbo_images *out);

/* The same for a part that is to be used with a run: it must fit, and classes go by their names. What a run does not
 * take labels for is read without; with `labels`, with those that can be used, and a warning where none can. */
bool elbo__cli_read_part_for(const elbo_run *run, const data_source *source, const char *part, bool labels,
                             elbo_images *out);

/* Whether there is a test part; true also where that cannot be told, so that reading it says why. */
bool elbo__cli_has_test_part(const data_source *source);

/* One line on stderr of what was found, and others of what is missing and, where the command line names the data, of
 * what the folder holds besides. */
void elbo__cli_tell_data(const data_source *source, const elbo_images *images);

/* The same of both parts together, and how they are used: `test` is NULL where there is no test part, and `held` of the
 * training part's images are held out for validation. "data: shapes: 600 images of 3 x 24 x 24, u8 0..255, 3 classes
 * (circle, square, triangle): 486 for training, 54 for validation, 60 for testing" */
void elbo__cli_tell_training_data(const data_source *source, const elbo_images *train, const elbo_images *test,
                                  int64_t held);

#endif
