# kind: dW stale
cache = {}


def dense_backward(dz, x, W):
    if "dW" not in cache:
        cache["dW"] = x.T @ dz
    return dz @ W.T, cache["dW"], dz.sum(axis=0)
