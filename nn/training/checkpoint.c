/* resume.safetensors: all that a training needs to go on as if it had never stopped. Weights stand in it under their
 * own names, beside
 *
 *     resume/SLAB/NAME     moments, accumulated gradients, averages          resume/best/NAME   the weights kept so far
 *     resume/sums          of this epoch's metrics
 *
 * and in the metadata the configuration and the fields of elbo__state as resume-NAME. What random numbers, batches and
 * schedules depend on is among those: seed, epoch, step. Nothing in it tells the time. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "../../io/safetensors.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "train_private.h"

#define PREFIX "resume/"
#define BEST "best"
#define SUMS PREFIX "sums"

/* ---- the state --------------------------------------------------------------------------------------------------- */

#define ROW(name)                                                                                                      \
    {                                                                                                                  \
        "resume-" #name, offsetof(elbo__state, name)                                                                   \
    }
static const struct field {
    const char *key;
    size_t offset;
} integers[] = {ROW(epoch),    ROW(first),   ROW(step), ROW(updates), ROW(accumulated), ROW(skipped),
                ROW(in_a_row), ROW(counted), ROW(kept), ROW(plateau), ROW(drops),       ROW(over)},
  numbers[] = {ROW(kept_figure), ROW(plateau_figure), ROW(lr), ROW(beta)};
#undef ROW
enum { INTEGERS = sizeof integers / sizeof integers[0], NUMBERS = sizeof numbers / sizeof numbers[0] };

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* What goes into the file, and what of it is freed afterwards. */
typedef struct {
    elbo_named_tensor *tensors;
    int64_t count, capacity;
    void **owned;
    int64_t n_owned;
    elbo_ini pairs;
    elbo_status status;
} contents;

static void *own(contents *c, void *block)
{
    if (block)
        c->owned[c->n_owned++] = block;
    else if (c->status == ELBO_OK)
        c->status = ELBO_NO_MEMORY;
    return block;
}

static void add(contents *c, char *name, elbo_tensor tensor)
{
    if (own(c, name))
        c->tensors[c->count++] = (elbo_named_tensor){name, tensor};
}

static void put(contents *c, const char *key, char *text)
{
    if (c->status == ELBO_OK)
        c->status = text ? elbo_ini_set(&c->pairs, key, text) : ELBO_NO_MEMORY;
    elbo__free(text);
}

static void add_weights(contents *c, const elbo__training *t)
{
    const elbo_params *params = t->run->params;
    for (int s = 0; s < elbo_params_slab_count(params); s++)
        for (int i = 0; i < elbo_params_count(params); i++) {
            const char *name = elbo_params_name(params, i);
            add(c, s ? elbo__format(PREFIX "%s/%s", elbo_params_slab_name(params, s), name) : elbo__strdup(name),
                elbo_params_slab_tensor(params, s, i));
        }
    for (int i = 0; t->best && i < elbo_params_count(params); i++)
        add(c, elbo__format(PREFIX BEST "/%s", elbo_params_name(params, i)), elbo_params_tensor(t->best, i));
}

static void add_state(contents *c, const elbo__training *t)
{
    const char *state = (const char *)&t->at;
    double *sums = own(c, elbo__calloc(ELBO_MAX_METRICS, sizeof *sums));
    for (int i = 0; i < INTEGERS; i++)
        put(c, integers[i].key, elbo__format("%" PRId64, *(const int64_t *)(state + integers[i].offset)));
    for (int i = 0; i < NUMBERS; i++)
        put(c, numbers[i].key, elbo__format("%.17g", *(const double *)(state + numbers[i].offset)));
    for (int i = 0; i < t->at.sums.count && sums; i++)
        sums[i] = t->at.sums.at[i].value;
    if (sums)
        add(c, elbo__strdup(SUMS), elbo_tensor_of(ELBO_F64, ELBO_SHAPE(t->at.sums.count), sums));
}

static elbo_status write_contents(const contents *c, const char *path)
{
    elbo_pair *pairs = elbo__calloc(c->pairs.count, sizeof *pairs);
    if (!pairs)
        return ELBO_NO_MEMORY;
    for (size_t i = 0; i < c->pairs.count; i++)
        pairs[i] = (elbo_pair){c->pairs.entries[i].key, c->pairs.entries[i].value};
    elbo_status status = elbo_safetensors_write(path, c->tensors, c->count, pairs, (int64_t)c->pairs.count);
    elbo__free(pairs);
    return status;
}

elbo_status elbo__checkpoint_write(elbo__training *t)
{
    if (!t->saver.folder || t->run->model->fit)
        return ELBO_OK;
    const int params = elbo_params_count(t->run->params), slabs = elbo_params_slab_count(t->run->params);
    contents c = {.capacity = (int64_t)params * (slabs + 1) + 1};
    elbo__training_tick(t);
    c.tensors = elbo__calloc((size_t)c.capacity, sizeof *c.tensors);
    c.owned = elbo__calloc((size_t)c.capacity + 1, sizeof *c.owned);
    c.status = c.tensors && c.owned ? elbo_run_describe(t->run, &c.pairs) : ELBO_NO_MEMORY;
    if (c.status == ELBO_OK) {
        add_weights(&c, t);
        add_state(&c, t);
    }
    char *path = elbo__folder_file(t->saver.folder, ELBO__RESUME_FILE);
    if (c.status == ELBO_OK)
        c.status = path ? write_contents(&c, path) : ELBO_NO_MEMORY;
    t->saved = elbo__training_now();
    while (c.n_owned > 0)
        elbo__free(c.owned[--c.n_owned]);
    elbo_ini_free(&c.pairs);
    elbo__free(c.tensors);
    elbo__free(c.owned);
    elbo__free(path);
    return c.status;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static elbo_status read_tensor(const elbo_safetensors *file, char *name, elbo_tensor to)
{
    const elbo_tensor *from = name ? elbo_safetensors_tensor(file, name) : NULL;
    elbo_status status = name ? ELBO_OK : ELBO_NO_MEMORY;
    if (name && !from)
        status = elbo__fail(ELBO_FORMAT, "lacks \"%s\"", name);
    else if (from && (from->dtype != to.dtype || !elbo_shape_equal(&from->layout.shape, &to.layout.shape)))
        status = elbo__fail(ELBO_FORMAT, "\"%s\" is %s %s; expected %s %s", name, elbo_dtype_name(from->dtype),
                            elbo_shape_format(&from->layout.shape).text, elbo_dtype_name(to.dtype),
                            elbo_shape_format(&to.layout.shape).text);
    else if (from)
        elbo_tensor_copy(&to, from);
    elbo__free(name);
    return status;
}

static elbo_status read_weights(const elbo_safetensors *file, const elbo__training *t)
{
    elbo_params *params = t->run->params;
    elbo_status status = ELBO_OK;
    for (int s = 0; s < elbo_params_slab_count(params); s++)
        for (int i = 0; i < elbo_params_count(params) && status == ELBO_OK; i++) {
            const char *name = elbo_params_name(params, i);
            status = read_tensor(
                file, s ? elbo__format(PREFIX "%s/%s", elbo_params_slab_name(params, s), name) : elbo__strdup(name),
                elbo_params_slab_tensor(params, s, i));
        }
    for (int i = 0; t->best && i < elbo_params_count(params) && status == ELBO_OK; i++)
        status = read_tensor(file, elbo__format(PREFIX BEST "/%s", elbo_params_name(params, i)),
                             elbo_params_tensor(t->best, i));
    elbo_params_touch(params);
    if (t->best)
        elbo_params_touch(t->best);
    return status;
}

static elbo_status read_state(const elbo_safetensors *file, elbo__state *out)
{
    char *state = (char *)out;
    const elbo_tensor *sums = elbo_safetensors_tensor(file, SUMS);
    const char *missing = NULL;
    for (int i = 0; i < INTEGERS; i++) {
        const char *text = elbo_safetensors_metadata(file, integers[i].key);
        missing = text ? missing : integers[i].key;
        *(int64_t *)(state + integers[i].offset) = text ? elbo__read_integer(text, NULL) : 0;
    }
    for (int i = 0; i < NUMBERS; i++) {
        const char *text = elbo_safetensors_metadata(file, numbers[i].key);
        missing = text ? missing : numbers[i].key;
        *(double *)(state + numbers[i].offset) = text ? elbo__read_number(text, NULL) : 0;
    }
    if (missing)
        return elbo__fail(ELBO_FORMAT, "its metadata lack \"%s\"", missing);
    if (!sums || sums->dtype != ELBO_F64 || sums->layout.shape.ndim != 1 ||
        sums->layout.shape.dim[0] > ELBO_MAX_METRICS)
        return elbo__fail(ELBO_FORMAT, "\"" SUMS "\" is no row of numbers");
    const int64_t n = sums->layout.shape.dim[0];
    for (int64_t i = 0; i < n; i++)
        out->sums.at[i].value = ((const double *)sums->data)[i];
    out->sums.count = n > 0 ? out->sums.count : 0;
    return n == 0 || n == out->sums.count ? ELBO_OK
                                          : elbo__fail(ELBO_FORMAT, "\"" SUMS "\" has %lld metrics; the model has %d",
                                                       (long long)n, out->sums.count);
}

/* Numbers that no training could have left would be taken for places in memory. */
static elbo_status check_state(const elbo__training *t, const elbo__state *at)
{
    const bool sound = at->epoch >= 1 && at->first >= 0 && at->first <= t->count && at->step >= 0 && at->updates >= 0 &&
                       at->counted >= 0 && at->counted <= at->first && at->kept >= 0 && at->kept < at->epoch &&
                       (at->first == t->count || at->first % t->how.batch_size == 0);
    return sound ? ELBO_OK : elbo__fail(ELBO_FORMAT, "its counts do not agree with each other");
}

elbo_status elbo__checkpoint_read(elbo__training *t)
{
    elbo_safetensors file;
    elbo__state at = t->at;
    char *path = elbo__folder_file(t->saver.folder, ELBO__RESUME_FILE);
    elbo_status status = path ? elbo_safetensors_open(path, &file) : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        status = read_weights(&file, t);
        if (status == ELBO_OK)
            status = read_state(&file, &at);
        if (status == ELBO_OK)
            status = check_state(t, &at);
        elbo_safetensors_close(&file);
        if (status != ELBO_OK)
            (void)elbo__fail(status, "%s: %s", path, elbo_error());
    }
    if (status == ELBO_OK) {
        t->at = at;
        t->run->steps = at.updates;
        status = elbo__cut_rows(&t->saver, at.epoch, &t->seconds);
    }
    elbo__free(path);
    return status;
}
