/* Writes runs of many kinds into a folder, for the tests of exports, and beside each what the program itself makes of a
 * few codes and images:
 *
 *     DIR/NAME/model.safetensors
 *     DIR/NAME/codes, images      a line each: the label, where the model takes one, and the numbers
 *     DIR/NAME/decoded, encoded   a line each of what elbo_run_decode and elbo_run_posterior or _encode make of it
 *
 * Weights are made up, so that nothing is 0 or 1 by chance of its initial value. */
#include <elbo.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { IMAGES = 3, CLASSES = 3, LATENT = 4 };

typedef struct {
    const char *name;
    const elbo_model *model;
    elbo_shape image;
    const char *options[9]; /* names and texts in turn */
} kind;

#define SMALL "latent-dim", "4", "hidden", "9"
#define CONV "latent-dim", "4", "hidden", "none", "net", "conv", "channels", "3,5"
#define PICTURE                                                                                                        \
    {                                                                                                                  \
        2,                                                                                                             \
        {                                                                                                              \
            7, 6                                                                                                       \
        }                                                                                                              \
    }
#define COLOUR                                                                                                         \
    {                                                                                                                  \
        3,                                                                                                             \
        {                                                                                                              \
            3, 8, 8                                                                                                    \
        }                                                                                                              \
    }

static const kind kinds[] = {
    {"vae", &elbo_model_vae, PICTURE, {SMALL}},
    {"deep", &elbo_model_vae, PICTURE, {"latent-dim", "4", "hidden", "9,7", "activation", "tanh"}},
    {"colour", &elbo_model_vae, COLOUR, {SMALL, "likelihood", "gaussian"}},
    {"leaky", &elbo_model_vae, PICTURE, {SMALL, "activation", "leaky_relu"}},
    {"elu", &elbo_model_vae, PICTURE, {SMALL, "activation", "elu"}},
    {"gelu", &elbo_model_vae, PICTURE, {SMALL, "activation", "gelu"}},
    {"silu", &elbo_model_vae, PICTURE, {SMALL, "activation", "silu"}},
    {"softplus", &elbo_model_vae, PICTURE, {SMALL, "activation", "softplus"}},
    {"deviations", &elbo_model_vae, PICTURE, {SMALL, "spread", "logstd"}},
    {"binarised", &elbo_model_vae, PICTURE, {SMALL, "binarise", "yes"}},
    {"continuous", &elbo_model_vae, PICTURE, {SMALL, "likelihood", "continuous-bernoulli"}},
    {"variance", &elbo_model_vae, PICTURE, {SMALL, "likelihood", "gaussian", "learn-variance", "pixel"}},
    {"cvae", &elbo_model_cvae, PICTURE, {SMALL}},
    {"prior", &elbo_model_cvae, PICTURE, {SMALL, "prior", "learned"}},
    {"conv", &elbo_model_vae, PICTURE, {CONV}},
    {"conv-even", &elbo_model_vae, COLOUR, {CONV}},
    {"conv-cvae", &elbo_model_cvae, PICTURE, {CONV}},
    {"conv-norm", &elbo_model_vae, PICTURE, {"latent-dim", "4", "net", "conv", "channels", "3,5", "norm", "batch"}},
    {"residual", &elbo_model_vae, PICTURE, {"latent-dim", "4", "net", "conv", "channels", "3", "residual", "1"}},
    {"ae", &elbo_model_ae, PICTURE, {SMALL}},
    {"tied", &elbo_model_ae, PICTURE, {SMALL, "tied", "yes"}},
    {"linear", &elbo_model_ae, PICTURE, {"latent-dim", "4", "hidden", "none", "likelihood", "squared-error"}},
    {"pca", &elbo_model_pca, PICTURE, {"latent-dim", "4"}},
    {"whitened", &elbo_model_pca, PICTURE, {"latent-dim", "4", "whiten", "yes"}},
    {"ppca", &elbo_model_ppca, PICTURE, {"latent-dim", "4"}},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void check(bool done)
{
    if (done)
        return;
    fprintf(stderr, "export_runs: %s\n", elbo_error());
    exit(EXIT_FAILURE);
}

/* In [0, 1), the same in every run of the program. */
static double next_number(void)
{
    static unsigned state = 7;
    state = state * 1103515245u + 12345u;
    return (double)(state >> 8) / (1 << 24);
}

/* Variances are positive, and those of principal components larger than the noise. */
static void make_up_weights(elbo_run *run)
{
    elbo_params *params = elbo_run_params(run);
    for (int i = 0; i < elbo_params_count(params); i++) {
        elbo_tensor to = elbo_params_tensor(params, i);
        const char *name = elbo_params_name(params, i);
        const int64_t n = elbo_shape_size(&to.layout.shape);
        double *values = calloc((size_t)n, sizeof *values);
        for (int64_t k = 0; k < n; k++)
            values[k] = strcmp(name, "noise") == 0 ? 0.25
                        : strstr(name, "var")      ? 0.5 + next_number()
                                                   : next_number() - 0.4;
        const elbo_tensor from = elbo_tensor_of(ELBO_F64, to.layout.shape, values);
        elbo_tensor_copy(&to, &from);
        free(values);
    }
    elbo_params_touch(params);
}

static FILE *create(const char *folder, const char *name)
{
    char path[500];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return file;
}

/* Rows of a and, unless that is NULL, of b beside them; before them labels, unless they are NULL. */
static void write_rows(FILE *file, const int *labels, const float *a, const float *b, int64_t columns)
{
    for (int i = 0; i < IMAGES; i++) {
        if (labels)
            fprintf(file, "%d ", labels[i]);
        for (int64_t k = 0; k < columns; k++)
            fprintf(file, "%s%.9g", k ? " " : "", (double)a[i * columns + k]);
        for (int64_t k = 0; b && k < columns; k++)
            fprintf(file, " %.9g", (double)b[i * columns + k]);
        fprintf(file, "\n");
    }
    fclose(file);
}

static void write_figures(elbo_run *run, const char *folder, bool binary)
{
    static const int all[IMAGES] = {2, 0, 1};
    const int *labels = elbo_run_classes(run) ? all : NULL;
    const int64_t pixels = elbo_run_pixels(run);
    float *x = calloc(IMAGES * (size_t)pixels, sizeof *x), z[IMAGES * LATENT], mean[IMAGES * LATENT],
          logvar[IMAGES * LATENT];
    for (int i = 0; i < IMAGES * pixels; i++)
        x[i] = binary ? (float)(next_number() < 0.5) : (float)next_number();
    for (int i = 0; i < IMAGES * LATENT; i++)
        z[i] = (float)(4 * next_number() - 2);
    write_rows(create(folder, "images"), labels, x, NULL, pixels);
    write_rows(create(folder, "codes"), labels, z, NULL, LATENT);
    const bool normal = elbo_run_posterior(run, x, labels, IMAGES, mean, logvar) == ELBO_OK;
    if (!normal)
        check(elbo_run_encode(run, x, labels, IMAGES, mean) == ELBO_OK);
    write_rows(create(folder, "encoded"), NULL, mean, normal ? logvar : NULL, LATENT);
    check(elbo_run_decode(run, z, labels, IMAGES, x) == ELBO_OK);
    write_rows(create(folder, "decoded"), NULL, x, NULL, pixels);
    free(x);
}

static void write_run(const char *where, const kind *k)
{
    char folder[400], path[500];
    bool binary = false;
    elbo_values *options = elbo_values_new(k->model->options);
    check(options != NULL);
    for (int i = 0; k->options[i]; i += 2) {
        check(elbo_values_set(options, k->options[i], k->options[i + 1]) == ELBO_OK);
        binary |= strcmp(k->options[i], "binarise") == 0;
    }
    elbo_run *run = elbo_run_new(k->model, options, k->image, k->model == &elbo_model_cvae ? CLASSES : 0, 1);
    check(run != NULL);
    make_up_weights(run);
    snprintf(folder, sizeof folder, "%s/%s", where, k->name);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    if (mkdir(folder, 0777) != 0)
        perror(folder);
    check(elbo_run_save(run, path) == ELBO_OK);
    write_figures(run, folder, binary);
    elbo_run_free(run);
    elbo_values_free(options);
}

int main(int argc, char **argv)
{
    for (int i = 0; i < KINDS && argc == 2; i++)
        write_run(argv[1], &kinds[i]);
    return argc == 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
