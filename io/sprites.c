#include "sprites.h"

#include <math.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/random.h"
#include "../tensor/watch_private.h"
#include "../tensor/text.h"
#include "dataset_private.h"

enum { MIN_SIZE = 16, MAX_SIZE = 256, LOAD_SIZE = 64 };
enum { SAMPLES = 4 }; /* a side, in each pixel */

/* ---- factors ----------------------------------------------------------------------------------------------------- */

enum { SHAPE, COLOUR, SCALE, ROTATION, X, Y, FACTORS };

static const char *const shape_names[] = {"square", "ellipse", "heart"};
static const char *const colour_names[] = {"red", "yellow", "green", "cyan", "blue", "magenta"};

const elbo_sprite_factor elbo_sprite_factors[] = {
    [SHAPE] = {"shape", 3, shape_names},
    [COLOUR] = {"colour", 6, colour_names},
    [SCALE] = {"scale", 4, NULL, .ordered = true},
    [ROTATION] = {"rotation", 8, NULL}, /* 7 lies beside 0 */
    [X] = {"x", 8, NULL, .ordered = true},
    [Y] = {"y", 8, NULL, .ordered = true},
    [FACTORS] = {NULL, 0, NULL},
};

static const unsigned char colours[][3] = {
    {235, 64, 52}, {250, 204, 21}, {52, 199, 89}, {50, 213, 230}, {64, 110, 250}, {217, 70, 239},
};

static double radius(int scale)
{
    return 0.14 + 0.04 * scale;
}

static double centre(int place)
{
    return 0.29 + 0.06 * place;
}

/* Of i times 45 degrees; the sine of i is the cosine of i - 2. Written down, so that they are the same everywhere. */
static double cosine(int i)
{
    static const double values[] = {1, M_SQRT1_2, 0, -M_SQRT1_2, -1, -M_SQRT1_2, 0, M_SQRT1_2};
    return values[i & 7];
}

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

/* Whether a point, u to the right and v up, lies within a shape that touches the unit circle from inside. */

static bool in_square(double u, double v)
{
    return fabs(u) <= M_SQRT1_2 && fabs(v) <= M_SQRT1_2;
}

static bool in_ellipse(double u, double v)
{
    return u * u + 4 * v * v <= 1;
}

/* (x^2 + y^2 - 1)^3 = x^2 y^3 reaches 1.25 away from (0, 0.25) */
static bool in_heart(double u, double v)
{
    const double x = 1.25 * u, y = 1.25 * v + 0.25, r = x * x + y * y - 1;
    return r * r * r <= x * x * y * y * y;
}

static bool (*const shapes[])(double u, double v) = {in_square, in_ellipse, in_heart};

/* How many of a pixel's points lie within the shape; (x, y) is its upper left corner as seen from the centre. */
static int coverage(bool (*inside)(double u, double v), double x, double y, double cos_r, double sin_r)
{
    int points = 0;
    for (int i = 0; i < SAMPLES; i++)
        for (int j = 0; j < SAMPLES; j++) {
            const double right = x + (j + 0.5) / SAMPLES, up = -(y + (i + 0.5) / SAMPLES);
            points += inside(cos_r * right + sin_r * up, cos_r * up - sin_r * right);
        }
    return points;
}

/* into an image (3, size, size) of zeros */
static void draw(unsigned char *image, int size, const int32_t *factor)
{
    const unsigned char *colour = colours[factor[COLOUR]];
    const double r = radius(factor[SCALE]) * size, x = centre(factor[X]) * size, y = centre(factor[Y]) * size;
    const double cos_r = cosine(factor[ROTATION]) / r, sin_r = cosine(factor[ROTATION] - 2) / r;
    for (int row = (int)(y - r); row < y + r; row++)
        for (int column = (int)(x - r); column < x + r; column++) {
            const int points = coverage(shapes[factor[SHAPE]], column - x, row - y, cos_r, sin_r);
            for (int c = 0; c < 3; c++)
                image[(c * size + row) * size + column] = (unsigned char)((colour[c] * points + SAMPLES * SAMPLES / 2) /
                                                                          (SAMPLES * SAMPLES));
        }
}

/* ---- data sets --------------------------------------------------------------------------------------------------- */

static elbo_status find_factor(const char *name, int *out)
{
    for (*out = 0; *out < FACTORS; ++*out)
        if (!name || strcmp(elbo_sprite_factors[*out].name, name) == 0)
            return ELBO_OK;
    return elbo__fail(ELBO_INVALID, "sprites: no factor \"%s\", only shape, colour, scale, rotation, x and y", name);
}

static elbo_status make(int size, int64_t count, uint64_t seed, int label, elbo_images *out)
{
    *out = (elbo_images){.images = elbo_tensor_new(ELBO_U8, ELBO_SHAPE(count, 3, size, size)), .owned = true};
    if (out->images.data)
        out->labels = elbo_tensor_new(ELBO_I32, ELBO_SHAPE(count));
    if (out->labels.data)
        out->factors = elbo_tensor_new(ELBO_I32, ELBO_SHAPE(count, FACTORS));
    if (!out->factors.data)
        return ELBO_NO_MEMORY;
    elbo__random_key key = {.seed = seed, .stream = elbo__stream("data", "sprites", 0)};
    elbo_status status = ELBO_OK;
    for (int64_t i = 0; i < count && status == ELBO_OK; i++) {
        status = elbo__watched("drawing sprites", i, count);
        int32_t *factor = (int32_t *)out->factors.data + i * FACTORS;
        key.step = (uint64_t)i;
        elbo__words words = elbo__words_of(key);
        for (int f = 0; f < FACTORS; f++)
            factor[f] = (int32_t)elbo__below(&words, (uint32_t)elbo_sprite_factors[f].count);
        draw((unsigned char *)out->images.data + i * 3 * size * size, size, factor);
        ((int32_t *)out->labels.data)[i] = factor[label];
    }
    return status == ELBO_OK ? elbo__watched("drawing sprites", count, count) : status;
}

/* classes = 0: the values of the factor */
static elbo_status make_data(int size, int64_t count, uint64_t seed, const char *label, int classes, elbo_images *out)
{
    int at = 0;
    elbo_status status = find_factor(label, &at);
    if (status != ELBO_OK)
        return status;
    const elbo_sprite_factor *factor = &elbo_sprite_factors[at];
    status = make(size, count, seed, at, out);
    if (classes == ELBO_WITHOUT_LABELS)
        elbo_tensor_free(&out->labels);
    char name[32];
    elbo__print(name, sizeof name, "sprites:%s", factor->name);
    if (status == ELBO_OK)
        status = elbo__images_complete(&(elbo__data_names){.images = "sprites", .labels = name, .status = ELBO_INVALID},
                                       classes == 0 ? factor->count : classes, out);
    if (status == ELBO_OK && out->labels.data && factor->names)
        status = elbo__images_name(out, factor->names, factor->count);
    return status;
}

elbo_status elbo_sprites(int64_t size, int64_t count, uint64_t seed, const char *label, elbo_images *out)
{
    *out = (elbo_images){.owned = false};
    if (size < MIN_SIZE || size > MAX_SIZE)
        return elbo__fail(ELBO_INVALID, "sprites: %lld pixels a side: there can be %d to %d", (long long)size, MIN_SIZE,
                          MAX_SIZE);
    if (count < 1)
        return elbo__fail(ELBO_INVALID, "sprites: %lld images: there must be at least one", (long long)count);
    elbo_status status = make_data((int)size, count, seed, label, 0, out);
    if (status != ELBO_OK)
        elbo_images_free(out);
    return status;
}

elbo_status elbo__images_load_sprites(const char *part, const char *label, int classes, elbo_images *out)
{
    static const struct {
        const char *part;
        int count, seed;
    } parts[] = {{"train", 10000, 1}, {"t10k", 1000, 2}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(elbo__is_test_part(part) ? "t10k" : part, parts[i].part) == 0)
            return make_data(LOAD_SIZE, parts[i].count, (uint64_t)parts[i].seed, label, classes, out);
    return elbo__fail(ELBO_INVALID, "sprites: no part \"%s\", only train and t10k", part);
}
