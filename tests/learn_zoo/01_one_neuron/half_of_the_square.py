# kind: dL/dy halved
def neuron(x, w, b, t):
    y = sum(wi * xi for wi, xi in zip(w, x, strict=True)) + b
    slope = y - t
    return y, slope * x, slope
