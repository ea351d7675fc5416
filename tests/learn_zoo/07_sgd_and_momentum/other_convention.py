# kind: velocity points uphill
def sgd_step(p, g, lr):
    return p - lr * g


def momentum_step(p, g, velocity, lr, mu):
    v = mu * velocity + lr * g
    return p - v, v
