"""p(x|z)"""
import torch
from torch.distributions import Bernoulli, Independent, Normal
from torch.nn import functional as F

from ball import decode_ball
from densities import continuous_bernoulli_log_prob, ms_ssim
from networks import decode, output

LEAST_VARIANCE = 1e-4


def variance_of(c, w, h):
    """A learned one is e^logvar + LEAST_VARIANCE, which is the smooth bound below by softplus"""
    if c["learned_variance"] == "shared":
        return torch.exp(w["decoder.logvar"]) + LEAST_VARIANCE
    if c["learned_variance"] == "pixel":
        return torch.exp(output(c, w, h, "decoder.logvar")) + LEAST_VARIANCE
    return torch.tensor(c["variance"])


def decoded(c, w, z, y):
    """What the decoder's last layer gives (rows, draws, features), and what goes into it"""
    h = (decode_ball if c["posterior"] == "wrapped-normal" else decode)(c, w, z, y)
    return output(c, w, h, "decoder.mean" if c["likelihood"] in ("gaussian", "squared-error") else "decoder.logits"), h


def log_likelihood(c, w, z, x, y):
    """z (rows, draws, latent), x (rows, features) -> (rows, draws)"""
    out, h = decoded(c, w, z, y)
    x = x[:, None, :].expand_as(out)
    if c["likelihood"] == "continuous-bernoulli":
        return continuous_bernoulli_log_prob(out, x)
    if c["likelihood"] == "bernoulli":
        return Independent(Bernoulli(logits=out, validate_args=False), 1).log_prob(x)
    if c["likelihood"] == "squared-error":
        return -F.mse_loss(out, x, reduction="none").sum(-1)
    if c["likelihood"] == "ms-ssim":
        return ms_ssim(c, x, torch.sigmoid(out)) - 1
    return Independent(Normal(out, variance_of(c, w, h).sqrt()), 1).log_prob(x)
