"""Exercise 2: the gradient through a ReLU.

On the way forward a ReLU cuts off what is negative, in each of B rows and O outputs:

    y = max(z, 0)                                z (B, O) -> y (B, O)

On the way back it receives dy (B, O), which says how the loss L moves with each y, and has to
say how L moves with each z:

    dz = dL/dz = dy * (slope of the ReLU at z)
    slope      = 1 where z > 0: y moves as z does
                 0 where z <= 0: y stays at 0, whatever z does

At z = 0 the line has a bend and no slope of its own; the slope is taken as 0 there.
"""

import numpy as np


def relu_backward(dy, z):
    """dy (B, O), z (B, O) -> dz (B, O)."""
    raise NotImplementedError("your lines go here")
