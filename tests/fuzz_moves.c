/* The lines of a random graph: movement, rows by number, gradients and assignments. */
#include <string.h>

#include "fuzz_ops.h"

/* ---- movement ---------------------------------------------------------------------------------------------------- */

static elbo_shape without_axis(elbo_shape s, int axis)
{
    for (int i = axis; i + 1 < s.ndim; i++)
        s.dim[i] = s.dim[i + 1];
    s.ndim--;
    return s;
}

static elbo_shape with_axis(elbo_shape s, int axis, int64_t size)
{
    for (int i = s.ndim++; i > axis; i--)
        s.dim[i] = s.dim[i - 1];
    s.dim[axis] = size;
    return s;
}

/* Joins an axis with the next, splits one, adds or drops an axis of size 1, or cuts the same row of numbers
 * otherwise. */
APPLY(reshape)
{
    elbo_shape s = in[0]->shape;
    int axis = (int)fuzz_pick(line, 1, s.ndim);
    switch (fuzz_pick(line, 0, 6)) {
    case 0:
        if (axis + 1 >= s.ndim)
            return NULL;
        s.dim[axis] *= s.dim[axis + 1];
        s = without_axis(s, axis + 1);
        break;
    case 1: {
        int64_t by = 2 + fuzz_pick(line, 2, 7);
        if (s.ndim == 0 || s.dim[axis] == 0 || s.dim[axis] % by)
            return NULL;
        s.dim[axis] /= by;
        s = with_axis(s, axis + (int)(line->n[2] / 7 % 2), by);
        break;
    }
    case 2: s = with_axis(s, axis, 1); break;
    case 3:
        while (axis < s.ndim && s.dim[axis] != 1)
            axis++;
        if (axis >= s.ndim)
            return NULL;
        s = without_axis(s, axis);
        break;
    case 4: s = ELBO_SHAPE(elbo_shape_size(&s)); break;
    default:
        for (int i = 0; i < s.ndim / 2; i++) {
            int64_t first = s.dim[i];
            s.dim[i] = s.dim[s.ndim - 1 - i];
            s.dim[s.ndim - 1 - i] = first;
        }
    }
    fuzz_note(b, "to %s", elbo_shape_format(&s).text);
    return fuzz_fits(b, &s) && !elbo_shape_equal(&s, &in[0]->shape) ? elbo_reshape(in[0], s) : NULL;
}

APPLY(permute)
{
    int n = in[0]->shape.ndim, axes[ELBO_MAX_RANK];
    uint32_t raw = line->n[0];
    char text[32] = "";
    for (int i = 0; i < n; i++)
        axes[i] = i;
    for (int i = n - 1; i > 0; raw /= (uint32_t)(i-- + 1)) {
        int other = (int)(raw % (uint32_t)(i + 1)), axis = axes[i];
        axes[i] = axes[other];
        axes[other] = axis;
    }
    for (int i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), " %d", axes[i]);
    fuzz_note(b, "axes%s", text);
    return n > 1 ? elbo_permute(in[0], axes) : NULL;
}

APPLY(expand)
{
    static const int64_t sizes[] = {2, 7, 1, 16, 3, 0, 5};
    int64_t size = sizes[fuzz_pick(line, 0, 7)];
    elbo_shape s = in[0]->shape;
    int axis = (int)fuzz_pick(line, 1, s.ndim + 1);
    while (axis < s.ndim && s.dim[axis] != 1)
        axis++;
    if (axis < s.ndim)
        s.dim[axis] = size;
    else
        s = with_axis(s, 0, size);
    fuzz_note(b, "to %s", elbo_shape_format(&s).text);
    return fuzz_fits(b, &s) ? elbo_expand(in[0], s) : NULL;
}

APPLY(slice)
{
    const elbo_shape *s = &in[0]->shape;
    int axis = (int)fuzz_pick(line, 0, s->ndim);
    int64_t size = s->ndim ? fuzz_pick(line, 1, s->dim[axis] + 1) : 0;
    int64_t start = s->ndim ? fuzz_pick(line, 2, s->dim[axis] - size + 1) : 0;
    if (size == 0 && line->n[2] % 8)
        size = 1;
    fuzz_note(b, "axis %d, %d from %d on", axis, (int)size, (int)start);
    return s->ndim && start + size <= s->dim[axis] ? elbo_slice(in[0], axis, start, size) : NULL;
}

APPLY(pad)
{
    elbo_shape s = in[0]->shape;
    int axis = (int)fuzz_pick(line, 0, s.ndim);
    int64_t before = fuzz_pick(line, 1, 3), after = fuzz_pick(line, 2, 4);
    s.dim[axis] += before + after;
    fuzz_note(b, "axis %d, %d before, %d after", axis, (int)before, (int)after);
    return s.ndim && fuzz_fits(b, &s) ? elbo_pad(in[0], axis, before, after) : NULL;
}

APPLY(concat)
{
    elbo_var *xs[3] = {in[0]};
    int n = 1, axis = (int)fuzz_pick(line, 0, in[0]->shape.ndim);
    elbo_shape whole = in[0]->shape;
    for (int i = 1; i < 3; i++) {
        elbo_shape like = in[0]->shape;
        if (in[i]->shape.ndim != like.ndim || in[i]->dtype != in[0]->dtype)
            continue;
        like.dim[axis] = in[i]->shape.dim[axis];
        if (!elbo_shape_equal(&like, &in[i]->shape))
            continue;
        whole.dim[axis] += like.dim[axis];
        xs[n++] = in[i];
    }
    fuzz_note(b, "axis %d, %d of them", axis, n);
    return whole.ndim && n > 1 && fuzz_fits(b, &whole) ? elbo_concat(xs, n, axis) : NULL;
}

APPLY(detach)
{
    return elbo_detach(in[0]);
}

/* ---- rows by number ---------------------------------------------------------------------------------------------- */

static bool is_index(const elbo_var *x)
{
    return x->dtype == ELBO_I32 && x->shape.ndim == 1;
}

APPLY(gather)
{
    elbo_shape s = in[0]->shape;
    if (s.ndim == 0 || !is_index(in[1]))
        return NULL;
    s.dim[0] = in[1]->shape.dim[0];
    return fuzz_fits(b, &s) ? elbo_gather(in[0], in[1]) : NULL;
}

APPLY(scatter_add)
{
    elbo_shape s = in[0]->shape;
    if (s.ndim == 0 || !is_index(in[1]) || !fuzz_is_number(in[0]) || s.dim[0] != in[1]->shape.dim[0])
        return NULL;
    s.dim[0] = fuzz_pick(line, 0, 10);
    fuzz_note(b, "into %d rows", (int)s.dim[0]);
    return fuzz_fits(b, &s) ? elbo_scatter_add(in[0], in[1], s.dim[0]) : NULL;
}

/* ---- gradients and assignments ----------------------------------------------------------------------------------- */

APPLY(grad)
{
    elbo_var *dx;
    if (!fuzz_is_number(in[0]) || !fuzz_is_number(in[1]) || b->g->n_nodes > FUZZ_NODES / 3)
        return NULL;
    elbo_grad(in[0], &in[1], 1, &dx);
    return dx;
}

static bool is_state(const elbo_var *x)
{
    return x->root == x;
}

/* The value, expanded to the state's shape and brought into the range that the values of states keep in every run; NULL
 * where it does not fit. */
static elbo_var *value_for(const fuzz_build *b, const elbo_var *state, elbo_var *value)
{
    fuzz_range range = b->ranges[value->id], kept = fuzz_range_of_state(b->program->exact);
    const elbo_shape *s = &state->shape, *v = &value->shape;
    if (!fuzz_is_number(value) || v->ndim > s->ndim)
        return NULL;
    for (int back = 1; back <= v->ndim; back++)
        if (v->dim[v->ndim - back] != 1 && v->dim[v->ndim - back] != s->dim[s->ndim - back])
            return NULL;
    if (b->program->exact && !range.integer)
        value = elbo_floor(value);
    if (range.low < kept.low || range.high > kept.high)
        value = elbo_clamp(value, kept.low, kept.high);
    return elbo_expand(value, *s);
}

APPLY(assign)
{
    elbo_var *value = is_state(in[0]) ? value_for(b, in[0], in[1]) : NULL;
    return value ? elbo_assign(in[0], value) : NULL;
}

APPLY(assign_if)
{
    if (in[2]->shape.ndim != 0 || !fuzz_is_number(in[2]))
        return NULL;
    elbo_var *value = is_state(in[0]) ? value_for(b, in[0], in[1]) : NULL;
    return value ? elbo_assign_if(in[2], in[0], value) : NULL;
}
