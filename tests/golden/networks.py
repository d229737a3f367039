"""Layers by name, their first weights, and the networks that they make."""
import math

import torch
from torch.distributions import Normal
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def single(x):
    return x.float().double()


# ---- layers and parameters -------------------------------------------------------------------------------------------

def numbered(name, n):
    """name, name2, ... name<n>"""
    return [name if i == 0 else f"{name}{i + 1}" for i in range(n)]


def chain(name, at, hidden):
    """name: (in, out) of the layers name, name2, ... and the size of what they give"""
    layers = {}
    for layer, size in zip(numbered(name, len(hidden)), hidden):
        layers[layer] = (at, size)
        at = size
    return layers, at


def weights(layers):
    """The shape of each dense layer's weight"""
    return {name: (n_out, n_in) for name, (n_in, n_out) in layers.items()}


def levels(c):
    """(channels, height, width) of the image and of what each convolution makes of it"""
    sizes = [(c["image"][0] if len(c["image"]) == 3 else 1, *c["image"][-2:])]
    for channels in c["channels"]:
        sizes.append((channels, *(math.ceil(n / 2) for n in sizes[-1][1:])))
    return sizes


def encoded(c):
    """How many numbers the encoder computes of an image before the heads"""
    inputs = math.prod(levels(c)[-1]) if c["channels"] else c["features"] + c["classes"]
    return c["hidden"][-1] if c["hidden"] else inputs


def heads(c):
    """name: size of the encoder's last layers"""
    if c["posterior"] == "ladder":
        return {}
    if c["posterior"] in ("delta", "vq", "hrq"):
        return {"code": c["latent"]}
    if c["posterior"] == "vmf":
        return {"mean": c["latent"], "concentration": 1}
    spread = "variance" if c["spread"] == "softplus" else c["spread"]
    return {"mean": c["latent"], spread: 1 if c["isotropic"] else c["latent"]}


def encoder_layers(c):
    """The shape of each layer's weight by name"""
    layers, at = {}, c["features"] + c["classes"]
    if c["channels"]:
        sizes = levels(c)
        convolutions, _ = chain("encoder.conv", sizes[0][0] + (c["classes"] > 0), c["channels"])
        layers["encoder.label"] = (math.prod(sizes[0][1:]), c["classes"])
        layers.update({name: (n_out, n_in, 3, 3) for name, (n_in, n_out) in convolutions.items()})
        at = math.prod(sizes[-1])
    dense, at = chain("encoder.hidden", at, c["hidden"])
    dense.update({f"encoder.{head}": (at, size) for head, size in heads(c).items()})
    layers.update(weights(dense))
    return {name: shape for name, shape in layers.items() if 0 not in shape}


def decoder_layers(c):
    latent = c["ladder_dims"][-1] if c["posterior"] == "ladder" else c["latent"]
    layers, at = chain("decoder.hidden", latent + c["classes"], c["hidden"][::-1])
    outputs = ["mean" if c["likelihood"] in ("gaussian", "squared-error") else "logits"]
    outputs += ["logvar"] if c["learned_variance"] == "pixel" else []
    if not c["channels"]:
        layers.update({f"decoder.{name}": (at, c["features"]) for name in outputs})
        return weights(layers)
    layers["decoder.features"] = (at, math.prod(levels(c)[-1]))
    convolutions, at = chain("decoder.conv", c["channels"][-1], c["channels"][-2::-1])
    convolutions.update({f"decoder.{name}": (at, levels(c)[0][0]) for name in outputs})
    return {**weights(layers), **{name: (n_in, n_out, 3, 3) for name, (n_in, n_out) in convolutions.items()}}


PLAYERS = ("factor", "adversarial", "vae-gan")


def discriminator_layers(c):
    """Of codes or, for vae-gan, of pictures; labels stand beside either, but for factor"""
    if c["objective"] not in PLAYERS:
        return {}
    of = c["features"] if c["objective"] == "vae-gan" else c["latent"]
    labels = 0 if c["objective"] == "factor" else c["classes"]
    layers, at = chain("discriminator.hidden", of + labels, c["discriminator_hidden"])
    layers["discriminator.out"] = (at, 1)
    return weights(layers)


def layer_tensors(c, layers, uniform):
    """Weight and bias of each layer by name"""
    w = {}
    for name, shape in layers.items():
        transposed = len(shape) == 4 and name.startswith("decoder")
        bound = c["gain"] * math.prod(shape[1:]) ** -0.5
        if not (c["tied"] and name.startswith("decoder")):
            w[name + ".weight"] = single((2 * uniform(*shape) - 1) * bound).requires_grad_()
        w[name + ".bias"] = single((2 * uniform(shape[transposed]) - 1) * bound).requires_grad_()
        if c["spectral_norm"] and name.startswith("decoder"):
            w[name + ".spectral"] = single(2 * uniform(shape[0]) - 1)
    return w


# ---- networks --------------------------------------------------------------------------------------------------------

def linear(w, h, name):
    return F.linear(h, w[name + ".weight"], w[name + ".bias"])


def beside(h, y):
    """h (rows, draws, n) with the label of each row; h itself without labels"""
    return h if y is None else torch.cat([h, y[:, None, :].expand(-1, h.shape[1], -1)], -1)


def hidden_layers(c, w, h, side):
    """What each of the layers encoder.hidden, ... or decoder.hidden, ... gives, h itself first"""
    steps = [h]
    for name in numbered(f"{side}.hidden", len(c["hidden"])):
        steps.append(getattr(torch, c["activation"])(linear(w, steps[-1], name)))
    return steps


def encode(c, w, x, y):
    """x (rows, features) -> (rows, last hidden layer)"""
    if not c["channels"]:
        return hidden_layers(c, w, x if y is None else torch.cat([x, y], -1), "encoder")[-1]
    channels, height, width = levels(c)[0]
    h = x.reshape(-1, channels, height, width)
    if y is not None:
        h = torch.cat([h, linear(w, y, "encoder.label").reshape(-1, 1, height, width)], 1)
    for name in numbered("encoder.conv", len(c["channels"])):
        h = getattr(torch, c["activation"])(F.conv2d(h, w[name + ".weight"], w[name + ".bias"], stride=2, padding=1))
    return hidden_layers(c, w, h.flatten(1), "encoder")[-1]


def law(c, w, h):
    """N (rows, latent) of what the encoder computed"""
    mean, spread = (linear(w, h, f"encoder.{head}") for head in heads(c))
    if c["spread"] == "softplus":
        return Normal(mean, (F.softplus(spread) + 1e-5).sqrt())
    return Normal(mean, torch.exp(spread if c["spread"] == "logstd" else spread / 2))


def decode(c, w, z, y):
    """z (rows, draws, latent) -> what `output` takes"""
    h = hidden_layers(c, w, beside(z, y), "decoder")[-1]
    if not c["channels"]:
        return h
    activation, sizes = getattr(torch, c["activation"]), levels(c)
    h = activation(linear(w, h, "decoder.features").reshape(-1, *sizes[-1]))
    for name, (_, height, width) in zip(numbered("decoder.conv", len(c["channels"]) - 1), sizes[-2:0:-1]):
        h = activation(doubled(w, h, name, height, width))
    return h


def doubled(w, h, name, height, width):
    """Twice the size, or one less where `height` or `width` says so"""
    more = (height - 2 * h.shape[2] + 1, width - 2 * h.shape[3] + 1)
    return F.conv_transpose2d(h, w[name + ".weight"], w[name + ".bias"], stride=2, padding=1, output_padding=more)


def output(c, w, h, name):
    """The last layer: -> (rows, draws, features)"""
    if c["channels"]:
        return doubled(w, h, name, *levels(c)[0][1:]).reshape(c["rows"], -1, c["features"])
    return linear(w, h, name)


def discriminate(c, w, h, y):
    """h (..., n) -> logits (...), and what each hidden layer gives"""
    h, units = beside(h, y), []
    for name in numbered("discriminator.hidden", len(c["discriminator_hidden"])):
        h = F.leaky_relu(linear(w, h, name), c["discriminator_slope"])
        units.append(h)
    return linear(w, h, "discriminator.out").squeeze(-1), units


def with_tied_weights(c, w):
    """The decoder's layers with the encoder's weights, the other way round and transposed"""
    pairs = zip(decoder_layers(c), list(encoder_layers(c))[::-1])
    return {**w, **{to + ".weight": w[of + ".weight"].T for to, of in pairs}}


def with_spectral_norms(c, w):
    """The decoder's weights over their largest singular values, by one more step of the power method, which is kept
    (Miyato et al., arXiv:1802.05957)"""
    normal = dict(w)
    for name in decoder_layers(c):
        matrix = w[name + ".weight"]
        fixed, state = matrix.detach(), w[name + ".spectral"]
        w[name + ".spectral"] = F.normalize(fixed @ (fixed.T @ state), dim=0)
        normal[name + ".weight"] = matrix / torch.linalg.vector_norm(matrix.T @ w[name + ".spectral"])
    return normal
