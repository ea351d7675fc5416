# kind: corrected means returned
import numpy as np


def adam_step(p, g, m, v, t, lr, beta_1, beta_2, epsilon):
    m = (beta_1 * m + (1 - beta_1) * g) / (1 - beta_1**t)
    v = (beta_2 * v + (1 - beta_2) * g**2) / (1 - beta_2**t)
    return p - lr * m / (np.sqrt(v) + epsilon), m, v
