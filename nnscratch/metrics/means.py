"""Accuracies and errors: means over rows."""

import numpy as np

from nnscratch import checks
from nnscratch.metrics.base import RowMean, labels_of


class BinaryAccuracy(RowMean):
    """The share of outputs with ``(p > threshold) == y``; a p of exactly 0.5 counts as 0.

    Raises ValueError for a threshold that is no finite number.

    >>> BinaryAccuracy()([1, 0, 1], [0.9, 0.2, 0.3]).__round__(3)
    0.667
    """

    def __init__(self, name: str = "binary_accuracy", *, threshold: float = 0.5):
        super().__init__(name=name)
        self.threshold = checks.real_number("threshold", threshold)

    def values(self, y, p):
        """(B, O), (B, O) -> (B,)."""
        return ((p > self.threshold) == y).mean(axis=-1)


class CategoricalAccuracy(RowMean):
    """The share of rows whose largest output is their largest target; ties go to the first."""

    def __init__(self, name: str = "categorical_accuracy"):
        super().__init__(name=name)

    def values(self, y, p):
        """(B, C), (B, C) -> (B,)."""
        return y.argmax(axis=-1) == p.argmax(axis=-1)


class SparseCategoricalAccuracy(RowMean):
    """The share of rows whose largest output is the one that the label names.

    >>> SparseCategoricalAccuracy()([2, 0], [[0.1, 0.2, 0.7], [0.2, 0.5, 0.3]])
    0.5
    """

    same_shapes = False

    def __init__(self, name: str = "sparse_categorical_accuracy"):
        super().__init__(name=name)

    def values(self, y, p):
        """Labels (B,) or (B, 1), predictions (B, C) -> (B,)."""
        return labels_of(y, p, self.name) == p.argmax(axis=-1)


class MeanAbsoluteError(RowMean):
    """The mean of |t - p|."""

    def __init__(self, name: str = "mean_absolute_error"):
        super().__init__(name=name)

    def values(self, y, p):
        """(B, O), (B, O) -> (B,)."""
        return np.abs(y - p).mean(axis=-1)


class MeanSquaredError(RowMean):
    """The mean of (t - p)^2."""

    def __init__(self, name: str = "mean_squared_error"):
        super().__init__(name=name)

    def values(self, y, p):
        """(B, O), (B, O) -> (B,)."""
        return np.square(y - p).mean(axis=-1)
