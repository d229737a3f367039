#include "figures.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "grid.h"
#include "progress.h"

static const char *label_of(const figure *one)
{
    return one->label ? one->label : one->key;
}

void elbo__cli_add_figure(figures *f, figure one, const char *unit, ...)
{
    va_list args;
    if (f->count == MOST_FIGURES)
        return;
    va_start(args, unit);
    vsnprintf(one.unit, sizeof one.unit, unit, args);
    va_end(args);
    f->at[f->count++] = one;
}

static void put(result *r, const figure *one)
{
    char key[80];
    if (one->no_error && one->digits == 0 && isfinite(one->value))
        elbo__cli_put_integer(r, one->key, (int64_t)one->value);
    else
        elbo__cli_put_number(r, one->key, one->value);
    snprintf(key, sizeof key, "%s_se", one->key);
    if (!one->no_error)
        elbo__cli_put_number(r, key, one->error);
}

static void add_row(grid *g, const figure *one)
{
    elbo__cli_cell(g, "%s", label_of(one));
    elbo__cli_cell(g, "%.*f", one->digits, isnan(one->value) ? NAN : one->value); /* nan has no sign */
    if (!one->no_error && isfinite(one->error))
        elbo__cli_cell(g, "%.*f", one->digits, one->error);
    else
        elbo__cli_cell(g, "-");
    elbo__cli_cell(g, "%s", one->unit[0] ? one->unit : "-");
}

void elbo__cli_give_figures(result *r, const figures *f)
{
    static const char *const headings[] = {"figure", "value", "std. error", "unit"};
    enum { COLUMNS = sizeof headings / sizeof headings[0] };
    grid g = elbo__cli_grid(COLUMNS);
    for (int i = 0; i < f->count; i++)
        put(r, &f->at[i]);
    if (elbo__cli_is_json(r))
        return;
    for (int i = 0; i < COLUMNS; i++)
        elbo__cli_cell(&g, "%s", headings[i]);
    for (int i = 0; i < f->count; i++)
        add_row(&g, &f->at[i]);
    elbo__cli_print_grid(&g);
}

bool elbo__cli_are_finite(const figures *f)
{
    bool finite = true;
    for (int i = 0; i < f->count; i++)
        if (!isfinite(f->at[i].value)) {
            elbo__cli_say("%s is not finite: the model cannot deal with these images", label_of(&f->at[i]));
            finite = false;
        }
    return finite;
}
