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
    {"game", {&game}},
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
