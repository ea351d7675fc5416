"""Exercise 13: one step of Keras, matched to 1e-6.

Keras trained a small net, and each of its first four steps was written down: what there was
before, and the weights after it. Your function is handed what was before, and must end where
Keras ended, to 1e-6 in every number.

    z1 = x @ W1 + b1,  h = max(z1, 0)            x (B, I), W1 (I, H), b1 (H,)
    z2 = h @ W2 + b2,  p = softmax(z2)           W2 (H, C), b2 (C,)
    L  = mean over the rows of -log p[row, label of the row]

    Adam with lr = 0.05, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7

All of it was in the exercises 5, 6 and 8, and nothing new is needed; but each small thing has
to be right at the same time. The last batch has fewer rows than the others.

weights, m and v are lists of four arrays, in the order W1, b1, W2, b2; t is this step's number,
from 1; labels (B,) are whole numbers 0 .. C-1.
"""

import numpy as np


def keras_step(weights, m, v, t, x, labels):
    """The net, Adam's state and a batch -> the new weights [W1, b1, W2, b2]."""
    raise NotImplementedError("your lines go here")
