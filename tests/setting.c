#include "setting.h"

#include <check.h>
#include <math.h>

const double pictures[B * D] = {0.9, 0.2, 0.4, 0.7, 0.1, 0.6};
const char *const flows[] = {"normal", "planar", "radial", "iaf", "maf"};

void setting_build(setting *s, elbo_mode mode)
{
    rig_next_graph(&s->r, mode);
    elbo_graph_feed_noise(s->r.g);
    s->in = (elbo_in){.g = s->r.g,
                      .model = &elbo_model_vae,
                      .options = s->options,
                      .image = ELBO_SHAPE(D),
                      .draws = s->draws,
                      .x = rig_input(&s->r, "x", ELBO_SHAPE(B, D), pictures)};
    rig_scalar(&s->r, "beta", s->beta);
    rig_scalar(&s->r, "epoch", 2);
    if (elbo_model_takes_labels(s->in.model, s->options))
        s->in.y = rig_input(&s->r, "y", ELBO_SHAPE(B, 2), (double[]){1, 0, 0, 1, 1, 0});
}

double setting_number(int i)
{
    return sin(12.9898 * (i + 1) + 78.233);
}

setting setting_of(const char *options, int draws)
{
    setting s = {.r = rig_new(ELBO_F64, ELBO_TRAIN),
                 .options = elbo_values_new_preset(elbo_model_vae.options, options),
                 .draws = draws,
                 .beta = 1};
    ck_assert_msg(s.options != NULL, "%s", elbo_error());
    s.dims = (int)elbo_values_integer(s.options, "latent-dim");
    setting_build(&s, ELBO_TRAIN);
    elbo_model_evaluate(&s.in);
    rig_feed(&s.r, "z#0", ELBO_SHAPE(B, draws, s.dims), (double[B * MOST * MOST]){0});
    rig_number(&s.r, s.in.metrics[0].value); /* closes the set */
    int n = 0;
    for (int p = 0; p < elbo_params_count(s.r.params); p++) {
        elbo_tensor t = elbo_params_tensor(s.r.params, p);
        double values[2000];
        ck_assert_int_le(elbo_shape_size(&t.layout.shape), 2000);
        for (int64_t i = 0; i < elbo_shape_size(&t.layout.shape); i++)
            values[i] = 0.8 * setting_number(n++);
        rig_set_param(&s.r, elbo_params_name(s.r.params, p), values);
    }
    return s;
}

void setting_free(setting *s)
{
    rig_free(&s->r);
    elbo_values_free(s->options);
}

void setting_feed_noise(setting *s, const double *noise)
{
    rig_feed(&s->r, "z#0", ELBO_SHAPE(B, s->draws, s->dims), noise);
}

void setting_fill_noise(double *noise, int n)
{
    for (int i = 0; i < n; i++)
        noise[i] = 1.5 * setting_number(1000 + i);
}
