# kind: learning rate too high sometimes missed
import numpy as np


def diagnose(run):
    norm = run["gradient_norm"]
    if run["loss"].max() > 90:
        return "learning rate too high"
    if run["dead"].max() > 0.9:
        return "dead relus"
    if run["loss"].max() < 1 and np.median(norm[:, 0] / norm[:, -1]) < 0.05:
        return "vanishing gradients"
    return "healthy"
