/* The ladder of several latent levels (Sonderby et al., arXiv:1602.02282). Level 1 is the top, drawn first:
 *
 *     p(z_1) = N(0, I),  p(z_l|z_(l-1)) = N(m_l, s_l^2),  p(x|z_L)
 *     q(z_1|x) = N(m'_1, s'_1^2),  q(z_l|z_(l-1), x) = the product of N(m'_l, s'_l^2) and p(z_l|z_(l-1)), normalised
 *
 * m_l and s_l come from the level above, m'_l and s'_l from x on its way up. Latent variables here are
 * u_l = (z_l - m_l) / s_l, side by side from the top down, so that p(u) = N(0, I) and all that samples or interpolates
 * works on them; to go down from u to z_L is the first thing that the decoder does. Seen from u,
 *
 *     q(u_l|u_(<l), x) = N(w (m'_l - m_l) / s_l, 1 - w),  w = s_l^2 / (s_l^2 + s'_l^2),
 *
 * and log p and log q both gain log s_l, so that weights and KL are those of z. */
#include "posterior_ladder.h"

#include "../../tensor/text.h"

/* A normal's mean and log-variance, which may be NULL: 0 and 0 */
typedef struct {
    elbo_var *mean, *logvar;
} moments;

/* Sizes from the top down. Their sum is that of the latent space, or the graph is in error. */
static elbo_sizes levels_of(elbo_in *in)
{
    const elbo_sizes levels = elbo_option_sizes(in, "levels");
    const int64_t dims = elbo_option_integer(in, "latent-dim");
    int64_t sum = 0;
    for (int i = 0; i < levels.n; i++)
        sum += levels.at[i];
    if (sum != dims)
        elbo_graph_fail(in->g, ELBO_INVALID, "levels: have %lld dimensions in all, and latent-dim is %lld",
                        (long long)sum, (long long)dims);
    return levels;
}

static elbo_var *hidden(elbo_in *in, elbo_var *x)
{
    elbo_var *h = elbo_linear(x, "hidden", elbo_option_integer(in, "level-hidden"));
    return elbo_activation(h, elbo_option_choice(in, "activation"));
}

static moments heads(elbo_var *h, int64_t dims)
{
    elbo_var *mean = elbo_linear(h, "mean", dims);
    return (moments){mean, elbo_linear(h, "logvar", dims)};
}

/* p(z_l|z_(l-1)) of `level` l > 1, from the level above (..., Z): layers decoder.level2.hidden, .mean, .logvar, ... */
static moments below(elbo_in *in, elbo_var *above, int level, int64_t dims)
{
    elbo_var *from = elbo_condition(above, in->y);
    elbo_scope(in->g, elbo_numbered("decoder.level", level).text);
    const moments p = heads(hidden(in, from), dims);
    elbo_scope_end(in->g);
    return p;
}

/* z_l = m_l + s_l u_l */
static elbo_var *placed(moments p, elbo_var *u)
{
    return p.mean ? elbo_add(p.mean, elbo_mul(elbo_exp(elbo_scale(p.logvar, 0.5)), u)) : u;
}

elbo_var *elbo__ladder_place(elbo_in *in, elbo_var *u)
{
    const elbo_sizes levels = levels_of(in);
    elbo_var *z = NULL;
    int64_t first = 0;
    for (int i = 0; i < levels.n && elbo_graph_status(in->g) == ELBO_OK; i++) {
        elbo_var *part = elbo_slice(u, -1, first, levels.at[i]);
        z = placed(i ? below(in, z, i + 1, levels.at[i]) : (moments){.mean = NULL}, part);
        first += levels.at[i];
    }
    return z ? z : u;
}

/* m'_l and log s'_l^2 of all levels, from the bottom up: the encoder's network ends at the lowest level, layers
 * encoder.level1.hidden, ... lead from a level to the next. */
static void climb(elbo_in *in, const elbo_sizes *levels, moments *out)
{
    elbo_var *h = elbo_net_encode(in);
    for (int i = levels->n - 1; i >= 0; i--) {
        elbo_scope(in->g, elbo_numbered("encoder.level", i + 1).text);
        if (i < levels->n - 1)
            h = hidden(in, h);
        out[i] = heads(h, levels->at[i]);
        elbo_scope_end(in->g);
    }
}

/* q(u_l|u_(<l), x) from what came up (B, Z) and p (B, K, Z); of the top, where p is N(0, I), what came up alone */
static moments met(moments up, moments p)
{
    if (!p.mean)
        return up;
    elbo_var *ratio = elbo_sub(p.logvar, elbo_unsqueeze(up.logvar, 1)); /* log s_l^2 / s'_l^2 */
    elbo_var *apart = elbo_sub(elbo_unsqueeze(up.mean, 1), p.mean);
    elbo_var *scaled = elbo_mul(apart, elbo_exp(elbo_scale(p.logvar, -0.5)));
    return (moments){elbo_mul(elbo_sigmoid(ratio), scaled), elbo_neg(elbo_softplus(ratio))};
}

/* Down the ladder. With draws, or along the means, where a level's u is its mean. */
typedef struct {
    elbo_var *u;                  /* (B, K, Z) of all levels                             */
    elbo_var *log_q;              /* (B, K); NULL along the means                        */
    elbo_var *kl[ELBO_MAX_SIZES]; /* (B) of each level; NULL along the means */
} descent;

static elbo_var *sum_of(elbo_var *a, elbo_var *b)
{
    return a ? elbo_add(a, b) : b;
}

static descent descend(elbo_in *in, const elbo_sizes *levels, const moments *up, int draws)
{
    descent d = {.u = NULL};
    elbo_var *u[ELBO_MAX_SIZES], *z = NULL;
    for (int i = 0; i < levels->n; i++) {
        const moments p = i ? below(in, z, i + 1, levels->at[i]) : (moments){.mean = NULL}, q = met(up[i], p);
        u[i] = i ? q.mean : elbo_unsqueeze(q.mean, 1);
        if (draws > 0) {
            const elbo_dist of_level = elbo_normal(q.mean, q.logvar);
            const elbo_draw draw = elbo_rsample(of_level, elbo_numbered("level", i + 1).text, i ? 0 : draws);
            elbo_var *kl = elbo_kl(of_level, elbo_standard_normal(in->g, of_level.shape), NULL);
            u[i] = draw.z;
            d.log_q = sum_of(d.log_q, draw.log_prob);
            d.kl[i] = i ? elbo_mean(kl, (int[]){1}, 1, false) : kl;
        }
        z = placed(p, u[i]);
    }
    d.u = elbo_concat(u, levels->n, -1);
    return d;
}

elbo_inference elbo__ladder_infer(elbo_in *in)
{
    moments up[ELBO_MAX_SIZES];
    const elbo_sizes levels = levels_of(in);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return (elbo_inference){.z = NULL};
    climb(in, &levels, up);
    const descent drawn = descend(in, &levels, up, in->draws), code = descend(in, &levels, up, 0);
    for (int i = 0; i < levels.n; i++) {
        char name[32];
        elbo__print(name, sizeof name, "kl-level%d", i + 1);
        elbo_report(in, name, drawn.kl[i]);
    }
    return elbo_infer_drawn(drawn.u, drawn.log_q, elbo_squeeze(code.u, 1));
}
