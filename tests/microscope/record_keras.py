"""Records Keras's side of the circles demo: ``python tests/microscope/record_keras.py``.

Writes ``nnscratch/microscope/recorded/keras-circles.safetensors``; needs TensorFlow. The rows
of each batch are those of ``random.keras_order``, which tests/test_random.py holds to Keras's.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

from nnscratch import datasets, random
from nnscratch.microscope import demos

SEED, EPOCHS, BATCH = 42, demos.CIRCLES_EPOCHS, 32


def flat(tensors):
    return np.concatenate([np.asarray(tensor).ravel() for tensor in tensors])


class Watch(keras.callbacks.Callback):
    """Keeps parameters and gradient before every batch, and the batch's loss."""

    def __init__(self, x, y, order):
        super().__init__()
        self.x, self.y, self.order = x, y, order
        self.loss, self.parameters, self.gradient = [], [], []

    def on_train_batch_begin(self, batch, logs=None):
        rows = self.order[batch * BATCH : (batch + 1) * BATCH]
        with tf.GradientTape() as tape:
            loss = self.model.compute_loss(y=self.y[rows], y_pred=self.model(self.x[rows]))
        gradient = tape.gradient(loss, self.model.trainable_variables)
        self.loss.append(float(loss))
        self.gradient.append(flat(gradient))
        self.parameters.append(flat(self.model.get_weights()))


def main():
    keras.backend.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    keras.utils.set_random_seed(SEED)
    x, y = (rows[: demos.CIRCLES_ROWS] for rows in datasets.circles())
    stack = [
        keras.layers.Dense(4, "relu"),
        keras.layers.Dense(4, "relu"),
        keras.layers.Dense(1, "sigmoid"),
    ]
    model = keras.Sequential([keras.layers.Input((2,)), *stack])
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    watch = Watch(x, y.reshape(-1, 1).astype(float), random.keras_order(len(x), SEED))
    model.fit(x, y, epochs=EPOCHS, verbose=0, callbacks=[watch])
    arrays = {
        "loss": np.array(watch.loss),
        "gradient": np.array(watch.gradient),
        "parameters": np.array([*watch.parameters, flat(model.get_weights())]),
    }
    save_file(arrays, Path(demos.KERAS_CIRCLES))


if __name__ == "__main__":
    main()
