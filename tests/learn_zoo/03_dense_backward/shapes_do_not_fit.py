# kind: raises
def dense_backward(dz, x, W):
    return dz @ W, x.T @ dz, dz.sum(axis=0)
