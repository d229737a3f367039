#include "elementwise.h"
#include "product.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <blis.h>

#include "clones.h"
#include "text.h"

/* ---- which kernels ----------------------------------------------------------------------------------------------- */

/* BLIS recognises processors by family, model and name, and newer ones fall back to sets for older ones, or to plain C
 * (six times slower). The instructions say more. The choice is handed over in the variable that BLIS reads at its first
 * call; a set that the user has named there, or numbered, is taken. The number is that of the header's enumeration, for
 * BLIS 0.9 takes numbers only (and ends the program where there is no such set).
 *
 * A set works on packed copies of its operands, whose results do not depend on where rows are cut, or (haswell, zen3)
 * has a path for small matrices that packs nothing, whose results do. */
static bool packs;

#if defined __x86_64__
/* The set of this name or number; BLIS_NUM_ARCHS where there is none. BLIS 0.9 itself takes a name for the number 0. */
static arch_t named(const char *text)
{
    for (int id = 0; id < BLIS_NUM_ARCHS; id++) {
        char number[16];
        elbo__print(number, sizeof number, "%d", id);
        if (strcmp(text, number) == 0 || strcmp(text, bli_arch_string((arch_t)id)) == 0)
            return (arch_t)id;
    }
    return BLIS_NUM_ARCHS;
}

static arch_t best_set(void)
{
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return BLIS_ARCH_SKX;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return __builtin_cpu_is("amd") ? BLIS_ARCH_ZEN3 : BLIS_ARCH_HASWELL;
    return BLIS_NUM_ARCHS;
}
#endif

static void choose_kernels(void)
{
#if defined __x86_64__
    static const char variable[] = "BLIS_ARCH_TYPE";
    const char *given = getenv(variable);
    arch_t choice = given ? named(given) : BLIS_NUM_ARCHS;
    choice = choice == BLIS_NUM_ARCHS ? best_set() : choice;
    if (choice != BLIS_NUM_ARCHS) {
        char number[16], *before = given ? strdup(given) : NULL;
        elbo__print(number, sizeof number, "%d", (int)choice);
        setenv(variable, number, 1);
        bli_init();
        if (before)
            setenv(variable, before, 1);
        else
            unsetenv(variable); /* it is no business of other programs that this one starts */
        free(before);
    } else {
        unsetenv(variable); /* it names no set: BLIS would end the program */
    }
#endif
    bli_init(); /* does nothing the second time */
    packs = bli_arch_query_id() == BLIS_ARCH_SKX;
}

void elbo__product_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose_kernels);
}

const char *elbo__product_kernels(void)
{
    elbo__product_prepare();
    return bli_arch_string(bli_arch_query_id());
}

/* ---- plain loops ------------------------------------------------------------------------------------------------- */

#define PLAIN(T, name)                                                                                                 \
    static void name(const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b)                              \
    {                                                                                                                  \
        for (int64_t i = 0; i < y->rows; i++)                                                                          \
            for (int64_t j = 0; j < y->columns; j++) {                                                                 \
                T sum = 0;                                                                                             \
                const T *p = (const T *)a->data + i * a->row_stride, *q = (const T *)b->data + j * b->column_stride;   \
                for (int64_t k = 0; k < a->columns; k++)                                                               \
                    sum += p[k * a->column_stride] * q[k * b->row_stride];                                             \
                ((T *)y->data)[i * y->row_stride + j * y->column_stride] = sum;                                        \
            }                                                                                                          \
    }
PLAIN(float, plain_f32)
PLAIN(double, plain_f64)

void elbo__product_plain(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b)
{
    (dtype == ELBO_F32 ? plain_f32 : plain_f64)(y, a, b);
}

/* Row by row of b, so that the innermost loop runs along neighbours. */
#define PLACED(T, name)                                                                                                \
    ELBO__CLONES static void name(const elbo__placed *p)                                                               \
    {                                                                                                                  \
        for (int64_t i = 0; i < p->rows; i++) {                                                                        \
            T *y = (T *)p->y + p->y_row[i];                                                                            \
            const T *a = (const T *)p->a + p->a_row[i];                                                                \
            for (int64_t j = 0; j < p->columns && !p->add; j++)                                                        \
                y[j] = 0;                                                                                              \
            for (int64_t k = 0; k < p->terms; k++) {                                                                   \
                const T *b = (const T *)p->b + p->b_term[k], number = a[p->a_term[k]];                                 \
                for (int64_t j = 0; j < p->columns; j++)                                                               \
                    y[j] += number * b[j];                                                                             \
            }                                                                                                          \
        }                                                                                                              \
    }
PLACED(float, placed_f32)
PLACED(double, placed_f64)

void elbo__product_placed_plain(elbo_dtype dtype, const elbo__placed *p)
{
    (dtype == ELBO_F32 ? placed_f32 : placed_f64)(p);
}

void elbo__product_placed(elbo_dtype dtype, const elbo__placed *p)
{
    const elbo__kernels *own = elbo__kernels_for(dtype);
    if (own->product_placed)
        own->product_placed(p);
    else
        elbo__product_placed_plain(dtype, p);
}

/* ---- BLIS -------------------------------------------------------------------------------------------------------- */

/* BLIS refuses strides of 0 (a broadcast operand) and general strides in both directions are slow, but right. */
static bool takes(const elbo__matrix *m)
{
    return (m->row_stride != 0 || m->rows == 1) && (m->column_stride != 0 || m->columns == 1);
}

/* A matrix of one row or column may carry any stride on that axis; BLIS wants one that could be real. */
static inc_t stride(int64_t stride_, int64_t n, int64_t other, int64_t other_n)
{
    return n > 1 ? stride_ : other == 1 ? (other_n > 1 ? other_n : 1) : 1;
}

/* y = beta y + alpha a b, on this thread */
static void combine(elbo_dtype dtype, double alpha, const elbo__matrix *a, const elbo__matrix *b, double beta,
                    const elbo__matrix *y)
{
    rntm_t one_thread;
    bli_rntm_init(&one_thread);
    bli_rntm_set_num_threads(1, &one_thread);
    bli_rntm_set_l3_sup(!packs, &one_thread);
#define STRIDES(m)                                                                                                     \
    stride(m->row_stride, m->rows, m->column_stride, m->columns),                                                      \
        stride(m->column_stride, m->columns, m->row_stride, m->rows)
    if (dtype == ELBO_F32) {
        float alpha_f32 = (float)alpha, beta_f32 = (float)beta;
        bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, y->rows, y->columns, a->columns, &alpha_f32, a->data,
                     STRIDES(a), b->data, STRIDES(b), &beta_f32, y->data, STRIDES(y), NULL, &one_thread);
    } else {
        bli_dgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, y->rows, y->columns, a->columns, &alpha, a->data, STRIDES(a),
                     b->data, STRIDES(b), &beta, y->data, STRIDES(y), NULL, &one_thread);
    }
}

void elbo__product_blis(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b,
                        int64_t grain)
{
    elbo__product_prepare();
    const size_t size = elbo_dtype_size(dtype);
    if (packs)
        grain = y->rows;
    for (int64_t i = 0; i < y->rows; i += grain) {
        int64_t rows = y->rows - i < grain ? y->rows - i : grain;
        elbo__matrix part = elbo__part_of(y, size, i, rows, 0, y->columns);
        elbo__matrix left = elbo__part_of(a, size, i, rows, 0, a->columns);
        combine(dtype, 1, &left, b, 0, &part);
    }
}

/* ---- large products, shared out ---------------------------------------------------------------------------------- */

/* The length of the blocks of an axis of n: about an eighth of it, in whole registers of BLIS's, within the limits. */
static int64_t block_of(int64_t n, int64_t least, int64_t most)
{
    const int64_t eighth = (n / 8 + least - 1) / least * least;
    return eighth < least ? least : eighth > most ? most : eighth;
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void elbo__product_shared(double alpha, const elbo__matrix *a, const elbo__matrix *b, double beta,
                          const elbo__matrix *y, int threads)
{
    const int64_t tall = block_of(y->rows, 16, 128), wide = block_of(y->columns, 64, 512);
    const size_t size = sizeof(double);
    const int64_t down = (y->rows + tall - 1) / tall, across = (y->columns + wide - 1) / wide;
    elbo__product_prepare();
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int64_t i = 0; i < down * across; i++) {
        const int64_t row = i / across * tall, rows = least_of(y->rows - row, tall);
        const int64_t column = i % across * wide, columns = least_of(y->columns - column, wide);
        const elbo__matrix part = elbo__part_of(y, size, row, rows, column, columns);
        const elbo__matrix left = elbo__part_of(a, size, row, rows, 0, a->columns);
        const elbo__matrix right = elbo__part_of(b, size, 0, b->rows, column, columns);
        combine(ELBO_F64, alpha, &left, &right, beta, &part);
    }
}

/* ---- ours, or BLIS's --------------------------------------------------------------------------------------------- */

/* Up to this many rows in a block, or columns, and from this many terms in a sum, dot products are worth their
 * additions across lanes. Decided by what all blocks share. */
enum { FEW_ROWS = 4, FEW_COLUMNS = 40, MANY_TERMS = 64 };

static void by_own(const elbo__kernels *own, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b)
{
    if (!own->product_sparse(y, a, b))
        own->product(y, a, b);
}

void elbo__product(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b, int64_t grain)
{
    const elbo__kernels *own = elbo__kernels_for(dtype);
    if (y->rows == 0 || y->columns == 0)
        return;
    bool few = grain <= FEW_ROWS || y->columns <= FEW_COLUMNS;
    bool dots = few && a->columns >= MANY_TERMS && a->column_stride == 1 && b->row_stride == 1 && b->column_stride != 1;
    if (own->product && dots) {
        own->product_dots(y, a, b);
    } else if (own->product && y->row_stride == 1 && (y->column_stride != 1 || y->columns == 1)) {
        elbo__matrix ty = elbo__transposed(*y), ta = elbo__transposed(*b), tb = elbo__transposed(*a);
        by_own(own, &ty, &ta, &tb);
    } else if (own->product) {
        by_own(own, y, a, b);
    } else if (a->columns == 0 || a->column_stride == 0 || a->row_stride == 0 || !takes(b)) {
        elbo__product_plain(dtype, y, a, b); /* decided by what blocks share: never by the number of rows */
    } else {
        elbo__product_blis(dtype, y, a, b, grain);
    }
}
