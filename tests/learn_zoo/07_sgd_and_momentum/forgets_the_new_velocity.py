# kind: old velocity returned
def sgd_step(p, g, lr):
    return p - lr * g


def momentum_step(p, g, velocity, lr, mu):
    return p + mu * velocity - lr * g, velocity
