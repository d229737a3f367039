#include "params_private.h"

#include <string.h>

#include "../tensor/lookup.h"
#include "../tensor/memory.h"
#include "../tensor/watch_private.h"
#include "../tensor/words.h"

typedef struct {
    char *name;
    elbo_shape shape;
    elbo_init init;
    bool trained, by_rows;
    int next;           /* of a matrix: what lies beside it, the index; NONE: nothing */
    int lead;           /* the first of those that lie beside each other: itself when alone */
    elbo_layout layout; /* in the slab, once closed */
} entry;

typedef struct {
    char *name;
    void *data;
} slab;

struct elbo_params {
    elbo_dtype dtype;
    uint64_t seed, version, mark;
    bool closed;
    entry *entries;
    size_t count, capacity;
    elbo__lookup names; /* entries by their names */
    slab *slabs;
    size_t n_slabs, slabs_capacity;
    int64_t size; /* of a slab, in elements */
};

enum {
    NONE = -1,
    ALIGNMENT = 16 /* elements: every tensor begins on a cache line, but for matrices beside the first of several */
};

elbo_params *elbo_params_new(elbo_dtype dtype, uint64_t seed)
{
    if (dtype != ELBO_F32 && dtype != ELBO_F64) {
        (void)elbo__fail(ELBO_INVALID, "a parameter set is f32 or f64, not %s", elbo_dtype_name(dtype));
        return NULL;
    }
    elbo_params *p = elbo__calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->dtype = dtype;
    p->seed = seed;
    if (elbo__params_add_slab(p, "") < 0) {
        elbo_params_free(p);
        return NULL;
    }
    return p;
}

void elbo_params_free(elbo_params *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++)
        elbo__free(p->entries[i].name);
    for (size_t i = 0; i < p->n_slabs; i++) {
        elbo__free(p->slabs[i].name);
        elbo__free(p->slabs[i].data);
    }
    elbo__free(p->entries);
    elbo__lookup_free(&p->names);
    elbo__free(p->slabs);
    elbo__free(p);
}

static uint64_t hash_of(const char *name)
{
    return elbo__hash_more(0, name, strlen(name));
}

/* ---- building ---------------------------------------------------------------------------------------------------- */

int elbo_params_add(elbo_params *p, const char *name, elbo_shape shape, bool trained, elbo_init init)
{
    if (p->closed) {
        (void)elbo__fail(ELBO_INVALID, "parameter \"%s\": the set is closed", name);
        return -1;
    }
    if (elbo_params_find(p, name) >= 0) {
        (void)elbo__fail(ELBO_INVALID, "parameter \"%s\": the set has it already", name);
        return -1;
    }
    if (elbo_shape_check(&shape) != ELBO_OK ||
        elbo__grow((void **)&p->entries, &p->capacity, p->count + 1, sizeof *p->entries) != ELBO_OK)
        return -1;
    char *own = elbo__strdup(name);
    if (!own || elbo__lookup_add(&p->names, hash_of(name), (int)p->count) != ELBO_OK) {
        elbo__free(own);
        return -1;
    }
    const int index = (int)p->count++;
    p->entries[index] = (entry){
        .name = own, .shape = shape, .init = init, .trained = trained, .next = NONE, .lead = index};
    return index;
}

void elbo__params_cut(elbo_params *p, int count)
{
    while (p->count > (size_t)count)
        elbo__free(p->entries[--p->count].name);
    elbo__lookup_cut(&p->names, p->count);
}

int elbo__params_add_slab(elbo_params *p, const char *name)
{
    for (size_t i = 0; i < p->n_slabs; i++)
        if (strcmp(p->slabs[i].name, name) == 0)
            return (int)i;
    if (elbo__grow((void **)&p->slabs, &p->slabs_capacity, p->n_slabs + 1, sizeof *p->slabs) != ELBO_OK)
        return -1;
    slab added = {.name = elbo__strdup(name)};
    if (added.name && p->closed)
        added.data = elbo__calloc((size_t)p->size, elbo_dtype_size(p->dtype));
    if (!added.name || (p->closed && !added.data)) {
        elbo__free(added.name);
        return -1;
    }
    p->slabs[p->n_slabs] = added;
    return (int)p->n_slabs++;
}

void elbo__params_lay_by_rows(elbo_params *p, int index)
{
    p->entries[index].by_rows = true;
}

bool elbo__params_lies_by_rows(const elbo_params *p, int index)
{
    return p->entries[index].by_rows;
}

void elbo__params_lay_beside(elbo_params *p, const int *indices, int n)
{
    for (int i = 0; i < n; i++) {
        p->entries[indices[i]].lead = indices[0];
        p->entries[indices[i]].next = i + 1 < n ? indices[i + 1] : NONE;
    }
}

int elbo__params_block(const elbo_params *p, int index, int *members)
{
    int n = 0;
    for (int i = index; i != NONE && p->entries[i].lead == index; i = p->entries[i].next)
        members[n++] = i;
    return n;
}

/* Axes 0 and 1 of a matrix change places, (out, in) -> (in, out), unless it is a table. */
static elbo_layout layout_of(const entry *e, const elbo_shape *shape)
{
    if (shape->ndim != 2 || e->by_rows)
        return elbo_layout_of(shape);
    elbo_shape memory = ELBO_SHAPE(shape->dim[1], shape->dim[0]);
    elbo_layout layout = elbo_layout_of(&memory);
    return elbo_layout_permute(&layout, (int[]){1, 0});
}

/* Entry `lead` and those beside it, which are laid out as one matrix, from element `at` of a slab on; returns how many
 * elements they are, or -1. */
static int64_t lay_out_beside(elbo_params *p, int lead, int64_t at)
{
    elbo_shape shape = p->entries[lead].shape;
    for (int i = p->entries[lead].next; i != NONE; i = p->entries[i].next)
        shape.dim[0] += p->entries[i].shape.dim[0];
    if (elbo_shape_check(&shape) != ELBO_OK)
        return -1;
    elbo_layout layout = layout_of(&p->entries[lead], &shape);
    layout.offset = at;
    for (int i = lead; i != NONE; i = p->entries[i].next) {
        layout.shape = p->entries[i].shape;
        p->entries[i].layout = layout;
        layout.offset += p->entries[i].next == NONE ? 0 : layout.shape.dim[0] * layout.strides[0];
    }
    return elbo_shape_size(&shape);
}

static elbo_status lay_out(elbo_params *p)
{
    int64_t size = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (p->entries[i].lead != (int)i)
            continue;
        const int64_t own = lay_out_beside(p, (int)i, size), here = (own + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (own < 0 || __builtin_add_overflow(size, here, &size))
            return elbo__fail(ELBO_NO_MEMORY, "the parameters are too many");
    }
    p->mark = 0;
    for (size_t i = 0; i < p->count; i++) {
        const elbo_layout *l = &p->entries[i].layout;
        p->mark = elbo__hash_more(p->mark, &l->offset, sizeof l->offset);
        p->mark = elbo__hash_more(p->mark, l->shape.dim, (size_t)l->shape.ndim * sizeof *l->shape.dim);
        p->mark = elbo__hash_more(p->mark, l->strides, (size_t)l->shape.ndim * sizeof *l->strides);
    }
    for (size_t i = 0; i < p->n_slabs; i++) {
        elbo__free(p->slabs[i].data);
        p->slabs[i].data = elbo__calloc((size_t)size, elbo_dtype_size(p->dtype));
        if (!p->slabs[i].data)
            return ELBO_NO_MEMORY;
    }
    p->size = size;
    p->closed = true;
    return ELBO_OK;
}

elbo_status elbo_params_close(elbo_params *p)
{
    if (p->closed)
        return ELBO_OK;
    elbo_status status = lay_out(p);
    for (size_t i = 0; i < p->count && status == ELBO_OK; i++) {
        elbo_tensor tensor = elbo_params_tensor(p, (int)i);
        if (p->entries[i].init.fill)
            p->entries[i].init.fill(&tensor, p->seed, p->entries[i].name, p->entries[i].init.args);
        status = elbo__watched("initialising", (int64_t)i + 1, (int64_t)p->count);
    }
    return status;
}

elbo_params *elbo_params_copy(const elbo_params *p)
{
    elbo_params *copy = elbo_params_new(p->dtype, p->seed);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < p->count; i++) {
        const entry *e = &p->entries[i];
        if (elbo_params_add(copy, e->name, e->shape, e->trained, e->init) < 0)
            goto failed;
        copy->entries[i].by_rows = e->by_rows;
        copy->entries[i].lead = e->lead;
        copy->entries[i].next = e->next;
    }
    for (size_t i = 1; i < p->n_slabs; i++)
        if (elbo__params_add_slab(copy, p->slabs[i].name) < 0)
            goto failed;
    /* of a closed set the values are copied, so that there are none to be made */
    if ((p->closed ? lay_out(copy) : elbo_params_close(copy)) != ELBO_OK)
        goto failed;
    for (size_t i = 0; i < p->n_slabs && p->closed; i++)
        memcpy(copy->slabs[i].data, p->slabs[i].data, (size_t)p->size * elbo_dtype_size(p->dtype));
    return copy;
failed:
    elbo_params_free(copy);
    return NULL;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

bool elbo_params_closed(const elbo_params *p)
{
    return p->closed;
}

elbo_dtype elbo_params_dtype(const elbo_params *p)
{
    return p->dtype;
}

uint64_t elbo_params_seed(const elbo_params *p)
{
    return p->seed;
}

int elbo_params_count(const elbo_params *p)
{
    return (int)p->count;
}

const char *elbo_params_name(const elbo_params *p, int index)
{
    return p->entries[index].name;
}

elbo_shape elbo_params_shape(const elbo_params *p, int index)
{
    return p->entries[index].shape;
}

bool elbo_params_trained(const elbo_params *p, int index)
{
    return p->entries[index].trained;
}

int elbo_params_find(const elbo_params *p, const char *name)
{
    for (int e = elbo__lookup_first(&p->names, hash_of(name)); e >= 0; e = elbo__lookup_next(&p->names, e))
        if (strcmp(p->entries[p->names.entries[e].value].name, name) == 0)
            return p->names.entries[e].value;
    return -1;
}

const char *elbo_params_nearest(const elbo_params *p, const char *name)
{
    elbo__words near = elbo__words_near(name);
    for (size_t i = 0; i < p->count; i++)
        elbo__words_offer(&near, p->entries[i].name);
    return near.nearest;
}

elbo_tensor elbo_params_tensor(const elbo_params *p, int index)
{
    return elbo_params_slab_tensor(p, 0, index);
}

int elbo_params_slab_count(const elbo_params *p)
{
    return (int)p->n_slabs;
}

const char *elbo_params_slab_name(const elbo_params *p, int index)
{
    return p->slabs[index].name;
}

elbo_tensor elbo_params_slab_tensor(const elbo_params *p, int index, int tensor)
{
    return (elbo_tensor){.dtype = p->dtype, .layout = p->entries[tensor].layout, .data = p->slabs[index].data};
}

elbo_tensor elbo_params_slab(const elbo_params *p, int index)
{
    return elbo_tensor_of(p->dtype, ELBO_SHAPE(p->size), p->slabs[index].data);
}

void elbo_params_touch(elbo_params *p)
{
    p->version++;
}

elbo_layout elbo__params_layout(const elbo_params *p, int index)
{
    return p->entries[index].layout;
}

void *elbo__params_data(const elbo_params *p, int index)
{
    return p->slabs[index].data;
}

uint64_t elbo__params_mark(const elbo_params *p)
{
    return p->mark;
}

uint64_t elbo__params_version(const elbo_params *p)
{
    return p->version;
}
