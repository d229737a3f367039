/* `export_runs write DIR` writes runs of many kinds into a folder, for the tests of exports, and beside each what the
 * library itself makes of a few codes and images:
 *
 *     DIR/NAME/model.safetensors
 *     DIR/NAME/codes, images      a line each: the label, where the model takes one, and the numbers
 *     DIR/NAME/decoded, encoded   a line each of what elbo_run_decode and elbo_run_posterior or _encode make of it
 *
 * Weights are made up, so that nothing is 0 or 1 by chance of its initial value. With another command it is `elbo`, but
 * knows two models more, which have in them what the library's models have not. */
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

/* ---- models of one's own ----------------------------------------------------------------------------------------- */

/* Pools, windows, norms and a softmax: pictures (7, 6) only. */
static elbo_inference infer_moves(elbo_in *in)
{
    const int64_t images = elbo_size(in->x, 0);
    elbo_var *h = elbo_pad(elbo_reshape(in->x, ELBO_SHAPE(images, 1, 7, 6)), 2, 1, 0);
    h = elbo_add(elbo_upsample2d(elbo_max_pool2d(h, 2), 2), elbo_upsample2d(elbo_avg_pool2d(h, 2), 2));
    h = elbo_reshape(elbo_permute(elbo_pad(h, 3, 0, 2), (int[]){0, 3, 1, 2}), ELBO_SHAPE(images, 64));
    elbo_var *shares = elbo_softmax(elbo_scale(elbo_slice(h, 1, 5, 20), 3), 1);
    h = elbo_concat((elbo_var *[]){elbo_layer_norm(h, "encoder.norm"), shares}, 2, 1);
    return elbo_infer_net(in, h);
}

/* Most of the elementwise ops, each in a column of its own. */
static elbo_dist generate_moves(elbo_in *in, elbo_var *z)
{
    elbo_var *a = elbo_linear(z, "decoder.a", 3), *b = elbo_linear(z, "decoder.b", 3);
    elbo_var *size = elbo_shift(elbo_abs(a), 0.5), *columns[] = {elbo_neg(a),
                                                                 elbo_sign(a),
                                                                 elbo_square(a),
                                                                 elbo_sqrt(size),
                                                                 elbo_reciprocal(size),
                                                                 elbo_exp(a),
                                                                 elbo_expm1(a),
                                                                 elbo_log(size),
                                                                 elbo_log1p(size),
                                                                 elbo_sin(a),
                                                                 elbo_cos(b),
                                                                 elbo_tanh(a),
                                                                 elbo_erf(b),
                                                                 elbo_floor(a),
                                                                 elbo_round(b),
                                                                 elbo_isfinite(a),
                                                                 elbo_sub(a, b),
                                                                 elbo_div(b, size),
                                                                 elbo_pow(size, b),
                                                                 elbo_remainder(b, size),
                                                                 elbo_maximum(a, b),
                                                                 elbo_minimum(a, b),
                                                                 elbo_less(a, b),
                                                                 elbo_less_equal(b, a),
                                                                 elbo_equal(a, a),
                                                                 elbo_where(elbo_less(a, b), a, size),
                                                                 elbo_mul_add(a, b, size),
                                                                 elbo_lerp(a, b, size),
                                                                 elbo_softplus(a),
                                                                 elbo_elu(b, 0.7),
                                                                 elbo_leaky_relu(b, 0.3),
                                                                 elbo_clamp(a, -0.5, 0.25)};
    elbo_var *h = elbo_concat(columns, sizeof columns / sizeof columns[0], -1);
    elbo_shape stack = elbo_shape_of(h);
    stack.dim[stack.ndim++ - 1] = 8;
    stack.dim[stack.ndim - 1] = 12;
    h = elbo_reshape(h, stack);
    h = elbo_matmul(h, elbo_transpose(h)); /* (..., 8, 8) */
    h = elbo_logsumexp(elbo_scale(h, 0.1), -1);
    return elbo_squared_error(elbo_linear(h, "decoder.mean", elbo_size(in->x, -1)));
}

static elbo_inference infer_code(elbo_in *in)
{
    return elbo_infer_code(elbo_net_code(in, in->x));
}

/* Labels as numbers, and as rows of a table. */
static elbo_dist generate_table(elbo_in *in, elbo_var *z)
{
    const int64_t images = elbo_size(in->x, 0);
    elbo_var *labels = elbo_input(in->g, "labels", ELBO_I32, ELBO_SHAPE(images));
    elbo_var *table = elbo_embedding(labels, "decoder.table", CLASSES, LATENT);
    elbo_var *number = elbo_reshape(elbo_cast(labels), ELBO_SHAPE(images, 1));
    if (elbo_ndim(z) == 3) {
        table = elbo_unsqueeze(table, 1);
        number = elbo_unsqueeze(number, 1);
    }
    return elbo_squared_error(elbo_linear(elbo_mul(elbo_add(z, table), number), "decoder.mean", elbo_size(in->x, -1)));
}

static const elbo_option own_options[] = {ELBO_OPTION_LATENT_DIM, ELBO_OPTIONS_END};
static const elbo_model moves = {
    .name = "moves", .options = own_options, .infer = infer_moves, .generate = generate_moves};
static const elbo_model table = {.name = "table",
                                 .options = own_options,
                                 .flags = ELBO_NEEDS_LABELS | ELBO_NO_PRIOR,
                                 .infer = infer_code,
                                 .generate = generate_table};

/* ---- the kinds --------------------------------------------------------------------------------------------------- */

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
    {"moves", &moves, PICTURE, {"latent-dim", "4"}},
    {"table", &table, PICTURE, {"latent-dim", "4"}},
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
    elbo_values *options = elbo_model_values(k->model);
    check(options != NULL);
    for (int i = 0; k->options[i]; i += 2) {
        check(elbo_values_set(options, k->options[i], k->options[i + 1]) == ELBO_OK);
        binary |= strcmp(k->options[i], "binarise") == 0;
    }
    elbo_run *run = elbo_run_new(k->model, options, k->image, elbo_model_takes_labels(k->model, options) ? CLASSES : 0,
                                 1);
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
    const elbo_model *models[] = {&elbo_model_vae,  &elbo_model_cvae, &elbo_model_ae, &elbo_model_pca,
                                  &elbo_model_ppca, &moves,           &table,         NULL};
    if (argc != 3 || strcmp(argv[1], "write") != 0)
        return elbo_main(argc, argv, models);
    for (int i = 0; i < KINDS; i++)
        write_run(argv[2], &kinds[i]);
    return EXIT_SUCCESS;
}
