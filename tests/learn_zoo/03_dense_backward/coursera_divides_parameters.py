# kind: dW divided by B + db divided by B
def dense_backward(dz, x, W):
    m = x.shape[0]
    dW = (1 / m) * (x.T @ dz)
    db = (1 / m) * dz.sum(axis=0)
    dx = dz @ W.T
    return dx, dW, db
