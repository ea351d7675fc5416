"""The engines: two ways to run the same mathematics, one to be read and one to be fast.

An engine is a module with ``train_epoch``, ``evaluate`` and ``predict``; ``choose`` says which
of them a model uses, and in words why.
"""

from nnscratch.engines import eager, fused, plan

# Up to so many multiplications NumPy needs a millisecond or so, and no kernel is waited for.
FEW_MULTIPLICATIONS = 1e7


def choose(model):
    """(engine module, its description as ``model.engine`` shows it)."""
    if model.run_eagerly:
        return eager, "eager: run_eagerly=True"
    if model.batch_loss is None:
        return eager, "eager: the model is not built and compiled yet"
    if model.wants_batches:
        return eager, f"eager: {model.wants_batches}"
    try:
        plan.of(model)
    except plan.NoPlan as reason:
        return eager, f"eager: {reason}"
    return fused, "fused"


def for_predicting(model, rows):
    """The engine that predicts so many rows: the eager one, where there is little to do."""
    if rows * model.parameters.size <= FEW_MULTIPLICATIONS:
        return eager
    return choose(model)[0]
