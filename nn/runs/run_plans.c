/* The graphs of a run and their plans: one function for each role, and a shelf of compiled plans. */
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/text.h"
#include "../model/corruption.h"
#include "run_private.h"

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

/* The pixels (B, D) in [0, 1]: rows of a data set, or given themselves. Where nothing reads them, the shape alone counts. */
static elbo_var *pixels(const elbo_run *run, elbo_graph *g, const elbo__work *work, elbo_var *rows)
{
    const elbo_shape shape = ELBO_SHAPE(work->batch, run->pixels);
    if (work->role == ELBO__DECODE || work->role == ELBO__SAMPLE || work->role == ELBO__PRIOR)
        return elbo_expand(elbo_constant(g, 0), shape);
    if (!rows)
        return elbo_input(g, "x", ELBO_F32, shape);
    elbo_var *x = elbo_gather(elbo_input(g, "images", work->pixels, ELBO_SHAPE(work->table, run->pixels)), rows);
    return work->pixels == ELBO_U8 ? elbo_scale(elbo_cast(x), 1.0 / 255) : x;
}

/* y (B, C) one-hot */
static elbo_var *classes(const elbo_run *run, elbo_graph *g, const elbo__work *work, elbo_var *rows)
{
    if (!elbo__run_takes_labels(run))
        return NULL;
    elbo_var *labels = elbo_input(g, "labels", ELBO_I32, ELBO_SHAPE(rows ? work->table : work->batch));
    return elbo_one_hot(rows ? elbo_gather(labels, rows) : labels, run->classes);
}

static elbo_in inputs(const elbo_run *run, elbo_graph *g, const elbo__work *work)
{
    elbo_var *rows = work->table ? elbo_input(g, "rows", ELBO_I32, ELBO_SHAPE(work->batch)) : NULL;
    elbo_in in = {
        .g = g,
        .model = run->model,
        .options = run->options,
        .y = classes(run, g, work, rows),
        .image = run->image,
        .draws = (int)work->draws,
    };
    in.x = elbo_binarised(&in, pixels(run, g, work, rows));
    return in;
}

/* ---- roles: each puts its outputs in `out` and returns how many -------------------------------------------------- */

static int metrics(const elbo_in *in, elbo_var **out)
{
    for (int i = 0; i < in->n_metrics; i++)
        out[i] = in->metrics[i].value;
    return in->n_metrics;
}

static int build_step(const elbo_run *run, elbo_in *in, elbo_var **out)
{
    elbo_model_train(in, run->optim);
    return metrics(in, out);
}

static int build_evaluate(const elbo_run *run, elbo_in *in, elbo_var **out)
{
    (void)run;
    elbo_model_evaluate(in);
    return metrics(in, out);
}

static int build_encode(const elbo_run *run, elbo_in *in, elbo_var **out)
{
    (void)run;
    out[0] = elbo_model_encode(in, &out[1]);
    return out[1] ? 2 : 1;
}

static int build_seen(const elbo_run *run, elbo_in *in, elbo_var **out)
{
    (void)run;
    out[0] = elbo_model_seen(in);
    return 1;
}

static int build_prior(const elbo_run *run, elbo_in *in, elbo_var **out)
{
    (void)run;
    const elbo_dist prior = elbo_model_prior(in);
    out[0] = elbo_dist_mean(prior);
    out[1] = elbo_normal_logvar(prior);
    return out[1] ? 2 : 1;
}

static int build_decode(const elbo_run *run, elbo_in *in, elbo_var **out)
{
    out[0] = elbo_model_decode(in, elbo_input(in->g, "z", ELBO_F32, ELBO_SHAPE(elbo_size(in->x, 0), run->latent)));
    return 1;
}

static int build_sample(const elbo_run *run, elbo_in *in, elbo_var **out)
{
    (void)run;
    out[0] = elbo_model_sample(in);
    return 1;
}

static int build_reconstruct(const elbo_run *run, elbo_in *in, elbo_var **out)
{
    (void)run;
    out[0] = elbo_model_reconstruct(in);
    return 1;
}

static int build_bound(const elbo_run *run, elbo_in *in, elbo_var **out)
{
    (void)run;
    out[0] = elbo_model_elbo(in);
    return 1;
}

static int build_log_prob(const elbo_run *run, elbo_in *in, elbo_var **out)
{
    (void)run;
    out[0] = elbo_model_log_prob(in);
    return 1;
}

static const struct {
    elbo_mode mode;
    int (*build)(const elbo_run *run, elbo_in *in, elbo_var **out);
} roles[ELBO__ROLES] = {
    [ELBO__STEP] = {ELBO_TRAIN, build_step},        [ELBO__EVALUATE] = {ELBO_EVALUATE, build_evaluate},
    [ELBO__ENCODE] = {ELBO_EVALUATE, build_encode}, [ELBO__SEEN] = {ELBO_EVALUATE, build_seen},
    [ELBO__PRIOR] = {ELBO_EVALUATE, build_prior},   [ELBO__DECODE] = {ELBO_EVALUATE, build_decode},
    [ELBO__SAMPLE] = {ELBO_EVALUATE, build_sample}, [ELBO__RECONSTRUCT] = {ELBO_EVALUATE, build_reconstruct},
    [ELBO__BOUND] = {ELBO_EVALUATE, build_bound},   [ELBO__LOG_PROB] = {ELBO_EVALUATE, build_log_prob},
};

elbo_status elbo__run_open_weights(elbo_run *run)
{
    elbo_graph *g = elbo_graph_new(run->params, ELBO_TRAIN);
    elbo_in in = inputs(run, g, &(elbo__work){.role = ELBO__EVALUATE, .batch = 1, .draws = 1});
    elbo_in encoding = in; /* each with metrics of its own */
    elbo_model_evaluate(&in);
    run->latent = elbo_size(elbo_model_encode(&encoding, NULL), -1);
    if (!(run->model->flags & ELBO_NO_PRIOR))
        elbo_model_prior(&in);
    elbo_status status = elbo__graph_settle(g);
    elbo_graph_free(g);
    return status;
}

/* ---- the shelf --------------------------------------------------------------------------------------------------- */

static elbo_status compile(const elbo_run *run, const elbo__work *work, elbo__planned *out)
{
    elbo_graph *g = elbo_graph_new(run->params, roles[work->role].mode);
    elbo_in in = inputs(run, g, work);
    elbo_var *outputs[ELBO_MAX_METRICS];
    const int n = roles[work->role].build(run, &in, outputs);
    *out = (elbo__planned){
        .work = *work, .plan = elbo_compile(g, outputs, n), .metrics.count = in.n_metrics, .outputs = n};
    for (int i = 0; i < in.n_metrics; i++) {
        elbo__print(out->metrics.at[i].name, sizeof out->metrics.at[i].name, "%s", in.metrics[i].name);
        out->metrics.at[i].own = in.metrics[i].own;
    }
    elbo_status status = out->plan ? ELBO_OK : elbo_graph_status(g);
    elbo_graph_free(g);
    return out->plan || status != ELBO_OK ? status : ELBO_NO_MEMORY;
}

static bool same(const elbo__work *a, const elbo__work *b)
{
    return a->role == b->role && a->batch == b->batch && a->draws == b->draws && a->table == b->table &&
           a->pixels == b->pixels;
}

static void discard(elbo__planned *planned)
{
    elbo_plan_free(planned->plan);
    *planned = (elbo__planned){.plan = NULL};
}

elbo_status elbo__run_plan(elbo_run *run, const elbo__work *work, elbo__planned **out)
{
    elbo__planned *place = &run->plans[0]; /* the least recently used; an empty one was never used */
    for (elbo__planned *p = run->plans; p < run->plans + ELBO__KEPT_PLANS; p++) {
        if (p->plan && same(&p->work, work)) {
            p->used = ++run->clock;
            *out = p;
            return ELBO_OK;
        }
        if (p->used < place->used)
            place = p;
    }
    discard(place);
    elbo_status status = compile(run, work, place);
    if (status == ELBO_OK)
        place->used = ++run->clock;
    *out = place;
    return status;
}

void elbo__run_forget(elbo_run *run, elbo__role role)
{
    for (elbo__planned *p = run->plans; p < run->plans + ELBO__KEPT_PLANS; p++)
        if (p->plan && p->work.role == role)
            discard(p);
}
