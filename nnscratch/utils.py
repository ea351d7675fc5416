"""Keras's ``utils``, as far as we have them; each hands on to where the work is done."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import checks, config, data, random

__all__ = ["plot_model", "set_random_seed", "to_categorical"]


def set_random_seed(seed: int) -> None:
    """Seed nnscratch alone: the draws that follow are those that Keras makes from this seed.

    Python's and NumPy's own generators are neither seeded nor read. Raises TypeError for a
    seed that is no whole number.
    """
    random.set_seed(seed)


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> np.ndarray:
    """Labels (n,) as one-hot rows (n, num_classes) of ``floatx()``.

    num_classes  None: one more than the largest label

    Raises ValueError for no labels at all, and for one outside 0..num_classes-1.

    >>> to_categorical([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    labels = data.as_numbers(x, "x")
    if labels.size == 0:
        raise ValueError(f"x is empty: its shape is {labels.shape}")
    data.check_finite(labels, "x")
    if num_classes is None:
        num_classes = max(int(labels.max()), 0) + 1
    classes = checks.whole_number("num_classes", num_classes, least=1)
    return np.eye(classes, dtype=config.floatx())[data.as_classes(labels, classes, name="x")]


def plot_model(
    model: Any,
    to_file: str | PathLike[str] | None = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = False,
    show_layer_activations: bool = False,
    dpi: int = 200,
    *,
    ax: Any = None,
) -> Any:
    """Draw the model's layers as boxes, save the picture unless to_file is None; the Axes.

    The same as ``nn.plots.model``, with Keras's name for its file.
    """
    from nnscratch import plots

    return plots.model(
        model,
        to_file=to_file,
        show_shapes=show_shapes,
        show_layer_names=show_layer_names,
        show_layer_activations=show_layer_activations,
        dpi=dpi,
        ax=ax,
    )
