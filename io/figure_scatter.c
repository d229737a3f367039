/* Scatter plots. */
#include <math.h>
#include <stdbool.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "dataset.h"
#include "figure_private.h"
#include "font.h"
#include "palette.h"

enum { LEGEND_CLASSES = 20, TURNS = 8, NAME_WIDTH = 150 /* of a name of the legend at most, in units */ };

/* In units. Small plots beside each other: a wide picture is made narrower to fit a page, letters and all. */
static const double sides[ELBO_MAX_PANELS] = {400, 340, 290, 250};

struct figure {
    int count, classes;
    const char *const *class_names;
    bool labelled;                     /* some panel has labels */
    const elbo_scatter_panel *panels;  /* [count]             */
    elbo__plot plots[ELBO_MAX_PANELS]; /* of each: a square */
    double legend, name_width;         /* where it begins; how wide its names are */
    elbo__drawing drawing;
};

/* ---- what can be drawn ------------------------------------------------------------------------------------------- */

static elbo_status check_panel(const char *path, const elbo_scatter_panel *panel, int number, int classes)
{
    if (panel->n < 1 || !panel->points)
        return elbo__fail(ELBO_INVALID, "%s: panel %d has no points", path, number);
    for (int64_t i = 0; i < panel->n; i++) {
        if (!isfinite(panel->points[2 * i]) || !isfinite(panel->points[2 * i + 1]))
            return elbo__fail(ELBO_INVALID, "%s: panel %d: point %lld is not finite", path, number, (long long)i);
        if (panel->labels && (panel->labels[i] < 0 || panel->labels[i] >= classes))
            return elbo__fail(ELBO_INVALID, "%s: panel %d: point %lld has the label %d, which is not in 0..%d", path,
                              number, (long long)i, panel->labels[i], classes - 1);
    }
    return ELBO_OK;
}

static elbo_status check(const char *path, const elbo_scatter_panel *panels, int count, int classes)
{
    elbo_status status = elbo__drawing_check(path);
    if (status == ELBO_OK && (count < 1 || count > ELBO_MAX_PANELS))
        status = elbo__fail(ELBO_INVALID, "%s: a figure has 1 to %d panels, not %d", path, ELBO_MAX_PANELS, count);
    for (int i = 0; i < count && status == ELBO_OK; i++) {
        if (panels[i].labels && (classes < 1 || classes > ELBO_MAX_CLASSES))
            status = elbo__fail(ELBO_INVALID, "%s: labels are of 1 to %d classes, not %d", path, ELBO_MAX_CLASSES,
                                classes);
        else
            status = check_panel(path, &panels[i], i + 1, classes);
    }
    return status;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* A class by its name, or else its number. */
typedef struct {
    char number[16];
} name_buffer;

static const char *name_of(const struct figure *figure, int label, name_buffer *buffer)
{
    if (figure->class_names)
        return figure->class_names[label];
    elbo__print(buffer->number, sizeof buffer->number, "%d", label);
    return buffer->number;
}

/* "50 classes" */
typedef struct {
    char text[32];
} note;

static note note_of(const struct figure *figure)
{
    note n;
    elbo__print(n.text, sizeof n.text, "%d classes", figure->classes);
    return n;
}

/* ---- layout ------------------------------------------------------------------------------------------------------ */

/* The same scale on both axes: each shows its points in the middle of an interval as long as the other's. Where all
 * points are one, or so close to each other and far from 0 that an axis could not tell numbers apart, it is longer. */
static void set_axes(elbo__plot *plot, const elbo_scatter_panel *panel)
{
    double low[2], high[2], span = 0, largest = 0;
    for (int axis = 0; axis < 2; axis++) {
        low[axis] = high[axis] = panel->points[axis];
        for (int64_t i = 1; i < panel->n; i++) {
            low[axis] = fmin(low[axis], panel->points[2 * i + axis]);
            high[axis] = fmax(high[axis], panel->points[2 * i + axis]);
        }
        span = fmax(span, high[axis] - low[axis]);
        largest = fmax(largest, fmax(fabs(low[axis]), fabs(high[axis])));
    }
    if (span == 0)
        span = largest > 0 ? largest : 1;
    span = fmax(span, 4e-6 * largest);
    const double half = 0.54 * span; /* a little air */
    for (int axis = 0; axis < 2; axis++) {
        const double middle = (low[axis] + high[axis]) / 2;
        *(axis == 0 ? &plot->x : &plot->y) = elbo__axis_of(middle - half, middle + half, plot->width, ELBO__TICK_SIZE);
    }
}

static int legend_rows(const struct figure *figure)
{
    return (int)(figure->plots[0].height / ELBO__ROW);
}

/* From one column of the legend to the next. */
static double legend_column(const struct figure *figure)
{
    return ELBO__NAME_GAP + figure->name_width + ELBO__BETWEEN;
}

/* With the edge behind it; 0 for a figure without labels. Sets name_width. */
static double legend_width(struct figure *figure)
{
    if (!figure->labelled)
        return 0;
    if (figure->classes > LEGEND_CLASSES)
        return elbo__text_width(note_of(figure).text, ELBO__LABEL_SIZE) + ELBO__EDGE;
    name_buffer buffer;
    for (int label = 0; label < figure->classes; label++)
        figure->name_width = fmax(figure->name_width,
                                  elbo__text_width(name_of(figure, label, &buffer), ELBO__LABEL_SIZE));
    figure->name_width = fmin(figure->name_width, NAME_WIDTH);
    const int columns = (figure->classes + legend_rows(figure) - 1) / legend_rows(figure);
    return ELBO__EDGE / 2 + columns * legend_column(figure) - ELBO__BETWEEN + ELBO__EDGE;
}

/* Above and below the frames there is as much space for each panel as for the one that needs most. */
static void lay_out(struct figure *figure)
{
    const double side = sides[figure->count - 1];
    double left = ELBO__EDGE, top = ELBO__EDGE, bottom = ELBO__TICK_GAP + ELBO__TICK_SIZE;
    for (int i = 0; i < figure->count; i++) {
        const elbo_scatter_panel *panel = &figure->panels[i];
        top = panel->title ? ELBO__EDGE + ELBO__TITLE_SIZE + ELBO__TITLE_GAP : top;
        bottom = panel->x_label ? ELBO__TICK_GAP + ELBO__TICK_SIZE + ELBO__LABEL_GAP + ELBO__LABEL_SIZE : bottom;
    }
    for (int i = 0; i < figure->count; i++) {
        const elbo_scatter_panel *panel = &figure->panels[i];
        elbo__plot *plot = &figure->plots[i];
        *plot = (elbo__plot){panel->title, panel->x_label, panel->y_label, .width = side, .height = side};
        set_axes(plot, panel);
        left += plot->y_label ? ELBO__LABEL_SIZE + ELBO__LABEL_GAP : 0;
        plot->left = round(left + elbo__plot_numbers(plot));
        plot->top = top;
        left = plot->left + side + ceil(elbo__plot_overhang(plot)) + ELBO__BETWEEN;
    }
    figure->legend = left - ELBO__BETWEEN + ELBO__EDGE;
    figure->drawing.width = ceil(figure->legend + legend_width(figure));
    figure->drawing.height = top + side + bottom + ELBO__EDGE;
}

/* ---- legend ------------------------------------------------------------------------------------------------------ */

/* To the right of the last panel, in columns no longer than the panels. */
static void draw_legend(struct figure *figure)
{
    const elbo__plot *plot = &figure->plots[0];
    const double dot = 4.5, down = 0.36 * ELBO__LABEL_SIZE; /* from a letter's middle to its foot */
    for (int label = 0; label < figure->classes; label++) {
        const double x = figure->legend + ELBO__EDGE / 2 + label / legend_rows(figure) * legend_column(figure),
                     y = plot->top + ELBO__ROW * (label % legend_rows(figure) + 0.5);
        name_buffer buffer;
        const char *name = name_of(figure, label, &buffer);
        elbo__draw_dots(&figure->drawing, (double[]){x, y}, 1, dot, ELBO__INK(elbo__class_colour(label), 1), name);
        elbo__draw_fitted(&figure->drawing, x + ELBO__NAME_GAP, y + down,
                          (elbo__text){ELBO__LABEL_SIZE, ELBO__START, false, ELBO__TEXT_INK}, name, NAME_WIDTH);
    }
}

/* What stands in place of a legend that nobody could read. */
static void draw_note(struct figure *figure)
{
    elbo__draw_text(&figure->drawing, figure->legend, figure->plots[0].top + ELBO__LABEL_SIZE,
                    (elbo__text){ELBO__LABEL_SIZE, ELBO__START, false, ELBO__NUMBER_INK}, note_of(figure).text);
}

/* ---- points ------------------------------------------------------------------------------------------------------ */

/* The points of a panel, ordered by turn and class: class c's k-th point is drawn in the turn k % TURNS. */
struct deal {
    const struct figure *figure;
    const elbo_scatter_panel *panel;
    const elbo__plot *plot;
    int classes;    /* 1 for a panel without labels         */
    int64_t *seen;  /* (classes): points met so far         */
    int64_t *start; /* (TURNS * classes + 1) into `places`  */
    double *places; /* (n, 2)                               */
};

/* Of the next point. */
static int64_t group_of(struct deal *deal, int64_t point)
{
    const int *labels = deal->panel->labels;
    const int label = labels ? labels[point] : 0;
    return deal->seen[label]++ % TURNS * deal->classes + label;
}

/* Counts the groups, then fills them: start[g] ends as the end of group g. */
static void fill_groups(struct deal *deal)
{
    const int64_t n = deal->panel->n, groups = (int64_t)TURNS * deal->classes;
    for (int64_t i = 0; i < n; i++)
        deal->start[group_of(deal, i) + 1]++;
    for (int64_t g = 0; g < groups; g++)
        deal->start[g + 1] += deal->start[g];
    for (int label = 0; label < deal->classes; label++)
        deal->seen[label] = 0;
    for (int64_t i = 0; i < n; i++) {
        double *place = deal->places + 2 * deal->start[group_of(deal, i)]++;
        place[0] = elbo__plot_x(deal->plot, deal->panel->points[2 * i]);
        place[1] = elbo__plot_y(deal->plot, deal->panel->points[2 * i + 1]);
    }
}

static void draw_groups(const struct deal *deal, elbo__drawing *drawing)
{
    const double n = (double)deal->panel->n, shrink = sqrt(deal->plot->width / sides[0]);
    const double radius = shrink * fmin(fmax(10 * pow(n, -0.2), 0.75), 3.5),
                 alpha = fmin(fmax(1.6 * pow(n, -0.13), 0.3), 0.85);
    const bool labelled = deal->panel->labels != NULL;
    name_buffer buffer;
    for (int64_t g = 0, from = 0; g < (int64_t)TURNS * deal->classes; from = deal->start[g++]) {
        const int label = (int)(g % deal->classes);
        if (deal->start[g] > from)
            elbo__draw_dots(drawing, deal->places + 2 * from, (size_t)(deal->start[g] - from), radius,
                            ELBO__INK(elbo__class_colour(label), alpha),
                            labelled ? name_of(deal->figure, label, &buffer) : NULL);
    }
}

static void draw_points(struct figure *figure, int which)
{
    const elbo_scatter_panel *panel = &figure->panels[which];
    struct deal deal = {figure, panel, &figure->plots[which], panel->labels ? figure->classes : 1, NULL, NULL, NULL};
    deal.seen = elbo__calloc((size_t)deal.classes, sizeof *deal.seen);
    deal.start = elbo__calloc((size_t)TURNS * (size_t)deal.classes + 1, sizeof *deal.start);
    deal.places = elbo__calloc((size_t)panel->n, 2 * sizeof *deal.places);
    if (deal.seen && deal.start && deal.places) {
        fill_groups(&deal);
        draw_groups(&deal, &figure->drawing);
    } else {
        figure->drawing.status = ELBO_NO_MEMORY;
    }
    elbo__free(deal.seen);
    elbo__free(deal.start);
    elbo__free(deal.places);
}

/* ---- the figure -------------------------------------------------------------------------------------------------- */

/* "Scatter plot: Train, Test"; NULL without memory. */
static char *title_of(const struct figure *figure)
{
    char *title = elbo__strdup("Scatter plot");
    const char *before = ": ";
    for (int i = 0; i < figure->count && title; i++) {
        const char *more = figure->panels[i].title;
        if (!more)
            continue;
        char *longer = elbo__format("%s%s%s", title, before, more);
        elbo__free(title);
        title = longer;
        before = ", ";
    }
    return title;
}

static void draw(struct figure *figure)
{
    elbo__drawing *drawing = &figure->drawing;
    lay_out(figure);
    elbo__draw_box(drawing, 0, 0, drawing->width, drawing->height, ELBO__PAPER_INK);
    if (figure->labelled)
        (figure->classes > LEGEND_CLASSES ? draw_note : draw_legend)(figure);
    for (int i = 0; i < figure->count; i++) {
        elbo__plot_grid(drawing, &figure->plots[i]);
        elbo__plot_labels(drawing, &figure->plots[i]);
        elbo__plot_title(drawing, &figure->plots[i], figure->plots[i].top - ELBO__TITLE_GAP);
        draw_points(figure, i);
    }
}

elbo_status elbo_scatter(const char *path, const elbo_scatter_panel *panels, int count, int classes,
                         const char *const *class_names)
{
    elbo_status status = check(path, panels, count, classes);
    if (status != ELBO_OK)
        return status;
    struct figure figure = {.count = count, .classes = classes, .class_names = class_names, .panels = panels};
    for (int i = 0; i < count; i++)
        figure.labelled = figure.labelled || panels[i].labels;
    char *title = title_of(&figure);
    if (title) {
        figure.drawing.title = title;
        draw(&figure);
        status = elbo__drawing_write(&figure.drawing, path);
    } else {
        status = ELBO_NO_MEMORY;
    }
    elbo__drawing_free(&figure.drawing);
    elbo__free(title);
    return status;
}
