"""Exercise 2: the gradient through a ReLU."""

import numpy as np

from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake, usual
from nnscratch.learn.problem import Problem, three_and_another


@three_and_another({"B": 5, "O": 3}, {"B": 4, "O": 6})
def draws(rng, B, O):
    """dy and z (B, O); every fourth z is exactly 0."""
    z = rng.normal(size=(B, O))
    z.flat[::4] = 0
    return {"dy": rng.normal(size=(B, O)), "z": z}


MISTAKES = (
    Mistake(
        "mask missing",
        "dz is dy unchanged: the gradient passes everywhere, also where the ReLU was shut.",
        (
            "How much does max(z, 0) move when z = -2 moves a little?",
            "Multiply by the mask z > 0, which is 1 where it is true and else 0.",
        ),
        {"dz": lambda dy: dy},
    ),
    Mistake(
        "mask includes zero",
        "At z = 0 the gradient passes; it is taken as 0 there.",
        ("Look at the elements where z is exactly 0.", "The mask is z > 0, not z >= 0."),
        {"dz": lambda dy, z: dy * (z >= 0)},
    ),
    Mistake(
        "mask upside down",
        "The mask is upside down: the gradient passes where z < 0.",
        ("On which side of 0 does max(z, 0) have a slope?", "The mask is z > 0."),
        {"dz": lambda dy, z: dy * (z < 0)},
    ),
    Mistake(
        "mask upside down",
        "The mask is upside down: the gradient passes where z <= 0.",
        ("On which side of 0 does max(z, 0) have a slope?", "The mask is z > 0."),
        {"dz": lambda dy, z: dy * (z <= 0)},
    ),
    Mistake(
        "dy missing",
        "This is the ReLU's own slope, 0 or 1: dy is not multiplied in.",
        ("The chain rule has two factors.", "dz = dy * slope"),
        {"dz": lambda z: (z > 0) * 1.0},
    ),
    Mistake(
        "mask on dy",
        "The mask asks for the sign of dy; it must ask for the sign of z.",
        (
            "What decides whether a ReLU is open: what went in, or what comes back?",
            "dy may be negative and still pass: mask with z > 0.",
        ),
        {"dz": lambda dy: dy * (dy > 0)},
    ),
    Mistake(
        "two masks",
        "Two masks are at work: z > 0 is right, dy > 0 does not belong there.",
        ("Which gradients are lost that should not be?", "Negative gradients pass too."),
        {"dz": lambda dy, z: dy * (z > 0) * (dy > 0)},
    ),
    Mistake(
        "value for slope",
        "dy is multiplied by the ReLU's value, max(z, 0), in place of its slope.",
        ("The slope of max(z, 0) for z > 0 does not depend on z.", "It is 1 there, not z."),
        {"dz": lambda dy, z: dy * np.maximum(z, 0)},
    ),
    Mistake(
        "forward for backward",
        "This is the forward pass, max(z, 0).",
        ("The question is how the loss moves with z.", "dz = dy * (1 where z > 0, else 0)"),
        {"dz": lambda z: np.maximum(z, 0)},
    ),
    Mistake(
        "slope of the absolute value",
        "dy is multiplied by the sign of z: that is the slope of |z|, not of max(z, 0).",
        ("What is the slope of max(z, 0) for z < 0?", "0 there, not -1."),
        {"dz": lambda dy, z: dy * np.sign(z)},
    ),
    Mistake(
        "leaky",
        "A hundredth of the gradient leaks through where z <= 0: this is a leaky ReLU's.",
        ("What is the slope of max(z, 0) for z < 0?", "Exactly 0, not 0.01."),
        {"dz": lambda dy, z: np.where(z > 0, dy, 0.01 * dy)},
    ),
    Mistake(
        "summed over the rows",
        "dz is summed over the rows; every row has a gradient of its own here.",
        ("dz has the shape of z.", "Leave the sum away: only parameters gather over rows."),
        {"dz": lambda right: right.sum(axis=0)},
    ),
    *usual("dz", counts=("B", "O")),
)

PROBLEM = Problem(
    "relu_backward",
    ("dy", "z"),
    {"dz": "(B, O)"},
    Formula(dz=lambda dy, z: dy * (z > 0)),
    MISTAKES,
    draws,
)
PROBLEMS = (PROBLEM,)


def check(learner):
    """Raises Wrong unless the exercise is solved."""
    examine(PROBLEMS, learner)
