#include "data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    const bool made_up = strcspn(folder, ":") == strlen("sprites") && strncmp(folder, "sprites", 7) == 0;
    if (!made_up && access(folder, F_OK) != 0) {
        fprintf(stderr, "elbo: %s: %s; name a folder of IDX or PNG files, or sprites, with --data\n", folder,
                strerror(errno));
        return false;
    }
    if (elbo_images_load(folder, strcmp(part, "test") == 0 ? "t10k" : part, classes, out) == ELBO_OK)
        return true;
    fail();
    return false;
}

bool read_part_for(const elbo_run *run, const char *folder, const char *part, elbo_images *out)
{
    if (!read_part(folder, part, elbo_run_classes(run), out))
        return false;
    if (elbo_run_accepts(run, out) == ELBO_OK)
        return true;
    fprintf(stderr, "elbo: %s, part %s: %s\n", folder, part, elbo_error());
    elbo_images_free(out);
    return false;
}
