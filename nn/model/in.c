/* What a model's functions have at hand: the options, the ways to say q, the metrics. */
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../options/option_private.h"
#include "model_private.h"

/* ---- options ----------------------------------------------------------------------------------------------------- */

void elbo__option_read(elbo_in *in, const char *name)
{
    const elbo_option *o = elbo_option_find(in->model->options, name);
    if (o && o - in->model->options < 64)
        in->read |= UINT64_C(1) << (o - in->model->options);
}

/* The value of one option, or its default where no values were given. */
static elbo_value option(elbo_in *in, const char *name, elbo_option_type type)
{
    static const elbo_value harmless = {.integer = 1, .number = 1, .sizes = {1, {1}}, .text = ""};
    const elbo_option *o = elbo_option_find(in->model->options, name);
    if (!o || o->type != type) {
        elbo_graph_fail(in->g, ELBO_INVALID, "the model declares no option \"%s\" of this type", name);
        return harmless;
    }
    elbo__option_read(in, name);
    const elbo_value *given = in->options ? elbo_values_get(in->options, name, type) : NULL;
    elbo_value value;
    if (given)
        return *given;
    if (elbo__option_default(o, &value) == ELBO_OK)
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

bool elbo_option_declared(const elbo_in *in, const char *name)
{
    for (const elbo_option *o = in->model->options; o && o->name; o++)
        if (strcmp(o->name, name) == 0)
            return true;
    return false;
}

/* ---- q ----------------------------------------------------------------------------------------------------------- */

elbo_inference elbo_infer_from(elbo_in *in, elbo_dist q)
{
    const elbo_draw draw = elbo_rsample(q, "z", in->draws);
    return (elbo_inference){.q = q, .z = draw.z, .log_q = draw.log_prob, .code = elbo_dist_mean(q)};
}

elbo_inference elbo_infer_normal(elbo_in *in, elbo_var *mean, elbo_var *logvar)
{
    return elbo_infer_from(in, elbo_normal(mean, logvar));
}

elbo_inference elbo_infer_drawn(elbo_var *z, elbo_var *log_q, elbo_var *code)
{
    return (elbo_inference){.z = z, .log_q = log_q, .code = code};
}

elbo_inference elbo_infer_code(elbo_var *z)
{
    return (elbo_inference){.z = elbo_unsqueeze(z, 1), .code = z};
}

/* ---- metrics ----------------------------------------------------------------------------------------------------- */

static bool has_metric(const elbo_in *in, const char *name)
{
    for (int i = 0; i < in->n_metrics; i++)
        if (strcmp(in->metrics[i].name, name) == 0)
            return true;
    return false;
}

static void report(elbo_in *in, const char *name, elbo_var *value, bool own)
{
    elbo_metric *metric = &in->metrics[in->n_metrics];
    if (has_metric(in, name))
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
