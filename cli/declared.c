#include "declared.h"

#include <setjmp.h>
#include <stddef.h>

/* A command declares its line where it parses it, so it is called, up to there. Nothing is held by then that would be
 * lost by not coming back. */
static command_line *asked; /* who wants a line; NULL: nobody */
static jmp_buf back;

void elbo__cli_hand_over(const command_line *line)
{
    if (!asked)
        return;
    *asked = *line;
    longjmp(back, 1);
}

void elbo__cli_declared(const command *which, command_line *out)
{
    static char help[] = "--help"; /* with which no model need be named */
    char *words[] = {(char *)which->name, help, NULL};
    asked = out;
    if (setjmp(back) == 0)
        which->run(2, words);
    asked = NULL;
    out->name = which->name;
}
