"""Leapfrog steps of z and a momentum, in flat space and in a metric, with what is learned of them."""
import torch
from torch.distributions import MultivariateNormal

from networks import layer_tensors, linear, single, weights

MOST_SIZE = 0.5


def leapfrog_tensors(c, uniform):
    logit = lambda p: torch.log(p / (1 - p))
    size = torch.full((c["latent"],), c["leapfrog_size"] / MOST_SIZE)
    return {"encoder.leapfrog.size": single(logit(size)).requires_grad_(),
            "encoder.leapfrog.tempering": single(logit(torch.tensor(c["tempering"]))).requires_grad_()}


def temperatures(c, start):
    """Inverse ones before the first step, which is `start`, and after each: quadratic tempering"""
    root, steps = start ** -0.5, c["leapfrog_steps"]
    return [((1 - root) * k ** 2 / steps ** 2 + root) ** -2 for k in range(steps + 1)]


def leapfrog(c, w, log_joint, z, momentum):
    """Caterini, Doucet and Sejdinovic, arXiv:1805.11328, with sizes and tempering that are learned"""
    size = MOST_SIZE * torch.sigmoid(w["encoder.leapfrog.size"])
    beta = temperatures(c, torch.sigmoid(w["encoder.leapfrog.tempering"]))
    down = lambda z: torch.autograd.grad(-log_joint(z).sum(), z, create_graph=True)[0]
    momentum = momentum / beta[0] ** 0.5
    for k in range(1, c["leapfrog_steps"] + 1):
        half = momentum - size / 2 * down(z)
        z = z + size * half
        momentum = (beta[k - 1] / beta[k]) ** 0.5 * (half - size / 2 * down(z))
    return z, momentum


# ---- in a metric: Chadebec et al., arXiv:2105.00026 ------------------------------------------------------------------

def metric_tensors(c, uniform):
    latent, hidden, kept = c["latent"], c["metric_hidden"], c["metric_size"]
    layers = {"hidden": (c["features"] + c["classes"], hidden), "diagonal": (hidden, latent),
              "lower": (hidden, latent * latent)}
    layers = {f"encoder.metric.{name}": shape for name, shape in layers.items()}
    return {**layer_tensors(c, weights(layers), uniform), "encoder.metric.centroids": torch.zeros(kept, latent),
            "encoder.metric.matrices": torch.zeros(kept, latent, latent)}


def keep(w, name, latest):
    """The latest first, as many as there is room for"""
    w[name] = torch.cat([latest.detach(), w[name]])[:len(w[name])]


class Metric:
    """G^-1 at z: the sum of L_i L_i^T exp(-|c_i - z|^2 / T^2) over the pictures of the batch, at most as many as are
    kept, and lambda on the diagonal"""

    def __init__(self, c, w, x, y, means):
        h = linear(w, (x if y is None else torch.cat([x, y], -1))[:c["metric_size"]], "encoder.metric.hidden")
        h = getattr(torch, c["activation"])(h)
        held = lambda name: 2 * torch.tanh(linear(w, h, f"encoder.metric.{name}") / 2)
        lower = held("lower").reshape(-1, c["latent"], c["latent"]).tril(-1)
        factor = lower + torch.diag_embed(torch.exp(held("diagonal")))
        self.matrices, self.centroids = factor @ factor.mT, means[:c["metric_size"]]
        self.reach, self.least = c["metric_temperature"], c["metric_lambda"] * torch.eye(c["latent"])
        keep(w, "encoder.metric.centroids", self.centroids)
        keep(w, "encoder.metric.matrices", self.matrices)

    def inverse(self, z):
        """(rows, draws, latent, latent)"""
        near = torch.exp(-(z[:, :, None] - self.centroids).square().sum(-1) / self.reach ** 2)
        return torch.einsum("bki,ijl->bkjl", near, self.matrices) + self.least

    def of(self, z, v):
        return (self.inverse(z) @ v[..., None])[..., 0]

    def momentum(self, z, v):
        """Of covariance G, from v ~ N(0, I)"""
        inverse = self.inverse(z)
        return (torch.linalg.solve(inverse, torch.linalg.cholesky(inverse)) @ v[..., None])[..., 0]

    def log_prob(self, z, momentum):
        """log N(momentum; 0, G)"""
        law = MultivariateNormal(torch.zeros_like(z), precision_matrix=self.inverse(z), validate_args=False)
        return law.log_prob(momentum)


def riemannian_leapfrog(c, metric, log_joint, z, momentum):
    size, beta = c["leapfrog_size"], temperatures(c, c["tempering"])

    def down(z, momentum):
        """dH/dz at a momentum that stays"""
        at = z.clone()
        inverse = metric.inverse(at)
        kinetic = (momentum * (inverse @ momentum[..., None])[..., 0]).sum(-1) / 2
        energy = -log_joint(at) + kinetic - torch.linalg.slogdet(inverse)[1] / 2
        return torch.autograd.grad(energy.sum(), at, create_graph=True)[0]

    momentum = momentum / beta[0] ** 0.5
    for k in range(1, c["leapfrog_steps"] + 1):
        half, moved = momentum, z
        for _ in range(c["fixed_points"]):
            half = momentum - size / 2 * down(z, half)
        for _ in range(c["fixed_points"]):
            moved = z + size / 2 * (metric.of(z, half) + metric.of(moved, half))
        z = moved
        momentum = (beta[k - 1] / beta[k]) ** 0.5 * (half - size / 2 * down(z, half))
    return z, momentum
