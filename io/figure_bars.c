/* Bars side by side. */
#include <math.h>

#include "../tensor/error_private.h"
#include "figure_private.h"
#include "palette.h"

enum { WIDTH = 420, HEIGHT = 220, UNMARKED = 0xb4bac1 };
#define FARTHEST 1e300
#define PART 0.8 /* of its place that a bar takes */

elbo_status elbo__check_bars(const char *where, const elbo_bar_plot *plot)
{
    if (plot->n < 1 || !plot->values)
        return elbo__fail(ELBO_INVALID, "%s: there are no bars", where);
    for (int64_t i = 0; i < plot->n; i++)
        if (!(fabs(plot->values[i]) <= FARTHEST))
            return elbo__fail(ELBO_INVALID, "%s: bar %lld is %s", where, (long long)i,
                              isfinite(plot->values[i]) ? "further than 1e300 from 0" : "not finite");
    return ELBO_OK;
}

/* From 0 to the values, with air where there are some. */
static elbo__axis axis_of(const elbo_bar_plot *plot)
{
    double low = 0, high = 0;
    for (int64_t i = 0; i < plot->n; i++) {
        low = fmin(low, plot->values[i]);
        high = fmax(high, plot->values[i]);
    }
    if (low == high)
        high = 1;
    const double air = fmax(0.05 * (high - low), 1e-280);
    return elbo__axis_of(low < 0 ? low - air : 0, high > 0 ? high + air : 0, HEIGHT, ELBO__TICK_SIZE);
}

void elbo__draw_bars(const elbo_bar_plot *plot, elbo__drawing *drawing)
{
    elbo__plot page = {plot->title, plot->x_label, plot->y_label, .width = WIDTH, .height = HEIGHT};
    const double first = (double)plot->first;
    elbo__key keys[2];
    int named = 0;
    if (plot->marked && plot->marked_name)
        keys[named++] = (elbo__key){plot->marked_name, elbo__class_colour(0)};
    if (plot->marked && plot->other_name)
        keys[named++] = (elbo__key){plot->other_name, UNMARKED};
    page.x = elbo__axis_whole(first - 0.75, first + (double)plot->n - 0.25, WIDTH, ELBO__TICK_SIZE);
    page.y = axis_of(plot);
    drawing->title = plot->title ? plot->title : "Bars";
    elbo__plot_page(&page, keys, named, drawing);
    const double zero = elbo__plot_y(&page, 0);
    for (int64_t i = 0; i < plot->n; i++) {
        const double left = elbo__plot_x(&page, first + (double)i - PART / 2),
                     right = elbo__plot_x(&page, first + (double)i + PART / 2),
                     end = elbo__plot_y(&page, plot->values[i]);
        elbo__draw_box(drawing, left, fmin(zero, end), right - left, fabs(end - zero),
                       ELBO__INK(!plot->marked || plot->marked[i] ? elbo__class_colour(0) : UNMARKED, 1));
    }
}

elbo_status elbo_bars(const char *path, const elbo_bar_plot *plot)
{
    elbo__drawing drawing = {.width = 0};
    elbo_status status = elbo__drawing_check(path);
    if (status == ELBO_OK)
        status = elbo__check_bars(path, plot);
    if (status == ELBO_OK) {
        elbo__draw_bars(plot, &drawing);
        status = elbo__drawing_write(&drawing, path);
    }
    elbo__drawing_free(&drawing);
    return status;
}
