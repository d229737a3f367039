/* Names of classes: made, and found again in another list. */
#include <stdlib.h>
#include <string.h>

#include "../tensor/memory.h"
#include "bytes.h"
#include "dataset_private.h"

elbo_status elbo__images_name(elbo_images *out, const char *const *names, int count)
{
    out->class_names = elbo__calloc((size_t)out->classes + 1, sizeof *out->class_names);
    if (!out->class_names)
        return ELBO_NO_MEMORY;
    for (int i = 0; i < out->classes; i++) {
        out->class_names[i] = i < count ? elbo__strdup(names[i]) : elbo__format("%d", i);
        if (!out->class_names[i])
            return ELBO_NO_MEMORY;
    }
    return ELBO_OK;
}

void elbo__free_names(char **names)
{
    for (char **name = names; name && *name; name++)
        elbo__free(*name);
    elbo__free(names);
}

/* ---- matching ---------------------------------------------------------------------------------------------------- */

struct place {
    const char *name;
    int at;
};

/* By name; of equal ones the first comes first. */
static int by_name(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* Where `name` stands in sorted places; -1 where it does not. */
static int find(const struct place *places, int count, const char *name)
{
    int low = 0, high = count; /* the first that is not before `name` lies in low..high */
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (strcmp(places[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && strcmp(places[low].name, name) == 0 ? places[low].at : -1;
}

elbo_status elbo__match_names(const char *const *from, int n, const char *const *to, int m, int **out)
{
    struct place *places = elbo__calloc((size_t)m, sizeof *places);
    *out = places ? elbo__calloc((size_t)n, sizeof **out) : NULL;
    for (int i = 0; i < m && *out; i++)
        places[i] = (struct place){to[i], i};
    if (*out && m > 0)
        qsort(places, (size_t)m, sizeof *places, by_name);
    for (int i = 0; i < n && *out; i++)
        (*out)[i] = find(places, m, from[i]);
    elbo__free(places);
    return *out ? ELBO_OK : ELBO_NO_MEMORY;
}

elbo_status elbo__unknown_class(const elbo_images *images, int64_t image)
{
    const char *name = images->class_names[(int)elbo_tensor_get(&images->labels, &image)];
    return elbo__fail(ELBO_FORMAT, "image %lld is of class \"%s\", which the model does not know", (long long)image,
                      elbo__excerpt_of(name).text);
}

elbo_status elbo_images_match(elbo_images *images, const char *const *names, int count)
{
    if (!images->class_names || !images->labels.data)
        return ELBO_OK;
    elbo_images named = {.classes = count};
    int *map = NULL;
    elbo_status status = elbo__images_name(&named, names, count);
    if (status == ELBO_OK)
        status = elbo__match_names((const char *const *)images->class_names, images->classes, names, count, &map);
    for (int64_t i = 0; i < images->count && status == ELBO_OK; i++)
        if (map[(int)elbo_tensor_get(&images->labels, &i)] < 0)
            status = elbo__unknown_class(images, i);
    for (int64_t i = 0; i < images->count && status == ELBO_OK; i++)
        elbo_tensor_set(&images->labels, &i, map[(int)elbo_tensor_get(&images->labels, &i)]);
    char **spare = status == ELBO_OK ? images->class_names : named.class_names;
    if (status == ELBO_OK) {
        images->class_names = named.class_names;
        images->classes = count;
    }
    elbo__free(map);
    elbo__free_names(spare);
    return status;
}
