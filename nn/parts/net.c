#include "net.h"

#include <string.h>

#include "likelihood_private.h"
#include "parts_private.h"

/* ---- dense ------------------------------------------------------------------------------------------------------- */

/* The encoder's dense layer i, counted from 0: encoder.hidden, encoder.hidden2, ..., and after the last of them the
 * layer that gives the code, where there is one. */
static elbo_layer_name encoder_name(const elbo_sizes *hidden, int i)
{
    return i < hidden->n ? elbo_numbered("encoder.hidden", i + 1) : elbo_numbered("encoder.code", 1);
}

elbo_var *elbo__net_linear(elbo_in *in, elbo_var *x, const char *name, int64_t out)
{
    const char *init = elbo_option_declared(in, "init") ? elbo_option_choice(in, "init") : elbo_net_init_names[0];
    if (strcmp(init, "glorot") == 0)
        return elbo_linear_init(x, name, out, elbo_init_glorot(), elbo_init_zeros());
    if (strcmp(init, "he") == 0)
        return elbo_linear_init(x, name, out, elbo_init_he(), elbo_init_zeros());
    return elbo_linear(x, name, out);
}

elbo_var *elbo__encoder_layers(elbo_in *in, elbo_var *x, elbo_units *units)
{
    const elbo_sizes hidden = elbo_option_sizes(in, "hidden");
    for (int i = 0; i < hidden.n; i++) {
        x = elbo__net_linear(in, x, encoder_name(&hidden, i).text, hidden.at[i]);
        x = elbo_activation(x, elbo_option_choice(in, "activation"));
        units->at[units->n++] = x;
    }
    return x;
}

/* The decoder's first dense layer where there is a hidden one: what the posterior's space asks for. */
static elbo__layer first_layer(elbo_in *in)
{
    const elbo__posterior *q = elbo__posterior_of(in);
    return q->layer ? q->layer : elbo__net_linear;
}

/* Layer `name` (..., in) -> (..., out), which mirrors dense layer i of the encoder: with option tied it has the weight
 * of that one, transposed. */
static elbo_var *decoder_layer(elbo_in *in, elbo_var *h, const char *name, int i, int64_t out)
{
    const bool tied = elbo_option_declared(in, "tied") && elbo_option_flag(in, "tied");
    if (!tied && i == 0) /* of a model of one's own, too, which has a likelihood and no other option */
        return elbo__net_linear(in, h, name, out);
    const elbo_sizes hidden = elbo_option_sizes(in, "hidden");
    const elbo__layer layer = i > 0 && i == hidden.n ? first_layer(in) : elbo__net_linear;
    if (!tied)
        return layer(in, h, name, out);
    const elbo_init init = elbo_init_fan_in(elbo_size(h, -1));
    elbo_scope(in->g, encoder_name(&hidden, i).text);
    elbo_var *w = elbo_param(in->g, "weight", ELBO_SHAPE(elbo_size(h, -1), out), init);
    elbo_scope_end(in->g);
    elbo_scope(in->g, name);
    elbo_var *b = elbo_param(in->g, "bias", ELBO_SHAPE(out), init);
    elbo_scope_end(in->g);
    return elbo_affine(h, elbo_transpose(w), b);
}

elbo_var *elbo__decoder_layers(elbo_in *in, elbo_var *z)
{
    const elbo_sizes hidden = elbo_option_sizes(in, "hidden");
    for (int i = hidden.n; i > 0; i--) {
        const elbo_layer_name name = elbo_numbered("decoder.hidden", hidden.n - i + 1);
        z = decoder_layer(in, z, name.text, i, hidden.at[i - 1]);
        z = elbo_activation(z, elbo_option_choice(in, "activation"));
    }
    return z;
}

static elbo_var *encode(elbo_in *in, elbo_units *units)
{
    return elbo__encoder_layers(in, elbo_condition(in->x, in->y), units);
}

static elbo_var *decode(elbo_in *in, elbo_var *z)
{
    return elbo__decoder_layers(in, elbo_condition(z, in->y));
}

static elbo_var *output(elbo_in *in, elbo_var *h, const char *name, int64_t n)
{
    const int64_t pixels = elbo_size(in->x, -1);
    if (n == 1)
        return decoder_layer(in, h, name, 0, pixels);
    elbo_shape shape = elbo_shape_of(h);
    shape.dim[shape.ndim - 1] = pixels;
    shape.dim[shape.ndim++] = n;
    return elbo_reshape(elbo__net_linear(in, h, name, pixels * n), shape);
}

static elbo_shape map(elbo_in *in)
{
    const bool declared = elbo_option_declared(in, "code-positions");
    return ELBO_SHAPE(1, declared ? elbo_option_integer(in, "code-positions") : 1);
}

static elbo_var *encode_map(elbo_in *in, int64_t numbers)
{
    elbo_units unwanted = {.n = 0};
    const int64_t positions = map(in).dim[1];
    elbo_var *h = elbo_linear(encode(in, &unwanted), "encoder.code", positions * numbers);
    return elbo_reshape(h, ELBO_SHAPE(elbo_size(in->x, 0), 1, positions, numbers));
}

static elbo_var *judge(elbo_in *in, elbo_var *x, elbo_var *y, elbo__judgement *j)
{
    (void)in, (void)j;
    return elbo_condition(x, y);
}

const elbo__net elbo__net_mlp = {encode, decode, output, judge, map, encode_map, .decode_map = decode};

/* ---- by option --------------------------------------------------------------------------------------------------- */

/* One list for both tables. */
#define NETS(ROW) ROW(mlp) ROW(conv)
#define NAME(name) #name,
#define ENTRY(name) &elbo__net_##name,
const char *const elbo_net_names[] = {NETS(NAME) NULL};
static const elbo__net *const nets[] = {NETS(ENTRY)};

const char *const elbo_net_norm_names[] = {"none", "batch", NULL};
const char *const elbo_net_init_names[] = {"fan-in", "glorot", "he", NULL};
const char *const elbo_spread_names[] = {"logvar", "logstd", "softplus", NULL};

const elbo__net *elbo__net_of(elbo_in *in)
{
    const char *name = elbo_option_declared(in, "net") ? elbo_option_choice(in, "net") : elbo_net_names[0];
    for (int i = 0; elbo_net_names[i]; i++)
        if (strcmp(elbo_net_names[i], name) == 0)
            return nets[i];
    elbo_graph_fail(in->g, ELBO_INVALID, "no net \"%s\"", name);
    return &elbo__net_mlp;
}

elbo_var *elbo_net_encode(elbo_in *in)
{
    elbo_units unwanted;
    return elbo_net_encode_units(in, &unwanted);
}

elbo_var *elbo_net_encode_units(elbo_in *in, elbo_units *units)
{
    elbo_in seen = *in;
    units->n = 0;
    seen.x = elbo__likelihood_seen(in);
    return elbo__net_of(in)->encode(&seen, units);
}

elbo_var *elbo_net_decode(elbo_in *in, elbo_var *z)
{
    return elbo__net_of(in)->decode(in, z);
}

elbo_var *elbo_net_encode_map(elbo_in *in, int64_t numbers)
{
    return elbo__net_of(in)->encode_map(in, numbers);
}

elbo_var *elbo_net_decode_map(elbo_in *in, elbo_var *z)
{
    return elbo__net_of(in)->decode_map(in, z);
}

elbo_shape elbo_net_map(elbo_in *in)
{
    return elbo__net_of(in)->map(in);
}

elbo_var *elbo_net_output(elbo_in *in, elbo_var *h, const char *name)
{
    return elbo__net_of(in)->output(in, h, name, 1);
}

elbo_var *elbo_net_outputs(elbo_in *in, elbo_var *h, const char *name, int64_t n)
{
    elbo_var *y = elbo__net_of(in)->output(in, h, name, n);
    return n == 1 ? elbo_unsqueeze(y, elbo_ndim(y)) : y;
}

elbo_var *elbo_net_code(elbo_in *in, elbo_var *h)
{
    elbo_var *code = elbo__net_linear(in, h, "encoder.code", elbo_option_integer(in, "latent-dim"));
    if (!elbo_option_declared(in, "code-activation"))
        return code;
    return elbo_activation(code, elbo_option_choice(in, "code-activation"));
}

elbo_var *elbo__net_logvar(elbo_in *in, elbo_var *h, int64_t n)
{
    const char *spread = elbo_option_declared(in, "spread") ? elbo_option_choice(in, "spread") : elbo_spread_names[0];
    if (strcmp(spread, "logstd") == 0)
        return elbo_scale(elbo__net_linear(in, h, "encoder.logstd", n), 2);
    if (strcmp(spread, "softplus") == 0)
        return elbo_log(elbo_shift(elbo_softplus(elbo__net_linear(in, h, "encoder.variance", n)), 1e-5));
    return elbo__net_linear(in, h, "encoder.logvar", n);
}

elbo_dist elbo__net_normal(elbo_in *in, elbo_var *h)
{
    const int64_t dims = elbo_option_integer(in, "latent-dim");
    elbo_var *mean = elbo__net_linear(in, h, "encoder.mean", dims);
    return elbo_normal(mean, elbo__net_logvar(in, h, dims));
}

elbo_dist elbo__net_law(elbo_in *in)
{
    return elbo__net_normal(in, elbo_net_encode(in));
}

elbo_inference elbo_infer_net(elbo_in *in, elbo_var *h)
{
    return elbo_infer_from(in, elbo__net_normal(in, h));
}
