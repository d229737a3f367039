"""What is minimised, by name: of the bound, of importance weights, of all codes together, and of several players."""
import math
from typing import NamedTuple

import torch
from torch.distributions import Bernoulli, Categorical, Independent, MixtureSameFamily, Normal, kl_divergence
from torch.nn import functional as F

from densities import log_normal
from likelihoods import decoded, log_likelihood
from networks import decoder_layers, discriminate, hidden_layers, linear, with_spectral_norms, with_tied_weights
from posteriors import POSTERIORS
from priors import PRIORS, given_label


class Outcome(NamedTuple):
    loss: torch.Tensor
    recon: torch.Tensor
    kl: torch.Tensor = torch.zeros(())  # 0 where the model has none
    others: dict = {}                   # metrics by name, the losses of other players among them
    paths: dict = {}                    # what parameters of that first name have their gradient of, not of the loss


class Bound(NamedTuple):
    inferred: tuple
    recon: torch.Tensor              # (rows)
    kl: torch.Tensor = None          # (rows)
    dims: torch.Tensor = None        # (rows, latent), where the KL has a closed form
    log_weight: torch.Tensor = None  # (rows, draws)


def divergence(c, w, q, y):
    """KL of each dimension (rows, latent) where it has a closed form, else None"""
    if q is None or c["prior"] not in ("standard", "learned"):
        return None
    normal = Normal(torch.zeros_like(q.loc), torch.ones_like(q.scale))
    return kl_divergence(q, given_label(c, w, y) if c["prior"] == "learned" else normal)


def bound(c, w, x, y, noise):
    i = POSTERIORS[c["posterior"]](c, w, x, y, noise)
    log_p = log_likelihood(c, w, i.z, x, y)
    if i.log_q is None:
        return Bound(i, -log_p.mean(1))
    # of a ladder log q is over the densities of its levels, which are its prior
    ratio = i.log_q if c["posterior"] == "ladder" else i.log_q - PRIORS[c["prior"]](c, w, y)(i.z)
    dims = divergence(c, w, i.q, y)
    closed = i.kl if dims is None else dims.sum(-1)
    return Bound(i, -log_p.mean(1), ratio.mean(1) if closed is None else closed, dims, log_p - ratio)


def mean_weight(b, draws):
    """Of the draws, its logarithm, as a metric"""
    return {f"iwae-{draws}": (torch.logsumexp(b.log_weight, 1) - math.log(draws)).mean()}


def beta_of(c):
    return c["beta"] * (min(1, c["epoch"] / c["warmup"]) if c["beta_schedule"] == "linear" else 1)


# ---- the bound -------------------------------------------------------------------------------------------------------

def elbo(c, w, x, y, noise):
    """recon, and the KL times beta where there is one, means over the images"""
    b = bound(c, w, x, y, noise)
    others = {f"kl-level{i + 1}": kl.mean() for i, kl in enumerate(b.inferred.levels)}
    if b.log_weight is not None and c["draws"] > 1:
        others.update(mean_weight(b, c["draws"]))
    penalty = torch.as_tensor(b.inferred.penalty).mean()
    if b.kl is None:
        return Outcome(b.recon.mean() + penalty, b.recon.mean())
    pressed = b.kl.mean()
    if c["free_bits"] > 0:
        pressed = b.dims.mean(0).clamp(min=c["free_bits"]).sum()
    return Outcome(b.recon.mean() + beta_of(c) * pressed + penalty, b.recon.mean(), b.kl.mean(), others)


def capacity(c, w, x, y, noise):
    """Burgess et al., arXiv:1804.03599"""
    b = bound(c, w, x, y, noise)
    nats = c["capacity"] * min(1, c["epoch"] / c["capacity_epochs"])
    return Outcome(b.recon.mean() + c["beta"] * (b.kl.mean() - nats).abs(), b.recon.mean(), b.kl.mean())


# ---- importance weights ----------------------------------------------------------------------------------------------

def importance(c, w, x, y, noise, parts, share=0.0):
    """-log of the mean weight in each of `parts` parts of the draws, on average, and `share` of the mean logarithm
    (Burda et al., arXiv:1509.00519; Rainforth et al., arXiv:1802.04537); what the encoder has its gradient of; the
    bound"""
    b = bound(c, w, x, y, noise)
    log_weight = b.log_weight.reshape(c["rows"], parts, -1)
    draws = log_weight.shape[-1]
    bounds = torch.logsumexp(log_weight, -1) - math.log(draws)
    loss = -(share * log_weight.mean(-1) + (1 - share) * bounds).mean()
    if c["gradient"] != "dreg":
        return loss, loss, b
    # Tucker et al., arXiv:1810.04152: normalised weights squared, on the path through z alone (`drawn` holds log q). In
    # the mean logarithm the rest of the encoder's gradient is 0 on average: its weights, 1 / draws, are not squared.
    normal = F.softmax(log_weight, -1).detach()
    return loss, -((share / draws + (1 - share) * normal.square()) * log_weight).sum(-1).mean(), b


def weighed(loss, path, b, draws):
    return Outcome(loss, b.recon.mean(), b.kl.mean(), mean_weight(b, draws), {"encoder": path})


def iwae(c, w, x, y, noise):
    return weighed(*importance(c, w, x, y, noise, 1), c["draws"])


def miwae(c, w, x, y, noise):
    return weighed(*importance(c, w, x, y, noise, c["estimates"]), c["draws"])


def piwae(c, w, x, y, noise):
    """Of the same draws; the encoder has a loss of its own"""
    whole = weighed(*importance(c, w, x, y, noise, 1), c["draws"])
    loss, path, _ = importance(c, w, x, y, noise, c["estimates"])
    return whole._replace(others={**whole.others, "encoder_loss": loss}, paths={"encoder": path})


def ciwae(c, w, x, y, noise):
    return weighed(*importance(c, w, x, y, noise, 1, c["elbo_share"]), c["draws"])


# ---- all codes together ----------------------------------------------------------------------------------------------

def kernel(c, a, b):
    d2 = (a - b).square().sum()
    scale = 2 * len(a) * c["mmd_bandwidth"] ** 2
    if c["mmd_kernel"] == "rbf":
        return torch.exp(-d2 / scale)
    return sum(s * scale / (s * scale + d2) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10))


def discrepancy(c, z, drawn, y):
    """Unbiased MMD^2 of the k-th draws of all images and as many of the prior (Gretton et al. 2012, lemma 6), on
    average over k; with labels beside both, of pairs i != j alone (equation 4)"""
    n, total = c["rows"], 0
    for a, b in zip(z.unbind(1), drawn.unbind(1)):
        if y is not None:
            a, b = torch.cat([a, y], -1), torch.cat([b, y], -1)
        for i in range(n):
            for j in range(n):
                if i != j:
                    total = total + (kernel(c, a[i], a[j]) + kernel(c, b[i], b[j])) / (n * (n - 1))
                if y is None:
                    total = total - 2 * kernel(c, a[i], b[j]) / n ** 2
                elif i != j:
                    total = total - 2 * kernel(c, a[i], b[j]) / (n * (n - 1))
    return total / z.shape[1]


def mmd(c, w, x, y, noise):
    """Tolstikhin et al., arXiv:1711.01558"""
    b = bound(c, w, x, y, noise)
    apart = discrepancy(c, b.inferred.z, noise["prior#0"], y)
    return Outcome(b.recon.mean() + c["mmd_weight"] * apart, b.recon.mean(), others={"mmd": apart})


def info(c, w, x, y, noise):
    """Zhao et al., arXiv:1706.02262"""
    b = bound(c, w, x, y, noise)
    apart = discrepancy(c, b.inferred.z, noise["prior#0"], y)
    weight = c["info_alpha"] + c["info_lambda"] - 1
    loss = b.recon.mean() + c["beta"] * (1 - c["info_alpha"]) * b.kl.mean() + weight * apart
    return Outcome(loss, b.recon.mean(), b.kl.mean(), {"mmd": apart})


def mixture_weights(c):
    """(rows, rows): of image j in what stands for q(z) at a draw of image i, up to a factor for mws"""
    rows, images = c["rows"], c["images"]
    if c["tc_estimator"] == "mws":
        return torch.full((rows, rows), 1 / rows)
    shares = torch.full((rows, rows), 1 / (rows - 1))
    for i in range(rows):
        shares[i, i] = 1 / images
        shares[i, (i + 1) % rows] = (images - rows + 1) / (images * (rows - 1))
    return shares


def beta_tc(c, w, x, y, noise):
    """Chen et al., arXiv:1802.04942"""
    b = bound(c, w, x, y, noise)
    q, z = b.inferred.q, b.inferred.z
    less = math.log(c["images"]) if c["tc_estimator"] == "mws" else 0.0
    log_q, log_product = [], []
    for i, shares in enumerate(mixture_weights(c)):
        which = Categorical(probs=shares, validate_args=False)
        log_q.append(MixtureSameFamily(which, Independent(q, 1)).log_prob(z[i]) - less)
        each = [MixtureSameFamily(which, Normal(q.loc[:, d], q.scale[:, d])).log_prob(z[i, :, d]) - less
                for d in range(c["latent"])]
        log_product.append(torch.stack(each).sum(0))
    log_q, log_product = torch.stack(log_q), torch.stack(log_product)
    parts = {"information": (b.inferred.log_q - log_q).mean(), "tc": (log_q - log_product).mean(),
             "marginal_kl": (log_product - log_normal(z)).mean()}
    loss = (b.recon.mean() + c["tc_alpha"] * parts["information"] + c["beta"] * parts["tc"]
            + c["tc_gamma"] * parts["marginal_kl"])
    return Outcome(loss, b.recon.mean(), b.kl.mean(), parts)


# ---- players ---------------------------------------------------------------------------------------------------------

def cost(logits, real):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def factor(c, w, x, y, noise):
    """Kim and Mnih, arXiv:1802.05983"""
    b = bound(c, w, x, y, noise)
    z = b.inferred.z
    rank = noise["shuffle#0"].argsort(0).argsort(0)
    shuffled = torch.gather(z.flatten(1), 0, rank).reshape(z.shape)
    logits = discriminate(c, w, z, None)[0]
    loss = (b.recon + c["beta"] * b.kl).mean() + c["tc_weight"] * logits.mean()
    verdict = (cost(logits, True) + cost(discriminate(c, w, shuffled, None)[0], False)) / 2
    return Outcome(loss, b.recon.mean(), b.kl.mean(), {"discriminator": verdict})


def adversarial(c, w, x, y, noise):
    """Makhzani et al., arXiv:1511.05644"""
    b = bound(c, w, x, y, noise)
    codes, drawn = discriminate(c, w, b.inferred.z, y)[0], discriminate(c, w, noise["prior#0"], y)[0]
    loss = b.recon.mean() + c["adversarial_weight"] * cost(codes, True)
    return Outcome(loss, b.recon.mean(), b.kl.mean(), {"discriminator": cost(drawn, True) + cost(codes, False)})


def vae_gan(c, w, x, y, noise):
    """Larsen et al., arXiv:1512.09300, with halves (docs/models.md); the decoder has a loss of its own"""
    b = bound(c, w, x, y, noise)
    pictures = lambda z: torch.sigmoid(decoded(c, w, z, y)[0])
    real, units = discriminate(c, w, x[:, None, :], y)
    remade, remade_units = discriminate(c, w, pictures(b.inferred.z), y)
    dreamt = discriminate(c, w, pictures(noise["prior#0"]), y)[0]
    layer = c["gan_layer"] - 1
    features = ((units[layer] - remade_units[layer]) ** 2).sum(-1).mean() / 2
    made = (cost(remade, False) + cost(dreamt, False)) / 2
    for one in (cost(real, True), made):
        assert 0.28 < one < 1.08, "one of the two would rest"
    game = cost(real, True) + made
    decoder = (1 - c["gan_alpha"]) * features - c["gan_alpha"] * game
    return Outcome(features + c["beta"] * b.kl.mean(), b.recon.mean(), b.kl.mean(),
                   {"decoder": decoder, "discriminator": game})


# ---- autoencoders ----------------------------------------------------------------------------------------------------

def rae(c, w, x, y, noise):
    """Ghosh et al., arXiv:1903.12436, the Jacobian by Hutchinson's estimate"""
    w = with_spectral_norms(c, w) if c["spectral_norm"] else w
    b = bound(c, w, x, y, noise)
    z = b.inferred.z
    loss = b.recon.mean() + c["code_penalty"] / 2 * z.square().sum(-1).mean()
    if c["gradient_penalty"] > 0:
        back, = torch.autograd.grad(decoded(c, w, z, y)[0], z, noise["steepness#0"], create_graph=True)
        loss = loss + c["gradient_penalty"] * back.square().sum(-1).mean()
    size = sum(t.square().sum() for name, t in w.items() if name.startswith("decoder"))
    return Outcome(loss + (c["decoder_decay"] / 2 * size if c["decoder_decay"] > 0 else 0), b.recon.mean())


def ae(c, w, x, y, noise):
    w = with_tied_weights(c, w) if c["tied"] else w
    seen = x
    if c["corruption"] == "mask":
        seen = torch.where(noise["corruption#0"] < c["corruption_level"], 0.0, x)
    units = hidden_layers(c, w, seen, "encoder")[1:]
    code = linear(w, units[-1], "encoder.code")
    sparse = units if c["activation"] == "sigmoid" else []
    if c["code_activation"] != "identity":
        code = getattr(torch, c["code_activation"])(code)
    if c["code_activation"] == "sigmoid":
        sparse = sparse + [code]
    out = linear(w, hidden_layers(c, w, code, "decoder")[-1], list(decoder_layers(c))[-1])
    if c["likelihood"] == "squared-error":
        recon = F.mse_loss(out, x, reduction="none").sum(-1).mean()
    else:
        recon = F.binary_cross_entropy_with_logits(out, x, reduction="none").sum(-1).mean()
    loss = recon
    for h in sparse if c["sparsity"] > 0 else []:
        rates = h.mean(0)
        loss = loss + c["sparsity"] * kl_divergence(Bernoulli(torch.full_like(rates, c["rho"])), Bernoulli(rates)).sum()
    return Outcome(loss, recon)


# ---- by name ---------------------------------------------------------------------------------------------------------

OBJECTIVES = {"elbo": elbo, "capacity": capacity, "iwae": iwae, "miwae": miwae, "piwae": piwae, "ciwae": ciwae,
              "mmd": mmd, "info": info, "beta-tc": beta_tc, "factor": factor, "adversarial": adversarial,
              "vae-gan": vae_gan, "rae": rae, "ae": ae}

# First names of the parameters that other losses move, with the names of these.
OTHER_PLAYERS = {"factor": {"discriminator": "discriminator"}, "adversarial": {"discriminator": "discriminator"},
                 "vae-gan": {"decoder": "decoder", "discriminator": "discriminator"},
                 "piwae": {"encoder": "encoder_loss"}}


def player_of(c, name):
    """Whose loss moves a parameter"""
    return OTHER_PLAYERS.get(c["objective"], {}).get(name.split(".")[0], "loss")


def source_of(c, outcome, name):
    """What a parameter has its gradient of"""
    player = player_of(c, name)
    return outcome.paths.get(name.split(".")[0], outcome.loss if player == "loss" else outcome.others.get(player))
