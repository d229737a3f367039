"""The Poincare ball: Mathieu et al., arXiv:1901.06033."""
import torch
from torch.nn import functional as F

from densities import log_normal, log_volume
from networks import decode


def norm(v):
    return torch.linalg.vector_norm(v, dim=-1, keepdim=True)


def out_of_0(c, v):
    """exp0(v)"""
    root = c["curvature"] ** 0.5
    return torch.tanh(root * norm(v)) * v / (root * norm(v))


def back_to_0(c, z):
    """log0(z)"""
    root = c["curvature"] ** 0.5
    return torch.atanh(root * norm(z)) * z / (root * norm(z))


def moebius(c, x, y):
    k, dot = c["curvature"], (x * y).sum(-1, keepdim=True)
    xx, yy = x.square().sum(-1, keepdim=True), y.square().sum(-1, keepdim=True)
    return ((1 + 2 * k * dot + k * yy) * x + (1 - k * xx) * y) / (1 + 2 * k * dot + k ** 2 * xx * yy)


def log_room(c, z):
    """log of the ball's volume element"""
    return z.shape[-1] * torch.log(2 / (1 - c["curvature"] * z.square().sum(-1)))


def ball_prior(c):
    """The law of exp0(v/2), v ~ N(0, I)"""
    def log_prob(z):
        v = 2 * back_to_0(c, z)
        return log_normal(v) + log_volume(v, z) - log_room(c, z)
    return log_prob


def decode_ball(c, w, z, y):
    """The first layer measures distances to planes (section 3.2): plane i cuts the line through 0 along weight i at the
    signed distance bias i of 0"""
    if not c["gyroplanes"]:
        return decode(c, w, back_to_0(c, z), y)
    assert y is None and len(c["hidden"]) == 1
    a, far, root = w["decoder.hidden.weight"], w["decoder.hidden.bias"], c["curvature"] ** 0.5
    p = out_of_0(c, far[:, None] / 2 * F.normalize(a, dim=-1))
    m = moebius(c, -p, z[..., None, :])
    side = 2 * root * (m * a).sum(-1) / ((1 - c["curvature"] * m.square().sum(-1)) * norm(a)[:, 0])
    return getattr(torch, c["activation"])(torch.asinh(side) / root)
