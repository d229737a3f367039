/* Pictures of a latent space: ways through it, its axes, all of a plane. */
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "picture_private.h"

enum { STEPS = 10, SIDE = 20, MOST_CODES = 2000, CODES_IN_A_ROW = 8 };
#define SPAN 3.0

/* The points to be decoded, and what decoding takes. */
typedef struct {
    float *z;    /* (n, Z) */
    int *labels; /* (n)    */
    int64_t n;
} points;

static elbo_status new_points(const elbo_run *run, int64_t rows, int64_t columns, points *out)
{
    int64_t n;
    *out = (points){.z = NULL};
    if (!elbo__mul_size(rows, columns, &n))
        return elbo__fail(ELBO_NO_MEMORY, "%lld by %lld pictures are too many", (long long)rows, (long long)columns);
    *out = (points){.n = n, .z = elbo__numbers(n, run->latent)};
    out->labels = out->z ? elbo__calloc((size_t)n, sizeof *out->labels) : NULL;
    return out->labels ? ELBO_OK : n < 1 ? ELBO_INVALID : ELBO_NO_MEMORY;
}

static void free_points(points *p)
{
    elbo__free(p->z);
    elbo__free(p->labels);
}

static elbo_status draw_points(elbo_run *run, const points *p, int64_t columns, const char *path)
{
    elbo_status status = elbo__check_shown(run, p->n, columns, path);
    if (status != ELBO_OK)
        return status;
    float *x = elbo__numbers(p->n, run->pixels);
    status = x ? elbo_run_decode(run, p->z, p->labels, p->n, x) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo__picture_write(&(elbo__shown){.run = run,
                                                    .x = x,
                                                    .labels = elbo__run_takes_labels(run) ? p->labels : NULL,
                                                    .class_names = elbo__class_names_of(run, NULL),
                                                    .n = p->n,
                                                    .columns = columns},
                                     path);
    elbo__free(x);
    return status;
}

/* ---- where points are -------------------------------------------------------------------------------------------- */

static int label_or_0(const elbo_view *view)
{
    return view->label == ELBO_EACH_CLASS ? 0 : view->label;
}

/* The codes (n, Z) of images first ... and the labels they are seen with. */
static elbo_status encode(elbo_run *run, const elbo_view *view, int64_t first, int64_t n, float *z, int *labels)
{
    if (!view->images)
        return elbo__fail(ELBO_INVALID, "there are no images");
    elbo_status status = elbo_run_accepts(run, view->images);
    float *x = status == ELBO_OK ? elbo__numbers(n, run->pixels) : NULL;
    if (status == ELBO_OK)
        status = x ? elbo_run_rows(run, view->images, first, n, x, labels) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_encode(run, x, labels, n, z);
    for (int64_t i = 0; i < n && view->label != ELBO_EACH_CLASS; i++)
        labels[i] = view->label;
    elbo__free(x);
    return status;
}

/* Mean and deviation (Z) of codes (n, Z) */
static void spread_of(const float *z, int64_t n, int64_t dims, float *centre, float *deviation)
{
    for (int64_t k = 0; k < dims; k++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < n; i++)
            sum += z[i * dims + k];
        for (int64_t i = 0; i < n; i++)
            square += (z[i * dims + k] - sum / (double)n) * (z[i * dims + k] - sum / (double)n);
        centre[k] = (float)(sum / (double)n);
        deviation[k] = (float)sqrt(square / (double)n);
    }
}

/* centre, deviation (Z): of a normal prior, else of the codes of images */
static elbo_status find_spread(elbo_run *run, const elbo_view *view, float *centre, float *deviation)
{
    const int label = label_or_0(view);
    if (run->normal_prior)
        return elbo_run_prior(run, &label, 1, centre, deviation);
    if (!view->images)
        return elbo__fail(ELBO_INVALID, "model \"%s\" has no normal prior: images are needed", run->model->name);
    points codes;
    elbo_status status = new_points(run, view->images->count < MOST_CODES ? view->images->count : MOST_CODES, 1,
                                    &codes);
    if (status == ELBO_OK)
        status = encode(run, view, 0, codes.n, codes.z, codes.labels);
    if (status == ELBO_OK)
        spread_of(codes.z, codes.n, run->latent, centre, deviation);
    free_points(&codes);
    return status;
}

/* ---- interpolation ----------------------------------------------------------------------------------------------- */

static double dot(const float *a, const float *b, int64_t n)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++)
        sum += (double)a[k] * b[k];
    return sum;
}

/* z = the point at t in [0, 1] on the way from a to b */
static void between(const float *a, const float *b, int64_t dims, double t, bool spherical, float *z)
{
    double from = 1 - t, to = t;
    const double lengths = sqrt(dot(a, a, dims) * dot(b, b, dims));
    const double angle = lengths > 0 ? acos(fmax(-1, fmin(1, dot(a, b, dims) / lengths))) : 0;
    if (spherical && sin(angle) > 1e-6) { /* else a and b lie on one line through 0, where no way is the shortest */
        from = sin((1 - t) * angle) / sin(angle);
        to = sin(t * angle) / sin(angle);
    }
    for (int64_t k = 0; k < dims; k++)
        z[k] = (float)(from * a[k] + to * b[k]);
}

/* The ends of the ways (2 rows, Z): a, b, a, b, ... */
static elbo_status find_ends(elbo_run *run, const elbo_view *view, const elbo_path *ways, points *ends)
{
    const int64_t dims = run->latent;
    if (ways->from >= 0 && ways->to >= 0) {
        elbo_status status = encode(run, view, ways->from, 1, ends->z, ends->labels);
        return status == ELBO_OK ? encode(run, view, ways->to, 1, ends->z + dims, ends->labels + 1) : status;
    }
    if (ways->from >= 0)
        return encode(run, view, ways->from, ends->n, ends->z, ends->labels);
    float *centre = elbo__numbers(2, dims);
    elbo_status status = centre ? find_spread(run, view, centre, centre + dims) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        elbo__normal_f32(ends->z, ends->n, 1, dims,
                         (elbo__random_key){(uint64_t)view->seed, elbo__stream("picture", "interpolation", 0), 0}, 0,
                         0);
    for (int64_t i = 0; i < ends->n * dims && status == ELBO_OK; i++)
        ends->z[i] = centre[i % dims] + centre[dims + i % dims] * ends->z[i];
    for (int64_t i = 0; i < ends->n; i++)
        ends->labels[i] = label_or_0(view);
    elbo__free(centre);
    return status;
}

/* As many rows as are asked for and as there are pairs of images. */
static int64_t count_rows(const elbo_view *view, const elbo_path *ways)
{
    if (ways->from >= 0 && ways->to >= 0)
        return 1;
    if (ways->from < 0 || !view->images)
        return ways->rows;
    const int64_t pairs = (view->images->count - ways->from) / 2;
    return pairs > 0 && pairs < ways->rows ? pairs : ways->rows;
}

elbo_status elbo_picture_interpolation(elbo_run *run, const elbo_view *view, const elbo_path *ways, const char *path)
{
    const int64_t rows = count_rows(view, ways), steps = view->steps ? view->steps : STEPS;
    points ends, all = {.z = NULL};
    if (steps < 2)
        return elbo__fail(ELBO_INVALID, "%lld steps from one point to another: at least 2", (long long)steps);
    elbo_status status = new_points(run, rows, 2, &ends);
    if (status == ELBO_OK)
        status = new_points(run, rows, steps, &all);
    if (status == ELBO_OK)
        status = find_ends(run, view, ways, &ends);
    for (int64_t i = 0; i < rows * steps && status == ELBO_OK; i++) {
        const int64_t row = i / steps, step = i % steps;
        const float *a = ends.z + 2 * row * run->latent, *b = a + run->latent;
        between(a, b, run->latent, (double)step / (double)(steps - 1), ways->spherical, all.z + i * run->latent);
        all.labels[i] = ends.labels[2 * row + (2 * step >= steps)]; /* a label has no way between */
    }
    if (status == ELBO_OK)
        status = draw_points(run, &all, steps, path);
    free_points(&ends);
    free_points(&all);
    return status;
}

/* ---- traversal --------------------------------------------------------------------------------------------------- */

/* Whether the model has the dimensions that are asked for, and the picture room for them. */
static elbo_status check_dims(const elbo_run *run, const elbo_sizes *dims)
{
    for (int i = 0; i < dims->n; i++)
        if (dims->at[i] < 1 || dims->at[i] > run->latent)
            return elbo__fail(ELBO_INVALID, "dimension %lld: the latent space has %lld, the first being 1",
                              (long long)dims->at[i], (long long)run->latent);
    if (dims->n > elbo__rows_that_fit(run, dims->n))
        return elbo__fail(ELBO_INVALID, "%d dimensions: a picture has no room for so many", dims->n);
    return ELBO_OK;
}

elbo_status elbo_picture_traversal(elbo_run *run, const elbo_view *view, int64_t image, const char *path)
{
    const elbo_sizes *chosen = &view->dims;
    const int64_t dims = run->latent, rows = chosen->n ? chosen->n : elbo__rows_that_fit(run, dims);
    const int64_t steps = view->steps ? view->steps : STEPS + 1;
    const double span = view->span > 0 ? view->span : SPAN;
    points all;
    int label = label_or_0(view);
    if (steps < 2)
        return elbo__fail(ELBO_INVALID, "%lld steps along a dimension: at least 2", (long long)steps);
    elbo_status status = check_dims(run, chosen);
    if (status != ELBO_OK)
        return status;
    status = new_points(run, rows, steps, &all);
    float *centre = elbo__numbers(3, dims);
    if (!centre) {
        free_points(&all);
        return ELBO_NO_MEMORY;
    }
    float *deviation = centre + dims, *base = centre + 2 * dims;
    if (status == ELBO_OK)
        status = find_spread(run, view, centre, deviation);
    if (status == ELBO_OK && image >= 0)
        status = encode(run, view, image, 1, base, &label);
    else if (status == ELBO_OK)
        memcpy(base, centre, (size_t)dims * sizeof *base);
    for (int64_t i = 0; i < rows * steps && status == ELBO_OK; i++) {
        const int64_t row = i / steps, k = chosen->n ? chosen->at[row] - 1 : row;
        memcpy(all.z + i * dims, base, (size_t)dims * sizeof *base);
        const double at = span * (2 * (double)(i % steps) / (double)(steps - 1) - 1);
        all.z[i * dims + k] = (float)(centre[k] + at * deviation[k]);
        all.labels[i] = label;
    }
    if (status == ELBO_OK)
        status = draw_points(run, &all, steps, path);
    free_points(&all);
    elbo__free(centre);
    return status;
}

/* ---- codes of the caller's --------------------------------------------------------------------------------------- */

elbo_status elbo_picture_codes(elbo_run *run, const float *z, const int *labels, int64_t n, const char *path)
{
    const points all = {.z = (float *)z, .labels = (int *)labels, .n = n};
    return draw_points(run, &all, CODES_IN_A_ROW, path);
}

/* ---- manifold ---------------------------------------------------------------------------------------------------- */

/* Phi^-1(u), 0 < u < 1, by halving: Phi(x) = erfc(-x / sqrt 2) / 2 */
static double normal_quantile(double u)
{
    double low = -40, high = 40;
    for (int i = 0; i < 80; i++) {
        const double middle = (low + high) / 2;
        if (erfc(-middle * M_SQRT1_2) / 2 < u)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

elbo_status elbo_picture_manifold(elbo_run *run, const elbo_view *view, const char *path)
{
    const int64_t side = view->steps ? view->steps : SIDE;
    float centre[2], deviation[2];
    points all = {.z = NULL};
    if (run->latent != 2)
        return elbo__fail(ELBO_INVALID, "a manifold of %lld dimensions: a picture has two (--latent 2)",
                          (long long)run->latent);
    elbo_status status = find_spread(run, view, centre, deviation);
    if (status == ELBO_OK)
        status = new_points(run, side, side, &all);
    for (int64_t i = 0; i < side * side && status == ELBO_OK; i++) {
        const double right = (0.5 + (double)(i % side)) / (double)side,
                     down = (0.5 + (double)(i / side)) / (double)side;
        all.z[2 * i] = (float)(centre[0] + deviation[0] * normal_quantile(right));
        all.z[2 * i + 1] = (float)(centre[1] + deviation[1] * normal_quantile(1 - down));
        all.labels[i] = label_or_0(view);
    }
    if (status == ELBO_OK)
        status = draw_points(run, &all, side, path);
    free_points(&all);
    return status;
}
