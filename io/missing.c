/* Which values of images are missing, and whether the others are finite. */
#include <math.h>

#include "../tensor/memory.h"
#include "bytes.h"
#include "dataset_private.h"

typedef struct {
    elbo_dtype dtype;
    unsigned char *mask;        /* of all elements, 0 or 1; NULL: there is none        */
    int64_t seen, missing, bad; /* elements; `bad`: the first that is infinite, or -1  */
} scan;

static double value_at(const scan *s, const void *bytes, int64_t i)
{
    return s->dtype == ELBO_F32 ? ((const float *)bytes)[i] : s->dtype == ELBO_F64 ? ((const double *)bytes)[i] : 0;
}

/* What is NaN is missing, whatever the mask says of it. */
static void scan_piece(void *user, const void *bytes, size_t count)
{
    scan *s = user;
    const int64_t n = (int64_t)(count / elbo_dtype_size(s->dtype));
    for (int64_t i = 0; i < n; i++) {
        const double value = value_at(s, bytes, i);
        unsigned char *there = s->mask ? s->mask + s->seen + i : NULL;
        if (there && isnan(value))
            *there = 0;
        if (isnan(value) || (there && !*there))
            s->missing++;
        else if (isinf(value) && s->bad < 0)
            s->bad = s->seen + i;
    }
    s->seen += n;
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

elbo_status elbo__images_find_missing(const elbo__data_names *names, elbo_images *images)
{
    scan s = {.dtype = images->images.dtype, .mask = images->mask.data, .bad = -1};
    images->missing = 0;
    if (s.mask && check_mask(names, images) != ELBO_OK)
        return names->status;
    if (s.dtype == ELBO_U8 && !s.mask)
        return ELBO_OK;
    elbo__pour(&images->images, elbo__native_order(), scan_piece, &s);
    images->missing = s.missing;
    const int64_t size = images->channels * images->height * images->width;
    return s.bad < 0 ? ELBO_OK
                     : elbo__fail(names->status, "%s: image %lld: a value is infinite", names->images,
                                  (long long)(s.bad / size));
}

elbo_status elbo_images_set_mask(elbo_images *images, const elbo_tensor *mask)
{
    static const elbo__data_names names = {"images", "labels", ELBO_INVALID, "mask"};
    elbo_images masked = *images;
    elbo_status status = elbo__check_tensor(mask, "elbo_images_set_mask", names.mask);
    if (status != ELBO_OK)
        return status;
    masked.mask = elbo_tensor_new(mask->dtype, mask->layout.shape);
    if (!masked.mask.data)
        return ELBO_NO_MEMORY;
    elbo_tensor_copy(&masked.mask, mask);
    status = elbo__images_find_missing(&names, &masked);
    elbo_tensor_free(status == ELBO_OK ? &images->mask : &masked.mask);
    if (status == ELBO_OK) {
        masked.fingerprint = elbo__images_fingerprint(&masked);
        *images = masked;
    }
    return status;
}
