# kind: w for x
def neuron(x, w, b, t):
    y = x @ w + b
    dL = 2 * (y - t)
    return y, dL * w, dL
