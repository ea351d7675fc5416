"""Exercise 5: softmax, its gradient, and softmax with the cross-entropy.

Softmax makes probabilities of the C logits of a row; they compete, and sum to 1:

    p_c = exp(z_c) / sum over k of exp(z_k)                   z (B, C) -> p (B, C)

Taking one number off all logits of a row changes no quotient. Take the row's largest one off
first: exp then never sees anything above 0 and cannot overflow, however large z is.

Backward, with output y and gradient dy from above. Every output of a row depends on every logit
of that row, so each dz_j hears of all dy_k:

    dz_j = y_j (dy_j - sum over k of dy_k y_k)                dy, y (B, C) -> dz (B, C)

With the cross-entropy on top, for labels 0 .. C-1, one for each row:

    L  = mean over the B rows of  -log p[row, label of the row]
    dz = (p - onehot) / B         onehot (B, C): 1 at the row's label, else 0
"""

import numpy as np


def softmax(z):
    """Logits z (B, C) -> probabilities p (B, C)."""
    raise NotImplementedError("your lines go here")


def softmax_backward(dy, y):
    """dy (B, C), y = softmax(z) (B, C) -> dz (B, C)."""
    raise NotImplementedError("your lines go here")


def softmax_cross_entropy_backward(z, labels):
    """Logits z (B, C), labels (B,) of whole numbers -> dz (B, C), of both together."""
    raise NotImplementedError("your lines go here")
