#include "likelihood.h"

#include <math.h>
#include <string.h>

#include "likelihood_private.h"
#include "net.h"

#define LEAST_VARIANCE 1e-4

const char *const elbo_reconstruction_names[] = {"bernoulli", "squared-error", NULL};
const char *const elbo_learned_variance_names[] = {"no", "shared", "pixel", NULL};
const char *const elbo_mean_names[] = {"linear", "sigmoid", NULL};

/* ---- what decoders put out --------------------------------------------------------------------------------------- */

/* log(LEAST_VARIANCE + e^h) */
elbo_var *elbo__variance_bounded(elbo_var *h)
{
    const double least = log(LEAST_VARIANCE);
    return elbo_shift(elbo_softplus(elbo_shift(h, -least)), least);
}

/* h within -most..most, and nearly h where that is far away: e^h is then a number that f32 can work with. */
elbo_var *elbo__bounded(elbo_var *h, double most)
{
    return elbo_scale(elbo_tanh(elbo_scale(h, 1 / most)), most);
}

static elbo_var *mean_of(elbo_in *in, elbo_var *h)
{
    elbo_var *mean = elbo_net_output(in, h, "decoder.mean");
    const char *kind = elbo_option_declared(in, "mean") ? elbo_option_choice(in, "mean") : "linear";
    return strcmp(kind, "sigmoid") == 0 ? elbo_sigmoid(mean) : mean;
}

/* The log-variance of each value of `mean`; NULL where it is option variance of all. */
static elbo_var *logvar_of(elbo_in *in, elbo_var *h, elbo_var *mean)
{
    const char *learned = elbo_option_declared(in, "learn-variance") ? elbo_option_choice(in, "learn-variance") : "no";
    const double variance = elbo_option_number(in, "variance");
    if (strcmp(learned, "pixel") == 0)
        return elbo__variance_bounded(elbo_net_output(in, h, "decoder.logvar"));
    if (strcmp(learned, "no") == 0)
        return NULL;
    if (variance <= LEAST_VARIANCE)
        return elbo_graph_fail(in->g, ELBO_INVALID, "variance %g: one that is learned begins above %g", variance,
                               LEAST_VARIANCE);
    const elbo_init begin = elbo_init_constant(
        log(variance - LEAST_VARIANCE)); /* elbo__variance_bounded gives `variance` */
    elbo_var *one = elbo_param(in->g, "decoder.logvar", ELBO_SCALAR, begin);
    /* computed for each image, which is little, and spares the others the wait for a single number */
    elbo_shape of_each = elbo_shape_of(mean);
    for (int i = 1; i < of_each.ndim; i++)
        of_each.dim[i] = 1;
    return elbo_expand(elbo__variance_bounded(elbo_expand(one, of_each)), elbo_shape_of(mean));
}

/* ---- pixels ------------------------------------------------------------------------------------------------------ */

static elbo_dist bernoulli(elbo_in *in, elbo_var *h)
{
    return elbo_bernoulli(elbo_net_output(in, h, "decoder.logits"));
}

static elbo_dist continuous_bernoulli(elbo_in *in, elbo_var *h)
{
    return elbo_continuous_bernoulli(elbo_net_output(in, h, "decoder.logits"));
}

static elbo_dist gaussian(elbo_in *in, elbo_var *h)
{
    elbo_var *mean = mean_of(in, h), *logvar = logvar_of(in, h, mean);
    return logvar ? elbo_normal(mean, logvar) : elbo_normal_fixed(mean, elbo_option_number(in, "variance"));
}

/* Of scale b, whose variance is 2 b^2 */
static elbo_dist laplace(elbo_in *in, elbo_var *h)
{
    elbo_var *mean = mean_of(in, h), *logvar = logvar_of(in, h, mean);
    if (!logvar)
        logvar = elbo_expand(elbo_constant(in->g, log(elbo_option_number(in, "variance"))), elbo_shape_of(mean));
    return elbo_laplace(mean, elbo_scale(elbo_shift(logvar, -M_LN2), 0.5));
}

static elbo_dist squared_error(elbo_in *in, elbo_var *h)
{
    return elbo_squared_error(mean_of(in, h));
}

static elbo_dist ms_ssim(elbo_in *in, elbo_var *h)
{
    elbo_var *mean = elbo_sigmoid(elbo_net_output(in, h, "decoder.logits"));
    return elbo_ms_ssim(mean, in->image, (int)elbo_option_integer(in, "ssim-window"));
}

static elbo_dist beta(elbo_in *in, elbo_var *h)
{
    elbo_var *log_a = elbo__bounded(elbo_net_output(in, h, "decoder.white"), 8);
    elbo_var *log_b = elbo__bounded(elbo_net_output(in, h, "decoder.black"), 8);
    return elbo_beta_density(log_a, log_b, 1.0 / 512);
}

static elbo_dist categorical(elbo_in *in, elbo_var *h)
{
    return elbo_levels(elbo_net_outputs(in, h, "decoder.logits", elbo_option_integer(in, "levels")));
}

/* n logistic distributions of each pixel: (..., D, n) */
static elbo_dist logistics(elbo_in *in, elbo_var *h, int64_t n)
{
    elbo_var *mean = elbo_net_outputs(in, h, "decoder.mean", n);
    elbo_var *logscale = elbo__bounded(elbo_net_outputs(in, h, "decoder.logscale", n), 8);
    return elbo_discretised_logistic(mean, logscale, (int)elbo_option_integer(in, "levels"));
}

static elbo_dist logistic_mixture(elbo_in *in, elbo_var *h)
{
    const int64_t n = elbo_option_integer(in, "logistic-components");
    elbo_dist components = logistics(in, h, n);
    components.event_rank = 0;
    return elbo_mixture(elbo_net_outputs(in, h, "decoder.weights", n), components);
}

static elbo_dist logistic(elbo_in *in, elbo_var *h)
{
    elbo_dist d = logistics(in, h, 1);
    for (int i = 0; i < 2; i++)
        d.args[i] = elbo_squeeze(d.args[i], -1);
    d.shape.ndim--;
    return d;
}

/* ---- counts ------------------------------------------------------------------------------------------------------ */

static elbo_var *log_mean(elbo_in *in, elbo_var *h)
{
    return elbo__bounded(elbo_net_output(in, h, "decoder.logmean"), 20);
}

/* The size of a value is the same for all images. */
static elbo_var *log_size(elbo_in *in, elbo_var *mean)
{
    elbo_var *size = elbo_param(in->g, "decoder.logsize", ELBO_SHAPE(elbo_size(in->x, -1)), elbo_init_zeros());
    return elbo_expand(elbo__bounded(size, 10), elbo_shape_of(mean));
}

static elbo_dist poisson(elbo_in *in, elbo_var *h)
{
    return elbo_poisson(log_mean(in, h));
}

static elbo_dist negative_binomial(elbo_in *in, elbo_var *h)
{
    elbo_var *mean = log_mean(in, h);
    return elbo_negative_binomial(mean, log_size(in, mean));
}

static elbo_dist zero_inflated_negative_binomial(elbo_in *in, elbo_var *h)
{
    elbo_var *mean = log_mean(in, h);
    return elbo_zero_inflated_negative_binomial(mean, log_size(in, mean), elbo_net_output(in, h, "decoder.zero"));
}

/* log(1 + x): counts of any size become numbers that a network works well with. (Noise may have made them negative.) */
static elbo_var *seen_counts(elbo_in *in)
{
    return elbo_log1p(elbo_relu(in->x));
}

/* ---- by option --------------------------------------------------------------------------------------------------- */

/* One list for the choices and the table: name, function, values of x, what the encoder sees of them. */
#define LIKELIHOODS(ROW)                                                                                               \
    ROW("bernoulli", bernoulli, UNIT, NULL)                                                                            \
    ROW("continuous-bernoulli", continuous_bernoulli, UNIT, NULL)                                                      \
    ROW("gaussian", gaussian, ANY, NULL)                                                                               \
    ROW("laplace", laplace, ANY, NULL)                                                                                 \
    ROW("beta", beta, UNIT, NULL)                                                                                      \
    ROW("categorical", categorical, UNIT, NULL)                                                                        \
    ROW("logistic", logistic, UNIT, NULL)                                                                              \
    ROW("logistic-mixture", logistic_mixture, UNIT, NULL)                                                              \
    ROW("poisson", poisson, COUNTS, seen_counts)                                                                       \
    ROW("negative-binomial", negative_binomial, COUNTS, seen_counts)                                                   \
    ROW("zero-inflated-negative-binomial", zero_inflated_negative_binomial, COUNTS, seen_counts)                       \
    ROW("columns", elbo__columns_likelihood, COLUMNS, elbo__columns_seen)                                              \
    ROW("squared-error", squared_error, ANY, NULL)                                                                     \
    ROW("ms-ssim", ms_ssim, UNIT, NULL)
#define NAME(name, ...) name,
#define ENTRY(name, make, values, seen) {name, make, ELBO__##values, seen},

const char *const elbo_likelihood_names[] = {LIKELIHOODS(NAME) NULL};

typedef struct {
    const char *name;
    elbo_dist (*make)(elbo_in *in, elbo_var *h);
    elbo__values values;
    elbo_var *(*seen)(elbo_in *in); /* NULL: x itself */
} likelihood;

static const likelihood *find(const char *name)
{
    static const likelihood all[] = {LIKELIHOODS(ENTRY)};
    for (size_t i = 0; name && i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

elbo_dist elbo_likelihood(elbo_in *in, elbo_var *h)
{
    const char *name = elbo_option_choice(in, "likelihood");
    const likelihood *l = find(name);
    return l ? l->make(in, h) : elbo_bernoulli(elbo_graph_fail(in->g, ELBO_INVALID, "no likelihood \"%s\"", name));
}

elbo__values elbo__likelihood_values(const elbo_values *options)
{
    const elbo_value *chosen = options ? elbo_values_get(options, "likelihood", ELBO_CHOICE) : NULL;
    const likelihood *l = chosen ? find(chosen->text) : NULL;
    return l ? l->values : ELBO__ANY;
}

elbo_var *elbo__likelihood_seen(elbo_in *in)
{
    const likelihood *l = elbo_option_declared(in, "likelihood") ? find(elbo_option_choice(in, "likelihood")) : NULL;
    return l && l->seen ? l->seen(in) : in->x;
}

elbo_var *elbo__likelihood_learned(elbo_in *in, elbo_var *x)
{
    switch (elbo__likelihood_values(in->options)) {
    case ELBO__COUNTS: return elbo_exp(x);
    case ELBO__COLUMNS:
        return elbo_graph_fail(in->g, ELBO_INVALID, "columns have words, and no row of them can be learned");
    default: return elbo_sigmoid(x);
    }
}
