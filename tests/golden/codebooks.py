"""Codes that are rows of tables."""
import math

import torch
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional as F

from cases import code_dim
from networks import encode, linear, numbered, single


def level_names(c):
    return numbered("level", c["code_levels"])


def codebooks(c, uniform):
    """Tensors of the codebooks by name; what does not ask for a gradient is state"""
    table = lambda: single(2 * uniform(c["codes"], code_dim(c)) - 1)
    if c["posterior"] == "hrq":
        return {f"codes.{name}.weight": table().requires_grad_() for name in level_names(c)}
    codes = {"codes.sum": table()} if c["codebook"] == "average" else {"codes.weight": table().requires_grad_()}
    return {**codes, "codes.count": torch.ones(c["codes"])}


def rows_of(c, w, x, y):
    """(rows, positions, numbers of a code)"""
    return linear(w, encode(c, w, x, y), "encoder.code").reshape(c["rows"], c["code_positions"], code_dim(c))


def follow(c, w, h, index):
    """Moving averages of how many rows choose a code, and of their sums"""
    chosen = F.one_hot(index.reshape(-1), c["codes"]).double()
    decay = c["code_decay"]
    w["codes.count"] = decay * w["codes.count"] + (1 - decay) * chosen.sum(0)
    if c["codebook"] == "average":
        w["codes.sum"] = decay * w["codes.sum"] + (1 - decay) * chosen.T @ h.detach().reshape(-1, code_dim(c))


def vector_quantised(c, w, x, y):
    """(rows, 1, latent), and what it costs (rows)"""
    assert c["code_restart"] == 0
    h = rows_of(c, w, x, y)
    if c["codebook"] == "average":
        count = w["codes.count"]
        smooth = (count + 1e-5) / (count.sum() + 1e-5 * c["codes"]) * count.sum()
        table = w["codes.sum"] / smooth[:, None]
    else:
        table = w["codes.weight"]
    index = torch.cdist(h.detach(), table.detach()).argmin(-1)
    e = F.embedding(index, table)
    cost = c["commitment"] * F.mse_loss(h, e.detach(), reduction="none").sum((1, 2))
    if c["codebook"] == "gradient":
        cost = cost + F.mse_loss(h.detach(), e, reduction="none").sum((1, 2))
    follow(c, w, h, index)
    return (h + (e - h).detach()).flatten(1)[:, None], cost


def residually_quantised(c, w, x, y, noise):
    h = rows_of(c, w, x, y)
    left, quantised, cost = h, [], 0
    for l, name in enumerate(level_names(c)):
        table = w[f"codes.{name}.weight"]
        logits = -(left[:, :, None, :] - table).square().sum(-1)
        uniform = Categorical(probs=torch.full_like(logits, 1 / c["codes"]))
        cost = cost + c["code_kl"] * kl_divergence(uniform, Categorical(logits=logits)).sum(1)
        noisy = logits - torch.log(-torch.log(noise[f"codes.{name}.gumbel#0"].squeeze(1)))
        temperature = max(math.exp(-c["epoch"] / (c["code_cooling"] * 1.5 ** l)), c["code_temperature"])
        soft = F.softmax(noisy / temperature, -1)
        hard = F.one_hot(noisy.argmax(-1), c["codes"]).double()
        quantised.append((hard - soft.detach() + soft) @ table)
        left = left - quantised[-1]
    quantised = torch.stack(quantised, 2)  # (rows, positions, levels, numbers)
    norms = torch.linalg.vector_norm(quantised, dim=-1)
    long = (norms[:, :, 1:] / norms[:, :, :-1] * c["code_shrink"]).clamp(min=1) - 1
    cost = cost + c["code_norm"] * long.square().mean(-1).sum(1)
    kept = torch.cumprod((noise["codes.drop#0"].squeeze(1) >= c["code_drop"]).double(), -1)
    return (quantised * kept[..., None]).sum(2).flatten(1)[:, None], cost
