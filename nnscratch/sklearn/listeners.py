"""scikit-learn's callbacks, told of every epoch; all that knows of them is in this file.

They came with scikit-learn 1.9 and are experimental. With an older release the estimators have
no ``set_callbacks``, and are else the same.
"""

import copy

from nnscratch.callbacks import Callback

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method):
        """The method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "of", "with_callbacks"]


def of(estimator, X, y, sample_weight):
    """The callbacks to give to ``Sequential.fit``: none, if nobody has asked to be told."""
    if not getattr(estimator, "_skl_callbacks", None):
        return []
    return [Epochs(estimator, X, y, sample_weight)]


class Epochs(Callback):
    """Tells an estimator's scikit-learn callbacks of a fit and of each epoch in it.

    To them a fit is a task, and an epoch is a task within it. Where one of them asks to stop at
    the end of an epoch, the training stops.
    """

    def __init__(self, estimator, X, y, sample_weight):
        weights = None if sample_weight is None else {"sample_weight": sample_weight}
        self.estimator = estimator
        self.rows = {"estimator": estimator, "X": X, "y": y, "metadata": weights}
        self.fit_task = estimator._init_callback_context(max_subtasks=estimator.epochs)

    def on_train_begin(self, logs=None):
        """The fit begins."""
        self.fit_task.call_on_fit_task_begin(**self.rows)

    def on_epoch_begin(self, epoch, logs=None):
        """A task within the fit begins."""
        self.epoch_task = self.fit_task.subcontext(task_name="epoch")
        self.epoch_task.call_on_fit_task_begin(
            **self.rows, reconstruction_attributes=self.learned
        )

    def on_epoch_end(self, epoch, logs=None):
        """It ends."""
        if self.epoch_task.call_on_fit_task_end(
            **self.rows, reconstruction_attributes=self.learned
        ):
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """The fit ends."""
        self.fit_task.call_on_fit_task_end(**self.rows, reconstruction_attributes=self.learned)

    def learned(self):
        """What an estimator fitted so far would have learned; asked for only where needed."""
        return {"model_": copy.deepcopy(self.model)}
