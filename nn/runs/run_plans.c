/* The graphs of a run and their plans: what builds each role, and a shelf of compiled plans. */
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/error_private.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../model/corruption.h"
#include "../model/model_check.h"
#include "../model/model_private.h"
#include "../parts/likelihood_private.h"
#include "../parts/parts.h"
#include "run_private.h"

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

/* The pixels (B, D), u8 as 0..1 unless they are counts: rows of a data set, or given themselves. Where nothing reads
 * them their shape counts. */
static elbo_var *pixels(const elbo_run *run, elbo_graph *g, const elbo__work *work, elbo_var *rows)
{
    const elbo_shape shape = ELBO_SHAPE(work->batch, run->pixels);
    if (!(elbo__roles[work->role].takes & ELBO__TAKES_X))
        return elbo_expand(elbo_constant(g, 0), shape);
    if (!rows)
        return elbo_input(g, "x", ELBO_F32, shape);
    elbo_var *x = elbo_gather(elbo_input(g, "images", work->pixels, ELBO_SHAPE(work->table, run->pixels)), rows);
    if (work->pixels != ELBO_U8)
        return x;
    return elbo__likelihood_values(run->options) == ELBO__COUNTS ? elbo_cast(x) : elbo_scale(elbo_cast(x), 1.0 / 255);
}

/* y (B, C) one-hot */
static elbo_var *classes(const elbo_run *run, elbo_graph *g, const elbo__work *work, elbo_var *rows)
{
    if (!elbo__run_takes_labels(run))
        return NULL;
    elbo_var *labels = elbo_input(g, "labels", ELBO_I32, ELBO_SHAPE(rows ? work->table : work->batch));
    return elbo_one_hot(rows ? elbo_gather(labels, rows) : labels, run->classes);
}

/* m (B, D), 0 where a value of x is missing and 1 elsewhere; NULL where none is. */
static elbo_var *observed(const elbo_run *run, elbo_graph *g, const elbo__work *work, elbo_var *x, elbo_var *rows)
{
    if (work->missing == ELBO__MASKED)
        return elbo_cast(elbo_gather(elbo_input(g, "mask", ELBO_U8, ELBO_SHAPE(work->table, run->pixels)), rows));
    return work->missing == ELBO__NAN_MISSING ? elbo_equal(x, x) : NULL;
}

/* The model sees 0 for what is missing. Its mask is a node of its own: whether a loss depends on it is a question of
 * elbo__model_losses. */
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
        .moving = work->moving,
        .accumulation = work->accumulation,
        .average = run->average,
    };
    elbo_var *given = pixels(run, g, work, rows), *mask = observed(run, g, work, given, rows);
    elbo_var *x = mask ? elbo_where(mask, given, elbo_constant(g, 0)) : given;
    in.x = work->seen ? x : elbo_binarised(&in, x);
    in.mask = observed(run, g, work, given, rows);
    return in;
}

/* ---- roles ------------------------------------------------------------------------------------------------------- */

/* A graph under way: what the model is built from, and the outputs of the plan. */
typedef struct elbo__building {
    const elbo_run *run;
    elbo_in in;
    elbo_var *out[ELBO_MAX_METRICS];
    int outputs;
} building;

static void put_metrics(building *b)
{
    while (b->outputs < b->in.n_metrics) {
        b->out[b->outputs] = b->in.metrics[b->outputs].value;
        b->outputs++;
    }
}

/* The second is left out where there is none. */
static void put_two(building *b, elbo_var *first, elbo_var *second)
{
    b->out[0] = first;
    b->out[1] = second;
    b->outputs = second ? 2 : 1;
}

static void build_step(building *b)
{
    elbo_model_train(&b->in, b->run->optim);
    put_metrics(b);
}

static void build_evaluate(building *b)
{
    elbo_model_evaluate(&b->in);
    put_metrics(b);
}

static void build_parts(building *b)
{
    elbo__model_parts(&b->in);
    put_metrics(b);
}

static void build_encode(building *b)
{
    elbo_var *logvar, *code = elbo_model_encode(&b->in, &logvar);
    put_two(b, code, logvar);
}

static void build_lookup(building *b)
{
    const elbo_code_map *map = &b->run->map;
    const elbo_shape shape = ELBO_SHAPE(elbo_size(b->in.x, 0), map->height, map->width, map->levels);
    put_two(b, elbo_model_lookup(&b->in, elbo_input(b->in.g, "codes", ELBO_I32, shape)), NULL);
}

static void build_prior(building *b)
{
    elbo__model_subject(&b->in, ELBO__PRIOR);
    const elbo_dist prior = elbo_model_prior(&b->in);
    put_two(b, elbo_dist_mean(prior), elbo_normal_logvar(prior));
}

/* z (B, Z), which is given */
static elbo_var *codes(building *b)
{
    return elbo_input(b->in.g, "z", ELBO_F32, ELBO_SHAPE(elbo_size(b->in.x, 0), b->run->latent));
}

static void build_decode(building *b)
{
    put_two(b, elbo_model_decode(&b->in, codes(b)), NULL);
}

static void build_prior_density(building *b)
{
    put_two(b, elbo__model_prior_density(&b->in, codes(b)), NULL);
}

static void build_posterior_density(building *b)
{
    put_two(b, elbo__model_posterior_density(&b->in, codes(b)), NULL);
}

/* Of z (B K, Z): a plan of two dimensions takes what elbo_run_explain has. */
static void build_joint(building *b)
{
    const elbo_shape flat = ELBO_SHAPE(elbo_size(b->in.x, 0) * b->in.draws, b->run->latent);
    elbo__model_joint(&b->in, elbo_input(b->in.g, "z", ELBO_F32, flat), b->out);
    b->outputs = ELBO__JOINT_OUTPUTS;
}

static void build_simulate(building *b)
{
    put_two(b, elbo__model_simulate(&b->in, codes(b)), NULL);
}

static void build_metric(building *b)
{
    const elbo_shape codes = ELBO_SHAPE(elbo_size(b->in.x, 0), b->run->latent);
    elbo__model_subject(&b->in, ELBO__METRIC);
    elbo_var *gradient, *density = elbo_metric_density(&b->in, elbo_input(b->in.g, "z", ELBO_F32, codes), &gradient);
    put_two(b, elbo_concat((elbo_var *[]){elbo_unsqueeze(density, 1), gradient}, 2, 1), NULL);
}

static void build_log_ratios(building *b)
{
    elbo_var *z, *ratios = elbo__model_log_ratios(&b->in, &z);
    put_two(b, ratios, z);
}

static void build_impute(building *b)
{
    elbo_var *log_weight, *x = elbo__model_impute(&b->in, false, &log_weight);
    put_two(b, log_weight, x);
}

static void build_impute_draws(building *b)
{
    elbo_var *log_weight, *x = elbo__model_impute(&b->in, true, &log_weight);
    put_two(b, log_weight, x);
}

#define ROW(id, name, doing, mode, takes, build) [ELBO__##id] = {doing, ELBO_##mode, takes, build},
const elbo__role_row elbo__roles[ELBO__ROLES] = {ELBO__ROLE_TABLE(ROW)};
#undef ROW

/* An option that was set to something else than its default and that nothing asked for would be accepted and
 * ignored. */
static elbo_status check_read(const elbo_run *run, const elbo_graph *g)
{
    const elbo_option *table = run->model->options;
    for (int i = 0; table && table[i].name && !run->model->fit; i++)
        if (!g->option_use[i].read && elbo_values_changed(run->options, table[i].name))
            return elbo__fail(ELBO_INVALID, "model \"%s\": option \"%s\": nothing in this model depends on it",
                              run->model->name, table[i].name);
    return ELBO_OK;
}

/* Whether what the model's losses looked at is no density; where they have no bound, what the code generates. */
static bool is_cost(const elbo_in *in, elbo_in *encoding)
{
    elbo_dist p = in->built.bound.p;
    if (!p.kind && elbo_graph_status(in->g) == ELBO_OK)
        p = elbo__model_generate(encoding, elbo_model_encode(encoding, NULL));
    return elbo_graph_status(in->g) == ELBO_OK && p.kind && p.kind->cost;
}

elbo_status elbo__run_open_weights(elbo_run *run)
{
    elbo_graph *g = elbo_graph_new(run->params, ELBO_TRAIN);
    /* a batch that a wrong shape does not fit by chance */
    elbo_in in = inputs(run, g, &(elbo__work){.role = ELBO__EVALUATE, .batch = 4, .draws = 1});
    elbo_in encoding = in, asking = in; /* each with metrics of its own */
    elbo_model_evaluate(&in);
    run->turns = in.turns;
    run->latent = elbo_size(elbo_model_encode(&encoding, NULL), -1);
    if (elbo_model_has_prior(run->model, run->options)) {
        elbo__model_subject(&asking, ELBO__PRIOR);
        const elbo_dist prior = elbo_model_prior(&asking);
        run->normal_prior = elbo_normal_logvar(prior) != NULL;
        if (elbo_graph_status(g) == ELBO_OK && prior.shape.dim[1] != run->latent)
            elbo_graph_fail(g, ELBO_INVALID, "prior: has %lld dimensions, and z has %lld",
                            (long long)prior.shape.dim[1], (long long)run->latent);
    }
    if (in.built.inference.index && elbo_graph_status(g) == ELBO_OK) {
        const elbo_shape shape = elbo_shape_of(in.built.inference.index);
        run->map = (elbo_code_map){shape.dim[1], shape.dim[2], shape.dim[3], in.built.inference.codes};
    }
    run->cost = is_cost(&in, &encoding);
    run->takes_draws = elbo__option_was_read(&in, "draws");
    elbo_status status = elbo__graph_settle(g);
    if (status == ELBO_OK)
        status = check_read(run, g);
    elbo_graph_free(g);
    return status;
}

/* ---- the shelf --------------------------------------------------------------------------------------------------- */

/* A new graph, b->in.g, in error where it cannot be built. */
static void build(const elbo_run *run, const elbo__work *work, building *b)
{
    const elbo__role_row *role = &elbo__roles[work->role];
    elbo_graph *g = elbo_graph_new(run->params, role->mode);
    *b = (building){.run = run, .in = inputs(run, g, work)};
    if (role->one)
        put_two(b, role->one(&b->in), NULL);
    else
        role->build(b);
}

elbo_graph *elbo__run_graph(const elbo_run *run, const elbo__work *work, elbo_var *out[ELBO_MAX_METRICS], int *outputs)
{
    building b;
    build(run, work, &b);
    memcpy(out, b.out, sizeof b.out);
    *outputs = b.outputs;
    return b.in.g;
}

static void discard(elbo__planned *planned)
{
    elbo_plan_free(planned->plan);
    elbo_plan_free(planned->before);
    for (int i = 0; i < planned->n_fixed; i++)
        elbo_tensor_free(&planned->fixed[i]);
    elbo__free(planned->fixed);
    *planned = (elbo__planned){.plan = NULL};
}

/* The plan for what is the same for all draws, and for any z that is given, which the graph then takes as inputs. */
static void cut(building *b, elbo__planned *out)
{
    elbo_graph *g = b->in.g;
    elbo_var **nodes = elbo__fixed_nodes(g, b->out, b->outputs, "z", &out->n_fixed);
    const int n = out->n_fixed;
    if (n > 0 && !(out->fixed = elbo__calloc((size_t)n, sizeof *out->fixed)))
        elbo_graph_fail(g, ELBO_NO_MEMORY, "%s", elbo_error());
    if (n == 0 || !out->fixed || !(out->before = elbo_compile(g, nodes, n)))
        return;
    for (int i = 0; i < n; i++) {
        out->fixed[i] = elbo_tensor_new(nodes[i]->dtype, nodes[i]->shape);
        if (!out->fixed[i].data)
            elbo_graph_fail(g, ELBO_NO_MEMORY, "%s", elbo_error());
        elbo__make_input(nodes[i], i);
    }
}

/* The fixed tensors stay where they are. */
static elbo_status bind_fixed(elbo__planned *planned)
{
    elbo_status status = ELBO_OK;
    for (int i = 0; i < planned->n_fixed && status == ELBO_OK; i++) {
        char name[32];
        elbo__print(name, sizeof name, "fixed#%d", i);
        status = elbo_plan_bind(planned->plan, name, planned->fixed[i]);
    }
    return status;
}

elbo_status elbo__run_before(elbo_run *run, elbo__planned *planned, elbo_at at)
{
    elbo_status status = planned->before ? elbo_plan_run(planned->before, run->params, at) : ELBO_OK;
    for (int i = 0; i < planned->n_fixed && status == ELBO_OK; i++) {
        const elbo_tensor made = elbo_plan_output(planned->before, i);
        elbo_tensor_copy(&planned->fixed[i], &made);
    }
    return status;
}

static elbo_status compile(const elbo_run *run, const elbo__work *work, elbo__planned *out)
{
    building b;
    build(run, work, &b);
    elbo_graph *g = b.in.g;
    *out = (elbo__planned){
        .work = *work, .metrics.count = b.in.n_metrics, .metrics.losses = b.in.turns.n, .outputs = b.outputs};
    if (work->cut && elbo_graph_status(g) == ELBO_OK)
        cut(&b, out);
    out->plan = elbo_compile(g, b.out, b.outputs);
    elbo__print(out->unmoved, sizeof out->unmoved, "%s", b.in.unmoved ? b.in.unmoved : "");
    for (int i = 0; i < b.in.n_metrics; i++) {
        memcpy(out->metrics.at[i].name, b.in.metrics[i].name, sizeof out->metrics.at[i].name);
        out->metrics.at[i].own = b.in.metrics[i].own;
    }
    elbo_status status = out->plan ? bind_fixed(out) : elbo_graph_status(g);
    elbo_graph_free(g);
    status = out->plan || status != ELBO_OK ? status : ELBO_NO_MEMORY;
    if (status != ELBO_OK)
        discard(out);
    return status;
}

static bool same(const elbo__work *a, const elbo__work *b)
{
    return a->role == b->role && a->moving == b->moving && a->accumulation == b->accumulation && a->batch == b->batch &&
           a->draws == b->draws && a->table == b->table && a->pixels == b->pixels && a->missing == b->missing &&
           a->seen == b->seen && a->cut == b->cut;
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
