#include "tensor.h"

#include <string.h>

#include "memory.h"
#include "text.h"
#include "walk.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {[ELBO_F32] = {"f32", 4}, [ELBO_F64] = {"f64", 8}, [ELBO_U8] = {"u8", 1}, [ELBO_I32] = {"i32", 4}};

size_t elbo_dtype_size(elbo_dtype dtype)
{
    return dtypes[dtype].size;
}

const char *elbo_dtype_name(elbo_dtype dtype)
{
    return dtypes[dtype].name;
}

/* ---- shapes ---------------------------------------------------------------------------------------------------- */

int64_t elbo_shape_size(const elbo_shape *shape)
{
    int64_t size = 1;
    for (int i = 0; i < shape->ndim; i++)
        size *= shape->dim[i];
    return size;
}

elbo_status elbo_shape_check(const elbo_shape *shape)
{
    if (shape->ndim < 0 || shape->ndim > ELBO_MAX_RANK)
        return elbo__fail(ELBO_INVALID, "a tensor of rank %d: the rank is 0 to %d", shape->ndim, ELBO_MAX_RANK);
    int64_t bytes = sizeof(double);
    for (int i = 0; i < shape->ndim; i++) {
        if (shape->dim[i] < 0)
            return elbo__fail(ELBO_INVALID, "shape %s: a size is negative", elbo_shape_format(shape).text);
        /* a size of 0 must not hide that the other sizes overflow: strides are made of them */
        int64_t factor = shape->dim[i] ? shape->dim[i] : 1;
        if (!elbo__mul_size(bytes, factor, &bytes))
            return elbo__fail(ELBO_NO_MEMORY, "shape %s: too many elements", elbo_shape_format(shape).text);
    }
    return ELBO_OK;
}

bool elbo_shape_equal(const elbo_shape *a, const elbo_shape *b)
{
    return a->ndim == b->ndim && memcmp(a->dim, b->dim, (size_t)a->ndim * sizeof a->dim[0]) == 0;
}

elbo_shape_text elbo_shape_format(const elbo_shape *shape)
{
    elbo_shape_text out;
    int ndim = shape->ndim < 0 ? 0 : shape->ndim > ELBO_MAX_RANK ? ELBO_MAX_RANK : shape->ndim;
    int used = elbo__print(out.text, sizeof out.text, "(");
    for (int i = 0; i < ndim; i++)
        used += elbo__print(out.text + used, sizeof out.text - (size_t)used, "%s%lld", i ? ", " : "",
                            (long long)shape->dim[i]);
    elbo__print(out.text + used, sizeof out.text - (size_t)used, ")");
    return out;
}

/* ---- layouts and views ------------------------------------------------------------------------------------------ */

elbo_layout elbo_layout_of(const elbo_shape *shape)
{
    elbo_layout out = {.shape = *shape};
    int64_t stride = 1;
    for (int i = shape->ndim - 1; i >= 0; i--) {
        out.strides[i] = stride;
        stride *= shape->dim[i] ? shape->dim[i] : 1;
    }
    return out;
}

elbo_layout elbo_layout_permute(const elbo_layout *x, const int *axes)
{
    elbo_layout out = {.shape.ndim = x->shape.ndim, .offset = x->offset};
    for (int i = 0; i < x->shape.ndim; i++) {
        out.shape.dim[i] = x->shape.dim[axes[i]];
        out.strides[i] = x->strides[axes[i]];
    }
    return out;
}

elbo_layout elbo_layout_slice(const elbo_layout *x, int axis, int64_t start, int64_t size)
{
    elbo_layout out = *x;
    out.offset += start * x->strides[axis];
    out.shape.dim[axis] = size;
    return out;
}

elbo_layout elbo_layout_expand(const elbo_layout *x, const elbo_shape *shape)
{
    elbo_layout out = {.shape = *shape, .offset = x->offset};
    int missing = shape->ndim - x->shape.ndim;
    for (int i = 0; i < x->shape.ndim; i++)
        out.strides[missing + i] = x->shape.dim[i] == shape->dim[missing + i] ? x->strides[i] : 0;
    return out;
}

bool elbo_layout_reshape(const elbo_layout *x, const elbo_shape *shape, elbo_layout *out)
{
    *out = elbo_layout_of(shape);
    out->offset = x->offset;
    if (elbo_shape_size(shape) == 0)
        return true;
    /* Cut both shapes into the shortest runs of axes with equal products; within a run the old axes must be
     * contiguous among themselves, and the new strides follow from the last of them. */
    int i = 0, j = 0, n = x->shape.ndim, m = shape->ndim;
    while (i < n || j < m) {
        int first = i, start = j;
        int64_t old_size = i < n ? x->shape.dim[i++] : 1, new_size = j < m ? shape->dim[j++] : 1;
        while (old_size != new_size)
            if (old_size < new_size)
                old_size *= x->shape.dim[i++];
            else
                new_size *= shape->dim[j++];
        int64_t stride = 0; /* of the last old axis that has more than one entry */
        int last = -1;
        for (int k = i - 1; k >= first; k--) {
            if (x->shape.dim[k] == 1)
                continue;
            if (last < 0)
                stride = x->strides[k];
            else if (x->strides[k] != x->strides[last] * x->shape.dim[last])
                return false;
            last = k;
        }
        for (int k = j - 1; k >= start; k--) {
            out->strides[k] = stride;
            stride *= shape->dim[k];
        }
    }
    return true;
}

bool elbo_layout_contiguous(const elbo_layout *x)
{
    int64_t stride = 1;
    for (int i = x->shape.ndim - 1; i >= 0; i--) {
        if (x->shape.dim[i] != 1 && x->strides[i] != stride)
            return elbo_shape_size(&x->shape) == 0;
        stride *= x->shape.dim[i];
    }
    return true;
}

/* ---- tensors ---------------------------------------------------------------------------------------------------- */

elbo_tensor elbo_tensor_new(elbo_dtype dtype, elbo_shape shape)
{
    elbo_tensor out = {.dtype = dtype};
    if (elbo_shape_check(&shape) != ELBO_OK)
        return out;
    out.layout = elbo_layout_of(&shape);
    out.data = elbo__calloc((size_t)elbo_shape_size(&shape), elbo_dtype_size(dtype));
    return out;
}

void elbo_tensor_free(elbo_tensor *tensor)
{
    if (tensor) {
        elbo__free(tensor->data);
        tensor->data = NULL;
    }
}

elbo_tensor elbo_tensor_of(elbo_dtype dtype, elbo_shape shape, const void *data)
{
    return (elbo_tensor){.dtype = dtype, .layout = elbo_layout_of(&shape), .data = (void *)data};
}

static double read_at(const elbo_tensor *tensor, int64_t at)
{
    switch (tensor->dtype) {
    case ELBO_F32: return ((const float *)tensor->data)[at];
    case ELBO_F64: return ((const double *)tensor->data)[at];
    case ELBO_U8: return ((const uint8_t *)tensor->data)[at];
    case ELBO_I32: return ((const int32_t *)tensor->data)[at];
    }
    return 0;
}

static void write_at(const elbo_tensor *tensor, int64_t at, double value)
{
    switch (tensor->dtype) {
    case ELBO_F32: ((float *)tensor->data)[at] = (float)value; break;
    case ELBO_F64: ((double *)tensor->data)[at] = value; break;
    case ELBO_U8: ((uint8_t *)tensor->data)[at] = (uint8_t)value; break;
    case ELBO_I32: ((int32_t *)tensor->data)[at] = (int32_t)value; break;
    }
}

double elbo_tensor_get(const elbo_tensor *tensor, const int64_t *index)
{
    return read_at(tensor, elbo__layout_at(&tensor->layout, index));
}

void elbo_tensor_set(const elbo_tensor *tensor, const int64_t *index, double value)
{
    write_at(tensor, elbo__layout_at(&tensor->layout, index), value);
}

void elbo_tensor_copy(const elbo_tensor *to, const elbo_tensor *from)
{
    if (to->dtype == from->dtype && elbo_layout_contiguous(&to->layout) && elbo_layout_contiguous(&from->layout)) {
        size_t size = elbo_dtype_size(to->dtype);
        memcpy((char *)to->data + (size_t)to->layout.offset * size,
               (const char *)from->data + (size_t)from->layout.offset * size,
               (size_t)elbo_shape_size(&to->layout.shape) * size);
        return;
    }
    for (elbo__walk w = elbo__walk_start(&to->layout.shape); w.more; elbo__walk_next(&w))
        write_at(to, elbo__layout_at(&to->layout, w.index), read_at(from, elbo__layout_at(&from->layout, w.index)));
}

/* ---- walking ---------------------------------------------------------------------------------------------------- */

elbo__walk elbo__walk_start(const elbo_shape *shape)
{
    return (elbo__walk){.shape = *shape, .more = elbo_shape_size(shape) > 0};
}

void elbo__walk_next(elbo__walk *walk)
{
    for (int i = walk->shape.ndim - 1; i >= 0; i--) {
        if (++walk->index[i] < walk->shape.dim[i])
            return;
        walk->index[i] = 0;
    }
    walk->more = false;
}

int64_t elbo__layout_at(const elbo_layout *layout, const int64_t *index)
{
    int64_t at = layout->offset;
    for (int i = 0; i < layout->shape.ndim; i++)
        at += index[i] * layout->strides[i];
    return at;
}
