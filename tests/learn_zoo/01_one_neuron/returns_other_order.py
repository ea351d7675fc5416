# kind: order
def neuron(x, w, b, t):
    y = x @ w + b
    d = 2 * (y - t)
    return d * x, d, y
