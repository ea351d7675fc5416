"""Precision, recall and their mean: from counts of what was right and what was not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import checks, data
from nnscratch.metrics.base import Metric, as_rows, labels_of


class _Counts(Metric):
    """True positives, false positives and false negatives of each output, (O,) in float64."""

    def reset_state(self):
        """Forget everything."""
        self.true_positives = self.false_positives = self.false_negatives = 0

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Take in the targets and predictions of some more rows.

        Raises ValueError for labels or weights that are not one for each row.
        """
        y, p = as_rows(y_true, y_pred)
        if y.shape != p.shape:
            y = np.arange(p.shape[-1]) == labels_of(y, p, self.name)[:, None]
        truth, guess = y > 0, self._guess(p)
        weight = data.as_sample_weight(sample_weight, p, np.float64)
        weight = np.ones(len(p)) if weight is None else weight
        self.true_positives = self.true_positives + weight @ (truth & guess)
        self.false_positives = self.false_positives + weight @ (~truth & guess)
        self.false_negatives = self.false_negatives + weight @ (truth & ~guess)

    def _guess(self, p):
        raise NotImplementedError


class _Share(_Counts):
    """hits / (hits + misses), over one output or all of them; 0 where nothing was counted."""

    misses = "the name of the count"

    def __init__(
        self,
        thresholds: float = 0.5,
        *,
        class_id: int | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name or type(self).__name__.lower())
        self.thresholds = checks.real_number("thresholds", thresholds)
        self.class_id = class_id

    def _guess(self, p):
        return p > self.thresholds

    def result(self):
        """The value over everything since the last reset, as a float."""
        hits, misses = self._sum(self.true_positives), self._sum(getattr(self, self.misses))
        return float(hits / (hits + misses)) if hits + misses else 0.0

    def _sum(self, counts):
        one_output = self.class_id is not None and np.ndim(counts) == 1
        return counts[self.class_id] if one_output else np.sum(counts)


class Precision(_Share):
    """Of the outputs called positive (p > threshold), the share that is: TP / (TP + FP).

    thresholds  one finite number, else ValueError
    class_id    count only this output; otherwise all outputs are counted together

    >>> Precision()([1, 0, 1, 1], [0.9, 0.8, 0.2, 0.7]).__round__(3)  # 2 of 3
    0.667
    """

    misses = "false_positives"


class Recall(_Share):
    """Of the outputs that are positive, the share that was called so: TP / (TP + FN).

    thresholds  one finite number, else ValueError
    class_id    count only this output; otherwise all outputs are counted together

    >>> Recall()([1, 0, 1, 1, 1], [0.9, 0.8, 0.2, 0.7, 0.1])  # 2 of 4
    0.5
    """

    misses = "false_negatives"


class F1Score(_Counts):
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    average    None: an array with one value a class; "macro": their mean; "weighted": their
               mean weighted by how often each class is true; "micro": counted over all classes
    threshold  a class is called positive above it; None calls the largest output of each row
               positive, all of them in a tie, and none in a row of zeros (one output: 0.5)

    Raises ValueError for an average that there is not.

    >>> F1Score("macro")([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    0.6666666666666666
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
    ):
        if average is not None:
            checks.look_up("average", average, dict.fromkeys(("micro", "macro", "weighted")))
        super().__init__(name=name)
        self.average = average
        self.threshold = threshold

    def _guess(self, p):
        if self.threshold is not None or p.shape[-1] == 1:
            return p > (0.5 if self.threshold is None else self.threshold)
        return (p == p.max(axis=-1, keepdims=True)) & (np.abs(p) > 1e-9)

    def result(self):
        """A float; with ``average=None`` and several classes an array (C,)."""
        counts = self.true_positives, self.false_positives, self.false_negatives
        if self.average == "micro":
            counts = tuple(np.sum(count) for count in counts)
        hits, *misses = (np.atleast_1d(count).astype(float) for count in counts)
        total = 2 * hits + sum(misses)
        scores = np.divide(2 * hits, total, out=np.zeros_like(hits), where=total > 0)
        if self.average == "weighted":
            truth = hits + misses[1]
            return float((scores * truth).sum() / truth.sum()) if truth.any() else 0.0
        if self.average is None and scores.size > 1:
            return scores
        return float(scores.mean())
