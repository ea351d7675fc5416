# kind: mask missing in db1
import numpy as np


def forward(x, W1, b1, W2, b2):
    h = np.maximum(x @ W1 + b1, 0)
    return h @ W2 + b2, {"x": x, "h": h, "W2": W2}


def backward(dy, cache):
    dh = dy @ cache["W2"].T
    db1 = dh.sum(axis=0)
    dh[cache["h"] <= 0] = 0
    dW1 = cache["x"].T @ dh
    return dW1, db1, cache["h"].T @ dy, dy.sum(axis=0)
