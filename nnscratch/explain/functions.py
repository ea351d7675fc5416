"""The activation functions and their derivatives, to be worked out for one unit of a row.

Each entry is (symbols, expression). In the symbols {z}, {y} and {dy} stand for one element, and
{row} for its row. ``expression(z, k)`` is of a row of logits z (O,) and a unit k;
``expression(dy, y, k)`` for the way back.
"""

import math

import numpy as np

from nnscratch.activations import LEAKY_SLOPE
from nnscratch.explain.expressions import call, exactly, exp, given, products, setting, total

ONE = exactly("1")


SHIFT_FROM = 30  # exp of logits beyond this is no number to look at


def is_shifted(z):
    """Whether ``softmax`` is shown with the largest logit taken off the others."""
    return bool(np.abs(z).max() > SHIFT_FROM)


def _softmax(z, k):
    z = z - z.max() if is_shifted(z) else z
    return exp(given(z[k])) / total([exp(given(each)) for each in z], np.exp(z))


FORWARD = {
    "linear": ("{z}", lambda z, k: given(z[k])),
    "relu": ("max({z}, 0)", lambda z, k: call("max", max, given(z[k]), exactly("0"))),
    "leaky_relu": (
        "{z} if {z} > 0 else 0.2 * {z}",
        lambda z, k: given(z[k]) if z[k] > 0 else setting(LEAKY_SLOPE) * given(z[k]),
    ),
    "sigmoid": ("1 / (1 + exp(-{z}))", lambda z, k: ONE / (ONE + exp(-given(z[k])))),
    "softmax": ("exp({z}) / (sum over c of exp(z[{row}, c]))", _softmax),
    "tanh": ("tanh({z})", lambda z, k: call("tanh", math.tanh, given(z[k]))),
}

BACKWARD = {
    "linear": ("{dy}", lambda dy, y, k: given(dy[k])),
    "relu": (
        "{dy} * (1 if {y} > 0 else 0)",
        lambda dy, y, k: given(dy[k]) * exactly("1" if y[k] > 0 else "0"),
    ),
    "leaky_relu": (
        "{dy} * (1 if {y} > 0 else 0.2)",
        lambda dy, y, k: given(dy[k]) * (ONE if y[k] > 0 else setting(LEAKY_SLOPE)),
    ),
    "sigmoid": (
        "{dy} * {y} * (1 - {y})",
        lambda dy, y, k: given(dy[k]) * given(y[k]) * (ONE - given(y[k])),
    ),
    "softmax": (
        "{y} * ({dy} - (sum over c of dy[{row}, c] y[{row}, c]))",
        lambda dy, y, k: given(y[k]) * (given(dy[k]) - products(dy, y)),
    ),
    "tanh": (
        "{dy} * (1 - {y}^2)",
        lambda dy, y, k: given(dy[k]) * (ONE - given(y[k]) ** exactly("2")),
    ),
}

# What the derivative means, in half a sentence.
GATES = {
    "relu": "the gate: 1 where the unit is on, else 0",
    "leaky_relu": "the gate: 1 where the unit is on, else 0.2",
    "sigmoid": "sigmoid' = y (1 - y): at most 1/4, nearly 0 where the unit is saturated",
    "tanh": "tanh' = 1 - y^2: nearly 0 where the unit is saturated",
    "softmax": "every output depends on every logit of its row",
}
