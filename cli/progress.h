/* Internal: what the program says on stderr while it works: a live line on a terminal, else plain lines now and then.
 * There is one such line, whoever writes it.
 */
#ifndef ELBO_CLI_PROGRESS_H
#define ELBO_CLI_PROGRESS_H

#include "../nn/training/train.h"

double elbo__cli_now(void); /* seconds on a clock that only goes forward */

/* From now on long work of the library shows how far it is, and ends at the first SIGINT, SIGTERM or SIGHUP; a second
 * one ends the program at once. */
void elbo__cli_watch_work(void);

/* Leaves the cursor at the start of an empty line: before anything else is said, and at the end. */
void elbo__cli_clear_progress(void);

/* One line on stderr, "elbo: ..." with the program's own name, in the place of the live line. */
void elbo__cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same line with "note: " before its text, for what is worth knowing and needs no doing, such as what was left out
 * of the data: not with --quiet. (A warning, of what may well be wrong, is said in any case.) */
void elbo__cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same without the word "note: ", for what is told each time. */
void elbo__cli_inform(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --quiet: from now on neither progress nor notes. */
void elbo__cli_be_quiet(void);

/* The callbacks of elbo_training. The first returns false once the work is to end. */
bool elbo__cli_show_training(void *unused, const elbo_progress *progress);
void elbo__cli_show_warning(void *unused, const char *message);

/* How wide the terminal is that a file descriptor stands for; 0: it is none, or does not say. */
int elbo__cli_columns(int terminal);

/* The exit status of a program that was asked to end, such as 130 or 143; 0: it was not. */
int elbo__cli_interrupted(void);

#endif
