"""A loss joined with the model's last activation, and the mean over the batch."""

from typing import Any

import numpy as np


class BatchLoss:
    """A loss as both engines use it: joined with the last activation where that is exact.

    If the loss is a cross-entropy and the model ends in its sigmoid or softmax, that last step
    is left out of the forward pass and done here, so that the loss sees the logits. ``out`` is
    what the remaining steps give: logits (B, O) when joined, else predictions (B, O).
    """

    def __init__(self, loss: Any, steps: list[Any]):
        self.loss = loss
        self.joined = loss.activation is not None and steps[-1:] == [loss.activation]
        self.steps = steps[:-1] if self.joined else list(steps)

    def predictions(self, out: np.ndarray) -> np.ndarray:
        """What ``predict`` would give for the same rows, (B, O)."""
        return self.loss.activation.function(out) if self.joined else out

    def values(self, y: np.ndarray, out: np.ndarray) -> np.ndarray:
        """The loss of each row, (B,), before weights and mean."""
        if self.joined:
            return self.loss.values_from_logits(y, out)
        return self.loss.values(y, out)

    def value(self, values: np.ndarray, sample_weight: np.ndarray | None = None) -> Any:
        """The loss of the batch, a scalar: the (weighted) mean of ``values``."""
        return self.loss.reduce(values, sample_weight)

    def gradient(
        self, y: np.ndarray, predictions: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> np.ndarray:
        """dL/d(out), (B, O): each row's own gradient, weighted, and divided by B."""
        if self.joined:
            d_out = self.loss.gradient_from_logits(y, predictions)
        else:
            d_out = self.loss.gradient(y, predictions)
        if sample_weight is not None:
            d_out = d_out * sample_weight[:, None]
        return d_out / self.loss.divisor(len(d_out), sample_weight)
