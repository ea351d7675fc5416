"""A training that can be killed at any moment and run again: ``killable.py folder engine``.

Its file is written in most of its time, so that most kills fall into the writing.
"""

import sys
from pathlib import Path

import numpy as np

import nnscratch as nn

KEPT, CHECKPOINT = "training.nnscratch.safetensors", "checkpoint.nnscratch.safetensors"
ENDLESS = 100_000


def train(engine, epochs, folder=None, *, callbacks=()):
    """Train up to so many epochs; with a folder, keep the training and checkpoints there."""
    stack = [nn.Input((32,)), nn.layers.Dense(256, "tanh"), nn.layers.Dropout(0.25)]
    stack += [nn.layers.Dense(256, "tanh"), nn.layers.Dense(1, "sigmoid")]
    model = nn.Sequential(stack, seed=1, dtype="float64")
    model.compile("adam", "binary_crossentropy", run_eagerly=engine == "eager")
    assert model.engine.split(":")[0] == engine
    callbacks = [nn.callbacks.EarlyStopping("loss", patience=ENDLESS), *callbacks]
    options = {}
    if folder:
        callbacks.append(nn.callbacks.ModelCheckpoint(folder / CHECKPOINT))
        options = {"resume": folder / KEPT}
    random = np.random.default_rng(0)
    x, y = random.normal(size=(48, 32)), random.integers(0, 2, 48)
    model.fit(x, y, batch_size=16, epochs=epochs, verbose=0, callbacks=callbacks, **options)
    return model


class Tell(nn.callbacks.Callback):
    """Says on standard output when the first epoch is over."""

    told = False

    def on_epoch_end(self, epoch, logs=None):
        if not self.told:
            print(epoch, flush=True)
            self.told = True


if __name__ == "__main__":
    train(sys.argv[2], ENDLESS, Path(sys.argv[1]), callbacks=[Tell()])
