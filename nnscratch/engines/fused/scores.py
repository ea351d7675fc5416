"""Loss, gradient and accuracy of one example: the formulas of ``nnscratch.losses``.

z  the row that the network gave: logits, or predictions where no loss joins    (O,)
t  the row of targets (O,), or the example's label
p  the predictions, written here                                                 (O,)
d  the derivative of the row's loss by z, written here, before weights and mean  (O,)
"""

import math

import numpy as np
from numba.extending import overload

from nnscratch.engines import plan
from nnscratch.engines.fused.arithmetic import exp_of_negative, like, log_of_one_and, softmax
from nnscratch.engines.fused.compiling import BY_ITSELF, OPTIONS, part
from nnscratch.engines.plan import (
    BINARY_ACCURACY,
    NO_ACCURACY,
    SPARSE_ACCURACY,
    SUM,
    WEIGHTED_MEAN,
)
from nnscratch.losses.formulas import EPSILON


@part
def score_rows(goal, z, rows, start, first, last, p, d, values, hits):
    """Score the examples first..last-1 of a batch whose rows begin at ``start`` of the order.

    values, hits  (B,)  each one's loss, with its weight, and its accuracy
    """
    outputs = goal.outputs
    for i in range(first, last):
        row = rows.order[start + i]
        label = rows.labels[row] if rows.labels.size > 0 else 0
        t = rows.targets[row] if rows.targets.size > 0 else p[i]
        values[i] = score(goal, z[i], label, t, p[i], d[i])
        if goal.accuracy != NO_ACCURACY:
            hits[i] = _accuracy(goal, label, t, p[i], outputs)
        if rows.weights.size > 0:
            values[i] *= rows.weights[row]
            for j in range(outputs):
                d[i, j] *= rows.weights[row]


def score_column(goal, z, rows, start, p, d, values, hits):
    """Score a batch of a single output that stand side by side, all arrays (B,).

    Returns whether it was done: that takes a loss that looks at every output by itself. Side by
    side the examples become vector arithmetic, which rows of one number are not.
    """
    return _way(type(goal))(goal, z, rows, start, p, d, values, hits)


@overload(score_column, jit_options=OPTIONS)
def _score_column(goal, z, rows, start, p, d, values, hits):
    return _way(goal.instance_class)


def _way(kind):
    return _side_by_side if kind in FORMULAS_OF_ONE else _not_done


def _not_done(goal, z, rows, start, p, d, values, hits):
    return False


def _side_by_side(goal, z, rows, start, p, d, values, hits):
    if goal.outputs != 1 or goal.accuracy not in (NO_ACCURACY, BINARY_ACCURACY):
        return False
    for i in range(z.size):  # the targets; their place is then taken by the loss
        values[i] = rows.targets[rows.order[start + i], 0]
    for i in range(z.size):
        p[i], d[i], values[i] = score_one(goal, z[i], values[i])
    if goal.accuracy == BINARY_ACCURACY:
        for i in range(z.size):
            hits[i] = _is_right(goal, p[i], rows.targets[rows.order[start + i], 0])
    if rows.weights.size > 0:
        for i in range(z.size):
            weight = rows.weights[rows.order[start + i]]
            values[i] *= weight
            d[i] *= weight
    return True


@part
def divisor(goal, rows, start, count):
    """What the sum over a batch is divided by: see ``nnscratch.losses.Loss.divisor``."""
    total = rows.targets.dtype.type(count)
    if goal.reduction == SUM:
        total = rows.targets.dtype.type(1)
    elif goal.reduction == WEIGHTED_MEAN and rows.weights.size > 0:
        total = rows.targets.dtype.type(0)
        for i in range(start, start + count):
            total += rows.weights[rows.order[i]]
        if total == 0:  # the loss is then 0, not 0 / 0
            total = rows.targets.dtype.type(1)
    return total


@part
def add_up(values, hits, count, share, totals):
    """Add a batch to the running sums: its mean loss times its rows, and its accuracy."""
    loss = values.dtype.type(0)
    accuracy = values.dtype.type(0)
    for i in range(count):
        loss += values[i]
    for i in range(count):
        accuracy += hits[i]
    totals[0] += loss / share * values.dtype.type(count)
    totals[1] += accuracy


@part
def _smooth(t, smoothing, choices):
    """``t (1 - s) + s / choices`` in t's number format: t itself, where s is 0."""
    return t * like(t, 1 - smoothing) + like(t, smoothing / choices)


@part
def _clip(p):
    low, high = like(p, EPSILON), like(p, 1 - EPSILON)
    return min(max(p, low), high), p >= low and p <= high


@part
def _copy(row, to, count):
    for j in range(count):
        to[j] = row[j]


def _sparse_from_logits(goal, z, label, t, p, d):
    largest, log_sum = softmax(z, p, goal.outputs)
    value = log_sum - (z[label] - largest)
    _copy(p, d, goal.outputs)
    d[label] -= 1
    if not goal.joined:  # the model's own output is the logits: so are its predictions
        _copy(z, p, goal.outputs)
    return value


def _categorical_from_logits(goal, z, label, t, p, d):
    value = z.dtype.type(0)
    largest, log_sum = softmax(z, p, goal.outputs)
    for j in range(goal.outputs):
        share = _smooth(t[j], goal.smoothing, goal.outputs)
        d[j] = p[j] - share
        value -= share * (z[j] - largest - log_sum)
    if not goal.joined:
        _copy(z, p, goal.outputs)
    return value


def _categorical_clipped(goal, z, label, t, p, d):
    _copy(z, p, goal.outputs)
    total = value = back = z.dtype.type(0)
    for j in range(goal.outputs):
        total += p[j]
    for j in range(goal.outputs):
        share = _smooth(t[j], goal.smoothing, goal.outputs)
        q = p[j] / total
        c, inside = _clip(q)
        d[j] = -share / c if inside else 0
        value -= share * math.log(c)
        back += d[j] * q
    for j in range(goal.outputs):
        d[j] = (d[j] - back) / total
    return value


def _sparse_clipped(goal, z, label, t, p, d):
    _copy(z, p, goal.outputs)
    one, total = z.dtype.type(1), z.dtype.type(0)
    for j in range(goal.outputs):
        total += _clip(p[j])[0]
    right, _ = _clip(p[label])
    for j in range(goal.outputs):
        _, inside = _clip(p[j])
        own = one / right if j == label else z.dtype.type(0)
        d[j] = one / total - own if inside else 0
    return math.log(total) - math.log(right)


# ---- Losses that look at every output by itself: (prediction, derivative, loss) of one -------


def _binary_from_logit(goal, z, t):
    zero, one = like(z, 0), like(z, 1)
    share = _smooth(t, goal.smoothing, 2)
    e = exp_of_negative(-abs(z))
    p = (one if z >= zero else e) / (one + e)
    value = max(z, zero) + log_of_one_and(e) - z * share
    return (p if goal.joined else z), p - share, value


def _binary_clipped(goal, z, t):
    one = like(z, 1)
    share = _smooth(t, goal.smoothing, 2)
    c, inside = _clip(z)
    slope = (one - share) / (one - c) - share / c if inside else like(z, 0)
    return z, slope, -share * math.log(c) - (one - share) * math.log(one - c)


def _squared_error(goal, z, t):
    error = z - t
    return z, like(z, 2) * error, error * error


def _absolute_error(goal, z, t):
    error = z - t
    return z, np.sign(error), abs(error)


FORMULAS_OF_ONE = {
    plan.BinaryFromLogits: _binary_from_logit,
    plan.BinaryClipped: _binary_clipped,
    plan.SquaredError: _squared_error,
    plan.AbsoluteError: _absolute_error,
}


def score_one(goal, z, t):
    """One output's prediction, the loss's derivative by z, and the loss."""
    return FORMULAS_OF_ONE[type(goal)](goal, z, t)


@overload(score_one, jit_options=BY_ITSELF)
def _score_one(goal, z, t):
    return FORMULAS_OF_ONE[goal.instance_class]


def _output_by_output(goal, z, label, t, p, d):
    value, width = z.dtype.type(0), z.dtype.type(goal.outputs)
    for j in range(goal.outputs):
        p[j], slope, loss = score_one(goal, z[j], t[j])
        d[j] = slope / width
        value += loss
    return value / width


FORMULAS = {
    plan.CategoricalFromLogits: _categorical_from_logits,
    plan.CategoricalClipped: _categorical_clipped,
    plan.SparseFromLogits: _sparse_from_logits,
    plan.SparseClipped: _sparse_clipped,
} | dict.fromkeys(FORMULAS_OF_ONE, _output_by_output)


def score(goal, z, label, t, p, d):
    """The loss of one row, as the class of ``goal`` says; p and d are written."""
    return FORMULAS[type(goal)](goal, z, label, t, p, d)


@overload(score, jit_options=OPTIONS)
def _score(goal, z, label, t, p, d):
    return FORMULAS[goal.instance_class]


@part
def _is_right(goal, p, t):
    """Whether one yes-or-no output says what its target says."""
    return (1 if p > like(p, goal.threshold) else 0) == t


@part
def _accuracy(goal, label, t, p, outputs):
    """1 or 0; for several yes-or-no outputs the share of them that is right."""
    right = p.dtype.type(0)
    if goal.accuracy == BINARY_ACCURACY:
        for j in range(outputs):
            right += _is_right(goal, p[j], t[j])
        return right / p.dtype.type(outputs)
    guess, truth = _largest(p, outputs), label
    if goal.accuracy != SPARSE_ACCURACY:
        truth = _largest(t, outputs)
    return p.dtype.type(guess == truth)


@part
def _largest(row, count):
    """Where the first of the largest numbers stands; a NaN counts as larger than any."""
    best = 0
    for j in range(1, count):
        if row[j] > row[best] or (row[j] != row[j] and row[best] == row[best]):
            best = j
    return best
