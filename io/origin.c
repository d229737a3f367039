#include "origin.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tensor/memory.h"
#include "array_file.h"
#include "listing.h"

static bool exists(const char *path)
{
    elbo__kind kind;
    return elbo__kind_of(path, &kind) != ELBO_OK || kind != ELBO__NOTHING; /* if in doubt, reading it says why not */
}

/* ---- MNIST ------------------------------------------------------------------------------------------------------- */

#define MNIST_HERE "data/mnist" /* as in the source tree */

/* What `make install` puts beside the program, wherever that was moved since. */
static char *beside_program(void)
{
    char program[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    return elbo__format("%s/../share/elbo/mnist", program);
}

/* The folder of MNIST: the one of the source tree, else the installed one; where there is none, the first. */
static char *find_mnist(void)
{
    if (exists(MNIST_HERE))
        return elbo__strdup(MNIST_HERE);
    char *beside = beside_program();
    if (beside && exists(beside))
        return beside;
    elbo__free(beside);
    return elbo__strdup(exists(ELBO_DATA_FOLDER "/mnist") ? ELBO_DATA_FOLDER "/mnist" : MNIST_HERE);
}

/* ---- taking apart ------------------------------------------------------------------------------------------------ */

static char *beginning(const char *text, const char *end)
{
    return elbo__format("%.*s", (int)(end - text), text);
}

/* Whether the text is a name, or one with something behind it: NAME or NAME:REST. */
static bool is_name(const char *text, const char *name, const char **rest)
{
    const size_t n = strlen(name);
    if (strncmp(text, name, n) != 0 || (text[n] != '\0' && text[n] != ':'))
        return false;
    *rest = text[n] ? text + n + 1 : NULL;
    return true;
}

/* The ':' behind the path; NULL: the whole text is one. Where nothing is there, the first is taken, so that what cannot
 * be found is told without what stands behind it. */
static elbo_status find_end(const char *text, const char **out)
{
    const char *first = strchr(text, ':');
    *out = NULL;
    if (!first || exists(text))
        return ELBO_OK;
    for (const char *end = text + strlen(text); end > text; end--) {
        if (*end != ':')
            continue;
        char *path = beginning(text, end);
        if (!path)
            return ELBO_NO_MEMORY;
        const bool found = exists(path);
        elbo__free(path);
        if (found) {
            *out = end;
            return ELBO_OK;
        }
    }
    *out = first;
    return ELBO_OK;
}

elbo_status elbo__origin_of(const char *text, elbo__origin *out)
{
    const char *end = NULL;
    *out = (elbo__origin){.path = NULL};
    if (is_name(text, "sprites", &out->rest)) {
        out->made_up = true;
        out->path = elbo__strdup("sprites");
    } else if (is_name(text, "mnist", &out->rest)) {
        out->path = find_mnist();
    } else if (find_end(text, &end) == ELBO_OK) {
        out->path = end ? beginning(text, end) : elbo__strdup(text);
        out->rest = end ? end + 1 : NULL;
    }
    return out->path ? ELBO_OK : ELBO_NO_MEMORY;
}

void elbo__origin_free(elbo__origin *origin)
{
    elbo__free(origin->path);
    *origin = (elbo__origin){.path = NULL};
}

/* ---- from another folder ----------------------------------------------------------------------------------------- */

/* Whether what stands behind the path is a path too: a file of labels beside one of images. */
static bool names_file(const elbo__origin *origin)
{
    elbo__file_head head;
    elbo__kind kind = ELBO__NOTHING;
    return origin->rest && !origin->made_up && elbo__kind_of(origin->path, &kind) == ELBO_OK && kind == ELBO__FILE &&
           elbo__file_head_of(origin->path, &head) == ELBO_OK && elbo__begins_array(&head);
}

static char *absolute(const char *path)
{
    char *real = realpath(path, NULL), *copy = elbo__strdup(real ? real : path);
    free(real);
    return copy;
}

char *elbo__origin_from_anywhere(const char *text)
{
    elbo__origin origin;
    if (elbo__origin_of(text, &origin) != ELBO_OK)
        return NULL;
    char *path = origin.made_up ? elbo__strdup(origin.path) : absolute(origin.path);
    char *rest = !origin.rest ? NULL : names_file(&origin) ? absolute(origin.rest) : elbo__strdup(origin.rest);
    char *whole = !path || (origin.rest && !rest) ? NULL
                  : rest                          ? elbo__format("%s:%s", path, rest)
                                                  : elbo__strdup(path);
    elbo__free(path);
    elbo__free(rest);
    elbo__origin_free(&origin);
    return whole;
}
