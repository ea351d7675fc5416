"""Exercise 9: the gradient by central differences, to check all others with."""

import numpy as np

from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake, usual
from nnscratch.learn.problem import Problem, three_and_another

SMALL = 1e-5  # a usual h, where the exercise hands over a larger one


@three_and_another({"I": 3, "O": 4}, {"I": 5, "O": 2})
def draws(rng, I, O):
    """W (I, O), a bent loss in which all numbers of W meet, and an h that is not small."""
    a, b = rng.normal(size=(I, O)), rng.normal(size=(I, O))

    def loss(W):
        return float((a * np.exp(W)).sum() + (b * W).sum() ** 2 * np.sin(W[0, 0]))

    return {"loss": loss, "W": rng.normal(size=(I, O)), "h": rng.uniform(0.05, 0.2)}


def _slopes(loss, W, quotient):
    """``quotient(f)`` for each number of W; f(d) is the loss with that number moved by d."""
    found = np.zeros_like(W)
    for at in np.ndindex(W.shape):

        def moved(by, at=at):
            other = W.copy()
            other[at] += by
            return loss(other)

        found[at] = quotient(moved)
    return found


def _not_put_back(left_at):
    """Each number stays moved by ``left_at`` h while the next ones are measured."""

    def slopes(loss, W, h):
        W, found = W.copy(), np.zeros_like(W)
        for at in np.ndindex(W.shape):
            W[at] += h
            up = loss(W)
            W[at] -= 2 * h
            found[at] = (up - loss(W)) / (2 * h)
            W[at] += (1 + left_at) * h
        return found

    return slopes


def _forward_not_put_back(loss, W, h):
    W, found = W.copy(), np.zeros_like(W)
    for at in np.ndindex(W.shape):
        before = loss(W)
        W[at] += h
        found[at] = (loss(W) - before) / h
    return found


PUT_BACK = (
    "While one number is measured, all others must stand where they stood.",
    "Remember the old value before you move it, and write it back afterwards.",
)

MISTAKES = (
    Mistake(
        "forward difference",
        "This is the forward difference (L(w + h) - L(w)) / h; its error shrinks with h, that"
        " of the central difference with h squared.",
        ("On how many sides of w do you ask?", "(L(w + h) - L(w - h)) / (2 h)"),
        {"dW": lambda loss, W, h: _slopes(loss, W, lambda f: (f(h) - f(0)) / h)},
    ),
    Mistake(
        "backward difference",
        "This is the backward difference (L(w) - L(w - h)) / h.",
        ("On how many sides of w do you ask?", "(L(w + h) - L(w - h)) / (2 h)"),
        {"dW": lambda loss, W, h: _slopes(loss, W, lambda f: (f(0) - f(-h)) / h)},
    ),
    Mistake(
        "divided by h",
        "The difference is divided by h, but from w - h to w + h it is 2 h: twice too large.",
        ("How far apart are the two places?", "/ (2 * h)"),
        {"dW": lambda right: right * 2},
    ),
    Mistake(
        "not divided",
        "This is the difference of the losses: it is not divided by 2 h.",
        ("A slope is a rise over a distance.", "/ (2 * h)"),
        {"dW": lambda right, h: right * 2 * h},
    ),
    Mistake(
        "divided by 2",
        "The difference is divided by 2 alone: h is missing.",
        ("How far apart are the two places?", "/ (2 * h)"),
        {"dW": lambda right, h: right * h},
    ),
    Mistake(
        "bracket missing",
        "The difference is divided by 2 and then multiplied by h: / 2 * h is not / (2 * h).",
        ("In which order does Python work through a / 2 * h?", "/ (2 * h)"),
        {"dW": lambda right, h: right * h * h},
    ),
    Mistake(
        "half a step",
        "w moves by h / 2 to each side; it should move by h.",
        ("How far does the explanation move w?", "(L(w + h) - L(w - h)) / (2 h)"),
        {"dW": lambda loss, W, h: _slopes(loss, W, lambda f: (f(h / 2) - f(-h / 2)) / h)},
    ),
    Mistake(
        "all moved at once",
        "All numbers of W were moved together, so every element is the same slope.",
        ("Which number's slope do you want to know?", "Move W[i, o] alone, in a loop."),
        {"dW": lambda loss, W, h: np.full(W.shape, (loss(W + h) - loss(W - h)) / (2 * h))},
    ),
    Mistake(
        "not put back",
        "Each number stays at w - h while the next ones are measured.",
        PUT_BACK,
        {"dW": _not_put_back(-1)},
    ),
    Mistake(
        "not put back",
        "Each number stays at w + h while the next ones are measured.",
        PUT_BACK,
        {"dW": _not_put_back(1)},
    ),
    Mistake(
        "forward difference, not put back",
        "This is the forward difference, and each number stays moved while the next ones are"
        " measured.",
        PUT_BACK,
        {"dW": _forward_not_put_back},
    ),
    Mistake(
        "h ignored",
        "The argument h is not used: the differences are those of a much smaller step.",
        ("Which step did the caller ask for?", "Use h; its best size is the caller's matter."),
        {
            "dW": lambda loss, W: _slopes(
                loss, W, lambda f: (f(SMALL) - f(-SMALL)) / (2 * SMALL)
            )
        },
    ),
    Mistake(
        "step relative to w",
        "Each number moves by h times itself; it should move by h.",
        ("How far does a weight of 0 move?", "W[i, o] + h"),
        {
            "dW": lambda loss, W, h: _relative(loss, W, h),
        },
    ),
    Mistake(
        "second derivative",
        "This is the curvature (L(w + h) - 2 L(w) + L(w - h)) / h^2, not the slope.",
        ("How many losses has a central difference?", "(L(w + h) - L(w - h)) / (2 h)"),
        {"dW": lambda loss, W, h: _slopes(loss, W, lambda f: (f(h) - 2 * f(0) + f(-h)) / h**2)},
    ),
    Mistake(
        "flattened",
        "The numbers are right, but in one long row: dW must have the shape of W.",
        (
            "A gradient has its parameter's shape.",
            "np.zeros_like(W) has it, or .reshape(W.shape)",
        ),
        {"dW": lambda right: right.ravel()},
    ),
    *usual("dW", counts=("I", "O"), without=("doubled",)),
)


def _relative(loss, W, h):
    found = np.zeros_like(W)
    for at in np.ndindex(W.shape):
        up, down = W.copy(), W.copy()
        up[at] *= 1 + h
        down[at] *= 1 - h
        found[at] = (loss(up) - loss(down)) / (2 * h)
    return found


PROBLEM = Problem(
    "numeric_gradient",
    ("loss", "W", "h"),
    {"dW": "(I, O)"},
    Formula(
        dW=lambda loss, W, h: _slopes(loss, W, lambda f: (f(h) - f(-h)) / (2 * h)),
    ),
    MISTAKES,
    draws,
    tolerance=1e-8,  # differences of losses, divided by a small step, are rounded more
)
PROBLEMS = (PROBLEM,)


def check(learner):
    """Raises Wrong unless the exercise is solved."""
    examine(PROBLEMS, learner)
