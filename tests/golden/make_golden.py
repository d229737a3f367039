#!/usr/bin/env python3
"""Writes steps.h: two Adam steps of small models, computed by PyTorch in double precision.

    python3 tests/golden/make_golden.py > tests/golden/steps.h

cases.py says of which models. What a model does to numbers is written down from its paper; densities and divergences
are those of torch.distributions (or integrals), volumes and gradients those of torch's autograd, updates those of
torch.optim. Weights, data and noise are rounded to single precision, so that a run in f32 starts from exactly the same
numbers.
"""
import numpy
import torch
from torch.nn import functional as F

from cases import CASES, complete, model_options
from networks import decoder_layers, discriminator_layers, encoder_layers, layer_tensors, single
from objectives import OBJECTIVES, beta_of, player_of, source_of
from posteriors import draw_noise, posterior_tensors
from priors import prior_tensors

LEARNING_RATE = 0.01


def parameters(c, uniform):
    """By name, in the order in which the model meets them"""
    w = {**layer_tensors(c, encoder_layers(c), uniform), **posterior_tensors(c, uniform), **prior_tensors(c, uniform),
         **layer_tensors(c, decoder_layers(c), uniform)}
    if c["learned_variance"] == "shared":
        w["decoder.logvar"] = single(torch.tensor(c["variance"]).log()).requires_grad_()
    return {**w, **layer_tensors(c, discriminator_layers(c), uniform)}


def optimisers(c, w):
    """An Adam for each player"""
    players = {}
    for name, t in w.items():
        if t.requires_grad:
            players.setdefault(player_of(c, name), []).append(t)
    own = dict(lr=c["discriminator_lr"] or LEARNING_RATE, betas=(c["discriminator_beta1"], c["discriminator_beta2"]))
    return [torch.optim.Adam(tensors, **(own if player == "discriminator" else dict(lr=LEARNING_RATE)))
            for player, tensors in players.items()]


def two_steps(c, w, x, y, noise):
    """What the loss consists of in both steps, other metrics, and the gradient in the first; w is updated"""
    adams, parts, others, gradient = optimisers(c, w), [], {}, {}
    for step in range(2):
        outcome = OBJECTIVES[c["objective"]](c, w, x, y, {name: numbers[step] for name, numbers in noise.items()})
        moved = [(name, t) for name, t in w.items() if t.requires_grad]
        found = [torch.autograd.grad(source_of(c, outcome, name), t, retain_graph=True)[0] for name, t in moved]
        for (name, t), g in zip(moved, found):
            t.grad = g
            gradient.setdefault(name, g.clone())
        parts.append(torch.stack([outcome.loss, outcome.recon, outcome.kl]))
        for name, value in outcome.others.items():
            others.setdefault(name, []).append(value)
        for adam in adams:
            adam.step()
    return torch.stack(parts), {name: torch.stack(values) for name, values in others.items()}, gradient


# ---- writing ---------------------------------------------------------------------------------------------------------

def literal(number):
    """What is single gives the number again; results have sixteen digits"""
    near = numpy.float32(number)
    return f"{near!s}f" if float(near) == number else f"{number:.16g}"


def array(name, tensor):
    values = [literal(v) for v in tensor.detach().reshape(-1).tolist()]
    lines = [", ".join(values[i:i + 12]) for i in range(0, len(values), 12)]
    print(f"static const double {name}[] = {{")
    print(",\n".join("    " + line for line in lines) + "};")


def c_name(name):
    return name.replace("-", "_")


def shape_of(dims):
    return f"{{{len(dims)}, {{{', '.join(str(n) for n in dims) or '0'}}}}}"


HEAD = """/* Made by make_golden.py with PyTorch {torch}: do not edit.
 *
 * Two Adam steps of small models. `options` are those that differ from the model's own; `parts` is loss, recon, kl of
 * each step (kl is 0 where the model has none), `others` further metrics, the losses of other players among them;
 * `gradient` that of the first step, of the loss `player`, NULL of state; `after` the weights after both. */
#ifndef ELBO_TESTS_GOLDEN_STEPS_H
#define ELBO_TESTS_GOLDEN_STEPS_H

#include "../../tensor/tensor.h"

typedef struct {{
    const char *name, *player;
    elbo_shape shape;
    const double *initial, *gradient, *after;
}} golden_tensor;

typedef struct {{
    const char *title, *model;
    int rows, features, classes, draws;
    elbo_shape image; /* of features numbers */
    struct {{
        const char *name, *text;
    }} options[{options}];
    double beta, lr, epoch, images;
    const double *x, *y; /* (rows, features), (rows, classes) */
    struct {{
        const char *stream;
        elbo_shape shape;
        const double *numbers; /* (2, shape) */
    }} noise[{streams}];
    struct {{
        const char *name;
        const double *numbers; /* (2) */
    }} others[4];
    const double *parts; /* (2, 3) */
    const golden_tensor *tensors;
    int n_tensors;
}} golden_case;

// clang-format off"""


def case_row(c, n_tensors, noise, others):
    pairs = [f'{{"{name}", "{text}"}}' for name, text in model_options(c)]
    lines = [", ".join(pairs[i:i + 3]) for i in range(0, len(pairs), 3)]
    options = ",\n                 ".join(lines)
    title = c["title"]
    streams = [f'{{"{stream}", {shape_of(numbers.shape[1:])}, {title}_noise_{i}}}'
               for i, (stream, numbers) in enumerate(noise.items())]
    noise_text = f"     .noise = {{{(',' + chr(10) + ' ' * 15).join(streams)}}},\n" if noise else ""
    players = ", ".join(f'{{"{name}", {title}_{c_name(name)}}}' for name in others)
    players_text = f"     .others = {{{players}}},\n" if others else ""
    return (f'    {{.title = "{title}", .model = "{c["model"]}", .rows = {c["rows"]}, .image = {shape_of(c["image"])}, '
            f'.features = {c["features"]}, .classes = {c["classes"]}, .draws = {c["draws"]},\n'
            f'     .options = {{{options}}},\n'
            f'     .beta = {beta_of(c)}, .lr = {LEARNING_RATE}, .epoch = {c["epoch"]}, .images = {c["images"]}, '
            f'.x = {title}_x, .y = {title + "_y" if c["classes"] else "NULL"},\n{noise_text}{players_text}'
            f'     .parts = {title}_parts, .tensors = {title}_tensors, .n_tensors = {n_tensors}}},')


def write_tensors(c, w, initial, gradient):
    rows, title = [], c["title"]
    for i, (name, t) in enumerate(w.items()):
        trained, size, at = name in gradient, t.numel(), f"{title}_{i}"
        numbers = [initial[name], *([gradient[name]] if trained else []), t]
        array(at, torch.cat([one.detach().reshape(-1) for one in numbers]))
        rows.append(f'    {{"{name}", "{player_of(c, name)}", {shape_of(t.shape)}, {at}, '
                    f'{f"{at} + {size}" if trained else "NULL"}, {at} + {size * (1 + trained)}}},')
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
    parts, others, gradient = two_steps(c, w, x, y, noise)

    array(f"{title}_x", x)
    if y is not None:
        array(f"{title}_y", y)
    for i, numbers in enumerate(noise.values()):
        array(f"{title}_noise_{i}", numbers)
    array(f"{title}_parts", parts)
    for name, values in others.items():
        array(f"{title}_{c_name(name)}", values)
    write_tensors(c, w, initial, gradient)
    return case_row(c, len(w), noise, others)


def main():
    cases = [complete(case) for case in CASES]
    most_options = max(len(model_options(c)) for c in cases)
    most_streams = max(c["code_levels"] for c in cases) + 1
    print(HEAD.format(torch=torch.__version__.split("+")[0], options=most_options, streams=most_streams))
    rows = [write_case(c) for c in cases]
    print("static const golden_case golden_cases[] = {")
    print("\n".join(rows))
    print("};\n// clang-format on\n\n#endif")


if __name__ == "__main__":
    main()
