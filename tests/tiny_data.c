/* tiny_data DIR: writes a small data set as IDX files, for the tests of the program. tiny_data --png DIR: the same as
 * PNG files in colour, one folder a class, with a row more than columns. tiny_data --jpeg FILE: one picture of that
 * size. tiny_data --events FILE PNG: TensorBoard's events of two steps. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../io/events.h"
#include "../io/idx.h"
#include "../io/png.h"
#include "jpegs.h"
#include "patterns.h"

static int report(void)
{
    fprintf(stderr, "tiny_data: %s\n", elbo_error());
    return 1;
}

static int write_part(const char *folder, const char *part, int n)
{
    const elbo_images images = pattern_images(n);
    char path[2][1000];
    snprintf(path[0], sizeof path[0], "%s/%s-images-idx3-ubyte", folder, part);
    snprintf(path[1], sizeof path[1], "%s/%s-labels-idx1-ubyte", folder, part);
    const bool written = elbo_idx_write(path[0], &images.images) == ELBO_OK &&
                         elbo_idx_write(path[1], &images.labels) == ELBO_OK;
    return written ? 0 : report();
}

/* Class k is red where k is odd, else green; the last row is grey. */
static int write_pictures(const char *folder, const char *part, int n)
{
    static const char *const names[] = {"columns", "rows", "diagonals", "checks"};
    enum { SIDE = PATTERN_SIDE };
    const elbo_images images = pattern_images(n);
    const unsigned char *grey = images.images.data;
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", folder, part);
    mkdir(folder, 0777);
    mkdir(path, 0777);
    for (int i = 0; i < n; i++) {
        unsigned char pixels[(SIDE + 1) * SIDE * 3];
        const int class = i % PATTERN_CLASSES;
        memset(pixels, 100, sizeof pixels);
        for (int k = 0; k < SIDE * SIDE * 3; k++)
            pixels[k] = k % 3 == (class % 2 == 0) ? grey[i * SIDE * SIDE + k / 3] : 0;
        snprintf(path, sizeof path, "%s/%s/%s", folder, part, names[class]);
        mkdir(path, 0777);
        snprintf(path, sizeof path, "%s/%s/%s/%02d.png", folder, part, names[class], i);
        const elbo_tensor picture = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(SIDE + 1, SIDE, 3), pixels);
        if (elbo_png_write(path, &picture) != ELBO_OK)
            return report();
    }
    return 0;
}

static int write_jpeg(const char *path)
{
    enum { SIDE = PATTERN_SIDE };
    const jpeg_kind kind = {.width = SIDE, .height = SIDE + 1, .channels = 3};
    unsigned char pixels[(SIDE + 1) * SIDE * 3];
    memset(pixels, 200, sizeof pixels);
    return jpeg_write(path, &kind, pixels) ? 0 : 1;
}

/* The last step is written by a second opening. */
static int write_events(const char *path, const char *png)
{
    for (int step = 3; step <= 300; step += 297) {
        elbo_events *events;
        if (elbo_events_open(path, ELBO_ALL_EVENTS, &events) != ELBO_OK)
            return report();
        const elbo_number figures[] = {{"train/loss", 164.25 + step}, {"test/elbo", -131.5}};
        const bool written = elbo_events_scalars(events, step, figures, 2) == ELBO_OK &&
                             elbo_events_picture(events, step, "samples", png) == ELBO_OK;
        elbo_events_close(events);
        if (!written)
            return report();
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--jpeg") == 0)
        return write_jpeg(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--png") == 0)
        return write_pictures(argv[2], "train", 64) || write_pictures(argv[2], "test", 24);
    if (argc == 4 && strcmp(argv[1], "--events") == 0)
        return write_events(argv[2], argv[3]);
    if (argc != 2)
        return 64;
    return write_part(argv[1], "train", 64) || write_part(argv[1], "t10k", 24);
}
