/* tiny_data DIR: writes a small data set as IDX files, for tests/test_cli.sh. */
#include <stdio.h>

#include "../io/idx.h"
#include "patterns.h"

static int write_part(const char *folder, const char *part, int n)
{
    const elbo_images images = pattern_images(n);
    char path[2][1000];
    snprintf(path[0], sizeof path[0], "%s/%s-images-idx3-ubyte", folder, part);
    snprintf(path[1], sizeof path[1], "%s/%s-labels-idx1-ubyte", folder, part);
    if (elbo_idx_write(path[0], &images.images) == ELBO_OK && elbo_idx_write(path[1], &images.labels) == ELBO_OK)
        return 0;
    fprintf(stderr, "tiny_data: %s\n", elbo_error());
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 64;
    return write_part(argv[1], "train", 64) || write_part(argv[1], "t10k", 24);
}
