#include "net.h"

#include <string.h>

#include "net_private.h"

/* ---- dense ------------------------------------------------------------------------------------------------------- */

static elbo_var *layers(elbo_in *in, elbo_var *x, const char *name, elbo_sizes sizes)
{
    return elbo_mlp(x, name, sizes.at, sizes.n, sizes.n ? elbo_option_choice(in, "activation") : "");
}

elbo_var *elbo__encoder_layers(elbo_in *in, elbo_var *x)
{
    return layers(in, x, "encoder.hidden", elbo_option_sizes(in, "hidden"));
}

elbo_var *elbo__decoder_layers(elbo_in *in, elbo_var *z)
{
    return layers(in, z, "decoder.hidden", elbo_sizes_reversed(elbo_option_sizes(in, "hidden")));
}

static elbo_var *encode(elbo_in *in)
{
    return elbo__encoder_layers(in, elbo_condition(in->x, in->y));
}

static elbo_var *decode(elbo_in *in, elbo_var *z)
{
    return elbo__decoder_layers(in, elbo_condition(z, in->y));
}

static elbo_var *output(elbo_in *in, elbo_var *h, const char *name)
{
    return elbo_linear(h, name, elbo_size(in->x, -1));
}

const elbo__net elbo__net_mlp = {encode, decode, output};

/* ---- by option --------------------------------------------------------------------------------------------------- */

/* One list for both tables. */
#define NETS(ROW) ROW(mlp) ROW(conv)
#define NAME(name) #name,
#define ENTRY(name) &elbo__net_##name,
const char *const elbo_net_names[] = {NETS(NAME) NULL};
static const elbo__net *const nets[] = {NETS(ENTRY)};

const char *const elbo_net_norm_names[] = {"none", "batch", NULL};
const char *const elbo_spread_names[] = {"logvar", "logstd", NULL};

static const elbo__net *net(elbo_in *in)
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
    return net(in)->encode(in);
}

elbo_var *elbo_net_decode(elbo_in *in, elbo_var *z)
{
    return net(in)->decode(in, z);
}

elbo_var *elbo_net_output(elbo_in *in, elbo_var *h, const char *name)
{
    return net(in)->output(in, h, name);
}

elbo_inference elbo_infer_net(elbo_in *in, elbo_var *h)
{
    const int64_t dims = elbo_option_integer(in, "latent-dim");
    const char *spread = elbo_option_declared(in, "spread") ? elbo_option_choice(in, "spread") : elbo_spread_names[0];
    elbo_var *mean = elbo_linear(h, "encoder.mean", dims);
    if (strcmp(spread, "logstd") == 0)
        return elbo_infer_normal(in, mean, elbo_scale(elbo_linear(h, "encoder.logstd", dims), 2));
    return elbo_infer_normal(in, mean, elbo_linear(h, "encoder.logvar", dims));
}
