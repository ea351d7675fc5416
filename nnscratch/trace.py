"""One training step with nothing forgotten: what went forward, what came back, what would move.

A trace is the eager engine itself (``engines/eager.py``), run on a copy of the model whose
steps are each watched by a ``_Witness``. There is no arithmetic here, so what a trace shows is
what training does.
"""

import copy
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from nnscratch.engines import eager
from nnscratch.losses import BatchLoss

JOINED = (
    "the loss and this {name} are joined: {gradient} is computed at once from the predictions"
    " and the targets, and no dy ever exists"
)
NOT_AFFINE = "only a Dense layer has logits between its inputs and its outputs"


@dataclass(repr=False)
class LayerTrace:
    """What one layer saw and did in the step; the arrays are the trace's own.

    name, layer  the layer's name, and the layer itself, as it was before the step
    activation   the name of its activation function, or None
    x, y         (B, ...) what came in and what went out
    z            (B, O) a Dense layer's logits; None for other layers
    dy, dz, dx   the loss's derivative by y, z and x, each with the shape of its twin
    absent       {"dy" or "z" or "dz": why there is none, in words}
    params       {name: array} before the step; new_params after it
    gradients    {name: dL/d(params[name])}, as the backward pass gave them
    clipped      the same as the optimizer used them: smaller where it clips, else equal
    updates      {name: new_params[name] - params[name]}
    slots        {name: {"m": array, ...}}, the optimizer's memory of each parameter before the
                 step (zeros before the first); new_slots after it
    """

    name: str
    layer: Any
    activation: str | None
    x: np.ndarray
    y: np.ndarray
    dx: np.ndarray
    dy: np.ndarray | None
    z: np.ndarray | None
    dz: np.ndarray | None
    absent: dict
    params: dict
    new_params: dict
    gradients: dict
    clipped: dict
    updates: dict
    slots: dict
    new_slots: dict

    def __repr__(self):
        return f"<LayerTrace {self.name!r}: {_shape(self.x)} -> {_shape(self.y)}>"


@dataclass(repr=False)
class Trace:
    """One training step in full; ``print`` it to read it as a worked page.

    x, y           (B, ...) the rows in the model's number format, (B,) or (B, O) their targets
    sample_weight  (B,), or None
    predictions    (B, O) what ``predict`` would give, but with Dropout at work
    losses         (B,) the loss of each row, before weights
    loss           the batch's, a scalar: by it the gradients are derivatives
    layers         a LayerTrace each, from the input to the output
    model          a copy of the model as it was before the step
    step           the optimizer's count of this step, from 1; learning_rate: its rate
    """

    x: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None
    predictions: np.ndarray
    losses: np.ndarray
    loss: np.floating
    layers: list
    model: Any
    step: int
    learning_rate: np.floating

    def __getitem__(self, name):
        """The LayerTrace of the layer with that name, or at that place."""
        if isinstance(name, str):
            index = [layer.name for layer in self.layers].index(self.model.get_layer(name).name)
            return self.layers[index]
        return self.layers[name]

    def __repr__(self):
        return f"<Trace of {self.model.name!r}: {len(self.x)} rows, loss {self.loss:.6g}>"

    def __str__(self):
        return str(_page(self))

    def _repr_html_(self):
        return _page(self)._repr_html_()


def record(model, x, y, sample_weight=None):
    """The Trace of one training step on these rows; the model stays exactly as it is.

    x, y, sample_weight  as the engines take them: checked, and y in the loss's own form
    """
    before, after = copy.deepcopy(model), copy.deepcopy(model)
    rows = np.arange(len(x))
    x, y = eager.take(x, rows, model.dtype), y[rows]
    weight = None if sample_weight is None else sample_weight[rows]
    seen = _see(after, x, y, weight)
    gradients = after.gradient.copy()
    optimizer = after.optimizer
    optimizer.apply(after.parameters, after.gradient, after.gradient_tensors)
    return Trace(
        x=x,
        y=y,
        sample_weight=weight,
        predictions=seen.predictions,
        losses=seen.losses,
        loss=seen.loss,
        layers=_layers(before, after, seen.flows, gradients),
        model=before,
        step=optimizer.iterations,
        learning_rate=optimizer.rate(optimizer.iterations, model.dtype.type),
    )


@dataclass(repr=False)
class Seen:
    """What was seen forward and back; ``flows`` are each layer's x, z, y, dy, dz, dx."""

    loss: np.floating
    losses: np.ndarray
    predictions: np.ndarray
    flows: list
    gradients: list


def see(model, x, y):
    """What ``record`` sees of these rows, without the update and without a copy of the model.

    ``gradients`` are {parameter name: array} of each layer. For a Recorder, that does this in
    the midst of a training; a Dropout would draw, which is why ``record`` takes copies.
    """
    kept = model.gradient.copy()
    try:
        seen = _see(model, x.astype(model.dtype, copy=False), y)
        seen.gradients = _by_layer(model, model.gradient)
    finally:
        model.gradient[...] = kept
    return seen


def _see(model, x, y, sample_weight=None):
    watched = _Watched(model)
    batch_loss = watched.batch_loss
    loss, predictions = eager.gradients(watched, x, y, sample_weight)
    flows = _flows(model.layers, batch_loss, predictions)
    return Seen(loss, batch_loss.losses, predictions, flows, gradients=[])


# ---- watching --------------------------------------------------------------------------------


class _Witness:
    """Stands in a step's place, hands everything on, and keeps a copy of it."""

    def __init__(self, step):
        self.step = step

    def forward(self, x, *, training=False):
        self.x = x.copy()
        y, cache = self.step.forward(x, training=training)
        self.y = y.copy()
        return y, cache

    def backward(self, dy, cache):
        self.dy = dy.copy()
        dx, grads = self.step.backward(dy, cache)
        self.dx = dx.copy()
        return dx, grads


class _WatchedLoss(BatchLoss):
    """A model's BatchLoss with a witness for each step; ``losses`` are those of the rows."""

    def __init__(self, batch_loss):
        vars(self).update(vars(batch_loss))
        self.steps = [_Witness(step) for step in batch_loss.steps]

    def values(self, y, out):
        self.out = out.copy()
        self.losses = super().values(y, out)
        return self.losses.copy()

    def gradient(self, y, predictions, sample_weight=None):
        self.d_out = super().gradient(y, predictions, sample_weight)
        return self.d_out.copy()


class _Watched:
    """As much of a model as ``eager.gradients`` needs, with witnesses in it."""

    def __init__(self, model):
        self.model = model
        self.batch_loss = _WatchedLoss(model.batch_loss)

    def store_gradients(self, witness, grads):
        self.model.store_gradients(witness.step, grads)


# ---- sorting by layer ------------------------------------------------------------------------


def _layers(before, after, flows, gradients):
    """A LayerTrace for each layer, from what flowed through it and from the flat vectors."""
    vectors = {
        "params": before.parameters,
        "new_params": after.parameters,
        "gradients": gradients,
        "clipped": after.gradient,
        "updates": after.parameters - before.parameters,
    }
    by_kind = {kind: _by_layer(before, vector) for kind, vector in vectors.items()}
    by_kind["slots"] = _slots(before, after)
    by_kind["new_slots"] = _slots(after, after)
    traces = []
    for i, (layer, flow) in enumerate(zip(before.layers, flows, strict=True)):
        named = {kind: values[i] for kind, values in by_kind.items()}
        traces.append(LayerTrace(layer.name, layer, _activation(layer), **flow, **named))
    return traces


def _flows(layers, batch_loss, predictions):
    witnesses, flows = list(batch_loss.steps), []
    for layer in layers:
        seen = [witnesses.pop(0) for _ in layer.steps if witnesses]
        if batch_loss.joined and layer is layers[-1]:
            flows.append(_joined_flow(layer, seen, batch_loss, predictions))
        else:
            flows.append(_flow(layer, seen))
    return flows


def _activation(layer):
    return getattr(getattr(layer, "activation", None), "name", None)


def _flow(layer, seen):
    """x, z, y, dy, dz, dx and what is absent, as the layer's witnesses saw them."""
    first, last = seen[0], seen[-1]
    flow = {"x": first.x, "y": last.y, "dy": last.dy, "dx": first.dx}
    if len(layer.steps) == 2:
        return flow | {"z": first.y, "dz": first.dy, "absent": {}}
    return flow | _without_logits({})


def _joined_flow(layer, seen, batch_loss, predictions):
    """The same for the last layer, where the loss has taken over its activation."""
    out, d_out = batch_loss.out, batch_loss.d_out
    absent = {"dy": JOINED.format(name=_activation(layer), gradient="dz" if seen else "dx")}
    flow = {"y": predictions.copy(), "dy": None}
    if not seen:
        return flow | {"x": out, "dx": d_out} | _without_logits(absent)
    return flow | {"x": seen[0].x, "z": out, "dz": d_out, "dx": seen[0].dx, "absent": absent}


def _without_logits(absent):
    return {"z": None, "dz": None, "absent": {"z": NOT_AFFINE, "dz": NOT_AFFINE} | absent}


def _by_layer(model, vector):
    """A copy of the parts of a vector (N,): for each layer {parameter name: array}."""
    parts, start = [], 0
    for layer in model.layers:
        found = {}
        for name, array in layer.params.items():
            part = vector[start : start + array.size]
            found[name] = part.reshape(array.shape).copy()
            start += array.size
        parts.append(found)
    return parts


def _slots(model, after):
    """For each layer {parameter name: {slot: array}}; ``after`` tells which slots there are."""
    state = {
        slot: model.optimizer.state.get(slot, np.zeros_like(vector))
        for slot, vector in after.optimizer.state.items()
    }
    by_slot = {slot: _by_layer(model, vector) for slot, vector in state.items()}
    return [
        {name: {slot: parts[i][name] for slot, parts in by_slot.items()} for name in arrays}
        for i, arrays in enumerate(layer.params for layer in model.layers)
    ]


# ---- showing ---------------------------------------------------------------------------------


def _shape(array):
    return " x ".join(map(str, array.shape))


def _page(trace):
    # What explains a trace needs models and gradcheck, which stand above this module; so it is
    # asked for by name, and only when somebody wants to read.
    return import_module("nnscratch.explain").explain(trace)
