"""What a page is told of a run: JSON, with every array as base64 text and a checksum."""

import base64
import zlib

import numpy as np

from nnscratch import layers
from nnscratch.microscope import diagnosis, keras_run, vitals
from nnscratch.microscope.recorder import LOSSES

WIDE = 64  # inputs; of wider rows the first layer's x and dx are not repeated in the evidence
MOST_EXAMPLES = 1000  # rows of the test that go into the page
MOST_DATA = 2_000_000  # bytes of rows that go into the page whole, so that it can train on
SIGNS = ("gradient_norm", "update_ratio", "dead", "saturated")


def of_run(run, keras=None):
    """The payload of one run, as JSON values."""
    signs = vitals.of_run(run)
    arrays = _data(run) | _evidence(run)
    arrays |= {f"vitals/{n}": np.asarray(getattr(signs, n), np.float32) for n in SIGNS}
    if "test_x" in run.arrays:
        arrays |= _examples(run)
    if keras is not None:
        compared = keras_run.read(keras, run)
        arrays |= {f"keras/{name}": array for name, array in compared.items()}
    return {
        "about": _about(run, signs),
        "plan": plan(run),
        "optimizer": {
            "kind": run.document["optimizer"]["class_name"],
            **run.document["optimizer"]["config"],
        },
        "scale": _scale(run),
        "arrays": {name: pack(array) for name, array in sorted(arrays.items())},
    }


def _about(run, signs):
    document = run.document
    names = {
        "title": "title",
        "features": "features",
        "classes": "classes",
        "firstStep": "first_step",
        "stepsPerEpoch": "steps_per_epoch",
        "batchSize": "batch_size",
        "evidenceSteps": "evidence_steps",
        "versions": "versions",
        "digest": "data_digest",
        "shuffle": "shuffle",
    }
    about = {name: document[key] for name, key in names.items()}
    shape = document["architecture"]["input_shape"][1:]
    found = diagnosis.diagnose(run, signs)
    return about | {
        "dtype": document["architecture"]["dtype"],
        "seed": document["architecture"]["seed"],
        "rows": len(run.arrays["x"]),
        "image": shape if len(shape) == 2 else None,
        "firstBad": signs.first_bad,
        "diagnosis": [vars(finding) for finding in found],
    }


def plan(run):
    """The layers with their places in the flat parameter vector, and the loss."""
    found, start = [], 0
    for layer in run.dense:
        inputs, units = layer.params["W"].shape
        W, start = start, start + inputs * units
        b, start = (start, start + units) if layer.use_bias else (None, start)
        activation = layer.activation.name
        shape = {"inputs": inputs, "units": units, "W": W, "b": b}
        found.append({"name": layer.name, "activation": activation, **shape})
    kind = LOSSES[run.document["loss"]["class_name"]]
    form = "plain" if kind in ("mse", "mae") else "logits" if run.takes_logits else "clipped"
    loss = {"kind": kind, "form": form, "joined": run.joined}
    return {"layers": found, "loss": loss, "dtype": run.document["architecture"]["dtype"]}


# ---- arrays ----


def _data(run):
    """The rows that the page's steps use, and all about the steps.

    All rows, unless they are too many and few states are known: then only those of the steps
    that follow a state, with the numbers that they have in the data.
    """
    x, y, rows = run.arrays["x"], run.arrays["y"], run.arrays["rows"]
    numbers = np.arange(len(x))
    if not run.is_complete and x.nbytes > MOST_DATA:
        unseen = np.setdiff1d(np.arange(run.steps), run.state_steps)
        rows = rows.copy()
        rows[unseen] = -1
        numbers = np.unique(rows[rows >= 0])
        rows = np.where(rows >= 0, np.searchsorted(numbers, rows), -1)
    x, y = x[numbers], y[numbers]
    arrays = {
        "x": x.reshape(len(x), -1) if _scale(run) else run.features(x),
        "y": y,
        "rows": rows.astype(np.int32),
        "row_numbers": numbers,
        "loss": run.losses,
        "rate": run.rates,
        "state_steps": run.state_steps,
        "parameters": run.parameters,
    }
    # What is only shown, and compared with nothing, need not be as long.
    slots = {n: a.astype(np.float32) for n, a in run.arrays.items() if n.startswith("slots/")}
    return arrays | slots


def _evidence(run):
    wide = run.dense[0].params["W"].shape[0] > WIDE
    return {
        f"evidence/{step}/{name}": array
        for step, kept in run.evidence().items()
        for name, array in kept.items()
        if not (wide and name in ("0/x", "0/dx"))
    }


def _examples(run):
    """Test rows with what the net says of them at each state."""
    x, y = run.arrays["test_x"][:MOST_EXAMPLES], run.arrays["test_y"][:MOST_EXAMPLES]
    said = []
    for state in range(len(run.state_steps)):
        predictions = run.model(state)(x)
        said.append(predictions.argmax(axis=1))
    return {
        "test_x": x.reshape(len(x), -1) if _scale(run) else run.features(x),
        "test_y": y.astype(np.uint8),
        "test_said": np.array(said, np.uint8),
    }


def _scale(run):
    """[scale, offset] where the model brings whole-number pixels to scale, else None."""
    before = [layer for layer in run.model().layers if not isinstance(layer, layers.Dense)]
    scaling = [layer for layer in before if isinstance(layer, layers.Rescaling)]
    if len(scaling) == 1 and run.arrays["x"].dtype == np.uint8:
        return [scaling[0].scale, scaling[0].offset]
    return None


def pack(array):
    """An array as JSON: dtype, shape, checksum, and its little-endian bytes in base64."""
    array = np.ascontiguousarray(array)
    if array.dtype.kind in "iub" and array.dtype != np.uint8:
        array = array.astype(np.int32)
    content = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "crc": zlib.crc32(content),
        "data": base64.b64encode(content).decode("ascii"),
    }
