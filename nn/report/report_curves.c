/* The curves of a training, from its metrics.csv. */
#include <math.h>
#include <string.h>

#include "../../io/figure_private.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "report_private.h"

/* LARGE_FACTOR: between the largest and the smallest figure of a curve, from which on its scale is logarithmic. */
enum { MOST_CURVES = 3, LARGE_FACTOR = 50 };

/* The parts that a metric is measured on, by the prefix of its columns. */
static const struct {
    const char *prefix, *name;
} parts[MOST_CURVES] = {{"train_", "training"}, {"val_", "validation"}, {"test_", "test"}};

/* Columns that are no figures of their own. */
static const char *const counters[] = {"epoch", "step", "seconds"};

/* Titles and units of the others. */
static const elbo__metric others[] = {{"lr", "Learning rate", ""},
                                      {"beta", "Beta", ""},
                                      {"images_per_s", "Speed", "images per second"},
                                      {"grad_norm", "Gradient norm", ""}};

/* "elbo" of "test_elbo"; NULL for a column that is of no part. */
static const char *metric_of_column(const char *column)
{
    for (int p = 0; p < MOST_CURVES; p++)
        if (strncmp(column, parts[p].prefix, strlen(parts[p].prefix)) == 0)
            return column + strlen(parts[p].prefix);
    return NULL;
}

static bool is_counter(const char *column)
{
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++)
        if (strcmp(column, counters[i]) == 0)
            return true;
    return false;
}

/* ---- one chart --------------------------------------------------------------------------------------------------- */

/* Columns of metrics.csv as curves over the epochs. */
typedef struct {
    elbo_curve curves[MOST_CURVES];
    const elbo_csv_table *table;
    double *numbers; /* (1 + MOST_CURVES, rows): the epochs, then the curves */
    int count;
} chart;

static double figure_at(const elbo_csv_table *table, int64_t row, int column)
{
    return table->values[row * table->columns + column];
}

static elbo_status open_chart(const elbo_csv_table *table, chart *out)
{
    const int epoch = elbo_csv_column(table, "epoch");
    *out = (chart){.table = table, .numbers = elbo__calloc((size_t)table->rows * (1 + MOST_CURVES), sizeof(double))};
    for (int64_t i = 0; i < table->rows && out->numbers; i++)
        out->numbers[i] = epoch < 0 ? (double)(i + 1) : figure_at(table, i, epoch);
    return out->numbers ? ELBO_OK : ELBO_NO_MEMORY;
}

/* A column of -1 adds nothing but keeps its colour free. */
static void add_curve(chart *c, int column, const char *name)
{
    const int64_t rows = c->table->rows;
    double *y = c->numbers + ++c->count * rows;
    if (column < 0)
        return;
    for (int64_t i = 0; i < rows; i++)
        y[i] = figure_at(c->table, i, column);
    c->curves[c->count - 1] = (elbo_curve){name, c->numbers, y, rows};
}

/* The least and the greatest of a column's figures; NaN where there are none. */
static void range_of(const elbo_csv_table *table, int column, double *least, double *greatest)
{
    *least = *greatest = NAN;
    for (int64_t i = 0; i < table->rows; i++) {
        *least = fmin(*least, figure_at(table, i, column));
        *greatest = fmax(*greatest, figure_at(table, i, column));
    }
}

static elbo_status put_chart(elbo__report *r, const chart *c, const char *title, const char *unit, bool log_y)
{
    elbo__drawing drawing = {.width = 0};
    const elbo_curve_plot plot = {title, "epoch", unit[0] ? unit : NULL, c->curves, c->count, log_y};
    elbo_status status = elbo__check_curves(title, &plot);
    if (status != ELBO_OK)
        return elbo__report_tried(r, status);
    elbo__draw_curves(&plot, &drawing);
    status = drawing.status;
    if (status == ELBO_OK) {
        elbo__html(r->out, "<figure class=\"chart\">\n");
        elbo__drawing_put_svg(&drawing, r->out);
        elbo__html(r->out, "</figure>\n");
    }
    elbo__drawing_free(&drawing);
    return status;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

/* A chart of a metric on every part that it is measured on. */
static elbo_status put_metric(elbo__report *r, const char *name)
{
    const elbo__metric metric = elbo__metric_of(r->run, name);
    chart c;
    elbo_status status = open_chart(&r->metrics, &c);
    for (int p = 0; p < MOST_CURVES && status == ELBO_OK; p++) {
        char *column = elbo__format("%s%s", parts[p].prefix, name);
        if (!column)
            status = ELBO_NO_MEMORY;
        else
            add_curve(&c, elbo_csv_column(&r->metrics, column), parts[p].name);
        elbo__free(column);
    }
    if (status == ELBO_OK)
        status = put_chart(r, &c, metric.title, metric.unit, false);
    elbo__free(c.numbers);
    return status;
}

/* A chart of a column that is of no part. */
static elbo_status put_other(elbo__report *r, const elbo_csv_table *table, int column, double least, double greatest)
{
    elbo__metric metric = {NULL, table->names[column], ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(others[i].metric, table->names[column]) == 0)
            metric = others[i];
    chart c;
    elbo_status status = open_chart(table, &c);
    if (status != ELBO_OK)
        return status;
    add_curve(&c, column, NULL);
    status = put_chart(r, &c, metric.title, metric.unit, least > 0 && greatest / least > LARGE_FACTOR);
    elbo__free(c.numbers);
    return status;
}

/* Those of the columns that change. */
static elbo_status put_others(elbo__report *r, const elbo_csv_table *table)
{
    elbo_status status = ELBO_OK;
    for (int c = 0; c < table->columns && status == ELBO_OK; c++) {
        double least, greatest;
        range_of(table, c, &least, &greatest);
        if (!metric_of_column(table->names[c]) && !is_counter(table->names[c]) && least < greatest)
            status = put_other(r, table, c, least, greatest);
    }
    return status;
}

/* Whether a column before this one is of the same metric. */
static bool met_before(const elbo_csv_table *table, int column, const char *metric)
{
    for (int c = 0; c < column; c++) {
        const char *other = metric_of_column(table->names[c]);
        if (other && strcmp(other, metric) == 0)
            return true;
    }
    return false;
}

/* What stayed the same from the first epoch to the last, in words. */
static void put_constants(elbo__report *r)
{
    const char *before = "<p>Throughout: ";
    for (int c = 0; c < r->metrics.columns; c++) {
        double least, greatest;
        range_of(&r->metrics, c, &least, &greatest);
        if (is_counter(r->metrics.names[c]) || metric_of_column(r->metrics.names[c]) || !(least == greatest))
            continue;
        char text[32];
        elbo__print(text, sizeof text, "%.6g", least);
        elbo__write(r->out, before, strlen(before));
        elbo__html(r->out, "%s %s", r->metrics.names[c], text);
        before = ", ";
    }
    if (before[0] == ',')
        elbo__html(r->out, ".</p>\n");
}

elbo_status elbo__report_curves(elbo__report *r)
{
    elbo_status status = ELBO_OK;
    if (r->metrics.rows == 0) {
        elbo__report_left_out(r, "the run has no metrics.csv with epochs in it");
        return ELBO_OK;
    }
    elbo__html(r->out, "<div class=\"charts\">\n");
    for (int c = 0; c < r->metrics.columns && status == ELBO_OK; c++) {
        const char *metric = metric_of_column(r->metrics.names[c]);
        if (metric && !met_before(&r->metrics, c, metric))
            status = put_metric(r, metric);
    }
    if (status == ELBO_OK)
        status = put_others(r, &r->metrics);
    if (status == ELBO_OK)
        status = put_others(r, &r->timing);
    elbo__html(r->out, "</div>\n");
    put_constants(r);
    return status;
}
