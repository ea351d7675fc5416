# kind: dW accumulated + db accumulated
dW = 0
db = 0


def dense_backward(dz, x, W):
    global dW, db
    dW = dW + x.T @ dz
    db = db + dz.sum(axis=0)
    return dz @ W.T, dW, db
