"""A solution of exercise 11."""

import numpy as np


def diagnose(run):
    """The vital signs of a run -> one of the four names."""
    if run["loss"].max() > 2 * run["loss"][0]:
        return "learning rate too high"
    if run["dead"].max() > 0.9:
        return "dead relus"
    norm = run["gradient_norm"]
    if np.median(norm[:, 0] / norm[:, -1]) < 0.05:
        return "vanishing gradients"
    return "healthy"
