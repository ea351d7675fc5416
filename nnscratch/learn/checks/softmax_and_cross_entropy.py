"""Exercise 5: softmax, its gradient, and softmax together with the cross-entropy."""

import numpy as np

from nnscratch import ops
from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake, usual
from nnscratch.learn.problem import Problem, sizes, three_and_another

SIZES = {"B": 6, "C": 4}, {"B": 3, "C": 5}
FAR = 800.0  # exp of it is infinite in float64


NEAR = [each | {"far": 0.0} for each in SIZES]


@sizes(NEAR[0], NEAR[0], NEAR[0], NEAR[1], SIZES[0] | {"far": FAR})
def softmax_draws(rng, B, C, far):
    """Logits z (B, C); at last, one row is 800 higher than the others, and one 800 lower."""
    z = rng.normal(size=(B, C))
    z[0] += far
    z[1] -= far
    return {"z": z}


@three_and_another(*SIZES)
def backward_draws(rng, B, C):
    """dy, and y whose rows sum to 1, both (B, C)."""
    return {"dy": rng.normal(size=(B, C)), "y": ops.softmax(rng.normal(size=(B, C)))}


@three_and_another(*SIZES)
def fused_draws(rng, B, C):
    """Logits z (B, C) and labels (B,): class numbers, not all of them among the rows."""
    return {"z": rng.normal(size=(B, C)), "labels": rng.integers(0, C - 1, size=B)}


def onehot(labels, C):
    """(B,) -> (B, C): 1 at the label, else 0."""
    return np.eye(C)[labels]


SOFTMAX = Problem(
    "softmax",
    ("z",),
    {"p": "(B, C)"},
    Formula(
        high=lambda z: z.max(axis=1, keepdims=True),
        e=lambda z, high: np.exp(z - high),
        total=lambda e: e.sum(axis=1, keepdims=True),
        p=lambda e, total: e / total,
    ),
    (
        Mistake(
            "overflow",
            "Rows far from 0 become NaN: exp(800) is infinite, and exp(-800) is 0.",
            (
                "Adding a constant to a row changes no quotient; which one helps?",
                "Take the row's largest number off first: z - z.max(axis=1, keepdims=True)",
            ),
            {"high": lambda z: 0.0},
        ),
        Mistake(
            "one maximum for all rows",
            "The largest number of all rows was taken off; each row needs its own.",
            (
                "What does exp make of a row that is 800 below the largest number?",
                "z.max(axis=1, keepdims=True)",
            ),
            {"high": lambda z: z.max()},
        ),
        Mistake(
            "wrong axis",
            "The columns sum to 1, not the rows.",
            ("Which numbers compete: the classes of a row.", "axis=1 runs over the classes."),
            {
                "high": lambda z: z.max(axis=0),
                "total": lambda e: e.sum(axis=0),
            },
        ),
        Mistake(
            "sum over the wrong axis",
            "exp is divided by the sum of its column, not of its row.",
            ("Which numbers must sum to 1?", "e.sum(axis=1, keepdims=True)"),
            {"total": lambda e: e.sum(axis=0)},
        ),
        Mistake(
            "sum over everything",
            "All numbers together sum to 1; each row must.",
            ("Sum your result over axis 1.", "e.sum(axis=1, keepdims=True)"),
            {"total": lambda e: e.sum()},
        ),
        Mistake(
            "not divided by the sum",
            "The exponentials are not divided by their row's sum.",
            ("Probabilities of a row sum to 1.", "e / e.sum(axis=1, keepdims=True)"),
            {"total": lambda: 1.0},
        ),
        Mistake(
            "sigmoid",
            "This is the sigmoid of each logit: the classes do not compete.",
            ("Sum your result over axis 1.", "exp(z_c) / sum over k of exp(z_k)"),
            {"p": lambda z: ops.sigmoid(z)},
        ),
        Mistake(
            "logarithm",
            "This is the logarithm of the probabilities.",
            ("Are your numbers between 0 and 1?", "Leave the log away: the loss takes it."),
            {"p": lambda right: np.log(right)},
        ),
        Mistake(
            "no exp",
            "The logits themselves are divided by their sum: exp is missing.",
            ("Logits may be negative, probabilities may not.", "Take exp of z first."),
            {"p": lambda z: z / z.sum(axis=1, keepdims=True)},
        ),
        *usual("p", counts=()),
    ),
    softmax_draws,
)

BACKWARD = Problem(
    "softmax_backward",
    ("dy", "y"),
    {"dz": "(B, C)"},
    Formula(
        shared=lambda dy, y: (dy * y).sum(axis=1, keepdims=True),
        dz=lambda dy, y, shared: y * (dy - shared),
    ),
    (
        Mistake(
            "diagonal only",
            "dz = dy y (1 - y) is the diagonal of the Jacobian alone: it leaves out that every"
            " output depends on every logit of its row.",
            (
                "If z_0 grows, what happens to y_1?",
                "dz_j = y_j (dy_j - sum over k of dy_k y_k)",
            ),
            {"dz": lambda dy, y: dy * y * (1 - y)},
        ),
        Mistake(
            "shared sum missing",
            "dz = dy y: the sum over the row, which all its logits share, is not taken off.",
            (
                "The numbers of each row of dz add up to 0; do yours?",
                "dz_j = y_j (dy_j - sum over k of dy_k y_k)",
            ),
            {"shared": lambda: 0.0},
        ),
        Mistake(
            "sum without y",
            "The sum over the row is of dy alone; it must be of dy times y.",
            ("Each dy_k counts as much as its y_k.", "(dy * y).sum(axis=1, keepdims=True)"),
            {"shared": lambda dy: dy.sum(axis=1, keepdims=True)},
        ),
        Mistake(
            "mean for sum",
            "The mean over the row is taken where the sum belongs.",
            ("By what number is your row's sum too small?", "sum, not mean"),
            {"shared": lambda dy, y: (dy * y).mean(axis=1, keepdims=True)},
        ),
        Mistake(
            "sum over the wrong axis",
            "The sum runs over the rows of the batch; it must run over the classes.",
            ("Do different rows know of each other?", "(dy * y).sum(axis=1, keepdims=True)"),
            {"shared": lambda dy, y: (dy * y).sum(axis=0)},
        ),
        Mistake(
            "sum over everything",
            "The sum runs over the whole batch; each row needs its own.",
            ("Do different rows know of each other?", "(dy * y).sum(axis=1, keepdims=True)"),
            {"shared": lambda dy, y: (dy * y).sum()},
        ),
        Mistake(
            "sum added",
            "The row's sum is added; it must be taken off.",
            ("The numbers of each row of dz add up to 0; do yours?", "dy - sum"),
            {"dz": lambda dy, y, shared: y * (dy + shared)},
        ),
        Mistake(
            "outer y missing",
            "dz = dy - sum: the factor y_j in front is missing.",
            ("A class of probability 0 barely moves.", "dz_j = y_j (dy_j - sum)"),
            {"dz": lambda dy, shared: dy - shared},
        ),
        Mistake(
            "y taken for z",
            "softmax was applied to y, which is its output already.",
            ("What does the function receive, z or y?", "Use y as it is."),
            {
                "shared": lambda dy, y: (dy * ops.softmax(y)).sum(axis=1, keepdims=True),
                "dz": lambda dy, y, shared: ops.softmax(y) * (dy - shared),
            },
        ),
        Mistake(
            "activation derivative missing",
            "dz is dy unchanged: softmax's own derivative is missing.",
            (
                "How much does y move when z moves?",
                "dz_j = y_j (dy_j - sum over k of dy_k y_k)",
            ),
            {"dz": lambda dy: dy},
        ),
        Mistake(
            "dy missing",
            "y (1 - y) is the diagonal of the Jacobian; dy is not there at all.",
            ("The chain rule has two factors.", "dz_j = y_j (dy_j - sum over k of dy_k y_k)"),
            {"dz": lambda y: y * (1 - y)},
        ),
        *usual("dz", counts=("B", "C")),
    ),
    backward_draws,
)


def _off_whole_columns(p, labels):
    """What ``p[:, labels] -= 1`` does: 1 off every row, in each column that is a label."""
    return p - np.isin(np.arange(p.shape[1]), labels)


def _off_whole_rows(p, labels):
    """What ``p[labels] -= 1`` does: 1 off every class, in each row whose number is a label."""
    return p - np.isin(np.arange(len(p)), labels)[:, None]


FUSED = Problem(
    "softmax_cross_entropy_backward",
    ("z", "labels"),
    {"dz": "(B, C)"},
    Formula(
        p=lambda z: ops.softmax(z),
        target=lambda labels, C: onehot(labels, C),
        slope=lambda p, target: p - target,
        dz=lambda slope, B: slope / B,
    ),
    (
        Mistake(
            "softmax missing",
            "The logits stand where the probabilities softmax(z) belong.",
            ("What should be compared with a 1?", "dz = (softmax(z) - onehot) / B"),
            {"p": lambda z: z},
        ),
        Mistake(
            "whole columns",
            "1 was taken off whole columns: p[:, labels] means these columns in every row.",
            (
                "Each row has one label, and loses one 1.",
                "p[np.arange(B), labels] -= 1 pairs each row with its label.",
            ),
            {"slope": _off_whole_columns},
        ),
        Mistake(
            "label missing",
            "This is p / B: the 1 at each row's label is not taken off.",
            ("The numbers of each row of dz add up to 0; do yours?", "p - onehot"),
            {"target": lambda: 0.0},
        ),
        Mistake(
            "whole rows",
            "1 was taken off whole rows: p[labels] means the rows with these numbers.",
            (
                "Each row has one label, and loses one 1.",
                "p[np.arange(B), labels] -= 1 pairs each row with its label.",
            ),
            {"slope": _off_whole_rows},
        ),
        Mistake(
            "label added",
            "The 1 at each row's label is added; it must be taken off.",
            ("The numbers of each row of dz add up to 0; do yours?", "p - onehot"),
            {"slope": lambda p, target: p + target},
        ),
        Mistake(
            "label only",
            "Only the label's own column has a gradient; p of the other classes is missing.",
            ("Wrong classes must be pushed down too.", "dz = (p - onehot) / B in all columns"),
            {"slope": lambda p, target: (p - target) * target},
        ),
        Mistake(
            "labels off by one",
            "The labels are taken as 1..C: each 1 stands one class too low.",
            ("Do the class numbers begin at 0 or at 1?", "They begin at 0: no labels - 1."),
            {"target": lambda labels, C: onehot(labels - 1, C)},
        ),
        Mistake(
            "labels off by one",
            "Each 1 stands one class too high.",
            ("Do the class numbers begin at 0 or at 1?", "They begin at 0: no labels + 1."),
            {"target": lambda labels, C: onehot((labels + 1) % C, C)},
        ),
        Mistake(
            "softmax derivative left in",
            "p - onehot is multiplied by p (1 - p); softmax's derivative is in it already.",
            (
                "The two derivatives have been multiplied and cancelled.",
                "dz = (p - onehot) / B",
            ),
            {"slope": lambda p, target: (p - target) * p * (1 - p)},
        ),
        Mistake(
            "softmax over the wrong axis",
            "softmax ran over the rows of the batch, not over the classes.",
            ("Which numbers must sum to 1?", "axis=1 runs over the classes."),
            {"p": lambda z: ops.softmax(z.T).T},
        ),
        Mistake(
            "sigmoid for softmax",
            "p is the sigmoid of each logit, not the softmax of the row.",
            ("Do your p sum to 1 in each row?", "exp(z_c) / sum over k of exp(z_k)"),
            {"p": lambda z: ops.sigmoid(z)},
        ),
        *usual("dz", counts=("B", "C")),
    ),
    fused_draws,
)

PROBLEMS = (SOFTMAX, BACKWARD, FUSED)


def check(learner):
    """Raises Wrong unless the exercise is solved."""
    examine(PROBLEMS, learner)
