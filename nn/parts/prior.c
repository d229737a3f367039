/* Priors p(z|y): N(0, I) or what else goes with the posterior, a normal for each label, and two mixtures. */
#include "likelihood_private.h"
#include "parts_private.h"

static int64_t images(elbo_in *in)
{
    return elbo_size(in->x, 0);
}

static elbo_dist standard(elbo_in *in, int64_t dims)
{
    const elbo__posterior *q = elbo__posterior_of(in);
    return q->standard ? q->standard(in, dims) : elbo_standard_normal(in->g, ELBO_SHAPE(images(in), dims));
}

const elbo__prior elbo__prior_standard = {standard};

/* False puts the graph in error: normals in the place of a posterior's own prior, whose z lie elsewhere. */
static bool is_flat(elbo_in *in, const char *name)
{
    if (elbo__posterior_of(in)->standard)
        elbo_graph_fail(in->g, ELBO_INVALID,
                        "option \"prior\": %s is of normals of flat space, posterior %s is not; "
                        "take standard or vamp",
                        name, elbo_option_choice(in, "posterior"));
    return elbo_graph_status(in->g) == ELBO_OK;
}

/* N(mean(y), exp logvar(y)) of layers prior.mean and prior.logvar */
static elbo_dist learned(elbo_in *in, int64_t dims)
{
    if (!is_flat(in, "learned"))
        return (elbo_dist){.kind = NULL};
    if (!in->y) {
        elbo_graph_fail(in->g, ELBO_INVALID, "option \"prior\": learned is a normal for each label; take conditional");
        return (elbo_dist){.kind = NULL};
    }
    elbo_var *mean = elbo_linear(in->y, "prior.mean", dims);
    return elbo_normal(mean, elbo_linear(in->y, "prior.logvar", dims));
}

const elbo__prior elbo__prior_learned = {learned};

/* sum_c pi_c N(mean_c, exp logvar_c): parameters prior.logits (C), prior.means and prior.logvars (C, Z) */
static elbo_dist mixture(elbo_in *in, int64_t dims)
{
    const int64_t components = elbo_option_integer(in, "components");
    if (!is_flat(in, "mixture"))
        return (elbo_dist){.kind = NULL};
    elbo_var *logits = elbo_param(in->g, "prior.logits", ELBO_SHAPE(components), elbo_init_zeros());
    elbo_var *means = elbo_param(in->g, "prior.means", ELBO_SHAPE(components, dims), elbo_init_normal(0, 1));
    elbo_var *logvars = elbo_param(in->g, "prior.logvars", ELBO_SHAPE(components, dims), elbo_init_zeros());
    return elbo_mixture(elbo_expand(logits, ELBO_SHAPE(images(in), components)), elbo_normal(means, logvars));
}

const elbo__prior elbo__prior_mixture = {mixture};

/* A copy that goes through the encoder beside the batch: C pseudo-inputs, with soft labels where the model
 * takes labels. They begin as dark as most pictures are. */
static elbo_in pseudo_inputs(elbo_in *in, int64_t components)
{
    elbo_in pseudo = *in;
    const elbo_init dark = elbo_init_normal(-2, 1);
    pseudo.mask = NULL;
    elbo_var *inputs = elbo_table(in->g, "prior.inputs", ELBO_SHAPE(components, elbo_size(in->x, 1)), dark);
    pseudo.x = elbo__likelihood_learned(in, inputs);
    if (!in->y)
        return pseudo;
    const elbo_shape labels = ELBO_SHAPE(components, elbo_size(in->y, 1));
    pseudo.y = elbo_softmax(elbo_param(in->g, "prior.labels", labels, elbo_init_normal(0, 1)), 1);
    return pseudo;
}

/* 1/C sum_c q(z|u_c): Tomczak and Welling 2018, arXiv:1705.07120. Batch norms keep the statistics of the images. Of a
 * posterior with a flow the components are what the flow begins with. */
static elbo_dist vamp(elbo_in *in, int64_t dims)
{
    const int64_t components = elbo_option_integer(in, "components");
    const elbo__posterior *q = elbo__posterior_of(in);
    (void)dims;
    if (!q->law) {
        elbo_graph_fail(in->g, ELBO_INVALID,
                        "option \"prior\": vamp needs a posterior whose density is known anywhere");
        return (elbo_dist){.kind = NULL};
    }
    elbo_in pseudo = pseudo_inputs(in, components);
    elbo_freeze_statistics(in->g, true);
    const elbo_dist of_pseudo = q->law(&pseudo);
    elbo_freeze_statistics(in->g, false);
    return elbo_mixture(elbo_expand(elbo_constant(in->g, 0), ELBO_SHAPE(images(in), components)), of_pseudo);
}

const elbo__prior elbo__prior_vamp = {vamp};

static elbo_dist none(elbo_in *in, int64_t dims)
{
    (void)dims;
    elbo_graph_fail(in->g, ELBO_INVALID, "option \"prior\": the objective and the posterior need one");
    return (elbo_dist){.kind = NULL};
}

const elbo__prior elbo__prior_none = {none};
