#include "left_out.h"

#include "../tensor/memory.h"
#include "bytes.h"
#include "picture_format.h"

static const struct {
    const char *one, *many;
} phrases[ELBO__LEFT_KINDS] = {
    [ELBO__OTHER_FILES] = {"file that is no " ELBO__PICTURES " picture",
                           "files that are no " ELBO__PICTURES " pictures"},
    [ELBO__OTHER_FOLDERS] = {"folder without pictures", "folders without pictures"},
    [ELBO__BESIDE_PARTS] = {"entry beside the folders of the parts", "entries beside the folders of the parts"},
    [ELBO__BESIDE_IDX] = {"picture or folder of pictures beside IDX files",
                          "pictures or folders of them beside IDX files"},
    [ELBO__ARRAYS_BESIDE_IDX] = {"array beside IDX files", "arrays beside IDX files"},
    [ELBO__BESIDE_ARRAYS] = {"entry beside the arrays", "entries beside the arrays"},
    [ELBO__OTHER_PARTS] = {"IDX file of another part", "IDX files of other parts"},
};

elbo_status elbo__leave_out(elbo__left_out *left, elbo__left_kind kind, const char *folder, const char *name)
{
    if (!left->first[kind] && !(left->first[kind] = elbo__format(folder[0] ? "%s/%s" : "%s%s", folder, name)))
        return ELBO_NO_MEMORY;
    left->count[kind]++;
    return ELBO_OK;
}

/* *text = it and what comes behind it */
static elbo_status append(char **text, const elbo__left_out *left, elbo__left_kind kind)
{
    const char *before = *text ? *text : "left out", *comma = *text ? ";" : ":";
    const size_t n = left->count[kind];
    const elbo__excerpt name = elbo__excerpt_of(left->first[kind]);
    char *longer = n == 1 ? elbo__format("%s%s 1 %s (%s)", before, comma, phrases[kind].one, name.text)
                          : elbo__format("%s%s %zu %s, the first of them %s", before, comma, n, phrases[kind].many,
                                         name.text);
    elbo__free(*text);
    *text = longer;
    return longer ? ELBO_OK : ELBO_NO_MEMORY;
}

elbo_status elbo__left_out_text(const elbo__left_out *left, char **out)
{
    elbo_status status = ELBO_OK;
    *out = NULL;
    for (int kind = 0; kind < ELBO__LEFT_KINDS && status == ELBO_OK; kind++)
        if (left->count[kind] > 0)
            status = append(out, left, (elbo__left_kind)kind);
    return status;
}

void elbo__left_out_free(elbo__left_out *left)
{
    for (int kind = 0; kind < ELBO__LEFT_KINDS; kind++)
        elbo__free(left->first[kind]);
    *left = (elbo__left_out){.count = {0}};
}
