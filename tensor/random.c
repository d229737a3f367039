#include "random.h"

#include <string.h>

#include <Random123/philox.h>

#include "clones.h"
#include "vmath.h"

/* ---- keys and words ------------------------------------------------------------------------------------------------- */

/* Every bit of x moves every bit of the result (the finaliser of splitmix64: Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = mix(hash ^ (unsigned char)*text);
    return mix(hash ^ 0x100); /* the end: no byte looks like it */
}

uint64_t elbo__stream(const char *role, const char *name, int occurrence)
{
    return mix(mix_text(mix_text(0, role), name) ^ (uint64_t)occurrence);
}

static philox4x32_key_t philox_key(elbo__random_key key, uint64_t row)
{
    uint64_t k = mix(mix(key.seed) ^ key.stream);
    if ((row | key.step) >> 32)
        k = mix(mix(k ^ row >> 32) ^ key.step >> 32);
    return (philox4x32_key_t){{(uint32_t)k, (uint32_t)(k >> 32)}};
}

/* Words 4 i .. 4 i + 3 of one row and draw. */
static philox4x32_ctr_t words(philox4x32_key_t k, elbo__random_key key, uint64_t i, uint64_t row, uint64_t draw)
{
    philox4x32_ctr_t counter = {{(uint32_t)i, (uint32_t)draw, (uint32_t)row, (uint32_t)key.step}};
    return philox4x32(counter, k);
}

/* ---- words to numbers: loops that become vector code ------------------------------------------------------------------- */

enum { PIECE = 256 }; /* words at a time */

#define TO_UNIFORM(T, suffix)                                                                                          \
    static void to_uniform_##suffix(int64_t n, T *restrict y, const uint32_t *restrict w)                              \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                                \
            y[i] = ((T)(int32_t)(w[i] >> 9) + (T)0.5) * (T)0x1p-23;                                                    \
    }
ELBO__CLONES TO_UNIFORM(float, f32) TO_UNIFORM(double, f64)

#define TO_NORMAL(T, suffix)                                                                                           \
    static void to_normal_##suffix(int64_t pairs, T *restrict y, const T *restrict u)                                  \
    {                                                                                                                  \
        for (int64_t i = 0; i < pairs; i++) {                                                                          \
            T radius = ROOT_##suffix(-2 * elbo__log_##suffix(u[2 * i]));                                               \
            T angle = (T)6.283185307179586 * u[2 * i + 1];                                                             \
            y[2 * i] = radius * elbo__cos_##suffix(angle);                                                             \
            y[2 * i + 1] = radius * elbo__sin_##suffix(angle);                                                         \
        }                                                                                                              \
    }
#define ROOT_f32 __builtin_sqrtf
#define ROOT_f64 __builtin_sqrt
ELBO__CLONES TO_NORMAL(float, f32) TO_NORMAL(double, f64)

/* ---- rows -------------------------------------------------------------------------------------------------------------- */

/* Words first .. first + n - 1 and up to 3 more; `first` is a multiple of 4. */
static void fill_words(uint32_t *w, int64_t first, int64_t n, elbo__random_key key, uint64_t row, uint64_t draw)
{
    philox4x32_key_t k = philox_key(key, row);
    for (int64_t i = 0; i < n; i += 4) {
        philox4x32_ctr_t r = words(k, key, (uint64_t)(first + i) / 4, row, draw);
        memcpy(w + i, r.v, sizeof r.v);
    }
}

#define ROWS(T, suffix)                                                                                                \
    void elbo__uniform_##suffix(T *y, int64_t n, elbo__random_key key, uint64_t row, uint64_t draw)                    \
    {                                                                                                                  \
        uint32_t w[PIECE];                                                                                             \
        for (int64_t first = 0; first < n; first += PIECE) {                                                           \
            int64_t part = n - first < PIECE ? n - first : PIECE;                                                      \
            fill_words(w, first, part, key, row, draw);                                                                \
            to_uniform_##suffix(part, y + first, w);                                                                   \
        }                                                                                                              \
    }                                                                                                                  \
    void elbo__normal_##suffix(T *y, int64_t n, elbo__random_key key, uint64_t row, uint64_t draw)                     \
    {                                                                                                                  \
        uint32_t w[PIECE];                                                                                             \
        T u[PIECE], z[PIECE];                                                                                          \
        for (int64_t first = 0; first < n; first += PIECE) {                                                           \
            int64_t part = n - first < PIECE ? n - first : PIECE;                                                      \
            fill_words(w, first, part, key, row, draw);                                                                \
            to_uniform_##suffix(part + part % 2, u, w);                                                                \
            to_normal_##suffix(part / 2 + part % 2, z, u);                                                             \
            memcpy(y + first, z, (size_t)part * sizeof(T));                                                            \
        }                                                                                                              \
    }
ROWS(float, f32)
ROWS(double, f64)

/* ---- shuffling ------------------------------------------------------------------------------------------------------------ */

/* Uniform on 0..below-1, without bias; *next counts the words used. */
static uint32_t below(uint32_t limit, elbo__random_key key, uint64_t *next)
{
    philox4x32_key_t k = philox_key(key, 0);
    uint32_t reject = (uint32_t)(-limit) % limit;
    for (;;) {
        uint64_t i = (*next)++;
        uint64_t product = (uint64_t)words(k, key, i / 4, 0, 0).v[i % 4] * limit;
        if ((uint32_t)product >= reject)
            return (uint32_t)(product >> 32);
    }
}

void elbo__shuffle(int32_t *order, int64_t n, uint64_t seed, uint64_t stream, uint64_t epoch)
{
    elbo__random_key key = {.seed = seed, .stream = stream, .step = epoch};
    uint64_t next = 0;
    for (int64_t i = 0; i < n; i++)
        order[i] = (int32_t)i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = below((uint32_t)i + 1, key, &next);
        int32_t held = order[i];
        order[i] = order[j];
        order[j] = held;
    }
}
