#include "explain.h"

#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/watch_private.h"
#include "run_private.h"
#include "../objectives/schedule.h"

enum { BATCH = 128, UNTIMED = 5 };

/* What the inputs of a plan are bound to. */
typedef struct {
    elbo__table table;
    int32_t *rows;   /* (B) */
    float *x, *z;    /* (B, D), (B, Z) */
    int32_t *labels; /* (B) */
    int32_t *codes;  /* (B, H, W, L), or one number where there are none */
} feed;

static elbo_status find_role(const char *name, elbo__role *role)
{
    for (*role = 0; *role < ELBO__ROLES; ++*role)
        if (strcmp(elbo_role_names[*role], name) == 0)
            return ELBO_OK;
    return elbo__fail(ELBO_INVALID, "no role \"%s\"", name);
}

/* Rows of the table in no order that a cache could guess. */
static elbo_status make_feed(const elbo_run *run, const elbo_images *images, int64_t batch, feed *out)
{
    *out = (feed){.rows = elbo__calloc((size_t)batch, sizeof *out->rows),
                  .x = elbo__calloc((size_t)batch, (size_t)run->pixels * sizeof *out->x),
                  .z = elbo__calloc((size_t)batch, (size_t)run->latent * sizeof *out->z),
                  .labels = elbo__calloc((size_t)batch, sizeof *out->labels),
                  .codes = elbo__calloc((size_t)(batch * elbo__run_numbers(run) + 1), sizeof *out->codes)};
    if (!out->rows || !out->x || !out->z || !out->labels || !out->codes)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < batch; i++)
        out->rows[i] = (int32_t)((uint64_t)i * 2654435761u % (uint64_t)images->count);
    elbo_status status = elbo__table_of(run, images, &out->table);
    return status == ELBO_OK ? elbo_run_rows(run, images, 0, batch, out->x, out->labels) : status;
}

static void free_feed(feed *f)
{
    elbo__table_free(&f->table);
    elbo__free(f->rows);
    elbo__free(f->x);
    elbo__free(f->z);
    elbo__free(f->labels);
    elbo__free(f->codes);
}

/* A plan ignores what it does not read. */
static elbo_status bind(const elbo_run *run, const feed *f, const elbo__work *work, elbo_plan *plan)
{
    elbo_status status = elbo_plan_set(plan, "lr", 1e-3);
    if (status == ELBO_OK)
        status = elbo_plan_set(plan, "lr-factor", 1);
    if (status == ELBO_OK)
        status = elbo_plan_set(plan, "beta", elbo_beta_at(run->options, 1, 1));
    if (status == ELBO_OK)
        status = elbo_plan_set(plan, "epoch", 1);
    if (status == ELBO_OK)
        status = elbo_plan_set(plan, "dataset-size", 60000);
    if (status == ELBO_OK)
        status = elbo_plan_bind(plan, "z", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(work->batch, run->latent), f->z));
    if (status != ELBO_OK || work->table)
        return status == ELBO_OK ? elbo__table_bind(&f->table, plan, f->rows, work->batch) : status;
    const elbo_shape codes = ELBO_SHAPE(work->batch, run->map.height, run->map.width, run->map.levels);
    const struct {
        const char *name;
        elbo_tensor data;
    } inputs[] = {{"x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(work->batch, run->pixels), f->x)},
                  {"labels", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(work->batch), f->labels)},
                  {"codes", elbo_tensor_of(ELBO_I32, codes, f->codes)}};
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0] && status == ELBO_OK; i++)
        status = elbo_plan_bind(plan, inputs[i].name, inputs[i].data);
    return status;
}

static elbo_status run_timed(const elbo_run *run, const feed *f, const elbo__work *work, elbo_plan *plan, int runs)
{
    elbo_status status = bind(run, f, work, plan);
    for (int i = 0; i < UNTIMED + runs && status == ELBO_OK; i++) {
        if (i == UNTIMED)
            status = elbo_plan_watch(plan, true);
        if (status == ELBO_OK)
            status = elbo__watched("timing", i, UNTIMED + runs);
        if (status == ELBO_OK)
            status = elbo_plan_set(plan, "step", i + 1);
        if (status == ELBO_OK)
            status = elbo_plan_run(plan, run->params, (elbo_at){.seed = (uint64_t)run->seed, .step = (uint64_t)i + 1});
    }
    return status == ELBO_OK ? elbo__watched("timing", UNTIMED + runs, UNTIMED + runs) : status;
}

static elbo_status describe(elbo_run *run, const elbo_images *images, const elbo__work *work, int timed, char **text)
{
    elbo__planned *planned;
    feed f = {.rows = NULL};
    elbo_status status = elbo__run_plan(run, work, &planned);
    if (status == ELBO_OK && timed > 0)
        status = make_feed(run, images, work->batch, &f);
    if (status == ELBO_OK && timed > 0)
        status = run_timed(run, &f, work, planned->plan, timed);
    if (status == ELBO_OK && !(*text = elbo_plan_describe(planned->plan)))
        status = ELBO_NO_MEMORY;
    free_feed(&f);
    return status;
}

char *elbo_run_explain(elbo_run *run, const elbo_images *images, const elbo_explanation *how)
{
    const elbo_optim adam = {.name = "adam"};
    elbo__work work = {.batch = how->batch ? how->batch : BATCH, .draws = 1};
    char *text = NULL;
    elbo_status status = find_role(how->role ? how->role : elbo_role_names[0], &work.role);
    if (status == ELBO_OK)
        status = elbo_run_accepts(run, images);
    if (status == ELBO_OK && (work.batch < 1 || work.batch > images->count))
        status = elbo__fail(ELBO_INVALID, "a batch of %lld from %lld images", (long long)work.batch,
                            (long long)images->count);
    if (status != ELBO_OK)
        return NULL;
    if (work.role == ELBO__STEP && run->model->fit) {
        (void)elbo__fail(ELBO_INVALID, "model \"%s\" is fitted: it has no training step", run->model->name);
        return NULL;
    }
    const unsigned takes = elbo__roles[work.role].takes;
    if (takes & ELBO__TAKES_TABLE) {
        work.table = images->count;
        work.pixels = images->images.dtype == ELBO_U8 ? ELBO_U8 : ELBO_F32;
    }
    if (images->missing)
        work.missing = work.table ? elbo__missing_of(images) : ELBO__NAN_MISSING;
    if (takes & ELBO__TAKES_DRAWS)
        work.draws = elbo__run_draws(run);
    if (work.role == ELBO__STEP)
        work.moving = elbo_moving(&run->turns, how->step > 0 ? how->step : 1);
    run->optim = how->optim ? how->optim : &adam;
    status = describe(run, images, &work, how->timed, &text);
    elbo__run_forget(run, work.role); /* a plan for this optimiser, or one that is being watched */
    run->optim = NULL;
    return status == ELBO_OK ? text : NULL;
}
