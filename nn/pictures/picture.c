#include "picture_private.h"

#include <math.h>
#include <string.h>

#include "../../io/png.h"
#include "../../tensor/memory.h"

/* SHOWN: numbers that a picture of a training may show, so that it takes little of the memory that the training
 * needs. */
enum { COLUMNS = 8, MOST_CLASSES = 16, GAP = 2, BAND = 8, MOST_STRIPS = 3, RECONSTRUCTIONS = 32, SHOWN = 1 << 26 };

elbo__frame elbo__frame_of(const elbo_run *run)
{
    const elbo_shape *image = &run->image;
    const int64_t *dim = image->dim;
    const int64_t side = (int64_t)lround(sqrt((double)run->pixels));
    if (image->ndim == 1)
        return side * side == run->pixels ? (elbo__frame){1, side, side} : (elbo__frame){1, 1, run->pixels};
    if (image->ndim == 2)
        return (elbo__frame){1, dim[0], dim[1]};
    return dim[0] == 3 ? (elbo__frame){3, dim[1], dim[2]} : (elbo__frame){1, dim[0] * dim[1], dim[2]};
}

/* How many images of `side` pixels fit beside each other, with gaps between and around them. */
static int64_t fitting(int64_t side)
{
    return (ELBO_PNG_MAX_SIDE - GAP) / (side + GAP);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t at_least_1(int64_t n)
{
    return n > 1 ? n : 1;
}

int64_t elbo__rows_that_fit(const elbo_run *run, int64_t n)
{
    return at_least_1(smaller(n, fitting(elbo__frame_of(run).height)));
}

elbo_status elbo__check_grid(const elbo_run *run, int64_t n, int64_t columns)
{
    const elbo__frame f = elbo__frame_of(run);
    const int64_t across = smaller(n, columns), down = n < 1 ? 0 : (n + across - 1) / across;
    if (across <= fitting(f.width) && down <= fitting(f.height))
        return ELBO_OK;
    return elbo__fail(
        ELBO_INVALID,
        "a picture of %lld rows of %lld images of %lld by %lld pixels is too large: at most %d pixels a side",
        (long long)down, (long long)across, (long long)f.height, (long long)f.width, ELBO_PNG_MAX_SIDE);
}

float *elbo__numbers(int64_t n, int64_t width)
{
    int64_t size;
    if (n < 1 || !elbo__mul_size(n, width, &size) || !elbo__mul_size(size, sizeof(float), &size)) {
        (void)elbo__fail(n < 1 ? ELBO_INVALID : ELBO_NO_MEMORY, "%lld pictures: %s", (long long)n,
                         n < 1 ? "at least 1" : "too many");
        return NULL;
    }
    return elbo__alloc((size_t)size); /* to clear gigabytes takes seconds, in which nobody could stop it */
}

/* ---- samples ----------------------------------------------------------------------------------------------------- */

/* Images in a row: as many as classes, of which a grid shows at most MOST_CLASSES, if each has its column. */
static int64_t columns_of(const elbo_run *run, bool in_turn)
{
    const int64_t most = at_least_1(smaller(MOST_CLASSES, fitting(elbo__frame_of(run).width)));
    return in_turn ? smaller(run->classes, most) : smaller(COLUMNS, most);
}

int64_t elbo__class_columns(const elbo_run *run)
{
    return columns_of(run, true);
}

int elbo__class_of_column(const elbo_run *run, int64_t column)
{
    return (int)(column * run->classes / elbo__class_columns(run));
}

elbo_status elbo__picture_drawn(elbo_run *run, int64_t n, int label, elbo__image_drawer *draw, void *user,
                                const char *path)
{
    const bool in_turn = elbo__run_takes_labels(run) && label == ELBO_EACH_CLASS;
    const int64_t columns = columns_of(run, in_turn), turns = elbo__is_picture(path) ? columns : run->classes;
    elbo_status status = elbo__check_shown(run, n, columns, path);
    if (status != ELBO_OK)
        return status;
    float *x = elbo__numbers(n, run->pixels);
    int *labels = x ? elbo__calloc((size_t)n, sizeof *labels) : NULL;
    status = n < 1 ? ELBO_INVALID : labels ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        labels[i] = in_turn ? (int)(i % turns * run->classes / turns) : label;
    if (status == ELBO_OK)
        status = draw(user, labels, n, x);
    if (status == ELBO_OK)
        status = elbo__picture_write(&(elbo__shown){.run = run,
                                                    .x = x,
                                                    .labels = elbo__run_takes_labels(run) ? labels : NULL,
                                                    .class_names = elbo__class_names_of(run, NULL),
                                                    .n = n,
                                                    .columns = columns},
                                     path);
    elbo__free(x);
    elbo__free(labels);
    return status;
}

typedef struct {
    elbo_run *run;
    int64_t seed;
} prior_draw;

static elbo_status draw_from_prior(void *user, const int *labels, int64_t n, float *x)
{
    const prior_draw *d = user;
    return elbo_run_sample(d->run, labels, n, d->seed, x);
}

elbo_status elbo_picture_samples(elbo_run *run, int64_t n, int label, int64_t seed, const char *path)
{
    return elbo__picture_drawn(run, n, label, draw_from_prior, &(prior_draw){run, seed}, path);
}

elbo_status elbo__picture_some_samples(elbo_run *run, const char *path)
{
    const bool in_turn = elbo__run_takes_labels(run);
    const int64_t columns = columns_of(run, in_turn), rows = elbo__rows_that_fit(run, COLUMNS);
    const int64_t room = SHOWN / run->pixels;
    int64_t n = columns * rows;
    if (n > room)
        n = room > columns ? room / columns * columns : at_least_1(room);
    return elbo_picture_samples(run, n, ELBO_EACH_CLASS, run->seed, path);
}

/* ---- what is missing --------------------------------------------------------------------------------------------- */

elbo_status elbo_picture_imputed(elbo_run *run, const elbo_images *images, int draws, int multiple, int64_t seed,
                                 const char *path, elbo_imputed *told)
{
    const int64_t times = at_least_1(multiple), n = images->count * times;
    const int64_t columns = multiple ? multiple : columns_of(run, false);
    elbo_status status = elbo__check_shown(run, n, columns, path);
    float *x = status == ELBO_OK ? elbo__numbers(n, run->pixels) : NULL, *beside = NULL;
    const bool picture = multiple && elbo__is_picture(path);
    if (x && picture) /* imputations of an image stand in a row */
        beside = elbo__numbers(n, run->pixels);
    if (status == ELBO_OK)
        status = x && (beside || !picture) ? elbo_run_impute(run, images, draws, multiple, seed, x, told)
                                           : ELBO_NO_MEMORY;
    for (int64_t i = 0; status == ELBO_OK && beside && i < n; i++)
        memcpy(beside + i * run->pixels, x + (i % times * images->count + i / times) * run->pixels,
               (size_t)run->pixels * sizeof *x);
    if (status == ELBO_OK)
        status = elbo__picture_write(
            &(elbo__shown){.run = run, .x = beside ? beside : x, .n = n, .columns = columns, .gaps = true}, path);
    elbo__free(x);
    elbo__free(beside);
    return status;
}

/* ---- reconstructions --------------------------------------------------------------------------------------------- */

/* A picture being put together: (height, width, channels). */
typedef struct {
    float *at;
    int64_t height, width, channels;
} canvas;

/* Pixels of one image, (channels, height, width), with its upper left corner at (top, left). */
static void put(canvas *c, const elbo__frame *f, const float *x, int64_t top, int64_t left)
{
    for (int64_t k = 0; k < f->channels; k++)
        for (int64_t i = 0; i < f->height; i++)
            for (int64_t j = 0; j < f->width; j++)
                c->at[((top + i) * c->width + left + j) * c->channels + k] = x[(k * f->height + i) * f->width + j];
}

/* A light line across the middle of the band that ends at row `bottom`. */
static void rule(canvas *c, int64_t bottom)
{
    float *line = c->at + (bottom - BAND / 2) * c->width * c->channels;
    for (int64_t i = 0; i < c->width * c->channels; i++)
        line[i] = 0.5f;
}

/* Of rows of `count` images right below each other, and the band below them. */
static int64_t strips_height(const elbo__frame *f, int count)
{
    return count * (f->height + GAP) - GAP + BAND;
}

/* How many of n images a picture of strips has room for. */
static int64_t room_for_strips(const elbo_run *run, int count, int64_t n)
{
    const elbo__frame f = elbo__frame_of(run);
    const int64_t rows = (ELBO_PNG_MAX_SIDE + BAND - 2 * GAP) / strips_height(&f, count);
    return fitting(f.width) < 1 ? 0 : smaller(n, columns_of(run, false) * rows);
}

/* Rows of up to COLUMNS images, the same ones of each of `strips` (n, D) right below each other. */
static elbo_status write_strips(const elbo_run *run, const float *const *strips, int count, int64_t n, const char *path)
{
    const elbo__frame f = elbo__frame_of(run);
    const int64_t columns = smaller(n, columns_of(run, false)), rows = (n + columns - 1) / columns;
    const int64_t height = strips_height(&f, count);
    canvas c = {NULL, rows * height - BAND + 2 * GAP, columns * (f.width + GAP) + GAP, f.channels};
    c.at = elbo__calloc((size_t)(c.height * c.width), (size_t)c.channels * sizeof *c.at);
    if (!c.at)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n; i++)
        for (int s = 0; s < count; s++)
            put(&c, &f, strips[s] + i * run->pixels, GAP + i / columns * height + s * (f.height + GAP),
                GAP + i % columns * (f.width + GAP));
    for (int64_t row = 1; row < rows; row++)
        rule(&c, GAP + row * height);
    elbo_tensor picture = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(c.height, c.width, c.channels), c.at);
    if (c.channels == 1)
        picture = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(c.height, c.width), c.at);
    elbo_status status = elbo_png_write(path, &picture);
    elbo__free(c.at);
    return status;
}

elbo_status elbo_picture_reconstruction(elbo_run *run, const elbo_images *images, int64_t n, int64_t seed,
                                        const char *path)
{
    elbo_status status = elbo_run_accepts(run, images);
    if (status != ELBO_OK)
        return status;
    const elbo__frame f = elbo__frame_of(run);
    n = smaller(n, images->count);
    const bool drawn = elbo__is_picture(path);
    if ((!drawn || elbo__run_has_columns(run)) && (status = elbo__check_shown(run, n, COLUMNS, path)) != ELBO_OK)
        return status;
    if (drawn && n > room_for_strips(run, MOST_STRIPS, n))
        return elbo__fail(
            ELBO_INVALID, "a picture of %lld images of %lld by %lld pixels is too large: at most %lld fit",
            (long long)n, (long long)f.height, (long long)f.width, (long long)room_for_strips(run, MOST_STRIPS, n));
    float *x = elbo__numbers(n, run->pixels), *seen = x ? elbo__numbers(n, run->pixels) : NULL;
    float *y = seen ? elbo__numbers(n, run->pixels) : NULL;
    int *labels = y ? elbo__calloc((size_t)n, sizeof *labels) : NULL;
    status = labels ? elbo_run_rows(run, images, 0, n, x, labels) : n < 1 ? ELBO_INVALID : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_seen(run, x, labels, n, seed, seen);
    for (int64_t i = 0; i < n * run->pixels && status == ELBO_OK; i++)
        seen[i] = isnan(x[i]) ? x[i] : seen[i]; /* what is missing stays so, and is drawn black */
    if (status == ELBO_OK)
        status = elbo_run_reconstruct(run, seen, labels, n, seed, y);
    if (status == ELBO_OK && !drawn)
        status = elbo__picture_write(&(elbo__shown){.run = run,
                                                    .x = y,
                                                    .labels = images->labels.data ? labels : NULL,
                                                    .class_names = elbo__class_names_of(run, images),
                                                    .n = n},
                                     path);
    else if (status == ELBO_OK) {
        const bool changed = memcmp(x, seen, (size_t)(n * run->pixels) * sizeof *x) != 0;
        const float *const all[MOST_STRIPS] = {x, seen, y}, *const pairs[] = {x, y};
        status = elbo__check_finite(run, "what is drawn", y, n * run->pixels);
        if (status == ELBO_OK)
            status = write_strips(run, changed ? all : pairs, changed ? 3 : 2, n, path);
    }
    elbo__free(x);
    elbo__free(seen);
    elbo__free(y);
    elbo__free(labels);
    return status;
}

elbo_status elbo__picture_some_reconstructions(elbo_run *run, const elbo_images *images, const char *path)
{
    const int64_t room = smaller(SHOWN / run->pixels, room_for_strips(run, MOST_STRIPS, RECONSTRUCTIONS));
    return elbo_picture_reconstruction(run, images, at_least_1(room), run->seed, path);
}
