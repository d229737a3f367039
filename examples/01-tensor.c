/* A tensor is a layout over memory: views of it are other layouts over the same numbers. */
#include <elbo.h>
#include <stdio.h>

static void print(const char *name, const elbo_tensor *t)
{
    printf("%s %s:", name, elbo_shape_format(&t->layout.shape).text);
    for (int64_t i = 0; i < t->layout.shape.dim[0]; i++)
        for (int64_t j = 0; j < t->layout.shape.dim[1]; j++)
            printf(" %g", elbo_tensor_get(t, (int64_t[]){i, j}));
    putchar('\n');
}

int main(void)
{
    float numbers[2 * 3] = {0, 1, 2, 3, 4, 5};
    elbo_tensor a = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(2, 3), numbers); /* borrows the numbers */
    print("a", &a);

    elbo_tensor t = a;
    t.layout = elbo_layout_permute(&a.layout, (int[]){1, 0}); /* its transpose: strides change places */
    print("transposed", &t);

    elbo_tensor column = a;
    column.layout = elbo_layout_slice(&a.layout, 1, 2, 1); /* column 2, as (2, 1) */
    print("column", &column);

    elbo_tensor_set(&t, (int64_t[]){2, 1}, 50); /* written through one view, read through all */
    print("a", &a);
    return elbo_tensor_get(&column, (int64_t[]){1, 0}) == 50 ? 0 : 1;
}
