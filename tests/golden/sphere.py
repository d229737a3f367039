"""The von Mises-Fisher distribution on the sphere in three dimensions, where all of it has a closed form: Davidson et
al., arXiv:1804.00891."""
import math

import torch
from torch.nn import functional as F

CANDIDATES = 24


def accepted(k, noise):
    """The cosine of a draw by the rejection of Ulrich and Wood, from uniform numbers (..., candidates); k (..., 1)"""
    angle, trial, radius = (noise[f"z#{i}"] for i in range(3))
    n, root = 2, (4 * k ** 2 + 4).sqrt()
    b, a = n / (2 * k + root), (n + 2 * k + root) / 4
    d = 4 * a * b / (1 + b) - n * math.log(n)
    e = (1 + (1 - radius ** 2).sqrt() * torch.cos(2 * math.pi * angle)) / 2
    t = 2 * a * b / (1 - (1 - b) * e)
    ok = n * torch.log(t) - t + d >= torch.log(trial)
    assert ok.any(-1).all()
    first = ok.double().argmax(-1, keepdim=True)
    return ((1 - (1 + b) * e) / (1 - (1 - b) * e)).gather(-1, first)


def at_the_same_share(k, w):
    """w, which moves with k so that its distribution function (e^(k w) - e^-k) / (e^k - e^-k) stays what it is"""
    held = k.detach()
    share = (torch.exp(held * w) - torch.exp(-held)) / (2 * torch.sinh(held))
    return torch.log(share * torch.exp(k) + (1 - share) * torch.exp(-k)) / k


def around(m, w, v):
    """At the cosine w of m (..., 3) in the direction v (..., 2): a reflection takes the first axis to m or -m"""
    x = torch.cat([w, (1 - w ** 2).sqrt() * F.normalize(v, dim=-1)], -1)
    sign = torch.where(m[..., :1] < 0, -1.0, 1.0)
    u = torch.eye(3)[0] + sign * m
    return -sign * (x - 2 * u * (u * x).sum(-1, keepdim=True) / u.square().sum(-1, keepdim=True))


def sphere_prior(z):
    return torch.full(z.shape[:-1], -math.log(4 * math.pi))


def draw_on_sphere(k, m, noise):
    """z (rows, draws, 3), log q (rows, draws) and KL from the uniform (rows) of k (rows, 1), m (rows, 3)"""
    w = at_the_same_share(k[:, None], accepted(k.detach()[:, None], noise))
    log_q = (k[:, None] * w - torch.log(4 * math.pi * torch.sinh(k) / k)[:, None])[..., 0]
    kl = (k / torch.tanh(k) - 1 - torch.log(torch.sinh(k) / k))[:, 0]
    return around(m[:, None].expand(-1, w.shape[1], -1), w, noise["z#3"]), log_q, kl
