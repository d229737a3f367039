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
#include <string.h>

#include "../../tensor/text.h"
#include "parts_private.h"

/* A normal's mean and log-variance, which may be NULL: 0 and 0 */
typedef struct {
    elbo_var *mean, *logvar;
} moments;

static elbo_var *hidden(elbo_in *in, elbo_var *x)
{
    elbo_var *h = elbo_linear(x, "hidden", elbo_option_integer(in, "ladder-hidden"));
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

static elbo_var *place(elbo_in *in, elbo_var *u)
{
    const elbo_sizes levels = elbo_option_sizes(in, "ladder-dims");
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

/* Of a level on the way down: p of z_l and q of u_l, given the levels above */
typedef struct {
    moments p, q;
} meeting;

static meeting meet(elbo_in *in, const elbo_sizes *levels, const moments *up, elbo_var *z, int i)
{
    meeting m = {.p = {.mean = NULL}};
    if (i > 0)
        m.p = below(in, z, i + 1, levels->at[i]);
    m.q = met(up[i], m.p);
    return m;
}

/* The KL of a level's q from N(0, I), a mean over draws, which is that of z_l's q and p; of what is inferred first */
static void report_kl(elbo_in *in, elbo_dist q, int level)
{
    char name[32];
    elbo__print(name, sizeof name, "kl-level%d", level);
    for (int i = 0; i < in->n_metrics; i++)
        if (strcmp(in->metrics[i].name, name) == 0)
            return;
    elbo_report(in, name, elbo_mean_all(elbo_kl(q, elbo_standard_normal(in->g, q.shape), NULL)));
}

/* Draws of u (B, K, Z). Option gradient is of the top alone, whose q no draw depends on. */
static elbo_inference descend(elbo_in *in, const elbo_sizes *levels, const moments *up)
{
    const elbo_dist top = elbo_normal(up[0].mean, up[0].logvar);
    elbo_inference i = elbo_infer_from(in, top);
    elbo_var *u[ELBO_MAX_SIZES] = {i.z}, *z = i.z;
    report_kl(in, top, 1);
    for (int l = 1; l < levels->n; l++) {
        const meeting at = meet(in, levels, up, z, l);
        const elbo_dist q = elbo_normal(at.q.mean, at.q.logvar);
        const elbo_draw draw = elbo_rsample(q, elbo_numbered("z.level", l + 1).text, 0);
        report_kl(in, q, l + 1);
        u[l] = draw.z;
        z = placed(at.p, draw.z);
        i.log_q = elbo_add(i.log_q, draw.log_prob);
    }
    i.z = elbo_concat(u, levels->n, -1);
    i.q = (elbo_dist){.kind = NULL};
    return i;
}

/* u (B, Z) along the means, where that of a level is its q's given those above */
static elbo_var *means(elbo_in *in, const elbo_sizes *levels, const moments *up)
{
    elbo_var *u[ELBO_MAX_SIZES], *z = NULL;
    for (int l = 0; l < levels->n; l++) {
        const meeting at = meet(in, levels, up, z, l);
        u[l] = l > 0 ? at.q.mean : elbo_unsqueeze(at.q.mean, 1);
        z = placed(at.p, u[l]);
    }
    return elbo_squeeze(elbo_concat(u, levels->n, -1), 1);
}

static elbo_inference infer(elbo_in *in)
{
    moments up[ELBO_MAX_SIZES];
    const elbo_sizes levels = elbo_option_sizes(in, "ladder-dims");
    if (levels.n < 1)
        elbo_graph_fail(in->g, ELBO_INVALID, "option \"ladder-dims\": there are none");
    climb(in, &levels, up);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return (elbo_inference){.z = NULL};
    elbo_inference i = descend(in, &levels, up);
    i.code = means(in, &levels, up);
    return i;
}

static int64_t dims(elbo_in *in)
{
    const elbo_sizes levels = elbo_option_sizes(in, "ladder-dims");
    int64_t sum = 0;
    for (int i = 0; i < levels.n; i++)
        sum += levels.at[i];
    return sum;
}

const elbo__posterior elbo__posterior_ladder = {.infer = infer, .dims = dims, .place = place};
