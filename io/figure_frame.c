/* What is around every plot: frame, grid, numbers, names, legend. */
#include <math.h>

#include "../tensor/memory.h"
#include "figure_private.h"
#include "font.h"

enum { NAME_WIDTH = 260 /* of a name of the legend at most, in units */ };

double elbo__plot_x(const elbo__plot *plot, double value)
{
    return plot->left + plot->width * elbo__axis_at(&plot->x, value);
}

double elbo__plot_y(const elbo__plot *plot, double value)
{
    return plot->top + plot->height * (1 - elbo__axis_at(&plot->y, value));
}

elbo__interval elbo__interval_of(double low, double high, double air)
{
    const double largest = fmax(fabs(low), fabs(high)), middle = low + (high - low) / 2;
    double span = high - low;
    if (span == 0)
        span = largest > 0 ? largest : 1;
    span = fmax(fmax(span, 4e-6 * largest), 1e-280);
    return (elbo__interval){middle - (0.5 + air) * span, middle + (0.5 + air) * span};
}

/* ---- frame ------------------------------------------------------------------------------------------------------- */

void elbo__draw_fitted(elbo__drawing *drawing, double x, double y, elbo__text style, const char *text, double width)
{
    char *fitted = elbo__text_fit(text, style.size, width);
    if (fitted)
        elbo__draw_text(drawing, x, y, style, fitted);
    else
        drawing->status = ELBO_NO_MEMORY;
    elbo__free(fitted);
}

double elbo__plot_overhang(const elbo__plot *plot)
{
    if (plot->x.count == 0)
        return 0;
    const elbo__tick *last = &plot->x.ticks[plot->x.count - 1];
    const double inside = plot->width * (1 - elbo__axis_at(&plot->x, last->value));
    return fmax(0, elbo__text_width(last->text, ELBO__TICK_SIZE) / 2 - inside);
}

/* The middle of a pixel of a PNG: a line as thin as one pixel is sharp there. */
static double sharp(double at)
{
    return (floor(ELBO__PIXELS * at) + 0.5) / ELBO__PIXELS;
}

void elbo__plot_grid(elbo__drawing *drawing, const elbo__plot *plot)
{
    const double left = plot->left, right = left + plot->width, top = plot->top, bottom = top + plot->height;
    const double thin = 1.0 / ELBO__PIXELS, down = 0.36 * ELBO__TICK_SIZE; /* from a digit's middle to its foot */
    for (int i = 0; i < plot->x.count; i++) {
        const double x = elbo__plot_x(plot, plot->x.ticks[i].value);
        elbo__draw_line(drawing, (double[]){sharp(x), top, sharp(x), bottom}, 2, thin, ELBO__GRID_INK);
        elbo__draw_text(drawing, x, bottom + ELBO__TICK_GAP + 0.8 * ELBO__TICK_SIZE,
                        (elbo__text){ELBO__TICK_SIZE, ELBO__MIDDLE, false, ELBO__NUMBER_INK}, plot->x.ticks[i].text);
    }
    for (int i = 0; i < plot->y.count; i++) {
        const double y = elbo__plot_y(plot, plot->y.ticks[i].value);
        elbo__draw_line(drawing, (double[]){left, sharp(y), right, sharp(y)}, 2, thin, ELBO__GRID_INK);
        elbo__draw_text(drawing, left - ELBO__TICK_GAP, y + down,
                        (elbo__text){ELBO__TICK_SIZE, ELBO__END, false, ELBO__NUMBER_INK}, plot->y.ticks[i].text);
    }
    elbo__draw_line(drawing, (double[]){left, top, right, top, right, bottom, left, bottom, left, top}, 5, 1,
                    ELBO__FRAME_INK);
}

double elbo__plot_numbers(const elbo__plot *plot)
{
    return 1.15 * elbo__axis_width(&plot->y, ELBO__TICK_SIZE) + ELBO__TICK_GAP;
}

void elbo__plot_labels(elbo__drawing *drawing, const elbo__plot *plot)
{
    const double x = plot->left + plot->width / 2, y = plot->top + plot->height / 2;
    const elbo__text label = {ELBO__LABEL_SIZE, ELBO__MIDDLE, false, ELBO__TEXT_INK};
    if (plot->x_label)
        elbo__draw_fitted(drawing, x,
                          plot->top + plot->height + ELBO__TICK_GAP + ELBO__TICK_SIZE + ELBO__LABEL_GAP +
                              0.7 * ELBO__LABEL_SIZE,
                          label, plot->x_label, plot->width);
    if (plot->y_label)
        elbo__draw_fitted(drawing, plot->left - elbo__plot_numbers(plot) - ELBO__LABEL_GAP, y,
                          (elbo__text){ELBO__LABEL_SIZE, ELBO__MIDDLE, true, ELBO__TEXT_INK}, plot->y_label,
                          plot->height);
}

void elbo__plot_title(elbo__drawing *drawing, const elbo__plot *plot, double baseline)
{
    if (plot->title)
        elbo__draw_fitted(drawing, plot->left + plot->width / 2, baseline,
                          (elbo__text){ELBO__TITLE_SIZE, ELBO__MIDDLE, false, ELBO__TEXT_INK}, plot->title,
                          plot->width);
}

/* ---- legend ------------------------------------------------------------------------------------------------------ */

/* Sets the keys in rows as wide as the frame, the first at `top`; draws them where there is a drawing. Returns how high
 * the rows are. */
static double set_keys(const elbo__plot *plot, const elbo__key *keys, int count, double top, elbo__drawing *drawing)
{
    const double dot = 4.5, down = 0.36 * ELBO__LABEL_SIZE, widest = fmin(NAME_WIDTH, plot->width - ELBO__BETWEEN);
    double x = 0, row = 0;
    for (int i = 0; i < count; i++) {
        const double name = fmin(elbo__text_width(keys[i].name, ELBO__LABEL_SIZE), widest),
                     width = dot + ELBO__NAME_GAP + name;
        if (x > 0 && x + width > plot->width) {
            x = 0;
            row += ELBO__ROW;
        }
        const double left = plot->left + x + dot, middle = top + row + 0.5 * ELBO__ROW;
        if (drawing) {
            elbo__draw_dots(drawing, (double[]){left, middle}, 1, dot, ELBO__INK(keys[i].rgb, 1), keys[i].name);
            elbo__draw_fitted(drawing, left + ELBO__NAME_GAP, middle + down,
                              (elbo__text){ELBO__LABEL_SIZE, ELBO__START, false, ELBO__TEXT_INK}, keys[i].name,
                              widest + 1);
        }
        x += width + ELBO__BETWEEN;
    }
    return count > 0 ? row + ELBO__ROW : 0;
}

void elbo__plot_page(elbo__plot *plot, const elbo__key *keys, int count, elbo__drawing *drawing)
{
    const double title = plot->title ? ELBO__TITLE_SIZE + ELBO__TITLE_GAP : 0,
                 rows = set_keys(plot, keys, count, 0, NULL), legend = rows > 0 ? rows + ELBO__TITLE_GAP / 2 : 0;
    const double left = ELBO__EDGE + (plot->y_label ? ELBO__LABEL_SIZE + ELBO__LABEL_GAP : 0);
    plot->left = round(left + elbo__plot_numbers(plot));
    plot->top = ELBO__EDGE + title + legend;
    drawing->width = plot->left + plot->width + fmax(ELBO__EDGE, ceil(elbo__plot_overhang(plot)) + ELBO__EDGE);
    drawing->height = plot->top + plot->height + ELBO__TICK_GAP + ELBO__TICK_SIZE + ELBO__EDGE +
                      (plot->x_label ? ELBO__LABEL_GAP + ELBO__LABEL_SIZE : 0);
    elbo__draw_box(drawing, 0, 0, drawing->width, drawing->height, ELBO__PAPER_INK);
    elbo__plot_grid(drawing, plot);
    elbo__plot_labels(drawing, plot);
    elbo__plot_title(drawing, plot, ELBO__EDGE + ELBO__TITLE_SIZE);
    set_keys(plot, keys, count, ELBO__EDGE + title, drawing);
}
