# kind: betas swapped
import numpy as np


def adam_step(p, g, m, v, t, lr, beta_2, beta_1, epsilon):
    m_new = beta_1 * m + (1 - beta_1) * g
    v_new = beta_2 * v + (1 - beta_2) * np.square(g)
    step = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return p - step * m_new / (np.sqrt(v_new) + epsilon), m_new, v_new
