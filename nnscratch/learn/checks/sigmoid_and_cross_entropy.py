"""Exercise 4: the sigmoid, the binary cross-entropy, and what becomes of the two together."""

import numpy as np

from nnscratch import ops
from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake, usual
from nnscratch.learn.problem import Problem, three_and_another

SIZES = {"B": 5, "O": 1}, {"B": 8, "O": 1}
FAR = 40.0  # a logit whose sigmoid rounds to exactly 1


@three_and_another({"B": 5, "O": 3}, {"B": 4, "O": 6})
def sigmoid_draws(rng, B, O):
    """dy, and y between 0 and 1, both (B, O)."""
    return {"dy": rng.normal(size=(B, O)), "y": ops.sigmoid(rng.normal(size=(B, O)))}


@three_and_another(*SIZES)
def loss_draws(rng, B, O):
    """Probabilities p and labels t, both (B, 1); both labels occur."""
    labels = rng.permutation(np.arange(B) % 2)
    return {"p": ops.sigmoid(2 * rng.normal(size=(B, O))), "t": labels[:, None].astype(float)}


@three_and_another(*SIZES)
def fused_draws(rng, B, O):
    """Logits z and labels t, both (B, 1); one logit is sure of itself and wrong."""
    z = 2 * rng.normal(size=(B, O))
    t = (np.arange(B) % 2)[:, None].astype(float)
    z[2] = FAR  # its label is 0
    return {"z": z, "t": t}


SIGMOID = Problem(
    "sigmoid_backward",
    ("dy", "y"),
    {"dz": "(B, O)"},
    Formula(dz=lambda dy, y: dy * y * (1 - y)),
    (
        Mistake(
            "activation derivative missing",
            "dz is dy unchanged: the sigmoid's own slope is missing.",
            ("How much does y move when z moves a little?", "dz = dy * y * (1 - y)"),
            {"dz": lambda dy: dy},
        ),
        Mistake(
            "y taken for z",
            "The sigmoid was applied to y, which is its output already.",
            (
                "What does the function receive, z or y?",
                "The slope is y (1 - y), with y as it is.",
            ),
            {"dz": lambda dy, y: dy * ops.sigmoid(y) * (1 - ops.sigmoid(y))},
        ),
        Mistake(
            "1 - y missing",
            "The factor 1 - y of the slope is missing.",
            ("At y near 1 the sigmoid is flat; is yours?", "The slope is y (1 - y)."),
            {"dz": lambda dy, y: dy * y},
        ),
        Mistake(
            "y missing",
            "The factor y of the slope is missing.",
            ("At y near 0 the sigmoid is flat; is yours?", "The slope is y (1 - y)."),
            {"dz": lambda dy, y: dy * (1 - y)},
        ),
        Mistake(
            "dy missing",
            "This is the sigmoid's own slope: dy is not multiplied in.",
            ("The chain rule has two factors.", "dz = dy * slope"),
            {"dz": lambda y: y * (1 - y)},
        ),
        Mistake(
            "slope of tanh",
            "1 - y^2 is the slope of tanh, not of the sigmoid.",
            ("Which function is it?", "The sigmoid's slope is y (1 - y) = y - y^2."),
            {"dz": lambda dy, y: dy * (1 - y * y)},
        ),
        Mistake(
            "slope of relu",
            "dz is dy with a ReLU's mask y > 0, which is always true here.",
            ("Which function is it?", "The sigmoid's slope is y (1 - y)."),
            {"dz": lambda dy, y: dy * (y > 0.5)},
        ),
        *usual("dz", counts=("B", "O")),
    ),
    sigmoid_draws,
)

CROSS_ENTROPY = Problem(
    "cross_entropy_backward",
    ("p", "t"),
    {"dp": "(B, 1)"},
    Formula(slope=lambda p, t: -t / p + (1 - t) / (1 - p), dp=lambda slope, B: slope / B),
    (
        Mistake(
            "fused formula",
            "(p - t) / B is the gradient by z; this function is asked for the one by p.",
            ("It stops before the sigmoid.", "dp = (-t / p + (1 - t) / (1 - p)) / B"),
            {"slope": lambda p, t: p - t},
        ),
        Mistake(
            "only the term of t",
            "Rows with the label 0 get no gradient: the term with 1 - t is missing.",
            ("What does the loss say for t = 0?", "+ (1 - t) / (1 - p)"),
            {"slope": lambda p, t: -t / p},
        ),
        Mistake(
            "only the term of 1 - t",
            "Rows with the label 1 get no gradient: the term with t is missing.",
            ("What does the loss say for t = 1?", "- t / p"),
            {"slope": lambda p, t: (1 - t) / (1 - p)},
        ),
        Mistake(
            "inner sign",
            "The two terms have the same sign: the derivative of log(1 - p) is -1 / (1 - p).",
            (
                "Differentiate log(1 - p): the inside brings a sign.",
                "-t / p + (1 - t) / (1 - p)",
            ),
            {"slope": lambda p, t: -t / p - (1 - t) / (1 - p)},
        ),
        Mistake(
            "p and t swapped",
            "p and t have changed places.",
            ("In which order are the arguments handed over?", "t stands above, p below."),
            {"slope": lambda p, t: -p / t + (1 - p) / (1 - t)},
        ),
        Mistake(
            "loss for its slope",
            "This is the loss, divided by B, not its derivative by p.",
            ("The derivative of log p is 1 / p.", "dp = (-t / p + (1 - t) / (1 - p)) / B"),
            {"slope": lambda p, t: -(t * np.log(p) + (1 - t) * np.log(1 - p))},
        ),
        Mistake(
            "summed over the rows",
            "dp is one number; every row has its own.",
            ("dp has the shape of p.", "Divide by B, but do not sum: no .mean() here."),
            {"dp": lambda right: right.sum()},
        ),
        *usual("dp", without=("transposed",)),
    ),
    loss_draws,
)


def _the_long_way(z, t):
    """Back through the loss, then through the sigmoid, as two functions would do it."""
    p = 1 / (1 + np.exp(-z))
    return (-t / p + (1 - t) / (1 - p)) * p * (1 - p)


FUSED = Problem(
    "fused_backward",
    ("z", "t"),
    {"dz": "(B, 1)"},
    Formula(
        p=lambda z: ops.sigmoid(z),
        slope=lambda p, t: p - t,
        dz=lambda slope, B: slope / B,
    ),
    (
        Mistake(
            "sigmoid missing",
            "z - t: the logit stands where the probability p = sigmoid(z) belongs.",
            ("t is 0 or 1; what should be compared with it?", "p = 1 / (1 + exp(-z))"),
            {"p": lambda z: z},
        ),
        Mistake(
            "sigmoid derivative left in",
            "p - t is multiplied by the sigmoid's slope p (1 - p), which cancelled before.",
            (
                "The loss brings 1 / (p (1 - p)), the sigmoid p (1 - p): what is left?",
                "dz = (p - t) / B. A sure and wrong unit then still learns.",
            ),
            {"slope": lambda p, t: (p - t) * p * (1 - p)},
        ),
        Mistake(
            "the long way",
            "Right where z is small, and NaN at z = 40: there p rounds to 1, and (1 - t) /"
            " (1 - p) times p (1 - p) is infinity times 0.",
            (
                "Multiply the two derivatives on paper and cancel, then write the code.",
                "(-t / p + (1 - t) / (1 - p)) p (1 - p) = p - t",
            ),
            {"slope": _the_long_way},
        ),
        Mistake(
            "the long way, clipped",
            "Right where z is small, and 0 at z = 40: there p rounds to 1, the slope p (1 - p)"
            " is 0, and a unit that is sure and wrong learns nothing. Clipping p hides the NaN,"
            " but does not bring the gradient back.",
            (
                "Multiply the two derivatives on paper and cancel, then write the code.",
                "(-t / p + (1 - t) / (1 - p)) p (1 - p) = p - t",
            ),
            {"slope": lambda p, t: np.where(p < 1, p - t, 0)},
        ),
        Mistake(
            "label missing",
            "The label t is not taken off.",
            ("What should dz be where p is already right?", "dz = (p - t) / B"),
            {"slope": lambda p: p},
        ),
        Mistake(
            "decision for p",
            "p was rounded to 0 or 1: the gradient needs the probability itself.",
            ("A prediction of 0.6 and one of 0.99 are not equally sure.", "Leave p as it is."),
            {"slope": lambda p, t: np.round(p) - t},
        ),
        Mistake(
            "slope of the squared error",
            "2 (p - t) p (1 - p) is the gradient of the squared error through a sigmoid.",
            (
                "Which loss is it?",
                "For the cross-entropy p (1 - p) cancels, and there is no 2.",
            ),
            {"slope": lambda p, t: 2 * (p - t) * p * (1 - p)},
        ),
        Mistake(
            "sign of z",
            "The exponent has the wrong sign: this is 1 - sigmoid(z).",
            ("Which way should p go when z grows?", "p = 1 / (1 + exp(-z))"),
            {"p": lambda z: ops.sigmoid(-z)},
        ),
        Mistake(
            "summed over the rows",
            "dz is one number; every row has its own.",
            ("dz has the shape of z.", "Divide by B, but do not sum: no .mean() here."),
            {"dz": lambda right: right.sum()},
        ),
        *usual("dz", without=("transposed",)),
    ),
    fused_draws,
)

PROBLEMS = (SIGMOID, CROSS_ENTROPY, FUSED)


def check(learner):
    """Raises Wrong unless the exercise is solved."""
    examine(PROBLEMS, learner)
