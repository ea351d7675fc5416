"""The optimizers' formulas over rows of weights, as in ``nnscratch.optimizers``."""

import math

import numpy as np

from nnscratch.engines.fused.arithmetic import like
from nnscratch.engines.fused.compiling import compiled
from nnscratch.engines.plan import ADAM, NESTEROV, RMSPROP, SGD


@compiled
def rate_of_step(rule, rate, t):
    """The learning rate, for Adam with the bias correction of step t, in rate's format."""
    if rule.code != ADAM:
        return rate
    power_1 = like(rate, math.pow(rule.beta_1, np.float64(t)))
    power_2 = like(rate, math.pow(rule.beta_2, np.float64(t)))
    return rate * math.sqrt(like(rate, 1) - power_2) / (like(rate, 1) - power_1)


@compiled
def update(rule, rate, p, g, state, count):
    """Move the first ``count`` weights of each row of p by their gradient g, in place.

    p, g   (rows, ...)
    state  (first, second, third): the optimizer's rows beside p, see ``plan.STATE_NAMES``;
           what a rule has no use for is empty
    """
    first, second, third = state
    if rule.clipvalue > 0:
        _clip(g, p.dtype.type(rule.clipvalue), p.shape[0], count)
    if rule.code == SGD:
        _sgd(rate, p, g, count)
    elif rule.code == ADAM:
        _adam(rule, rate, p, g, first, second, count)
    elif rule.code == RMSPROP:
        _rmsprop(rule, rate, p, g, first, second, third, count)
    else:
        _momentum(rule, rate, p, g, first, count)


@compiled
def _clip(g_rows, limit, rows, count):
    for r in range(rows):
        g = g_rows[r]
        for i in range(count):
            g[i] = min(max(g[i], -limit), limit)


@compiled
def _sgd(rate, p_rows, g_rows, count):
    for r in range(p_rows.shape[0]):
        p, g = p_rows[r], g_rows[r]
        for i in range(count):
            p[i] -= g[i] * rate


@compiled
def _momentum(rule, rate, p_rows, g_rows, velocities, count):
    momentum = p_rows.dtype.type(rule.momentum)
    for r in range(p_rows.shape[0]):
        p, g, velocity = p_rows[r], g_rows[r], velocities[r]
        for i in range(count):
            pull = g[i] * rate
            v = velocity[i] * momentum - pull
            velocity[i] = v
            p[i] += v * momentum - pull if rule.code == NESTEROV else v


@compiled
def _adam(rule, rate, p_rows, g_rows, means, squares, count):
    cast = p_rows.dtype.type
    decay_1, decay_2, epsilon = cast(rule.decay_1), cast(rule.decay_2), cast(rule.epsilon)
    for r in range(p_rows.shape[0]):
        p, g, mean, square = p_rows[r], g_rows[r], means[r], squares[r]
        for i in range(count):
            slope, m, v = g[i], mean[i], square[i]
            m += (slope - m) * decay_1
            v += (slope * slope - v) * decay_2
            mean[i] = m
            square[i] = v
            p[i] -= rate * m / (math.sqrt(v) + epsilon)


@compiled
def _rmsprop(rule, rate, p_rows, g_rows, squares, velocities, means, count):
    cast = p_rows.dtype.type
    rho, decay, epsilon = cast(rule.beta_1), cast(rule.decay_1), cast(rule.epsilon)
    momentum = cast(rule.momentum)
    for r in range(p_rows.shape[0]):
        p, g, square = p_rows[r], g_rows[r], squares[r]
        for i in range(count):
            v = square[i] * rho + g[i] * g[i] * decay
            square[i] = v
            spread = v + epsilon
            if means.size > 0:
                m = means[r, i] * rho + g[i] * decay
                means[r, i] = m
                spread = v - m * m + epsilon
            move = g[i] * rate / math.sqrt(spread)
            if velocities.size > 0:
                move += velocities[r, i] * momentum
                velocities[r, i] = move
            p[i] -= move
