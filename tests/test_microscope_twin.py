"""The page's own engine agrees with nnscratch: Node runs it on runs that are recorded here."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nnscratch import layers, losses, models, optimizers
from nnscratch.microscope import Recorder, payload, run_file

FOLDER = Path(__file__).with_name("microscope")
node = shutil.which("node")

# name: (layers, last activation, loss, optimizer, dtype, what y holds)
RUNS = {
    "adam-bce": ("relu", "sigmoid", "binary_crossentropy", optimizers.Adam(0.02), "float64"),
    "sgd-scce": (
        "tanh",
        "softmax",
        "sparse_categorical_crossentropy",
        optimizers.SGD(0.1),
        "float64",
    ),
    "momentum-cce": (
        "sigmoid",
        "softmax",
        "categorical_crossentropy",
        optimizers.SGD(0.1, momentum=0.9),
        "float64",
    ),
    "rmsprop-mse": ("leaky_relu", "linear", "mse", optimizers.RMSprop(0.01), "float64"),
    "rmsprop-momentum-mae": (
        "tanh",
        "linear",
        "mae",
        optimizers.RMSprop(0.01, momentum=0.5),
        "float64",
    ),
    "clipped-bce": ("relu", "linear", "binary_crossentropy", optimizers.Adam(0.01), "float64"),
    "clipped-scce": (
        "tanh",
        "sigmoid",
        "sparse_categorical_crossentropy",
        optimizers.Adam(0.01),
        "float64",
    ),
    "clipped-cce": (
        "tanh",
        "sigmoid",
        "categorical_crossentropy",
        optimizers.Adam(0.01),
        "float64",
    ),
    "logits-bce": (
        "relu",
        "linear",
        losses.BinaryCrossentropy(from_logits=True),
        optimizers.Adam(0.02),
        "float64",
    ),
    "logits-scce": (
        "tanh",
        "linear",
        losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizers.SGD(0.1),
        "float64",
    ),
    "softmax-mse": ("relu", "softmax", "mse", optimizers.SGD(0.1), "float64"),
    "single-adam": ("tanh", "sigmoid", "binary_crossentropy", optimizers.Adam(0.02), "float32"),
    "single-clipped": ("relu", "linear", "binary_crossentropy", optimizers.SGD(0.1), "float32"),
}


def targets(loss, rows, random):
    loss = getattr(loss, "name", loss)
    if loss == "binary_crossentropy":
        return random.integers(0, 2, (rows, 3))
    labels = random.integers(0, 3, rows)
    if loss == "sparse_categorical_crossentropy":
        return labels
    return np.eye(3)[labels] if "categorical" in loss else random.normal(size=(rows, 3))


def record(path, hidden, output, loss, optimizer, dtype, **options):
    """Twelve later steps on 53 random rows, a smaller last batch, a layer without b."""
    random = np.random.default_rng(0)
    x = random.normal(size=(53, 4))
    y = targets(loss, 53, random)
    stack = [
        layers.Dense(5, hidden, use_bias=False),
        layers.Dense(4, hidden, bias_initializer="ones"),
        layers.Dense(3, output),
    ]
    model = models.Sequential(stack, seed=7, dtype=dtype)
    model.compile(optimizer, loss, run_eagerly=True)  # no kernel is waited for
    model.fit(x, y, batch_size=20, verbose=0)  # so that the optimizer remembers something
    recorder = Recorder(path, x, y, batch_size=10, evidence=3, **options)
    model.fit(x, y, batch_size=10, epochs=2, verbose=0, callbacks=[recorder])
    return run_file.read(path)


def failures(report):
    """Of Node's TAP report what did not pass."""
    parts = report.split("# Subtest: ")
    return "\n".join(part for part in parts if "\nnot ok" in part or part.startswith("not ok"))


@pytest.mark.skipif(node is None, reason="Node is not installed: apt-get install nodejs")
def test_the_twin_engine_agrees_with_recorded_runs(tmp_path):
    for name, settings in RUNS.items():
        run = record(tmp_path / f"{name}.safetensors", *settings)
        (tmp_path / f"{name}.json").write_text(json.dumps(payload.of_run(run)))
    thin = record(tmp_path / "thin-adam.safetensors", *RUNS["adam-bce"], states=4)
    (tmp_path / "thin-adam.json").write_text(json.dumps(payload.of_run(thin)))
    tests = sorted(str(path) for path in FOLDER.glob("*.test.js"))
    result = subprocess.run(
        [node, "--test", *tests],
        env=os.environ | {"RECORDED_RUNS": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, failures(result.stdout) + result.stderr[-2000:]
    passed = int(result.stdout.split("# pass ")[1].split()[0])
    assert passed >= 4 * len(RUNS) + 15
