# kind: no friction
def sgd_step(p, g, lr):
    return p - lr * g


def momentum_step(p, g, velocity, lr, mu):
    v = velocity - lr * g
    return p + v, v
