"""What every layer is: its contract, its parameters, and the shape of a model's input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from nnscratch import checks, config, data, initializers
from nnscratch.layers import contract


class Parameters(dict):
    """The arrays of a layer by name; assigning to a name that is there writes into its array.

    That matters because inside a model the arrays are views of one vector: ``params["W"] = a``
    copies a's numbers in and leaves the view as it is. Another shape raises ValueError.
    """

    def __setitem__(self, name, value):
        if name not in self:
            super().__setitem__(name, value)
            return
        array, value = self[name], np.asarray(value)
        if value.shape != array.shape:
            raise ValueError(
                f"parameter {name!r} has shape {array.shape}, got an array of {value.shape}"
            )
        array[...] = value

    def update(self, *others: Any, **named: Any) -> None:
        """As ``dict.update``, but each value is written into the array that is there."""
        for name, value in dict(*others, **named).items():
            self[name] = value

    def rebind(self, name: str, array: np.ndarray) -> None:
        """Replace the array itself; only the model that owns the layer does this."""
        super().__setitem__(name, array)


class Layer:
    """The base of all layers, and of your own.

    A subclass defines ``forward`` and ``backward``; one with parameters also ``build``, where
    it calls ``add_weight`` once it knows the input's shape. ``nn.gradcheck`` tells whether the
    two fit together.

        class Scale(nn.layers.Layer):
            def build(self, input_shape):
                self.add_weight("s", input_shape[1:], "ones")

            def forward(self, x, *, training=False):
                return x * self.params["s"], x

            def backward(self, dy, x):
                return dy * self.params["s"], {"s": (dy * x).sum(axis=0)}

    name         unique inside a model, which makes one up (``dense_1``) if none is given
    input_shape  the shape of one row, as in the first layer of a model; Input says the same

    Raises TypeError for an argument that there is not, ValueError for a shape that is none.
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        input_shape: int | Sequence[int] | None = None,
        **unknown: Any,
    ):
        checks.no_more_arguments(self, unknown)
        self.name = name
        self.dtype: Any = None
        self.params = Parameters()
        self.input_shape: tuple[Any, ...] | None = None
        self.output_shape: tuple[Any, ...] | None = None
        self.row_shape = (
            None if input_shape is None else checks.shape("input_shape", input_shape)
        )

    @property
    def built(self) -> bool:
        """Whether the layer knows its shapes and has its parameters."""
        return self.input_shape is not None

    @property
    def trainable(self) -> bool:
        """Always True: every layer of a model learns."""
        return True

    @trainable.setter
    def trainable(self, value: bool) -> None:
        checks.always_trainable(f"layer {self.label!r}", value)

    @property
    def steps(self) -> list[Any]:
        """The parts that the engine runs one after another; most layers are one step."""
        return [self]

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Make the parameters for inputs of ``input_shape``, (None, ...): None stands for B."""

    def forward(self, x: np.ndarray, *, training: bool = False) -> tuple[np.ndarray, Any]:
        """x (B, ...) -> y (B, ...), cache."""
        raise NotImplementedError(f"{type(self).__name__} has to define forward")

    def backward(
        self, dy: np.ndarray, cache: Any
    ) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
        """dy (B, ...), cache -> dx (B, ...), {parameter name: gradient}."""
        raise NotImplementedError(f"{type(self).__name__} has to define backward")

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """(None, ...) -> (None, ...): found by running rows of zeros through ``forward``."""
        with np.errstate(all="ignore"):
            rows = np.zeros((contract.ROWS, *input_shape[1:]), self.dtype)
            y, _ = contract.forward(self, rows)
        return (None, *y.shape[1:])

    def add_weight(
        self, name: str, shape: Iterable[int], initializer: Any = "glorot_uniform"
    ) -> np.ndarray:
        """A new parameter array, also found as ``self.params[name]``."""
        dtype = config.float_type(self.dtype)
        array = np.array(initializers.get(initializer)(tuple(shape), dtype), dtype)
        self.params.rebind(name, array)
        return array

    def ensure_built(
        self, input_shape: tuple[Any, ...], dtype: DTypeLike | None = None
    ) -> None:
        """Build for ``input_shape`` unless that was done; another shape: ValueError."""
        if self.input_shape is not None:
            if tuple(input_shape[1:]) != self.input_shape[1:]:
                raise ValueError(
                    f"layer {self.label!r} was built for rows of shape {self.input_shape[1:]},"
                    f" but is to be used on rows of shape {tuple(input_shape[1:])}"
                )
            return
        self.dtype = config.float_type(dtype)
        if not self.params:  # the user may have called build already, as one does in Keras
            self.build(input_shape)
        self.output_shape = tuple(self.compute_output_shape(input_shape))
        self.input_shape = tuple(input_shape)

    def reseed(self, seeds: Any) -> None:
        """Draw the layer's own random seeds anew from a ``SeedSource``; most have none."""

    def __call__(self, x: ArrayLike, *, training: bool = False) -> np.ndarray:
        """The layer's output for an array of rows; builds the layer at the first call."""
        x = data.as_numbers(x, "x")
        self.ensure_built((None, *x.shape[1:]))
        return self.forward(x.astype(self.dtype, copy=False), training=training)[0]

    @property
    def label(self) -> str:
        """The layer's name, or what it would be called in a model."""
        return self.name or checks.snake_case(type(self).__name__)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the parameters, in the order in which they were made."""
        return [array.copy() for array in self.params.values()]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Write new values into the parameters; ValueError for shapes that are not theirs."""
        set_arrays(list(self.params.values()), weights, f"layer {self.label!r}")

    def count_params(self) -> int:
        """How many numbers the layer learns."""
        return sum(array.size for array in self.params.values())

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as JSON values."""
        return {"name": self.name}

    def __repr__(self):
        shapes = (
            f", {row_text(self.input_shape)} -> {row_text(self.output_shape)}"
            if self.built
            else ""
        )
        return f"<{type(self).__name__} {self.label!r}{shapes}{self._more()}>"

    def _more(self):
        return ""


class Input:
    """The shape of one row, as the first entry of a Sequential: ``Input((28, 28))``.

    Raises ValueError unless the shape is a whole number >= 1 or a tuple of such.
    """

    def __init__(self, shape: int | Sequence[int], *, name: str | None = None):
        self.shape = checks.shape("shape", shape)
        self.name = name

    def __repr__(self):
        return f"<Input {self.shape}>"


def set_arrays(arrays, values, where):
    """Copy ``values`` into ``arrays``; unless all shapes agree, nothing is changed."""
    if not isinstance(values, (list, tuple)) or len(values) != len(arrays):
        got = len(values) if isinstance(values, (list, tuple)) else type(values).__name__
        raise ValueError(
            f"{where} has a list of {len(arrays)} weight arrays, got {got}.\n"
            f"Their shapes are {', '.join(str(a.shape) for a in arrays[:8])}"
            f"{' ...' if len(arrays) > 8 else ''}."
        )
    values = [data.as_numbers(value, f"weights[{i}]") for i, value in enumerate(values)]
    for i, (array, value) in enumerate(zip(arrays, values, strict=True)):
        if array.shape != value.shape:
            raise ValueError(
                f"weights[{i}] of {where} has the shape {array.shape}, got {value.shape}"
            )
    for array, value in zip(arrays, values, strict=True):
        array[...] = value


def computes_otherwise(layer, base):
    """Whether the layer's class put a forward or backward of its own in place of base's."""
    return any(
        getattr(type(layer), method) is not getattr(base, method)
        for method in ("forward", "backward")
    )


def row_text(shape):
    """A shape in words, n for the rows: (None, 4) -> "(n, 4)"."""
    axes = ["n" if axis is None else str(axis) for axis in shape]
    return f"({axes[0]},)" if len(axes) == 1 else f"({', '.join(axes)})"
