"""Record four steps of Adam by Keras, for the exercise that is to match them.

    python -m parity.keras_step [FILE]

The exercise reads the file that ships inside the package, so that nobody needs TensorFlow to
solve it; a test runs this again and compares.
"""

import json
import sys
from pathlib import Path

import numpy as np

FILE = Path(__file__).parents[1] / "nnscratch" / "learn" / "keras_step.json"
ROWS = (6, 6, 6, 4)  # of each step's batch
FEATURES, HIDDEN, CLASSES = 3, 5, 4
# One feature is small and so are its weights' gradients: there it shows where epsilon stands.
SCALES = (1.0, 3e-4, 2.0)
LEARNING_RATE = 0.05
SEED = 42


def record():
    """Train for four steps with Keras in float64; returns the file's JSON values."""
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    model = _model(keras)
    rng = np.random.default_rng(SEED)
    model.set_weights([rng.normal(0, 0.7, size=w.shape) for w in model.get_weights()])
    return {
        "keras": keras.__version__,
        "optimizer": model.optimizer.get_config(),
        "steps": [_step(model, rows, rng) for rows in ROWS],
    }


def _model(keras):
    layers = [
        keras.Input((FEATURES,)),
        keras.layers.Dense(HIDDEN, "relu"),
        keras.layers.Dense(CLASSES, "softmax"),
    ]
    model = keras.Sequential(layers)
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
    optimizer.build(model.trainable_variables)
    return model


def _step(model, rows, rng):
    """One batch: everything before the step, and the weights after it."""
    x = rng.normal(size=(rows, FEATURES)) * SCALES
    labels = rng.integers(0, CLASSES, size=rows)
    optimizer = model.optimizer
    before = {
        "t": int(optimizer.iterations.numpy()) + 1,
        "x": x.tolist(),
        "labels": labels.tolist(),
        "weights": _lists(model.trainable_variables),
        "m": _lists(optimizer._momentums),
        "v": _lists(optimizer._velocities),
    }
    model.train_on_batch(x, labels)
    return before | {"weights_after": _lists(model.trainable_variables)}


def _lists(variables):
    return [np.asarray(variable).tolist() for variable in variables]


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    path.write_text(json.dumps(record(), indent=1) + "\n")
