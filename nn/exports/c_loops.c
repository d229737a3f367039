#include <inttypes.h>

#include "../../tensor/text.h"
#include "c_source.h"

/* Row-major strides of a shape, those of axes of size 1 being 0. */
static void find_strides(const elbo_shape *shape, int64_t *strides)
{
    int64_t step = 1;
    for (int i = shape->ndim - 1; i >= 0; i--) {
        strides[i] = shape->dim[i] == 1 ? 0 : step;
        step *= shape->dim[i];
    }
}

elbo__c_loops elbo__c_loops_over(const elbo_shape *shape)
{
    elbo__c_loops loops = {.shape = *shape, .n = 1};
    find_strides(shape, loops.strides[0]);
    return loops;
}

void elbo__c_loops_add(elbo__c_loops *loops, const elbo_shape *operand)
{
    const int missing = loops->shape.ndim - operand->ndim;
    find_strides(operand, loops->strides[loops->n++] + missing);
}

/* Whether loop i + 1 within loop i is one longer loop. */
static bool can_join(const elbo__c_loops *loops, int i)
{
    for (int r = 0; r < loops->n; r++)
        if (loops->strides[r][i] != loops->strides[r][i + 1] * loops->shape.dim[i + 1])
            return false;
    return true;
}

static void drop(elbo__c_loops *loops, int axis)
{
    loops->shape.ndim--;
    for (int i = axis; i < loops->shape.ndim; i++) {
        loops->shape.dim[i] = loops->shape.dim[i + 1];
        for (int r = 0; r < loops->n; r++)
            loops->strides[r][i] = loops->strides[r][i + 1];
    }
}

void elbo__c_loops_join(elbo__c_loops *loops)
{
    for (int i = loops->shape.ndim - 1; i >= 0; i--)
        if (loops->shape.dim[i] == 1)
            drop(loops, i);
    for (int i = loops->shape.ndim - 2; i >= 0; i--)
        if (can_join(loops, i)) {
            loops->shape.dim[i + 1] *= loops->shape.dim[i];
            drop(loops, i);
        }
}

static const char counters[ELBO_MAX_RANK + 1] = "ijklmnop";

void elbo__c_put_loops(elbo__page *page, const elbo__c_loops *loops)
{
    for (int i = 0; i < loops->shape.ndim; i++)
        elbo__page_put(page, "%*sfor (int %c = 0; %c < %" PRId64 "; %c++)\n", 4 * (i + 1), "", counters[i], counters[i],
                       loops->shape.dim[i], counters[i]);
    elbo__page_put(page, "%*s", 4 * (loops->shape.ndim + 1), "");
}

elbo__c_text elbo__c_index_of(const elbo__c_loops *loops, int r)
{
    elbo__c_text index = {""};
    size_t used = 0;
    for (int i = 0; i < loops->shape.ndim; i++) {
        const int64_t stride = loops->strides[r][i];
        const char *plus = used ? " + " : "";
        if (stride == 1)
            used += (size_t)elbo__print(index.text + used, sizeof index.text - used, "%s%c", plus, counters[i]);
        else if (stride)
            used += (size_t)elbo__print(index.text + used, sizeof index.text - used, "%s%" PRId64 " * %c", plus, stride,
                                        counters[i]);
    }
    if (loops->offset[r] || !used)
        elbo__print(index.text + used, sizeof index.text - used, "%s%" PRId64, used ? " + " : "", loops->offset[r]);
    return index;
}
