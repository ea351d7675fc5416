"""nnscratch: a neural network you can read, check and race.

    import nnscratch as nn

    model = nn.Sequential([nn.layers.Dense(8, "relu"), nn.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=10)

The names are Keras's. To read how it works, begin at ``ops``, ``activations``, ``layers``,
``losses`` and ``optimizers``, then ``engines/eager.py``, which puts them in a loop.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from nnscratch import (
    activations,
    callbacks,
    config,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    utils,
)
from nnscratch.checks import NonFiniteError, TrainingWarning
from nnscratch.explain import explain
from nnscratch.gradient_check import gradcheck
from nnscratch.layers import Input
from nnscratch.learning_rate import learning_rate_sweep
from nnscratch.models import Sequential, from_keras

if TYPE_CHECKING:  # editors and mypy see at once what is imported at first use
    from nnscratch import datasets, microscope, plots, sklearn

__version__ = "0.1.0"

__all__ = [
    "Input",
    "NonFiniteError",
    "Sequential",
    "TrainingWarning",
    "activations",
    "callbacks",
    "config",
    "datasets",
    "explain",
    "from_keras",
    "gradcheck",
    "initializers",
    "layers",
    "learning_rate_sweep",
    "losses",
    "metrics",
    "microscope",
    "models",
    "optimizers",
    "plots",
    "sklearn",
    "utils",
]

_on_demand = ("datasets", "microscope", "plots", "sklearn")


def __getattr__(name: str) -> ModuleType:
    # Imported at first use: they are not needed to train, and plots brings matplotlib with it.
    if name in _on_demand:
        return import_module(f"nnscratch.{name}")
    raise AttributeError(f"module 'nnscratch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
