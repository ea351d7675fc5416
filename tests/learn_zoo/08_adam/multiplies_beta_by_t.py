# kind: times for power
import numpy as np


def adam_step(p, g, m, v, t, lr, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat = m / (1 - beta_1 * t)
    v_hat_root = np.sqrt(v)
    correction = np.sqrt(1 - beta_2 * t)
    return p - lr * m_hat * correction / (v_hat_root + epsilon), m, v
