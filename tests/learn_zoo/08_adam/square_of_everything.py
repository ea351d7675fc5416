# kind: 1 - beta_2 inside the square
import numpy as np


def adam_step(p, g, m, v, t, lr, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + ((1 - beta_2) * g) ** 2
    step = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return p - step * m / (np.sqrt(v) + epsilon), m, v
