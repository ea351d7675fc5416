"""The same trainings as plain NumPy, written out by hand: what a library may be measured by.

No layers, no checks, no history: two hidden ReLU layers, a sigmoid or softmax output joined
with its cross-entropy, Adam, and a fresh row order every epoch, in the fewest NumPy calls.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from nnscratch import config


class Peer:
    """NumPy by hand."""

    def __init__(self, workload, x, y, weights):
        self.workload, self.x, self.y, self.start = workload, x, y, weights
        self.threads = blas_threads(workload)

    def reset(self):
        """Go back to the weights of the start."""
        self.weights = [w.copy() for w in self.start]

    def run(self, *, shuffle=True):
        """The mean loss of each epoch, or the predictions (rows, outputs)."""
        workload = self.workload
        with threadpool_limits(self.threads, user_api="blas"):
            if workload.task == "predict":
                return predict(self.x, self.weights)
            return train(
                self.x,
                self.y,
                self.weights,
                batch_size=workload.batch_size,
                epochs=workload.epochs,
                shuffle=shuffle,
            )


def blas_threads(workload):
    """How many threads of BLAS are fastest: for narrow layers a second one only costs."""
    wide = workload.task == "predict" or max(workload.units) > 256
    return config.available_cores() if wide else 1


def train(x, y, weights, *, batch_size, epochs, seed=0, shuffle=True, learning_rate=1e-3):
    """Train in place the list [W1, b1, W2, b2, W3, b3]; returns the mean loss of each epoch.

    y  (n,) labels: one output column means sigmoid, several mean softmax
    """
    rng = np.random.default_rng(seed)
    means = [np.zeros_like(w) for w in weights]
    squares = [np.zeros_like(w) for w in weights]
    losses, step = [], 0
    for _ in range(epochs):
        total = 0.0
        order = rng.permutation(len(x)) if shuffle else np.arange(len(x))
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            loss, gradients = backprop(scaled(x[rows]), y[rows], weights)
            total += loss * len(rows)
            step += 1
            adam(weights, gradients, means, squares, step, learning_rate)
        losses.append(total / len(x))
    return losses


def predict(x, weights):
    """The outputs of all rows of x, a thousand rows at a time."""
    blocks = [forward(scaled(x[i : i + 1000]), weights)[-1] for i in range(0, len(x), 1000)]
    z = np.concatenate(blocks)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def scaled(x):
    """Pixels of 0..255 as 0..1; what is float32 already stays as it is."""
    return x * np.float32(1 / 255) if x.dtype == np.uint8 else x


def forward(x, weights):
    """Both hidden layers and the logits."""
    W1, b1, W2, b2, W3, b3 = weights
    h1 = np.maximum(x @ W1 + b1, 0)
    h2 = np.maximum(h1 @ W2 + b2, 0)
    return h1, h2, h2 @ W3 + b3


def backprop(x, y, weights):
    """The mean loss of a batch, and the gradient of each weight array."""
    h1, h2, z = forward(x, weights)
    _, _, W2, _, W3, _ = weights
    loss, dz = (sigmoid_loss if z.shape[1] == 1 else softmax_loss)(z, y)
    dz2 = (dz @ W3.T) * (h2 > 0)
    dz1 = (dz2 @ W2.T) * (h1 > 0)
    pairs = ((x, dz1), (h1, dz2), (h2, dz))
    return loss, [g for h, d in pairs for g in (h.T @ d, d.sum(axis=0))]


def sigmoid_loss(z, y):
    """Binary cross-entropy from logits (B, 1), and its gradient."""
    t = y[:, None].astype(z.dtype)
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, e) / (1 + e)
    return float((np.maximum(z, 0) - z * t + np.log1p(e)).mean()), (p - t) / len(z)


def softmax_loss(z, y):
    """Sparse categorical cross-entropy from logits (B, C), and its gradient."""
    rows = np.arange(len(z))
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1)
    p = e / total[:, None]
    p[rows, y] -= 1
    return float((np.log(total) - shifted[rows, y]).mean()), p / len(z)


def adam(weights, gradients, means, squares, step, learning_rate):
    """One Adam step on every array, in place."""
    rate = np.float32(learning_rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step))
    for w, g, m, v in zip(weights, gradients, means, squares, strict=True):
        m += (g - m) * np.float32(0.1)
        v += (g * g - v) * np.float32(0.001)
        w -= m * rate / (np.sqrt(v) + np.float32(1e-7))
