/* What a model's functions have at hand: the options, the ways to say q, the metrics. */
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../options/option_private.h"
#include "model_private.h"

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* The row of that name; -1: there is none */
static int row_of(const elbo_in *in, const char *name)
{
    for (int i = 0; in->model->options && in->model->options[i].name; i++)
        if (strcmp(in->model->options[i].name, name) == 0)
            return i;
    return -1;
}

void elbo__option_effect(elbo_in *in, const char *name, elbo_var *effect)
{
    const int row = row_of(in, name);
    if (row >= 0 && row < ELBO__MOST_OPTIONS)
        in->g->option_use[row] = (elbo__option_use){true, effect};
}

bool elbo__option_was_read(const elbo_in *in, const char *name)
{
    const int row = row_of(in, name);
    return row >= 0 && row < ELBO__MOST_OPTIONS && in->g->option_use[row].read;
}

void elbo__option_read(elbo_in *in, const char *name)
{
    elbo__option_effect(in, name, NULL);
}

/* The value of an option of the model, or its default where no values are given. */
static elbo_status value_of(const elbo_model *model, const elbo_values *values, const elbo_option *o, elbo_value *out)
{
    const elbo_value *given = values ? elbo_values_get(values, o->name, o->type) : NULL;
    if (!given)
        return elbo__option_preset(o, model->preset, out);
    *out = *given;
    return ELBO_OK;
}

elbo_values *elbo_model_values(const elbo_model *model)
{
    return elbo_values_new_preset(model->options, model->preset);
}

bool elbo_model_takes_labels(const elbo_model *model, const elbo_values *values)
{
    const elbo_option *o = elbo__option_row(model->options, "conditional");
    elbo_value value = {.flag = false};
    return (model->flags & ELBO_NEEDS_LABELS) ||
           (o && o->type == ELBO_FLAG && value_of(model, values, o, &value) == ELBO_OK && value.flag);
}

bool elbo_model_has_prior(const elbo_model *model, const elbo_values *values)
{
    const elbo_option *o = elbo__option_row(model->options, "prior");
    elbo_value value = {.text = ""};
    const bool chosen = o && o->type == ELBO_CHOICE && value_of(model, values, o, &value) == ELBO_OK;
    return !(model->flags & ELBO_NO_PRIOR) && !(chosen && strcmp(value.text, "none") == 0);
}

static elbo_value option(elbo_in *in, const char *name, elbo_option_type type)
{
    static const elbo_value harmless = {.integer = 1, .number = 1, .sizes = {1, {1}}, .text = ""};
    const elbo_option *o = elbo_option_find(in->model->options, name);
    if (!o)
        elbo_graph_fail(in->g, ELBO_INVALID, "%s; the model's table has no such row", elbo_error());
    else if (o->type != type)
        elbo_graph_fail(in->g, ELBO_INVALID, "option \"%s\" is of another type than the model asks for", name);
    if (!o || o->type != type)
        return harmless;
    elbo__option_read(in, name);
    elbo_value value;
    if (value_of(in->model, in->options, o, &value) == ELBO_OK)
        return value;
    elbo_graph_fail(in->g, ELBO_INVALID, "%s", elbo_error());
    return harmless;
}

int64_t elbo_option_integer(elbo_in *in, const char *name)
{
    return option(in, name, ELBO_INTEGER).integer;
}

double elbo_option_number(elbo_in *in, const char *name)
{
    return option(in, name, ELBO_NUMBER).number;
}

elbo_sizes elbo_option_sizes(elbo_in *in, const char *name)
{
    return option(in, name, ELBO_SIZES).sizes;
}

const char *elbo_option_choice(elbo_in *in, const char *name)
{
    return option(in, name, ELBO_CHOICE).text;
}

bool elbo_option_flag(elbo_in *in, const char *name)
{
    return option(in, name, ELBO_FLAG).flag;
}

const char *elbo_option_text(elbo_in *in, const char *name)
{
    const char *text = option(in, name, ELBO_TEXT).text;
    return text ? text : "";
}

bool elbo_option_declared(const elbo_in *in, const char *name)
{
    return row_of(in, name) >= 0;
}

/* ---- gradients of q ---------------------------------------------------------------------------------------------- */

const char *const elbo_gradient_names[] = {"standard", "stl", "dreg", NULL};

const char *elbo__model_gradient(elbo_in *in)
{
    return elbo_option_declared(in, "gradient") ? elbo_option_choice(in, "gradient") : elbo_gradient_names[0];
}

elbo_var *elbo_path_gradient(const elbo_inference *i, elbo_var *loss, elbo_var *ratio)
{
    if (!i->live)
        return loss;
    elbo_var *of_draw;
    elbo_grad(loss, &i->root, 1, &of_draw);
    elbo_var *weighed = elbo_detach(elbo_mul(of_draw, elbo_ndim(ratio) ? elbo_unsqueeze(ratio, -1) : ratio));
    return elbo_straight_through(loss, elbo_add(loss, elbo_sum_all(elbo_mul(weighed, i->live))));
}

/* ---- q ----------------------------------------------------------------------------------------------------------- */

elbo_inference elbo_infer_from(elbo_in *in, elbo_dist q)
{
    if (!q.kind) {
        elbo_graph_fail(in->g, ELBO_INVALID, "infer: q: there is none");
        return (elbo_inference){.z = NULL};
    }
    const elbo_draw draw = elbo_rsample(q, "z", in->draws);
    elbo_inference i = {.q = q, .z = draw.z, .log_q = draw.log_prob, .code = elbo_dist_mean(q), .root = draw.z};
    const char *gradient = elbo__model_gradient(in);
    if (strcmp(gradient, "standard") == 0 || elbo_graph_mode(in->g) != ELBO_TRAIN)
        return i;
    if (strcmp(gradient, "dreg") == 0) {
        i.live = draw.z;
        i.z = i.root = elbo_detach(draw.z);
    }
    i.log_q = elbo_log_prob(elbo_dist_detach(q), i.z, NULL);
    return i;
}

elbo_inference elbo_infer_normal(elbo_in *in, elbo_var *mean, elbo_var *logvar)
{
    return elbo_infer_from(in, mean && logvar ? elbo_normal(mean, logvar) : (elbo_dist){.kind = NULL});
}

elbo_inference elbo_infer_drawn(elbo_var *z, elbo_var *log_q, elbo_var *code)
{
    if (z && !log_q)
        elbo_graph_fail(elbo_graph_of(z), ELBO_INVALID,
                        "infer: log_q: there is none; a z without a density is said by elbo_infer_code");
    return (elbo_inference){.z = z, .log_q = log_q, .code = code};
}

elbo_inference elbo_infer_code(elbo_var *z)
{
    if (!z)
        return (elbo_inference){.z = NULL};
    return (elbo_inference){.z = elbo_unsqueeze(z, 1), .code = z};
}

/* ---- metrics ----------------------------------------------------------------------------------------------------- */

/* Whether two names are one in a configuration, where "_" is "-". */
static bool same_name(const char *a, const char *b)
{
    while (*a && (*a == *b || (strchr("_-", *a) && *b && strchr("_-", *b))))
        a++, b++;
    return *a == *b;
}

static bool has_metric(const elbo_in *in, const char *name)
{
    for (int i = 0; i < in->n_metrics; i++)
        if (same_name(in->metrics[i].name, name))
            return true;
    return false;
}

/* Names by which the training understands its own figures, or that stand in a configuration already. */
static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {"skipped", "grad_norm", "fingerprint", "draws"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (same_name(reserved[i], name))
            return true;
    return strncmp(name, "iwae-", 5) == 0;
}

/* A name is a column, a key of config.ini and a word of the program's lines. */
static bool is_word(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9') && !strchr("_-.", *c))
            return false;
    return *name;
}

static bool is_mean(const elbo_in *in, elbo_var *value)
{
    return elbo_ndim(value) == 0 || (elbo_ndim(value) == 1 && elbo_size(value, 0) == elbo_size(in->x, 0));
}

static void report(elbo_in *in, const char *name, elbo_var *value, bool own)
{
    elbo_metric *metric = &in->metrics[in->n_metrics];
    if (elbo_graph_status(in->g) != ELBO_OK)
        return;
    const elbo_shape shape = value ? elbo_shape_of(value) : ELBO_SCALAR;
    if (!name || !value)
        elbo_graph_fail(in->g, ELBO_INVALID, "metric \"%s\": there is no %s", name ? name : "",
                        name ? "value" : "name");
    else if (!is_word(name))
        elbo_graph_fail(in->g, ELBO_INVALID,
                        "metric \"%s\": expected a name of letters, digits, \"_\", \"-\" and \".\"", name);
    else if (!is_mean(in, value))
        elbo_graph_fail(in->g, ELBO_INVALID, "metric \"%s\": is of shape %s; expected (B) = (%lld), or ()", name,
                        elbo_shape_format(&shape).text, (long long)elbo_size(in->x, 0));
    else if (own && is_reserved(name))
        elbo_graph_fail(in->g, ELBO_INVALID, "metric \"%s\": is a name of the library's", name);
    else if (has_metric(in, name))
        elbo_graph_fail(in->g, ELBO_INVALID, "metric \"%s\": is reported already, by the library or the model", name);
    else if (in->n_metrics == ELBO_MAX_METRICS)
        elbo_graph_fail(in->g, ELBO_INVALID, "metric \"%s\": a model has at most %d", name, ELBO_MAX_METRICS);
    else if (strlen(name) >= sizeof metric->name)
        elbo_graph_fail(in->g, ELBO_INVALID, "metric \"%s\": a name has at most %zu bytes", name,
                        sizeof metric->name - 1);
    else {
        elbo__print(metric->name, sizeof metric->name, "%s", name);
        metric->value = elbo_ndim(value) ? elbo_mean_all(value) : value;
        metric->own = own;
        in->n_metrics++;
    }
}

void elbo_report(elbo_in *in, const char *name, elbo_var *value)
{
    report(in, name, value, true);
}

void elbo__report(elbo_in *in, const char *name, elbo_var *value)
{
    report(in, name, value, false);
}

void elbo_report_bound(elbo_in *in, const elbo_bound *bound)
{
    elbo__report(in, "recon", bound->recon);
    if (bound->kl) {
        elbo__report(in, "kl", bound->kl);
        elbo__report(in, "elbo", elbo_neg(elbo_negative_elbo(bound, NULL)));
    }
    if (bound->log_weight && in->draws > 1) {
        char name[32];
        elbo__print(name, sizeof name, "iwae-%d", in->draws);
        elbo__report(in, name, elbo_iwae_bound(bound->log_weight));
    }
    if (bound->squared_error && elbo_graph_mode(in->g) == ELBO_EVALUATE)
        elbo__report(in, "squared_error", bound->squared_error);
}
