# kind: velocity of its own
last = {}


def sgd_step(p, g, lr):
    return p - lr * g


def momentum_step(p, g, velocity, lr, mu):
    v = last.get(p.shape, 0) * mu - lr * g
    last[p.shape] = v
    return p + v, v
