#!/usr/bin/env python3
"""Writes steps.h: two Adam steps of small models, computed by PyTorch in double precision.

    python3 tests/golden/make_golden.py > tests/golden/steps.h

Nothing here shares a formula with elbo: densities and divergences are those of torch.distributions, gradients those of
torch's autograd, updates those of torch.optim. Weights, data and noise are rounded to single precision, so that a run
in f32 starts from exactly the same numbers.
"""
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
LEARNING_RATE = 0.01

CASES = [
    dict(title="vae", model="vae", rows=5, features=12, classes=0, latent=3, draws=1, hidden=[8], activation="relu",
         likelihood="bernoulli", variance=1.0, beta=1.0),
    dict(title="cvae", model="cvae", rows=5, features=12, classes=4, latent=3, draws=1, hidden=[8], activation="relu",
         likelihood="bernoulli", variance=1.0, beta=1.0),
    dict(title="deep_cvae", model="cvae", rows=4, features=7, classes=3, latent=2, draws=3, hidden=[6, 5],
         activation="tanh", likelihood="gaussian", variance=0.25, beta=0.5),
]


def single(x):
    return x.float().double()


def layer_sizes(c):
    """(name, in, out) of each linear layer."""
    last = "decoder.logits" if c["likelihood"] == "bernoulli" else "decoder.mean"
    number = lambda name, i: name if i == 0 else f"{name}{i + 1}"
    layers, at = [], c["features"] + c["classes"]
    for i, h in enumerate(c["hidden"]):
        layers.append((number("encoder.hidden", i), at, h))
        at = h
    layers += [("encoder.mean", at, c["latent"]), ("encoder.logvar", at, c["latent"])]
    at = c["latent"] + c["classes"]
    for i, h in enumerate(reversed(c["hidden"])):
        layers.append((number("decoder.hidden", i), at, h))
        at = h
    return layers + [(last, at, c["features"])]


def loss_of(c, w, x, y, noise):
    """-ELBO, mean over the images; noise (rows, draws, latent)"""
    linear = lambda h, name: F.linear(h, w[name + ".weight"], w[name + ".bias"])
    act = getattr(torch, c["activation"])
    names = [name for name, _, _ in layer_sizes(c)]
    h = x if y is None else torch.cat([x, y], -1)
    for name in (n for n in names if n.startswith("encoder.hidden")):
        h = act(linear(h, name))
    q = Normal(linear(h, "encoder.mean"), torch.exp(linear(h, "encoder.logvar") / 2))
    z = q.loc[:, None, :] + q.scale[:, None, :] * noise
    h = z if y is None else torch.cat([z, y[:, None, :].expand(-1, c["draws"], -1)], -1)
    for name in (n for n in names if n.startswith("decoder.hidden")):
        h = act(linear(h, name))
    out = linear(h, names[-1])
    if c["likelihood"] == "bernoulli":
        p = Independent(Bernoulli(logits=out, validate_args=False), 1)
    else:
        p = Independent(Normal(out, c["variance"] ** 0.5), 1)
    recon = -p.log_prob(x[:, None, :].expand_as(out)).mean(1)
    kl = kl_divergence(q, Normal(torch.zeros_like(q.loc), torch.ones_like(q.scale))).sum(-1)
    return (recon + c["beta"] * kl).mean(), recon.mean(), kl.mean()


def array(name, tensor):
    values = [repr(v) for v in tensor.detach().reshape(-1).tolist()]
    lines = [", ".join(values[i:i + 5]) for i in range(0, len(values), 5)]
    print(f"static const double {name}[] = {{")
    print(",\n".join("    " + line for line in lines) + "};")


def write_case(c):
    generator = torch.Generator().manual_seed(7)
    uniform = lambda *shape: torch.rand(*shape, generator=generator)
    title, w = c["title"], {}
    for name, n_in, n_out in layer_sizes(c):
        bound = n_in ** -0.5
        w[name + ".weight"] = single((2 * uniform(n_out, n_in) - 1) * bound).requires_grad_()
        w[name + ".bias"] = single((2 * uniform(n_out) - 1) * bound).requires_grad_()
    x = single(uniform(c["rows"], c["features"]))
    x[0, :2] = torch.tensor([0.0, 1.0])
    labels = torch.arange(c["rows"]) * 3 % max(c["classes"], 1)
    y = F.one_hot(labels, c["classes"]).double() if c["classes"] else None
    noise = single(torch.randn(2, c["rows"], c["draws"], c["latent"], generator=generator))

    initial = {name: t.detach().clone() for name, t in w.items()}
    adam = torch.optim.Adam(w.values(), lr=LEARNING_RATE)
    parts, gradient = [], {}
    for step in range(2):
        adam.zero_grad()
        loss = loss_of(c, w, x, y, noise[step])
        loss[0].backward()
        if step == 0:
            gradient = {name: t.grad.clone() for name, t in w.items()}
        parts.append(torch.stack(loss))
        adam.step()

    array(f"{title}_x", x)
    if y is not None:
        array(f"{title}_y", y)
    array(f"{title}_noise", noise)
    array(f"{title}_parts", torch.stack(parts))
    rows = []
    for i, (name, t) in enumerate(w.items()):
        array(f"{title}_{i}_initial", initial[name])
        array(f"{title}_{i}_gradient", gradient[name])
        array(f"{title}_{i}_after", t)
        shape = ", ".join(str(n) for n in t.shape)
        rows.append(f'    {{"{name}", {{{t.dim()}, {{{shape}}}}}, {title}_{i}_initial, {title}_{i}_gradient, '
                    f'{title}_{i}_after}},')
    print(f"static const golden_tensor {title}_tensors[] = {{")
    print("\n".join(rows) + "\n};\n")
    hidden = ",".join(str(h) for h in c["hidden"])
    return (f'    {{.model = "{c["model"]}", .rows = {c["rows"]}, .features = {c["features"]}, '
            f'.classes = {c["classes"]}, .latent = {c["latent"]}, .draws = {c["draws"]},\n'
            f'     .options = {{{{"hidden", "{hidden}"}}, {{"latent-dim", "{c["latent"]}"}}, '
            f'{{"activation", "{c["activation"]}"}},\n'
            f'                 {{"likelihood", "{c["likelihood"]}"}}, {{"variance", "{c["variance"]}"}}}},\n'
            f'     .beta = {c["beta"]}, .lr = {LEARNING_RATE}, .x = {title}_x, '
            f'.y = {title + "_y" if c["classes"] else "NULL"}, .noise = {title}_noise,\n'
            f'     .parts = {title}_parts, .tensors = {title}_tensors, .n_tensors = {len(w)}}},')


print(f"""/* Made by make_golden.py with PyTorch {torch.__version__.split("+")[0]}: do not edit.
 *
 * Two Adam steps of small models. `parts` is loss, recon, kl of each step; `gradient` that of the first step; `after`
 * the weights after both. */
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
    int rows, features, classes, latent, draws;
    struct {{
        const char *name, *text;
    }} options[5];
    double beta, lr;
    const double *x, *y; /* (rows, features), (rows, classes) */
    const double *noise; /* (2, rows, draws, latent)          */
    const double *parts; /* (2, 3)                            */
    const golden_tensor *tensors;
    int n_tensors;
}} golden_case;

// clang-format off""")
cases = [write_case(c) for c in CASES]
print("static const golden_case golden_cases[] = {")
print("\n".join(cases))
print("};\n// clang-format on\n\n#endif")
