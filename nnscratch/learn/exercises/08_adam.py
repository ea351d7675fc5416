"""Exercise 8: Adam.

Adam keeps two running means for each parameter, of the gradient and of its square. All arrays
have the shape (N,); t counts the steps, from 1:

    m_new = beta_1 m + (1 - beta_1) g            which way it went lately
    v_new = beta_2 v + (1 - beta_2) g^2          how large it was lately

m and v began at 0 and are too small in the first steps. The step size makes up for that:

    step  = lr sqrt(1 - beta_2^t) / (1 - beta_1^t)

The move is a mean over a root, about 1 in size whatever the scale of g:

    p_new = p - step m_new / (sqrt(v_new) + epsilon)

This is the form of Keras, and of the end of section 2 in Kingma and Ba (2015): epsilon is added
to sqrt(v_new) itself, outside the root and untouched by the correction.
"""

import numpy as np


def adam_step(p, g, m, v, t, lr, beta_1, beta_2, epsilon):
    """p, g, m, v (N,), the step t = 1, 2, ... and four numbers -> p_new, m_new, v_new (N,)."""
    raise NotImplementedError("your lines go here")
