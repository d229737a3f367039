/* Internal: a table of text whose columns stand below each other.
 *
 *     grid g = elbo__cli_grid(2);
 *     elbo__cli_cell(&g, "run");           elbo__cli_cell(&g, "ELBO");
 *     elbo__cli_cell(&g, "runs/a");        elbo__cli_cell(&g, "%.1f", -105.5);
 *     elbo__cli_print_grid(&g);                                            // and frees it
 */
#ifndef ELBO_CLI_GRID_H
#define ELBO_CLI_GRID_H

typedef struct {
    int columns, count;
    char **cells; /* [count], row after row */
} grid;

grid elbo__cli_grid(int columns);

/* The next cell, of one line, whatever it holds. Ends the program where memory is short. */
void elbo__cli_cell(grid *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* On stdout, two blanks between columns. A column is set to the right if all its cells below the first row begin as
 * numbers do, or are "-". */
void elbo__cli_print_grid(grid *g);

#endif
