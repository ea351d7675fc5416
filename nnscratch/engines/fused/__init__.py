"""The fused engine: the eager engine's mathematics, compiled into one loop.

    compiling.py   how kernels are compiled, and the cache of them on disk
    machine.py     the few machine instructions that Numba has no name for
    arithmetic.py  exp, activations and their derivatives
    products.py    matrix products, in blocks that stay in registers
    scores.py      loss, gradient and accuracy of a row
    updates.py     the optimizers
    dropping.py    Dropout's masks
    operations.py  one operation forwards, backwards, and its update
    wide.py        the training loop, by one thread or several
    narrow.py      the training loop for tiny nets
    using.py       predictions and scores
    threads.py     who does what, and how threads wait for one another
    memory.py      the layout of all numbers; packing and unpacking

This file is the engine as the model sees it: ``train_epoch``, ``evaluate`` and ``predict``, as
in ``eager.py``. Numba is imported at the first call of one of them.
"""

SCORED_AT_ONCE = 8192  # rows whose outputs ``evaluate`` holds at a time


def train_epoch(model, x, y, order, *, batch_size, sample_weight=None, sums):
    """Train on the rows that ``order`` (n,) names, in that order; ``sums`` collects the logs.

    See ``eager.train_epoch``: the same contract, and within rounding the same result. Whatever
    happens, the model holds all steps of the call or none of them.
    """
    from nnscratch.engines.fused import call

    call.train(model, x, y, order, batch_size, sample_weight, sums)


def evaluate(model, x, y, *, batch_size, sample_weight=None, sums):
    """Loss and metrics of all rows in their order, collected in ``sums``; changes nothing."""
    from nnscratch.engines.fused import call

    at_once = max(batch_size, SCORED_AT_ONCE // batch_size * batch_size)
    for start in range(0, len(x), at_once):
        part = slice(start, start + at_once)
        weight = None if sample_weight is None else sample_weight[part]
        call.evaluate(model, x[part], y[part], batch_size, weight, sums)


def predict(model, x, *, batch_size):
    """The model's output for every row of x: (n, O). The batch size has no effect here."""
    from nnscratch.engines.fused import call

    return call.predict(model, x)
