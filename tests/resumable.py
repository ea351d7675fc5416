"""Trainings to be cut in two, for the tests that do so in other processes.

As a script it trains all of them up to so many epochs: ``resumable.py folder epochs``.
"""

import itertools
import sys
from pathlib import Path

import numpy as np

import nnscratch as nn
from nnscratch import saving
from nnscratch.optimizers import schedules

OPTIMIZERS = {
    "momentum": lambda: nn.optimizers.SGD(0.2, momentum=0.9, nesterov=True),
    "Adam": lambda: nn.optimizers.Adam(0.05),
    "RMSprop": lambda: nn.optimizers.RMSprop(0.02, momentum=0.5, centered=True),
    "CosineDecay": lambda: nn.optimizers.Adam(schedules.CosineDecay(0.1, 30)),
}
CASES = list(itertools.product(OPTIMIZERS, ("float32", "float64"), ("eager", "fused")))
EPOCHS, CUT = 12, 5


def make_data(rows=64):
    random = np.random.default_rng(7)
    x = random.normal(size=(rows, 3))
    return x, random.integers(0, 2, rows)  # nothing to learn: the validation soon gets worse


def make_model(case):
    optimizer, dtype, engine = case
    stack = [
        nn.Input((3,)),
        nn.layers.Dense(8, "tanh"),
        nn.layers.Dropout(0.25),
        nn.layers.Dense(1, "sigmoid"),
    ]
    model = nn.Sequential(stack, seed=3, dtype=dtype)
    eagerly = engine == "eager"
    model.compile(
        OPTIMIZERS[optimizer](),
        "binary_crossentropy",
        metrics=["accuracy"],
        run_eagerly=eagerly,
    )
    assert model.engine.split(":")[0] == engine, model.engine
    return model


def make_callbacks(case):
    """Counters that must survive the cut; a schedule leaves no rate to reduce."""
    callbacks = [nn.callbacks.EarlyStopping(patience=6, restore_best_weights=True)]
    if case[0] != "CosineDecay":
        callbacks.append(nn.callbacks.ReduceLROnPlateau(patience=2, factor=0.5, cooldown=1))
    return callbacks


def fit(model, case, epochs, **options):
    options = {"batch_size": 8, "validation_split": 0.25, "verbose": 0} | options
    model.fit(*make_data(), epochs=epochs, **options)
    return model


def kept(case, epochs, folder):
    """Train with ``fit(resume=...)``, up to so many epochs in all; returns (model, path)."""
    path = folder / f"kept-{'-'.join(case)}.nnscratch.safetensors"
    callbacks = make_callbacks(case)
    return fit(make_model(case), case, epochs, callbacks=callbacks, resume=path), path


def saved(case, epochs, folder):
    """Train by hand: load the model if there is one, go on, save it; returns (model, path)."""
    path = folder / f"saved-{'-'.join(case)}.nnscratch.safetensors"
    model = nn.models.load_model(path) if path.exists() else make_model(case)
    fit(model, case, epochs - model.epochs_trained)
    model.save(path)
    return model, path


def different_bits(path, other_path):
    """How many bits differ between the arrays of two files, which must have the same ones."""
    (arrays, _), (others, _) = saving.read(path), saving.read(other_path)
    assert arrays.keys() == others.keys()
    each = [(arrays[name], others[name]) for name in arrays]
    assert all((a.dtype, a.shape) == (b.dtype, b.shape) for a, b in each)
    return sum(int(np.bitwise_count(_bytes(a) ^ _bytes(b)).sum()) for a, b in each)


def _bytes(array):
    return np.frombuffer(array.tobytes(), np.uint8)


if __name__ == "__main__":
    for case in CASES:
        for train in (kept, saved):
            train(case, int(sys.argv[2]), Path(sys.argv[1]))
