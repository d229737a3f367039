/* PixelCNN over the codes of a model that quantises (van den Oord, Kalchbrenner and Kavukcuoglu, arXiv:1601.06759; over
 * codes: van den Oord et al., arXiv:1711.00937):
 *
 *     p(c) = prod_i p(c_i | c_1 ... c_{i-1})
 *
 * in the order of rows of the map (H, W L), the L numbers of a position side by side. A number goes in as a row of a
 * table; then one masked convolution that does not see its own place, others that do, each added to what it is made of,
 * and two layers to the logits of each place.
 *
 * A draw is where the map stays as it is when each number is drawn anew, by its logits from those before it and always
 * by the same random numbers: after pass i the first i are what they will be, and often many more (Wiggers and
 * Hoogeboom, arXiv:2002.09928). */
#include "pixelcnn.h"

#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../../tensor/watch_private.h"
#include "on_codes.h"

static const elbo_option options[] = {
    ELBO__OPTIONS_PIXELCNN(NULL),
    {.name = "codes", .type = ELBO_INTEGER, .default_value = "512", .least = 1, .greatest = 1 << 24},
    ELBO__OPTION_OF_LABELS,
    ELBO_OPTIONS_END,
};

/* ---- the model --------------------------------------------------------------------------------------------------- */

/* The numbers x (B, H W) as channels of a picture (B, C, H, W) */
static elbo_var *embed(elbo_in *in, elbo_var *x, int64_t channels)
{
    const int64_t height = in->image.dim[0], width = in->image.dim[1];
    elbo_var *index = elbo_reshape(elbo_to_i32(x), ELBO_SHAPE(-1));
    elbo_var *rows = elbo_embedding(index, "embedding", elbo_option_integer(in, "codes"), channels);
    rows = elbo_reshape(rows, ELBO_SHAPE(elbo_size(x, 0), height, width, channels));
    return elbo_permute(rows, (int[]){0, 3, 1, 2});
}

/* Logits (B, H W, N) of each number from those before it; x (B, H W) */
static elbo_var *logits(elbo_in *in, elbo_var *x)
{
    const int64_t channels = elbo_option_integer(in, "pixel-channels"), codes = elbo_option_integer(in, "codes");
    const int layers = (int)elbo_option_integer(in, "pixel-layers"),
              kernel = (int)elbo_option_integer(in, "pixel-kernel");
    elbo_var *h = elbo_masked_conv2d(embed(in, x, channels), "conv", channels, kernel, false);
    if (in->y)
        h = elbo_add(h, elbo_reshape(elbo_linear(in->y, "label", channels), ELBO_SHAPE(-1, channels, 1, 1)));
    for (int i = 1; i < layers; i++)
        h = elbo_add(h, elbo_masked_conv2d(elbo_relu(h), elbo_numbered("conv", i + 1).text, channels, kernel, true));
    h = elbo_conv2d_layer(elbo_relu(h), "hidden", channels, 1, 1, 0);
    h = elbo_conv2d_layer(elbo_relu(h), "logits", codes, 1, 1, 0);
    return elbo_reshape(elbo_permute(h, (int[]){0, 2, 3, 1}), ELBO_SHAPE(elbo_size(x, 0), -1, codes));
}

static elbo_dist next_codes(elbo_in *in, elbo_var *x)
{
    elbo_dist d = elbo_categorical(logits(in, x));
    d.event_rank = 2;
    return d;
}

/* The map itself stands for z, at no cost: all of the bound is log p(x|z). */
static elbo_inference infer(elbo_in *in)
{
    const int64_t images = elbo_size(in->x, 0);
    elbo_var *z = elbo_expand(elbo_unsqueeze(in->x, 1), ELBO_SHAPE(images, in->draws, elbo_size(in->x, 1)));
    return elbo_infer_drawn(z, elbo_expand(elbo_constant(in->g, 0), ELBO_SHAPE(images, in->draws)), in->x);
}

static elbo_var *nothing(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_shape shape = elbo_shape_of(x);
    (void)mask;
    shape.ndim--;
    return elbo_expand(elbo_constant(d->graph, 0), shape);
}

static elbo_dist prior(elbo_in *in)
{
    static const elbo_dist_kind kind = {.name = "map", .log_prob = nothing};
    return elbo_dist_of(&kind, elbo_shape_of(in->x), in->x);
}

/* What generate has computed. */
static elbo_var *computed(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    (void)x, (void)mask;
    return d->args[0];
}

static elbo_var *drawn(const elbo_dist *d)
{
    return d->args[0];
}

/* Of a bound the density of in->x; of a map (B, H W) that is decoded the same map with each number drawn anew. */
static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    static const elbo_dist_kind bound = {.name = "codes", .log_prob = computed},
                                anew = {.name = "codes", .mean = drawn};
    if (elbo_ndim(z) == 2) {
        elbo_var *one = elbo_argmax(elbo_sample(next_codes(in, z), "codes", 0), -1);
        return elbo_dist_of(&anew, elbo_shape_of(z), elbo_cast(one));
    }
    elbo_var *of_each = elbo_one_hot(elbo_to_i32(in->x), elbo_option_integer(in, "codes"));
    elbo_var *nats = elbo_unsqueeze(elbo_log_prob(next_codes(in, in->x), of_each, NULL), 1);
    return elbo_dist_of(&bound, elbo_shape_of(z), elbo_expand(nats, ELBO_SHAPE(elbo_size(z, 0), elbo_size(z, 1))));
}

static const elbo_model model = {.name = "sampler-pixelcnn",
                                 .summary = "density of maps of codes",
                                 .options = options,
                                 .infer = infer,
                                 .prior = prior,
                                 .generate = generate};

/* ---- draws ------------------------------------------------------------------------------------------------------- */

/* codes (batch, P) = x (batch, P) with each number drawn anew; first: of which rows the random numbers are */
static elbo_status draw_anew(elbo_run *run, const int *labels, int64_t batch, elbo_at at, const float *x, float *codes)
{
    elbo__piece p = {.batch = batch};
    elbo_status status = elbo__run_plan(run, &(elbo__work){.role = ELBO__DECODE, .batch = batch, .draws = 1},
                                        &p.planned);
    if (status == ELBO_OK)
        status = elbo_plan_bind(p.planned->plan, "z", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(batch, run->pixels), x));
    if (status == ELBO_OK && elbo__run_takes_labels(run))
        status = elbo_plan_bind(p.planned->plan, "labels", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(batch), labels));
    if (status == ELBO_OK)
        status = elbo_plan_run(p.planned->plan, run->params, at);
    return status == ELBO_OK ? elbo__piece_rows(run, &p, 0, run->pixels, codes) : status;
}

/* From nothing until all stays as it is. x and next (batch, P) are room. */
static elbo_status draw_block(elbo_run *run, const int *labels, int64_t batch, elbo_at at, int64_t total, float *x,
                              float *next)
{
    const size_t size = (size_t)(batch * run->pixels) * sizeof *x;
    elbo_status status = ELBO_OK;
    bool changed = true;
    memset(x, 0, size);
    for (int64_t i = 0; i < run->pixels && changed && status == ELBO_OK; i++) {
        status = elbo__watched("drawing codes", (int64_t)at.first_row, total);
        if (status == ELBO_OK)
            status = draw_anew(run, labels, batch, at, x, next);
        changed = status == ELBO_OK && memcmp(x, next, size) != 0;
        memcpy(x, next, size);
    }
    return status;
}

/* So many maps at once that their logits fit in a few megabytes. */
static int64_t block_of(const elbo_run *run, int64_t n)
{
    enum { NUMBERS = 1 << 22, MOST = 64 };
    const int64_t fitting = NUMBERS / (run->pixels * elbo_values_integer(run->options, "codes"));
    const int64_t most = fitting < 1 ? 1 : fitting < MOST ? fitting : MOST;
    return n < most ? n : most;
}

elbo_status elbo__pixelcnn_draw(elbo_run *run, const int *labels, int64_t n, int64_t seed, int32_t *codes)
{
    const int64_t block = block_of(run, n), pixels = run->pixels;
    float *x = elbo__calloc(2 * (size_t)block, (size_t)pixels * sizeof *x);
    elbo_status status = x ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t first = 0; first < n && status == ELBO_OK; first += block) {
        const int64_t batch = n - first < block ? n - first : block;
        const elbo_at at = {.seed = (uint64_t)seed, .first_row = (uint64_t)first};
        status = draw_block(run, labels ? labels + first : NULL, batch, at, n, x, x + block * pixels);
        for (int64_t i = 0; i < batch * pixels && status == ELBO_OK; i++)
            codes[first * pixels + i] = (int32_t)x[i];
    }
    elbo__free(x);
    return status;
}

/* ---- the sampler ------------------------------------------------------------------------------------------------- */

static elbo_status has_map(const elbo_run *run)
{
    return run->map.codes ? ELBO_OK
                          : elbo__fail(ELBO_INVALID, "sampler pixelcnn: the codes of model \"%s\" are no whole numbers",
                                       run->model->name);
}

static elbo_shape shape_of(const elbo_run *run)
{
    return ELBO_SHAPE(run->map.height, run->map.width * run->map.levels);
}

static elbo_status fit(elbo_sampler *s, const elbo__codes *codes)
{
    const size_t size = (size_t)elbo__run_numbers(s->run);
    char count[24];
    elbo__print(count, sizeof count, "%lld", (long long)s->run->map.codes);
    int32_t *numbers = elbo__calloc((size_t)codes->n, size * sizeof *numbers);
    float *x = elbo__calloc((size_t)codes->n, size * sizeof *x);
    elbo_status status = numbers && x ? elbo_run_codes(s->run, codes->images, numbers) : ELBO_NO_MEMORY;
    for (size_t i = 0; i < (size_t)codes->n * size && status == ELBO_OK; i++)
        x[i] = (float)numbers[i];
    if (status == ELBO_OK)
        status = elbo__on_codes_open(s, shape_of(s->run), (const char *const[]){"codes", count, NULL});
    if (status == ELBO_OK)
        status = elbo__on_codes_train(s, x, codes->labels, codes->n, "log-likelihood");
    elbo__free(numbers);
    elbo__free(x);
    return status;
}

static elbo_status draw(elbo_sampler *s, const int *labels, int64_t n, int64_t seed, float *z)
{
    int32_t *codes = elbo__calloc((size_t)n, (size_t)elbo__run_numbers(s->run) * sizeof *codes);
    elbo_status status = codes ? elbo__pixelcnn_draw(s->fitted, labels, n, seed, codes) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_lookup(s->run, codes, n, z);
    elbo__free(codes);
    return status;
}

static elbo_status read(elbo_sampler *s, const elbo_safetensors *file)
{
    elbo_status status = elbo__on_codes_load(s, file, shape_of(s->run));
    const elbo_run *run = s->fitted;
    if (status == ELBO_OK && elbo_values_integer(run->options, "codes") != s->run->map.codes)
        return elbo__fail(ELBO_FORMAT, "is of %lld codes, not of %lld",
                          (long long)elbo_values_integer(run->options, "codes"), (long long)s->run->map.codes);
    return status;
}

const elbo__sampler_kind elbo__sampler_pixelcnn = {.check = has_map,
                                                   .fit = fit,
                                                   .draw = draw,
                                                   .write = elbo__on_codes_write,
                                                   .read = read,
                                                   .release = elbo__on_codes_release,
                                                   .model = &model};
