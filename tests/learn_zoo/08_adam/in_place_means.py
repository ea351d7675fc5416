# kind: changes its input
import numpy as np


def adam_step(p, g, m, v, t, lr, beta_1, beta_2, epsilon):
    m += (1 - beta_1) * (g - m)
    v += (1 - beta_2) * (g**2 - v)
    step = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return p - step * m / (np.sqrt(v) + epsilon), m, v
