# kind: old m + old v
import numpy as np


def adam_step(p, g, m, v, t, lr, beta_1, beta_2, epsilon):
    step = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    p = p - step * m / (np.sqrt(v) + epsilon)
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    return p, m, v
