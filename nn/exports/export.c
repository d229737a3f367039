#include <inttypes.h>
#include <string.h>

#include "../../io/file.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "export_private.h"

elbo_status elbo__program_of_part(elbo_run *run, elbo_part part, elbo__program *out)
{
    return elbo__program_of(run, part == ELBO_ENCODER ? ELBO__ENCODE : ELBO__DECODE, out);
}

elbo_status elbo__write_page(const char *path, elbo__page *page, elbo_status status)
{
    elbo__writer *writer = NULL;
    if (status == ELBO_OK && page->failed)
        status = elbo__fail(ELBO_NO_MEMORY, "%s: out of memory", path);
    if (status == ELBO_OK)
        status = elbo__writer_open(path, &writer);
    if (status == ELBO_OK) {
        elbo__write(writer, page->text, page->length);
        status = elbo__writer_commit(writer);
    }
    elbo__page_clear(page);
    return status;
}

char *elbo__identifier(const char *name)
{
    char *text = elbo__format("%s%s", elbo__is_digit(*name) ? "n" : "", name);
    for (char *c = text; c && *c; c++)
        if (!elbo__is_digit(*c) && !(elbo__to_lower(*c) >= 'a' && elbo__to_lower(*c) <= 'z'))
            *c = '_';
    return text;
}

elbo__sizes_text elbo__sizes_text_of(const elbo_shape *shape)
{
    elbo__sizes_text t = {""};
    size_t used = 0;
    for (int i = 0; i < shape->ndim; i++)
        used += (size_t)elbo__print(t.text + used, sizeof t.text - used, "%s%" PRId64, i ? " x " : "", shape->dim[i]);
    return t;
}
