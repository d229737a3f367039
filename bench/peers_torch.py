"""PyTorch on the workloads of bench/peers: eager, or compiled with torch.compile; Adam in its fused form.

A call is one step on one batch, indexed out of a table of floats.
"""

import math

import numpy
import torch
from torch import nn
from torch.nn import functional

import peers_worker

CLASSES = 10
WARM_UP = 20  # calls


def with_labels(x, labels):
    """[x, one-hot labels]; labels None: x."""
    return x if labels is None else torch.cat([x, functional.one_hot(labels, CLASSES).to(x.dtype)], 1)


class Vae(nn.Module):
    """encoder: x -> mean and log-variance side by side; decoder: z -> logits; conditional: both see the label."""

    def __init__(self, encoder, decoder, conditional=False):
        super().__init__()
        self.encoder, self.decoder, self.conditional = encoder, decoder, conditional

    def forward(self, x, labels):
        """-ELBO with one draw, averaged over images."""
        labels = labels if self.conditional else None
        mean, logvar = self.encoder(with_labels(x, labels)).chunk(2, 1)
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        logits = self.decoder(with_labels(z, labels))
        reconstruction = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        divergence = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum()
        return (reconstruction + divergence) / len(x)


class Iwae(nn.Module):
    """The bound of Burda et al.; draws are the first axis."""

    def __init__(self, encoder, decoder, draws):
        super().__init__()
        self.encoder, self.decoder, self.draws = encoder, decoder, draws

    def forward(self, x, _labels):
        """-log 1/K sum_k p(x|z) p(z) / q(z|x), averaged over images; the constants of p(z) and q cancel."""
        mean, logvar = self.encoder(x).chunk(2, 1)
        noise = torch.randn(self.draws, *mean.shape)
        z = mean + torch.exp(0.5 * logvar) * noise
        log_ratio = 0.5 * (noise.square() + logvar - z.square()).sum(2)
        logits = self.decoder(z)
        log_likelihood = (x * logits - functional.softplus(logits)).sum(2)
        return math.log(self.draws) - torch.logsumexp(log_likelihood + log_ratio, 0).mean()


class Autoencoder(nn.Module):
    """The squared error, summed over pixels and averaged over images."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x, _labels):
        return (self.layers(x) - x).square().sum() / len(x)


def dense(sizes, activation):
    """Linear layers with `activation` between them."""
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def convolutional():
    """1x28x28 -> 32x14x14 -> 64x7x7 -> 20 and back."""
    encoder = nn.Sequential(nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 32, 3, 2, 1), nn.ReLU(),
                            nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(64 * 7 * 7, 40))
    decoder = nn.Sequential(nn.Linear(20, 64 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
                            nn.ConvTranspose2d(64, 32, 3, 2, 1, 1), nn.ReLU(),
                            nn.ConvTranspose2d(32, 1, 3, 2, 1, 1), nn.Flatten())
    return Vae(encoder, decoder)


MODELS = {
    "vae": lambda o: Vae(dense([784, 400, 40], nn.ReLU), dense([20, 400, 784], nn.ReLU)),
    "cvae": lambda o: Vae(dense([784 + CLASSES, 400, 40], nn.ReLU), dense([20 + CLASSES, 400, 784], nn.ReLU), True),
    "iwae": lambda o: Iwae(dense([784, 200, 200, 100], nn.Tanh), dense([50, 200, 200, 784], nn.Tanh), o.draws),
    "ae": lambda o: Autoencoder(dense([784, 128, 32, 128, 784], nn.ReLU)),
    "convvae": lambda o: convolutional(),
}


def time_decode(options, prepare):
    """z (1, 20) -> the means of 784 pixels."""
    decoder = prepare(nn.Sequential(dense([20, 400, 784], nn.ReLU), nn.Sigmoid()))
    z = torch.randn(1, 20)
    with torch.inference_mode():
        peers_worker.report(1, peers_worker.median_time(lambda: decoder(z), options.steps, WARM_UP))


def time_steps(options, prepare):
    """A step of training at a time."""
    model = MODELS[options.workload](options)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_of = prepare(model)
    images, labels = (torch.from_numpy(a) for a in peers_worker.training_set(options))
    labels = labels.long()
    rows = peers_worker.batches(len(images), options)
    loss = None

    def step():
        nonlocal loss
        index = torch.from_numpy(next(rows).astype(numpy.int64))
        optimiser.zero_grad()
        loss = loss_of(images[index], labels[index])
        loss.backward()
        optimiser.step()

    seconds = peers_worker.median_time(step, options.steps, WARM_UP)
    peers_worker.report(options.batch, seconds, loss.item())


def main():
    options = peers_worker.arguments(compiled={"action": "store_true"})
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    prepare = torch.compile if options.compiled else lambda model: model
    (time_decode if options.workload == "decode" else time_steps)(options, prepare)


main()
