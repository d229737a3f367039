/* One pass over all values of images: their fingerprint, between which two they lie, which are missing, and whether the
 * others are finite. */
#include "survey.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "../tensor/text.h"
#include "../tensor/watch_private.h"
#include "bytes.h"
#include "mapping.h"

enum {
    BLOCK = 1 << 16, /* bytes that are looked at twice, while they are in the cache */
    PIECE = 1 << 24, /* bytes between two looks at whether to go on                 */
    LANES = 16
};

typedef struct {
    const elbo_images *images;
    elbo_dtype dtype;
    unsigned char *mask; /* of all elements, 0 or 1; NULL: there is none */
    uint64_t hash;
    int64_t seen, missing, bad, unsaid; /* values; `bad`: the first that is infinite    */
    double least, greatest;
    elbo_status status;
} survey;

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* Whether all of x (n) is finite; if so *least and *greatest take it in. The lanes are for vectors, which a loop with
 * one least value would not be made of. */
#define DEFINE_RANGE(name, type, is_odd)                                                                               \
    static bool name(const type *x, int64_t n, double *least, double *greatest)                                        \
    {                                                                                                                  \
        type low[LANES], high[LANES];                                                                                  \
        int odd = 0;                                                                                                   \
        for (int k = 0; k < LANES; k++)                                                                                \
            low[k] = high[k] = x[0];                                                                                   \
        int64_t i = 0;                                                                                                 \
        for (; i + LANES <= n; i += LANES)                                                                             \
            for (int k = 0; k < LANES; k++) {                                                                          \
                const type value = x[i + k];                                                                           \
                odd |= is_odd;                                                                                         \
                low[k] = value < low[k] ? value : low[k];                                                              \
                high[k] = value > high[k] ? value : high[k];                                                           \
            }                                                                                                          \
        for (; i < n; i++) {                                                                                           \
            const type value = x[i];                                                                                   \
            odd |= is_odd;                                                                                             \
            low[0] = value < low[0] ? value : low[0];                                                                  \
            high[0] = value > high[0] ? value : high[0];                                                               \
        }                                                                                                              \
        for (int k = 0; k < LANES && !odd; k++) {                                                                      \
            *least = low[k] < *least ? low[k] : *least;                                                                \
            *greatest = high[k] > *greatest ? high[k] : *greatest;                                                     \
        }                                                                                                              \
        return !odd;                                                                                                   \
    }
DEFINE_RANGE(range_u8, unsigned char, 0)
DEFINE_RANGE(range_f32, float, !(fabsf(value) <= FLT_MAX))
DEFINE_RANGE(range_f64, double, !(fabs(value) <= DBL_MAX))

static double value_at(elbo_dtype dtype, const void *bytes, int64_t i)
{
    return dtype == ELBO_F32   ? ((const float *)bytes)[i]
           : dtype == ELBO_F64 ? ((const double *)bytes)[i]
                               : ((const unsigned char *)bytes)[i];
}

static bool take_range(survey *s, const void *bytes, int64_t n)
{
    return s->dtype == ELBO_F32   ? range_f32(bytes, n, &s->least, &s->greatest)
           : s->dtype == ELBO_F64 ? range_f64(bytes, n, &s->least, &s->greatest)
                                  : range_u8(bytes, n, &s->least, &s->greatest);
}

/* What is NaN is missing, whatever the mask says of it. */
static void take_value(survey *s, double value, int64_t at)
{
    unsigned char *there = s->mask ? s->mask + at : NULL;
    if (isnan(value) && s->unsaid < 0 && !(there && !*there))
        s->unsaid = at;
    if (there && isnan(value))
        *there = 0;
    if (isnan(value) || (there && !*there)) {
        s->missing++;
        return;
    }
    if (isinf(value)) {
        s->bad = s->bad < 0 ? at : s->bad;
        return;
    }
    s->least = value < s->least ? value : s->least;
    s->greatest = value > s->greatest ? value : s->greatest;
}

static void take_block(survey *s, const void *bytes, size_t count)
{
    const size_t size = elbo_dtype_size(s->dtype);
    const int64_t n = (int64_t)(count / size);
    if (s->mask || !take_range(s, bytes, n))
        for (int64_t i = 0; i < n; i++)
            take_value(s, value_at(s->dtype, bytes, i), s->seen + i);
    s->seen += n;
}

/* ---- the fingerprint --------------------------------------------------------------------------------------------- */

/* Elements count as little-endian. */
static uint64_t hash_elements(uint64_t hash, const void *bytes, size_t count, size_t size)
{
    if (size == 1 || elbo__native_order() == ELBO__LITTLE_ENDIAN)
        return elbo__hash(hash, bytes, count);
    unsigned char turned[8];
    for (size_t i = 0; i < count; i += size) {
        memcpy(turned, (const char *)bytes + i, size);
        elbo__reorder(turned, 1, size, ELBO__LITTLE_ENDIAN);
        hash = elbo__hash(hash, turned, size);
    }
    return hash;
}

/* The dtype's name, the rank, the sizes, each in 8 bytes. */
static uint64_t hash_header(uint64_t hash, const elbo_tensor *tensor)
{
    const elbo_shape *shape = &tensor->layout.shape;
    const char *dtype = elbo_dtype_name(tensor->dtype);
    unsigned char number[8];
    hash = elbo__hash(hash, dtype, strlen(dtype));
    elbo__store_le64(number, (uint64_t)shape->ndim);
    hash = elbo__hash(hash, number, sizeof number);
    for (int i = 0; i < shape->ndim; i++) {
        elbo__store_le64(number, (uint64_t)shape->dim[i]);
        hash = elbo__hash(hash, number, sizeof number);
    }
    return hash;
}

static void hash_piece(void *hash, const void *bytes, size_t count)
{
    *(uint64_t *)hash = elbo__hash(*(uint64_t *)hash, bytes, count);
}

static uint64_t hash_tensor(uint64_t hash, const elbo_tensor *tensor)
{
    hash = hash_header(hash, tensor);
    elbo__pour(tensor, ELBO__LITTLE_ENDIAN, hash_piece, &hash);
    return hash;
}

/* ---- the pass ---------------------------------------------------------------------------------------------------- */

static void survey_piece(void *user, const void *bytes, size_t count)
{
    survey *s = user;
    const size_t size = elbo_dtype_size(s->dtype);
    const int64_t all = elbo_shape_size(&s->images->images.layout.shape) * (int64_t)size;
    for (size_t done = 0; done < count && s->status == ELBO_OK; done += BLOCK) {
        const size_t n = count - done < BLOCK ? count - done : BLOCK;
        const char *block = (const char *)bytes + done;
        const int64_t before = s->seen * (int64_t)size;
        if (all >= PIECE && before / PIECE != (before - (int64_t)n) / PIECE)
            s->status = elbo__watched("looking at images", before, all);
        elbo__mapping_reads(s->images->mapping, block, (int64_t)n);
        s->hash = hash_elements(s->hash, block, n, size);
        take_block(s, block, n);
    }
}

static elbo_status check_mask(const elbo__data_names *names, elbo_images *images)
{
    const elbo_shape *of = &images->images.layout.shape, *shape = &images->mask.layout.shape;
    if (images->mask.dtype != ELBO_U8 || !elbo_shape_equal(shape, of))
        return elbo__fail(names->status, "%s: expected a mask of u8 %s, as %s are, got %s %s", names->mask,
                          elbo_shape_format(of).text, names->images, elbo_dtype_name(images->mask.dtype),
                          elbo_shape_format(shape).text);
    unsigned char *there = images->mask.data;
    for (int64_t i = 0; i < elbo_shape_size(shape); i++)
        there[i] = there[i] != 0;
    return ELBO_OK;
}

elbo_status elbo__images_survey(const elbo__data_names *names, elbo_images *images)
{
    if (images->mask.data && check_mask(names, images) != ELBO_OK)
        return names->status;
    survey s = {.images = images,
                .dtype = images->images.dtype,
                .mask = images->mask.data,
                .hash = hash_header(ELBO__HASH_START, &images->images),
                .bad = -1,
                .unsaid = -1,
                .least = INFINITY,
                .greatest = -INFINITY};
    if (images->mapping)
        elbo__mapping_in_order(images->mapping, true);
    elbo__pour(&images->images, elbo__native_order(), survey_piece, &s);
    if (images->mapping)
        elbo__mapping_in_order(images->mapping, false);
    const int64_t size = elbo_shape_size(&images->images.layout.shape) * (int64_t)elbo_dtype_size(s.dtype);
    if (s.status == ELBO_OK && size >= PIECE)
        s.status = elbo__watched("looking at images", size, size);
    if (s.status != ELBO_OK)
        return s.status;
    if (s.bad >= 0)
        return elbo__fail(names->status, "%s: %s: the value is infinite", names->images,
                          elbo__place_of(images, s.bad).text);
    const bool some = s.least <= s.greatest;
    images->missing = s.missing;
    images->unmasked = s.unsaid;
    images->least = some ? s.least : NAN;
    images->greatest = some ? s.greatest : NAN;
    images->fingerprint = images->labels.data ? hash_tensor(s.hash, &images->labels) : s.hash;
    if (images->mask.data)
        images->fingerprint = hash_tensor(images->fingerprint, &images->mask);
    return ELBO_OK;
}

elbo__place elbo__place_of(const elbo_images *images, int64_t value)
{
    const int64_t pixels = images->channels * images->height * images->width, at = value % pixels;
    const int64_t column = at % images->width, row = at / images->width % images->height;
    const int ndim = images->images.layout.shape.ndim;
    elbo__place place;
    if (ndim == 2)
        elbo__print(place.text, sizeof place.text, "image %lld, value %lld", (long long)(value / pixels),
                    (long long)at);
    else if (ndim == 3)
        elbo__print(place.text, sizeof place.text, "image %lld, row %lld, column %lld", (long long)(value / pixels),
                    (long long)row, (long long)column);
    else
        elbo__print(place.text, sizeof place.text, "image %lld, channel %lld, row %lld, column %lld",
                    (long long)(value / pixels), (long long)(at / images->width / images->height), (long long)row,
                    (long long)column);
    return place;
}
