/* Internal: figures with their errors as a table on stdout, or as members of the JSON object.
 *
 *     figures f = {.count = 0};
 *     elbo__cli_add_figure(&f, (figure){"elbo", "ELBO", -105.52, 0.27, .digits = 2}, "nats per image");
 *     elbo__cli_give_figures(&r, &f);
 *
 *     figure                        value  std. error  unit
 *     ELBO                        -105.52        0.27  nats per image             "elbo": ..., "elbo_se": ...
 */
#ifndef ELBO_CLI_FIGURES_H
#define ELBO_CLI_FIGURES_H

#include "../nn/runs/run.h"
#include "result.h"

enum { MOST_FIGURES = ELBO_MAX_METRICS + 32 };

typedef struct {
    const char *key;      /* in JSON, and with _se behind it                   */
    const char *label;    /* NULL: the key                                     */
    double value, error;  /* error NaN: not known, null in JSON                */
    int digits;           /* behind the point, of both                         */
    bool no_error;        /* a figure that has none; of 0 digits an integer    */
    char unit[80];
} figure;

typedef struct {
    figure at[MOST_FIGURES];
    int count;
} figures;

/* The unit is printf's. What is more than MOST_FIGURES is left out. */
void elbo__cli_add_figure(figures *f, figure one, const char *unit, ...) __attribute__((format(printf, 3, 4)));

void elbo__cli_give_figures(result *r, const figures *f);

/* Says on stderr which are no finite numbers; whether all are. */
bool elbo__cli_are_finite(const figures *f);

#endif
