# kind: mu and lr swapped
def sgd_step(p, g, lr):
    return p - lr * g


def momentum_step(p, g, velocity, mu, lr):
    v = mu * velocity - lr * g
    return p + v, v
