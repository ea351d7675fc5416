# kind: swapped
import numpy as np


def diagnose(run):
    if run["loss"].max() > 2 * run["loss"][0]:
        return "learning rate too high"
    if run["dead"].max() > 0.9:
        return "vanishing gradients"
    norm = run["gradient_norm"]
    if np.median(norm[:, 0] / norm[:, -1]) < 0.05:
        return "dead relus"
    return "healthy"
