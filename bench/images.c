#include "images.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

enum { MADE_UP = 60000 };

/* Digits are mostly black: four pixels of five are 0. */
static images make_up(void)
{
    const elbo_shape shape = ELBO_SHAPE(MADE_UP, 784);
    images im = {
        .pixels = elbo_tensor_new(ELBO_U8, shape), .image = ELBO_SHAPE(28, 28), .count = MADE_UP, .classes = 10};
    im.labels = elbo_tensor_new(ELBO_I32, ELBO_SHAPE(MADE_UP));
    uint8_t *pixels = must_have(im.pixels.data);
    int32_t *labels = must_have(im.labels.data);
    for (int64_t i = 0; i < elbo_shape_size(&shape); i++) {
        const uint32_t number = random_number();
        pixels[i] = (uint8_t)(number % 5 ? 0 : number >> 8);
    }
    for (int64_t i = 0; i < MADE_UP; i++)
        labels[i] = (int32_t)(i % im.classes);
    return im;
}

static images read_folder(const char *folder)
{
    elbo_images file;
    must(elbo_images_load(folder, "train", 10, &file));
    if (file.images.dtype != ELBO_U8 || !file.labels.data)
        fail("%s: expected images of bytes, with labels", folder);
    images im = {.pixels = file.images, .count = file.count, .classes = file.classes};
    im.image = ELBO_SHAPE(file.channels * file.height, file.width);
    im.pixels.layout = elbo_layout_of(&ELBO_SHAPE(file.count, file.channels * file.height * file.width));
    im.labels = elbo_tensor_new(ELBO_I32, ELBO_SHAPE(file.count));
    must_have(im.labels.data);
    elbo_tensor_copy(&im.labels, &file.labels);
    elbo_tensor_free(&file.labels);
    return im;
}

images images_find(const char *folder)
{
    static const char *const usual = "data/mnist";
    if (!folder && access(usual, F_OK) == 0)
        folder = usual;
    if (!folder)
        fprintf(stderr, "%s: there is no %s here: made-up images\n", program_invocation_short_name, usual);
    images im = folder ? read_folder(folder) : make_up();
    im.dims = im.pixels.layout.shape.dim[1];
    im.order = must_have(malloc((size_t)im.count * sizeof *im.order));
    for (int64_t i = 0; i < im.count; i++) {
        const int64_t other = random_number() % (i + 1);
        im.order[i] = im.order[other];
        im.order[other] = (int32_t)i;
    }
    return im;
}

void images_free(images *im)
{
    elbo_tensor_free(&im->pixels);
    elbo_tensor_free(&im->labels);
    free(im->order);
}
