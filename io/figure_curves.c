/* Curves over one pair of axes. */
#include <math.h>

#include "../tensor/memory.h"
#include "figure_private.h"
#include "palette.h"

enum { WIDTH = 420, HEIGHT = 260, FEW = 25 /* points of a curve that are dots besides */ };
#define FARTHEST 1e300
#define SMALLEST 1e-300 /* on a logarithmic scale */
#define LINE 1.75
#define DOT 2.5
#define LONE_DOT 4.5 /* of a point without neighbours, which no line leads to */

/* ---- points ------------------------------------------------------------------------------------------------------ */

static double x_of(const elbo_curve *curve, int64_t point)
{
    return curve->x ? curve->x[point] : (double)(point + 1);
}

static bool is_drawn(const elbo_curve_plot *plot, const elbo_curve *curve, int64_t point)
{
    const double y = curve->y[point];
    return isfinite(x_of(curve, point)) && isfinite(y) && (!plot->log_y || y > SMALLEST);
}

/* The box around all points that are drawn. */
struct box {
    double left, right, low, high;
    int64_t points;
    bool whole; /* each x is a whole number */
};

static struct box box_of(const elbo_curve_plot *plot)
{
    struct box box = {INFINITY, -INFINITY, INFINITY, -INFINITY, 0, true};
    for (int c = 0; c < plot->count; c++) {
        const elbo_curve *curve = &plot->curves[c];
        for (int64_t i = 0; i < curve->n; i++) {
            if (!is_drawn(plot, curve, i))
                continue;
            const double x = x_of(curve, i), y = curve->y[i];
            box.left = fmin(box.left, x);
            box.right = fmax(box.right, x);
            box.low = fmin(box.low, y);
            box.high = fmax(box.high, y);
            box.whole = box.whole && x == floor(x) && fabs(x) < 1e6;
            box.points++;
        }
    }
    return box;
}

elbo_status elbo__check_curves(const char *where, const elbo_curve_plot *plot)
{
    if (plot->count < 1 || !plot->curves)
        return elbo__fail(ELBO_INVALID, "%s: there are no curves", where);
    for (int c = 0; c < plot->count; c++) {
        const elbo_curve *curve = &plot->curves[c];
        if (curve->n < 0 || (curve->n > 0 && !curve->y))
            return elbo__fail(ELBO_INVALID, "%s: curve %d has no points", where, c + 1);
        for (int64_t i = 0; i < curve->n; i++)
            if (is_drawn(plot, curve, i) && fmax(fabs(x_of(curve, i)), fabs(curve->y[i])) > FARTHEST)
                return elbo__fail(ELBO_INVALID, "%s: curve %d: point %lld is further than 1e300 from 0", where, c + 1,
                                  (long long)i);
    }
    if (box_of(plot).points == 0)
        return elbo__fail(ELBO_INVALID, "%s: no curve has a point that can be drawn", where);
    return ELBO_OK;
}

/* ---- axes -------------------------------------------------------------------------------------------------------- */

/* Around one number, with that number alone. */
static elbo__axis axis_around(double value)
{
    elbo__axis axis = elbo__axis_whole(value - 1, value + 1, WIDTH, ELBO__TICK_SIZE);
    int count = 0;
    for (int i = 0; i < axis.count; i++)
        if (axis.ticks[i].value == value)
            axis.ticks[count++] = axis.ticks[i];
    axis.count = count;
    return axis;
}

static elbo__axis axis_of_x(const struct box *box)
{
    if (box->whole && box->left == box->right)
        return axis_around(box->left);
    const elbo__interval x = elbo__interval_of(box->left, box->right, 0.02);
    return (box->whole ? elbo__axis_whole : elbo__axis_of)(x.low, x.high, WIDTH, ELBO__TICK_SIZE);
}

static void set_axes(elbo__plot *page, const elbo_curve_plot *plot)
{
    const struct box box = box_of(plot);
    page->x = axis_of_x(&box);
    if (plot->log_y) {
        const double air = fmin(fmax(exp(0.05 * log(box.high / box.low)), box.high > box.low ? 1.001 : 2), 1e6);
        page->y = elbo__axis_logarithmic(box.low / air, box.high * air, HEIGHT, ELBO__TICK_SIZE);
        return;
    }
    const elbo__interval y = elbo__interval_of(box.low, box.high, 0.05);
    page->y = elbo__axis_of(y.low, y.high, HEIGHT, ELBO__TICK_SIZE);
}

/* ---- marks ------------------------------------------------------------------------------------------------------- */

static void draw_curve(const elbo__plot *page, const elbo_curve_plot *plot, int which, elbo__drawing *drawing)
{
    const elbo_curve *curve = &plot->curves[which];
    const elbo__ink ink = ELBO__INK(elbo__class_colour(which), 1);
    double *places = elbo__calloc((size_t)curve->n, 2 * sizeof *places);
    if (!places) {
        drawing->status = ELBO_NO_MEMORY;
        return;
    }
    for (int64_t i = 0; i < curve->n;) {
        size_t run = 0; /* points without a gap */
        for (; i < curve->n && is_drawn(plot, curve, i); i++, run++) {
            places[2 * run] = elbo__plot_x(page, x_of(curve, i));
            places[2 * run + 1] = elbo__plot_y(page, curve->y[i]);
        }
        if (run > 1)
            elbo__draw_line(drawing, places, run, LINE, ink);
        if (run == 1 || (run > 1 && curve->n <= FEW))
            elbo__draw_dots(drawing, places, run, run == 1 ? LONE_DOT : DOT, ink, curve->name);
        i += run == 0;
    }
    elbo__free(places);
}

void elbo__draw_curves(const elbo_curve_plot *plot, elbo__drawing *drawing)
{
    elbo__plot page = {plot->title, plot->x_label, plot->y_label, .width = WIDTH, .height = HEIGHT};
    elbo__key *keys = elbo__calloc((size_t)plot->count, sizeof *keys);
    if (!keys) {
        drawing->status = ELBO_NO_MEMORY;
        return;
    }
    int named = 0;
    for (int c = 0; c < plot->count; c++)
        if (plot->curves[c].name)
            keys[named++] = (elbo__key){plot->curves[c].name, elbo__class_colour(c)};
    drawing->title = plot->title ? plot->title : "Curves";
    set_axes(&page, plot);
    elbo__plot_page(&page, keys, named, drawing);
    for (int c = plot->count - 1; c >= 0; c--) /* the first on top */
        draw_curve(&page, plot, c, drawing);
    elbo__free(keys);
}

elbo_status elbo_curves(const char *path, const elbo_curve_plot *plot)
{
    elbo__drawing drawing = {.width = 0};
    elbo_status status = elbo__drawing_check(path);
    if (status == ELBO_OK)
        status = elbo__check_curves(path, plot);
    if (status == ELBO_OK) {
        elbo__draw_curves(plot, &drawing);
        status = elbo__drawing_write(&drawing, path);
    }
    elbo__drawing_free(&drawing);
    return status;
}
