"""Vital signs of a recorded run: how well each layer is at every recorded step.

Every number comes from ``model.trace`` on the recorded parameters and the step's own batch, so
the signs are those of the very training that was recorded.
"""

from dataclasses import dataclass

import numpy as np

from nnscratch import blas

SATURATED = 0.98  # of a sigmoid's or tanh's way from its middle to its end


@dataclass(repr=False)
class Vitals:
    """The signs of K - 1 recorded steps of L layers; arrays are (K - 1, L) unless said.

    steps          (K - 1,) the steps' numbers, from 0
    gradient_norm  the length of dL/dW and dL/db together
    update_ratio   the length of the step over the length of the weights
    dead           the share of a ReLU layer's units that are 0 for every row of the batch
    saturated      the share of a sigmoid or tanh layer's outputs that lie flat at an end
    twins          the share of a layer's units whose weights are another unit's as well
    outside        (K - 1,) the share of predictions outside 0..1, where a cross-entropy on
                   probabilities clips them and their gradient is zero
    labels         (K - 1,) how many different labels the batch has, where labels are classes
    input_size     (K - 1,) the largest number that comes in
    first_bad      None, or (step, tensor) of the first number that is not finite
    """

    steps: np.ndarray
    gradient_norm: np.ndarray
    update_ratio: np.ndarray
    dead: np.ndarray
    saturated: np.ndarray
    twins: np.ndarray
    outside: np.ndarray
    labels: np.ndarray
    input_size: np.ndarray
    first_bad: tuple | None

    def __repr__(self):
        return f"<Vitals of {len(self.steps)} steps, {self.gradient_norm.shape[1]} layers>"


def of_run(run):
    """The Vitals of every recorded step of a Run."""
    clipped = not run.takes_logits and "Crossentropy" in _loss_name(run)
    model, lines, first_bad = run.model(), [], None
    # One limit for all traces: to set and lift it for each would cost more than they do.
    with blas.limited(model, run.document["batch_size"]), np.errstate(all="ignore"):
        for state, step in enumerate(run.state_steps[:-1]):
            run.put(model, state)
            rows = run.batch(step)
            trace = model.trace(run.arrays["x"][rows], run.arrays["y"][rows])
            lines.append(_signs(run, trace, state, step, clipped))
            first_bad = first_bad or _first_bad(trace, int(step))
    columns = {name: np.array([line[name] for line in lines]) for name in lines[0]}
    return Vitals(steps=run.state_steps[:-1], first_bad=first_bad, **columns)


def _loss_name(run):
    return run.document["loss"]["class_name"]


def _signs(run, trace, state, step, clipped):
    dense = [layer for layer in trace.layers if layer.z is not None]
    return {
        "gradient_norm": [_length(layer.gradients.values()) for layer in dense],
        "update_ratio": _update_ratios(run, dense, state, step),
        "dead": [_dead(layer) for layer in dense],
        "saturated": [_saturated(layer) for layer in dense],
        "twins": [_twins(layer.params["W"]) for layer in dense],
        "outside": _share((trace.predictions < 0) | (trace.predictions > 1)) if clipped else 0,
        "labels": len(np.unique(trace.y)) if trace.y.size == len(trace.y) else len(trace.y),
        "input_size": np.abs(dense[0].x).max(),
    }


def _length(arrays):
    return float(np.sqrt(sum(np.square(array.astype(float)).sum() for array in arrays)))


def _update_ratios(run, dense, state, step):
    """Of each layer: from the next step's parameters, or from the optimizer's own memory."""
    if run.state_steps[state + 1] != step + 1:
        pairs = [(_length(d.updates.values()), _length(d.params.values())) for d in dense]
        return [moved / (size or 1) for moved, size in pairs]
    before, after = run.parameters[state], run.parameters[state + 1]
    ratios, start = [], 0
    for layer in dense:
        part = slice(start, start := start + sum(a.size for a in layer.params.values()))
        ratios.append(_length([after[part] - before[part]]) / (_length([before[part]]) or 1))
    return ratios


def _share(mask):
    return float(np.mean(mask))


def _dead(layer):
    return _share((layer.y <= 0).all(axis=0)) if layer.activation == "relu" else 0.0


def _saturated(layer):
    if layer.activation == "sigmoid":
        return _share(np.abs(2 * layer.y - 1) > SATURATED)
    return _share(np.abs(layer.y) > SATURATED) if layer.activation == "tanh" else 0.0


def _twins(weights):
    """The share of columns of W (I, O) that come more than once."""
    _, counts = np.unique(weights, axis=1, return_counts=True)
    return float(counts[counts > 1].sum() / weights.shape[1])


def _first_bad(trace, step):
    """The first tensor of a step that is not finite, in the order in which it is computed."""
    dense = [layer for layer in trace.layers if layer.z is not None]
    for layer in dense:
        for name in ("W", "b"):
            if name in layer.params and not np.isfinite(layer.params[name]).all():
                return step, f"{name} of {layer.name}"
        for name in ("z", "y"):
            if not np.isfinite(getattr(layer, name)).all():
                return step, f"{name} of {layer.name}"
    if not np.isfinite(trace.loss):
        return step, "the loss"
    for layer in reversed(dense):
        for name in ("dz", "dx"):
            if not np.isfinite(getattr(layer, name)).all():
                return step, f"{name} of {layer.name}"
    return None
