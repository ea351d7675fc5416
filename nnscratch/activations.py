"""Activation functions: what a layer does to its logits, one by one (softmax: row by row).

    z    the layer's affine output, shape (B, O)        y = f(z), same shape
    dy   dL/dy, same shape                              dz = dL/dz = backward(dy, y)

Every derivative here can be written with the output y alone, so y is all that the forward pass
has to keep. The formulas stand in ``ops.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import checks, config, ops

__all__ = [
    "ActivationFunction",
    "get",
    "leaky_relu",
    "linear",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]


class ActivationFunction:
    """A function and its derivative; ``f(z)`` applies it to an array of any rank.

    name       how ``Dense(8, activation=name)`` and saved files refer to it
    function   z -> y
    derivative (dy, y) -> dz

    >>> softmax([[0.0, 0.0]])
    array([[0.5, 0.5]], dtype=float32)
    >>> double = ActivationFunction("double", lambda z: 2 * z, lambda dy, y: 2 * dy)
    >>> double([-1.0, 3.0])
    array([-2.,  6.], dtype=float32)
    """

    params: dict = {}

    def __init__(
        self,
        name: str,
        function: Callable[..., np.ndarray],
        derivative: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ):
        self.name = name
        self.function = function
        self.derivative = derivative
        self.__doc__ = function.__doc__ or self.__doc__  # what help and a notebook's ? show

    def __call__(self, z: ArrayLike, **options: Any) -> np.ndarray:
        """``f(z)`` as an array; whole numbers and lists become arrays of ``floatx()``."""
        is_float = getattr(z, "dtype", None) in config.FLOAT_TYPES
        return self.function(np.asarray(z, None if is_float else config.floatx()), **options)

    def forward(self, z: np.ndarray, *, training: bool = False) -> tuple[np.ndarray, Any]:
        """z (B, O) -> y (B, O), and y again as what ``backward`` needs."""
        y = self.function(z)
        return y, y

    def backward(self, dy: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, dict]:
        """dy (B, O), and the y of the forward pass -> dz (B, O); there are no parameters."""
        return self.derivative(dy, y), {}

    def __repr__(self):
        return f"<activation {self.name}>"

    def __reduce__(self):
        # There is one of each: a pickled or deep-copied model refers to it by its name.
        return (get, (self.name,)) if _known.get(self.name) is self else super().__reduce__()


linear = ActivationFunction("linear", lambda z: z, lambda dy, y: dy)
relu = ActivationFunction("relu", ops.relu, ops.relu_backward)
sigmoid = ActivationFunction("sigmoid", ops.sigmoid, ops.sigmoid_backward)
softmax = ActivationFunction("softmax", ops.softmax, ops.softmax_backward)
tanh = ActivationFunction("tanh", ops.tanh, ops.tanh_backward)

# Keras's default; Maas et al. (2013) used 0.01. In TensorFlow a slope is a float32 number, also
# inside a float64 model, so it is one here.
LEAKY_SLOPE = float(np.float32(0.2))
leaky_relu = ActivationFunction(
    "leaky_relu",
    lambda z, negative_slope=LEAKY_SLOPE: ops.leaky_relu(z, np.float32(negative_slope)),
    partial(ops.leaky_relu_backward, negative_slope=LEAKY_SLOPE),
)

_known = {f.name: f for f in (linear, relu, leaky_relu, sigmoid, softmax, tanh)}


def get(identifier: str | ActivationFunction | None) -> ActivationFunction:
    """The activation of that name; None is linear; an ActivationFunction is itself.

    Raises ValueError for an unknown name, TypeError for a function without its derivative.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, ActivationFunction):
        return identifier
    if callable(identifier):
        raise TypeError(
            f"the activation {identifier!r} is a function without its derivative.\n"
            "Give both: nn.activations.ActivationFunction(name, z -> y, (dy, y) -> dz)."
        )
    return checks.look_up("activation", identifier, _known)


def serialize(function):
    """The name by which ``get`` finds it again; a function of your own has none to save."""
    if function not in _known.values():
        raise ValueError(
            f"the activation {function.name!r} cannot be saved: a model file holds no code.\n"
            "Use one of nn.activations, or write a nn.layers.Layer of your own."
        )
    return function.name
