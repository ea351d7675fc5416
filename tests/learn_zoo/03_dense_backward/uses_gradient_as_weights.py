# kind: dW for W
def dense_backward(dz, x, W):
    W = x.T @ dz
    dx = dz @ W.T
    return dx, W, dz.sum(axis=0)
