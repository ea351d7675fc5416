"""The watch for numbers that leave the finite: it finds where, and goes back to before it."""

from typing import Any, NamedTuple

import numpy as np

from nnscratch.data.numeric import is_finite
from nnscratch.engines import eager

RUN_AWAY = 10  # a loss this many times the lowest one is no state to go back to


class State(NamedTuple):
    """All that training changes in a model; calls are those of each Dropout."""

    parameters: np.ndarray
    iterations: int
    optimizer: dict
    calls: list
    epochs_trained: int


class Watch:
    """Remembers a model's state at each epoch's begin, and replays the epoch if it went wrong.

    Looking at every tensor of every step would be slow. So only the epoch's loss and the
    weights that it left are looked at; when these are not finite, the epoch is run once more
    from its begin, step by step in the eager engine, up to the first tensor that is not.

    The model is then put back to the begin of the last epoch that began with a sound loss. Just
    before the loss is infinite the weights are finite too, but of no use: no smaller learning
    rate leads back from there.

    trouble  None, or what happened, where, and what to do
    """

    def __init__(self, model):
        if _is_bad(model.parameters):
            raise ValueError(
                f"{_bad_parameter(model)} is NaN or infinite before the training begins;\n"
                "give it other values with set_weights, or make the model anew"
            )
        self.model = model
        self.trouble = None
        self._lowest = np.inf
        self._sound: Any = None

    def remember(self):
        """Keep copies of all that an epoch changes."""
        model, optimizer = self.model, self.model.optimizer
        self._begin = State(
            model.parameters.copy(),
            optimizer.iterations,
            {name: array.copy() for name, array in optimizer.state.items()},
            [(layer, layer.calls) for layer in model.layers if hasattr(layer, "calls")],
            model.epochs_trained,
        )
        self._sound = self._sound or self._begin

    def go_back(self):
        """Put the remembered state back in place."""
        self._put_back(self._begin)

    def _put_back(self, state):
        model, optimizer = self.model, self.model.optimizer
        model.parameters[...] = state.parameters
        optimizer.iterations = state.iterations
        optimizer.state = {name: array.copy() for name, array in state.optimizer.items()}
        for layer, calls in state.calls:
            layer.calls = calls
        model.epochs_trained = state.epochs_trained

    def is_well(self, loss):
        """Whether the epoch's mean loss, and the weights and optimizer it left, are finite."""
        left = [self.model.parameters, *self.model.optimizer.state.values()]
        if not np.isfinite(loss) or any(map(_is_bad, left)):
            return False
        if self._is_sound(loss):
            self._sound = self._begin
        self._lowest = min(loss, self._lowest)
        return True

    def _is_sound(self, loss):
        return loss <= self._lowest + (RUN_AWAY - 1) * abs(self._lowest)

    def find_trouble(self, examples, order, batch_size):
        """Replay the epoch to its first bad tensor; sets ``trouble`` and goes back."""
        self.go_back()
        batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        found = None
        for rows in batches:
            batch = _batch(self.model, examples, rows)
            if rows is batches[0] and self._is_sound(_loss(self.model, *batch)):
                self._sound = self._begin
            if found := _first_bad_tensor(self.model, *batch):
                break
        self.trouble = self._in_words(found or "the loss or a weight, somewhere in this epoch,")
        self._put_back(self._sound)

    def _in_words(self, where):
        optimizer = self.model.optimizer
        rate = optimizer.learning_rate
        clip = "" if optimizer.clipnorm or optimizer.clipvalue else ", or clipnorm=1.0"
        return (
            f"training left the finite numbers at step {optimizer.iterations + 1}:\n"
            f"{where} is NaN or infinite.\n"
            f"The learning rate was {rate:g}; try {rate / 10:g}{clip}, and check the scale of x"
            " and y.\n"
            "Weights and optimizer are back as they were before step"
            f" {self._sound.iterations + 1}."
        )


def _batch(model, examples, rows):
    x, y, weight = examples
    return eager.take(x, rows, model.dtype), y[rows], None if weight is None else weight[rows]


def _loss(model, x, y, weight):
    out, _ = eager.forward(model.batch_loss.steps, x)
    return model.batch_loss.value(model.batch_loss.values(y, out), weight)


def _first_bad_tensor(model, x, y, weight):
    """Take one training step; the first tensor in it that is not finite, in words, or None."""
    batch_loss = model.batch_loss
    steps = [(layer, step) for layer in model.layers for step in layer.steps]
    steps = steps[: len(batch_loss.steps)]  # without the last activation, if the loss has it
    out, caches = x, []
    for layer, step in steps:
        out, cache = step.forward(out, training=True)
        caches.append(cache)
        if _is_bad(out):
            return f"the output of layer {layer.name!r}"
    if _is_bad(batch_loss.value(batch_loss.values(y, out), weight)):
        return (
            f"the loss (the output of layer {layer.name!r} is as large as {abs(out).max():.0e})"
        )
    dy = batch_loss.gradient(y, batch_loss.predictions(out), weight)
    return _bad_gradient(model, steps, caches, dy) or _bad_update(model)


def _is_bad(array):
    return not is_finite(array)


def _bad_gradient(model, steps, caches, dy):
    if _is_bad(dy):
        return "the gradient of the loss"
    for (layer, step), cache in zip(reversed(steps), reversed(caches), strict=True):
        dy, grads = step.backward(dy, cache)
        model.store_gradients(step, grads)
        for name, gradient in grads.items():
            if _is_bad(gradient):
                return f"the gradient of parameter {name!r} of layer {layer.name!r}"
        if _is_bad(dy):
            return f"the gradient that layer {layer.name!r} hands back"
    return None


def _bad_update(model):
    model.optimizer.apply(model.parameters, model.gradient, model.gradient_tensors)
    kept = model.optimizer.state.items()
    bad = [f"{name!r} of the optimizer" for name, array in kept if _is_bad(array)]
    found = _bad_parameter(model) or (bad[0] if bad else None)
    if found is None:
        return None
    model.optimizer.iterations -= 1  # the optimizer has counted the step that is spoken of
    return f"after the update, {found}"


def _bad_parameter(model):
    for layer in model.layers:
        for name, array in layer.params.items():
            if _is_bad(array):
                return f"parameter {name!r} of layer {layer.name!r}"
    return None
