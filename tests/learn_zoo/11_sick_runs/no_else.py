# kind: not a name
def diagnose(run):
    if run["loss"].max() > 2:
        return "learning rate too high"
    if run["dead"].max() > 0.9:
        return "dead relus"
