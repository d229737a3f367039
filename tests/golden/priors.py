"""p(z): a function z -> log p(z) of each, with the parameters that are theirs"""
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from ball import ball_prior
from densities import log_normal
from networks import encode, layer_tensors, law, linear, single
from sphere import sphere_prior


def standard_prior(c, w, y):
    return {"wrapped-normal": ball_prior(c), "vmf": sphere_prior}.get(c["posterior"], log_normal)


def given_label(c, w, y):
    """N(prior.mean(y), exp prior.logvar(y)), layers both"""
    return Normal(linear(w, y, "prior.mean"), torch.exp(linear(w, y, "prior.logvar") / 2))


def learned_prior(c, w, y):
    p = given_label(c, w, y)
    return lambda z: Independent(Normal(p.loc[:, None], p.scale[:, None]), 1).log_prob(z)


def mixture_prior(c, w, y):
    parts = Independent(Normal(w["prior.means"], torch.exp(w["prior.logvars"] / 2)), 1)
    return MixtureSameFamily(Categorical(logits=w["prior.logits"]), parts).log_prob


def vamp_prior(c, w, y):
    """Tomczak and Welling, arXiv:1705.07120: posteriors of pictures, with a soft label each"""
    labels = None if y is None else torch.softmax(w["prior.labels"], -1)
    q = law(c, w, encode(c, w, torch.sigmoid(w["prior.inputs"]), labels))
    same = Categorical(logits=torch.zeros(c["components"]))
    return MixtureSameFamily(same, Independent(q, 1)).log_prob


PRIORS = {"standard": standard_prior, "learned": learned_prior, "mixture": mixture_prior, "vamp": vamp_prior}


def prior_tensors(c, uniform):
    if c["prior"] == "learned":
        layers = {f"prior.{head}": (c["latent"], c["classes"]) for head in ("mean", "logvar")}
        return layer_tensors(c, layers, uniform)
    components, latent = c["components"], c["latent"]
    labels = {"labels": [components, c["classes"]]} if c["classes"] else {}
    shapes = {"mixture": {"logits": [components], "means": [components, latent], "logvars": [components, latent]},
              "vamp": {"inputs": [components, c["features"]], **labels}}.get(c["prior"], {})
    return {f"prior.{name}": single(2 * uniform(*shape) - 1).requires_grad_() for name, shape in shapes.items()}
