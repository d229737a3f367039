"""The models of bench/peers in PyTorch, each a module whose call is what a step minimises: a mean over images.

They are elbo's models of those names (bench/workloads.h, models/) with the same layers, likelihood, objective and
optimisers, written as PyTorch is used: whole batches and all draws in one call, nothing that waits for a number to be
read, constants left out where they cancel. Mean and log-variance are one layer, the first and the second half of what
it gives. Unlike elbo's steps these report no figures beside the loss (its parts, the perplexity of codes), and look at
no gradient to see whether it is finite.
"""

import math

import torch
from torch import nn
from torch.nn import functional

CLASSES = 10
PIXELS = 784


def adam(parameters, **settings):
    """Adam in its fused form, or in the form for lists of tensors where this PyTorch has no fused one for CPUs."""
    parameters = list(parameters)
    try:
        return torch.optim.Adam(parameters, fused=True, **settings)
    except RuntimeError:
        return torch.optim.Adam(parameters, foreach=True, **settings)


def dense(sizes, activation=nn.ReLU):
    """Linear layers with `activation` between them."""
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def normed(sizes):
    """Linear layers with layer norm and GELU between them."""
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.GELU()]
    return nn.Sequential(*layers[:-2])


def with_labels(x, labels):
    """[x, one-hot labels]; labels None: x."""
    return x if labels is None else torch.cat([x, functional.one_hot(labels, CLASSES).to(x.dtype)], 1)


def draw(normal):
    """Of a normal (B, 2 Z), mean and log-variance side by side: z (B, Z), log q(z) (B) less -Z/2 log 2 pi, both."""
    mean, logvar = normal.chunk(2, 1)
    noise = torch.randn_like(mean)
    return mean + torch.exp(0.5 * logvar) * noise, -0.5 * (noise.square() + logvar).sum(1), mean, logvar


def log_standard(z):
    """log N(z; 0, I) (B) less -Z/2 log 2 pi."""
    return -0.5 * z.square().sum(1)


def log_normals(z, mean, logvar):
    """log N(z_id; mean_jd, exp logvar_jd) (B, C, Z) less -1/2 log 2 pi, of z (B, Z), mean and logvar (C, Z)."""
    return -0.5 * ((z.unsqueeze(1) - mean).square() * torch.exp(-logvar) + logvar)


def cross_entropy(logits, x):
    """-log p(x|z), Bernoulli: summed over pixels, averaged over images."""
    return functional.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)


class Model(nn.Module):
    """A call with x (B, 784) and labels (B) gives the loss, or several whose sum has all the gradients, its own
    first."""

    def optimisers(self):
        """What is stepped after each call, in that order."""
        return [adam(self.parameters(), lr=1e-3)]

    def after_updates(self):
        """What else a step does."""


class Vae(Model):
    """encoder: x -> mean and log-variance side by side; decoder: z -> logits; conditional: both see the label."""

    def __init__(self, encoder, decoder, conditional=False):
        super().__init__()
        self.encoder, self.decoder, self.conditional = encoder, decoder, conditional

    def forward(self, x, labels):
        """-ELBO with one draw."""
        labels = labels if self.conditional else None
        mean, logvar = self.encoder(with_labels(x, labels)).chunk(2, 1)
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        logits = self.decoder(with_labels(z, labels))
        reconstruction = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        divergence = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum()
        return (reconstruction + divergence) / len(x)


class Iwae(Model):
    """The bound of Burda et al.; draws are the first axis."""

    def __init__(self, encoder, decoder, draws):
        super().__init__()
        self.encoder, self.decoder, self.draws = encoder, decoder, draws

    def forward(self, x, _labels):
        """-log 1/K sum_k p(x|z) p(z) / q(z|x); the constants of p(z) and q cancel."""
        mean, logvar = self.encoder(x).chunk(2, 1)
        noise = torch.randn(self.draws, *mean.shape)
        z = mean + torch.exp(0.5 * logvar) * noise
        log_ratio = 0.5 * (noise.square() + logvar - z.square()).sum(2)
        logits = self.decoder(z)
        log_likelihood = (x * logits - functional.softplus(logits)).sum(2)
        return math.log(self.draws) - torch.logsumexp(log_likelihood + log_ratio, 0).mean()


class Autoencoder(Model):
    """The squared error, summed over pixels."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x, _labels):
        return (self.layers(x) - x).square().sum() / len(x)


def convolutional():
    """1x28x28 -> 32x14x14 -> 64x7x7 -> 20 and back."""
    encoder = nn.Sequential(nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 32, 3, 2, 1), nn.ReLU(),
                            nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(64 * 7 * 7, 40))
    decoder = nn.Sequential(nn.Linear(20, 64 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
                            nn.ConvTranspose2d(64, 32, 3, 2, 1, 1), nn.ReLU(),
                            nn.ConvTranspose2d(32, 1, 3, 2, 1, 1), nn.Flatten())
    return Vae(encoder, decoder)


class BetaTcVae(Model):
    """Chen et al. (arXiv:1802.04942), with minibatch weights 1 / (B N): N images in all."""

    def __init__(self, images, beta=6):
        super().__init__()
        self.encoder, self.decoder = dense([PIXELS, 400, 40]), dense([20, 400, PIXELS])
        self.images, self.beta = images, beta

    def forward(self, x, _labels):
        """-E[log p(x|z)] + information + beta total correlation + KL of the dimensions; the constants cancel."""
        z, log_q, mean, logvar = draw(self.encoder(x))
        each = log_normals(z, mean, logvar)  # (B, B, Z)
        log_weight = math.log(len(x) * self.images)
        joint = torch.logsumexp(each.sum(2), 1) - log_weight
        product = (torch.logsumexp(each, 1) - log_weight).sum(1)
        parts = log_q - joint + self.beta * (joint - product) + product - log_standard(z)
        return cross_entropy(self.decoder(z), x) + parts.mean()


class MaskedLinear(nn.Linear):
    """A layer of MADE (arXiv:1502.03509): an output sees the inputs of lower degree, and unless strict of its own."""

    def __init__(self, inputs, outputs, strict):
        """The degrees of each."""
        super().__init__(len(inputs), len(outputs))
        seen, seeing = torch.tensor(inputs), torch.tensor(outputs).unsqueeze(1)
        self.register_buffer("mask", (seen < seeing if strict else seen <= seeing).float())

    def forward(self, x):
        return functional.linear(x, self.weight * self.mask, self.bias)


def made(dims, context, hidden, backwards):
    """[z, context] -> two numbers for each entry of z, made of the entries before it (backwards: after it)."""
    entries = list(range(dims, 0, -1)) if backwards else list(range(1, dims + 1))
    degrees, layers = entries + [0] * context, []
    for size in hidden:
        after = [i % dims for i in range(size)]
        layers += [MaskedLinear(degrees, after, False), nn.ReLU()]
        degrees = after
    return nn.Sequential(*layers, MaskedLinear(degrees, entries * 2, True))


class IafVae(Model):
    """A VAE with two steps of an inverse autoregressive flow (arXiv:1606.04934) that see the encoder's units."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(PIXELS, 400), nn.ReLU())
        self.normal, self.decoder = nn.Linear(400, 40), dense([20, 400, PIXELS])
        self.flow = nn.ModuleList(made(20, 400, [128, 128], i % 2 == 1) for i in range(2))

    def forward(self, x, _labels):
        """-ELBO with one draw."""
        h = self.encoder(x)
        z, log_q, _, _ = draw(self.normal(h))
        for step in self.flow:
            m, s = step(torch.cat([z, h], 1)).chunk(2, 1)
            s = s + 2
            z = torch.lerp(m, z, torch.sigmoid(s))
            log_q = log_q - functional.logsigmoid(s).sum(1)
        return cross_entropy(self.decoder(z), x) + (log_q - log_standard(z)).mean()


class VampVae(Model):
    """A VAE whose prior is the mean of the posteriors of learned images (arXiv:1705.07120), which go through the
    encoder in one batch with x."""

    def __init__(self, components=50):
        super().__init__()
        self.encoder, self.decoder = dense([PIXELS, 400, 40]), dense([20, 400, PIXELS])
        self.inputs = nn.Parameter(torch.randn(components, PIXELS) - 2)

    def forward(self, x, _labels):
        """-ELBO with one draw."""
        own, learned = self.encoder(torch.cat([x, torch.sigmoid(self.inputs)])).split([len(x), len(self.inputs)])
        z, log_q, _, _ = draw(own)
        each = log_normals(z, *learned.chunk(2, 1)).sum(2)  # (B, C)
        log_p = torch.logsumexp(each, 1) - math.log(len(self.inputs))
        return cross_entropy(self.decoder(z), x) + (log_q - log_p).mean()


class VqVae(Model):
    """Van den Oord et al. (arXiv:1711.00937), codes learned by gradient: a code of 64 numbers, out of 512, at each of
    7x7 positions. Those chosen less than a tenth as often as the mean one, in a moving average, begin anew at rows of
    the batch, after the step's updates. Pictures lie in memory with their channels side by side, so that the rows to
    quantise need no copy."""

    def __init__(self, codes=512, dims=64, commitment=0.25, decay=0.99, restart=0.1):
        super().__init__()
        self.encoder = nn.Sequential(nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 32, 3, 2, 1), nn.ReLU(),
                                     nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Conv2d(64, dims, 1))
        self.decoder = nn.Sequential(nn.Conv2d(dims, 64, 1), nn.ReLU(),
                                     nn.ConvTranspose2d(64, 32, 3, 2, 1, 1), nn.ReLU(),
                                     nn.ConvTranspose2d(32, 1, 3, 2, 1, 1), nn.Flatten())
        self.codes = nn.Parameter(torch.empty(codes, dims).uniform_(-1 / codes, 1 / codes))
        self.register_buffer("count", torch.ones(codes))
        self.last = None  # rows of the last batch, and which code each chose
        self.commitment, self.decay, self.restart = commitment, decay, restart
        self.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def nearest(self, rows):
        """argmin_k |h - e_k|, which is argmax_k h e_k - |e_k|^2 / 2."""
        return torch.addmm(-0.5 * self.codes.square().sum(1), rows, self.codes.t()).argmax(1)

    @torch.no_grad()
    def after_updates(self):
        """Moves the average of how often each code is chosen, and codes that it shows to be dead."""
        rows, index = self.last
        self.count.lerp_(torch.bincount(index, minlength=len(self.count)).float(), 1 - self.decay)
        mean = self.count.mean()
        dead = self.count < self.restart * mean
        anew = rows[torch.randint(len(rows), (len(self.codes),))]
        self.codes.copy_(torch.where(dead.unsqueeze(1), anew, self.codes))
        self.count.copy_(torch.where(dead, mean, self.count))

    def forward(self, x, _labels):
        """The squared errors of pixels, of codes, and of what the encoder gives, each summed."""
        h = self.encoder(x).permute(0, 2, 3, 1)
        rows = h.reshape(-1, h.shape[3])
        index = self.nearest(rows)
        code = functional.embedding(index, self.codes)
        through = rows + (code - rows).detach()  # the code, with the derivative of h
        y = self.decoder(through.view(h.shape).permute(0, 3, 1, 2))
        cost = functional.mse_loss(y, x, reduction="sum")
        cost = cost + functional.mse_loss(code, rows.detach(), reduction="sum")
        cost = cost + self.commitment * functional.mse_loss(rows, code.detach(), reduction="sum")
        self.last = rows.detach(), index
        return cost / len(x)


class Aae(Model):
    """Makhzani et al. (arXiv:1511.05644): codes drawn from normals, and a discriminator of 256 and 256 units that
    draws them to the prior. As in elbo, both sides' gradients are taken at the same weights and then both move: the
    model learns from a discriminator held fast, the discriminator from codes held fast, in one backward pass. elbo
    judges the codes once for both; here the two differ in what they hold, so that they are judged twice."""

    def __init__(self, dims=8, weight=10):
        super().__init__()
        self.encoder, self.decoder = dense([PIXELS, 400, 2 * dims]), dense([dims, 400, PIXELS])
        self.discriminator = dense([dims, 256, 256, 1], lambda: nn.LeakyReLU(0.2))
        self.weight = weight

    def optimisers(self):
        model = [*self.encoder.parameters(), *self.decoder.parameters()]
        return [adam(model, lr=1e-3), adam(self.discriminator.parameters(), lr=2e-4, betas=(0.5, 0.9))]

    def judge_fast(self, z):
        """The discriminator's verdict, with the derivative of z alone."""
        for layer in self.discriminator:
            linear = isinstance(layer, nn.Linear)
            z = functional.linear(z, layer.weight.detach(), layer.bias.detach()) if linear else layer(z)
        return z

    def forward(self, x, _labels):
        z, _, _, _ = draw(self.encoder(x))
        deceit = functional.softplus(-self.judge_fast(z)).mean()
        drawn, codes = self.discriminator(torch.cat([torch.randn_like(z), z.detach()])).chunk(2)
        verdict = functional.softplus(-drawn).mean() + functional.softplus(codes).mean()
        return cross_entropy(self.decoder(z), x) + self.weight * deceit, verdict


# name: the model, of the worker's options and of how many images there are
MODELS = {
    "vae": lambda o, n: Vae(dense([PIXELS, 400, 40]), dense([20, 400, PIXELS])),
    "cvae": lambda o, n: Vae(dense([PIXELS + CLASSES, 400, 40]), dense([20 + CLASSES, 400, PIXELS]), True),
    "iwae": lambda o, n: Iwae(dense([PIXELS, 200, 200, 100], nn.Tanh), dense([50, 200, 200, PIXELS], nn.Tanh), o.draws),
    "ae": lambda o, n: Autoencoder(dense([PIXELS, 128, 32, 128, PIXELS])),
    "convvae": lambda o, n: convolutional(),
    "untuned": lambda o, n: Vae(normed([PIXELS, 300, 300, 32]), normed([16, 300, 300, PIXELS])),
    "beta-tcvae": lambda o, n: BetaTcVae(n),
    "iwae-5": lambda o, n: Iwae(dense([PIXELS, 400, 40]), dense([20, 400, PIXELS]), 5),
    "iaf-vae": lambda o, n: IafVae(),
    "vq-vae": lambda o, n: VqVae(),
    "vamp-vae": lambda o, n: VampVae(),
    "aae": lambda o, n: Aae(),
}
