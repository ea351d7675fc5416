"""A solution of exercise 8."""

import numpy as np


def adam_step(p, g, m, v, t, lr, beta_1, beta_2, epsilon):
    """p, g, m, v (N,), the step t = 1, 2, ... and four numbers -> p_new, m_new, v_new (N,)."""
    m_new = beta_1 * m + (1 - beta_1) * g
    v_new = beta_2 * v + (1 - beta_2) * g**2
    step = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    p_new = p - step * m_new / (np.sqrt(v_new) + epsilon)
    return p_new, m_new, v_new
