"""tf.keras: ``fit`` and ``predict`` as they come, and with the settings that make them fast."""

import os

import numpy as np

from nnscratch import config

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras


class Peer:
    """Keras on TensorFlow; options go to ``compile``.

    by_call  predict by ``model(x)`` on all rows at once, instead of by ``model.predict``
    """

    def __init__(self, workload, x, y, weights, *, by_call=False, **options):
        keras.backend.clear_session()
        self.workload, self.x, self.y, self.start = workload, x, y, weights
        self.by_call = by_call
        self.options = options
        self.threads = config.available_cores()
        self.model = self._model()
        self.compile()
        self.model.optimizer.build(self.model.trainable_variables)
        self.fresh = [v.numpy() for v in self.model.optimizer.variables]

    def _model(self):
        *hidden, outputs = self.workload.units
        layers = [keras.Input((self.workload.inputs,), dtype=self.workload.pixels)]
        if self.workload.pixels == "uint8":
            layers.append(keras.layers.Rescaling(1 / 255))
        layers += [keras.layers.Dense(units, "relu") for units in hidden]
        last = "sigmoid" if outputs == 1 else "softmax"
        return keras.Sequential([*layers, keras.layers.Dense(outputs, last)])

    def compile(self):
        """Once: each ``compile`` would trace the training step anew."""
        loss = "sparse_categorical_crossentropy"
        if self.workload.units[-1] == 1:
            loss = "binary_crossentropy"
        self.model.compile("adam", loss, **self.options)

    def reset(self):
        """Put weights and optimizer back to the start, in the model that is traced already."""
        self.model.set_weights(self.start)
        for variable, value in zip(self.model.optimizer.variables, self.fresh, strict=True):
            variable.assign(value)

    def run(self, *, shuffle=True):
        """The mean loss of each epoch, or the predictions (rows, outputs)."""
        if self.workload.task == "predict":
            return np.asarray(self.model(self.x)) if self.by_call else self._predict()
        history = self.model.fit(
            self.x,
            self.y,
            batch_size=self.workload.batch_size,
            epochs=self.workload.epochs,
            shuffle=shuffle,
            verbose=0,
        )
        return history.history["loss"]

    def _predict(self):
        return self.model.predict(self.x, verbose=0)
