# kind: returns nothing
def sgd_step(p, g, lr):
    p = p - lr * g
