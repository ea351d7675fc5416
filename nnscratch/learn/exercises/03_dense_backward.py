"""Exercise 3: the gradients of a Dense layer.

Forward, for a batch of B rows with I inputs and O outputs:

    z = x @ W + b                                x (B, I), W (I, O), b (O,) -> z (B, O)

Backward the layer receives dz (B, O), how the loss moves with each z, and gives three answers,
each with the shape of what it belongs to:

    dx[row, i] = sum over o of    dz[row, o] W[i, o]       (B, I)   for the layer below
    dW[i, o]   = sum over rows of x[row, i] dz[row, o]     (I, O)   every row has used W
    db[o]      = sum over rows of dz[row, o]               (O,)     b was added to every row

Each sum is one line of NumPy; the first two are matrix products with a transpose.

The loss is a mean over the batch, and the 1 / B of that mean is inside dz already: nothing is
divided here.
"""

import numpy as np


def dense_backward(dz, x, W):
    """dz (B, O), x (B, I), W (I, O) -> dx (B, I), dW (I, O), db (O,)."""
    raise NotImplementedError("your lines go here")
