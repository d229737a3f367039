/* Which class of a run is which: their names, and labels of data that name them in another order. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "../../io/bytes.h"
#include "../../io/dataset_private.h"
#include "../../io/quote.h"
#include "../../tensor/memory.h"
#include "../../tensor/words.h"
#include "../parts/likelihood_private.h"
#include "run_private.h"

/* ---- names ------------------------------------------------------------------------------------------------------- */

elbo_status elbo__run_read_classes(elbo_run *run)
{
    elbo__listing *names = &run->class_names;
    const char *noted = elbo_ini_get(&run->notes, ELBO__CLASS_NAMES);
    elbo__listing_free(names);
    if (!noted || run->classes == 0)
        return ELBO_OK;
    elbo_status status = elbo__unquote_list(noted, names);
    if (names->count != (size_t)run->classes) /* of other classes: better no names than wrong ones */
        elbo__listing_free(names);
    return status;
}

elbo_status elbo__run_note_classes(elbo_run *run, const elbo_images *images)
{
    if (run->classes == 0 || !images->class_names)
        return ELBO_OK;
    char *list = elbo__quote_list((const char *const *)images->class_names, images->classes);
    elbo_status status = list ? elbo_run_note(run, ELBO__CLASS_NAMES, list) : ELBO_NO_MEMORY;
    elbo__free(list);
    return status;
}

const char *elbo_run_class_name(const elbo_run *run, int label)
{
    return label >= 0 && (size_t)label < run->class_names.count ? run->class_names.names[label] : NULL;
}

/* ---- finding a class --------------------------------------------------------------------------------------------- */

/* The number that a text of digits stands for, INT_MAX for a very large one; -1 for any other text. */
static int number_of(const char *text)
{
    int value = 0;
    if (!*text || text[strspn(text, "0123456789")])
        return -1;
    for (; *text && value < INT_MAX; text++)
        value = value > (INT_MAX - 9) / 10 ? INT_MAX : value * 10 + (*text - '0');
    return value;
}

/* Whether a class bears the number of another, so that a number alone would be a riddle. */
static bool numbers_mislead(const elbo_run *run)
{
    for (int i = 0; i < (int)run->class_names.count; i++) {
        const int number = number_of(run->class_names.names[i]);
        if (number >= 0 && number != i)
            return true;
    }
    return false;
}

/* The class that may be meant, or all of them. */
static elbo__hint hint_of(const elbo_run *run, const char *name)
{
    elbo__words near = elbo__words_near(name);
    for (int i = 0; i < run->classes; i++)
        elbo__words_offer(&near, run->class_names.names[i]);
    return elbo__words_hint(&near);
}

int elbo_run_class(const elbo_run *run, const char *name)
{
    const elbo__listing *names = &run->class_names;
    const int number = number_of(name);
    if (run->classes == 0) {
        (void)elbo__fail(ELBO_INVALID, "the model \"%s\" takes no labels", run->model->name);
        return -1;
    }
    for (int i = 0; i < (int)names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return i;
    if (number >= 0 && number < run->classes && !numbers_mislead(run))
        return number;
    if (number >= 0 && !numbers_mislead(run))
        (void)elbo__fail(ELBO_INVALID, "label %s is outside the classes 0 to %d", elbo__excerpt_of(name).text,
                         run->classes - 1);
    else if (names->count > 0)
        (void)elbo__fail(ELBO_INVALID, "no class is called \"%s\"%s", elbo__excerpt_of(name).text,
                         hint_of(run, name).text);
    else
        (void)elbo__fail(ELBO_INVALID, "label \"%s\": the classes have no names, but the numbers 0 to %d",
                         elbo__excerpt_of(name).text, run->classes - 1);
    return -1;
}

/* ---- data that have names too ------------------------------------------------------------------------------------ */

elbo_status elbo_run_match(const elbo_run *run, elbo_images *images)
{
    if (run->class_names.count == 0)
        return ELBO_OK;
    return elbo_images_match(images, (const char *const *)run->class_names.names, run->classes);
}

elbo_status elbo__run_relabel(const elbo_run *run, const elbo_images *images, int64_t first, int64_t n, int *labels)
{
    int *map;
    if (run->class_names.count == 0 || !images->class_names || !images->labels.data)
        return ELBO_OK;
    elbo_status status = elbo__match_names((const char *const *)images->class_names, images->classes,
                                           (const char *const *)run->class_names.names, run->classes, &map);
    for (int64_t i = 0; i < n && status == ELBO_OK; i++) {
        if (labels[i] < 0 || labels[i] >= images->classes)
            status = elbo__fail(ELBO_INVALID, "label %lld: %d is outside the classes 0 to %d", (long long)(first + i),
                                labels[i], images->classes - 1);
        else if ((labels[i] = map[labels[i]]) < 0)
            status = elbo__unknown_class(images, first + i);
    }
    elbo__free(map);
    return status;
}

elbo_status elbo_run_rows(const elbo_run *run, const elbo_images *images, int64_t first, int64_t n, float *x,
                          int *labels)
{
    elbo_status status = elbo_images_rows(images, first, n, x, labels);
    const bool counts = images->images.dtype == ELBO_U8 && elbo__likelihood_values(run->options) == ELBO__COUNTS;
    for (int64_t i = 0; status == ELBO_OK && x && counts && i < n * run->pixels; i++)
        x[i] = rintf(x[i] * 255);
    return status == ELBO_OK ? elbo__run_relabel(run, images, first, n, labels) : status;
}
