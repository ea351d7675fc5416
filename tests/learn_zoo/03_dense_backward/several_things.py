# kind: dW transposed + dW divided by B + bias not summed
def dense_backward(dz, x, W):
    return dz @ W.T, dz.T @ x / len(x), dz
