"""Steps of flows, f(z), with their layers."""
import torch
from torch.nn import functional as F

from networks import beside, encoded, layer_tensors, linear, numbered, single, weights


def flow_numbers(c):
    """name: how many numbers of a step"""
    latent = c["latent"]
    return {"planar": {"w": latent, "u": latent, "b": 1}, "radial": {"centre": latent, "alpha": 1, "beta": 1}}[
        c["posterior"]]


def numbers_of(w, h, name):
    """(n), or of each image (rows, 1, n)"""
    return w[name] if name in w else linear(w, h, name)[:, None, :]


def planar(c, w, h, step, z, backwards):
    """Rezende and Mohamed, arXiv:1505.05770, with u of appendix A.1. The two small numbers keep w^T u from being
    rounded to -1, and a w of 0 from being divided by"""
    along, v, b = (numbers_of(w, h, f"{step}.{name}") for name in ("w", "u", "b"))
    s = (along * v).sum(-1, keepdim=True)
    least = -1 + 1e-6 + torch.log1p(torch.exp(s))
    u = v + (least - s) * along / (along.square().sum(-1, keepdim=True) + 1e-12)
    return z + u * torch.tanh((along * z).sum(-1, keepdim=True) + b)


def radial(c, w, h, step, z, backwards):
    """Of the same paper, with alpha and beta of appendix A.2"""
    centre, alpha, beta = (numbers_of(w, h, f"{step}.{name}") for name in ("centre", "alpha", "beta"))
    alpha = F.softplus(alpha)
    beta = -alpha + F.softplus(beta)
    r = ((z - centre).square().sum(-1, keepdim=True) + 1e-12).sqrt()
    return z + beta / (alpha + r) * (z - centre)


def degrees(c):
    """Of the units of a step's hidden layers: 1 ... latent - 1 in turn (Germain et al., arXiv:1502.03509), and 0 beside
    what all entries may see"""
    least = 0 if not c["flow_shared"] or c["latent"] == 1 else 1
    return [[least + i % (c["latent"] - least) for i in range(size)] for size in c["flow_hidden"]]


def made(c, w, h, step, z, backwards):
    """m and s (rows, draws, latent), of which entry i depends on the entries before it; or behind, backwards"""
    entries = list(range(1, c["latent"] + 1))
    entries = entries[::-1] if backwards else entries
    sees = entries + [0] * (0 if c["flow_shared"] else h.shape[-1])
    v = z if c["flow_shared"] else beside(z, h)
    for i, degree in enumerate(degrees(c)):
        name = f"{step}.made.{numbered('hidden', len(c['flow_hidden']))[i]}"
        mask = torch.tensor([[float(a <= b) for a in sees] for b in degree])
        v = torch.relu(F.linear(v, w[name + ".weight"] * mask, w[name + ".bias"]))
        sees = degree
    mask = torch.tensor([[float(a < b) for a in sees] for b in entries * 2])
    v = F.linear(v, w[f"{step}.made.out.weight"] * mask, w[f"{step}.made.out.bias"])
    return v[..., :c["latent"]], v[..., c["latent"]:]


def inverse_autoregressive(c, w, h, step, z, backwards):
    """Kingma et al., arXiv:1606.04934, with gates that are nearly open at first"""
    m, s = made(c, w, h, step, z, backwards)
    gate = torch.sigmoid(s + 2)
    return gate * z + (1 - gate) * m


def autoregressive(c, w, h, step, z, backwards):
    """Papamakarios et al., arXiv:1705.07057, entry by entry"""
    y = [torch.zeros_like(z[..., 0])] * c["latent"]
    for i in range(c["latent"])[::-1 if backwards else 1]:
        m, s = made(c, w, h, step, torch.stack(y, -1), backwards)
        y[i] = m[..., i] + z[..., i] * torch.exp(torch.tanh(s[..., i]))
    return torch.stack(y, -1)


FLOWS = {"planar": planar, "radial": radial, "iaf": inverse_autoregressive, "maf": autoregressive}


def flow_tensors(c, uniform):
    w = {}
    for step in numbered("encoder.flow", c["flow_steps"]):
        if c["posterior"] in ("iaf", "maf"):
            at, layers = c["latent"] + (0 if c["flow_shared"] else encoded(c)), {}
            for name, size in zip(numbered(f"{step}.made.hidden", len(c["flow_hidden"])), c["flow_hidden"]):
                layers[name] = (at, size)
                at = size
            w.update(layer_tensors(c, weights({**layers, f"{step}.made.out": (at, 2 * c["latent"])}), uniform))
        elif c["flow_shared"]:
            w.update({f"{step}.{name}": single(c["gain"] * (2 * uniform(n) - 1)).requires_grad_()
                      for name, n in flow_numbers(c).items()})
        else:
            layers = {f"{step}.{name}": (encoded(c), n) for name, n in flow_numbers(c).items()}
            w.update(layer_tensors(c, weights(layers), uniform))
    return w
