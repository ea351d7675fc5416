"""Callbacks that change the course of a training: its learning rate, or when it ends."""

import inspect
import math
import sys
import warnings
from collections.abc import Callable
from typing import Any

from nnscratch import checks
from nnscratch.callbacks.base import Callback

MORE_IS_BETTER = {"acc", "accuracy", "auc", "f1", "fbeta", "precision", "r2", "recall", "score"}
LESS_IS_BETTER = {"crossentropy", "error", "loss", "mae", "mse", "rmse"}


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch to what a function of yours returns.

    ``schedule(epoch, learning_rate)``, or ``schedule(epoch)``, counts epochs from 0 and must
    return a number above 0. The rate is added to the logs as ``"learning_rate"``, and stays
    after the training. ``verbose=1`` prints each rate. Raises TypeError for what is no such
    function, ValueError in ``fit`` for a rate that is none.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        self.takes_rate = _takes_rate(schedule)
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch, logs=None):
        """Ask the schedule and set the rate; ValueError unless that is a number above 0."""
        asked = (epoch, learning_rate_of(self.model)) if self.takes_rate else (epoch,)
        call = f"schedule({', '.join(map(repr, asked))})"
        rate = checks.real_number(f"what {call} returns", self.schedule(*asked), above=0)
        self.model.optimizer.learning_rate = rate
        if self.verbose > 0:
            say(f"Epoch {epoch + 1}: LearningRateScheduler sets the learning rate to {rate:g}.")

    def on_epoch_end(self, epoch, logs=None):
        """Add the rate to the logs."""
        log_learning_rate(self.model, logs)


def _takes_rate(schedule):
    # Keras tries both arguments and falls back on TypeError, which hides a TypeError that
    # comes from a mistake inside the schedule.
    if not callable(schedule):
        raise TypeError(f"schedule must be a function of the epoch, got {schedule!r}")
    try:
        signature = inspect.signature(schedule)
    except ValueError:  # some functions written in C do not tell
        return True
    for arguments in ((0, 0.0), (0,)):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return len(arguments) == 2
    raise TypeError(
        f"schedule must take (epoch, learning_rate) or (epoch), but it takes {signature}.\n"
        "For example: LearningRateScheduler(lambda epoch: 1e-3 * 0.9**epoch)"
    )


class TerminateOnNaN(Callback):
    """End the training after an epoch whose loss is NaN or infinite.

    With this callback ``fit`` then ends normally; without it, it raises `NonFiniteError`.
    """

    def on_epoch_end(self, epoch, logs=None):
        """Look at the loss and the validation loss."""
        logs = logs or {}
        for name in ("loss", "val_loss"):
            if not math.isfinite(logs.get(name, 0.0)):
                say(f"Epoch {epoch + 1}: {name} is {logs[name]}, so the training ends here.")
                self.model.stop_training = True
                return


class Monitor(Callback):
    """Base of callbacks that watch one name in the logs and know which values are better.

    ``mode`` is ``"min"``, ``"max"``, or ``"auto"``, which goes by the name: an accuracy shall
    rise, a loss or an error shall fall. A change below ``min_delta`` is no improvement.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float = 0):
        self.monitor = monitor
        self.sign = _direction(monitor, mode)
        self.min_delta = abs(min_delta)
        self.best: Any = None
        self.has_warned = False

    def improves(self, value: float, reference: float | None) -> bool:
        """Whether ``value`` beats ``reference``; NaN never does, any number beats None."""
        if reference is None:
            return not math.isnan(value)
        return self.sign * value - self.min_delta > self.sign * reference

    def monitored(self, logs: dict[str, Any]) -> Any:
        """Return the watched value; None, with one warning, where the logs do not have it."""
        value = logs.get(self.monitor)
        if value is None and not self.has_warned:
            self.has_warned = True
            warnings.warn(self._missing(logs), checks.TrainingWarning, stacklevel=2)
        return value

    def _missing(self, logs):
        hint = checks.did_you_mean(self.monitor, logs)
        if self.monitor.startswith("val_") and not any(
            name.startswith("val_") for name in logs
        ):
            hint = " For val_ names, give fit validation_data or validation_split."
        return (
            f"{type(self).__name__} watches {self.monitor!r}, which this epoch did not log; "
            f"there is {', '.join(logs) or 'nothing'}.{hint}"
        )


def _direction(monitor, mode):
    """+1 where more is better, -1 where less is."""
    if mode != "auto":
        return checks.look_up("mode", mode, {"auto": 0, "max": 1, "min": -1})
    words = set(monitor.split("_"))
    if words & LESS_IS_BETTER:
        return -1
    if words & MORE_IS_BETTER:
        return 1
    raise ValueError(
        f"monitor={monitor!r}: the name does not tell whether more or less of it is better.\n"
        "Say so with mode='max' or mode='min'."
    )


class EarlyStopping(Monitor):
    """End the training once a watched value has not improved for ``patience`` epochs.

    ``baseline`` is a value that must be beaten as well. Epochs before ``start_from_epoch`` are
    not looked at. With ``restore_best_weights`` the model ends with the weights of its best
    epoch, whether or not the training was cut short. Raises ValueError for an unknown mode, and
    for "auto" where the name of the value does not tell which way is better.
    """

    state_names = ("wait", "best", "best_epoch")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self):
        self.wait = self.best_epoch = self.stopped_epoch = 0
        self.best = self.best_weights = None

    def on_train_begin(self, logs=None):
        """Forget what an earlier training left."""
        self._reset()

    def on_epoch_end(self, epoch, logs=None):
        """Count the epochs without improvement; stop when patience runs out."""
        current = self.monitored(logs or {})
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.improves(current, self.best):
            self.best = current
            self._remember(epoch)
            if self.baseline is None or self.improves(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember(self, epoch):
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs=None):
        """Put the best weights back."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is None:
            return
        if self.verbose > 0:
            say(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")
        self.model.set_weights(self.best_weights)

    def get_state(self):
        """Return the counters, and the best weights as arrays named ``best_weights.0`` ..."""
        weights = enumerate(self.best_weights or [])
        return super().get_state() | {f"best_weights.{i}": w.copy() for i, w in weights}

    def set_state(self, state):
        """Take counters and best weights from `get_state`."""
        super().set_state(state)
        count = sum(name.startswith("best_weights.") for name in state)
        self.best_weights = [state[f"best_weights.{i}"].copy() for i in range(count)] or None


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by ``factor`` when a value stops improving.

    That happens after ``patience`` epochs without improvement; then ``cooldown`` epochs are
    not counted. The rate never falls below ``min_lr``. The rate that an epoch was trained with
    is added to the logs as ``"learning_rate"``. Raises ValueError for a factor outside (0, 1),
    a negative ``min_lr``, and as `EarlyStopping` does.
    """

    state_names = ("wait", "best", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.factor = checks.real_number("factor", factor, above=0, below=1)
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = checks.real_number("min_lr", min_lr, least=0)
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs=None):
        """Forget what an earlier training left."""
        self.best = None
        self.wait = self.cooldown_counter = 0

    def on_epoch_end(self, epoch, logs=None):
        """Count the epochs without improvement; lower the rate when patience runs out."""
        logs = {} if logs is None else logs
        log_learning_rate(self.model, logs)
        current = self.monitored(logs)
        if current is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(current, self.best):
            self.best = current
            self.wait = 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch):
        rate = self.model.optimizer.learning_rate
        lower = max(rate * self.factor, self.min_lr)
        if not 0 < lower < rate:  # at the floor, or so small that it would become 0
            return
        self.model.optimizer.learning_rate = lower
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose > 0:
            say(f"Epoch {epoch + 1}: ReduceLROnPlateau lowers the learning rate to {lower:g}.")


def log_learning_rate(model, logs):
    """Add the model's learning rate to the logs, if there are logs."""
    if logs is not None:
        logs["learning_rate"] = learning_rate_of(model)


def learning_rate_of(model):
    """The learning rate as the model's number format holds it, as in Keras."""
    cast = model.dtype.type if hasattr(model, "dtype") else float
    return float(cast(model.optimizer.learning_rate))


def say(text):
    """Print one line to stderr, where it stands above a running progress bar."""
    print(text, file=sys.stderr)
