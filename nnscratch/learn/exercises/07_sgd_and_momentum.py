"""Exercise 7: gradient descent, without and with momentum.

p (N,) are parameters and g (N,) = dL/dp their gradient. g points to where the loss grows, so a
step goes against it, and the learning rate lr keeps it small:

    p_new = p - lr g

Momentum lets p roll like a ball. Its velocity (N,) points where p is going; friction keeps the
share mu of it, and the slope pushes:

    velocity_new = mu velocity - lr g
    p_new        = p + velocity_new

Return new arrays, and leave those that you are handed as they are.
"""

import numpy as np


def sgd_step(p, g, lr):
    """p (N,), g (N,), lr -> p_new (N,)."""
    raise NotImplementedError("your lines go here")


def momentum_step(p, g, velocity, lr, mu):
    """p (N,), g (N,), velocity (N,), lr, mu -> p_new (N,), velocity_new (N,)."""
    raise NotImplementedError("your lines go here")
