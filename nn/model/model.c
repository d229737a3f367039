#include "model.h"

#include <string.h>

#include "../../tensor/memory.h"
#include "corruption.h"
#include "model_check.h"
#include "role.h"

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* The value of one option, or its default where no values were given. */
static elbo_value option(const elbo_in *in, const char *name, elbo_option_type type)
{
    static const elbo_value harmless = {.integer = 1, .number = 1, .sizes = {1, {1}}, .text = ""};
    const elbo_option *o = elbo_option_find(in->model->options, name);
    if (!o || o->type != type) {
        elbo_graph_fail(in->g, ELBO_INVALID, "the model declares no option \"%s\" of this type", name);
        return harmless;
    }
    const elbo_value *given = in->options ? elbo_values_get(in->options, name, type) : NULL;
    elbo_value value;
    if (given)
        return *given;
    if (elbo__option_default(o, &value) == ELBO_OK)
        return value;
    elbo_graph_fail(in->g, ELBO_INVALID, "%s", elbo_error());
    return harmless;
}

int64_t elbo_option_integer(const elbo_in *in, const char *name)
{
    return option(in, name, ELBO_INTEGER).integer;
}

double elbo_option_number(const elbo_in *in, const char *name)
{
    return option(in, name, ELBO_NUMBER).number;
}

elbo_sizes elbo_option_sizes(const elbo_in *in, const char *name)
{
    return option(in, name, ELBO_SIZES).sizes;
}

const char *elbo_option_choice(const elbo_in *in, const char *name)
{
    return option(in, name, ELBO_CHOICE).text;
}

bool elbo_option_flag(const elbo_in *in, const char *name)
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

/* ---- inside a model ---------------------------------------------------------------------------------------------- */

elbo_inference elbo_infer_normal(elbo_in *in, elbo_var *mean, elbo_var *logvar)
{
    elbo_dist q = elbo_normal(mean, logvar);
    elbo_draw draw = elbo_rsample(q, "z", in->draws);
    return (elbo_inference){.q = q, .z = draw.z, .log_q = draw.log_prob, .code = mean};
}

void elbo_report(elbo_in *in, const char *name, elbo_var *value)
{
    for (int i = 0; i < in->n_metrics; i++)
        if (strcmp(in->metrics[i].name, name) == 0) {
            elbo_graph_fail(in->g, ELBO_INVALID, "metric \"%s\": is reported already, by the library or the model",
                            name);
            return;
        }
    if (in->n_metrics == ELBO_MAX_METRICS)
        elbo_graph_fail(in->g, ELBO_INVALID, "metric \"%s\": a model has at most %d", name, ELBO_MAX_METRICS);
    else
        in->metrics[in->n_metrics++] = (elbo_metric){name, elbo_ndim(value) ? elbo_mean_all(value) : value};
}

void elbo_report_bound(elbo_in *in, const elbo_bound *bound)
{
    elbo_report(in, "recon", bound->recon);
    if (bound->squared_error && elbo_graph_mode(in->g) == ELBO_EVALUATE)
        elbo_report(in, "squared_error", bound->squared_error);
    if (!bound->kl)
        return;
    elbo_report(in, "kl", bound->kl);
    elbo_report(in, "elbo", elbo_neg(elbo_negative_elbo(bound, NULL)));
}

/* ---- what every model can do ------------------------------------------------------------------------------------- */

#define NAME(id, name, ...) name,
const char *const elbo_role_names[] = {ELBO__ROLE_TABLE(NAME) NULL};
#undef NAME

/* Begins a graph in a role; whether the model can be built from `in`. False puts the graph in error. */
static bool begin(elbo_in *in, elbo__role role)
{
    elbo_graph_subject(in->g, "model \"%.60s\", %s", in->model->name, elbo_role_names[role]);
    if ((in->model->flags & ELBO_NEEDS_LABELS) && !in->y)
        elbo_graph_fail(in->g, ELBO_INVALID, "needs labels");
    else if (in->draws < 1)
        elbo_graph_fail(in->g, ELBO_INVALID, "%d draws; at least 1", in->draws);
    else if (elbo_ndim(in->x) != 2)
        elbo_graph_fail(in->g, ELBO_INVALID, "x is not of shape (B, D)");
    return elbo_graph_status(in->g) == ELBO_OK;
}

static elbo_dist no_dist(elbo_in *in)
{
    return elbo_bernoulli(elbo__model_cannot(in));
}

static elbo_dist prior_to_draw_from(elbo_in *in)
{
    if (in->model->flags & ELBO_NO_PRIOR)
        elbo_graph_fail(in->g, ELBO_INVALID, "has no prior to draw from");
    return elbo_graph_status(in->g) == ELBO_OK ? elbo__model_prior(in) : no_dist(in);
}

elbo_dist elbo_model_prior(elbo_in *in)
{
    return begin(in, ELBO__PRIOR) ? prior_to_draw_from(in) : no_dist(in);
}

/* The bound on log p(in->x) with q from `seen`, which stands in for x before the encoder. */
static elbo_bound bound_from(elbo_in *in, elbo_var *seen, elbo_inference *inference)
{
    elbo_var *x = in->x;
    in->x = seen;
    *inference = elbo__model_infer(in);
    in->x = x;
    if (elbo_graph_status(in->g) != ELBO_OK)
        return (elbo_bound){.recon = inference->z};
    const bool density = inference->q.kind || inference->log_q;
    const elbo_dist z = density ? elbo__model_prior(in)
                                : (elbo_dist){.kind = NULL}; /* its layers are met before the decoder's */
    const elbo_dist p = elbo__model_generate(in, inference->z);
    return elbo_bound_of(inference->q, (elbo_draw){inference->z, inference->log_q}, z, p, x, in->mask);
}

elbo_bound elbo_model_bound(elbo_in *in, elbo_inference *inference)
{
    elbo_inference unwanted;
    return bound_from(in, in->x, inference ? inference : &unwanted);
}

/* The number that an option which not every model has is set to; 0 where it is not declared. */
static double number_or_0(const elbo_in *in, const char *name)
{
    return elbo_option_declared(in, name) ? elbo_option_number(in, name) : 0;
}

int elbo_bound_loss(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    elbo_var *seen = elbo_corrupted(in);
    elbo_bound bound = bound_from(in, seen, &inference), pressed = bound;
    const double free_bits = bound.kl ? number_or_0(in, "free-bits") : 0;
    if (free_bits > 0)
        pressed.kl = elbo_free_bits_kl(&bound, free_bits);
    elbo_var *cost = elbo_negative_elbo(&pressed, bound.kl ? elbo_scalar(in->g, "beta") : NULL);
    if (inference.penalty)
        cost = elbo_add(cost, inference.penalty);
    elbo_report_bound(in, &bound);
    if (seen != in->x && elbo_graph_mode(in->g) == ELBO_EVALUATE)
        elbo_report(in, "corrupted_error", elbo_sum_axis(elbo_square(elbo_sub(seen, in->x)), 1));
    out[0] = (elbo_loss){.value = elbo_mean_all(cost)};
    return 1;
}

/* Builds the model's losses and reports them; 0 when the graph is in error. */
static int build_losses(elbo_in *in, elbo__role role, elbo_loss *out)
{
    const int n = begin(in, role) ? elbo__model_losses(in, out) : 0;
    for (int i = 0; i < n; i++)
        elbo_report(in, out[i].name, out[i].value);
    return elbo_graph_status(in->g) == ELBO_OK ? n : 0;
}

/* Whether `name` begins with one of the words of `prefixes`, which are separated by spaces. */
static bool matches(const char *prefixes, const char *name)
{
    for (const char *at = prefixes; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length && strncmp(at, name, length) == 0)
            return true;
        at += length;
    }
    return false;
}

/* A loss, the parameters that it moves and their gradients: (n) each, in one block that begins at `params`. */
typedef struct {
    elbo_loss loss;
    elbo_var **params, **grads;
    int n;
} player;

/* False when memory is short or the loss moves nothing: the graph is then in error. */
static bool choose(player *p, elbo_graph *g)
{
    int all = elbo_graph_params(g, NULL);
    p->params = elbo__calloc((size_t)all, 2 * sizeof *p->params);
    if (!p->params) {
        elbo_graph_fail(g, ELBO_NO_MEMORY, "out of memory");
        return false;
    }
    p->grads = p->params + all;
    elbo_graph_params(g, p->params);
    for (int i = 0; i < all; i++)
        if (!p->loss.params || matches(p->loss.params, elbo_name_of(p->params[i])))
            p->params[p->n++] = p->params[i];
    if (p->n == 0)
        elbo_graph_fail(g, ELBO_INVALID, "loss \"%s\": there is no parameter to move", p->loss.name);
    return p->n > 0;
}

void elbo_model_train(elbo_in *in, const elbo_optim *optim)
{
    elbo_loss losses[ELBO_MAX_LOSSES];
    player players[ELBO_MAX_LOSSES] = {{.n = 0}};
    int n = build_losses(in, ELBO__STEP, losses);
    bool whole = true;
    for (int i = 0; i < n && whole; i++) {
        players[i].loss = losses[i];
        whole = choose(&players[i], in->g);
    }
    for (int i = 0; i < n && whole; i++)
        elbo_grad(losses[i].value, players[i].params, players[i].n, players[i].grads);
    for (int i = 0; i < n && whole; i++) {
        elbo_optim own = *optim;
        own.when = losses[i].when;
        own.slab = n > 1 ? losses[i].name : NULL;
        elbo_optim_report report = elbo_apply_gradients(in->g, players[i].params, players[i].grads, players[i].n, &own);
        if (n == 1 && report.norm)
            elbo_report(in, "grad_norm", report.norm);
        if (n == 1 && report.skipped)
            elbo_report(in, "skipped", report.skipped);
    }
    for (int i = 0; i < n; i++)
        elbo__free(players[i].params);
}

void elbo_model_evaluate(elbo_in *in)
{
    elbo_loss losses[ELBO_MAX_LOSSES];
    build_losses(in, ELBO__EVALUATE, losses);
}

static elbo_var *no_density(elbo_in *in)
{
    return elbo_graph_fail(in->g, ELBO_INVALID, "has no density");
}

elbo_var *elbo_model_elbo(elbo_in *in)
{
    elbo_bound bound = begin(in, ELBO__BOUND) ? elbo_model_bound(in, NULL) : (elbo_bound){.kl = NULL};
    return bound.kl ? elbo_neg(elbo_negative_elbo(&bound, NULL)) : no_density(in);
}

elbo_var *elbo_model_log_prob(elbo_in *in)
{
    elbo_bound bound = begin(in, ELBO__LOG_PROB) ? elbo_model_bound(in, NULL) : (elbo_bound){.kl = NULL};
    return bound.log_weight ? elbo_iwae_bound(bound.log_weight) : no_density(in);
}

elbo_var *elbo_model_encode(elbo_in *in, elbo_var **logvar)
{
    const elbo_inference i = begin(in, ELBO__ENCODE) ? elbo__model_infer(in)
                                                     : (elbo_inference){.code = elbo__model_cannot(in)};
    if (logvar)
        *logvar = i.q.kind ? elbo_normal_logvar(i.q) : NULL;
    return i.code;
}

elbo_var *elbo_model_seen(elbo_in *in)
{
    return begin(in, ELBO__SEEN) ? elbo_corrupted(in) : elbo__model_cannot(in);
}

static elbo_var *decode(elbo_in *in, elbo_var *z)
{
    return elbo_graph_status(in->g) == ELBO_OK ? elbo_dist_mean(elbo__model_generate(in, z)) : elbo__model_cannot(in);
}

elbo_var *elbo_model_decode(elbo_in *in, elbo_var *z)
{
    return begin(in, ELBO__DECODE) ? decode(in, z) : elbo__model_cannot(in);
}

elbo_var *elbo_model_reconstruct(elbo_in *in)
{
    return begin(in, ELBO__RECONSTRUCT) ? decode(in, elbo__model_infer(in).z) : elbo__model_cannot(in);
}

elbo_var *elbo_model_sample(elbo_in *in)
{
    if (!begin(in, ELBO__SAMPLE))
        return elbo__model_cannot(in);
    const elbo_dist p = prior_to_draw_from(in);
    return decode(in, elbo_sample(p, "z", in->draws).z);
}
