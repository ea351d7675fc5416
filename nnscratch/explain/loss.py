"""The losses, to be worked out for one row; and where the batch becomes one number.

``t`` is a row of targets (O,) after label smoothing, ``p`` the predictions and ``z`` the logits
of the same row; a loss on classes has t as one-hot row.
"""

import numpy as np

from nnscratch import losses
from nnscratch.explain.expressions import (
    call,
    exactly,
    exp,
    given,
    left_out,
    log,
    number,
    products,
    total,
)
from nnscratch.explain.forward import shape
from nnscratch.explain.page import Equation, Formula, Heading, Table
from nnscratch.losses.formulas import EPSILON

ONE, TWO = exactly("1"), exactly("2")
MOST_ROWS = 8  # of the table


class RowLoss:
    """What a page says of one row's loss, and of its gradient by the network's last output.

    seen    the LayerTrace of the last layer
    logits  whether the gradient is by the logits: the loss is joined with the activation, or
            was told that the predictions are logits
    t, p, z (O,) of the followed row; z only where ``logits``
    """

    def __init__(self, trace, stop):
        self.loss, self.row, self.o = trace.model.loss, stop.row, stop.unit[0]
        self.joined = trace.model.batch_loss.joined
        self.from_logits = self.loss.from_logits
        self.outputs = trace.predictions.shape[1]
        self.p = self.z = trace.predictions[stop.row]
        if self.joined:
            self.z = (stop.seen.x if stop.seen.z is None else stop.seen.z)[stop.row]
        if self.from_logits:
            self.p = self.loss.activation.function(self.p)
        self.t = self._targets(trace.y[stop.row])
        self.weight = None if trace.sample_weight is None else trace.sample_weight[stop.row]
        self.divisor = self.loss.divisor(len(trace.x), trace.sample_weight)

    @property
    def logits(self):
        """Whether the gradient is by the logits."""
        return self.joined or self.from_logits

    @property
    def kind(self):
        """The loss's class among those whose formula is known here, or None."""
        return type(self.loss) if type(self.loss) in _VALUES else None

    def _targets(self, y):
        if self.loss.targets == "classes":
            return np.eye(self.outputs)[y]
        s = self.loss.label_smoothing
        choices = 2 if isinstance(self.loss, losses.BinaryCrossentropy) else self.outputs
        return y * (1 - s) + s / choices if s else y

    def value(self):
        """(symbols, Expression) of the row's loss, or None for a loss that is not known."""
        return _VALUES[self.kind](self) if self.kind else None

    def gradient(self):
        """(symbols, Expression) of d(batch loss)/d(last output), or None."""
        if not self.kind:
            return None
        table = _LOGIT_GRADIENTS if self.logits else _GRADIENTS
        symbols, expression = table[self.kind](self)
        if self.weight is not None:
            symbols, expression = f"{symbols} * weight", expression * given(self.weight)
        if self.loss.reduction == "sum":
            return symbols, expression
        return f"{symbols} / {self.divisor_name}", expression / given(self.divisor)

    @property
    def divisor_name(self):
        """``B``, or what else the sum over the batch is divided by."""
        weighted = self.loss.reduction == "mean_with_sample_weight" and self.weight is not None
        return "(sum of weights)" if weighted else "B"


def _over_outputs(row, symbols, expression):
    """A mean over the outputs; of one output it is that output's own."""
    if row.outputs == 1:
        return symbols, expression
    return f"{symbols} / O", expression / exactly(str(row.outputs))


# ---- values ----------------------------------------------------------------------------------


def _binary(row):
    p = row.p if row.logits else np.clip(row.p, EPSILON, 1 - EPSILON)
    each = [_surprise(t, q) for t, q in zip(row.t, p, strict=True)]
    if row.outputs == 1:
        return "-(t log(p) + (1 - t) log(1 - p))", each[0]
    mean = total(each, _sizes(each)) / exactly(str(row.outputs))
    return "-(sum over o of t log(p) + (1 - t) log(1 - p)) / O", mean


def _surprise(t, p):
    """One output's share; the half whose factor is 0 is left out."""
    if t == 1:
        return -log(given(p))
    if t == 0:
        return -log(ONE - given(p))
    return -(given(t) * log(given(p)) + given(1 - t) * log(ONE - given(p)))


def _sizes(terms):
    return [term.compute(17) for term in terms]


def _of_classes(row):
    p = row.p
    if not row.logits:
        p = np.clip(p / p.sum(), EPSILON, 1 - EPSILON)
    some = np.flatnonzero(row.t)
    each = [
        log(given(p[c])) if row.t[c] == 1 else given(row.t[c]) * log(given(p[c])) for c in some
    ]
    name = "p" if row.logits else "c"
    if len(each) == 1 and row.t[some[0]] == 1:
        return f"-log({name}[{some[0]}])", -each[0]
    return f"-(sum over c of t[c] log({name}[c]))", -total(each, _sizes(each))


def _sparse(row):
    if row.logits:
        return _of_classes(row)
    c, label = np.clip(row.p, EPSILON, 1 - EPSILON), int(row.t.argmax())
    below = total([given(each) for each in c], c)
    return f"log(sum of c) - log(c[{label}])", log(below) - log(given(c[label]))


def _squares(row):
    each = [(given(t) - given(p)) ** TWO for t, p in zip(row.t, row.p, strict=True)]
    return _over_outputs(row, _sum_name(row, "(t - p)^2"), total(each, _sizes(each)))


def _distances(row):
    each = [call("abs", abs, given(t) - given(p)) for t, p in zip(row.t, row.p, strict=True)]
    return _over_outputs(row, _sum_name(row, "|t - p|"), total(each, _sizes(each)))


def _sum_name(row, term):
    return term if row.outputs == 1 else f"(sum over o of {term})"


def _binary_from_logits(row):
    each = [
        call("max", max, given(z), exactly("0")) - given(z) * given(t) + _softplus(-abs(z))
        for t, z in zip(row.t, row.z, strict=True)
    ]
    symbols = _sum_name(row, "(max(z, 0) - z t + log(1 + exp(-|z|)))")
    return _over_outputs(row, symbols, total(each, _sizes(each)))


def _softplus(z):
    return log(ONE + exp(given(z)))


def _classes_from_logits(row):
    s, label = row.z - row.z.max(), int(row.t.argmax())
    below = total([exp(given(each)) for each in s], np.exp(s))
    symbols = f"log(sum over c of exp(s[c])) - s[{label}], s = z - max(z)"
    return symbols, log(below) - given(s[label])


_FROM_LOGITS = {
    losses.BinaryCrossentropy: _binary_from_logits,
    losses.CategoricalCrossentropy: _classes_from_logits,
    losses.SparseCategoricalCrossentropy: _classes_from_logits,
}
_VALUES = {
    losses.BinaryCrossentropy: _binary,
    losses.CategoricalCrossentropy: _of_classes,
    losses.SparseCategoricalCrossentropy: _sparse,
    losses.MeanSquaredError: _squares,
    losses.MeanAbsoluteError: _distances,
}


# ---- gradients -------------------------------------------------------------------------------


def _difference(row):
    return given(row.p[row.o]) - given(row.t[row.o])


def _p_minus_t(row):
    return "(p - t)", _difference(row)


def _p_minus_t_of_outputs(row):
    return _over_outputs(row, *_p_minus_t(row))


def _of_square(row):
    return _over_outputs(row, "2 (p - t)", TWO * _difference(row))


def _of_distance(row):
    sign = np.sign(row.p[row.o] - row.t[row.o])
    return _over_outputs(row, "sign(p - t)", exactly(f"{sign:.0f}"))


def _of_clipped_binary(row):
    p, t = row.p[row.o], given(row.t[row.o])
    if not EPSILON <= p <= 1 - EPSILON:
        return "0, as the clip acts", exactly("0")
    slope = (ONE - t) / (ONE - given(p)) - t / given(p)
    return _over_outputs(row, "((1 - t) / (1 - p) - t / p)", slope)


def _of_clipped_classes(row):
    q = row.p / row.p.sum()
    inside = (q >= EPSILON) & (q <= 1 - EPSILON)
    dq = np.where(inside, -row.t / np.clip(q, EPSILON, 1 - EPSILON), 0)
    slope = (given(dq[row.o]) - products(dq, q)) / given(row.p.sum())
    return "(dq - (sum over c of dq[c] q[c])) / (sum of p)", slope


def _of_clipped_sparse(row):
    c, label = np.clip(row.p, EPSILON, 1 - EPSILON), int(row.t.argmax())
    if c[row.o] != row.p[row.o]:
        return "0, as the clip acts", exactly("0")
    share = ONE / total([given(each) for each in c], c)
    if row.o != label:
        return "1 / (sum of c)", share
    return "(1 / (sum of c) - 1 / c)", share - ONE / given(c[label])


_GRADIENTS = {
    losses.BinaryCrossentropy: _of_clipped_binary,
    losses.CategoricalCrossentropy: _of_clipped_classes,
    losses.SparseCategoricalCrossentropy: _of_clipped_sparse,
    losses.MeanSquaredError: _of_square,
    losses.MeanAbsoluteError: _of_distance,
}
_LOGIT_GRADIENTS = {
    losses.BinaryCrossentropy: _p_minus_t_of_outputs,
    losses.CategoricalCrossentropy: _p_minus_t,
    losses.SparseCategoricalCrossentropy: _p_minus_t,
}


# ---- the chapter -----------------------------------------------------------------------------


def chapter(page, trace, row_loss):
    """Each row's loss, and the loss of the batch."""
    r = row_loss.row
    page.add(
        Heading("2. Loss: one number for the whole batch"),
        Formula([("losses = loss(y, p), one for each row", f"-> {shape(trace.losses)}")]),
        _table(trace, r),
        _of_row(row_loss, trace.losses[r]),
        _batch(trace, row_loss),
        _sum_or_mean(trace, row_loss),
        "This L is from before the update, with Dropout at work where there is one. The loss"
        " that fit shows is a running mean of such numbers, while the weights move on; evaluate"
        " asks the weights of the end, without Dropout. So the two differ.",
    )


def _of_row(row_loss, value):
    """The row's loss by its textbook formula, or by the logits where that loses its digits."""
    name = f"losses[{row_loss.row}]"
    symbols, numbers = row_loss.value() or ("", None)
    equation = Equation(name, symbols, numbers, value, _half(row_loss))
    if equation.exact or not row_loss.logits or (row_loss.t % 1).any():
        return equation
    symbols, numbers = _FROM_LOGITS[row_loss.kind](row_loss)
    remark = f"the same as {equation.symbols}, where p has too few digits left"
    return Equation(name, symbols, numbers, value, remark)


def _half(row_loss):
    binary = row_loss.kind is losses.BinaryCrossentropy and row_loss.outputs == 1
    t = row_loss.t[row_loss.o]
    return f"t = {t:.0f}: the other half is 0" if binary and t in (0, 1) else ""


def _table(trace, row):
    """Targets, predictions and losses of the first rows, with the followed one among them."""
    rows = list(range(len(trace.x)))[:MOST_ROWS]
    rows = rows if row in rows else [*rows[:-1], row]
    lines = [
        [str(r), _texts(trace.y[r]), _texts(trace.predictions[r]), number(trace.losses[r])]
        for r in rows
    ]
    names = ["logits" if trace.model.loss.from_logits else "p"]
    return Table(["row", "y", *names, "loss"], lines)


def _texts(values):
    values = np.atleast_1d(values)
    more = " ..." if len(values) > 4 else ""
    return " ".join(number(value) for value in values[:4]) + more


def _batch(trace, row_loss):
    values, weight = trace.losses, trace.sample_weight
    sizes = values if weight is None else values * weight
    if weight is None:
        summed, symbols = total([given(v) for v in values], values), "(sum of losses)"
    else:
        summed, symbols = products(values, weight), "(sum of losses * weights)"
    if row_loss.loss.reduction == "sum":
        return Equation("L", symbols, summed, trace.loss, left_out(sizes, "terms"))
    divided = summed / given(row_loss.divisor)
    symbols = f"{symbols} / {row_loss.divisor_name}"
    return Equation("L", symbols, divided, trace.loss, left_out(sizes, "terms"))


def _sum_or_mean(trace, row_loss):
    rows = len(trace.x)
    if row_loss.loss.reduction == "sum":
        return (
            f"Sum or mean over the batch? This loss was given reduction='sum', so nothing is"
            f" divided: a batch of {2 * rows} rows would have gradients twice as large, and"
            " would need half the learning rate."
        )
    return (
        f"Sum or mean over the batch? The mean: L is divided by {row_loss.divisor_name} ="
        f" {number(row_loss.divisor)}, once. On the way back the same division is in the first"
        " gradient below, and nowhere else: every later sum over rows is a plain sum. So the"
        " gradients do not grow with the batch. (Divide a second time, as in"
        " dW = x.T @ dz / B, and every gradient is B times too small.)"
    )
