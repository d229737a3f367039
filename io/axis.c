#include "axis.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "../tensor/text.h"
#include "font.h"

#define MINUS "\xe2\x88\x92" /* U+2212 */

enum { MOST_TICKS = ELBO__MAX_TICKS - 1, FEWEST_TICKS = 3, MOST_DECIMALS = 4 };

/* From here on numbers are written with an exponent. */
#define LARGE 1e6

/* Between two numbers side by side, in letters of size 1. */
#define LEAST_GAP 1.0

/* digit * 10^exponent, the digit 1, 2 or 5 */
struct step {
    int digit, exponent;
};

/* count * 10^exponent; a power of ten below 1 is not exact, so it divides. */
static double scaled(double count, int exponent)
{
    return exponent < 0 ? count / pow(10, -exponent) : count * pow(10, exponent);
}

/* The smallest round step that goes at most `most` times into the span. */
static struct step step_for(double span, int most)
{
    static const int digits[] = {1, 2, 5};
    for (int exponent = (int)floor(log10(span / most)) - 1;; exponent++)
        for (int i = 0; i < 3; i++)
            if (span / scaled(digits[i], exponent) <= most)
                return (struct step){digits[i], exponent};
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* units * 10^exponent with -exponent decimals, or none: printf's %f asks the locale. */
static void write_plain(long long units, int exponent, char *text, size_t size)
{
    const int decimals = exponent < 0 && exponent >= -MOST_DECIMALS ? -exponent : 0;
    const char *sign = units < 0 ? MINUS : "";
    long long scale = 1;
    for (int i = 0; i < abs(exponent); i++)
        scale *= 10;
    if (decimals == 0)
        elbo__print(text, size, "%s%lld", sign, llabs(units) * scale);
    else
        elbo__print(text, size, "%s%lld.%0*lld", sign, llabs(units) / scale, decimals, llabs(units) % scale);
}

/* units * 10^exponent as 1.25e-7, with no more digits than it takes. */
static void write_scientific(long long units, int exponent, char *text, size_t size)
{
    if (units == 0) {
        elbo__print(text, size, "0");
        return;
    }
    for (; units % 10 == 0; units /= 10)
        exponent++;
    char digits[24];
    const int count = elbo__print(digits, sizeof digits, "%lld", llabs(units));
    exponent += count - 1;
    elbo__print(text, size, "%s%c%s%se%s%d", units < 0 ? MINUS : "", digits[0], count > 1 ? "." : "", digits + 1,
                exponent < 0 ? MINUS : "", abs(exponent));
}

/* ---- ticks ------------------------------------------------------------------------------------------------------- */

static void set_ticks(elbo__axis *axis, struct step step)
{
    const double size = scaled(step.digit, step.exponent), largest = fmax(fabs(axis->low), fabs(axis->high));
    const bool plain = largest < LARGE && step.exponent >= -MOST_DECIMALS;
    const double slack = 1e-9; /* an end of the interval that is a multiple counts, however it was rounded */
    axis->count = 0;
    for (double k = ceil(axis->low / size - slack); k <= axis->high / size + slack && axis->count < ELBO__MAX_TICKS;
         k++) {
        elbo__tick *tick = &axis->ticks[axis->count++];
        const long long units = (long long)k * step.digit;
        tick->value = fmin(fmax(scaled((double)units, step.exponent), axis->low), axis->high);
        (plain ? write_plain : write_scientific)(units, step.exponent, tick->text, sizeof tick->text);
    }
}

double elbo__axis_width(const elbo__axis *axis, double font_size)
{
    double width = 0;
    for (int i = 0; i < axis->count; i++)
        width = fmax(width, elbo__text_width(axis->ticks[i].text, font_size));
    return width;
}

/* The axis with ticks at steps of `least` or more. */
static elbo__axis find_axis(double low, double high, double length, double font_size, struct step least)
{
    elbo__axis axis = {.low = low, .high = high};
    for (int most = MOST_TICKS; most >= FEWEST_TICKS; most--) {
        struct step step = step_for(high - low, most);
        if (scaled(step.digit, step.exponent) < scaled(least.digit, least.exponent))
            step = least;
        set_ticks(&axis, step);
        const double apart = scaled(step.digit, step.exponent) / (high - low) * length;
        if (elbo__axis_width(&axis, font_size) + LEAST_GAP * font_size <= apart)
            break;
    }
    return axis;
}

elbo__axis elbo__axis_of(double low, double high, double length, double font_size)
{
    return find_axis(low, high, length, font_size, (struct step){0, 0});
}

elbo__axis elbo__axis_whole(double low, double high, double length, double font_size)
{
    return find_axis(low, high, length, font_size, (struct step){1, 0});
}

/* ---- logarithms -------------------------------------------------------------------------------------------------- */

/* Adds the ticks digit * 10^k of every apart-th k. */
static void add_powers(elbo__axis *axis, int digit, int apart)
{
    const double slack = 1e-9;
    for (int k = (int)floor(log10(axis->low)); k <= (int)ceil(log10(axis->high)); k++) {
        const double value = scaled(digit, k);
        if (k % apart != 0 || value < axis->low * (1 - slack) || value > axis->high * (1 + slack) ||
            axis->count == ELBO__MAX_TICKS)
            continue;
        elbo__tick *tick = &axis->ticks[axis->count++];
        tick->value = fmin(fmax(value, axis->low), axis->high);
        (value < LARGE && k >= -MOST_DECIMALS ? write_plain : write_scientific)(digit, k, tick->text,
                                                                                sizeof tick->text);
    }
}

elbo__axis elbo__axis_logarithmic(double low, double high, double length, double font_size)
{
    const double powers = log10(high) - log10(low), room = fmin(MOST_TICKS, length / (2 * font_size));
    elbo__axis axis = {.low = low, .high = high, .logarithmic = true};
    add_powers(&axis, 1, (int)fmax(1, ceil(powers / fmax(room - 1, 1))));
    if (axis.count < 2) {
        add_powers(&axis, 2, 1);
        add_powers(&axis, 5, 1);
    }
    if (axis.count < 2) {
        axis = elbo__axis_of(low, high, length, font_size);
        axis.logarithmic = true;
    }
    return axis;
}

double elbo__axis_at(const elbo__axis *axis, double value)
{
    if (axis->logarithmic)
        return (log(value) - log(axis->low)) / (log(axis->high) - log(axis->low));
    return (value - axis->low) / (axis->high - axis->low);
}
