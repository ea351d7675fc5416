"""The loops around an engine: prepare the data, go through the epochs, watch and report."""

import contextlib
import math
import time

import numpy as np

from nnscratch import blas, checks, data, engines, interrupts, progress
from nnscratch.callbacks import CallbackList, TerminateOnNaN
from nnscratch.models import advice, arguments, resuming
from nnscratch.models.undo import unbuilt_if_refused
from nnscratch.models.watch import Watch

PREDICT_ROWS = 1024  # rows predicted at once when no batch size is given
CALL_SECONDS = 0.2  # what a call of the engine should take: progress and Ctrl-C wait for it
MOST_GROWTH = 16  # how many times more steps a call may have than the one before it


def fit(
    model,
    x,
    y,
    batch_size,
    epochs,
    verbose,
    callbacks,
    validation_split,
    validation_data,
    shuffle,
    class_weight,
    sample_weight,
    initial_epoch,
    validation_freq,
    resume,
):
    """What ``Sequential.fit`` describes."""
    model.require_compiled("fit")
    batch_size = arguments.batch_size(batch_size)
    epochs = checks.whole_number("epochs", epochs, least=0)
    initial_epoch = checks.whole_number("initial_epoch", initial_epoch, least=0)
    arguments.check_shuffle(shuffle)
    is_due = arguments.validation_epochs(validation_freq)
    share = checks.real_number("validation_split", validation_split, least=0, below=1)
    with unbuilt_if_refused(model):
        examples = arguments.examples(model, x, y, sample_weight)
        validation = arguments.validation(model, validation_data)
        if share and validation is None:
            examples, validation = arguments.split(examples, share)
        examples = arguments.weighted_by_class(model, examples, class_weight)
        arguments.check_own_layers(model)
        run = Run(model, examples, validation, batch_size, shuffle, is_due)
        run.report_to(resuming.joined(callbacks, resume), verbose, epochs)
    advice.before_training(model, examples, shuffle, batch_size)
    with _quietly(model, batch_size), interrupts.gate() as run.gate:
        run.through(initial_epoch, epochs)
    advice.after_training(model, examples)
    return run.callbacks.history


class Run:
    """One call of ``fit``: its data, its callbacks, and the way through its epochs."""

    def __init__(self, model, examples, validation, batch_size, shuffle, validation_is_due):
        self.model = model
        self.examples = examples
        self.validation = validation
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.validation_is_due = validation_is_due
        self.rows = len(examples.x)
        self.steps = math.ceil(self.rows / batch_size)
        self.watch = Watch(model)
        self.gate = contextlib.nullcontext()
        self.steps_per_call = 16

    def report_to(self, user_callbacks, verbose, epochs):
        """Whom to tell how it goes."""
        self.progress = progress.for_training(verbose, epochs=epochs, rows=self.rows)
        self.callbacks = CallbackList(
            user_callbacks,
            add_history=True,
            model=self.model,
            verbose=verbose,
            epochs=epochs,
            steps=self.steps,
        )
        self.callbacks.training = resuming.describe(self)
        self.model.wants_batches = self.callbacks.wants_train_batches

    def through(self, initial_epoch, epochs):
        """Train from ``initial_epoch`` up to ``epochs``, or until something stops it."""
        model, logs = self.model, {}
        model.stop_training = False
        model.resume_epoch = None
        with resuming.history_kept_if_refused(model):
            self.callbacks.on_train_begin({})
        self.progress.start()
        try:
            for epoch in range(model.resume_epoch or initial_epoch, epochs):
                logs = self.one_epoch(epoch)
                if model.stop_training or self.watch.trouble:
                    break
        finally:
            self.progress.stop()
        self.callbacks.on_train_end(logs)
        if self.watch.trouble and not self._ends_normally_on_nan():
            raise checks.NonFiniteError(self.watch.trouble)

    def _ends_normally_on_nan(self):
        return any(isinstance(each, TerminateOnNaN) for each in self.callbacks.callbacks)

    def one_epoch(self, epoch):
        """Train one epoch, evaluate, and tell everybody; returns the logs."""
        model = self.model
        self.callbacks.on_epoch_begin(epoch, {})
        self.progress.epoch_begin(epoch)
        order = model.row_order(self.rows, self.shuffle)
        self.watch.remember()
        logs = self._train(order)
        model.epochs_trained += 1
        if not self.watch.is_well(logs["loss"]):
            self.watch.find_trouble(self.examples, order, self.batch_size)
        if self.validation is not None and self.validation_is_due(epoch):
            # After trouble the model is no longer the one that the epoch left.
            results = dict.fromkeys(logs, math.nan) if self.watch.trouble else self._validate()
            logs = _sorted(logs | {f"val_{name}": value for name, value in results.items()})
        self.callbacks.on_epoch_end(epoch, logs)
        self.progress.epoch_end(epoch, logs)
        return logs

    def _train(self, order):
        """Hand the epoch's order to the engine, piece by piece; returns the logs.

        A callback that asks to stop ends the epoch after the batch or piece; as in Keras the
        epoch's first batch is trained also if it asked before.
        """
        engine, _ = engines.choose(self.model)
        sums = self.model.new_sums(self.examples.y)
        x, y, weight = self.examples
        one_by_one = bool(self.model.wants_batches)
        logs, done = {}, 0
        while done < self.rows:
            steps = 1 if one_by_one or self.model.stop_training else self.steps_per_call
            part = order[done : done + steps * self.batch_size]
            batch = done // self.batch_size
            if one_by_one:
                self.callbacks.on_train_batch_begin(batch, {})
            began = time.perf_counter()
            with self.gate:
                engine.train_epoch(
                    self.model,
                    x,
                    y,
                    part,
                    batch_size=self.batch_size,
                    sample_weight=weight,
                    sums=sums,
                )
            self._adapt(time.perf_counter() - began)
            logs = _sorted(sums.results())
            if one_by_one:
                self.callbacks.on_train_batch_end(batch, dict(logs))
            done += len(part)
            self.progress.advance(done, logs)
            if self.model.stop_training:
                break
        return logs

    def _adapt(self, seconds):
        """Bring a call of the engine near CALL_SECONDS; the results do not depend on it."""
        if CALL_SECONDS / 2 <= seconds <= CALL_SECONDS * 2:
            return
        factor = min(MOST_GROWTH, CALL_SECONDS / max(seconds, 1e-9))
        self.steps_per_call = min(max(1, int(self.steps_per_call * factor)), self.steps)

    def _validate(self):
        return _evaluate(self.model, self.validation, self.batch_size, self.callbacks)


def evaluate(model, x, y, batch_size, verbose, sample_weight, callbacks):
    """{name: value} of the loss and the metrics on these rows."""
    model.require_compiled("evaluate")
    batch_size = arguments.batch_size(batch_size)
    with unbuilt_if_refused(model):
        examples = arguments.examples(model, x, y, sample_weight)
    rows = len(examples.x)
    listeners = _listeners(callbacks, model, verbose, rows, batch_size)
    line = progress.for_evaluation(verbose, rows=rows)
    with _quietly(model, batch_size):
        results = _evaluate(model, examples, batch_size, listeners)
    line.finish(results)
    return results


def _listeners(callbacks, model, verbose, rows, batch_size):
    """The callbacks of an evaluation or prediction, told what Keras tells them."""
    steps = math.ceil(rows / batch_size)
    return CallbackList(callbacks, model=model, verbose=verbose, epochs=1, steps=steps)


def _evaluate(model, examples, batch_size, listeners):
    engine, _ = engines.choose(model)
    sums = model.new_sums(examples.y)
    rows = len(examples.x)
    listeners.on_test_begin({})
    piece = batch_size if listeners.wants_test_batches else rows
    for batch, start in enumerate(range(0, rows, piece)):
        part = slice(start, start + piece)
        listeners.on_test_batch_begin(batch, {})
        weight = None if examples.weight is None else examples.weight[part]
        engine.evaluate(
            model,
            examples.x[part],
            examples.y[part],
            batch_size=batch_size,
            sample_weight=weight,
            sums=sums,
        )
        listeners.on_test_batch_end(batch, _sorted(sums.results()))
    results = sums.results()
    listeners.on_test_end(_sorted(results))
    return results


def predict(model, x, batch_size, verbose, callbacks):
    """(n, O)."""
    x = arguments.checked_features(model, data.as_features(x, model.dtype))
    rows = arguments.batch_size(batch_size)
    listeners = _listeners(callbacks, model, verbose, len(x), rows)
    if batch_size is None and not listeners.wants_predict_batches:
        rows = PREDICT_ROWS
    line = progress.for_evaluation(0 if verbose == "auto" else verbose, rows=len(x))
    listeners.on_predict_begin({})
    with np.errstate(all="ignore"):
        predictions = _predict_pieces(model, x, rows, listeners)
    listeners.on_predict_end({})
    line.finish({})
    return predictions


def _predict_pieces(model, x, rows, listeners):
    engine = engines.for_predicting(model, len(x))
    if not listeners.wants_predict_batches:
        return engine.predict(model, x, batch_size=rows)
    pieces = []
    for batch, start in enumerate(range(0, len(x), rows)):
        listeners.on_predict_batch_begin(batch, {})
        pieces.append(engine.predict(model, x[start : start + rows], batch_size=rows))
        listeners.on_predict_batch_end(batch, {"outputs": pieces[-1]})
    return np.concatenate(pieces)


def train_on_batch(model, x, y, sample_weight, class_weight):
    """{name: value} of these rows, from before the update that they cause."""
    model.require_compiled("train_on_batch")
    with unbuilt_if_refused(model):
        examples = arguments.examples(model, x, y, sample_weight)
        examples = arguments.weighted_by_class(model, examples, class_weight)
        arguments.check_own_layers(model)
    sums = model.new_sums(examples.y)
    rows, watch = len(examples.x), Watch(model)
    watch.remember()
    with blas.limited(model, rows), np.errstate(all="ignore"):
        engines.eager.train_epoch(
            model,
            examples.x,
            examples.y,
            np.arange(rows),
            batch_size=rows,
            sample_weight=examples.weight,
            sums=sums,
        )
        if not watch.is_well(sums.loss.result()):
            watch.find_trouble(examples, np.arange(rows), rows)
            raise checks.NonFiniteError(watch.trouble)
    return sums.results()


def test_on_batch(model, x, y, sample_weight):
    """{name: value} of these rows, taken as one batch."""
    model.require_compiled("test_on_batch")
    with unbuilt_if_refused(model):
        x, y, weight = arguments.examples(model, x, y, sample_weight)
    sums = model.new_sums(y)
    with np.errstate(all="ignore"):
        engines.eager.evaluate(model, x, y, batch_size=len(x), sample_weight=weight, sums=sums)
    return sums.results()


@contextlib.contextmanager
def _quietly(model, batch_size):
    """A context without NumPy's warnings, and with as many BLAS threads as the eager engine
    has a use for; to the fused one BLAS is nothing."""
    eager = engines.choose(model)[0] is engines.eager
    limit = blas.limited(model, batch_size) if eager else contextlib.nullcontext()
    with limit, np.errstate(all="ignore"):
        yield


def _sorted(logs):
    """The logs by name, as Keras hands them to callbacks and History."""
    return dict(sorted(logs.items()))


def as_keras_returns(results, return_dict):
    """A dict sorted by name, a list with the loss first, or the loss alone as a float."""
    if return_dict:
        return _sorted(results)
    values = list(results.values())
    return values if len(values) > 1 else values[0]
