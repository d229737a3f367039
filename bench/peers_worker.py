"""What the workers of bench/peers share: their command line, the images, the timing. Standard library and NumPy."""

import argparse
import gzip
import json
import os
import statistics
import time

import numpy


def arguments(**flags):
    """The command line: WORKLOAD, and options common to all workers and those in `flags` (name: settings)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workload")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--data", default="data/mnist")
    for name, settings in flags.items():
        parser.add_argument("--" + name.replace("_", "-"), **settings)
    options = parser.parse_args()
    # Before a library looks how many processors there are. JAX knows no other way to be told.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:options.threads])
    return options


def read_idx(folder, name):
    """An array of bytes from an IDX file, plain or gzip."""
    path = os.path.join(folder, name)
    opener = open
    if not os.path.exists(path):
        path, opener = path + ".gz", gzip.open
    with opener(path, "rb") as file:
        content = file.read()
    rank = content[3]
    shape = numpy.frombuffer(content, ">u4", rank, 4)
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


def training_set(options):
    """images (N, 784) f32 in [0, 1], labels (N): in memory as floats, which suits the peers best."""
    images = read_idx(options.data, "train-images-idx3-ubyte")
    labels = read_idx(options.data, "train-labels-idx1-ubyte")
    return images.reshape(len(images), -1).astype(numpy.float32) / 255, labels.astype(numpy.int32)


def batches(count, options):
    """Without end: rows (batch) of shuffled epochs, the rest of an epoch left out."""
    source = numpy.random.default_rng(1)
    while True:
        order = source.permutation(count).astype(numpy.int32)
        for first in range(0, count - options.batch + 1, options.batch):
            yield order[first:first + options.batch]


def median_time(call, count, warm_up):
    """The median of the seconds that call() takes, over `count` calls after `warm_up` others (compilers work then)."""
    for _ in range(warm_up):
        call()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def report(images, seconds, **figures):
    """The line that bench/peers reads: rate, and of a training the last loss and how many numbers are learned."""
    if "loss" in figures:
        figures["loss"] = float(figures["loss"])
    print(json.dumps({"rate": images / seconds, **figures}))
