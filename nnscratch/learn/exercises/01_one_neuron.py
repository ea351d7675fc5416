"""Exercise 1: one neuron, by hand.

A neuron has a weight w[i] for each of its I inputs, and one bias b. For one row x (I,):

    y = w[0] x[0] + w[1] x[1] + ... + b          one number: what the neuron says
    L = (y - t)^2                                one number: how far off the target t it is

Learning needs to know how L moves when a weight moves a little. By the chain rule:

    dL/dy    = 2 (y - t)                         which way, and how hard, y should move
    dw[i]    = dL/dw[i] = dL/dy * x[i]           y moves x[i] times as much as w[i]
    db       = dL/db    = dL/dy                  y moves as much as b

x and w are NumPy arrays of shape (I,); b and t are plain numbers.
"""

import numpy as np


def neuron(x, w, b, t):
    """x (I,), w (I,), b, t -> y (a number), dw (I,), db (a number)."""
    raise NotImplementedError("your lines go here")
