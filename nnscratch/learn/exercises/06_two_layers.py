"""Exercise 6: two layers in a chain.

Forward, with H hidden units:

    z1 = x @ W1 + b1              x (B, I),  W1 (I, H), b1 (H,)  ->  z1 (B, H)
    h  = max(z1, 0)                                                  h  (B, H)
    y  = h @ W2 + b2                         W2 (H, O), b2 (O,)  ->  y  (B, O)

Backward, from dy (B, O), in the opposite order. Each line uses the one before it:

    dW2 = h.T @ dy                db2 = sum of dy's rows
    dh  = dy @ W2.T
    dz1 = dh * (1 where z1 > 0, else 0)
    dW1 = x.T @ dz1               db1 = sum of dz1's rows

backward needs numbers that only forward knows. forward hands them over in a cache, a tuple of
whatever you like. Keep nothing anywhere else: two batches may be on their way at once, forward
for both, and then backward for the first.
"""

import numpy as np


def forward(x, W1, b1, W2, b2):
    """x (B, I) and the four parameters -> y (B, O), cache."""
    raise NotImplementedError("your lines go here")


def backward(dy, cache):
    """dy (B, O), cache -> dW1 (I, H), db1 (H,), dW2 (H, O), db2 (O,)."""
    raise NotImplementedError("your lines go here")
