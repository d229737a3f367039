"""PyTorch on the workloads of bench/peers: eager, or compiled with torch.compile. The models are peers_torch_models.py.

A call is one step on one batch, indexed out of a table of floats: losses, their gradients, the updates.
"""

import sys

import numpy
import torch
from torch import nn

import peers_torch_models
import peers_worker

WARM_UP = 20  # calls


def time_decode(options, prepare):
    """z (1, 20) -> the means of 784 pixels."""
    decoder = prepare(nn.Sequential(peers_torch_models.dense([20, 400, 784]), nn.Sigmoid()))
    z = torch.randn(1, 20)
    with torch.inference_mode():
        peers_worker.report(1, peers_worker.median_time(lambda: decoder(z), options.steps, WARM_UP))


def time_steps(options, prepare):
    """A step of training at a time."""
    images, labels = (torch.from_numpy(a) for a in peers_worker.training_set(options))
    labels = labels.long()
    model = peers_torch_models.MODELS[options.workload](options, len(images))
    optimisers = model.optimisers()
    losses_of = prepare(model)
    rows = peers_worker.batches(len(images), options)
    loss = None

    def step():
        nonlocal loss
        index = torch.from_numpy(next(rows).astype(numpy.int64))
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        losses = losses_of(images[index], labels[index])
        loss = losses[0] if isinstance(losses, tuple) else losses
        (sum(losses) if isinstance(losses, tuple) else losses).backward()
        for optimiser in optimisers:
            optimiser.step()
        model.after_updates()

    seconds = peers_worker.median_time(step, options.steps, WARM_UP)
    learned = sum(p.numel() for p in model.parameters())
    peers_worker.report(options.batch, seconds, loss=loss.item(), parameters=learned)


def main():
    options = peers_worker.arguments(compiled={"action": "store_true"})
    if options.compiled and not hasattr(torch, "compile"):
        sys.exit(f"PyTorch {torch.__version__} has no torch.compile")
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    prepare = torch.compile if options.compiled else lambda model: model
    (time_decode if options.workload == "decode" else time_steps)(options, prepare)


main()
