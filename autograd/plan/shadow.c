#include "shadow.h"

#include <stdarg.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"

/* ---- saying what is wrong ---------------------------------------------------------------------------------------- */

elbo_status elbo__shadow_wrong(const elbo__shadow *s, int buffer, int64_t element, const char *format, ...)
{
    char what[200], where[200] = "behind the last stage";
    va_list args;
    va_start(args, format);
    elbo__print_list(what, sizeof what, format, args);
    va_end(args);
    if (s->loop)
        elbo__print(where, sizeof where, "stage %d, loop %d, units %lld to %lld, instruction %d (%s)", s->loop->stage,
                    (int)(s->loop - s->plan->loops), (long long)s->first, (long long)(s->first + s->units),
                    (int)(s->instr - s->loop->instrs), s->instr->op ? s->instr->op->name : "group");
    return elbo__fail(ELBO_INVALID, "%s: element %lld of %s buffer %d %s", where, (long long)element,
                      elbo__class_name(s->plan->buffers[buffer].class), buffer, what);
}

static elbo_status wrong_tag(const elbo__shadow *s, int buffer, int64_t element, int found, int wanted)
{
    if (s->plan->buffers[buffer].class == ELBO__PARAM && wanted == INT32_MAX)
        return elbo__shadow_wrong(s, buffer, element, "is read, but no node of the instruction asks for it");
    if (s->plan->buffers[buffer].class == ELBO__PARAM)
        return elbo__shadow_wrong(s, buffer, element,
                                  "should be as node %d leaves it, and is as %d left it (-1: nobody)", wanted - 1,
                                  found - 1);
    if (found == 0)
        return elbo__shadow_wrong(s, buffer, element, "is read before it is written");
    return elbo__shadow_wrong(s, buffer, element, "is read, but buffer %d was written over it", found - 1);
}

/* ---- cells ------------------------------------------------------------------------------------------------------- */

static bool beside(const elbo__shadow *s, const elbo__shadow_memory *m, int block)
{
    return block >= m->parallel && block != s->block;
}

static elbo_status read_cell(const elbo__shadow *s, const elbo__shadow_memory *m, elbo__cell *c, int buffer,
                             int64_t element, int tag, int64_t since)
{
    if (beside(s, m, c->writer))
        return elbo__shadow_wrong(s, buffer, element, "is read, and another block of the stage writes it");
    int found = c->writer >= m->begin ? c->tag : 0;
    if (found != tag)
        return wrong_tag(s, buffer, element, found, tag);
    if (c->writer == s->block && c->when > since)
        return elbo__shadow_wrong(s, buffer, element, "is overwritten between its load and its use");
    if (c->reader != s->block) {
        c->other = c->reader;
        c->reader = s->block;
    }
    return ELBO_OK;
}

static elbo_status write_cell(const elbo__shadow *s, const elbo__shadow_memory *m, elbo__cell *c, int buffer,
                              int64_t element, int tag)
{
    if (beside(s, m, c->writer))
        return elbo__shadow_wrong(s, buffer, element, "is written by two blocks of the stage");
    if (beside(s, m, c->reader) || beside(s, m, c->other))
        return elbo__shadow_wrong(s, buffer, element, "is written, and another block of the stage reads it");
    c->tag = tag;
    c->writer = s->block;
    c->when = s->now;
    return ELBO_OK;
}

/* ---- parts of buffers -------------------------------------------------------------------------------------------- */

static void find_ends(const elbo_layout *l, int64_t *least, int64_t *most)
{
    *least = *most = l->offset;
    for (int i = 0; i < l->shape.ndim; i++) {
        int64_t reach = (l->shape.dim[i] - 1) * l->strides[i];
        *(reach < 0 ? least : most) += reach;
    }
}

/* A buffer's own elements are [least, most]. Of a local one there are as many as belong to the units at hand. */
static elbo_status in_bounds(const elbo__shadow *s, int buffer, const elbo_layout *part)
{
    const elbo__buffer *b = &s->plan->buffers[buffer];
    int64_t least = 0, most = (b->class == ELBO__LOCAL ? b->size * s->units : b->size) - 1, low, high;
    if (b->class == ELBO__PARAM)
        find_ends(&s->plan->nodes[s->leaf[buffer]].layout, &least, &most);
    find_ends(part, &low, &high);
    if (low >= least && high <= most)
        return ELBO_OK;
    return elbo__shadow_wrong(s, buffer, low < least ? low : high, "is outside of elements %lld to %lld",
                              (long long)least, (long long)most);
}

typedef struct {
    bool write;
    int tag;
    int64_t since;
} access;

static elbo_status touch(const elbo__shadow *s, int buffer, const elbo_layout *l, int64_t first, int64_t n,
                         const access *how)
{
    const elbo__buffer *b = &s->plan->buffers[buffer];
    if (elbo_shape_size(&l->shape) == 0)
        return ELBO_OK;
    elbo_status status = in_bounds(s, buffer, l);
    if (status != ELBO_OK)
        return status;
    if (b->class == ELBO__INPUT || b->class == ELBO__CONSTANT)
        return how->write ? elbo__shadow_wrong(s, buffer, l->offset, "is written, but must stay as it is") : ELBO_OK;
    const elbo__shadow_memory *m = b->class == ELBO__LOCAL    ? &s->local
                                   : b->class == ELBO__SHARED ? &s->shared
                                                              : &s->slabs[b->slab];
    size_t each = elbo_dtype_size(b->dtype) / s->cell_bytes, start = b->at / s->cell_bytes;
    int last = l->shape.ndim - 1;
    int64_t index[ELBO_MAX_RANK], rest = first, element = l->offset;
    for (int i = last; i >= 0; i--) {
        index[i] = i ? rest % l->shape.dim[i] : rest;
        rest = i ? rest / l->shape.dim[i] : 0;
        element += index[i] * l->strides[i];
    }
    for (; n > 0; n--) {
        elbo__cell *c = &m->cells[start + (size_t)element * each];
        for (size_t k = 0; k < each && status == ELBO_OK; k++)
            status = how->write ? write_cell(s, m, &c[k], buffer, element, how->tag)
                                : read_cell(s, m, &c[k], buffer, element, how->tag, how->since);
        if (status != ELBO_OK)
            return status;
        for (int i = last; i >= 0; i--) {
            element += l->strides[i];
            if (++index[i] < l->shape.dim[i])
                break;
            element -= index[i] * l->strides[i];
            index[i] = 0;
        }
    }
    return ELBO_OK;
}

elbo_status elbo__shadow_read(elbo__shadow *s, int buffer, const elbo_layout *part, int64_t first, int64_t n, int tag,
                              int64_t since)
{
    return touch(s, buffer, part, first, n, &(access){.tag = tag, .since = since});
}

elbo_status elbo__shadow_write(elbo__shadow *s, int buffer, const elbo_layout *part, int64_t first, int64_t n, int tag)
{
    s->wrote = s->now;
    return touch(s, buffer, part, first, n, &(access){.write = true, .tag = tag});
}

/* ---- going on ---------------------------------------------------------------------------------------------------- */

void elbo__shadow_next_stage(elbo__shadow *s)
{
    s->shared.parallel = s->block + 1;
    for (int i = 0; i < s->n_slabs; i++)
        s->slabs[i].parallel = s->block + 1;
}

void elbo__shadow_restart(elbo__shadow *s)
{
    s->shared.begin = s->block + 1;
    for (int i = 0; i < s->n_slabs; i++)
        s->slabs[i].begin = s->block + 1;
    elbo__shadow_next_stage(s);
}

/* Every thread has local memory of its own, which holds nothing at first. */
void elbo__shadow_next_blocks(elbo__shadow *s, int64_t first, int64_t units)
{
    s->local.begin = s->local.parallel = ++s->block;
    s->first = first;
    s->units = units;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static bool make(elbo__shadow_memory *m, size_t bytes, size_t cell_bytes)
{
    m->cells = elbo__calloc(bytes / cell_bytes + 1, sizeof *m->cells);
    return m->cells != NULL;
}

elbo_status elbo__shadow_new(elbo__shadow *s, const elbo_plan *plan)
{
    *s = (elbo__shadow){.plan = plan, .cell_bytes = elbo_dtype_size(plan->dtype)};
    for (size_t i = 0; i < plan->n_buffers; i++) {
        const elbo__buffer *b = &plan->buffers[i];
        size_t each = elbo_dtype_size(b->dtype);
        if (b->class == ELBO__PARAM && b->slab >= s->n_slabs)
            s->n_slabs = b->slab + 1;
        if ((b->class == ELBO__LOCAL || b->class == ELBO__SHARED) && each < s->cell_bytes)
            s->cell_bytes = each;
    }
    s->leaf = elbo__calloc(plan->n_buffers, sizeof *s->leaf);
    s->slabs = elbo__calloc((size_t)s->n_slabs, sizeof *s->slabs);
    bool ok = s->leaf && s->slabs && make(&s->shared, plan->shared_bytes, s->cell_bytes) &&
              make(&s->local, plan->local_bytes, s->cell_bytes);
    for (int i = 0; i < s->n_slabs && ok; i++)
        ok = make(&s->slabs[i], (size_t)plan->params_size * elbo_dtype_size(plan->dtype), s->cell_bytes);
    for (size_t id = 0; id < plan->n_nodes && ok; id++)
        if (plan->nodes[id].op == &elbo__op_param)
            s->leaf[plan->nodes[id].buffer] = (int)id;
    return ok ? ELBO_OK : ELBO_NO_MEMORY;
}

void elbo__shadow_free(elbo__shadow *s)
{
    for (int i = 0; i < s->n_slabs && s->slabs; i++)
        elbo__free(s->slabs[i].cells);
    elbo__free(s->slabs);
    elbo__free(s->shared.cells);
    elbo__free(s->local.cells);
    elbo__free(s->leaf);
}
