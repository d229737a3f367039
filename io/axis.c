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

elbo__axis elbo__axis_of(double low, double high, double length, double font_size)
{
    elbo__axis axis = {.low = low, .high = high};
    for (int most = MOST_TICKS; most >= FEWEST_TICKS; most--) {
        const struct step step = step_for(high - low, most);
        set_ticks(&axis, step);
        const double apart = scaled(step.digit, step.exponent) / (high - low) * length;
        if (elbo__axis_width(&axis, font_size) + LEAST_GAP * font_size <= apart)
            break;
    }
    return axis;
}

double elbo__axis_at(const elbo__axis *axis, double value)
{
    return (value - axis->low) / (axis->high - axis->low);
}
