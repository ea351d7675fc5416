"""The update: what the optimizer makes of the gradients, for one weight in numbers."""

import copy
import math

import numpy as np

from nnscratch import optimizers
from nnscratch.engines import eager
from nnscratch.explain.expressions import exactly, given, number, setting, sqrt
from nnscratch.explain.page import Equation, Formula, Heading, Table
from nnscratch.explain.probe import brackets

ONE = exactly("1")


class Weight:
    """One weight in one step: w before, g as the optimizer used it, w_new, and the slots."""

    def __init__(self, trace, seen, name, index):
        self.optimizer = trace.model.optimizer
        self.t, self.rate = trace.step, trace.learning_rate
        self.name = f"{seen.name}.{name}{brackets(*index)}"
        self.w, self.w_new = seen.params[name][index], seen.new_params[name][index]
        self.g, self.raw = seen.clipped[name][index], seen.gradients[name][index]
        self.update = seen.updates[name][index]
        self.old = {slot: array[index] for slot, array in seen.slots[name].items()}
        self.new = {slot: array[index] for slot, array in seen.new_slots[name].items()}


def chapter(page, trace, stops):
    """The formulas, one weight in numbers, the others in a table, and what it did to L."""
    page.add(Heading("5. Update: what the optimizer makes of it"))
    weights = [
        Weight(trace, stop.seen, "W", (*stop.source, *stop.unit))
        for stop in stops
        if stop.is_dense
    ]
    if weights:
        page.add(f"The weight {weights[-1].name}, in step {trace.step}:")
        one_weight(page, weights[-1])
        page.add("All the weights on the path:", _table(weights))
        page.add(*filter(None, [_against_the_gradient(weights)]))
    _what_it_did(page, trace)


def one_weight(page, weight):
    """The optimizer's formula with this weight's numbers."""
    _clipping(page, weight)
    for kind, write in _OPTIMIZERS.items():
        if type(weight.optimizer) is kind:
            write(page, weight)
            return
    page.add(
        Equation("update", "w_new - w", given(weight.w_new) - given(weight.w), weight.update)
    )


def _clipping(page, weight):
    if weight.raw == weight.g:
        return
    optimizer = weight.optimizer
    how = (
        f"each number is cut to +-{optimizer.clipvalue:g}"
        if optimizer.clipvalue is not None
        else f"the tensor is scaled down to the length {optimizer.clipnorm:g}"
    )
    page.add(
        f"The gradient is clipped first ({how}): {number(weight.raw)} becomes"
        f" {number(weight.g)}."
    )


def _table(weights):
    slots = list(weights[0].new)[:2]  # for more there is no room
    header = ["weight", "w", "g", *(f"new {slot}" for slot in slots), "update", "new w"]
    rows = [
        [
            each.name,
            number(each.w, 5),
            *(number(v) for v in (each.g, *(each.new[slot] for slot in slots), each.update)),
            number(each.w_new, 5),
        ]
        for each in weights
    ]
    return Table(header, rows)


def _moved(page, weight, symbols, update):
    """The update by its formula, and the new weight."""
    page.add(
        Equation("update", symbols, update, weight.update),
        Equation(
            "new w",
            "w + update",
            given(weight.w) + given(weight.update),
            weight.w_new,
            digits=6,
        ),
    )


def _against_the_gradient(weights):
    """A sentence on a weight that moved uphill: its mean remembers other batches."""
    for each in weights:
        if each.update * each.g > 0:
            return (
                f"{each.name} moves with this batch's gradient, not against it: what the"
                " optimizer remembers of earlier batches weighs more."
            )
    return ""


# ---- SGD -------------------------------------------------------------------------------------


def _sgd(page, weight):
    if weight.optimizer.momentum:
        _momentum(page, weight)
        return
    page.add(Formula([("w <- w - lr * g", "downhill; the steeper, the further")]))
    _moved(page, weight, "-lr * g", -setting(weight.rate) * given(weight.g))


def _momentum(page, weight):
    mu, rate, g = setting(weight.optimizer.momentum), setting(weight.rate), given(weight.g)
    old, new = weight.old["velocity"], weight.new["velocity"]
    ahead = weight.optimizer.nesterov
    move = "w <- w + mu v - lr * g" if ahead else "w <- w + v"
    page.add(
        Formula(
            [
                ("v <- mu v - lr * g", "earlier steps fade, by the factor mu each time"),
                (move, "Nesterov: with the gradient of a step ahead" if ahead else ""),
            ]
        ),
        Equation("v", "mu v - lr * g", mu * given(old) - rate * g, new),
    )
    if ahead:
        _moved(page, weight, "mu v - lr * g", mu * given(new) - rate * g)
    else:
        _moved(page, weight, "v", given(new))


# ---- Adam ------------------------------------------------------------------------------------


def _adam(page, weight):
    g, old, new = given(weight.g), weight.old, weight.new
    beta_1, beta_2 = weight.optimizer.beta_1, weight.optimizer.beta_2
    step = weight.optimizer.bias_corrected(weight.rate, weight.t)
    page.add(
        Formula(
            [
                ("m <- m + (g - m) (1 - beta_1)", "running mean of g"),
                ("v <- v + (g^2 - v) (1 - beta_2)", "running mean of g^2"),
                ("w <- w - step * m / (sqrt(v) + epsilon)", "about lr, at any scale of g"),
            ]
        ),
        Equation("m", "", _toward(old["m"], g, beta_1), new["m"]),
        Equation("v", "", _toward(old["v"], g ** exactly("2"), beta_2), new["v"]),
        Equation("step", "lr * sqrt(1 - beta_2^t) / (1 - beta_1^t)", _adam_step(weight), step),
    )
    _moved(page, weight, "-step * m / (sqrt(v) + epsilon)", _adam_move(weight, step))
    page.add(_bias_correction(weight, step))
    _epsilon(page, weight, step)


def _toward(mean, target, beta):
    """A running mean on its way: mean + (target - mean) (1 - beta)."""
    return given(mean) + (target - given(mean)) * (ONE - setting(beta))


def _adam_step(weight):
    t = exactly(str(weight.t))
    below_1, below_2 = (
        ONE - setting(np.float32(beta)) ** t  # as Keras rounds them, see optimizers.py
        for beta in (weight.optimizer.beta_1, weight.optimizer.beta_2)
    )
    return setting(weight.rate) * sqrt(below_2) / below_1


def _adam_move(weight, step):
    new, epsilon = weight.new, setting(weight.optimizer.epsilon)
    return -given(step) * given(new["m"]) / (sqrt(given(new["v"])) + epsilon)


def _bias_correction(weight, step):
    return (
        "m and v began at 0, and the two powers in step undo that pull towards 0: in step"
        f" {weight.t}, step is {number(float(step) / float(weight.rate))} times lr."
    )


def _epsilon(page, weight, step):
    """Where epsilon stands, and what it does to this very weight."""
    root, epsilon = math.sqrt(weight.new["v"]), weight.optimizer.epsilon
    page.add(
        f"Epsilon, {epsilon:g}, stands beside sqrt(v), before v is corrected for its start at 0"
        ' (Kingma and Ba\'s "epsilon hat"; Keras does the same).'
        + (
            " Here g was 0 in every step, and epsilon keeps 0 / 0 out: the weight stays."
            if root == 0
            else f" Here sqrt(v) is {number(root)}, so epsilon makes the step"
            f" {_percent(epsilon / (root + epsilon))} smaller."
        )
    )
    if root:
        page.add(
            "PyTorch corrects v first, and adds epsilon to the root of that: with the same"
            f" epsilon its new w would be {number(abs(_other_epsilon(weight, step)), 2)} away"
            " from this one. Only where sqrt(v) is about as small as epsilon does it matter."
        )


def _other_epsilon(weight, step):
    """How far apart the new w is if epsilon is added to the corrected root."""
    m, v = (float(weight.new[slot]) for slot in "mv")
    shrunk = math.sqrt(1 - weight.optimizer.beta_2**weight.t)
    here = float(step) * m / (math.sqrt(v) + weight.optimizer.epsilon)
    there = float(step) * m / (math.sqrt(v) + weight.optimizer.epsilon * shrunk)
    return here - there


def _percent(share):
    return f"{number(100 * share, 2)} %"


# ---- RMSprop ---------------------------------------------------------------------------------


def _rmsprop(page, weight):
    optimizer, g, new = weight.optimizer, given(weight.g), weight.new
    page.add(Formula(_rmsprop_formulas(optimizer)))
    squares = _fading(optimizer.rho, weight.old["v"], g ** exactly("2"))
    page.add(Equation("v", "", squares, new["v"]))
    spread, symbols = given(new["v"]), "v"
    if optimizer.centered:
        page.add(
            Equation("mean", "", _fading(optimizer.rho, weight.old["mean"], g), new["mean"])
        )
        spread, symbols = spread - given(new["mean"]) ** exactly("2"), "v - mean^2"
    step = setting(weight.rate) * g / sqrt(spread + setting(optimizer.epsilon))
    symbols = f"lr * g / sqrt({symbols} + epsilon)"
    if not optimizer.momentum:
        _moved(page, weight, f"-{symbols}", -step)
        return
    velocity = setting(optimizer.momentum) * given(weight.old["velocity"]) + step
    page.add(Equation("velocity", f"mu velocity + {symbols}", velocity, new["velocity"]))
    _moved(page, weight, "-velocity", -given(new["velocity"]))


def _fading(rho, mean, target):
    """A running mean: rho mean + (1 - rho) target."""
    return setting(rho) * given(mean) + (ONE - setting(rho)) * target


def _rmsprop_formulas(optimizer):
    below = "v - mean^2 + epsilon" if optimizer.centered else "v + epsilon"
    rows = [("v <- rho v + (1 - rho) g^2", "running mean of g^2")]
    if optimizer.centered:
        rows.append(("mean <- rho mean + (1 - rho) g", "v - mean^2 is a variance"))
    inside = "epsilon stands inside the root"
    if not optimizer.momentum:
        return [*rows, (f"w <- w - lr * g / sqrt({below})", inside)]
    rows.append((f"move = lr * g / sqrt({below})", inside))
    return [
        *rows,
        ("velocity <- mu velocity + move", "steps collect"),
        ("w <- w - velocity", ""),
    ]


_OPTIMIZERS = {
    optimizers.SGD: _sgd,
    optimizers.Adam: _adam,
    optimizers.RMSprop: _rmsprop,
}


# ---- and the loss ----------------------------------------------------------------------------


def _what_it_did(page, trace):
    """L of the same rows after the step, beside what the slopes promise."""
    promised = sum(
        float((layer.gradients[name] * layer.updates[name]).sum(dtype=np.float64))
        for layer in trace.layers
        for name in layer.params
    )
    after = _loss_after(trace)
    page.add(
        "Was it worth it? If L were a plane, it would change by the sum of gradient * update"
        f" over all weights: {number(promised)}. On the same rows it really changes:",
        Equation(
            "change",
            "(L after) - (L before)",
            given(after) - given(trace.loss),
            float(after) - float(trace.loss),
            "the rest is curvature",
        ),
    )


def _loss_after(trace):
    model = copy.deepcopy(trace.model)
    for layer, seen in zip(model.layers, trace.layers, strict=True):
        layer.params.update(seen.new_params)
    return eager.gradients(model, trace.x, trace.y, trace.sample_weight)[0]
