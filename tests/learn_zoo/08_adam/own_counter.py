# kind: t of its own
import numpy as np

steps = 0


def adam_step(p, g, m, v, t, lr, beta_1, beta_2, epsilon):
    global steps
    steps += 1
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * np.square(g)
    step = lr * np.sqrt(1 - beta_2**steps) / (1 - beta_1**steps)
    return p - step * m / (np.sqrt(v) + epsilon), m, v
