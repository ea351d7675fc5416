"""What every metric is, and the means over rows that most of them are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import config, data


class Metric:
    """The base: ``update_state`` for each batch, ``result`` for all of them so far."""

    def __init__(self, *, name: str | None = None):
        self.name = name or type(self).__name__
        self.dtype = config.float_type()
        self.reset_state()

    def update_state(self, *batch: Any, **options: Any) -> None:
        """Take in some more rows: ``update_state(y_true, y_pred, sample_weight=None)``."""
        raise NotImplementedError(f"{type(self).__name__} has to define update_state")

    def result(self) -> Any:
        """The value over everything since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} has to define result")

    def reset_state(self) -> None:
        """Forget everything."""

    def __call__(self, *batch: Any, **options: Any) -> Any:
        """Update and return the result so far."""
        self.update_state(*batch, **options)
        return self.result()

    def __repr__(self):
        return f"{type(self).__name__}(name={self.name!r})"


class RunningMean(Metric):
    """The base of metrics that are a weighted mean: a running total and a running count."""

    def reset_state(self):
        """Forget everything."""
        self.total = self.count = self.dtype.type(0)

    def collect(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Take in one number or an array (n,), each with its weight (1 if not given)."""
        values = np.atleast_1d(np.asarray(values, self.dtype))
        if sample_weight is None:
            self.add(values.sum(), values.size)
        else:
            weight = data.as_sample_weight(np.atleast_1d(sample_weight), values, self.dtype)
            self.add((values * weight).sum(), weight.sum())

    def add(self, total: Any, count: Any) -> None:
        """Take in a sum that was already made, and how many rows it is the sum of."""
        cast = self.dtype.type
        self.total += cast(total)
        self.count += cast(count)

    def result(self):
        """The mean as a float; 0.0 before anything came."""
        return float(self.total / self.count) if self.count else 0.0


class Mean(RunningMean):
    """The weighted mean of the numbers it is given.

    >>> mean = Mean()
    >>> mean([1.0, 2.0])
    1.5
    >>> mean(6.0)
    3.0
    """

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Take in one number or an array (n,), each with its weight (1 if not given)."""
        self.collect(values, sample_weight)


class RowMean(RunningMean):
    """The base of metrics that are a mean over rows; a subclass defines ``values(y, p)``."""

    same_shapes = True  # y pairs up with p number by number, so nothing may be broadcast

    def values(self, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        """One number for each row, (B,), for targets y and predictions p (B, O)."""
        raise NotImplementedError(f"{type(self).__name__} has to define values(y, p)")

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Take in the targets and predictions of some more rows.

        Raises ValueError where the targets do not pair up with the predictions.
        """
        y, p = as_rows(y_true, y_pred)
        if self.same_shapes and y.shape != p.shape:
            raise ValueError(
                f"the metric {self.name!r} wants targets of the predictions' shape {p.shape},"
                f" got {y.shape}"
            )
        self.collect(self.values(y, p), sample_weight)


class FunctionMetric(RowMean):
    """Your own metric: the mean over rows of ``function(y_true, y_pred) -> (B,)``.

    >>> FunctionMetric(lambda y, p: abs(y - p).max(axis=1))([[1.0, 0.0]], [[0.5, 0.25]])
    0.5
    """

    same_shapes = False

    def __init__(self, function: Callable[..., Any], name: str | None = None):
        super().__init__(name=name or getattr(function, "__name__", "metric"))
        self.function = function

    def values(self, y, p):
        """What the function returns, (B,)."""
        return self.function(y, p)


def as_rows(y_true, y_pred):
    """Targets and predictions as arrays; where a row has one output, both are (B, 1)."""
    y, p = np.asarray(y_true), np.asarray(y_pred)
    p = p[:, None] if p.ndim == 1 else p
    return (y[:, None] if y.ndim == 1 and p.shape[-1] == 1 else y), p


def labels_of(y, p, name):
    """One class number for each row of p: (B,) or (B, 1) -> (B,)."""
    if y.shape not in ((len(p),), (len(p), 1)):
        raise ValueError(
            f"the metric {name!r} wants one label for each row, of shape ({len(p)},),"
            f" got y_true of shape {y.shape}"
        )
    return y.reshape(-1)
