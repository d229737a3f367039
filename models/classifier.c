/* Labels from images: what its code keeps of an image is what tells the classes apart. Its features are for comparing
 * sets of images (nn/evaluation/features.h). The decoder learns beside, from codes that it has no influence on, so that
 * pictures show what is kept. */
#include "../nn/parts/options.h"
#include "models.h"

static const elbo_option options[] = {
    ELBO_OPTION_HIDDEN("400"),  ELBO_OPTION_LATENT("64"), ELBO_OPTION_ACTIVATION, ELBO_OPTION_CODE_ACTIVATION,
    ELBO_OPTION_RECONSTRUCTION, ELBO_OPTIONS_BINARISE,    ELBO_OPTIONS_NET,       ELBO_OPTIONS_END,
};

/* The networks do not see the label, which is what they are asked for. */
static elbo_in without_label(const elbo_in *in)
{
    elbo_in other = *in;
    other.y = NULL;
    return other;
}

static elbo_inference infer(elbo_in *in)
{
    elbo_in seeing = without_label(in);
    elbo_inference i = elbo_infer_code(elbo_net_code(&seeing, elbo_net_encode(&seeing)));
    i.z = elbo_detach(i.z);
    return i;
}

static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    elbo_in seeing = without_label(in);
    return elbo_likelihood(&seeing, elbo_net_decode(&seeing, z));
}

static int losses(elbo_in *in, elbo_loss *out)
{
    elbo_inference i;
    const elbo_bound bound = elbo_model_bound(in, in->x, &i);
    const int64_t classes = elbo_size(in->y, 1);
    elbo_var *logits = elbo_linear(elbo_relu(i.code), "classifier.logits", classes);
    elbo_var *cross_entropy = elbo_neg(elbo_log_prob(elbo_categorical(logits), in->y, NULL));
    elbo_var *guess = elbo_one_hot(elbo_argmax(logits, 1), classes);
    elbo_report(in, "cross_entropy", cross_entropy);
    elbo_report(in, "accuracy", elbo_sum_axis(elbo_mul(guess, in->y), 1));
    elbo_report_bound(in, &bound);
    out[0] = (elbo_loss){.value = elbo_mean_all(elbo_add(cross_entropy, bound.recon))};
    return 1;
}

const elbo_model elbo_model_classifier = {
    .name = "classifier",
    .family = "To compare by",
    .summary = "labels from images, whose features tell how far sets of images are apart",
    .options = options,
    .flags = ELBO_NEEDS_LABELS | ELBO_NO_PRIOR,
    .infer = infer,
    .generate = generate,
    .losses = losses,
};
