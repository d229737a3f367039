/* Codes of images as points of a plane. */

#include "../../io/figure.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../pca/pca.h"
#include "picture_private.h"

/* A panel with what it points to. */
typedef struct {
    elbo_scatter_panel panel;
    float *codes, *points; /* (n, Z), (n, 2) */
    int *labels;           /* (n), or NULL   */
    char title[100], x_label[60], y_label[60];
} view;

/* Up to two dimensions as they are, more by their principal components. */
static elbo_status flatten(const float *codes, int64_t n, int64_t dims, view *v)
{
    if (dims <= 2) {
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = 0; k < 2; k++)
                v->points[2 * i + k] = k < dims ? codes[i * dims + k] : 0;
        elbo__print(v->x_label, sizeof v->x_label, "z1");
        elbo__print(v->y_label, sizeof v->y_label, "%s", dims == 2 ? "z2" : "");
        return ELBO_OK;
    }
    const elbo_rows rows = elbo_rows_of(codes, n, dims);
    elbo_pca pca;
    elbo_status status = elbo_pca_fit(&rows, 2, &pca);
    if (status != ELBO_OK)
        return status;
    elbo_pca_project(&pca, codes, n, v->points);
    const double first = elbo_pca_explained(&pca, 1), second = elbo_pca_explained(&pca, 2) - first;
    elbo__print(v->x_label, sizeof v->x_label, "component 1 (%.0f %% of the variance)", 100 * first);
    elbo__print(v->y_label, sizeof v->y_label, "component 2 (%.0f %%)", 100 * second);
    elbo_pca_free(&pca);
    return ELBO_OK;
}

static elbo_status make_view(elbo_run *run, const char *title, const elbo_images *images, view *v)
{
    const int64_t n = images->count, dims = run->latent;
    elbo_status status = elbo_run_accepts(run, images);
    if (status != ELBO_OK)
        return status;
    float *x = elbo__numbers(n, run->pixels);
    v->codes = elbo__numbers(n, dims);
    v->points = elbo__numbers(n, 2);
    v->labels = elbo__calloc((size_t)n, sizeof *v->labels);
    int *known = elbo__calloc((size_t)n, sizeof *known); /* as the run knows the classes; colours are the images' own */
    status = x && v->codes && v->points && v->labels && known ? elbo_run_rows(run, images, 0, n, x, known)
                                                              : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n && status == ELBO_OK && images->labels.data; i++)
        v->labels[i] = (int)elbo_tensor_get(&images->labels, &i);
    if (status == ELBO_OK)
        status = elbo_run_encode(run, x, known, n, v->codes);
    if (status == ELBO_OK)
        status = flatten(v->codes, n, dims, v);
    elbo__print(v->title, sizeof v->title, "%s, %lld dimension%s", title, (long long)dims, dims == 1 ? "" : "s");
    v->panel = (elbo_scatter_panel){.title = v->title,
                                    .x_label = v->x_label,
                                    .y_label = v->y_label[0] ? v->y_label : NULL,
                                    .points = v->points,
                                    .labels = images->labels.data ? v->labels : NULL,
                                    .n = n};
    elbo__free(x);
    elbo__free(known);
    return status;
}

elbo_status elbo_picture_scatter(elbo_run *const *runs, const char *const *titles, int count, const elbo_images *images,
                                 const char *path)
{
    view views[ELBO_MAX_PANELS] = {{.codes = NULL}};
    elbo_scatter_panel panels[ELBO_MAX_PANELS];
    elbo_status status = ELBO_OK;
    if (count < 1 || count > ELBO_MAX_PANELS)
        return elbo__fail(ELBO_INVALID, "%d runs in one picture: 1 to %d", count, ELBO_MAX_PANELS);
    for (int i = 0; i < count && status == ELBO_OK; i++) {
        status = make_view(runs[i], titles ? titles[i] : elbo_run_model(runs[i])->name, images, &views[i]);
        panels[i] = views[i].panel;
    }
    if (status == ELBO_OK)
        status = elbo_scatter(path, panels, count, images->classes, (const char *const *)images->class_names);
    for (int i = 0; i < count; i++) {
        elbo__free(views[i].codes);
        elbo__free(views[i].points);
        elbo__free(views[i].labels);
    }
    return status;
}
