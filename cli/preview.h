/* Internal: a picture in the terminal. */
#ifndef ELBO_CLI_PREVIEW_H
#define ELBO_CLI_PREVIEW_H

#include "../nn/options/option.h"

/* The row of commands that write a PNG picture: it is shown on stderr, since stdout is for results.
 *
 * A terminal that can show colours and reads UTF-8 gets half blocks (U+2580), two pixels in each character, others and
 * what is no terminal get shades of plain characters. The picture is as wide as it is, or as the terminal. */
#define OPTION_PREVIEW                                                                                                 \
    {.name = "preview", .type = ELBO_FLAG, .help = "show the picture in the terminal too, on stderr"}

/* Shows the picture at `path` if the option asks for it. Returns the exit status: FAILED, with a message, for what is
 * no PNG file. */
int elbo__cli_preview(const elbo_values *values, const char *path);

#endif
