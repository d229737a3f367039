#include "discriminator.h"

#include "parts_private.h"

/* (..., n) -> (R, n) */
static elbo_var *rows(elbo_var *x)
{
    return elbo_reshape(x, ELBO_SHAPE(-1, elbo_size(x, -1)));
}

/* The label of each row of x (B, D) or (B, K, D): (R, C), or NULL */
static elbo_var *labels_of(elbo_in *in, elbo_var *x)
{
    if (!in->y || elbo_ndim(x) == 2)
        return in->y;
    const elbo_shape shape = ELBO_SHAPE(elbo_size(x, 0), elbo_size(x, 1), elbo_size(in->y, 1));
    return rows(elbo_expand(elbo_unsqueeze(in->y, 1), shape));
}

static elbo__judgement finish(elbo_in *in, elbo_var *h, elbo__judgement j)
{
    const elbo_sizes hidden = elbo_option_sizes(in, "discriminator-hidden");
    const double slope = elbo_option_number(in, "discriminator-slope");
    for (int i = 0; i < hidden.n; i++) {
        h = elbo_linear(h, elbo_numbered("discriminator.hidden", i + 1).text, hidden.at[i]);
        h = j.at[j.n++] = elbo_leaky_relu(h, slope);
    }
    j.logits = elbo_squeeze(elbo_linear(h, "discriminator.out", 1), 1);
    return j;
}

elbo__judgement elbo__judge_codes(elbo_in *in, elbo_var *z, bool labelled)
{
    return finish(in, rows(elbo_condition(z, labelled ? in->y : NULL)), (elbo__judgement){.n = 0});
}

elbo__judgement elbo__judge_pictures(elbo_in *in, elbo_var *x)
{
    elbo__judgement j = {.n = 0};
    elbo_var *h = elbo__net_of(in)->judge(in, rows(x), labels_of(in, x), &j);
    return finish(in, h, j);
}

elbo_var *elbo__cost_of_real(elbo__judgement j)
{
    return elbo_mean_all(elbo_softplus(elbo_neg(j.logits)));
}

elbo_var *elbo__cost_of_made(elbo__judgement j)
{
    return elbo_mean_all(elbo_softplus(j.logits));
}

elbo_loss elbo__discriminator(elbo_in *in, elbo_var *value)
{
    const elbo_optim optim = {.name = "adam",
                              .beta1 = elbo_option_number(in, "discriminator-beta1"),
                              .beta2 = elbo_option_number(in, "discriminator-beta2")};
    return (elbo_loss){.name = "discriminator",
                       .value = value,
                       .params = "discriminator.",
                       .optim = optim,
                       .lr = elbo_option_number(in, "discriminator-lr")};
}
