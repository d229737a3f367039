"""Densities, and what stands for one, as functions of numbers alone."""
import numpy
import torch
from torch.distributions import Independent, Normal
from torch.nn import functional as F


def log_normal(z):
    return Independent(Normal(torch.zeros_like(z), torch.ones_like(z)), 1).log_prob(z)


def log_volume(f, z):
    """log |det df/dz| (...) of f (..., n) at z (..., n), of which a row depends on its own alone"""
    rows = [torch.autograd.grad(f[..., i].sum(), z, create_graph=True)[0] for i in range(z.shape[-1])]
    return torch.linalg.slogdet(torch.stack(rows, -2))[1]


def continuous_bernoulli_log_prob(logits, x):
    """x l - log of the integral of e^(t l) over 0 <= t <= 1, by Gauss and Legendre: exact to rounding for small logits,
    where the closed form of torch.distributions loses digits"""
    t, weight = numpy.polynomial.legendre.leggauss(30)
    t, weight = torch.tensor((t + 1) / 2), torch.tensor(weight / 2)
    return (x * logits - torch.log((weight * torch.exp(logits[..., None] * t)).sum(-1))).sum(-1)


SCALES = {4: [1.0], 8: [0.3222, 0.6778], 16: [0.4558, 0.1633, 0.3809]}  # exponents by the smaller side, which is below


def structure(a, b, most, luminance):
    """Similarity (n) of pictures (n, channels, height, width) at one scale: Wang et al. 2004, with a Gaussian window
    beyond whose border all is 0"""
    side = min(a.shape[-2:])
    size = min(most, side if side % 2 else side - 1)
    at = torch.arange(size) - size // 2
    bell = torch.exp(-at.double() ** 2 / (2 * 1.5 ** 2))
    window = (torch.outer(bell, bell) / bell.sum() ** 2).repeat(a.shape[1], 1, 1, 1)
    mean = lambda v: F.conv2d(v, window, padding=size // 2, groups=v.shape[1])
    ma, mb = mean(a), mean(b)
    cov, var_a, var_b = mean(a * b) - ma * mb, mean(a * a) - ma ** 2, mean(b * b) - mb ** 2
    s = (2 * cov + 0.03 ** 2) / (var_a + var_b + 0.03 ** 2)
    if luminance:
        s = s * (2 * ma * mb + 0.01 ** 2) / (ma ** 2 + mb ** 2 + 0.01 ** 2)
    return (s.mean((1, 2, 3)) + 1) / 2


def ms_ssim(c, a, b):
    """(...) of pictures (..., features) in 0..1: Wang, Simoncelli and Bovik 2003"""
    image = c["image"] if len(c["image"]) == 3 else [1, *c["image"]]
    a, b, shape = a.reshape(-1, *image), b.reshape(-1, *image), a.shape[:-1]
    exponents = SCALES[min(side for side in SCALES if side > min(image[-2:]))]
    product = 1
    for i, exponent in enumerate(exponents):
        last = i == len(exponents) - 1
        product = product * structure(a, b, c["ssim_window"], last) ** exponent
        if not last:
            a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return product.reshape(shape)
