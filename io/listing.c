#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"

elbo_status elbo__listing_add(elbo__listing *listing, const char *name)
{
    elbo_status status = elbo__grow((void **)&listing->names, &listing->capacity, listing->count + 1,
                                    sizeof *listing->names);
    if (status == ELBO_OK && !(listing->names[listing->count] = elbo__strdup(name)))
        status = ELBO_NO_MEMORY;
    listing->count += status == ELBO_OK;
    return status;
}

void elbo__listing_free(elbo__listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        elbo__free(listing->names[i]);
    elbo__free(listing->names);
    *listing = (elbo__listing){.count = 0};
}

static int by_name(const void *a, const void *b)
{
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

void elbo__listing_sort(elbo__listing *listing)
{
    if (listing->count > 0)
        qsort(listing->names, listing->count, sizeof *listing->names, by_name);
}

int elbo__listing_find(const elbo__listing *listing, const char *name)
{
    char **found = NULL;
    if (listing->count > 0)
        found = bsearch(&name, listing->names, listing->count, sizeof *listing->names, by_name);
    return found ? (int)(found - listing->names) : -1;
}

/* The end and an error look alike but for errno. */
static elbo_status read_entries(const char *path, DIR *entries, elbo__listing *out)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(entries);
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        elbo_status status = elbo__listing_add(out, entry->d_name);
        if (status != ELBO_OK)
            return status;
    }
    if (errno)
        return elbo__fail(ELBO_IO, "%s: cannot read the folder: %s", path, elbo__reason(errno));
    return ELBO_OK;
}

elbo_status elbo__list_folder(const char *path, elbo__listing *out)
{
    *out = (elbo__listing){.count = 0};
    DIR *entries = opendir(path);
    if (!entries)
        return elbo__fail(ELBO_IO, "%s: cannot open the folder: %s", path, elbo__reason(errno));
    elbo_status status = read_entries(path, entries, out);
    closedir(entries);
    if (status != ELBO_OK)
        elbo__listing_free(out);
    else
        elbo__listing_sort(out);
    return status;
}

elbo_status elbo__kind_of(const char *path, elbo__kind *out)
{
    struct stat info;
    *out = ELBO__NOTHING;
    if (stat(path, &info) == 0)
        *out = S_ISDIR(info.st_mode) ? ELBO__FOLDER : ELBO__FILE;
    else if (errno != ENOENT)
        return elbo__fail(ELBO_IO, "%s: cannot look there: %s", path, elbo__reason(errno));
    return ELBO_OK;
}
