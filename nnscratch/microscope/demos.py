"""The trainings behind the pages that ``nnscratch microscope --demo`` writes."""

from pathlib import Path

from nnscratch import datasets, layers, models, optimizers
from nnscratch.microscope.gallery import write_gallery
from nnscratch.microscope.page import write_page
from nnscratch.microscope.recorder import Recorder

WHAT = {
    "circles": "Training a net of 37 parameters on two circles: 400 steps, all recorded.",
    "fashion-mnist": "Training 784-32-16-10 on 2,000 images of clothes, 441 steps.",
    "gallery": "Training fourteen nets: four healthy ones, and ten that are broken on purpose.",
}

KERAS_CIRCLES = Path(__file__).with_name("recorded") / "keras-circles.safetensors"
CIRCLES_ROWS, CIRCLES_EPOCHS = 800, 16  # 25 batches an epoch: 400 steps
# So many images that all of them are in the page, which can then train on from any state.
FASHION_ROWS, FASHION_EPOCHS, FASHION_STATES = 2000, 7, 8


def circles(path, *, seed=42):
    """Write the page of a small net that learns two circles; returns its path."""
    run_path = _beside(path)
    x, y = (rows[:CIRCLES_ROWS] for rows in datasets.circles())
    record_circles(run_path, x, y, seed=seed)
    return write_page(run_path, path, keras=KERAS_CIRCLES if seed == 42 else None)


def record_circles(path, x, y, *, seed=42, epochs=CIRCLES_EPOCHS):
    """Train 2-4-4-1 on the circles and write the run file; returns the model.

    In float64 and in Keras's row order, so that the same run by Keras can stand beside it.
    """
    stack = [
        layers.Dense(4, "relu", name="hidden_1"),
        layers.Dense(4, "relu", name="hidden_2"),
        layers.Dense(1, "sigmoid", name="output"),
    ]
    model = models.Sequential(stack, "circles", seed=seed, dtype="float64")
    model.compile(optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    recorder = Recorder(
        path,
        x,
        y,
        shuffle="keras",
        evidence=3,
        title="Two circles",
        features=["x1", "x2"],
        classes=["outer circle", "inner circle"],
    )
    model.fit(x, y, epochs=epochs, shuffle="keras", verbose=0, callbacks=[recorder])
    return model


def fashion(path, *, seed=42):
    """Write the page of a net that learns to name clothes; returns its path."""
    run_path = _beside(path)
    (x, y), (x_test, y_test) = datasets.fashion_mnist.load_data(subset="small")
    rows = slice(FASHION_ROWS)
    record_fashion(run_path, x[rows], y[rows], (x_test, y_test), seed=seed)
    return write_page(run_path, path)


def record_fashion(path, x, y, test, *, seed=42, epochs=FASHION_EPOCHS, states=FASHION_STATES):
    """Train 784-32-16-10 on images and write the run file, with few of its states in full."""
    stack = [
        layers.Input((28, 28)),
        layers.Flatten(),
        layers.Rescaling(1 / 255),
        layers.Dense(32, "relu", name="hidden_1"),
        layers.Dense(16, "relu", name="hidden_2"),
        layers.Dense(10, "softmax", name="output"),
    ]
    model = models.Sequential(stack, "fashion", seed=seed, dtype="float64")
    model.compile("adam", "sparse_categorical_crossentropy")
    recorder = Recorder(
        path,
        x,
        y,
        states=states,
        evidence=3,
        test=test,
        title="Ten kinds of clothes",
        classes=datasets.fashion_mnist.class_names,
    )
    model.fit(x, y, epochs=epochs, verbose=0, callbacks=[recorder])
    return model


def gallery(path, *, seed=42):
    """Write the page of healthy and broken runs; ``seed`` is theirs. Returns its path."""
    return write_gallery(path, seed=seed)


def _beside(path):
    """The run file beside a page: page.html -> page.run.safetensors."""
    return Path(path).with_suffix(".run.safetensors")
