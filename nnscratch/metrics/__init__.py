"""Metrics: numbers to watch; they have no gradient and change nothing.

A metric keeps running sums, so an epoch's value is the exact mean over its rows, whatever the
batch size, and a last, smaller batch counts by its rows. Means are summed in the model's number
format, batch after batch, as in Keras.

    y  targets: (B,) class numbers, or (B, O)
    p  predictions (B, O); one axis means one output for each row
"""

from typing import Any

from nnscratch import checks
from nnscratch.metrics.base import FunctionMetric, Mean, Metric, RowMean
from nnscratch.metrics.counts import F1Score, Precision, Recall
from nnscratch.metrics.means import (
    BinaryAccuracy,
    CategoricalAccuracy,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalAccuracy,
)

__all__ = [
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "F1Score",
    "FunctionMetric",
    "Mean",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "Recall",
    "RowMean",
    "SparseCategoricalAccuracy",
    "get",
]

_classes = (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    MeanAbsoluteError,
    MeanSquaredError,
    Precision,
    Recall,
    F1Score,
)
_known = {cls().name: cls for cls in _classes} | {cls.__name__: cls for cls in _classes}
_known |= {"mae": MeanAbsoluteError, "mse": MeanSquaredError}
_accuracy_names = ("accuracy", "acc")


def get(identifier: Any, *, y: Any = None, outputs: int | None = None) -> Metric:
    """A metric for targets y and a net with that many outputs.

    "accuracy" is resolved as in Keras: one output means binary; labels mean sparse; else
    categorical. The metric keeps the name that the user wrote. ValueError for an unknown one.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if identifier in _accuracy_names:
        return _accuracy(y, outputs)(name=identifier)
    if callable(identifier):
        return FunctionMetric(identifier)
    cls = checks.look_up("metric", identifier, dict.fromkeys(_accuracy_names) | _known)
    return cls(name=identifier)


def _accuracy(y, outputs):
    if outputs == 1:
        return BinaryAccuracy
    sparse = y.ndim == 1 or y.shape[-1] == 1
    return SparseCategoricalAccuracy if sparse else CategoricalAccuracy


class RunningSums:
    """The loss and the metrics of a run, collected batch by batch."""

    def __init__(self, metrics, dtype):
        self.loss = Mean(name="loss")
        self.metrics = metrics
        for metric in (self.loss, *metrics):
            metric.dtype = dtype
            metric.reset_state()

    def add(self, loss, y, predictions):
        """Take in a batch: its mean loss, its targets and its predictions."""
        rows = len(predictions)
        self.loss.add(loss * self.loss.dtype.type(rows), rows)
        for metric in self.metrics:
            metric.update_state(y, predictions)

    def results(self):
        """{name: value so far}, the loss first, then the metrics as they were compiled."""
        return {metric.name: metric.result() for metric in (self.loss, *self.metrics)}
