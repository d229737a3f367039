/* A run at work on codes that are whole numbers. */
#include <inttypes.h>

#include "../../tensor/error_private.h"
#include "../../tensor/watch_private.h"
#include "run_private.h"

elbo_code_map elbo_run_code_map(const elbo_run *run)
{
    return run->map;
}

static elbo_status check_map(const elbo_run *run)
{
    if (run->map.codes)
        return ELBO_OK;
    return elbo__fail(ELBO_INVALID, "model \"%s\": its codes are no whole numbers", run->model->name);
}

int64_t elbo__run_numbers(const elbo_run *run)
{
    return run->map.height * run->map.width * run->map.levels;
}

/* ---- from images ------------------------------------------------------------------------------------------------- */

typedef struct {
    const elbo_run *run;
    int32_t *codes;
} taken;

static elbo_status take_codes(void *user, const elbo__piece *p)
{
    const taken *t = user;
    const elbo_tensor from = elbo_plan_output(p->planned->plan, 0);
    const elbo_tensor to = elbo_tensor_of(ELBO_I32, from.layout.shape, t->codes + p->first * elbo__run_numbers(t->run));
    elbo_tensor_copy(&to, &from);
    return ELBO_OK;
}

elbo_status elbo_run_codes(elbo_run *run, const elbo_images *images, int32_t *codes)
{
    elbo__table table;
    elbo_status status = check_map(run);
    if (status != ELBO_OK)
        return status;
    status = elbo__table_of(run, images, &table);
    if (status != ELBO_OK)
        return status;
    status = elbo__run_ask(
        run, &table,
        &(elbo__question){.role = ELBO__CODES, .count = table.count, .take = take_codes, .user = &(taken){run, codes}});
    elbo__table_free(&table);
    return status;
}

/* ---- to a code --------------------------------------------------------------------------------------------------- */

static elbo_status check_codes(const elbo_run *run, const int32_t *codes, int64_t n)
{
    if (n < 0)
        return elbo__fail(ELBO_INVALID, "%" PRId64 " images", n);
    for (int64_t i = 0; i < n * elbo__run_numbers(run); i++)
        if (codes[i] < 0 || codes[i] >= run->map.codes)
            return elbo__fail(ELBO_INVALID, "image %" PRId64 ": code %" PRId32 " is outside 0 to %" PRId64,
                              i / elbo__run_numbers(run), codes[i], run->map.codes - 1);
    return ELBO_OK;
}

static elbo_status look_up(elbo_run *run, const int32_t *codes, int64_t batch, float *z)
{
    const elbo_shape shape = ELBO_SHAPE(batch, run->map.height, run->map.width, run->map.levels);
    elbo__piece p = {.batch = batch};
    elbo_status status = elbo__run_plan(run, &(elbo__work){.role = ELBO__LOOKUP, .batch = batch, .draws = 1},
                                        &p.planned);
    if (status == ELBO_OK)
        status = elbo_plan_bind(p.planned->plan, "codes", elbo_tensor_of(ELBO_I32, shape, codes));
    if (status == ELBO_OK)
        status = elbo_plan_run(p.planned->plan, run->params, (elbo_at){.seed = 0});
    return status == ELBO_OK ? elbo__piece_rows(run, &p, 0, run->latent, z) : status;
}

elbo_status elbo_run_lookup(elbo_run *run, const int32_t *codes, int64_t n, float *z)
{
    const int64_t block = elbo__run_block(run, 1);
    elbo_status status = check_map(run);
    if (status == ELBO_OK)
        status = check_codes(run, codes, n);
    for (int64_t first = 0; first < n && status == ELBO_OK; first += block) {
        status = elbo__watched(elbo__roles[ELBO__LOOKUP].doing, first, n);
        if (status == ELBO_OK)
            status = look_up(run, codes + first * elbo__run_numbers(run), n - first < block ? n - first : block,
                             z + first * run->latent);
    }
    return status;
}
