#include "annealing.h"

#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/watch_private.h"
#include "chains.h"
#include "weights.h"

/* Chains that a plan takes at once; images, chains in all and proposals by which step sizes are found; their range. */
enum { ROWS = 2000, TUNED_IMAGES = 16, TUNED = 256, TUNING = 200, SEARCHING = 30 };
#define LEAST_STEP 1e-5
#define MOST_STEP 4.0

/* What random numbers are for: each has streams of its own. */
typedef enum { TUNE, FORWARD, DRAW, FORWARD_DRAWN, BACKWARD } pass;

/* The images that chains belong to: x (N, D) as it is explained, labels (N) or NULL. */
typedef struct {
    int64_t count;
    float *x, *z; /* z (N, Z) of images that were drawn, else NULL */
    int *labels;
} subjects;

typedef struct {
    elbo_run *run;
    elbo_annealing how; /* without defaults */
    double *powers;     /* [T + 1] b_t      */
    double *steps;      /* [T] step sizes   */
    int64_t done, total, tried, taken;
} annealer;

/* ---- images ------------------------------------------------------------------------------------------------------ */

static void free_subjects(subjects *s)
{
    elbo__free(s->x);
    elbo__free(s->z);
    elbo__free(s->labels);
    *s = (subjects){.count = 0};
}

static elbo_status make_room(const elbo_run *run, int64_t count, subjects *out)
{
    *out = (subjects){.count = count,
                      .x = elbo__calloc((size_t)count, (size_t)run->pixels * sizeof *out->x),
                      .labels = elbo__calloc((size_t)count, sizeof *out->labels)};
    return out->x && out->labels ? ELBO_OK : ELBO_NO_MEMORY;
}

/* What is there, where a value is not missing, is what the model explains, binarised where that is asked for. */
static elbo_status take_data(void *user, const elbo__piece *piece)
{
    const subjects *s = user;
    const elbo_tensor from = elbo_plan_output(piece->planned->plan, 0);
    const int64_t pixels = from.layout.shape.dim[1];
    for (int64_t i = 0; i < piece->batch; i++)
        for (int64_t k = 0; k < pixels; k++) {
            float *x = s->x + (piece->first + i) * pixels + k;
            *x = isnan(*x) ? NAN : (float)elbo_tensor_get(&from, (int64_t[]){i, k});
        }
    return ELBO_OK;
}

static elbo_status read_images(const annealer *a, const elbo_images *images, int64_t count, subjects *out)
{
    elbo__table table;
    elbo_status status = elbo__table_of(a->run, images, &table);
    if (status == ELBO_OK)
        status = make_room(a->run, count, out);
    if (status == ELBO_OK)
        status = elbo_run_rows(a->run, images, 0, count, out->x, out->labels);
    if (status == ELBO_OK)
        status = elbo__run_ask(
            a->run, &table,
            &(elbo__question){.role = ELBO__DATA, .count = count, .seed = a->how.seed, .take = take_data, .user = out});
    elbo__table_free(&table);
    return status;
}

/* Runs the plan of a role without x for images first, ... of some. Its output is valid until the next. */
static elbo_status run_role(const annealer *a, elbo__role role, const subjects *s, int64_t first, int64_t n,
                            int64_t first_draw, int64_t draws, pass p, elbo_tensor *out)
{
    elbo_run *run = a->run;
    elbo__planned *planned;
    elbo_status status = elbo__run_plan(run, &(elbo__work){.role = role, .batch = n, .draws = draws}, &planned);
    if (status == ELBO_OK && elbo__run_takes_labels(run))
        status = elbo_plan_bind(planned->plan, "labels", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(n), s->labels + first));
    if (status == ELBO_OK && s->z)
        status = elbo_plan_bind(planned->plan, "z",
                                elbo_tensor_of(ELBO_F32, ELBO_SHAPE(n, run->latent), s->z + first * run->latent));
    if (status == ELBO_OK)
        status = elbo__run_scalars(run, planned->plan);
    if (status == ELBO_OK)
        status = elbo_plan_run(planned->plan, run->params,
                               (elbo_at){.seed = (uint64_t)a->how.seed,
                                         .step = (uint64_t)p,
                                         .first_row = (uint64_t)first,
                                         .first_draw = (uint64_t)first_draw});
    *out = status == ELBO_OK ? elbo_plan_output(planned->plan, 0) : (elbo_tensor){.data = NULL};
    return status;
}

/* Images that the model draws, of the labels that `images` have, in turn. */
static elbo_status draw_images(const annealer *a, const subjects *images, subjects *out)
{
    const elbo_run *run = a->run;
    elbo_status status = make_room(run, a->how.simulated, out);
    if (status == ELBO_OK && !(out->z = elbo__calloc((size_t)out->count, (size_t)run->latent * sizeof *out->z)))
        status = ELBO_NO_MEMORY;
    for (int64_t i = 0; i < out->count && status == ELBO_OK; i++)
        out->labels[i] = images->labels[i % images->count];
    for (int64_t first = 0, n = 0; first < out->count && status == ELBO_OK; first += n) {
        n = elbo__run_block(run, 1);
        n = n < out->count - first ? n : out->count - first;
        elbo_tensor made;
        status = run_role(a, ELBO__PRIOR_DRAWS, out, first, n, 0, 1, DRAW, &made);
        elbo_tensor z = elbo_tensor_of(ELBO_F32, made.layout.shape, out->z + first * run->latent);
        if (status == ELBO_OK)
            elbo_tensor_copy(&z, &made);
        if (status == ELBO_OK)
            status = run_role(a, ELBO__SIMULATE, out, first, n, 0, 1, DRAW, &made);
        if (status == ELBO_OK && elbo_shape_size(&made.layout.shape) != n * run->pixels)
            status = elbo__fail(ELBO_INVALID, "model \"%s\": a draw of p(x|z) is of shape %s, not an image",
                                run->model->name, elbo_shape_format(&made.layout.shape).text);
        elbo_tensor x = elbo_tensor_of(ELBO_F32, made.layout.shape, out->x + first * run->pixels);
        if (status == ELBO_OK)
            elbo_tensor_copy(&x, &made);
    }
    return status;
}

/* ---- chains ------------------------------------------------------------------------------------------------------ */

/* Proposal `number` of step t. */
static elbo__random_key key_of(const annealer *a, pass p, int t, int number)
{
    return (elbo__random_key){.seed = (uint64_t)a->how.seed,
                              .stream = elbo__stream("anneal", "momentum", (int)p),
                              .step = (uint64_t)t << 32 | (uint64_t)number};
}

/* Chains first_chain, ... of images first, ... with their x in place, where the prior or (going backwards) an image's
 * own z has them. */
static elbo_status open_chains(const annealer *a, const subjects *s, int64_t first, int64_t n, int64_t first_chain,
                               int64_t chains, pass p, elbo__chains *out)
{
    const int64_t latent = a->run->latent;
    elbo_tensor z = {.data = NULL};
    elbo_status status = elbo__chains_open(a->run, n, chains, out);
    out->first_chain = first_chain;
    const subjects without_z = {.labels = s->labels};
    if (status == ELBO_OK && p != BACKWARD)
        status = run_role(a, ELBO__PRIOR_DRAWS, &without_z, first, n, first_chain, chains, p, &z);
    const elbo_tensor to = elbo_tensor_of(ELBO_F64, ELBO_SHAPE(n, chains, latent), out->at.z);
    if (status == ELBO_OK && p != BACKWARD)
        elbo_tensor_copy(&to, &z);
    for (int64_t i = 0; i < n * chains * latent && p == BACKWARD && status == ELBO_OK; i++)
        out->at.z[i] = s->z[(first + i / latent / chains) * latent + i % latent];
    if (status == ELBO_OK)
        status = elbo__chains_show(out, s->x + first * a->run->pixels, s->labels + first, first);
    return status == ELBO_OK ? elbo__chains_look(out) : status;
}

static void add_weights(const annealer *a, const elbo__chains *c, int t, double *log_weights)
{
    for (int64_t i = 0; i < c->images * c->chains; i++)
        log_weights[i] += (a->powers[t] - a->powers[t - 1]) * c->at.likelihood[i];
}

/* log w (B, C) of chains that go from temperature 1 to T, or back. */
static elbo_status run_chains(annealer *a, elbo__chains *c, pass p, double *log_weights)
{
    const int last = a->how.temperatures;
    elbo_status status = ELBO_OK;
    for (int i = 1; i <= last && status == ELBO_OK; i++) {
        const int t = p == BACKWARD ? last + 1 - i : i;
        const int moving = p == BACKWARD ? t - 1 : t; /* the temperature of the step that follows */
        status = elbo__watched("annealing", a->done++, a->total);
        add_weights(a, c, t, log_weights);
        if (status == ELBO_OK && i < last)
            status = elbo__chains_step(c, a->powers[moving], a->how.leapfrog, a->steps[moving], key_of(a, p, moving, 0),
                                       NULL);
    }
    a->tried += c->tried;
    a->taken += c->taken;
    return status;
}

/* How many images stand in a block. */
static int64_t block_of(const annealer *a, int64_t count)
{
    const int64_t n = ROWS / a->how.chains;
    return n < 1 ? 1 : n < count ? n : count;
}

/* How many chains of an image go on together: more than a plan takes come one portion after the other. */
static int64_t portion_of(const annealer *a)
{
    return a->how.chains < ROWS ? a->how.chains : ROWS;
}

/* Adds the weights of chains first_chain, ... of images first, ...; log_weights (n, chains) is room. */
static elbo_status add_chains(annealer *a, const subjects *s, int64_t first, int64_t n, int64_t first_chain,
                              int64_t chains, pass p, double *log_weights, const elbo__weights *w)
{
    const double sign = p == BACKWARD ? -1 : 1;
    elbo__chains c;
    memset(log_weights, 0, (size_t)(n * chains) * sizeof *log_weights);
    elbo_status status = open_chains(a, s, first, n, first_chain, chains, p, &c);
    if (status == ELBO_OK)
        status = run_chains(a, &c, p, log_weights);
    for (int64_t i = 0; i < n * chains && status == ELBO_OK; i++)
        elbo__weight_add(w, i / chains, sign * log_weights[i]);
    elbo__chains_free(&c);
    return status;
}

/* The bounds of all images, and (error not NULL) their errors. */
static elbo_status bound(annealer *a, const subjects *s, pass p, double *bounds, double *error)
{
    const int64_t block = block_of(a, s->count), chains = a->how.chains, portion = portion_of(a);
    double *log_weights = elbo__calloc((size_t)(block * portion), sizeof *log_weights);
    double *room = elbo__calloc(3 * (size_t)block, sizeof *room);
    elbo_status status = log_weights && room ? ELBO_OK : ELBO_NO_MEMORY;
    const double sign = p == BACKWARD ? -1 : 1;
    for (int64_t first = 0; first < s->count && status == ELBO_OK; first += block) {
        const int64_t n = block < s->count - first ? block : s->count - first;
        const elbo__weights w = {bounds + first, room, room + block};
        elbo__weights_begin(&w, n);
        for (int64_t from = 0; from < chains && status == ELBO_OK; from += portion)
            status = add_chains(a, s, first, n, from, portion < chains - from ? portion : chains - from, p, log_weights,
                                &w);
        elbo__weights_finish(&w, n, chains);
        for (int64_t i = 0; i < n; i++) {
            bounds[first + i] *= sign;
            if (error)
                error[first + i] = w.sum[i];
        }
    }
    elbo__free(log_weights);
    elbo__free(room);
    return status;
}

/* ---- temperatures and steps -------------------------------------------------------------------------------------- */

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* By a sigmoid over -4..4, whose ends are 0 and 1; or evenly. */
static void set_powers(annealer *a)
{
    const int last = a->how.temperatures;
    const double low = sigmoid(-4), high = sigmoid(4);
    for (int t = 0; t <= last; t++) {
        const double share = (double)t / last;
        a->powers[t] = a->how.linear ? share : (sigmoid(8 * share - 4) - low) / (high - low);
    }
    a->powers[0] = 0;
    a->powers[last] = 1;
}

/* The share of accepted proposals says by how much the next step is to be longer. */
static double adapted(double step, double taken, double wanted)
{
    step *= exp(taken - wanted);
    return step < LEAST_STEP ? LEAST_STEP : step > MOST_STEP ? MOST_STEP : step;
}

/* Finds the step sizes of all temperatures by chains of their own, which go through as many proposals as it takes to
 * follow. */
static elbo_status tune(annealer *a, const subjects *s)
{
    const int last = a->how.temperatures, each = last > 1 ? (TUNING + last - 2) / (last - 1) : 0;
    const int64_t n = s->count < TUNED_IMAGES ? s->count : TUNED_IMAGES;
    double step = 1, taken = 0;
    elbo__chains c = {.run = NULL};
    elbo_status status = last > 1 ? open_chains(a, s, 0, n, 0, TUNED / n, TUNE, &c) : ELBO_OK;
    for (int t = 1; t < last && status == ELBO_OK; t++) {
        const int proposals = t == 1 ? SEARCHING + each : each;
        status = elbo__watched("annealing", a->done++, a->total);
        for (int i = 0; i < proposals && status == ELBO_OK; i++) {
            status = elbo__chains_step(&c, a->powers[t], a->how.leapfrog, step, key_of(a, TUNE, t, i), &taken);
            if (status == ELBO_OK)
                step = adapted(step, taken, a->how.acceptance);
        }
        a->steps[t] = step;
    }
    elbo__chains_free(&c);
    return status;
}

/* ---- all together ------------------------------------------------------------------------------------------------ */

static elbo_status check(const elbo_run *run, const elbo_annealing *how)
{
    if (how->count < 0 || how->simulated < 0 || how->chains < 0 || how->temperatures < 0 || how->leapfrog < 0)
        return elbo__fail(
            ELBO_INVALID, "%lld images, %lld drawn, %d chains, %d temperatures, %d leapfrog steps: at least 0 of each",
            (long long)how->count, (long long)how->simulated, how->chains, how->temperatures, how->leapfrog);
    if (!(how->acceptance >= 0 && how->acceptance < 1))
        return elbo__fail(ELBO_INVALID, "an acceptance of %g: expected a share above 0 and below 1", how->acceptance);
    if (!elbo_run_has_prior(run))
        return elbo__fail(ELBO_INVALID, "model \"%s\" has no prior to begin chains with", run->model->name);
    return ELBO_OK;
}

static elbo_annealing with_defaults(elbo_annealing how, int64_t images)
{
    how.count = how.count > 0 && how.count < images ? how.count : images;
    how.chains = how.chains > 0 ? how.chains : 16;
    how.temperatures = how.temperatures > 0 ? how.temperatures : 500;
    how.leapfrog = how.leapfrog > 0 ? how.leapfrog : 10;
    how.acceptance = how.acceptance > 0 ? how.acceptance : 0.65;
    return how;
}

/* How often chains go through all temperatures. */
static int64_t blocks(const annealer *a, int64_t count)
{
    const int64_t block = count > 0 ? block_of(a, count) : 1, portion = portion_of(a);
    return (count + block - 1) / block * ((a->how.chains + portion - 1) / portion);
}

static elbo_status open_annealer(elbo_run *run, const elbo_annealing *how, int64_t images, annealer *a)
{
    *a = (annealer){.run = run, .how = with_defaults(*how, images)};
    const size_t temperatures = (size_t)a->how.temperatures;
    a->powers = elbo__calloc(temperatures + 1, sizeof *a->powers);
    a->steps = elbo__calloc(temperatures, sizeof *a->steps);
    if (!a->powers || !a->steps)
        return ELBO_NO_MEMORY;
    set_powers(a);
    a->total = a->how.temperatures * (blocks(a, a->how.count) + 2 * blocks(a, a->how.simulated)) + a->how.temperatures -
               1;
    return ELBO_OK;
}

static elbo_status make_results(const annealer *a, elbo_annealed *out)
{
    const int64_t n = a->how.count, m = a->how.simulated;
    out->images = n;
    out->simulated = m;
    out->log_likelihood = elbo__calloc((size_t)n, sizeof(double));
    out->error = elbo__calloc((size_t)n, sizeof(double));
    out->below = m ? elbo__calloc((size_t)m, sizeof(double)) : NULL;
    out->above = m ? elbo__calloc((size_t)m, sizeof(double)) : NULL;
    return out->log_likelihood && out->error && (!m || (out->below && out->above)) ? ELBO_OK : ELBO_NO_MEMORY;
}

static elbo_status sandwich(annealer *a, const subjects *images, elbo_annealed *out)
{
    subjects drawn = {.count = 0};
    elbo_status status = draw_images(a, images, &drawn);
    if (status == ELBO_OK)
        status = bound(a, &drawn, FORWARD_DRAWN, out->below, NULL);
    if (status == ELBO_OK)
        status = bound(a, &drawn, BACKWARD, out->above, NULL);
    free_subjects(&drawn);
    return status;
}

/* What is known at the end of all chains. */
static elbo_status conclude(const annealer *a, elbo_annealed *out)
{
    const int last = a->how.temperatures;
    double *gaps = elbo__calloc((size_t)out->simulated, sizeof *gaps);
    if (!gaps)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < out->simulated; i++)
        gaps[i] = out->above[i] - out->below[i];
    if (out->simulated > 0)
        out->gap = elbo_summary_of(gaps, out->simulated);
    elbo__free(gaps);
    out->acceptance = a->tried > 0 ? (double)a->taken / (double)a->tried : NAN;
    if (last > 1) {
        out->first_step = a->steps[1];
        out->last_step = a->steps[last - 1];
    }
    return elbo__watched("annealing", a->total, a->total);
}

elbo_status elbo_run_anneal(elbo_run *run, const elbo_images *images, const elbo_annealing *how, elbo_annealed *out)
{
    *out = (elbo_annealed){.gap = {NAN, NAN, NAN}, .first_step = NAN, .last_step = NAN};
    annealer a = {.run = run};
    subjects all = {.count = 0};
    elbo_status status = check(run, how);
    if (status == ELBO_OK)
        status = open_annealer(run, how, images->count, &a);
    if (status == ELBO_OK)
        status = make_results(&a, out);
    if (status == ELBO_OK)
        status = read_images(&a, images, a.how.count, &all);
    if (status == ELBO_OK)
        status = tune(&a, &all);
    if (status == ELBO_OK)
        status = bound(&a, &all, FORWARD, out->log_likelihood, out->error);
    if (status == ELBO_OK && a.how.simulated > 0)
        status = sandwich(&a, &all, out);
    if (status == ELBO_OK)
        status = conclude(&a, out);
    free_subjects(&all);
    elbo__free(a.powers);
    elbo__free(a.steps);
    if (status != ELBO_OK)
        elbo_annealed_free(out);
    return status;
}

void elbo_annealed_free(elbo_annealed *annealed)
{
    if (!annealed)
        return;
    elbo__free(annealed->log_likelihood);
    elbo__free(annealed->error);
    elbo__free(annealed->below);
    elbo__free(annealed->above);
    *annealed = (elbo_annealed){.images = 0};
}
