/* p(x|z) of a table's columns, each by its kind (io/columns.h), as option columns tells them. Networks see numbers in
 * deviations from their mean, words as one-hot rows, and 0 for all that is missing. */
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/memory.h"
#include "likelihood_private.h"
#include "net_private.h"

/* Columns of one kind that stand side by side; one of words stands alone. */
typedef struct {
    elbo__column_kind kind;
    int64_t first, width;       /* in x                                       */
    int64_t parameters;         /* of p(x|z): so many of decoder.columns      */
    int64_t words;              /* of a column of words                       */
    elbo_var *mean, *deviation; /* (width) of numbers, as networks see them */
} span;

typedef struct {
    elbo_graph *g;
    elbo_var *x, *mask;
    span *at; /* [count] */
    int count;
    int64_t parameters; /* of all */
} spans;

static bool are_alike(const span *s, elbo__column_kind kind)
{
    return s->kind == kind && kind != ELBO__COLUMN_CATEGORICAL && kind != ELBO__COLUMN_ORDINAL;
}

static int64_t parameters_of(const span *s)
{
    return s->words ? s->words : s->kind == ELBO__COLUMN_COUNT ? s->width : 2 * s->width;
}

/* The spans of columns, into room for as many as there are columns. `moments` (2, D) is room, too. */
static void cut(elbo_graph *g, const elbo__columns *columns, double *moments, spans *s)
{
    const int64_t all = (int64_t)elbo__columns_used(columns);
    double *mean = moments, *deviation = moments + all;
    int64_t at = 0;
    for (size_t i = 0; i < columns->count; i++) {
        const elbo__column *c = &columns->at[i];
        if (c->kind == ELBO__COLUMN_SKIP)
            continue;
        mean[at] = c->mean;
        deviation[at] = c->deviation;
        if (s->count && are_alike(&s->at[s->count - 1], c->kind))
            s->at[s->count - 1].width++;
        else
            s->at[s->count++] = (span){.kind = c->kind, .first = at, .width = 1, .words = (int64_t)c->words.count};
        at++;
    }
    for (span *one = s->at; one < s->at + s->count; one++) {
        one->parameters = parameters_of(one);
        s->parameters += one->parameters;
        if (one->words)
            continue;
        one->mean = elbo_array(g, ELBO_SHAPE(one->width), mean + one->first);
        one->deviation = elbo_array(g, ELBO_SHAPE(one->width), deviation + one->first);
    }
}

/* False puts the graph in error. s->at belongs to the graph. */
static bool find_spans(elbo_in *in, spans *s)
{
    elbo__columns columns;
    *s = (spans){.g = in->g, .x = in->x, .mask = in->mask};
    if (elbo__columns_of(elbo_option_text(in, "columns"), elbo_size(in->x, -1), &columns) != ELBO_OK) {
        elbo_graph_fail(in->g, ELBO_INVALID, "%s", elbo_error());
        return false;
    }
    double *moments = elbo__graph_own(in->g, elbo__calloc(2 * columns.count, sizeof *moments));
    s->at = elbo__graph_own(in->g, elbo__calloc(columns.count, sizeof *s->at));
    if (moments && s->at)
        cut(in->g, &columns, moments, s);
    elbo__columns_free(&columns);
    return moments && s->at;
}

elbo_status elbo__columns_of(const char *text, int64_t pixels, elbo__columns *out)
{
    elbo_status status = elbo__columns_parse(text, out);
    const size_t used = status == ELBO_OK ? elbo__columns_used(out) : 0;
    if (status == ELBO_OK && (used == 0 || !elbo__columns_known(out)))
        status = elbo__fail(ELBO_INVALID, "likelihood columns: the columns are not known: they are told with a table "
                                          "(.csv) that is read as such");
    else if (status == ELBO_OK && (int64_t)used != pixels)
        status = elbo__fail(ELBO_INVALID, "likelihood columns: %zu columns, but rows of %lld values", used,
                            (long long)pixels);
    if (status != ELBO_OK)
        elbo__columns_free(out);
    return status;
}

/* ---- what networks see ------------------------------------------------------------------------------------------- */

/* (B, width), or (B, words) of words */
static elbo_var *seen_span(const spans *s, const span *at)
{
    elbo_var *x = elbo_slice(s->x, -1, at->first, at->width);
    if (at->words)
        x = elbo_one_hot(elbo_squeeze(x, -1), at->words);
    else if (at->kind == ELBO__COLUMN_POSITIVE)
        x = elbo_log(elbo_maximum(x, elbo_constant(s->g, 1e-30)));
    else if (at->kind == ELBO__COLUMN_COUNT)
        x = elbo_log1p(elbo_relu(x));
    if (!at->words)
        x = elbo_div(elbo_sub(x, at->mean), at->deviation);
    return s->mask ? elbo_mul(x, elbo_slice(s->mask, -1, at->first, at->width)) : x;
}

elbo_var *elbo__columns_seen(elbo_in *in)
{
    spans s;
    elbo_var **all = find_spans(in, &s) ? elbo__calloc((size_t)s.count, sizeof *all) : NULL;
    if (!all)
        return in->x;
    for (int i = 0; i < s.count; i++)
        all[i] = seen_span(&s, &s.at[i]);
    elbo_var *seen = elbo_concat(all, s.count, -1);
    elbo__free(all);
    return seen;
}

/* ---- p(x|z) ------------------------------------------------------------------------------------------------------ */

/* y (..., parameters): in the data's units, so that log p(x) is that of the data */
static elbo_dist dist_of(const span *at, elbo_var *y)
{
    if (at->words) {
        y = elbo_unsqueeze(y, elbo_ndim(y) - 1);
        return at->kind == ELBO__COLUMN_ORDINAL ? elbo_ordinal(y) : elbo_classes(y);
    }
    elbo_var *mean = elbo_add(elbo_mul(elbo_slice(y, -1, 0, at->width), at->deviation), at->mean);
    if (at->kind == ELBO__COLUMN_COUNT)
        return elbo_poisson(elbo__bounded(mean, 20));
    elbo_var *logvar = elbo__variance_bounded(elbo_slice(y, -1, at->width, at->width));
    logvar = elbo_add(logvar, elbo_scale(elbo_log(at->deviation), 2));
    return at->kind == ELBO__COLUMN_POSITIVE ? elbo_log_normal(mean, logvar) : elbo_normal(mean, logvar);
}

elbo_dist elbo__columns_likelihood(elbo_in *in, elbo_var *h)
{
    spans s;
    if (elbo_option_declared(in, "corruption") && strcmp(elbo_option_choice(in, "corruption"), "none") != 0)
        return elbo_bernoulli(elbo_graph_fail(in->g, ELBO_INVALID, "corruption is of pixels, not of columns"));
    elbo_dist *parts = find_spans(in, &s) ? elbo__calloc((size_t)s.count, sizeof *parts) : NULL;
    if (!parts)
        return elbo_bernoulli(h);
    elbo_var *y = elbo__net_linear(in, h, "decoder.columns", s.parameters);
    int64_t at = 0;
    for (int i = 0; i < s.count; i++) {
        parts[i] = dist_of(&s.at[i], elbo_slice(y, -1, at, s.at[i].parameters));
        at += s.at[i].parameters;
    }
    const elbo_dist all = elbo_independent(parts, s.count);
    elbo__free(parts);
    return all;
}
