"""JAX: a whole epoch as one compiled call, with ``lax.scan`` over the batches."""

import os
from functools import partial

import numpy as np

from nnscratch import config

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
from jax import lax
from jax import numpy as jnp


class Peer:
    """JAX on all cores."""

    def __init__(self, workload, x, y, weights):
        self.workload = workload
        self.threads = config.available_cores()
        self.x, self.y = jnp.asarray(x), jnp.asarray(y.astype("int32"))
        self.start = weights
        self.rng = np.random.default_rng(0)

    def reset(self):
        """Weights of the start, and a fresh Adam."""
        weights = [jnp.array(w) for w in self.start]
        zeros = [jnp.zeros_like(w) for w in weights]
        squares = [jnp.zeros_like(w) for w in weights]
        self.state = jax.block_until_ready((weights, zeros, squares, jnp.zeros((), "int32")))

    def run(self, *, shuffle=True):
        """The mean loss of each epoch, or the predictions (rows, outputs)."""
        if self.workload.task == "predict":
            return np.asarray(probabilities(self.state[0], self.x))
        losses = [self._epoch(shuffle) for _ in range(self.workload.epochs)]
        return [float(loss) for loss in losses]

    def _epoch(self, shuffle):
        rows = len(self.x)
        order = self.rng.permutation(rows) if shuffle else np.arange(rows)
        self.state, loss = epoch(
            self.state,
            self.x,
            self.y,
            order.astype("int32"),
            batch_size=self.workload.batch_size,
        )
        return loss


@partial(jax.jit, static_argnames="batch_size", donate_argnums=0)
def epoch(state, x, y, order, *, batch_size):
    """One epoch: all full batches by ``scan``, then the smaller last one, if there is one."""

    def one(state, rows):
        return step(state, x[rows], y[rows])

    full = len(order) // batch_size * batch_size
    state, losses = lax.scan(one, state, order[:full].reshape(-1, batch_size))
    total = losses.sum() * batch_size
    if full < len(order):
        state, loss = one(state, order[full:])
        total += loss * (len(order) - full)
    return state, total / len(order)


def step(state, x, y):
    """One step of Adam as Keras writes it: (new state, the batch's loss)."""
    weights, means, squares, t = state
    loss, gradients = jax.value_and_grad(mean_loss)(weights, x, y)
    t += 1
    rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    means = [m + 0.1 * (g - m) for m, g in zip(means, gradients, strict=True)]
    squares = [v + 0.001 * (g * g - v) for v, g in zip(squares, gradients, strict=True)]
    moved = zip(weights, means, squares, strict=True)
    weights = [w - rate * m / (jnp.sqrt(v) + 1e-7) for w, m, v in moved]
    return (weights, means, squares, t), loss


def mean_loss(weights, x, y):
    """The mean cross-entropy of a batch."""
    z = logits(weights, x)
    if z.shape[1] == 1:
        z = z[:, 0]
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
    chosen = jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1)
    return -jnp.mean(chosen)


@jax.jit
def probabilities(weights, x):
    """The predictions of all rows."""
    return jax.nn.softmax(logits(weights, x))


def logits(weights, x):
    """What goes into the last activation."""
    if x.dtype == jnp.uint8:
        x = x.astype("float32") / 255
    for W, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        x = jax.nn.relu(x @ W + b)
    return x @ weights[-2] + weights[-1]
