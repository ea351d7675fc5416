"""A solution of exercise 13."""

import numpy as np

LR, BETA_1, BETA_2, EPSILON = 0.05, 0.9, 0.999, 1e-7


def keras_step(weights, m, v, t, x, labels):
    """The net, Adam's state and a batch -> the new weights [W1, b1, W2, b2]."""
    W1, b1, W2, b2 = weights
    g = gradients(W1, b1, W2, b2, x, labels)
    step = LR * np.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
    new = []
    for k in range(4):
        m_new = BETA_1 * m[k] + (1 - BETA_1) * g[k]
        v_new = BETA_2 * v[k] + (1 - BETA_2) * g[k] ** 2
        new.append(weights[k] - step * m_new / (np.sqrt(v_new) + EPSILON))
    return new


def gradients(W1, b1, W2, b2, x, labels):
    """The gradients of the mean loss by the four parameters."""
    z1 = x @ W1 + b1
    h = np.maximum(z1, 0)
    z2 = h @ W2 + b2
    e = np.exp(z2 - z2.max(axis=1, keepdims=True))
    dz2 = e / e.sum(axis=1, keepdims=True)
    dz2[np.arange(len(x)), labels] -= 1
    dz2 /= len(x)
    dz1 = (dz2 @ W2.T) * (z1 > 0)
    return x.T @ dz1, dz1.sum(axis=0), h.T @ dz2, dz2.sum(axis=0)
