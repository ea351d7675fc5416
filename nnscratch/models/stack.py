"""Layers in a row: their names, their shapes, and all they learn in one vector."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from nnscratch import checks, config, random
from nnscratch.layers import Input, Layer
from nnscratch.layers.base import set_arrays
from nnscratch.models.parameters import ParameterVector, owner_of, release
from nnscratch.models.undo import unbuilt_if_refused

# Of several threads that predict with a model not built yet, one at a time builds it.
_building = threading.RLock()


class LayerStack:
    """What ``Sequential`` knows before it is trained; its arguments are described there."""

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        name: str | None = None,
        *,
        seed: int | None = None,
        dtype: DTypeLike | None = None,
    ):
        self.name = name or "sequential"
        self.dtype = config.float_type(dtype)
        self.seed = None if seed is None else random.whole_seed(seed)
        self.layers: list[Any] = []
        self.input_shape: Any = None
        self._seeds = random.SeedSource(self.seed)
        self._vector: ParameterVector | None = None
        if not isinstance(layers, (list, tuple, type(None))):
            raise TypeError(
                f"layers must be a list: write Sequential([...]), got {layers!r:.40}"
            )
        for layer in layers or []:
            self._append(layer)
        self._build_if_known()

    # ---- structure ----

    def add(self, layer: Layer | Input) -> None:
        """Put a layer at the end; a compiled model has to be compiled again."""
        before = self.layers[:], self.input_shape
        try:
            self._append(layer)
            self._build_if_known()
        except Exception:
            self.layers[:], self.input_shape = before
            raise

    def pop(self) -> Layer:
        """Take the last layer off and return it; ValueError where there is none."""
        if not self.layers:
            raise ValueError(f"model {self.name!r} has no layer to take off")
        layer = self.layers.pop()
        if owner_of(layer) is self:
            release(layer)
        self._build_if_known()
        return layer

    def _append(self, layer):
        if isinstance(layer, Input):
            if self.layers or self.input_shape:
                raise ValueError("an Input can only be the first entry of a Sequential")
            self.input_shape = (None, *layer.shape)
            return
        if not isinstance(layer, Layer):
            raise TypeError(
                f"a Sequential is made of layers, got {type(layer).__name__} {layer!r}.\n"
                "Your own layer subclasses nn.layers.Layer."
            )
        if "params" not in vars(layer):
            raise TypeError(
                f"the layer {type(layer).__name__} is not set up: its __init__ must begin with"
                " super().__init__(**options)"
            )
        if not self.layers and self.input_shape is None and layer.row_shape is not None:
            self.input_shape = (None, *layer.row_shape)
        layer.name = self._free_name(layer)
        if self.seed is not None and not layer.built:
            layer.reseed(self._seeds)
        self.layers.append(layer)

    def _free_name(self, layer):
        taken = {other.name for other in self.layers}
        if layer.name is None:
            numbered = (f"{layer.label}_{i}" for i in range(1, len(taken) + 1))
            return next(n for n in (layer.label, *numbered) if n not in taken)
        if layer.name in taken:
            raise ValueError(
                f"model {self.name!r} has a layer called {layer.name!r} already; every layer"
                " needs a name, and an object, of its own"
            )
        return layer.name

    def _build_if_known(self):
        if self.input_shape is not None:
            self.build(self.input_shape)

    @property
    def built(self) -> bool:
        """Whether the shapes are known and the weights drawn."""
        return self._vector is not None

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make all weights for inputs of ``input_shape``: (None, ...), None for the rows."""
        known = shape = (None, *checks.shape("input_shape", tuple(input_shape)[1:]))
        with _building, unbuilt_if_refused(self):
            for layer in self.layers:
                layer.ensure_built(shape, self.dtype)
                shape = layer.output_shape
            self.input_shape = known
            own = [layer for layer in self.layers if owner_of(layer) in (None, self)]
            self._vector = ParameterVector(self, own, self.dtype)

    def forget_shapes(self, input_shape: Any = None) -> None:
        """Be as before ``build``, with the shape that was known then."""
        self.input_shape, self._vector = input_shape, None

    def become(self, dtype: DTypeLike) -> None:
        """Convert the model and all it has learned to another number format, in place."""
        self.dtype = config.float_type(dtype)
        self._build_if_known()

    def _built_vector(self):
        if self._vector is None:
            raise ValueError(
                f"model {self.name!r} does not know its input's shape yet.\n"
                "Start it with nn.layers.Input((features,)), or fit it first."
            )
        return self._vector

    @property
    def output_shape(self) -> tuple[Any, ...]:
        """(None, O), once built."""
        self._built_vector()
        return self.layers[-1].output_shape if self.layers else self.input_shape

    @property
    def trainable(self) -> bool:
        """Always True: every layer of a model learns."""
        return True

    @trainable.setter
    def trainable(self, value: bool) -> None:
        checks.always_trainable(f"model {self.name!r}", value)

    @property
    def steps(self) -> list[Any]:
        """The steps of all layers, in the order in which the eager engine runs them."""
        return [step for layer in self.layers for step in layer.steps]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer with that name or at that place; ValueError where there is none."""
        if (name is None) == (index is None):
            raise ValueError("get_layer needs one of the two: a name or an index")
        if index is None:
            return checks.look_up("layer", name, {layer.name: layer for layer in self.layers})
        if not -len(self.layers) <= index < len(self.layers):
            raise ValueError(
                f"model {self.name!r} has {len(self.layers)} layers, and none at index {index}"
            )
        return self.layers[index]

    # ---- parameters ----

    @property
    def parameters(self) -> np.ndarray:
        """All parameters as one vector (N,); the layers' arrays are views of it."""
        return self._built_vector().values

    @property
    def gradient(self) -> np.ndarray:
        """dL/d(parameters) (N,) of the last backward pass."""
        return self._built_vector().gradient

    @property
    def gradient_tensors(self) -> list[np.ndarray]:
        """Views of ``gradient``, one for each parameter array."""
        return self._built_vector().tensors

    def store_gradients(self, step: Any, grads: Any) -> None:
        """Take a step's parameter gradients into ``gradient``; the backward pass calls this."""
        self._built_vector().store(step, grads)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all parameter arrays, layer by layer."""
        return [array for layer in self.layers for array in layer.get_weights()]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Write new values into all parameters; ValueError for shapes that are not theirs."""
        self._built_vector()
        arrays = [array for layer in self.layers for array in layer.params.values()]
        set_arrays(arrays, weights, f"model {self.name!r}")

    def count_params(self) -> int:
        """How many numbers the model learns."""
        self._built_vector()
        return sum(layer.count_params() for layer in self.layers)

    # ---- copies ----

    def __getstate__(self):
        # The vector is what the layers' arrays are views of: a copy makes it anew.
        return self.__dict__ | {"_vector": None}

    def __setstate__(self, attributes):
        self.__dict__.update(attributes)
        self._build_if_known()

    def __repr__(self):
        return f"<{type(self).__name__} {self.name!r}: {len(self.layers)} layers>"
