"""Exercise 3: the gradients of z = x @ W + b."""

import numpy as np

from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake, usual
from nnscratch.learn.problem import Problem, three_and_another


@three_and_another({"B": 5, "I": 3, "O": 4}, {"B": 3, "I": 6, "O": 2})
def draws(rng, B, I, O):
    """dz (B, O), x (B, I), W (I, O)."""
    return {
        "dz": rng.normal(size=(B, O)),
        "x": rng.normal(size=(B, I)),
        "W": rng.normal(size=(I, O)),
    }


OWN_MISTAKES = (
    Mistake(
        "bias not summed",
        "db still has one row for each row of the batch: it is not summed.",
        (
            "There is one b for the whole batch; how often is it used?",
            "db = dz.sum(axis=0): b was added to every row, so it collects from every row.",
        ),
        {"db": lambda dz: dz},
    ),
    Mistake(
        "bias summed over the wrong axis",
        "db is summed over the outputs; it must be summed over the rows.",
        ("How many numbers has b?", "axis=0 runs over the rows."),
        {"db": lambda dz: dz.sum(axis=1)},
    ),
    Mistake(
        "bias summed over everything",
        "db is a single number: dz is summed over both axes.",
        ("How many numbers has b?", "Say over which axis: dz.sum(axis=0)."),
        {"db": lambda dz: dz.sum()},
    ),
    Mistake(
        "bias keeps an axis",
        "The numbers of db are right, but its shape is (1, O) where b has (O,).",
        ("A gradient has its parameter's shape.", "Leave keepdims away."),
        {"db": lambda dz: dz.sum(axis=0, keepdims=True)},
    ),
    Mistake(
        "summed too early",
        "dW is the product of two sums; it must be the sum of the rows' products.",
        (
            "Work it out for two rows: x[0] dz[0] + x[1] dz[1] is not a product of sums.",
            "The matrix product x.T @ dz multiplies first and sums then.",
        ),
        {"dW": lambda x, dz: np.outer(x.sum(axis=0), dz.sum(axis=0))},
    ),
    Mistake(
        "last row only",
        "dW is that of the last row alone: each row overwrites the one before it.",
        ("Every row has used W.", "Add the rows up: += where = stands, beginning at 0."),
        {"dW": lambda x, dz: np.outer(x[-1], dz[-1])},
    ),
    Mistake(
        "first row only",
        "dW is that of the first row alone.",
        ("Every row has used W.", "Is a return inside the loop?"),
        {"dW": lambda x, dz: np.outer(x[0], dz[0])},
    ),
    Mistake(
        "dW for W",
        "dx is computed with the gradient dW where the weights W belong.",
        ("dx[i] = sum over o of dz[o] W[i, o]", "dx = dz @ W.T"),
        {"dx": lambda dz, dW: dz @ dW.T},
    ),
    Mistake(
        "dW adds W",
        "dW has the weights added to it.",
        ("dW is a gradient, not the new weights.", "Leave + W away; an optimizer updates."),
        {"dW": lambda right, W: right + W},
    ),
)

MISTAKES = (
    *OWN_MISTAKES,
    *usual("dx"),
    *usual("dW"),
    *usual("db", without=("transposed",)),
    # Last: of two pairs that explain the same, the one without it is easier to see.
    *usual("upstream", called="dz", without=("transposed", "accumulated", "stale")),
)

FORMULA = Formula(
    upstream=lambda dz: dz,
    dW=lambda x, upstream: x.T @ upstream,
    db=lambda upstream: upstream.sum(axis=0),
    dx=lambda upstream, W: upstream @ W.T,
)

PROBLEM = Problem(
    "dense_backward",
    ("dz", "x", "W"),
    {"dx": "(B, I)", "dW": "(I, O)", "db": "(O,)"},
    FORMULA,
    MISTAKES,
    draws,
)
PROBLEMS = (PROBLEM,)


def check(learner):
    """Raises Wrong unless the exercise is solved."""
    examine(PROBLEMS, learner)
