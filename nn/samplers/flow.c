/* Autoregressive flows as densities of codes: steps
 *
 *     forth   v_i = (y_i - m_i) exp(-s_i),     m_i, s_i of y_1 ... y_{i-1} by MADE;     log |dv/dy| = -sum_i s_i
 *     back    y_i = m_i + v_i exp(s_i), entry after entry: Z passes of the network
 *
 * through the entries forwards and backwards in turn. maf turns codes into noise by going forth (Papamakarios et al.,
 * arXiv:1705.07057): its density takes one pass a step, a draw Z. iaf does by going back (Kingma et al.,
 * arXiv:1606.04934): a draw takes one pass, the density, and so the fit, Z. */
#include "on_codes.h"

/* |s| stays below this: what is far from all codes must not overflow. */
#define MOST_SCALE 7.0

static const elbo_option options[] = {ELBO__OPTIONS_FLOWS(NULL), ELBO__OPTION_OF_LABELS, ELBO_OPTIONS_END};

/* Codes (B, Z) under way, with the sum of the logarithms (B) so far. */
typedef struct {
    elbo_var *z, *log_det;
} moved;

/* A step, within a scope of its own. */
typedef moved flow_step(elbo_in *in, elbo_var *z, bool backwards);

static void autoregress(elbo_in *in, elbo_var *y, bool backwards, elbo_var **m, elbo_var **s)
{
    const elbo_sizes hidden = elbo_option_sizes(in, "flow-hidden");
    const int64_t dims = elbo_size(y, -1);
    elbo_var *both = elbo_made(y, in->y, "made", (elbo_made_shape){hidden.at, hidden.n, "relu", 2, backwards});
    *m = elbo_slice(both, -1, 0, dims);
    *s = elbo_scale(elbo_tanh(elbo_scale(elbo_slice(both, -1, dims, dims), 1 / MOST_SCALE)), MOST_SCALE);
}

static moved forth(elbo_in *in, elbo_var *y, bool backwards)
{
    elbo_var *m, *s;
    autoregress(in, y, backwards, &m, &s);
    return (moved){elbo_mul(elbo_sub(y, m), elbo_exp(elbo_neg(s))), elbo_neg(elbo_sum_axis(s, -1))};
}

/* After pass i the first i entries (or the last) are what they will be. */
static moved back(elbo_in *in, elbo_var *v, bool backwards)
{
    elbo_var *y = elbo_scale(v, 0), *m, *s = y;
    for (int64_t i = 0; i < elbo_size(v, -1); i++) {
        autoregress(in, y, backwards, &m, &s);
        y = elbo_add(m, elbo_mul(v, elbo_exp(s)));
    }
    return (moved){y, elbo_sum_axis(s, -1)};
}

/* All steps from codes towards noise, or (reversed) from noise towards codes. */
static moved flow(elbo_in *in, elbo_var *z, flow_step step, bool reversed)
{
    const int steps = (int)elbo_option_integer(in, "flow-blocks");
    moved sum = {z, elbo_constant(in->g, 0)};
    for (int i = 0; i < steps; i++) {
        const int at = reversed ? steps - 1 - i : i;
        elbo_scope(in->g, elbo_numbered("flow", at + 1).text);
        const moved next = step(in, sum.z, at % 2 == 1);
        elbo_scope_end(in->g);
        sum = (moved){next.z, elbo_add(sum.log_det, next.log_det)};
    }
    return sum;
}

static elbo_inference infer(elbo_in *in, flow_step step)
{
    const elbo__scale scale = elbo__scale_of(in);
    const moved noise = flow(in, elbo_div(elbo_sub(in->x, scale.mean), scale.deviation), step, false);
    elbo_var *log_det = elbo_sub(noise.log_det, elbo_sum_all(elbo_log(scale.deviation)));
    const elbo_shape draws = ELBO_SHAPE(elbo_size(in->x, 0), in->draws, elbo_size(in->x, 1));
    return elbo_infer_drawn(elbo_expand(elbo_unsqueeze(noise.z, 1), draws),
                            elbo_expand(elbo_unsqueeze(elbo_neg(log_det), 1), ELBO_SHAPE(draws.dim[0], draws.dim[1])),
                            noise.z);
}

static elbo_var *codes(elbo_in *in, elbo_var *z, flow_step step)
{
    const elbo__scale scale = elbo__scale_of(in);
    return elbo_add(elbo_mul(flow(in, z, step, true).z, scale.deviation), scale.mean);
}

#define FLOW(id, to_noise, to_codes)                                                                                   \
    static elbo_inference infer_##id(elbo_in *in)                                                                      \
    {                                                                                                                  \
        return infer(in, to_noise);                                                                                    \
    }                                                                                                                  \
    static elbo_var *codes_##id(elbo_in *in, elbo_var *z)                                                              \
    {                                                                                                                  \
        return codes(in, z, to_codes);                                                                                 \
    }                                                                                                                  \
    static elbo_dist generate_##id(elbo_in *in, elbo_var *z)                                                           \
    {                                                                                                                  \
        return elbo__code_of_noise(in, z, codes_##id);                                                                 \
    }                                                                                                                  \
    static const elbo_model id = {.name = "sampler-" #id,                                                              \
                                  .summary = "autoregressive flow of codes",                                           \
                                  .options = options,                                                                  \
                                  .infer = infer_##id,                                                                 \
                                  .prior = elbo__noise,                                                                \
                                  .generate = generate_##id};                                                          \
    const elbo__sampler_kind elbo__sampler_##id = {.fit = elbo__on_codes_fit,                                          \
                                                   .draw = elbo__on_codes_draw,                                        \
                                                   .log_prob = elbo__on_codes_log_prob,                                \
                                                   .write = elbo__on_codes_write,                                      \
                                                   .read = elbo__on_codes_read,                                        \
                                                   .release = elbo__on_codes_release,                                  \
                                                   .model = &id};

FLOW(maf, forth, back)
FLOW(iaf, back, forth)
