# kind: learning rate too high taken for healthy
import numpy as np


def diagnose(run):
    norm = run["gradient_norm"]
    if run["dead"].max() > 0.9:
        return "dead relus"
    if run["loss"].max() < 1 and np.median(norm[:, 0] / norm[:, -1]) < 0.05:
        return "vanishing gradients"
    return "healthy"
