"""A solution of exercise 7."""


def sgd_step(p, g, lr):
    """p (N,), g (N,), lr -> p_new (N,)."""
    return p - lr * g


def momentum_step(p, g, velocity, lr, mu):
    """p (N,), g (N,), velocity (N,), lr, mu -> p_new (N,), velocity_new (N,)."""
    velocity_new = mu * velocity - lr * g
    return p + velocity_new, velocity_new
