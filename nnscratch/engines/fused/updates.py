"""The optimizers' formulas over rows of weights, as in ``nnscratch.optimizers``.

    p, memory   the flat vector of parameters, and the optimizer's beside it: ``plan.MEMORY``
    at          where the first row begins; it is ``stride`` from there to the next
    g           the gradient, (rows, count or more), which the clipping changes

All formulas change ``count`` numbers in each of the rows, in place.
"""

import math

import numpy as np
from numba.extending import overload

from nnscratch.engines import plan
from nnscratch.engines.fused.arithmetic import like
from nnscratch.engines.fused.compiling import BY_ITSELF, elementwise


@elementwise
def _clip(limit, rows, g, count):
    if limit > 0:
        edge = g.dtype.type(limit)
        for r in range(rows):
            for i in range(count):
                g[r, i] = min(max(g[r, i], -edge), edge)


def _descent(rule, rate, p, memory, at, rows, stride, g, count):
    _clip(rule.clipvalue, rows, g, count)
    for r in range(rows):
        begin = at + r * stride
        weight, slope = p[begin : begin + count], g[r]
        for i in range(count):
            weight[i] -= slope[i] * rate


def _momentum(rule, rate, p, memory, at, rows, stride, g, count):
    _clip(rule.clipvalue, rows, g, count)
    momentum = p.dtype.type(rule.momentum)
    for r in range(rows):
        begin = at + r * stride
        weight, slope = p[begin : begin + count], g[r]
        velocity = memory[0][begin : begin + count]
        for i in range(count):
            pull = slope[i] * rate
            v = velocity[i] * momentum - pull
            velocity[i] = v
            weight[i] += v * momentum - pull if rule.nesterov else v


def _adam(rule, rate, p, memory, at, rows, stride, g, count):
    _clip(rule.clipvalue, rows, g, count)
    cast = p.dtype.type
    decay_1, decay_2, epsilon = cast(rule.decay_1), cast(rule.decay_2), cast(rule.epsilon)
    for r in range(rows):
        begin = at + r * stride
        weight, slope = p[begin : begin + count], g[r]
        mean, square = memory[0][begin : begin + count], memory[1][begin : begin + count]
        for i in range(count):
            gradient, m, v = slope[i], mean[i], square[i]
            m += (gradient - m) * decay_1
            v += (gradient * gradient - v) * decay_2
            mean[i] = m
            square[i] = v
            weight[i] -= rate * m / (math.sqrt(v) + epsilon)


def _rmsprop(rule, rate, p, memory, at, rows, stride, g, count):
    _clip(rule.clipvalue, rows, g, count)
    cast = p.dtype.type
    rho, decay, epsilon = cast(rule.rho), cast(rule.decay), cast(rule.epsilon)
    momentum = cast(rule.momentum)
    squares, velocities, means = memory
    for r in range(rows):
        begin = at + r * stride
        weight, slope = p[begin : begin + count], g[r]
        square = squares[begin : begin + count]
        for i in range(count):
            v = square[i] * rho + slope[i] * slope[i] * decay
            square[i] = v
            spread = v + epsilon
            if means.size > 0:
                m = means[begin + i] * rho + slope[i] * decay
                means[begin + i] = m
                spread = v - m * m + epsilon
            move = slope[i] * rate / math.sqrt(spread)
            if velocities.size > 0:
                move += velocities[begin + i] * momentum
                velocities[begin + i] = move
            weight[i] -= move


FORMULAS = {
    plan.Descent: _descent,
    plan.Momentum: _momentum,
    plan.Adam: _adam,
    plan.RMSprop: _rmsprop,
}


def update(rule, rate, p, memory, at, rows, stride, g, count):
    """Move ``rows`` rows of weights by their gradient, as the class of ``rule`` does."""
    FORMULAS[type(rule)](rule, rate, p, memory, at, rows, stride, g, count)


@overload(update, jit_options=BY_ITSELF)
def _update(rule, rate, p, memory, at, rows, stride, g, count):
    return FORMULAS[rule.instance_class]


def rate_of_step(rule, rate, t):
    """The learning rate, for Adam with the bias correction of step t, in rate's format."""
    return _corrected(rule, rate, t) if type(rule) is plan.Adam else rate


def _corrected(rule, rate, t):
    power_1 = like(rate, math.pow(rule.beta_1, np.float64(t)))
    power_2 = like(rate, math.pow(rule.beta_2, np.float64(t)))
    return rate * math.sqrt(like(rate, 1) - power_2) / (like(rate, 1) - power_1)


@overload(rate_of_step, jit_options=BY_ITSELF)
def _rate_of_step(rule, rate, t):
    return _corrected if rule.instance_class is plan.Adam else lambda rule, rate, t: rate
