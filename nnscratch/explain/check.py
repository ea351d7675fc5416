"""Central differences beside the gradients, by the machinery of ``nn.gradcheck``."""

import copy
import types

import numpy as np

from nnscratch import gradient_check, ops
from nnscratch.engines import eager
from nnscratch.explain.expressions import exactly, given, number
from nnscratch.explain.page import Equation, Heading, Table
from nnscratch.explain.probe import brackets
from nnscratch.gradient_check import STEP
from nnscratch.layers import Dropout

TOLERANCE = 1e-6
MOST = 50  # numbers compared in each tensor
WIDTH_OF_STEP = f"{2 * STEP:g}"


class Check:
    """The loss of a trace's batch as a function of one number, around where it stood."""

    def __init__(self, trace):
        self.trace = trace
        model = _same_masks(copy.deepcopy(trace.model), trace.x.dtype)
        self.problem = gradient_check.model_problem(
            model, trace.x, trace.y, trace.sample_weight
        )

    def tensors(self):
        """A TensorCheck for x and each parameter."""
        rng = np.random.default_rng(0)
        names = self.problem.arrays
        return [self.problem.check(name, STEP, TOLERANCE, MOST, rng) for name in names]

    def slope(self, name, index):
        """(numeric gradient, its relative error, whether it is that of the step h).

        Where a kink or rounding is near, another step tells more; at a kink it is NaN.
        """
        problem, gradient = self.problem, self.problem.gradients[name]
        place = int(np.ravel_multi_index(index, gradient.shape))
        scale = np.abs(gradient).max() or 1.0
        plain, _ = problem.slope(name, place, STEP)
        numeric = plain
        if abs(numeric - gradient[index]) > TOLERANCE * scale:
            allowed = TOLERANCE * scale
            numeric = problem.second_look(name, place, STEP, gradient[index], plain, allowed)
        return numeric, abs(numeric - gradient[index]) / scale, numeric == plain

    def losses_beside(self, name, index):
        """L(w + h) and L(w - h)."""
        array = self.problem.arrays[name]
        place, w = int(np.ravel_multi_index(index, array.shape)), array[index]
        return [self.problem.terms_at(name, place, w + h).sum() for h in (STEP, -STEP)]

    def losses_beside_in_float32(self, layer, name, index):
        """The same, with every number of the network in float32."""
        model = _same_masks(copy.deepcopy(self.trace.model), self.trace.x.dtype)
        model.become("float32")
        array = model.get_layer(layer).params[name]
        w = array[index]
        return [self._loss32(model, array, index, w + h) for h in (STEP, -STEP)]

    def _loss32(self, model, array, index, value):
        array[index] = value
        x, y, weight = (
            a.astype(np.float32) if a is not None and a.dtype.kind == "f" else a
            for a in (self.trace.x, self.trace.y, self.trace.sample_weight)
        )
        calls = [(layer, layer.calls) for layer in model.layers if hasattr(layer, "calls")]
        out, _ = eager.forward(model.batch_loss.steps, x, training=True)
        for layer, count in calls:
            layer.calls = count
        return model.batch_loss.value(model.batch_loss.values(y, out), weight)


def _same_masks(model, dtype):
    """Let Dropout draw its masks in ``dtype`` also when the model computes in another format.

    The draws differ between the formats, and another mask is another network.
    """
    for layer in model.layers:
        if isinstance(layer, Dropout):
            vars(layer)["forward"] = types.MethodType(_forward_with_masks_in(dtype), layer)
    return model


def _forward_with_masks_in(dtype):
    def forward(layer, x, *, training=False):
        keep = type(layer).forward(layer, x.astype(dtype), training=training)[1]
        return (x if keep is None else ops.dropout(x, keep, layer.rate)), keep

    return forward


# ---- what the page says of it ----------------------------------------------------------------


def compare(page, check, layer, name, index):
    """The Equation of the numeric gradient, and how far backward is from it."""
    full = f"{layer.name}.{name}"
    slope, error, plain = check.slope(full, index)
    if np.isnan(slope):
        page.add(
            "numeric: this number sits at a kink of a ReLU, where the slope to the left is not"
            " the slope to the right: a central difference means nothing here."
        )
        return
    place, remark = name + brackets(*index), f"relative error {error:.0e}"
    if not plain:
        remark = f"with another h, as a kink or rounding is near; {remark}"
        page.add(
            Equation("numeric", f"(L({place} + h) - L({place} - h)) / 2h", None, slope, remark)
        )
        return
    up, down = check.losses_beside(full, index)
    numbers = (given(up) - given(down)) / exactly(WIDTH_OF_STEP)
    symbols = f"(L({place} + h) - L({place} - h)) / 2h, h = {STEP:g}"
    page.add(Equation("numeric", symbols, numbers, slope, remark))


def in_float32(page, check, layer, name, index):
    """What the same comparison would look like without float64."""
    up, down = check.losses_beside_in_float32(layer.name, name, index)
    gradient = float(check.problem.gradients[f"{layer.name}.{name}"][index])
    slope = (float(up) - float(down)) / (2 * STEP)
    numbers = (given(up) - given(down)) / exactly(WIDTH_OF_STEP)
    off = f"{100 * abs(slope - gradient) / abs(gradient):.2g} % off" if gradient else ""
    page.add(
        'A gradient check in float32 "fails" although nothing is wrong: a float32 loss has 7'
        " digits, and moving a weight by h changes only the last of them. The same difference,"
        " all of it in float32:",
        Equation("float32", "(L(W + h) - L(W - h)) / 2h", numbers, slope, off, digits=3),
        "nn.gradcheck allows 0.0001 %. So a gradient check is made in float64, as on this page,"
        " whatever the model trains in.",
    )


def chapter(page, check):
    """All gradients of the step against central differences, a line for each tensor."""
    trace = check.trace
    found = check.tensors()
    page.add(
        Heading("4. Are the gradients right? All of them, against central differences"),
        "Each number is moved by 0.00001 up and down, all in float64, and the loss is computed"
        f" anew; of large tensors {MOST} numbers. The error is relative to the tensor's"
        " largest gradient.",
        table(found, TOLERANCE),
        _verdict(found),
    )
    if trace.x.dtype == np.float32:
        page.add(_rounding(check))


def table(tensors, tolerance):
    """The Table of some TensorChecks."""
    rows = [
        [
            each.name,
            "ok" if each.error <= tolerance else "WRONG",
            f"{each.error:.0e}",
            brackets(*each.index),
            number(each.analytic, 6),
            number(each.numeric, 6),
            str(each.checked),
            str(each.kinks or "-"),
        ]
        for each in tensors
    ]
    header = ["tensor", "", "error", "worst at", "backward", "numeric", "compared", "kinks"]
    return Table(header, rows)


def _verdict(found):
    wrong = [each.name for each in found if each.error > TOLERANCE]
    if wrong:
        return f"WRONG: backward of {', '.join(wrong)} is not the derivative of forward."
    if any(each.kinks for each in found):
        return (
            "All agree. Numbers at a kink (a ReLU whose input is 0 within h) are left out:"
            " there the slope to the left is not the slope to the right."
        )
    return "All agree: backward is the derivative of forward."


def _rounding(check):
    worst = 0.0
    for seen in check.trace.layers:
        for name, gradient in seen.gradients.items():
            exact = check.problem.gradients[f"{seen.name}.{name}"]
            worst = max(worst, np.abs(gradient - exact).max() / (np.abs(exact).max() or 1))
    return (
        "The model trains in float32; its gradients differ from these float64 ones by at most"
        f" {worst:.0e} of a tensor's largest, which is rounding."
    )
