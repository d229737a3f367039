#!/usr/bin/env python3
"""Writes steps.h: two Adam steps of small models, computed by PyTorch in double precision.

    python3 tests/golden/make_golden.py > tests/golden/steps.h

Nothing here shares a formula with elbo: densities and divergences are those of torch.distributions (or integrals),
gradients those of torch's autograd, updates those of torch.optim. Weights, data and noise are rounded to single
precision, so that a run in f32 starts from exactly the same numbers.
"""
import math

import numpy
import torch
from torch.distributions import Bernoulli, Categorical, Independent, Normal, kl_divergence
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
LEARNING_RATE = 0.01
LEAST_VARIANCE = 1e-4

# What a case is made of; a case says what differs. What is an option of the model has the model's own default here.
DEFAULTS = dict(
    title=None,                  # a name for C
    model="vae",                 # vae, cvae (with classes), ae, vq-vae, hrq-vae or rae-gp, of which vq and hrq have mlp
    rows=5, image=[12], classes=0, latent=3, draws=1, hidden=[8], activation="relu",
    channels=[],                 # of convolutions before the hidden layers, mirrored behind those of the decoder
    likelihood="bernoulli",      # bernoulli, continuous-bernoulli or gaussian; ae: bernoulli or squared-error
    variance=0.1,                # of a Gaussian likelihood; where it is learned, what decoder.logvar starts from
    learned_variance="no",       # "shared": one number, decoder.logvar (); "pixel": a layer decoder.logvar
    spread="logvar",             # or logstd: that layer gives the logarithm of the standard deviation
    prior="standard",            # learned: p(z|y) = N(prior.mean(y), exp prior.logvar(y)), layers both
    beta=1.0,
    free_bits=0.0,               # what a latent dimension's KL, a mean over the images, counts for at least in the loss
    code_activation="identity",  # ae: what follows the layer encoder.code
    tied=False,                  # ae: the decoder's weights are those of the encoder, transposed
    sparsity=0.0,                # ae: weight of KL(rho || mean activation), over all sigmoid units of the encoder
    rho=0.05,
    corruption=0.0,              # ae: an input is set to 0 where its noise is below this
    codes=512, code_positions=1,  # vq-vae, hrq-vae: rows of a codebook; latent / positions numbers each
    codebook="gradient",         # vq-vae: or average
    code_decay=0.99,             # vq-vae: of moving averages
    commitment=0.25,             # vq-vae
    code_levels=4, code_drop=0.1, code_kl=0.1, code_norm=0.5, code_shrink=1.5,  # hrq-vae
    code_cooling=33.3, code_temperature=0.5,
    code_penalty=1e-4,           # rae-gp
    gradient_penalty=0.0,
)
EPOCH = 5.0                      # what scalar epoch says

QUANTISERS = ("vq-vae", "hrq-vae")
WITHOUT_KL = ("ae", "rae-gp", *QUANTISERS)

CASES = [
    dict(title="vae"),
    dict(title="cvae", model="cvae", classes=4),
    dict(title="deep_cvae", model="cvae", rows=4, image=[7], classes=3, latent=2, draws=3, hidden=[6, 5],
         activation="tanh", likelihood="gaussian", variance=0.25, beta=0.5),
    dict(title="shared_variance", image=[7], draws=2, likelihood="gaussian", variance=0.2, learned_variance="shared"),
    dict(title="pixel_variance", image=[7], likelihood="gaussian", learned_variance="pixel"),
    dict(title="logstd", spread="logstd"),
    dict(title="continuous_bernoulli", likelihood="continuous-bernoulli"),
    dict(title="learned_prior", model="cvae", image=[7], classes=3, latent=2, draws=2, prior="learned"),
    dict(title="free_bits", latent=4, free_bits=0.03, beta=2.0),
    dict(title="tied_ae", model="ae", hidden=[8, 6], activation="tanh", likelihood="squared-error", tied=True),
    dict(title="sparse_ae", model="ae", hidden=[8, 6], activation="sigmoid", code_activation="sigmoid", sparsity=0.5,
         rho=0.1),
    dict(title="masking_ae", model="ae", likelihood="squared-error", corruption=0.3),
    dict(title="vq", model="vq-vae", latent=6, code_positions=3, codes=4, likelihood="squared-error"),
    dict(title="vq_average", model="vq-vae", latent=4, code_positions=2, codes=3, codebook="average", code_decay=0.9,
         commitment=0.5, likelihood="squared-error"),
    dict(title="hrq", model="hrq-vae", latent=6, code_positions=2, codes=4, code_levels=3, code_drop=0.3,
         code_shrink=4.0, likelihood="squared-error"),
    dict(title="rae_gp", model="rae-gp", image=[7], activation="tanh", likelihood="squared-error", code_penalty=0.2,
         gradient_penalty=0.3),
    dict(title="conv_vae", image=[7, 6], channels=[2, 3], hidden=[]),
    dict(title="conv_cvae", model="cvae", image=[2, 5, 6], classes=3, latent=2, draws=2, channels=[2, 3], hidden=[5]),
]


def complete(case):
    unknown = set(case) - set(DEFAULTS)
    assert not unknown, f"{case['title']}: no such option of a case: {unknown}"
    c = {**DEFAULTS, **case}
    return {**c, "features": math.prod(c["image"])}


def single(x):
    return x.float().double()


# ---- layers and parameters -------------------------------------------------------------------------------------------

def chain(name, at, hidden):
    """name: (in, out) of the layers name, name2, ... and the size of what they give"""
    layers = {}
    for i, size in enumerate(hidden):
        layers[name if i == 0 else f"{name}{i + 1}"] = (at, size)
        at = size
    return layers, at


def levels(c):
    """(channels, height, width) of the image and of what each convolution makes of it"""
    sizes = [(c["image"][0] if len(c["image"]) == 3 else 1, *c["image"][-2:])]
    for channels in c["channels"]:
        sizes.append((channels, *(math.ceil(n / 2) for n in sizes[-1][1:])))
    return sizes


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
    heads = ["code"] if c["model"] in WITHOUT_KL else ["mean", c["spread"]]
    dense.update({f"encoder.{head}": (at, c["latent"]) for head in heads})
    layers.update({name: (n_out, n_in) for name, (n_in, n_out) in dense.items()})
    return {name: shape for name, shape in layers.items() if 0 not in shape}


def prior_layers(c):
    heads = ["mean", "logvar"] if c["prior"] == "learned" else []
    return {f"prior.{head}": (c["latent"], c["classes"]) for head in heads}


def decoder_layers(c):
    layers, at = chain("decoder.hidden", c["latent"] + c["classes"], c["hidden"][::-1])
    heads = ["mean" if c["likelihood"] in ("gaussian", "squared-error") else "logits"]
    heads += ["logvar"] if c["learned_variance"] == "pixel" else []
    if not c["channels"]:
        layers.update({f"decoder.{head}": (at, c["features"]) for head in heads})
        return {name: (n_out, n_in) for name, (n_in, n_out) in layers.items()}
    layers["decoder.features"] = (at, math.prod(levels(c)[-1]))
    layers = {name: (n_out, n_in) for name, (n_in, n_out) in layers.items()}
    convolutions, at = chain("decoder.conv", c["channels"][-1], c["channels"][-2::-1])
    convolutions.update({f"decoder.{head}": (at, levels(c)[0][0]) for head in heads})
    return {**layers, **{name: (n_in, n_out, 3, 3) for name, (n_in, n_out) in convolutions.items()}}


def code_dim(c):
    return c["latent"] // c["code_positions"]


def level_names(c):
    return list(chain("level", 0, range(c["code_levels"]))[0])


def codebooks(c, uniform):
    """Tensors of the codebooks by name; what does not ask for a gradient is state"""
    table = lambda: single(2 * uniform(c["codes"], code_dim(c)) - 1)
    if c["model"] == "hrq-vae":
        return {f"codes.{level}.weight": table().requires_grad_() for level in level_names(c)}
    if c["model"] != "vq-vae":
        return {}
    codes = {"codes.sum": table()} if c["codebook"] == "average" else {"codes.weight": table().requires_grad_()}
    return {**codes, "codes.count": torch.ones(c["codes"])}


def parameters(c, uniform):
    """By name, in the order in which the model meets them"""
    w = {}
    for name, shape in {**encoder_layers(c), "codes": None, **prior_layers(c), **decoder_layers(c)}.items():
        if shape is None:
            w.update(codebooks(c, uniform))
            continue
        transposed = len(shape) == 4 and name.startswith("decoder")
        bound = math.prod(shape[1:]) ** -0.5
        if not (c["tied"] and name.startswith("decoder")):
            w[name + ".weight"] = single((2 * uniform(*shape) - 1) * bound).requires_grad_()
        w[name + ".bias"] = single((2 * uniform(shape[transposed]) - 1) * bound).requires_grad_()
    if c["learned_variance"] == "shared":
        w["decoder.logvar"] = single(torch.tensor(math.log(c["variance"]))).requires_grad_()
    return w


# ---- networks --------------------------------------------------------------------------------------------------------

def linear(w, h, name):
    return F.linear(h, w[name + ".weight"], w[name + ".bias"])


def hidden_layers(c, w, h, side):
    """What each of the layers encoder.hidden, ... or decoder.hidden, ... gives, h itself first"""
    steps = [h]
    for name in chain(f"{side}.hidden", 0, c["hidden"])[0]:
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
    for name in chain("encoder.conv", 0, c["channels"])[0]:
        h = getattr(torch, c["activation"])(F.conv2d(h, w[name + ".weight"], w[name + ".bias"], stride=2, padding=1))
    return hidden_layers(c, w, h.flatten(1), "encoder")[-1]


def decode(c, w, z, y):
    """z (rows, draws, latent) -> what `output` takes"""
    h = z if y is None else torch.cat([z, y[:, None, :].expand(-1, c["draws"], -1)], -1)
    h = hidden_layers(c, w, h, "decoder")[-1]
    if not c["channels"]:
        return h
    activation, sizes = getattr(torch, c["activation"]), levels(c)
    h = activation(linear(w, h, "decoder.features").reshape(-1, *sizes[-1]))
    for name, (_, height, width) in zip(chain("decoder.conv", 0, c["channels"][1:])[0], sizes[-2:0:-1]):
        h = activation(doubled(w, h, name, height, width))
    return h


def doubled(w, h, name, height, width):
    """Twice the size, or one less where `height` or `width` says so"""
    more = (height - 2 * h.shape[2] + 1, width - 2 * h.shape[3] + 1)
    return F.conv_transpose2d(h, w[name + ".weight"], w[name + ".bias"], stride=2, padding=1, output_padding=more)


def output(c, w, h, name):
    """The last layer: -> (rows, draws, features)"""
    if c["channels"]:
        return doubled(w, h, name, *levels(c)[0][1:]).reshape(c["rows"], c["draws"], c["features"])
    return linear(w, h, name)


# ---- vae and cvae ----------------------------------------------------------------------------------------------------

def continuous_bernoulli_log_prob(logits, x):
    """x l - log of the integral of e^(t l) over 0 <= t <= 1, by Gauss and Legendre: exact to rounding for small logits,
    where the closed form of torch.distributions loses digits"""
    t, weight = numpy.polynomial.legendre.leggauss(30)
    t, weight = torch.tensor((t + 1) / 2), torch.tensor(weight / 2)
    return (x * logits - torch.log((weight * torch.exp(logits[..., None] * t)).sum(-1))).sum(-1)


def variance_of(c, w, h):
    """A learned one is e^logvar + LEAST_VARIANCE, which is the smooth bound below by softplus"""
    if c["learned_variance"] == "shared":
        return torch.exp(w["decoder.logvar"]) + LEAST_VARIANCE
    if c["learned_variance"] == "pixel":
        return torch.exp(output(c, w, h, "decoder.logvar")) + LEAST_VARIANCE
    return torch.tensor(c["variance"])


def log_likelihood(c, w, h, x):
    """h as decode gives it -> (rows, draws)"""
    out = output(c, w, h, "decoder.mean" if c["likelihood"] == "gaussian" else "decoder.logits")
    x = x[:, None, :].expand_as(out)
    if c["likelihood"] == "continuous-bernoulli":
        return continuous_bernoulli_log_prob(out, x)
    if c["likelihood"] == "bernoulli":
        return Independent(Bernoulli(logits=out, validate_args=False), 1).log_prob(x)
    return Independent(Normal(out, variance_of(c, w, h).sqrt()), 1).log_prob(x)


def posterior(c, w, h):
    spread = linear(w, h, f"encoder.{c['spread']}")
    return Normal(linear(w, h, "encoder.mean"), torch.exp(spread if c["spread"] == "logstd" else spread / 2))


def prior(c, w, q, y):
    if c["prior"] == "learned":
        return Normal(linear(w, y, "prior.mean"), torch.exp(linear(w, y, "prior.logvar") / 2))
    return Normal(torch.zeros_like(q.loc), torch.ones_like(q.scale))


def vae_loss(c, w, x, y, noise):
    """loss, recon and kl, means over the images; noise z#0 (rows, draws, latent)"""
    q = posterior(c, w, encode(c, w, x, y))
    z = q.loc[:, None, :] + q.scale[:, None, :] * noise["z#0"]
    recon = -log_likelihood(c, w, decode(c, w, z, y), x).mean(1)
    dims = kl_divergence(q, prior(c, w, q, y))
    kl = dims.sum(-1)
    if c["free_bits"] > 0:
        counted = dims.mean(0).clamp(min=c["free_bits"]).sum()
        return recon.mean() + c["beta"] * counted, recon.mean(), kl.mean()
    return (recon + c["beta"] * kl).mean(), recon.mean(), kl.mean()


# ---- autoencoder -----------------------------------------------------------------------------------------------------

def with_tied_weights(c, w):
    """The decoder's layers with the encoder's weights, the other way round and transposed"""
    pairs = zip(decoder_layers(c), list(encoder_layers(c))[::-1])
    return {**w, **{to + ".weight": w[of + ".weight"].T for to, of in pairs}}


def ae_loss(c, w, x, y, noise):
    """loss, recon (means over the images) and 0, there being no kl; noise corruption#0 (rows, features) or none"""
    w = with_tied_weights(c, w) if c["tied"] else w
    if noise:
        x_seen = torch.where(noise["corruption#0"] < c["corruption"], 0.0, x)
    units = hidden_layers(c, w, x_seen if noise else x, "encoder")[1:]
    code = linear(w, units[-1], "encoder.code")
    sparse = units if c["activation"] == "sigmoid" else []
    if c["code_activation"] != "identity":
        code = getattr(torch, c["code_activation"])(code)
    if c["code_activation"] == "sigmoid":
        sparse = sparse + [code]
    out = linear(w, hidden_layers(c, w, code, "decoder")[-1], list(decoder_layers(c))[-1])
    if c["likelihood"] == "squared-error":
        recon = F.mse_loss(out, x, reduction="none").sum(-1).mean()
    else:
        recon = F.binary_cross_entropy_with_logits(out, x, reduction="none").sum(-1).mean()
    loss = recon
    for h in sparse if c["sparsity"] > 0 else []:
        rates = h.mean(0)
        loss = loss + c["sparsity"] * kl_divergence(Bernoulli(torch.full_like(rates, c["rho"])), Bernoulli(rates)).sum()
    return loss, recon, torch.zeros(())


# ---- codebooks -------------------------------------------------------------------------------------------------------

def rows_of(c, w, x):
    """(rows, positions, numbers of a code)"""
    code = linear(w, encode(c, w, x, None), "encoder.code")
    return code.reshape(c["rows"], c["code_positions"], code_dim(c))


def squared_error_of(c, w, code, x):
    """Of each image, from codes (rows, positions, ...)"""
    h = hidden_layers(c, w, code.reshape(c["rows"], -1), "decoder")[-1]
    return F.mse_loss(linear(w, h, "decoder.mean"), x, reduction="none").sum(-1)


def follow(c, w, h, index):
    """Moving averages of how many rows choose a code, and of their sums"""
    chosen = F.one_hot(index.reshape(-1), c["codes"]).double()
    decay = c["code_decay"]
    w["codes.count"] = decay * w["codes.count"] + (1 - decay) * chosen.sum(0)
    if c["codebook"] == "average":
        w["codes.sum"] = decay * w["codes.sum"] + (1 - decay) * chosen.T @ h.detach().reshape(-1, code_dim(c))


def vq_loss(c, w, x, y, noise):
    h = rows_of(c, w, x)
    if c["codebook"] == "average":
        count = w["codes.count"]
        smooth = (count + 1e-5) / (count.sum() + 1e-5 * c["codes"]) * count.sum()
        table = w["codes.sum"] / smooth[:, None]
    else:
        table = w["codes.weight"]
    index = torch.cdist(h.detach(), table.detach()).argmin(-1)
    e = F.embedding(index, table)
    recon = squared_error_of(c, w, h + (e - h).detach(), x)
    cost = c["commitment"] * F.mse_loss(h, e.detach(), reduction="none").sum((1, 2))
    if c["codebook"] == "gradient":
        cost = cost + F.mse_loss(h.detach(), e, reduction="none").sum((1, 2))
    follow(c, w, h, index)
    return (recon + cost).mean(), recon.mean(), torch.zeros(())


def hrq_loss(c, w, x, y, noise):
    h = rows_of(c, w, x)
    left, quantised, cost = h, [], 0
    for l, level in enumerate(level_names(c)):
        table = w[f"codes.{level}.weight"]
        logits = -(left[:, :, None, :] - table).square().sum(-1)
        uniform = Categorical(probs=torch.full_like(logits, 1 / c["codes"]))
        cost = cost + c["code_kl"] * kl_divergence(uniform, Categorical(logits=logits)).sum(1)
        noisy = logits - torch.log(-torch.log(noise[f"codes.{level}.gumbel#0"].squeeze(1)))
        temperature = max(math.exp(-EPOCH / (c["code_cooling"] * 1.5 ** l)), c["code_temperature"])
        soft = F.softmax(noisy / temperature, -1)
        hard = F.one_hot(noisy.argmax(-1), c["codes"]).double()
        quantised.append((hard - soft.detach() + soft) @ table)
        left = left - quantised[-1]
    quantised = torch.stack(quantised, 2)  # (rows, positions, levels, numbers)
    norms = torch.linalg.vector_norm(quantised, dim=-1)
    long = (norms[:, :, 1:] / norms[:, :, :-1] * c["code_shrink"]).clamp(min=1) - 1
    cost = cost + c["code_norm"] * long.square().mean(-1).sum(1)
    kept = torch.cumprod((noise["codes.drop#0"].squeeze(1) >= c["code_drop"]).double(), -1)
    recon = squared_error_of(c, w, (quantised * kept[..., None]).sum(2), x)
    return (recon + cost).mean(), recon.mean(), torch.zeros(())


# ---- regularised autoencoder -----------------------------------------------------------------------------------------

def rae_loss(c, w, x, y, noise):
    z = linear(w, encode(c, w, x, None), "encoder.code")
    out = linear(w, hidden_layers(c, w, z, "decoder")[-1], "decoder.mean")
    back, = torch.autograd.grad(out, z, noise["steepness#0"].squeeze(1), create_graph=True)
    recon = F.mse_loss(out, x, reduction="none").sum(-1)
    cost = c["code_penalty"] / 2 * z.square().sum(-1) + c["gradient_penalty"] * back.square().sum(-1)
    return (recon + cost).mean(), recon.mean(), torch.zeros(())


LOSSES = {"ae": ae_loss, "vq-vae": vq_loss, "hrq-vae": hrq_loss, "rae-gp": rae_loss}


# ---- writing ---------------------------------------------------------------------------------------------------------

def array(name, tensor):
    values = [repr(v) for v in tensor.detach().reshape(-1).tolist()]
    lines = [", ".join(values[i:i + 5]) for i in range(0, len(values), 5)]
    print(f"static const double {name}[] = {{")
    print(",\n".join("    " + line for line in lines) + "};")


def draw_noise(c, generator):
    """Of both steps, by the name of the stream: (2, rows, ...)"""
    normal = lambda *shape: single(torch.randn(2, c["rows"], *shape, generator=generator))
    uniform = lambda *shape: single(torch.rand(2, c["rows"], *shape, generator=generator))
    if c["model"] == "hrq-vae":
        rows = (1, c["code_positions"])
        gumbel = {f"codes.{level}.gumbel#0": uniform(*rows, c["codes"]) for level in level_names(c)}
        return {**gumbel, "codes.drop#0": uniform(*rows, c["code_levels"])}
    if c["model"] == "rae-gp":
        return {"steepness#0": normal(1, c["features"])}
    if c["model"] not in WITHOUT_KL:
        return {"z#0": normal(c["draws"], c["latent"])}
    return {"corruption#0": uniform(c["features"])} if c["corruption"] > 0 else {}


def two_steps(c, w, x, y, noise):
    """What the loss consists of in both steps, and the gradient in the first; w is updated"""
    loss_of = LOSSES.get(c["model"], vae_loss)
    trained = [name for name, t in w.items() if t.requires_grad]
    adam = torch.optim.Adam([w[name] for name in trained], lr=LEARNING_RATE)
    parts, gradient = [], {}
    for step in range(2):
        adam.zero_grad()
        loss = loss_of(c, w, x, y, {name: numbers[step] for name, numbers in noise.items()})
        loss[0].backward()
        if step == 0:
            gradient = {name: w[name].grad.clone() for name in trained}
        parts.append(torch.stack(loss))
        adam.step()
    return torch.stack(parts), gradient


def option_text(value):
    if isinstance(value, list):
        return ",".join(str(n) for n in value) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def model_options(c):
    """(name, text) of each option of the model"""
    keys = ["hidden", "activation", "likelihood", "variance", "learned_variance", "spread", "prior", "free_bits",
            "code_activation", "tied", "sparsity", "rho", "channels", "codes", "code_positions", "codebook",
            "code_decay", "commitment", "code_levels", "code_drop", "code_shrink", "code_penalty", "gradient_penalty"]
    names = {"learned_variance": "learn-variance"}
    options = {"latent-dim": c["latent"]}
    if c["model"] in QUANTISERS:
        options = {"net": "mlp", "code-dim": code_dim(c)}
    if c["model"] == "vq-vae":
        options["code-restart"] = 0
    options.update({names.get(k, k.replace("_", "-")): c[k] for k in keys if k == "hidden" or c[k] != DEFAULTS[k]})
    if c["channels"]:
        options["net"] = "conv"
    if c["corruption"] > 0:
        options.update({"corruption": "mask", "corruption-level": c["corruption"]})
    return [(name, option_text(value)) for name, value in options.items()]


def shape_of(dims):
    return f"{{{len(dims)}, {{{', '.join(str(n) for n in dims) or '0'}}}}}"


def case_row(c, n_tensors, noise):
    pairs = [f'{{"{name}", "{text}"}}' for name, text in model_options(c)]
    lines = [", ".join(pairs[i:i + 3]) for i in range(0, len(pairs), 3)]
    options = ",\n                 ".join(lines)
    title = c["title"]
    streams = [f'{{"{stream}", {shape_of(numbers.shape[1:])}, {title}_noise_{i}}}'
               for i, (stream, numbers) in enumerate(noise.items())]
    noise_text = f"     .noise = {{{(',' + chr(10) + ' ' * 15).join(streams)}}},\n" if noise else ""
    return (f'    {{.model = "{c["model"]}", .rows = {c["rows"]}, .image = {shape_of(c["image"])}, '
            f'.features = {c["features"]}, .classes = {c["classes"]}, .draws = {c["draws"]},\n'
            f'     .options = {{{options}}},\n'
            f'     .beta = {c["beta"]}, .lr = {LEARNING_RATE}, .epoch = {EPOCH}, .x = {title}_x, '
            f'.y = {title + "_y" if c["classes"] else "NULL"},\n{noise_text}'
            f'     .parts = {title}_parts, .tensors = {title}_tensors, .n_tensors = {n_tensors}}},')


def write_tensors(title, w, initial, gradient):
    rows = []
    for i, (name, t) in enumerate(w.items()):
        array(f"{title}_{i}_initial", initial[name])
        if name in gradient:
            array(f"{title}_{i}_gradient", gradient[name])
        array(f"{title}_{i}_after", t)
        rows.append(f'    {{"{name}", {shape_of(t.shape)}, {title}_{i}_initial, '
                    f'{f"{title}_{i}_gradient" if name in gradient else "NULL"}, {title}_{i}_after}},')
    print(f"static const golden_tensor {title}_tensors[] = {{")
    print("\n".join(rows) + "\n};\n")


def write_case(c):
    generator = torch.Generator().manual_seed(7)
    uniform = lambda *shape: torch.rand(*shape, generator=generator)
    title, w = c["title"], parameters(c, uniform)
    x = single(uniform(c["rows"], c["features"]))
    x[0, :2] = torch.tensor([0.0, 1.0])
    labels = torch.arange(c["rows"]) * 3 % max(c["classes"], 1)
    y = F.one_hot(labels, c["classes"]).double() if c["classes"] else None
    noise = draw_noise(c, generator)
    initial = {name: t.detach().clone() for name, t in w.items()}
    parts, gradient = two_steps(c, w, x, y, noise)

    array(f"{title}_x", x)
    if y is not None:
        array(f"{title}_y", y)
    for i, numbers in enumerate(noise.values()):
        array(f"{title}_noise_{i}", numbers)
    array(f"{title}_parts", parts)
    write_tensors(title, w, initial, gradient)
    return case_row(c, len(w), noise)


def main():
    cases = [complete(case) for case in CASES]
    most_options = max(len(model_options(c)) for c in cases)
    most_streams = max(c["code_levels"] for c in cases) + 1
    print(f"""/* Made by make_golden.py with PyTorch {torch.__version__.split("+")[0]}: do not edit.
 *
 * Two Adam steps of small models. `parts` is loss, recon, kl of each step (kl is 0 where the model has none);
 * `gradient` that of the first step, NULL of state; `after` the weights after both. */
#ifndef ELBO_TESTS_GOLDEN_STEPS_H
#define ELBO_TESTS_GOLDEN_STEPS_H

#include "../../tensor/tensor.h"

typedef struct {{
    const char *name;
    elbo_shape shape;
    const double *initial, *gradient, *after;
}} golden_tensor;

typedef struct {{
    const char *model;
    int rows, features, classes, draws;
    elbo_shape image; /* of features numbers */
    struct {{
        const char *name, *text;
    }} options[{most_options}];
    double beta, lr, epoch;
    const double *x, *y; /* (rows, features), (rows, classes) */
    struct {{
        const char *stream;
        elbo_shape shape;
        const double *numbers; /* (2, shape) */
    }} noise[{most_streams}];
    const double *parts; /* (2, 3) */
    const golden_tensor *tensors;
    int n_tensors;
}} golden_case;

// clang-format off""")
    rows = [write_case(c) for c in cases]
    print("static const golden_case golden_cases[] = {")
    print("\n".join(rows))
    print("};\n// clang-format on\n\n#endif")


if __name__ == "__main__":
    main()
