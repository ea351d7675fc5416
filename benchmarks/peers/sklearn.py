"""scikit-learn's MLPClassifier with the same settings, started from the same weights."""

import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.peers.by_hand import blas_threads


class Peer:
    """scikit-learn, with as many threads of BLAS as are fastest."""

    def __init__(self, workload, x, y, weights):
        self.workload, self.x, self.y, self.start = workload, x, y, weights
        self.threads = blas_threads(workload)

    def reset(self):
        """A classifier that has seen all classes, then put on the weights of the start.

        With ``warm_start`` its ``fit`` goes on from there, with a fresh optimizer.
        """
        workload = self.workload
        self.net = MLPClassifier(
            workload.units[:-1],
            alpha=0,  # no weight decay
            batch_size=min(workload.batch_size, workload.rows),
            epsilon=1e-7,
            max_iter=workload.epochs,
            n_iter_no_change=workload.epochs + 1,  # never stop early
            random_state=0,
        )
        few, classes = slice(self.net.batch_size), np.arange(max(2, workload.units[-1]))
        self.net.partial_fit(self.x[few], self.y[few], classes=classes)
        self.net.coefs_ = [w.copy() for w in self.start[::2]]
        self.net.intercepts_ = [b.copy() for b in self.start[1::2]]
        self.net.loss_curve_ = []
        self.net.warm_start = True

    def run(self, *, shuffle=True):
        """The mean loss of each epoch, or the predictions (rows, outputs)."""
        with threadpool_limits(self.threads, user_api="blas"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that so few epochs do not converge
            if self.workload.task == "predict":
                return self.net.predict_proba(self.x)
            self.net.shuffle = shuffle
            return self.net.fit(self.x, self.y).loss_curve_
