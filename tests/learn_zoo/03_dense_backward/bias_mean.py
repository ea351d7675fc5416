# kind: db divided by B
def dense_backward(dz, x, W):
    return dz @ W.T, x.T @ dz, dz.mean(axis=0)
