# kind: dW transposed
def dense_backward(dz, x, W):
    dx = dz @ W.T
    dW = dz.T @ x
    db = dz.sum(axis=0)
    return dx, dW, db
