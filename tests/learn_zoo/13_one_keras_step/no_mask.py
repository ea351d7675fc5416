# kind: mask missing
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def keras_step(weights, m, v, t, x, labels):
    W1, b1, W2, b2 = weights
    z1 = x @ W1 + b1
    h = np.maximum(z1, 0)
    p = softmax(h @ W2 + b2)
    onehot = np.eye(p.shape[1])[labels]
    dz2 = (p - onehot) / len(x)
    dz1 = dz2 @ W2.T
    grads = [x.T @ dz1, dz1.sum(axis=0), h.T @ dz2, dz2.sum(axis=0)]
    lr, beta_1, beta_2, epsilon = 0.05, 0.9, 0.999, 1e-7
    new = []
    for w, g, mean, square in zip(weights, grads, m, v, strict=True):
        mean = beta_1 * mean + (1 - beta_1) * g
        square = beta_2 * square + (1 - beta_2) * g**2
        step = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        new.append(w - step * mean / (np.sqrt(square) + epsilon))
    return new
