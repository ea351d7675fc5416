# kind: gradient descent
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
    dz1 = (dz2 @ W2.T) * (z1 > 0)
    grads = [x.T @ dz1, dz1.sum(axis=0), h.T @ dz2, dz2.sum(axis=0)]
    lr = 0.05
    new = []
    for w, g in zip(weights, grads, strict=True):
        new.append(w - lr * g)
    return new
