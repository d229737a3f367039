/* What every model can do, from the functions that it declares: one graph for each role. */
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/text.h"
#include "../distributions/distribution_private.h"
#include "corruption.h"
#include "model_check.h"
#include "model_private.h"
#include "role.h"

#define NAME(id, name, ...) name,
const char *const elbo_role_names[] = {ELBO__ROLE_TABLE(NAME) NULL};
#undef NAME

void elbo__model_subject(elbo_in *in, elbo__role role)
{
    elbo_graph_subject(in->g, "model \"%.60s\", %s", in->model->name, elbo_role_names[role]);
}

/* Whether the model can be built from `in`. False puts the graph in error. */
static bool can_be_built(elbo_in *in)
{
    elbo__option_read(in, "conditional");
    elbo__option_read(in, "binarise-once"); /* by who reads data sets */
    if (elbo_model_takes_labels(in->model, in->options) && !in->y)
        elbo_graph_fail(in->g, ELBO_INVALID, "needs labels");
    else if (in->draws < 1)
        elbo_graph_fail(in->g, ELBO_INVALID, "%d draws; at least 1", in->draws);
    else if (!in->x || elbo_ndim(in->x) != 2)
        elbo_graph_fail(in->g, ELBO_INVALID, "x is not of shape (B, D)");
    return elbo_graph_status(in->g) == ELBO_OK;
}

/* The same at the beginning of a graph in a role. */
static bool begin(elbo_in *in, elbo__role role)
{
    elbo__model_subject(in, role);
    return can_be_built(in);
}

static elbo_dist no_dist(elbo_in *in)
{
    return elbo_bernoulli(elbo__model_cannot(in));
}

static elbo_dist prior_to_draw_from(elbo_in *in)
{
    if (!elbo_model_has_prior(in->model, in->options))
        elbo_graph_fail(in->g, ELBO_INVALID, "has no prior to draw from");
    return elbo_graph_status(in->g) == ELBO_OK ? elbo__model_prior(in) : no_dist(in);
}

elbo_dist elbo_model_prior(elbo_in *in)
{
    return can_be_built(in) ? prior_to_draw_from(in) : no_dist(in); /* as a part of any role */
}

/* Moves the last n metrics before all others: losses are what one looks at first. */
static void put_last_first(elbo_in *in, int n)
{
    elbo_metric last[ELBO_MAX_LOSSES];
    const int before = in->n_metrics - n;
    memcpy(last, in->metrics + before, (size_t)n * sizeof *last);
    memmove(in->metrics + n, in->metrics, (size_t)before * sizeof *last);
    memcpy(in->metrics, last, (size_t)n * sizeof *last);
}

/* An option whose effect no loss depends on has none. */
static void check_effects(elbo_in *in, const elbo_loss *losses, int n)
{
    for (int i = 0; i < ELBO__MOST_OPTIONS; i++) {
        elbo__option_use *use = &in->g->option_use[i];
        bool depends = !use->effect;
        for (int k = 0; k < n && !depends; k++)
            depends = elbo__depends(losses[k].value, use->effect, NULL);
        use->read = use->read && depends;
    }
}

/* The draws of gradient dreg have no derivative but by elbo_path_gradient. */
static void check_path(elbo_in *in, const elbo_loss *losses, int n)
{
    elbo_var *live = in->built.inference.live;
    bool depends = !live;
    for (int k = 0; k < n && !depends; k++)
        depends = elbo__depends(losses[k].value, live, in->built.inference.root); /* which is detached */
    if (!depends && n > 0)
        elbo_graph_fail(in->g, ELBO_INVALID, "option \"gradient\": dreg needs losses that call elbo_path_gradient");
}

/* Builds the model's losses and reports them; 0 when the graph is in error. */
static int build_losses(elbo_in *in, elbo__role role, elbo_loss *out)
{
    const int n = begin(in, role) ? elbo__model_losses(in, out) : 0;
    for (int i = 0; i < n; i++)
        (strcmp(out[i].name, "loss") == 0 ? elbo__report : elbo_report)(in, out[i].name, out[i].value);
    check_effects(in, out, n);
    check_path(in, out, n);
    in->turns.n = n;
    for (int i = 0; i < n; i++) {
        in->turns.every[i] = out[i].every;
        in->turns.phase[i] = out[i].phase;
    }
    if (elbo_graph_status(in->g) == ELBO_OK)
        put_last_first(in, n);
    return elbo_graph_status(in->g) == ELBO_OK ? n : 0;
}

void elbo_model_train(elbo_in *in, const elbo_optim *optim)
{
    elbo_loss losses[ELBO_MAX_LOSSES] = {{.name = NULL}};
    const int n = build_losses(in, ELBO__STEP, losses);
    elbo__model_play(in, losses, n, optim);
}

void elbo_model_evaluate(elbo_in *in)
{
    elbo_loss losses[ELBO_MAX_LOSSES] = {{.name = NULL}};
    build_losses(in, ELBO__EVALUATE, losses);
}

static elbo_var *no_density(elbo_in *in)
{
    return elbo_graph_fail(in->g, ELBO_INVALID, "gives no density of z, so there is no bound on log p(x)");
}

/* Whether p(x|z) is a density. Not, say, the error of an autoencoder. */
static bool is_density(elbo_in *in, const elbo_dist *p)
{
    if (elbo_graph_status(in->g) == ELBO_OK && p->kind->cost)
        elbo_graph_fail(in->g, ELBO_INVALID, "p(x|z): %s is no density", p->kind->name);
    return elbo_graph_status(in->g) == ELBO_OK;
}

/* log w (B, K), of which log p(x) is estimated */
static elbo_var *log_weights(elbo_in *in, const elbo_bound *bound)
{
    if (!bound->log_weight)
        return no_density(in);
    return is_density(in, &bound->p) ? bound->log_weight : elbo__model_cannot(in);
}

elbo_var *elbo_model_elbo(elbo_in *in)
{
    elbo_bound bound = begin(in, ELBO__ELBO) ? elbo_model_bound(in, in->x, NULL) : (elbo_bound){.kl = NULL};
    return bound.kl ? elbo_neg(elbo_negative_elbo(&bound, NULL)) : no_density(in);
}

elbo_var *elbo_model_log_prob(elbo_in *in)
{
    elbo_bound bound = begin(in, ELBO__LOG_PROB) ? elbo_model_bound(in, in->x, NULL) : (elbo_bound){.kl = NULL};
    return elbo_iwae_bound(log_weights(in, &bound));
}

static void put_part(elbo_in *in, const char *name, elbo_var *value)
{
    elbo_metric *metric = &in->metrics[in->n_metrics];
    if (!value)
        return;
    elbo__print(metric->name, sizeof metric->name, "%s", name);
    metric->value = value;
    in->n_metrics++;
}

void elbo__model_parts(elbo_in *in)
{
    const elbo_bound bound = begin(in, ELBO__PARTS) ? elbo_model_bound(in, elbo_corrupted(in), NULL)
                                                    : (elbo_bound){.kl = NULL};
    put_part(in, "recon", bound.recon);
    put_part(in, "kl", bound.kl);
    put_part(in, "elbo", bound.kl ? elbo_neg(elbo_negative_elbo(&bound, NULL)) : NULL);
    put_part(in, "squared_error", bound.squared_error);
}

elbo_var *elbo__model_log_weights(elbo_in *in)
{
    elbo_bound bound = begin(in, ELBO__LOG_WEIGHTS) ? elbo_model_bound(in, in->x, NULL) : (elbo_bound){.kl = NULL};
    return log_weights(in, &bound);
}

elbo_var *elbo__model_log_ratios(elbo_in *in, elbo_var **z)
{
    elbo_inference i = {.z = NULL};
    elbo_bound bound = begin(in, ELBO__LOG_RATIOS) ? elbo_model_bound(in, in->x, &i) : (elbo_bound){.kl = NULL};
    elbo_var *weights = log_weights(in, &bound);
    *z = elbo_graph_status(in->g) == ELBO_OK ? i.z : weights;
    return elbo_graph_status(in->g) == ELBO_OK ? elbo_sub(elbo_log_prob(bound.p, in->x, in->mask), i.log_q) : weights;
}

elbo_var *elbo__model_data(elbo_in *in)
{
    return begin(in, ELBO__DATA) ? in->x : elbo__model_cannot(in);
}

static bool is_flat(elbo_in *in, const elbo_dist *prior)
{
    const elbo_dist *one = prior->components ? prior->components : prior;
    if (elbo_graph_status(in->g) == ELBO_OK && one->kind->curved)
        elbo_graph_fail(in->g, ELBO_INVALID, "p(z): %s lies in a curved space, where steps do not go straight on",
                        one->kind->name);
    return elbo_graph_status(in->g) == ELBO_OK;
}

void elbo__model_joint(elbo_in *in, elbo_var *z, elbo_var *out[ELBO__JOINT_OUTPUTS])
{
    for (int i = 0; i < ELBO__JOINT_OUTPUTS; i++)
        out[i] = z;
    if (!begin(in, ELBO__JOINT))
        return;
    elbo_var *draws = elbo_reshape(z, ELBO_SHAPE(elbo_size(in->x, 0), in->draws, elbo_size(z, 1)));
    const elbo_dist prior = prior_to_draw_from(in), p = elbo__model_generate(in, draws);
    if (!is_density(in, &p) || !is_flat(in, &prior))
        return;
    out[0] = elbo_log_prob(p, in->x, in->mask);
    out[1] = elbo_log_prob(prior, draws, NULL);
    elbo_grad(out[0], &z, 1, &out[2]);
    elbo_grad(out[1], &z, 1, &out[3]);
}

elbo_var *elbo__model_simulate(elbo_in *in, elbo_var *z)
{
    if (!begin(in, ELBO__SIMULATE))
        return elbo__model_cannot(in);
    const elbo_dist p = elbo__model_generate(in, z);
    return is_density(in, &p) ? elbo_sample(p, "x", 0) : elbo__model_cannot(in);
}

elbo_var *elbo_model_encode(elbo_in *in, elbo_var **logvar)
{
    const elbo_inference i = begin(in, ELBO__ENCODE) ? elbo__model_infer(in)
                                                     : (elbo_inference){.code = elbo__model_cannot(in)};
    if (logvar)
        *logvar = i.q.kind ? elbo_normal_logvar(i.q) : NULL;
    return i.code;
}

elbo_var *elbo_model_codes(elbo_in *in)
{
    elbo_var *index = begin(in, ELBO__CODES) ? elbo__model_infer(in).index : elbo__model_cannot(in);
    return index ? index : elbo_graph_fail(in->g, ELBO_INVALID, "its codes are no whole numbers");
}

elbo_var *elbo_model_lookup(elbo_in *in, elbo_var *index)
{
    if (!begin(in, ELBO__LOOKUP))
        return elbo__model_cannot(in);
    return in->model->lookup ? in->model->lookup(in, index)
                             : elbo_graph_fail(in->g, ELBO_INVALID, "its codes are no whole numbers");
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

static elbo_var *prior_draws(elbo_in *in)
{
    return elbo_sample(prior_to_draw_from(in), "z", in->draws);
}

/* x ~ p(x|z,y) of columns: the means of all are no row of a table. E[x|z,y] of pixels. */
static elbo_var *sampled(elbo_in *in, elbo_var *z)
{
    const elbo_dist p = elbo__model_generate(in, z);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return elbo__model_cannot(in);
    return p.kind == &elbo_kind_independent ? elbo_sample(p, "x", 0) : elbo_dist_mean(p);
}

elbo_var *elbo_model_sample(elbo_in *in)
{
    return begin(in, ELBO__SAMPLE) ? sampled(in, prior_draws(in)) : elbo__model_cannot(in);
}

elbo_var *elbo__model_impute(elbo_in *in, bool drawn, elbo_var **log_weight)
{
    elbo_inference inference = {.z = NULL};
    const elbo_bound bound = begin(in, drawn ? ELBO__IMPUTE_DRAWS : ELBO__IMPUTE)
                                 ? elbo_model_bound(in, in->x, &inference)
                                 : (elbo_bound){.kl = NULL};
    *log_weight = bound.log_weight ? bound.log_weight : no_density(in);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return elbo__model_cannot(in);
    const elbo_dist p = elbo__model_generate(in, inference.z);
    return drawn ? elbo_sample(p, "x", 0) : elbo__dist_expectations(&p);
}

elbo_var *elbo__model_prior_draws(elbo_in *in)
{
    return begin(in, ELBO__PRIOR_DRAWS) ? prior_draws(in) : elbo__model_cannot(in);
}

elbo_var *elbo__model_prior_density(elbo_in *in, elbo_var *z)
{
    return begin(in, ELBO__PRIOR_DENSITY) ? elbo_log_prob(prior_to_draw_from(in), z, NULL) : elbo__model_cannot(in);
}

elbo_var *elbo__model_posterior_density(elbo_in *in, elbo_var *z)
{
    if (!begin(in, ELBO__POSTERIOR_DENSITY))
        return elbo__model_cannot(in);
    const elbo_inference i = elbo__model_infer(in);
    if (elbo_graph_status(in->g) == ELBO_OK && !(i.q.kind && i.q.kind->log_prob))
        elbo_graph_fail(in->g, ELBO_INVALID, "q(z|x) has no density but at its draws");
    if (elbo_graph_status(in->g) != ELBO_OK)
        return elbo__model_cannot(in);
    const elbo_shape shape = ELBO_SHAPE(elbo_size(in->x, 0), elbo_size(z, 0), elbo_size(z, 1));
    return elbo_log_prob(i.q, elbo_expand(elbo_unsqueeze(z, 0), shape), NULL);
}

elbo_var *elbo__model_posterior_draws(elbo_in *in)
{
    return begin(in, ELBO__POSTERIOR_DRAWS) ? elbo__model_infer(in).z : elbo__model_cannot(in);
}
