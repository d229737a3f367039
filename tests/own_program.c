/* own_program LIST ARGUMENT...: elbo_main with a list of models that is chosen by name, in the locale of the
 * environment, which the program asks for as many do. */
#include <elbo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static elbo_inference infer(elbo_in *in)
{
    elbo_var *h = elbo_linear(elbo_net_encode(in), "encoder.petals", elbo_option_integer(in, "petals"));
    return elbo_infer_net(in, elbo_relu(h));
}

static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    return elbo_likelihood(in, elbo_net_decode(in, z));
}

/* Two players in turns, without an option. */
static elbo_inference game_infer(elbo_in *in)
{
    return elbo_infer_code(elbo_linear(in->x, "encoder", 2));
}

static elbo_dist game_prior(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), 2));
}

static elbo_dist game_generate(elbo_in *in, elbo_var *z)
{
    return elbo_squared_error(elbo_linear(z, "decoder", elbo_size(in->x, -1)));
}

static int game_losses(elbo_in *in, elbo_loss *out)
{
    elbo_inference i;
    const elbo_bound bound = elbo_model_bound(in, NULL, &i);
    elbo_var *doubt = elbo_square(elbo_linear(i.code, "critic", 1));
    out[0] = (elbo_loss){.name = "builder", .value = elbo_mean_all(bound.recon), .params = "encoder. decoder."};
    out[1] = (elbo_loss){
        .name = "critic", .value = elbo_mean_all(doubt), .params = "critic.", .lr = 1e-2, .every = 2, .phase = 1};
    elbo_report(in, "width", elbo_sum_axis(elbo_square(i.code), 1));
    return 2;
}

static const elbo_model game = {.name = "game",
                                .summary = "two players",
                                .infer = game_infer,
                                .prior = game_prior,
                                .generate = game_generate,
                                .losses = game_losses};

/* A decoder of all that there are operations for, each on numbers that it is defined on: what is made of a run
 * elsewhere, such as the decoder in the page of a report, has to know them. */
enum { EVERY = 6 };

typedef elbo_var *one_function(elbo_var *a);
typedef elbo_var *two_function(elbo_var *a, elbo_var *b);
typedef elbo_var *three_function(elbo_var *a, elbo_var *b, elbo_var *c);

static elbo_var *leaky_relu(elbo_var *a)
{
    return elbo_leaky_relu(a, 0.2);
}

static elbo_var *elu(elbo_var *a)
{
    return elbo_elu(a, 0.7);
}

static elbo_var *largest(elbo_var *a)
{
    return elbo_max(a, (const int[]){1}, 1, true);
}

static elbo_var *softmax(elbo_var *a)
{
    return elbo_softmax(a, 1);
}

static elbo_var *turned(elbo_var *a)
{
    elbo_var *cube = elbo_reshape(a, ELBO_SHAPE(-1, 2, 3));
    return elbo_reshape(elbo_permute(cube, (const int[]){0, 2, 1}), ELBO_SHAPE(-1, EVERY));
}

/* (B, 6) -> (B, 2, 3) (B, 3, 2) = (B, 2, 2) */
static elbo_var *products(elbo_var *a)
{
    elbo_var *cube = elbo_reshape(a, ELBO_SHAPE(-1, 2, 3));
    return elbo_reshape(elbo_matmul(cube, elbo_transpose(cube)), ELBO_SHAPE(-1, 4));
}

static elbo_var *cut(elbo_var *a)
{
    return elbo_pad(elbo_slice(a, 1, 1, 3), 1, 2, 1);
}

static elbo_var *sums(elbo_var *a)
{
    return elbo_sum_axis(elbo_reshape(a, ELBO_SHAPE(-1, 2, 3)), 1);
}

static elbo_dist every_generate(elbo_in *in, elbo_var *z)
{
    /* of numbers of any sign; between 0.3 and 1.7 */
    static one_function *const any[] = {elbo_copy,     elbo_neg,  elbo_abs,     elbo_sign,  elbo_square, elbo_exp,
                                        elbo_expm1,    elbo_sin,  elbo_cos,     elbo_tanh,  elbo_erf,    elbo_sigmoid,
                                        elbo_softplus, elbo_relu, elbo_floor,   elbo_round, elbo_gelu,   elbo_silu,
                                        leaky_relu,    elu,       largest,      softmax,    turned,      products,
                                        cut,           sums,      elbo_isfinite};
    static one_function *const positive[] = {elbo_sqrt,   elbo_reciprocal, elbo_log,     elbo_log1p,
                                             elbo_lgamma, elbo_digamma,    elbo_trigamma};
    static two_function *const two[] = {elbo_add,  elbo_sub,        elbo_mul,     elbo_div,
                                        elbo_pow,  elbo_remainder,  elbo_maximum, elbo_minimum,
                                        elbo_less, elbo_less_equal, elbo_equal};
    static three_function *const three[] = {elbo_where, elbo_mul_add, elbo_lerp};
    enum { ANY = sizeof any / sizeof any[0], POSITIVE = sizeof positive / sizeof positive[0] };
    enum { TWO = sizeof two / sizeof two[0], THREE = sizeof three / sizeof three[0] };
    elbo_shape out = elbo_shape_of(z);
    elbo_var *a = elbo_reshape(z, ELBO_SHAPE(-1, EVERY)), *b = elbo_shift(elbo_scale(elbo_sigmoid(a), 1.4), 0.3);
    elbo_var *c = elbo_slice(b, 1, 2, 1); /* repeated along rows */
    elbo_var *parts[ANY + POSITIVE + TWO + THREE];
    int n = 0;
    for (int i = 0; i < ANY; i++)
        parts[n++] = any[i](a);
    for (int i = 0; i < POSITIVE; i++)
        parts[n++] = positive[i](b);
    for (int i = 0; i < TWO; i++)
        parts[n++] = two[i](b, c);
    for (int i = 0; i < THREE; i++)
        parts[n++] = three[i](elbo_less(a, b), b, c);
    out.dim[out.ndim - 1] = elbo_size(in->x, -1);
    elbo_var *x = elbo_linear(elbo_tanh(elbo_concat(parts, n, 1)), "decoder", elbo_size(in->x, -1));
    return elbo_likelihood(in, elbo_reshape(x, out));
}

static elbo_inference every_infer(elbo_in *in)
{
    return elbo_infer_code(elbo_linear(in->x, "encoder", EVERY));
}

static const elbo_option every_options[] = {ELBO_OPTION_LIKELIHOOD, ELBO_OPTIONS_END};
static const elbo_model every = {.name = "every",
                                 .summary = "all operations",
                                 .options = every_options,
                                 .flags = ELBO_NO_PRIOR,
                                 .infer = every_infer,
                                 .generate = every_generate};

/* As short as a row can be: no range, no metavar. */
#define COUNT_OPTION(its_name)                                                                                         \
    {                                                                                                                  \
        .name = its_name, .type = ELBO_INTEGER, .default_value = "3", .help = "a number"                               \
    }
static const elbo_option options[] = {ELBO_MODEL_OPTIONS, COUNT_OPTION("petals"), ELBO_OPTIONS_END};
static const elbo_option clashing[] = {ELBO_MODEL_OPTIONS, COUNT_OPTION("threads"), ELBO_OPTIONS_END};

#define MODEL(its_name, its_options)                                                                                   \
    {                                                                                                                  \
        .name = its_name, .summary = "of a test", .options = its_options, .infer = infer, .generate = generate         \
    }
static const elbo_model mine = MODEL("mine", options), nameless = MODEL(NULL, options),
                        clash = MODEL("clash", clashing);

static const struct {
    const char *name;
    const elbo_model *models[4];
} lists[] = {
    {"mine", {&mine}},   {"both", {&mine, &elbo_model_vae}},
    {"none", {NULL}},    {"twins", {&mine, &elbo_model_vae, &mine}},
    {"clash", {&clash}}, {"nameless", {&mine, &nameless}},
    {"game", {&game}},   {"every", {&every}},
};

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    for (size_t i = 0; argc > 1 && i < sizeof lists / sizeof lists[0]; i++)
        if (strcmp(argv[1], lists[i].name) == 0) {
            argv[1] = argv[0];
            return elbo_main(argc - 1, argv + 1, lists[i].models);
        }
    fprintf(stderr, "own_program LIST ARGUMENT...\n");
    return 99;
}
