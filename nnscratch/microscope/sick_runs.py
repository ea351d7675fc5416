"""The runs of the break-it gallery: each broken run differs from a healthy one in one line.

Healthy and broken runs are trained here for real, by the eager engine, and recorded.
"""

import contextlib
import warnings
from dataclasses import dataclass, field, replace

import numpy as np

from nnscratch import checks, datasets, initializers, layers, models, optimizers
from nnscratch.microscope import run_file
from nnscratch.microscope.recorder import Recorder

CIRCLES_ROWS, CLOTHES_ROWS, TEST_ROWS = 800, 1000, 500
STEPS = 200


@dataclass(frozen=True)
class Setup:
    """One training: its data, and every choice that a case of the gallery breaks."""

    data: str = "circles"
    hidden: tuple = (8, 8)
    activation: str = "relu"
    output: str = "sigmoid"
    loss: str = "binary_crossentropy"
    optimizer: object = field(default_factory=lambda: optimizers.Adam(0.02))
    kernel: str = "glorot_uniform"
    bias: float = 0.0
    pixels: float = 1.0
    shifted: int = 0
    shuffle: bool = True


CIRCLES = Setup()
DEEP = replace(CIRCLES, hidden=(8,) * 6, kernel="he_uniform")
LINE = replace(CIRCLES, output="linear", loss="mse")
CLOTHES = Setup(
    data="clothes",
    hidden=(16,),
    output="softmax",
    loss="sparse_categorical_crossentropy",
    optimizer=optimizers.Adam(0.005),
)


@dataclass(frozen=True)
class Case:
    """A pair of runs: its name, the line that was changed, before and after, and what to see.

    finding  the name of the ``diagnosis.Finding`` that has to come first
    """

    id: str
    title: str
    before: str
    after: str
    healthy: Setup
    changes: dict
    finding: str

    @property
    def broken(self):
        """The healthy Setup with the changes."""
        return replace(self.healthy, **self.changes)


CASES = (
    Case(
        "rate-large",
        "Learning rate * 100",
        "Adam(0.02)",
        "Adam(2.0)",
        CIRCLES,
        {"optimizer": optimizers.Adam(2.0)},
        "Learning rate too large",
    ),
    Case(
        "rate-small",
        "Learning rate / 1,000",
        "Adam(0.02)",
        "Adam(0.00002)",
        CIRCLES,
        {"optimizer": optimizers.Adam(2e-5)},
        "Learning rate too small",
    ),
    Case(
        "zeros",
        "All weights begin at zero",
        'kernel_initializer="glorot_uniform"',
        'kernel_initializer="zeros"',
        CIRCLES,
        {"kernel": "zeros"},
        "All units alike",
    ),
    Case(
        "deep-sigmoids",
        "Six layers of sigmoids",
        '6 x Dense(8, "relu")',
        '6 x Dense(8, "sigmoid")',
        DEEP,
        {"activation": "sigmoid", "kernel": "glorot_uniform"},
        "Vanishing gradient",
    ),
    Case(
        "dead-relus",
        "ReLUs that are born dead",
        'bias_initializer="zeros"',
        "bias_initializer=Constant(-2)",
        CIRCLES,
        {"bias": -2.0},
        "Dead ReLUs",
    ),
    Case(
        "raw-pixels",
        "Pixels from 0 to 255",
        "x / 255",
        "x",
        CLOTHES,
        {"pixels": 255.0},
        "Inputs too large",
    ),
    Case(
        "shifted-labels",
        "Labels off by one row",
        "fit(x, y)",
        "fit(x, np.roll(y, 1))",
        CLOTHES,
        {"shifted": 1},
        "Labels do not belong to the inputs",
    ),
    Case(
        "linear-output",
        "Cross-entropy on a linear output",
        'Dense(1, "sigmoid")',
        "Dense(1)",
        CIRCLES,
        {"output": "linear"},
        "Cross-entropy on a linear output",
    ),
    Case(
        "unshuffled",
        "Rows sorted by class",
        "fit(x, y, shuffle=True)",
        "fit(x, y, shuffle=False)",
        CLOTHES,
        {"shuffle": False},
        "One class at a time",
    ),
    Case(
        "overflow",
        "Numbers that leave the finite",
        "Adam(0.02)",
        "SGD(20.0)",
        LINE,
        {"optimizer": optimizers.SGD(20.0)},
        "Numbers not finite",
    ),
)


def record(setup, path, *, seed=42):
    """Train a Setup and return its Run; ``path`` is where the run file goes."""
    x, y, _ = data(setup)
    model = _model(setup, seed)
    epochs = -(-STEPS // -(-len(x) // 32))
    recorder = Recorder(path, x, y, shuffle=setup.shuffle, states=10 * STEPS)
    with warnings.catch_warnings(), contextlib.suppress(checks.NonFiniteError):
        warnings.simplefilter("ignore", checks.TrainingWarning)  # of what is shown on purpose
        model.fit(x, y, epochs=epochs, shuffle=setup.shuffle, verbose=0, callbacks=[recorder])
    return run_file.read(path)


def _model(setup, seed):
    bias = initializers.Constant(setup.bias)
    hidden = [
        layers.Dense(
            units,
            setup.activation,
            kernel_initializer=setup.kernel,
            bias_initializer=bias,
            name=f"hidden_{i}",
        )
        for i, units in enumerate(setup.hidden, 1)
    ]
    units = 10 if setup.data == "clothes" else 1
    output = layers.Dense(units, setup.output, kernel_initializer=setup.kernel, name="output")
    model = models.Sequential([*hidden, output], setup.data, seed=seed)
    optimizer = optimizers.deserialize(optimizers.serialize(setup.optimizer))
    model.compile(optimizer, setup.loss)
    return model


def data(setup):
    """(x, y) to train on and (x, y) to test on; the test is always in order."""
    if setup.data == "circles":
        x, y = datasets.circles()
        return *(rows[:CIRCLES_ROWS] for rows in (x, y)), (x[CIRCLES_ROWS:], y[CIRCLES_ROWS:])
    (x, y), (x_test, y_test) = datasets.fashion_mnist.load_data(subset="small")
    x, y = _shrunk(x[:CLOTHES_ROWS]) * setup.pixels, y[:CLOTHES_ROWS]
    if not setup.shuffle:
        order = np.argsort(y, kind="stable")
        x, y = x[order], y[order]
    x_test = _shrunk(x_test[:TEST_ROWS]) * setup.pixels
    return x, np.roll(y, setup.shifted), (x_test, y_test[:TEST_ROWS])


def _shrunk(images):
    """Images (n, 28, 28) of 0..255 as (n, 49) of 0..1: each number the mean of 4 x 4 pixels."""
    blocks = images.reshape(len(images), 7, 4, 7, 4).mean(axis=(2, 4))
    return blocks.reshape(len(images), 49).astype(np.float32) / 255
