"""A solution of exercise 3."""


def dense_backward(dz, x, W):
    """dz (B, O), x (B, I), W (I, O) -> dx (B, I), dW (I, O), db (O,)."""
    dx = dz @ W.T
    dW = x.T @ dz
    db = dz.sum(axis=0)
    return dx, dW, db
