#include "grid.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

grid elbo__cli_grid(int columns)
{
    return (grid){.columns = columns};
}

void elbo__cli_cell(grid *g, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    const int length = vasprintf(&text, format, args);
    va_end(args);
    char **cells = length < 0 ? NULL : realloc(g->cells, (size_t)(g->count + 1) * sizeof *cells);
    if (!cells)
        exit(elbo__cli_out_of_memory());
    for (char *c = text; *c; c++)
        *c = (unsigned char)*c < ' ' || *c == '\x7f' ? '?' : *c;
    g->cells = cells;
    g->cells[g->count++] = text;
}

/* What a cell takes on the screen: bytes of UTF-8 that go on with a character take nothing. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static bool is_number(const char *text)
{
    const size_t signs = strspn(text, "-+");
    return strcmp(text, "-") == 0 || strspn(text, "-+.0123456789") > signs || strncmp(text + signs, "nan", 3) == 0 ||
           strncmp(text + signs, "inf", 3) == 0;
}

static bool is_of_numbers(const grid *g, int column)
{
    for (int i = g->columns + column; i < g->count; i += g->columns)
        if (!is_number(g->cells[i]))
            return false;
    return true;
}

static int widest(const grid *g, int column)
{
    int most = 0;
    for (int i = column; i < g->count; i += g->columns) {
        const int width = width_of(g->cells[i]);
        most = width > most ? width : most;
    }
    return most;
}

static void print_cell(const char *text, int width, bool right, bool last)
{
    const int blanks = width - width_of(text);
    if (right)
        printf("%*s%s", blanks, "", text);
    else
        printf("%s%*s", text, last ? 0 : blanks, "");
    fputs(last ? "\n" : "  ", stdout);
}

void elbo__cli_print_grid(grid *g)
{
    for (int i = 0; i < g->count; i++) {
        const int column = i % g->columns;
        print_cell(g->cells[i], widest(g, column), is_of_numbers(g, column), column + 1 == g->columns);
    }
    for (int i = 0; i < g->count; i++)
        free(g->cells[i]);
    free(g->cells);
    *g = (grid){.columns = 0};
}
