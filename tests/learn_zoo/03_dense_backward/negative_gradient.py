# kind: dz sign
def dense_backward(dz, x, W):
    dz = -dz
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)
