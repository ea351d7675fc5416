# kind: 1 - mu on the gradient
def sgd_step(p, g, lr):
    return p - lr * g


def momentum_step(p, g, velocity, lr, mu):
    v = mu * velocity - (1 - mu) * lr * g
    return p + v, v
