"""The learning-rate finder: train briefly while the rate climbs, and watch the loss."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import callbacks, checks, data
from nnscratch.models import arguments
from nnscratch.models.watch import Watch


class Sweep(NamedTuple):
    """What ``learning_rate_sweep`` saw, one entry an epoch; plot it with nn.plots.

    learning_rates  (epochs,) the rates, climbing
    losses          (epochs,) the mean loss of each epoch
    suggestion      a rate to start with: a tenth of the one with the lowest loss
    """

    learning_rates: np.ndarray
    losses: np.ndarray
    suggestion: float


def learning_rate_sweep(
    model: Any,
    x: ArrayLike,
    y: ArrayLike,
    *,
    start: float = 1e-4,
    stop: float = 1.0,
    epochs: int = 40,
    batch_size: int | None = None,
    verbose: int = 0,
) -> Sweep:
    """Train ``model`` with a rate that climbs from ``start`` to ``stop``; returns a Sweep.

    The rates are evenly spaced on a logarithmic scale. Weights, optimizer and Dropout are put
    back afterwards, so the model is as it was. Past the useful rates the loss may leave the
    finite numbers; the sweep ends there.

    Raises ValueError for a range that does not climb, and what ``fit`` raises for its data.

    The suggestion is the rule of thumb of the field: where the loss still falls but has not
    flattened, about ten times less than where it is lowest.
    """
    model.require_compiled("learning_rate_sweep")
    start = checks.real_number("start", start, above=0)
    stop = checks.real_number("stop", stop, above=start)
    epochs = checks.whole_number("epochs", epochs, least=2)
    rates = np.geomspace(start, stop, epochs)
    climb = callbacks.LearningRateScheduler(lambda epoch, rate: float(rates[epoch]))
    arguments.checked_features(model, data.as_features(x, model.dtype))
    with _as_it_was(model):
        history = model.fit(
            x,
            y,
            batch_size,
            epochs,
            verbose=verbose,
            callbacks=[climb, callbacks.TerminateOnNaN()],
        ).history
    losses = np.array(history["loss"])
    lowest = int(np.nanargmin(np.where(np.isfinite(losses), losses, np.inf)))
    return Sweep(rates[: len(losses)], losses, float(rates[lowest] / 10))


@contextmanager
def _as_it_was(model):
    """Put back, at the end, everything about the model that training changes."""
    before = Watch(model)
    before.remember()
    rate = model.optimizer.schedule or model.optimizer.learning_rate
    kept = model.epochs_trained, model.history, model.warned
    # A rate beyond the useful ones is bound to kill ReLUs, so no word about them here.
    model.warned = model.warned | {"dead"}
    try:
        yield
    finally:
        before.go_back()
        model.optimizer.learning_rate = rate
        model.epochs_trained, model.history, model.warned = kept
