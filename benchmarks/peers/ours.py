"""nnscratch itself, through the public ``fit`` and ``predict``, checks and history included."""

import warnings

import nnscratch as nn
from benchmarks import workloads


class Peer:
    """One of our engines, with so many threads."""

    def __init__(self, workload, x, y, weights, *, threads=None, run_eagerly=False):
        self.workload, self.x, self.y, self.start = workload, x, y, weights
        self.run_eagerly = run_eagerly
        self.threads = threads or nn.config.available_cores()
        nn.config.set_num_threads(self.threads)

    def reset(self):
        """Build the model anew, on the weights of the start."""
        self.model = workloads.model(self.workload, run_eagerly=self.run_eagerly)
        self.model.set_weights(self.start)

    @property
    def engine(self):
        """The engine that does it, in the model's own words."""
        return self.model.engine

    def run(self, *, shuffle=True):
        """The mean loss of each epoch, or the predictions (rows, outputs)."""
        if self.workload.task == "predict":
            return self.model.predict(self.x, verbose=0)
        with warnings.catch_warnings():
            # Whether four units die, or pixels would better be scaled, is not measured here.
            warnings.simplefilter("ignore", nn.TrainingWarning)
            return self._fit(shuffle).history["loss"]

    def _fit(self, shuffle):
        return self.model.fit(
            self.x,
            self.y,
            batch_size=self.workload.batch_size,
            epochs=self.workload.epochs,
            shuffle=shuffle,
            verbose=0,
        )
