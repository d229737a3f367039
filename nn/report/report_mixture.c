/* Images of different classes in turn: the first of a data set may all be of one. */
#include "../../tensor/memory.h"
#include "report_private.h"

/* Which image is the how-manieth of its class. */
struct pick {
    int64_t turn, image;
    int class;
};

static bool is_before(const struct pick *a, const struct pick *b)
{
    return a->turn < b->turn || (a->turn == b->turn && a->class < b->class);
}

/* The first `most` of all in that order, by insertion: `most` is small. */
static int64_t find_picks(const elbo_images *images, int64_t *seen, int64_t most, struct pick *picks)
{
    int64_t count = 0;
    for (int64_t i = 0; i < images->count; i++) {
        struct pick next = {.image = i, .class = (int)elbo_tensor_get(&images->labels, &i)};
        next.turn = seen[next.class]++;
        int64_t place = count < most ? count : most;
        for (; place > 0 && is_before(&next, &picks[place - 1]); place--)
            if (place < most)
                picks[place] = picks[place - 1];
        if (place < most) {
            picks[place] = next;
            count += count < most;
        }
    }
    return count;
}

/* *out = those rows of a tensor (N, ...), or nothing of nothing */
static elbo_status take_rows(const elbo_tensor *all, const struct pick *picks, int64_t count, elbo_tensor *out)
{
    *out = (elbo_tensor){.data = NULL};
    if (!all->data)
        return ELBO_OK;
    elbo_shape shape = all->layout.shape;
    shape.dim[0] = count;
    *out = elbo_tensor_new(all->dtype, shape);
    for (int64_t i = 0; i < count && out->data; i++) {
        elbo_tensor from = *all, to = *out;
        from.layout = elbo_layout_slice(&all->layout, 0, picks[i].image, 1);
        to.layout = elbo_layout_slice(&out->layout, 0, i, 1);
        elbo_tensor_copy(&to, &from);
    }
    return out->data ? ELBO_OK : ELBO_NO_MEMORY;
}

elbo_status elbo__report_mixture(const elbo_images *images, int64_t most, elbo_images *out)
{
    struct pick *picks = elbo__calloc((size_t)most, sizeof *picks);
    int64_t *seen = elbo__calloc((size_t)images->classes, sizeof *seen);
    *out = *images;
    out->owned = false;
    out->images.data = out->labels.data = out->mask.data = NULL;
    out->factors = (elbo_tensor){.data = NULL};
    out->file_names = NULL; /* they are those of other places */
    out->mapping = NULL;
    elbo_status status = picks && seen ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        out->count = find_picks(images, seen, most, picks);
    if (status == ELBO_OK)
        status = take_rows(&images->images, picks, out->count, &out->images);
    if (status == ELBO_OK)
        status = take_rows(&images->labels, picks, out->count, &out->labels);
    if (status == ELBO_OK)
        status = take_rows(&images->mask, picks, out->count, &out->mask);
    elbo__free(picks);
    elbo__free(seen);
    return status;
}

void elbo__report_mixture_free(elbo_images *mixture)
{
    elbo_tensor_free(&mixture->images);
    elbo_tensor_free(&mixture->labels);
    elbo_tensor_free(&mixture->mask);
}
