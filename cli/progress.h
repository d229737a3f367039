/* What `elbo train` says on stderr while it trains: a live line on a terminal, else plain lines now and then. */
#ifndef ELBO_CLI_PROGRESS_H
#define ELBO_CLI_PROGRESS_H

#include "../nn/train.h"

typedef struct {
    bool live;      /* stderr is a terminal               */
    double shown;   /* when the last line was written, in seconds */
} progress_line;

double now(void); /* seconds on a clock that only goes forward */

progress_line progress_start(void);

/* The callback of elbo_training; `line` is a progress_line. Returns false once Ctrl-C was pressed. */
bool progress_show(void *line, const elbo_progress *progress);

/* Leaves the cursor at the start of an empty line. */
void progress_end(const progress_line *line);

/* From now on the first SIGINT or SIGTERM only makes `interrupted` true; a second one ends the program at once. */
void catch_interrupts(void);
bool interrupted(void);

#endif
