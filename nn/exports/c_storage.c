/* Where the values of a program lie: what is computed in place, and which share a buffer. */
#include "../../tensor/elementwise.h"
#include "../../tensor/error_private.h"
#include "../../tensor/memory.h"
#include "c_source.h"

void elbo__c_storage_free(elbo__c_storage *storage)
{
    elbo__free(storage->places);
    elbo__free(storage->of);
    *storage = (elbo__c_storage){.n_places = 0};
}

static bool is_leaf(const elbo__step *step)
{
    return step->op == ELBO__STEP_INPUT || step->op == ELBO__STEP_WEIGHT || step->op == ELBO__STEP_CONSTANT ||
           step->op == ELBO__STEP_ARRAY;
}

/* Whether entry i of the result is computed from entry i of operands of its size. */
static bool is_entry_by_entry(const elbo__step *step)
{
    return step->op == ELBO__STEP_ELEMENTWISE || step->op == ELBO__STEP_LEAKY_RELU || step->op == ELBO__STEP_ELU ||
           step->op == ELBO__STEP_GELU || step->op == ELBO__STEP_SILU;
}

/* The last step that reads value i; an output is read after all of them. */
static int last_reader(const elbo__program *program, int i)
{
    for (int k = 0; k < program->n_outputs; k++)
        if (program->outputs[k] == i)
            return program->count;
    int last = i;
    for (int j = i + 1; j < program->count; j++)
        for (int k = 0; k < program->steps[j].n_in; k++)
            if (program->steps[j].in[k] == i)
                last = j;
    return last;
}

/* Whether step i may write its result over operand k: nothing there is needed any more, and what the step reads there
 * is read entry by entry. */
static bool can_overwrite(const elbo__program *program, const elbo__c_storage *storage, int i, int k)
{
    const elbo__step *step = &program->steps[i];
    const int place = storage->of[step->in[k]];
    const int64_t size = elbo_shape_size(&step->shape);
    if (!is_entry_by_entry(step) || storage->places[place].fixed || storage->places[place].last != i)
        return false;
    for (int j = 0; j < step->n_in; j++)
        if (storage->of[step->in[j]] == place && elbo_shape_size(&program->steps[step->in[j]].shape) != size)
            return false;
    return true;
}

/* The place of value i: that of an operand, or a new one. */
static int place_of(const elbo__program *program, elbo__c_storage *storage, int i)
{
    const elbo__step *step = &program->steps[i];
    if (step->op == ELBO__STEP_RESHAPE)
        return storage->of[step->in[0]];
    for (int k = 0; k < step->n_in; k++)
        if (can_overwrite(program, storage, i, k))
            return storage->of[step->in[k]];
    storage->places[storage->n_places] = (elbo__c_place){
        .size = elbo_shape_size(&step->shape), .output = -1, .fixed = is_leaf(step), .buffer = -1};
    return storage->n_places++;
}

static void find_places(const elbo__program *program, elbo__c_storage *storage)
{
    for (int i = 0; i < program->count; i++) {
        const int at = storage->of[i] = place_of(program, storage, i), last = last_reader(program, i);
        storage->places[at].last = last > storage->places[at].last ? last : storage->places[at].last;
    }
    for (int k = program->n_outputs - 1; k >= 0; k--) /* two of one place: the other is copied */
        if (!storage->places[storage->of[program->outputs[k]]].fixed)
            storage->places[storage->of[program->outputs[k]]].output = k;
}

/* The free buffer that has to grow least; -1: all are taken. */
static int free_buffer(const elbo__c_storage *storage, const int *taken_until, int now, int64_t size)
{
    int best = -1;
    int64_t least = 0;
    for (int b = 0; b < storage->n_buffers; b++) {
        const int64_t have = storage->sizes[b], cost = have < size ? size - have : 0;
        if (taken_until[b] < now && (best < 0 || cost < least || (cost == least && have < storage->sizes[best]))) {
            best = b;
            least = cost;
        }
    }
    return best;
}

elbo_status elbo__c_store(const elbo__program *program, elbo__c_storage *out)
{
    int taken_until[ELBO__MOST_BUFFERS];
    *out = (elbo__c_storage){.places = elbo__calloc((size_t)program->count, sizeof *out->places),
                             .of = elbo__calloc((size_t)program->count, sizeof *out->of)};
    elbo_status status = out->places && out->of ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        find_places(program, out);
    for (int i = 0; i < program->count && status == ELBO_OK; i++) {
        elbo__c_place *place = &out->places[out->of[i]];
        if (place->fixed || place->output >= 0 || place->buffer >= 0)
            continue;
        place->buffer = free_buffer(out, taken_until, i, place->size);
        if (place->buffer < 0 && out->n_buffers == ELBO__MOST_BUFFERS)
            status = elbo__fail(ELBO_INVALID, "C: more than %d values at a time", ELBO__MOST_BUFFERS);
        else if (place->buffer < 0)
            out->sizes[place->buffer = out->n_buffers++] = 0;
        if (status != ELBO_OK)
            break;
        taken_until[place->buffer] = place->last;
        if (out->sizes[place->buffer] < place->size)
            out->sizes[place->buffer] = place->size;
    }
    if (status != ELBO_OK)
        elbo__c_storage_free(out);
    return status;
}
