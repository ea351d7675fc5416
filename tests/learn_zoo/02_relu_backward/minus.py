# kind: dz sign
def relu_backward(dy, z):
    dz = dy * 0
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            if z[i, j] > 0:
                dz[i, j] -= dy[i, j]
    return dz
