#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

const char *const part_names[] = {"test", "train", NULL};

char *choose_data(const char *named, const elbo_run *run)
{
    elbo_ini configuration = {.count = 0};
    const char *folder = named[0] ? named : NULL;
    if (!folder && run && elbo_run_describe(run, &configuration) == ELBO_OK)
        folder = elbo_ini_get(&configuration, "data");
    char *copy = strdup(folder ? folder : DEFAULT_DATA);
    elbo_ini_free(&configuration);
    return copy;
}

bool read_part(const char *folder, const char *part, int classes, elbo_images *out)
{
    if (!folder) {
        fprintf(stderr, "elbo: out of memory\n");
        return false;
    }
    const elbo_status status = elbo_images_load(folder, strcmp(part, "test") == 0 ? "t10k" : part, classes, out);
    if (status == ELBO_IO)
        fprintf(stderr, "elbo: %s; --data names a folder of IDX or PNG files, or sprites\n", elbo_error());
    else if (status != ELBO_OK)
        fail();
    return status == ELBO_OK;
}

/* The names of the run's classes, which it noted as "cat,dog": *list (count), made of one string; NULL where there are none. */
static char *class_names(const elbo_run *run, const char ***list)
{
    elbo_ini configuration = {.count = 0};
    const char *noted = elbo_run_describe(run, &configuration) == ELBO_OK ? elbo_ini_get(&configuration, CLASS_NAMES)
                                                                          : NULL;
    char *names = noted ? strdup(noted) : NULL;
    *list = calloc((size_t)elbo_run_classes(run) + 1, sizeof **list);
    char *rest = names;
    for (int i = 0; *list && i < elbo_run_classes(run); i++)
        (*list)[i] = rest ? strsep(&rest, ",") : "";
    elbo_ini_free(&configuration);
    return *list ? names : NULL;
}

bool read_part_for(const elbo_run *run, const char *folder, const char *part, elbo_images *out)
{
    const char **list = NULL;
    char *names = elbo_run_classes(run) ? class_names(run, &list) : NULL;
    bool read = read_part(folder, part, names ? 0 : elbo_run_classes(run), out);
    if (read && names && elbo_images_match(out, list, elbo_run_classes(run)) != ELBO_OK) {
        fprintf(stderr, "elbo: %s, part %s: %s\n", folder, part, elbo_error());
        elbo_images_free(out);
        read = false;
    }
    free(names);
    free(list);
    if (!read)
        return false;
    if (elbo_run_accepts(run, out) == ELBO_OK)
        return true;
    fprintf(stderr, "elbo: %s, part %s: %s\n", folder, part, elbo_error());
    elbo_images_free(out);
    return false;
}
