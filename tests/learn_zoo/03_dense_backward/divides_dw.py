# kind: dW divided by B
def dense_backward(dz, x, W):
    m = x.shape[0]
    dW = 1 / m * x.T @ dz
    return dz @ W.T, dW, dz.sum(axis=0)
