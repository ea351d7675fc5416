# kind: always the same
def diagnose(run):
    return "healthy"
