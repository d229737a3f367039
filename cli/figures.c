#include "figures.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

static void give(result *r, const figure *one, int width)
{
    char key[80], error[32] = "";
    const double value = isnan(one->value) ? NAN : one->value; /* nan has no sign */
    if (one->no_error && one->digits == 0 && isfinite(value))
        elbo__cli_put_integer(r, one->key, (int64_t)value);
    else
        elbo__cli_put_number(r, one->key, value);
    if (!one->no_error) {
        snprintf(key, sizeof key, "%s_se", one->key);
        elbo__cli_put_number(r, key, one->error);
    }
    if (!one->no_error && isfinite(one->error))
        snprintf(error, sizeof error, "%.*f", one->digits, one->error);
    if (one->unit[0])
        elbo__cli_line(r, "%-*s  %10.*f  %10s  %s", width, label_of(one), one->digits, value, error, one->unit);
    else if (error[0])
        elbo__cli_line(r, "%-*s  %10.*f  %10s", width, label_of(one), one->digits, value, error);
    else
        elbo__cli_line(r, "%-*s  %10.*f", width, label_of(one), one->digits, value);
}

void elbo__cli_give_figures(result *r, const figures *f)
{
    int width = (int)strlen("figure");
    for (int i = 0; i < f->count; i++) {
        const int length = (int)strlen(label_of(&f->at[i]));
        width = length > width ? length : width;
    }
    elbo__cli_line(r, "%-*s  %10s  %10s  %s", width, "figure", "value", "std. error", "unit");
    for (int i = 0; i < f->count; i++)
        give(r, &f->at[i], width);
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
