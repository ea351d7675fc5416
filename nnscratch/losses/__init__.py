"""Loss functions: one number for how wrong the predictions are, and the gradient of it.

    y  targets                p  predictions (B, O)        z  logits (B, O), before the last
    t  one target value       C  classes                      sigmoid or softmax

    values(y, p)    (B,)    the loss of each row, a mean over its outputs
    gradient(y, p)  (B, O)  d values[row] / d p[row, o]

The loss of a batch is the mean of ``values`` over its B rows. Nothing else in the package
divides by B: ``Loss.reduce`` does it for the value, ``BatchLoss.gradient`` for the gradient.

A cross-entropy behind a sigmoid or a softmax is computed from the logits: log(exp(z)) is z, so
nothing can overflow, and the derivative of the pair is simply p - t. On anything else (a linear
last layer!) the predictions are clipped into [1e-7, 1 - 1e-7], and where that clips, the
gradient is exactly zero. Keras does both in the same way; PyTorch leaves it to its user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import checks
from nnscratch.losses.batch import BatchLoss
from nnscratch.losses.formulas import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)

__all__ = [
    "BatchLoss",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "get",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mse",
    "sparse_categorical_crossentropy",
]


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> np.ndarray:
    """The squared error of each row, (B,): the mean over its outputs.

    >>> mean_squared_error([[0.0, 2.0]], [[1.0, 2.0]])
    array([0.5], dtype=float32)
    """
    return MeanSquaredError(reduction=None)(y_true, y_pred)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> np.ndarray:
    """The absolute error of each row, (B,): the mean over its outputs."""
    return MeanAbsoluteError(reduction=None)(y_true, y_pred)


def binary_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> np.ndarray:
    """The binary cross-entropy of each row, (B,)."""
    return BinaryCrossentropy(from_logits, label_smoothing, reduction=None)(y_true, y_pred)


def categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> np.ndarray:
    """The cross-entropy of each row against one-hot targets, (B,)."""
    return CategoricalCrossentropy(from_logits, label_smoothing, reduction=None)(y_true, y_pred)


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False
) -> np.ndarray:
    """The cross-entropy of each row against its label, (B,)."""
    return SparseCategoricalCrossentropy(from_logits, reduction=None)(y_true, y_pred)


mse, mae = mean_squared_error, mean_absolute_error

_classes = {
    cls.__name__: cls
    for cls in (
        MeanSquaredError,
        MeanAbsoluteError,
        BinaryCrossentropy,
        CategoricalCrossentropy,
        SparseCategoricalCrossentropy,
    )
}
_known = _classes | {cls().name: cls for cls in _classes.values()}
_known |= {"mse": MeanSquaredError, "mae": MeanAbsoluteError}


def get(identifier: str | Loss | type[Loss] | Callable[..., Any]) -> Loss:
    """The loss of that name, class or lower-case function; a Loss is itself.

    Raises ValueError for an unknown name, TypeError for a function without its gradient.

    >>> get("mse")
    MeanSquaredError(reduction='sum_over_batch_size', name='mean_squared_error')
    """
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    name = getattr(identifier, "__name__", "")
    if callable(identifier) and globals().get(name) is not identifier:
        raise TypeError(
            f"the loss {name or identifier!r} is a function without its gradient.\n"
            "Subclass nn.losses.Loss and define values(y, p) and gradient(y, p)."
        )
    return checks.look_up("loss", name or identifier, _known)()


def serialize(loss):
    """Class name and arguments as JSON values."""
    return {"class_name": type(loss).__name__, "config": loss.get_config()}


def deserialize(config, custom_objects=None):
    """The loss that ``serialize`` described; classes of your own by name in custom_objects."""
    cls = checks.look_up("loss", config["class_name"], _classes | (custom_objects or {}))
    return cls(**config["config"])
