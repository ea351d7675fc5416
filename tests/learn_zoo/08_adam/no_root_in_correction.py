# kind: correction without its root
import numpy as np


def adam_step(p, g, m, v, t, lr, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * np.square(g)
    step = lr * (1 - beta_2**t) / (1 - beta_1**t)
    return p - step * m / (np.sqrt(v) + epsilon), m, v
