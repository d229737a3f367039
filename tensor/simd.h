/* Internal: vectors of f32, for kernels that the compiler does not make of plain loops.
 *
 * LANES numbers a vector; a mask says how many of the first are meant, and what is not meant is read as 0. REGISTERS is
 * how many vectors the processor holds at a time, FEW_REGISTERS is defined where they are 16. ZIP(a, b, h) interleaves
 * half of a and of b from their entry h on. total16 adds 16 lanes, of as many vectors as that takes: lane l to lane
 * l + 8, then l + 4, l + 2, l + 1, with every instruction set. not_zero has a bit for each entry that is not 0, the
 * first one lowest. ELBO__PRODUCT_KERNEL (product.h, included before) says whether there are any for the instruction
 * set at hand. */
#ifndef ELBO_TENSOR_SIMD_H
#define ELBO_TENSOR_SIMD_H

#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>

static inline float total8(__m256 x)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
#endif

#if defined __AVX512F__
enum { LANES = 16, REGISTERS = 32 };
typedef __m512 vector;
typedef __mmask16 mask;
#define ZIP(a, b, h)                                                                                                   \
    __builtin_shufflevector(a, b, h, 16 + h, h + 1, h + 17, h + 2, h + 18, h + 3, h + 19, h + 4, h + 20, h + 5,        \
                            h + 21, h + 6, h + 22, h + 7, h + 23)
static inline mask first(int64_t n)
{
    return (mask)(n < 0 ? 0 : n < LANES ? (1u << n) - 1 : 0xffff);
}
static inline vector load(const float *x)
{
    return _mm512_loadu_ps(x);
}
static inline vector load_some(const float *x, mask m)
{
    return _mm512_maskz_loadu_ps(m, x);
}
static inline void store(float *y, vector x)
{
    _mm512_storeu_ps(y, x);
}
static inline void store_some(float *y, vector x, mask m)
{
    _mm512_mask_storeu_ps(y, m, x);
}
static inline vector spread(float x)
{
    return _mm512_set1_ps(x);
}
static inline vector multiply_add(vector a, vector b, vector c)
{
    return _mm512_fmadd_ps(a, b, c);
}
static inline uint32_t not_zero(vector x)
{
    return _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
}
static inline float total16(const vector x[1])
{
    return total8(_mm256_add_ps(_mm512_castps512_ps256(x[0]), _mm512_extractf32x8_ps(x[0], 1)));
}

#elif defined __AVX2__ && defined __FMA__
enum { LANES = 8, REGISTERS = 16 };
#define FEW_REGISTERS
typedef __m256 vector;
typedef __m256i mask;
#define ZIP(a, b, h) __builtin_shufflevector(a, b, h, 8 + h, h + 1, h + 9, h + 2, h + 10, h + 3, h + 11)
static inline mask first(int64_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vector load(const float *x)
{
    return _mm256_loadu_ps(x);
}
static inline vector load_some(const float *x, mask m)
{
    return _mm256_maskload_ps(x, m);
}
static inline void store(float *y, vector x)
{
    _mm256_storeu_ps(y, x);
}
static inline void store_some(float *y, vector x, mask m)
{
    _mm256_maskstore_ps(y, m, x);
}
static inline vector spread(float x)
{
    return _mm256_set1_ps(x);
}
static inline vector multiply_add(vector a, vector b, vector c)
{
    return _mm256_fmadd_ps(a, b, c);
}
static inline uint32_t not_zero(vector x)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NEQ_UQ));
}
static inline float total16(const vector x[2])
{
    return total8(_mm256_add_ps(x[0], x[1]));
}

#elif defined __aarch64__
#include <arm_neon.h>
enum { LANES = 4, REGISTERS = 32 };
typedef float32x4_t vector;
typedef int64_t mask;
#define ZIP(a, b, h) __builtin_shufflevector(a, b, h, 4 + h, h + 1, h + 5)
static inline mask first(int64_t n)
{
    return n < 0 ? 0 : n < LANES ? n : LANES;
}
static inline vector load(const float *x)
{
    return vld1q_f32(x);
}
static inline vector load_some(const float *x, mask n)
{
    float part[LANES] = {0};
    memcpy(part, x, (size_t)n * sizeof *x);
    return load(part);
}
static inline void store(float *y, vector x)
{
    vst1q_f32(y, x);
}
static inline void store_some(float *y, vector x, mask n)
{
    float part[LANES];
    store(part, x);
    memcpy(y, part, (size_t)n * sizeof *y);
}
static inline vector spread(float x)
{
    return vdupq_n_f32(x);
}
static inline vector multiply_add(vector a, vector b, vector c)
{
    return vfmaq_f32(c, a, b);
}
static inline uint32_t not_zero(vector x)
{
    const uint32x4_t bits = {1, 2, 4, 8};
    return vaddvq_u32(vbicq_u32(bits, vceqzq_f32(x)));
}
static inline float total16(const vector x[4])
{
    float32x4_t s = vaddq_f32(vaddq_f32(x[0], x[2]), vaddq_f32(x[1], x[3]));
    return vpadds_f32(vadd_f32(vget_low_f32(s), vget_high_f32(s)));
}
#endif

#ifdef ELBO__PRODUCT_KERNEL
/* y = x or y += x, of the entries of `last` alone where those are `some`. A sum that has underflowed to -0 becomes 0,
 * as it would have if a term of 0 had been added to it. */
static inline __attribute__((always_inline)) void put(float *y, vector x, bool some, mask last, bool add)
{
    x += !add ? spread(0) : some ? load_some(y, last) : load(y);
    if (some)
        store_some(y, x, last);
    else
        store(y, x);
}

/* A file's `work_off` with both sizes constants, for its tables of tiles; and the entry of a table. */
#define TILE(rows, vectors)                                                                                            \
    static void tile_##rows##x##vectors(const tile *t)                                                                 \
    {                                                                                                                  \
        work_off(t, rows, vectors);                                                                                    \
    }
#define TILE_NAME(rows, vectors) tile_##rows##x##vectors,

static inline int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The length of the fewest equal parts of n, none longer than `most`; at least 1. */
static inline int64_t share(int64_t n, int64_t most)
{
    const int64_t parts = (n + most - 1) / most;
    return parts ? (n + parts - 1) / parts : 1;
}

/* y[i][j] = x[j][i] for 0 <= i < rows, 0 <= j < columns, of at most LANES each; what lies between rows is untouched. */
static inline void turn(float *y, int64_t y_row, const float *x, int64_t x_row, int rows, int columns)
{
    const bool whole = rows == LANES && columns == LANES;
    const mask high = first(rows), wide = first(columns);
    vector v[2][LANES];
    for (int j = 0; j < LANES; j++)
        v[0][j] = whole ? load(x + j * x_row) : j < columns ? load_some(x + j * x_row, high) : spread(0);
    int from = 0;
    for (int n = 1; n < LANES; n *= 2, from = !from)
        for (int j = 0; j < LANES / 2; j++) {
            v[!from][2 * j] = ZIP(v[from][j], v[from][j + LANES / 2], 0);
            v[!from][2 * j + 1] = ZIP(v[from][j], v[from][j + LANES / 2], LANES / 2);
        }
    for (int i = 0; i < LANES; i++)
        if (whole)
            store(y + i * y_row, v[from][i]);
        else if (i < rows)
            store_some(y + i * y_row, v[from][i], wide);
}
#endif

#endif
