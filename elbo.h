/* elbo: variational autoencoders in C. This page includes all others.
 *
 *     #include <elbo.h>                                  // cc mine.c $(pkg-config --cflags --libs elbo)
 *
 *     // x (B, 784), every entry in [0,1]  ->  the negative ELBO, averaged over the batch, in nats
 *     static elbo_var *vae_loss(elbo_graph *g, elbo_var *x)
 *     {
 *         elbo_var *h = elbo_relu(elbo_linear(x, "encoder.hidden", 400));                              // (B, 400)
 *         elbo_dist q = elbo_normal(elbo_linear(h, "encoder.mean", 20),
 *                                   elbo_linear(h, "encoder.logvar", 20));                             // q(z|x)
 *         elbo_draw draw = elbo_rsample(q, "z", 0);                                                    // z (B, 20)
 *         h = elbo_relu(elbo_linear(draw.z, "decoder.hidden", 400));
 *         elbo_dist p = elbo_bernoulli(elbo_linear(h, "decoder.logits", 784));                         // p(x|z)
 *         elbo_var *kl = elbo_kl(q, elbo_standard_normal(g, q.shape), NULL);                           // (B)
 *         return elbo_mean_all(elbo_sub(kl, elbo_log_prob(p, x, NULL)));                               // ()
 *     }
 *
 * Each header begins with an example of its own. A floor uses those before it and none after it.
 */
#ifndef ELBO_H
#define ELBO_H

/* arrays, errors, memory */
#include "tensor/allocator.h"
#include "tensor/error.h"
#include "tensor/machine.h"
#include "tensor/tensor.h"
#include "tensor/version.h"
#include "tensor/watch.h"

/* files */
#include "io/csv.h"
#include "io/dataset.h"
#include "io/events.h"
#include "io/figure.h"
#include "io/idx.h"
#include "io/ini.h"
#include "io/jpeg.h"
#include "io/npy.h"
#include "io/png.h"
#include "io/safetensors.h"
#include "io/sprites.h"

/* graphs of operations, their gradients, and the plans that run them */
#include "autograd/graph.h"
#include "autograd/ops.h"
#include "autograd/params.h"
#include "autograd/plan.h"

/* layers, distributions, optimisers, the model interface, runs, training, samplers */
#include "nn/options/option.h"
#include "nn/layers/ball.h"
#include "nn/layers/init.h"
#include "nn/layers/layers.h"
#include "nn/layers/quantise.h"
#include "nn/layers/spectral.h"
#include "nn/distributions/distribution.h"
#include "nn/objectives/aggregate.h"
#include "nn/objectives/objective.h"
#include "nn/objectives/optim.h"
#include "nn/objectives/schedule.h"
#include "nn/model/corruption.h"
#include "nn/model/model.h"
#include "nn/parts/likelihood.h"
#include "nn/parts/net.h"
#include "nn/parts/options.h"
#include "nn/parts/parts.h"
#include "nn/runs/code_map.h"
#include "nn/runs/explain.h"
#include "nn/runs/run.h"
#include "nn/runs/spread.h"
#include "nn/evaluation/annealing.h"
#include "nn/evaluation/anomaly.h"
#include "nn/evaluation/disentangling.h"
#include "nn/evaluation/features.h"
#include "nn/evaluation/latent_use.h"
#include "nn/evaluation/measure.h"
#include "nn/exports/export.h"
#include "nn/pca/pca.h"
#include "nn/pictures/picture.h"
#include "nn/report/report.h"
#include "nn/training/batches.h"
#include "nn/training/train.h"
#include "nn/samplers/sampler.h"

/* the models that come with the library, and a program for any models */
#include "models/models.h"
#include "cli/program.h"

#endif
