# kind: dead relus taken for vanishing gradients
def diagnose(run):
    norm = run["gradient_norm"]
    if run["loss"].max() > 3:
        return "learning rate too high"
    if norm[:, 0].mean() < 0.05 * norm[:, -1].mean():
        return "vanishing gradients"
    if run["dead"].max() > 0.9:
        return "dead relus"
    return "healthy"
