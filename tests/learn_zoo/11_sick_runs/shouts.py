# kind: not a name
def diagnose(run):
    if run["loss"].max() > 2:
        return "Learning rate too high"
    return "healthy"
