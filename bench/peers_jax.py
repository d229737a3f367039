"""JAX on the workloads of bench/peers: a jitted step with donated state, or many steps a call in lax.scan.

Weights are lists of (matrix, bias); Adam is written out, as optax computes it. Images are indexed out of a table of
floats within the step.
"""

import math
import os

import peers_worker

OPTIONS = peers_worker.arguments(steps_per_call={"type": int, "default": 1})
os.environ["JAX_PLATFORMS"] = "cpu"  # read when jax is imported

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

CLASSES = 10
WARM_UP = 2  # chunks, of 10 steps at least
FEW = 10  # calls of one step between two looks at the clock: JAX prepares the next while one runs


# ---- layers ---------------------------------------------------------------------------------------------------------


def keys():
    """Without end."""
    key = jax.random.key(1)
    while True:
        key, one = jax.random.split(key)
        yield one


KEYS = keys()


def uniform(shape, fan_in):
    bound = 1 / math.sqrt(fan_in)
    return jax.random.uniform(next(KEYS), shape, minval=-bound, maxval=bound)


def dense_weights(*sizes):
    return [(uniform((i, o), i), uniform((o,), i)) for i, o in zip(sizes, sizes[1:])]


def normed_weights(*sizes):
    return [(weights, (jnp.ones(o), jnp.zeros(o))) for weights, o in zip(dense_weights(*sizes), sizes[1:-1])] + \
        dense_weights(*sizes[-2:])


def kernel_weights(inputs, outputs):
    """Of a 3x3 convolution."""
    return uniform((3, 3, inputs, outputs), 9 * inputs), uniform((outputs,), 9 * inputs)


def dense(weights, x, activation):
    """Linear layers with `activation` between them."""
    for matrix, bias in weights[:-1]:
        x = activation(x @ matrix + bias)
    matrix, bias = weights[-1]
    return x @ matrix + bias


def normed(weights, x):
    """Linear layers with layer norm and GELU between them."""
    for (matrix, bias), (scale, shift) in weights[:-1]:
        x = x @ matrix + bias
        x = x - x.mean(-1, keepdims=True)
        x = x * jax.lax.rsqrt((x**2).mean(-1, keepdims=True) + 1e-5) * scale + shift
        x = jax.nn.gelu(x, approximate=False)
    matrix, bias = weights[-1]
    return x @ matrix + bias


def convolve(weights, x, stride=1, spread=1, padding=(1, 1)):
    """x (B, H, W, C), the order that JAX users keep. spread: zeros are put between pixels, as in a transposed one."""
    kernel, bias = weights
    return bias + jax.lax.conv_general_dilated(x, kernel, (stride, stride), (padding, padding),
                                               lhs_dilation=(spread, spread),
                                               dimension_numbers=("NHWC", "HWIO", "NHWC"))


def halve(weights, x):
    return convolve(weights, x, stride=2)


def double(weights, x):
    return convolve(weights, x, spread=2, padding=(1, 2))


# ---- objectives: each a mean over images ----------------------------------------------------------------------------


def cross_entropy(logits, x):
    return (jax.nn.softplus(logits) - x * logits).sum(-1)


def negative_elbo(encode, decode, key, x):
    mean, logvar = jnp.split(encode(x), 2, 1)
    z = mean + jnp.exp(0.5 * logvar) * jax.random.normal(key, mean.shape)
    divergence = 0.5 * (mean**2 + jnp.exp(logvar) - 1 - logvar).sum(1)
    return (cross_entropy(decode(z), x) + divergence).mean()


def vae(w, key, x, _labels):
    return negative_elbo(lambda x: dense(w["encoder"], x, jax.nn.relu),
                         lambda z: dense(w["decoder"], z, jax.nn.relu), key, x)


def cvae(w, key, x, labels):
    one_hot = jax.nn.one_hot(labels, CLASSES)
    return negative_elbo(lambda x: dense(w["encoder"], jnp.concatenate([x, one_hot], 1), jax.nn.relu),
                         lambda z: dense(w["decoder"], jnp.concatenate([z, one_hot], 1), jax.nn.relu), key, x)


def untuned(w, key, x, _labels):
    return negative_elbo(lambda x: normed(w["encoder"], x), lambda z: normed(w["decoder"], z), key, x)


def convvae(w, key, x, _labels):
    def encode(x):
        h = x.reshape(-1, 28, 28, 1)
        for weights in w["down"]:
            h = jax.nn.relu(halve(weights, h))
        return dense(w["encoder"], h.reshape(len(x), -1), jax.nn.relu)

    def decode(z):
        h = jax.nn.relu(dense(w["decoder"], z, jax.nn.relu)).reshape(-1, 7, 7, 64)
        h = jax.nn.relu(double(w["up"][0], h))
        return double(w["up"][1], h).reshape(len(z), -1)

    return negative_elbo(encode, decode, key, x)


def iwae(w, key, x, _labels):
    """-log 1/K sum_k p(x|z) p(z) / q(z|x); draws are the first axis, and the constants of p(z) and q cancel."""
    mean, logvar = jnp.split(dense(w["encoder"], x, jnp.tanh), 2, 1)
    noise = jax.random.normal(key, (OPTIONS.draws, *mean.shape))
    z = mean + jnp.exp(0.5 * logvar) * noise
    log_ratio = 0.5 * (noise**2 + logvar - z**2).sum(2)
    log_weights = log_ratio - cross_entropy(dense(w["decoder"], z, jnp.tanh), x)
    return math.log(OPTIONS.draws) - jax.scipy.special.logsumexp(log_weights, 0).mean()


def ae(w, _key, x, _labels):
    """The squared error, summed over pixels."""
    return ((dense(w["layers"], x, jax.nn.relu) - x)**2).sum(1).mean()


WORKLOADS = {
    "vae": (vae, lambda: {"encoder": dense_weights(784, 400, 40), "decoder": dense_weights(20, 400, 784)}),
    "cvae": (cvae, lambda: {"encoder": dense_weights(784 + CLASSES, 400, 40),
                            "decoder": dense_weights(20 + CLASSES, 400, 784)}),
    "iwae": (iwae, lambda: {"encoder": dense_weights(784, 200, 200, 100), "decoder": dense_weights(50, 200, 200, 784)}),
    "ae": (ae, lambda: {"layers": dense_weights(784, 128, 32, 128, 784)}),
    "convvae": (convvae, lambda: {"down": [kernel_weights(1, 32), kernel_weights(32, 64)],
                                  "encoder": dense_weights(64 * 7 * 7, 40), "decoder": dense_weights(20, 64 * 7 * 7),
                                  "up": [kernel_weights(64, 32), kernel_weights(32, 1)]}),
    "untuned": (untuned, lambda: {"encoder": normed_weights(784, 300, 300, 32),
                                  "decoder": normed_weights(16, 300, 300, 784)}),
}


# ---- the step -------------------------------------------------------------------------------------------------------


def adam(w, gradient, m, v, t, rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    tree = jax.tree_util.tree_map
    m = tree(lambda m, g: b1 * m + (1 - b1) * g, m, gradient)
    v = tree(lambda v, g: b2 * v + (1 - b2) * g * g, v, gradient)
    w = tree(lambda w, m, v: w - rate * (m / (1 - b1**t)) / (jnp.sqrt(v / (1 - b2**t)) + eps), w, m, v)
    return w, m, v


def time_steps():
    """The state of a step is (weights, m, v, t, key); a call takes rows (batch), or (steps, batch) in a scan."""
    objective, make_weights = WORKLOADS[OPTIONS.workload]
    images, labels = (jnp.asarray(a) for a in peers_worker.training_set(OPTIONS))

    def step(state, images, labels, rows):
        w, m, v, t, key = state
        key, noise = jax.random.split(key)
        loss, gradient = jax.value_and_grad(objective)(w, noise, images[rows], labels[rows])
        w, m, v = adam(w, gradient, m, v, t + 1)
        return (w, m, v, t + 1, key), loss

    def many_steps(state, images, labels, rows):
        state, losses = jax.lax.scan(lambda s, r: step(s, images, labels, r), state, rows)
        return state, losses[-1]

    each = OPTIONS.steps_per_call
    call = jax.jit(step if each == 1 else many_steps, donate_argnums=0)
    w = make_weights()
    zeros = jax.tree_util.tree_map(jnp.zeros_like, w)
    state = (w, zeros, jax.tree_util.tree_map(jnp.copy, zeros), jnp.float32(0), next(KEYS))
    source = peers_worker.batches(len(images), OPTIONS)
    calls = FEW if each == 1 else 1
    loss = None

    def chunk():
        nonlocal state, loss
        for _ in range(calls):
            rows = next(source) if each == 1 else peers_worker.numpy.stack([next(source) for _ in range(each)])
            state, loss = call(state, images, labels, rows)
        jax.block_until_ready((state, loss))

    steps = calls * each
    seconds = peers_worker.median_time(chunk, max(3, OPTIONS.steps // steps), WARM_UP)
    learned = sum(array.size for array in jax.tree_util.tree_leaves(state[0]))
    peers_worker.report(OPTIONS.batch * steps, seconds, loss=loss, parameters=learned)


def time_decode():
    """z (1, 20) -> the means of 784 pixels."""
    w = jax.device_put(dense_weights(20, 400, 784))
    decode = jax.jit(lambda w, z: jax.nn.sigmoid(dense(w, z, jax.nn.relu)))
    z = jnp.zeros((1, 20))
    seconds = peers_worker.median_time(lambda: decode(w, z).block_until_ready(), OPTIONS.steps, warm_up=20)
    peers_worker.report(1, seconds)


(time_decode if OPTIONS.workload == "decode" else time_steps)()
