"""q(z|x) by name, an `Inferred`, with the parameters that are its own. Densities of what is moved are found from the
Jacobian of the move, which torch's autograd gives."""
from typing import Any, NamedTuple

import torch
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn import functional as F

from ball import log_room, moebius, out_of_0
from codebooks import codebooks, level_names, residually_quantised, vector_quantised
from densities import log_normal, log_volume
from flows import FLOWS, flow_tensors
from likelihoods import log_likelihood
from momenta import Metric, leapfrog, leapfrog_tensors, metric_tensors, riemannian_leapfrog
from networks import beside, encode, encoded, law, layer_tensors, linear, numbered, single, weights
from priors import PRIORS
from sphere import CANDIDATES, draw_on_sphere


class Inferred(NamedTuple):
    z: torch.Tensor              # (rows, draws, latent)
    log_q: torch.Tensor = None   # (rows, draws)
    q: Normal = None             # (rows, latent), where z is a draw of it
    kl: torch.Tensor = None      # (rows) of the standard prior, where it has a closed form and z is not normal
    penalty: Any = 0.0           # (rows)
    levels: tuple = ()           # KL of each level (rows, draws)


# ---- a normal --------------------------------------------------------------------------------------------------------

def drawn(c, q, noise):
    """A draw, with log q as option gradient has it: stl (Roeder et al., arXiv:1703.09194) and dreg hold q in place"""
    z = q.loc[:, None, :] + q.scale[:, None, :] * noise["z#0"]
    held = q if c["gradient"] == "standard" else Normal(q.loc.detach(), q.scale.detach())
    log_q = Independent(Normal(held.loc[:, None], held.scale[:, None]), 1).log_prob(z)
    return Inferred(z, log_q, q if c["gradient"] == "standard" else None)


def infer_normal(c, w, x, y, noise):
    return drawn(c, law(c, w, encode(c, w, x, y)), noise)


def infer_code(c, w, x, y, noise):
    return Inferred(linear(w, encode(c, w, x, y), "encoder.code")[:, None])


# ---- momenta ---------------------------------------------------------------------------------------------------------

def infer_hamiltonian(c, w, x, y, noise):
    first, momentum = drawn(c, law(c, w, encode(c, w, x, y)), noise), noise["momentum#0"]
    log_p = PRIORS[c["prior"]](c, w, y)
    z, last = leapfrog(c, w, lambda z: log_likelihood(c, w, z, x, y) + log_p(z), first.z, momentum)
    return Inferred(z, first.log_q + log_normal(momentum) - log_normal(last))


def infer_riemannian(c, w, x, y, noise):
    first = drawn(c, law(c, w, encode(c, w, x, y)), noise)
    metric = Metric(c, w, x, y, linear(w, encode(c, w, x, y), "encoder.mean"))
    momentum = metric.momentum(first.z, noise["momentum#0"])
    log_p = PRIORS[c["prior"]](c, w, y)
    z, last = riemannian_leapfrog(c, metric, lambda z: log_likelihood(c, w, z, x, y) + log_p(z), first.z, momentum)
    return Inferred(z, first.log_q + metric.log_prob(first.z, momentum) - metric.log_prob(z, last))


# ---- ladder ----------------------------------------------------------------------------------------------------------

def level_layers(c, name, at, dims, climbs):
    """(in, out) of a level's layers; `climbs`: with a hidden one"""
    layers = {f"{name}.hidden": (at, c["ladder_hidden"])} if climbs else {}
    at = c["ladder_hidden"] if climbs else at
    return {**layers, f"{name}.mean": (at, dims), f"{name}.logvar": (at, dims)}, at


def ladder_tensors(c, uniform):
    dims, layers, at = c["ladder_dims"], {}, encoded(c)
    up, down = numbered("encoder.level", len(dims)), numbered("decoder.level", len(dims))
    for i in range(len(dims))[::-1]:
        more, at = level_layers(c, up[i], at, dims[i], i < len(dims) - 1)
        layers.update(more)
    for i in range(1, len(dims)):
        layers.update(level_layers(c, down[i], dims[i - 1] + c["classes"], dims[i], True)[0])
    return layer_tensors(c, weights(layers), uniform)


def level(c, w, h, name):
    """h as the level's hidden layer leaves it, and its normal"""
    if f"{name}.hidden.weight" in w:
        h = getattr(torch, c["activation"])(linear(w, h, f"{name}.hidden"))
    return h, Normal(linear(w, h, f"{name}.mean"), torch.exp(linear(w, h, f"{name}.logvar") / 2))


def infer_ladder(c, w, x, y, noise):
    """Sonderby et al., arXiv:1602.02282, from the top down"""
    n, h = len(c["ladder_dims"]), encode(c, w, x, y)
    seen, z, kl, levels = [None] * n, None, 0, []
    for i, name in reversed(list(enumerate(numbered("encoder.level", n)))):
        h, seen[i] = level(c, w, h, name)
    for i, name in enumerate(numbered("decoder.level", n)):
        q = Normal(seen[i].loc[:, None], seen[i].scale[:, None])
        p = Normal(torch.zeros_like(q.loc), torch.ones_like(q.loc)) if i == 0 else level(c, w, beside(z, y), name)[1]
        if i > 0:
            precision = q.scale ** -2 + p.scale ** -2
            q = Normal((q.loc * q.scale ** -2 + p.loc * p.scale ** -2) / precision, precision ** -0.5)
        z = q.loc + q.scale * noise["z#0" if i == 0 else f"z.level{i + 1}#0"]
        kl = kl + (q.log_prob(z) - p.log_prob(z)).sum(-1)
        levels.append(kl_divergence(q, p).sum(-1))
    return Inferred(z, kl, levels=tuple(levels))


# ---- flows, balls, spheres -------------------------------------------------------------------------------------------

def infer_flow(c, w, x, y, noise):
    h = encode(c, w, x, y)
    first = drawn(c, law(c, w, h), noise)
    z, log_q = first.z, first.log_q
    for i, step in enumerate(numbered("encoder.flow", c["flow_steps"])):
        moved = FLOWS[c["posterior"]](c, w, h, step, z, i % 2 == 1)
        log_q = log_q - log_volume(moved, z)
        z = moved
    return Inferred(z, log_q)


def infer_ball(c, w, x, y, noise):
    """v is walked along from the mean, z = mean + exp0(v/2) by Moebius addition"""
    q = law(c, w, encode(c, w, x, y))
    mean = out_of_0(c, q.loc)[:, None]
    v = q.scale[:, None] * noise["z#0"]
    of_v = Independent(Normal(torch.zeros_like(v), q.scale[:, None].expand_as(v)), 1).log_prob(v)
    z = moebius(c, mean, out_of_0(c, v / 2))
    return Inferred(z, of_v - log_volume(z, v) - log_room(c, z))


def infer_sphere(c, w, x, y, noise):
    assert c["latent"] == 3
    h = encode(c, w, x, y)
    k = 1 + F.softplus(linear(w, h, "encoder.concentration"))
    z, log_q, kl = draw_on_sphere(k, F.normalize(linear(w, h, "encoder.mean"), dim=-1), noise)
    return Inferred(z, log_q, kl=kl)


# ---- codes -----------------------------------------------------------------------------------------------------------

def infer_vq(c, w, x, y, noise):
    z, cost = vector_quantised(c, w, x, y)
    return Inferred(z, penalty=cost)


def infer_hrq(c, w, x, y, noise):
    z, cost = residually_quantised(c, w, x, y, noise)
    return Inferred(z, penalty=cost)


# ---- by name ---------------------------------------------------------------------------------------------------------

POSTERIORS = {"normal": infer_normal, "planar": infer_flow, "radial": infer_flow, "iaf": infer_flow, "maf": infer_flow,
              "hamiltonian": infer_hamiltonian, "riemannian-hamiltonian": infer_riemannian, "ladder": infer_ladder,
              "wrapped-normal": infer_ball, "vmf": infer_sphere, "delta": infer_code, "vq": infer_vq, "hrq": infer_hrq}
TENSORS = {**dict.fromkeys(FLOWS, flow_tensors), "hamiltonian": leapfrog_tensors,
           "riemannian-hamiltonian": metric_tensors, "ladder": ladder_tensors, "vq": codebooks, "hrq": codebooks}


def posterior_tensors(c, uniform):
    """Parameters beside the layers that all have"""
    return TENSORS[c["posterior"]](c, uniform) if c["posterior"] in TENSORS else {}


def draw_noise(c, generator):
    """Of both steps, by the name of the stream: (2, rows, ...)"""
    normal = lambda *shape: single(torch.randn(2, c["rows"], *shape, generator=generator))
    uniform = lambda *shape: single(torch.rand(2, c["rows"], *shape, generator=generator))
    draws, latent = c["draws"], c["latent"]
    noise = {}
    if c["posterior"] == "hrq":
        rows = (1, c["code_positions"])
        noise = {f"codes.{name}.gumbel#0": uniform(*rows, c["codes"]) for name in level_names(c)}
        noise["codes.drop#0"] = uniform(*rows, c["code_levels"])
    elif c["posterior"] == "ladder":
        names = ["z#0", *(f"z.level{i + 1}#0" for i in range(1, len(c["ladder_dims"])))]
        noise = {name: normal(draws, dims) for name, dims in zip(names, c["ladder_dims"])}
    elif c["posterior"] == "vmf":
        noise = {f"z#{i}": uniform(draws, CANDIDATES) for i in range(3)}
        noise["z#3"] = normal(draws, latent - 1)
    elif c["posterior"] not in ("delta", "vq"):
        noise = {"z#0": normal(draws, latent)}
    if "hamiltonian" in c["posterior"]:
        noise["momentum#0"] = normal(draws, latent)
    if c["objective"] == "factor":
        noise["shuffle#0"] = uniform(draws * latent)
    if c["objective"] in ("adversarial", "vae-gan", "mmd", "info"):
        noise["prior#0"] = normal(draws, latent)
    if c["gradient_penalty"] > 0:
        noise["steepness#0"] = normal(1, c["features"])
    if c["corruption"] == "mask":
        noise["corruption#0"] = uniform(c["features"])
    return noise
