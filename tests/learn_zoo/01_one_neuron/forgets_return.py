# kind: returns nothing
def neuron(x, w, b, t):
    y = (x * w).sum() + b
    dw = 2 * (y - t) * x
    db = 2 * (y - t)
    print(y, dw, db)
