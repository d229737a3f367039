#include "npz.h"

#include <string.h>
#include <zip.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "gzip.h"
#include "listing.h"
#include "npy_private.h"

enum {
    MOST_ARRAYS = 10000,
    MOST_INFLATION = 1032 /* deflate makes no more bytes of one */
};

struct elbo__npz {
    char *path;
    zip_t *zip;
    elbo__listing names; /* without ".npy", in the order of the file */
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* The library's words, as the C locale has them. */
static elbo_status fail_for(elbo_status status, const char *path, zip_error_t *error)
{
    const locale_t callers = elbo__enter_c_locale();
    const elbo__excerpt reason = elbo__excerpt_of(zip_error_strerror(error));
    elbo__leave_c_locale(callers);
    return elbo__fail(status, "%s: %s", path, reason.text);
}

static elbo_status open_zip(elbo__npz *npz)
{
    int code = 0;
    elbo__source *source;
    elbo_status status = elbo__source_open(npz->path, &source); /* says in our words why it cannot be */
    elbo__source_close(source);
    if (status != ELBO_OK)
        return status;
    npz->zip = zip_open(npz->path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
    if (npz->zip)
        return ELBO_OK;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    status = code == ZIP_ER_MEMORY ? ELBO_NO_MEMORY : code == ZIP_ER_READ ? ELBO_IO : ELBO_FORMAT;
    status = fail_for(status, npz->path, &error);
    zip_error_fini(&error);
    return status;
}

static elbo_status list_arrays(elbo__npz *npz)
{
    const zip_int64_t entries = zip_get_num_entries(npz->zip, 0);
    elbo_status status = ELBO_OK;
    for (zip_int64_t i = 0; i < entries && status == ELBO_OK; i++) {
        const char *name = zip_get_name(npz->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        const size_t n = name ? strlen(name) : 0;
        if (n < 5 || strcmp(name + n - 4, ".npy") != 0)
            continue;
        char *array = elbo__format("%.*s", (int)n - 4, name);
        status = !array ? ELBO_NO_MEMORY : elbo__listing_add(&npz->names, array);
        elbo__free(array);
        if (status == ELBO_OK && npz->names.count > MOST_ARRAYS)
            status = elbo__fail(ELBO_FORMAT, "%s: holds more than %d arrays", npz->path, MOST_ARRAYS);
    }
    if (status == ELBO_OK && npz->names.count == 0)
        status = elbo__fail(ELBO_FORMAT, "%s: holds no arrays", npz->path);
    return status;
}

elbo_status elbo__npz_open(const char *path, elbo__npz **out)
{
    *out = NULL;
    elbo__npz *npz = elbo__calloc(1, sizeof *npz);
    if (!npz)
        return ELBO_NO_MEMORY;
    npz->path = elbo__strdup(path);
    elbo_status status = npz->path ? open_zip(npz) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = list_arrays(npz);
    if (status == ELBO_OK)
        *out = npz;
    else
        elbo__npz_close(npz);
    return status;
}

void elbo__npz_close(elbo__npz *npz)
{
    if (!npz)
        return;
    if (npz->zip)
        zip_discard(npz->zip);
    elbo__listing_free(&npz->names);
    elbo__free(npz->path);
    elbo__free(npz);
}

int elbo__npz_count(const elbo__npz *npz)
{
    return (int)npz->names.count;
}

const char *elbo__npz_name(const elbo__npz *npz, int i)
{
    return npz->names.names[i];
}

/* Of the member of an array, as the zip file has it; 0 where it does not say. */
static uint64_t bytes_of(const elbo__npz *npz, int i)
{
    zip_stat_t info = {.valid = 0};
    char *member = elbo__format("%s.npy", npz->names.names[i]);
    const bool known = member && zip_stat(npz->zip, member, ZIP_FL_ENC_RAW, &info) == 0 && info.valid & ZIP_STAT_SIZE;
    elbo__free(member);
    return known ? info.size : 0;
}

int elbo__npz_largest(const elbo__npz *npz)
{
    int largest = 0;
    for (int i = 1; i < elbo__npz_count(npz); i++)
        if (bytes_of(npz, i) > bytes_of(npz, largest))
            largest = i;
    return largest;
}

bool elbo__npz_has(const elbo__npz *npz, const char *name)
{
    for (size_t i = 0; i < npz->names.count; i++)
        if (strcmp(npz->names.names[i], name) == 0)
            return true;
    return false;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static elbo_status read_bytes(void *user, const char *path, void *bytes, size_t count)
{
    zip_file_t *file = user;
    for (size_t done = 0; done < count;) {
        const zip_int64_t n = zip_fread(file, (char *)bytes + done, count - done);
        if (n < 0)
            return fail_for(ELBO_FORMAT, path, zip_file_get_error(file));
        if (n == 0)
            return elbo__fail(ELBO_FORMAT, "%s: truncated", path);
        done += (size_t)n;
    }
    return ELBO_OK;
}

/* The end of a member, where its checksum is compared. */
static elbo_status read_end(zip_file_t *file, const char *path)
{
    char more;
    const zip_int64_t n = zip_fread(file, &more, 1);
    return n == 0  ? ELBO_OK
           : n < 0 ? fail_for(ELBO_FORMAT, path, zip_file_get_error(file))
                   : elbo__fail(ELBO_FORMAT, "%s: too long", path);
}

static elbo_status read_member(elbo__npz *npz, const char *member, const char *path, bool levels, elbo_tensor *out)
{
    zip_stat_t info;
    if (zip_stat(npz->zip, member, ZIP_FL_ENC_RAW, &info) != 0)
        return fail_for(ELBO_FORMAT, path, zip_get_error(npz->zip));
    if (!(info.valid & ZIP_STAT_SIZE) || !(info.valid & ZIP_STAT_COMP_SIZE) ||
        info.size / MOST_INFLATION > info.comp_size || info.size > INT64_MAX)
        return elbo__fail(ELBO_FORMAT, "%s: claims %llu bytes, more than its %llu compressed ones can hold", path,
                          (unsigned long long)info.size, (unsigned long long)info.comp_size);
    zip_file_t *file = zip_fopen_index(npz->zip, info.index, 0);
    if (!file)
        return fail_for(ELBO_FORMAT, path, zip_get_error(npz->zip));
    const elbo__npy_source source = {.path = path, .size = (int64_t)info.size, .read = read_bytes, .user = file};
    elbo_status status = elbo__npy_read_from(&source, levels, out);
    if (status == ELBO_OK) {
        status = read_end(file, path);
        if (status != ELBO_OK)
            elbo_tensor_free(out);
    }
    zip_fclose(file);
    return status;
}

elbo_status elbo__npz_read(elbo__npz *npz, const char *name, bool levels, elbo_tensor *out)
{
    *out = (elbo_tensor){.data = NULL};
    char *member = elbo__format("%s.npy", name), *path = elbo__format("%s/%s.npy", npz->path, name);
    elbo_status status = member && path ? read_member(npz, member, path, levels, out) : ELBO_NO_MEMORY;
    elbo__free(member);
    elbo__free(path);
    return status;
}
