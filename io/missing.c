/* Which values of images are missing, said afterwards. */
#include "bytes.h"
#include "survey.h"

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
    status = elbo__images_survey(&names, &masked);
    elbo_tensor_free(status == ELBO_OK ? &images->mask : &masked.mask);
    if (status == ELBO_OK)
        *images = masked;
    return status;
}
