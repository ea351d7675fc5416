"""Exercise 9: a gradient that needs no calculus, to check all others with.

Move one number of W (I, O) by a little, h, in both directions, and look how the loss answers:

    dW[i, o] = (L(W with W[i, o] + h) - L(W with W[i, o] - h)) / (2 h)

This is the central difference. Asking on both sides makes the error of the order h^2; asking on
one side only would leave one of the order h.

While one number is moved, all others stand where they were. loss is a function: loss(W) gives
one number for any array of W's shape. W itself must be as it was when you are done.
"""

import numpy as np


def numeric_gradient(loss, W, h):
    """A function loss(W) -> number, W (I, O), h -> dW (I, O)."""
    raise NotImplementedError("your lines go here")
