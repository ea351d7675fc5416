"""Exercise 1: one neuron, one row, one loss."""

from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake, usual
from nnscratch.learn.problem import ONE_NUMBER, Problem, three_and_another


@three_and_another({"I": 3}, {"I": 5})
def draws(rng, I):
    """A row x (I,), weights w (I,), b and t."""
    b, t = (float(value) for value in rng.normal(size=2))
    return {"x": rng.normal(size=I), "w": rng.normal(size=I), "b": b, "t": t}


MISTAKES = (
    Mistake(
        "bias forgotten",
        "y is the weighted sum alone: b is not added.",
        ("What does y become when all inputs are 0?", "y = w[0] x[0] + w[1] x[1] + ... + b"),
        {"y": lambda x, w: w @ x},
    ),
    Mistake(
        "product not summed",
        "y must be one number: the products w[i] x[i] are not added up.",
        ("w * x has as many numbers as the row.", "Use (w * x).sum(), or w @ x."),
        {"y": lambda x, w, b: w * x + b},
    ),
    Mistake(
        "inner derivative missing",
        "dw lacks the factor x[i]: by how much y moves when w[i] moves.",
        ("The chain rule has two factors: dL/dy and dy/dw.", "dw[i] = dL/dy * x[i]"),
        {"dw": lambda dy, x: dy + 0 * x},
    ),
    Mistake(
        "inner derivative missing",
        "dw lacks the factor x[i]: it is the one number dL/dy.",
        ("The chain rule has two factors: dL/dy and dy/dw.", "dw[i] = dL/dy * x[i]"),
        {"dw": lambda dy: dy},
    ),
    Mistake(
        "w for x",
        "dw holds w[i] where x[i] belongs.",
        ("y = w x + b: what stands beside w?", "dy/dw[i] = x[i]; it is dy/dx[i] that is w[i]."),
        {"dw": lambda dy, w: dy * w},
    ),
    Mistake(
        "db is b",
        "db is multiplied by b, but dy/db is 1.",
        ("By how much does y grow when b grows by 1?", "db = dL/dy"),
        {"db": lambda dy, b: dy * b},
    ),
    Mistake(
        "db is 1",
        "db is dy/db = 1 alone: the factor dL/dy is missing.",
        ("db says how the loss moves with b, not how y does.", "db = dL/dy * 1"),
        {"db": lambda: 1.0},
    ),
    Mistake(
        "loss for its slope",
        "The loss (y - t)^2 itself is used where its derivative 2 (y - t) belongs.",
        ("What is the derivative of a square?", "dL/dy = 2 (y - t)"),
        {"dy": lambda y, t: (y - t) ** 2},
    ),
    *usual("dy", called="dL/dy", counts=(), without=("transposed", "accumulated", "stale")),
    *usual("dw", counts=("I",), without=("transposed",)),
    *usual("db", counts=(), without=("transposed",)),
    *usual("y", counts=("I",), without=("transposed",)),
)

PROBLEM = Problem(
    "neuron",
    ("x", "w", "b", "t"),
    {"y": ONE_NUMBER, "dw": "(I,)", "db": ONE_NUMBER},
    Formula(
        y=lambda x, w, b: w @ x + b,
        dy=lambda y, t: 2 * (y - t),
        dw=lambda dy, x: dy * x,
        db=lambda dy: dy,
    ),
    MISTAKES,
    draws,
)
PROBLEMS = (PROBLEM,)


def check(learner):
    """Raises Wrong unless the exercise is solved."""
    examine(PROBLEMS, learner)
