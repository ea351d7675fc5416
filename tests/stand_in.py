"""A stand-in for a model, and the order in which fit calls the hooks of callbacks."""

import json
import types
from pathlib import Path

import numpy as np

from nnscratch.callbacks import CallbackList


class StandIn:
    """What a callback sees of a model; its weight tells after which epoch it is."""

    def __init__(self, learning_rate=0.5):
        self.optimizer = types.SimpleNamespace(learning_rate=learning_rate)
        self.stop_training = False
        self.resume_epoch = None
        self.epochs_trained = 0
        self.history = None
        self.weights = [np.array([-1.0]), np.zeros((2, 1))]
        self.saved = []

    def get_weights(self):
        return [array.copy() for array in self.weights]

    def set_weights(self, weights):
        self.weights = [array.copy() for array in weights]

    def save(self, path, *, note=None, callbacks=()):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.saved.append(("model", str(path)))
        path.write_text(json.dumps({"weight": self.weights[0][0], "note": note}))

    def save_weights(self, path):
        self.saved.append(("weights", str(path)))
        path.write_text(json.dumps({"weight": self.weights[0][0]}))

    def restore(self, path, *, callbacks=(), check):
        content = json.loads(path.read_text())
        check(content["note"])
        self.weights[0][0] = content["weight"]
        return content["note"]


def train(callbacks, all_logs, model=None, *, batches=0):
    """Call the hooks as fit does; returns (model, the logs of each epoch that was run)."""
    model = StandIn() if model is None else model
    each = CallbackList(callbacks, add_history=True, model=model, epochs=len(all_logs))
    model.stop_training = False
    each.on_train_begin()
    done = []
    for epoch in range(model.resume_epoch or 0, len(all_logs)):
        logs = dict(all_logs[epoch])
        each.on_epoch_begin(epoch)
        for batch in range(batches):
            each.on_train_batch_begin(batch)
            each.on_train_batch_end(batch, {"loss": float(batch)})
        model.weights[0][0] = epoch
        model.epochs_trained += 1
        each.on_epoch_end(epoch, logs)
        done.append(logs)
        if model.stop_training:
            break
    each.on_train_end(done[-1] if done else {})
    return model, done


def names_of(model):
    """The names of the files that a model saved, without folder and suffix."""
    return [Path(name).stem for _, name in model.saved]


def val_losses(*values):
    return [{"loss": 9.0, "val_loss": value} for value in values]
