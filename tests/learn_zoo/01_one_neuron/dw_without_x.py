# kind: inner derivative missing
def neuron(x, w, b, t):
    y = x @ w + b
    g = 2 * (y - t)
    dw = g
    db = g
    return y, dw, db
