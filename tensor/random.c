#include <math.h>
#include <string.h>

#include <Random123/philox.h>

#include "clones.h"
#include "random.h"
#include "vmath.h"

/* ---- keys and words ---------------------------------------------------------------------------------------------- */

void elbo__philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    philox4x32_ctr_t c;
    philox4x32_key_t k;
    memcpy(c.v, counter, sizeof c.v);
    memcpy(k.v, key, sizeof k.v);
    c = philox4x32(c, k);
    memcpy(out, c.v, sizeof c.v);
}

/* A bijection of 64 bits in which every bit of x matters to every bit of the result, and 0 stays 0 (the finaliser of
 * SplitMix64: Steele, Lea and Flood 2014, with Stafford's constants) */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* FNV-1a over the bytes up to and with the final 0, which keeps "a", "bc" apart from "ab", "c" */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    while (*text++);
    return hash;
}

uint64_t elbo__stream(const char *role, const char *name, int occurrence)
{
    uint64_t hash = hash_text(hash_text(0xcbf29ce484222325u, role), name);
    return mix(mix(hash) + (uint64_t)occurrence);
}

static elbo__random_place place_of(elbo__random_key key, uint64_t row, uint64_t draw)
{
    /* The seed is mixed before it meets the stream, so that the two cannot cancel; a step, row and draw below 2^32
     * leave the key as it is. */
    uint64_t k = mix(mix(key.seed + 0x9e3779b97f4a7c15u) ^ key.stream);
    k ^= mix((key.step >> 32) ^ mix((row >> 32) ^ mix(draw >> 32)));
    return (elbo__random_place){.counter = {0, (uint32_t)draw, (uint32_t)row, (uint32_t)key.step},
                                .key = {(uint32_t)k, (uint32_t)(k >> 32)}};
}

/* ---- words to numbers -------------------------------------------------------------------------------------------- */

/* (w + 1/2) / 2^32 rounded to float, below 1; the fma makes it one rounding */
static inline float unit(uint32_t w)
{
    float high = (float)(int32_t)(w >> 8), low = (float)(int32_t)(w & 255);
    float u = __builtin_fmaf(high, 0x1p-24f, (low + 0.5f) * 0x1p-32f);
    return elbo__pick_f32(u < 1.0f, u, 0x1.fffffep-1f);
}

/* w / 2^32 of a turn is `quadrant` quarter turns and the result / 2^30 of one, between -1/2 and 1/2 */
static inline int32_t quarter_turns(uint32_t w, uint32_t *quadrant)
{
    *quadrant = (w + 0x20000000u) >> 30;
    return (int32_t)(w - (*quadrant << 30));
}

/* pi/2 / 2^30: a quarter turn's unit in radians */
#define QUARTER_TURN 1.4629180792671596e-9

/* y[i] from w[i]; n is a multiple of 4 in all of these, so that none ends within a pair */
ELBO__CLONES static void uniforms_f32(void *y_, const uint32_t *w, int64_t n)
{
    float *y = y_;
    for (int64_t i = 0; i < n; i++)
        y[i] = unit(w[i]);
}

static void uniforms_f64(void *y_, const uint32_t *w, int64_t n)
{
    double *y = y_;
    for (int64_t i = 0; i < n; i++)
        y[i] = unit(w[i]);
}

ELBO__CLONES static void normals_f32(void *y_, const uint32_t *w, int64_t n)
{
    float *y = y_;
    for (int64_t i = 0; i < n / 2; i++) {
        float radius = __builtin_sqrtf(-2.0f * elbo__log_f32(unit(w[2 * i])));
        uint32_t quadrant;
        float angle = (float)QUARTER_TURN * (float)quarter_turns(w[2 * i + 1], &quadrant);
        float s = elbo__sin_reduced(angle), c = elbo__cos_reduced(angle);
        bool odd = (quadrant & 1) != 0;
        uint32_t cos_sign = ((quadrant + 1) & 2) << 30, sin_sign = (quadrant & 2) << 30;
        y[2 * i] = radius * elbo__of_bits_f32(elbo__bits_f32(elbo__pick_f32(odd, s, c)) ^ cos_sign);
        y[2 * i + 1] = radius * elbo__of_bits_f32(elbo__bits_f32(elbo__pick_f32(odd, c, s)) ^ sin_sign);
    }
}

static void normals_f64(void *y_, const uint32_t *w, int64_t n)
{
    double *y = y_;
    for (int64_t i = 0; i < n / 2; i++) {
        double radius = sqrt(-2 * log(unit(w[2 * i])));
        uint32_t quadrant;
        double angle = QUARTER_TURN * quarter_turns(w[2 * i + 1], &quadrant);
        double s = radius * sin(angle), c = radius * cos(angle);
        const double around[4] = {c, s, -c, -s}; /* the cosine of the angle less 0, 1, 2, 3 quarter turns */
        y[2 * i] = around[(4 - quadrant) % 4];
        y[2 * i + 1] = around[(5 - quadrant) % 4];
    }
}

/* ---- filling ----------------------------------------------------------------------------------------------------- */

/* Groups of four words to be made. */
enum { GROUPS = 64 };
typedef struct {
    uint32_t counter[4][GROUPS], key[2][GROUPS];
} chunk;

/* w[4 i + j] is word j of group i */
ELBO__CLONES static void make_words(uint32_t *restrict w, const chunk *restrict of, int groups)
{
    for (int i = 0; i < groups; i++) {
        philox4x32_ctr_t c = {{of->counter[0][i], of->counter[1][i], of->counter[2][i], of->counter[3][i]}};
        philox4x32_key_t k = {{of->key[0][i], of->key[1][i]}};
        c = philox4x32(c, k);
        for (int j = 0; j < 4; j++)
            w[4 * i + j] = c.v[j];
    }
}

/* Turns words into as many numbers. */
typedef void (*transformation)(void *y, const uint32_t *w, int64_t n);

/* Groups [first, first + n) of a chunk: those of one place from `number` on. */
static void place_groups(chunk *of, int first, int n, const elbo__random_place *at, uint32_t number)
{
    for (int i = first; i < first + n; i++) {
        of->counter[0][i] = number + (uint32_t)(i - first);
        for (int j = 1; j < 4; j++)
            of->counter[j][i] = at->counter[j];
        for (int j = 0; j < 2; j++)
            of->key[j][i] = at->key[j];
    }
}

/* Lines of n numbers, a line for each row and draw. Their groups of four words are strung together into chunks, so that
 * the loops are long however short the lines are; what a line's last group has too many is dropped. */
static void fill(void *y, size_t size, transformation transform, int64_t rows, int64_t draws, int64_t n,
                 elbo__random_key key, uint64_t row, uint64_t draw)
{
    chunk of;
    uint32_t words[4 * GROUPS];
    union {
        float f32[4 * GROUPS];
        double f64[4 * GROUPS];
    } numbers;
    struct {
        int first, n;
    } piece[GROUPS]; /* of a line: its first group in the chunk, its numbers */
    char *out = y;
    int64_t lines = n > 0 ? rows * draws : 0, line = 0, done = 0; /* `done` numbers of this line */
    while (line < lines) {
        int groups = 0, pieces = 0;
        for (int here; groups < GROUPS && line < lines; groups += here) {
            const elbo__random_place at = place_of(key, row + (uint64_t)(line / draws),
                                                   draw + (uint64_t)(line % draws));
            const int64_t left = n - done, room = GROUPS - groups;
            here = (int)((left + 3) / 4 < room ? (left + 3) / 4 : room);
            piece[pieces].first = groups;
            piece[pieces].n = 4 * here < left ? 4 * here : (int)left;
            place_groups(&of, groups, here, &at, (uint32_t)(done / 4));
            done += piece[pieces++].n;
            line += done == n;
            done = done == n ? 0 : done;
        }
        make_words(words, &of, groups);
        transform(&numbers, words, 4 * groups);
        for (int i = 0; i < pieces; i++) {
            memcpy(out, (const char *)&numbers + 4 * size * (size_t)piece[i].first, size * (size_t)piece[i].n);
            out += size * (size_t)piece[i].n;
        }
    }
}

void elbo__uniform_f32(float *y, int64_t rows, int64_t draws, int64_t n, elbo__random_key key, uint64_t row,
                       uint64_t draw)
{
    fill(y, sizeof *y, uniforms_f32, rows, draws, n, key, row, draw);
}

void elbo__uniform_f64(double *y, int64_t rows, int64_t draws, int64_t n, elbo__random_key key, uint64_t row,
                       uint64_t draw)
{
    fill(y, sizeof *y, uniforms_f64, rows, draws, n, key, row, draw);
}

void elbo__normal_f32(float *y, int64_t rows, int64_t draws, int64_t n, elbo__random_key key, uint64_t row,
                      uint64_t draw)
{
    fill(y, sizeof *y, normals_f32, rows, draws, n, key, row, draw);
}

void elbo__normal_f64(double *y, int64_t rows, int64_t draws, int64_t n, elbo__random_key key, uint64_t row,
                      uint64_t draw)
{
    fill(y, sizeof *y, normals_f64, rows, draws, n, key, row, draw);
}

/* ---- integers and permutations ----------------------------------------------------------------------------------- */

elbo__words elbo__words_of(elbo__random_key key)
{
    return (elbo__words){.at = place_of(key, 0, 0)};
}

static uint32_t next_word(elbo__words *words)
{
    if (words->left == 0) {
        elbo__philox(words->word, words->at.counter, words->at.key);
        words->at.counter[0]++;
        words->left = 4;
    }
    return words->word[4 - words->left--];
}

/* 2^32 words fall on k indices: 2^32 / k rounded down on each, and the surplus, 2^32 modulo k, on some. Those are made
 * even by passing over the words whose w k modulo 2^32 is below the surplus: there is one for each index that has one
 * word more (Lemire 2019, arXiv:1805.10941). */
uint32_t elbo__below(elbo__words *words, uint32_t k)
{
    uint64_t product = (uint64_t)next_word(words) * k;
    if ((uint32_t)product < k) { /* the surplus is less than k: the division only when it can matter */
        uint32_t surplus = -k % k;
        while ((uint32_t)product < surplus)
            product = (uint64_t)next_word(words) * k;
    }
    return (uint32_t)(product >> 32);
}

/* Fisher and Yates: the last of the indices that are left changes places with any of them, itself included. */
void elbo__shuffle(int32_t *order, int64_t n, elbo__random_key key)
{
    elbo__words words = elbo__words_of(key);
    for (int64_t i = 0; i < n; i++)
        order[i] = (int32_t)i;
    for (int64_t i = n - 1; i > 0; i--) {
        uint32_t j = elbo__below(&words, (uint32_t)i + 1);
        int32_t t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
}
