"""What is asked of a learner's function, and its results in calls on random data."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnscratch.learn.formula import Formula
from nnscratch.learn.verdict import Wrong, wrong

SEED = 20  # of the data; the check is the same every time
ONE_NUMBER = "one number"  # in the place of a shape
TOLERANCE = 1e-9  # relative to an array's largest number; rounding stays below 1e-13


@dataclass(frozen=True)
class Problem:
    """A function to be written, and all that is needed to judge it.

    function   its name; arguments: the names of its inputs, in order
    returns    {name of a result: its shape in letters, "(I, O)"}; the names are the formula's
    formula    the right ``Formula``; mistakes: the ``Mistake`` objects to look for
    draws      generator -> inputs of each call: {name: value}, with the sizes B, I, O
    observe    (learner, inputs) -> results in the order of ``returns``; None: a plain call
    right      an input that holds the right results, where they are not the formula's
    tolerance  of a comparison, relative to the largest number; absolute: in itself
    """

    function: str
    arguments: tuple
    returns: dict
    formula: Formula
    mistakes: tuple
    draws: Any
    observe: Any = None
    right: str = ""
    tolerance: float = TOLERANCE
    absolute: float = 0.0
    calls: list = field(default_factory=list, init=False)

    def __post_init__(self):
        self.calls.extend(self.draws(np.random.default_rng(SEED)))

    def predictions(self, *mistakes):
        """[{name: value} for each call] under these mistakes; None where they do not apply."""
        try:
            with np.errstate(all="ignore"):
                scopes = self.formula.with_mistakes(*mistakes).values(self.calls)
        except (ValueError, IndexError, TypeError, AttributeError):
            return None  # shapes that do not fit: nobody's code gives these numbers
        return [{name: np.asarray(scope[name]) for name in self.returns} for scope in scopes]

    def expected(self):
        """[{name: value} for each call] that are right."""
        return (
            [inputs[self.right] for inputs in self.calls] if self.right else self.predictions()
        )

    def close(self, a, b):
        """Equal shapes, and equal numbers but for rounding; NaN equals NaN."""
        if a.shape != b.shape:
            return False
        finite = np.abs(b[np.isfinite(b)])
        scale = finite.max() if finite.size else 1.0
        allowed = max(self.tolerance * scale, self.absolute)
        return bool(np.isclose(a, b, rtol=0, atol=allowed, equal_nan=True).all())

    def explained(self, seen, predicted, names=None):
        """Whether predictions agree with what was seen, in all calls."""
        if predicted is None:
            return False
        names = names or tuple(self.returns)
        if any(_nowhere_finite(predicted[: len(seen)], name) for name in names):
            return False  # nan is what many mistakes end in, and tells none from another
        return all(
            self.close(result[name], forecast[name])
            for result, forecast in zip(seen, predicted, strict=False)
            for name in names
        )


def _nowhere_finite(predicted, name):
    return not any(np.isfinite(values[name]).any() for values in predicted)


def sizes(*several):
    """Return a decorator for ``make(rng, **sizes) -> inputs``: the draws of a problem."""

    def decorate(make):
        return lambda rng: [make(rng, **each) | each for each in several]

    return decorate


def three_and_another(first, other):
    """Three calls of one size, so that what is kept between calls shows, and one of another."""
    return sizes(first, first, first, other)


def observe(problem, learner):
    """The results of all calls up to the first error, and that error."""
    seen = []
    for inputs in problem.calls:
        try:
            seen.append(_results(problem, learner, inputs))
        except Wrong as error:
            return seen, error
    return seen, None


def _results(problem, learner, inputs):
    if problem.observe is not None:
        values = problem.observe(learner, inputs)
    else:
        given = {name: inputs[name] for name in problem.arguments}
        values = learner.call(problem.function, given)
        values = (values,) if len(problem.returns) == 1 else values
    return as_arrays(values, problem.returns, problem.function)


def as_arrays(values, names, function):
    """Results as {name: float64 array}, or refused in words."""
    names = tuple(names)
    if values is None or (len(names) == 1 and values[0] is None):
        raise wrong(
            "returns nothing",
            f"{function} returned None.",
            hints=("Is the return missing?", f"End it with: return {', '.join(names)}"),
        )
    if not isinstance(values, (tuple, list)) or len(values) != len(names):
        got = len(values) if isinstance(values, (tuple, list)) else type(values).__name__
        raise wrong(
            "other count",
            f"{function} must return {len(names)} things, {', '.join(names)}; got {got}.",
            hints=(
                "Count what stands behind return.",
                f"End it with: return {', '.join(names)}",
            ),
        )
    return {
        name: _array(value, name, function) for name, value in zip(names, values, strict=True)
    }


def _array(value, name, function):
    try:
        array = np.array(value)
        if array.dtype.kind not in "fiub":
            raise TypeError
        return array if array.dtype == np.float32 else array.astype(float)
    except (TypeError, ValueError) as error:
        raise wrong(
            "no numbers",
            f"{name}, which {function} returned, is {type(value).__name__}, not an array of"
            " numbers.",
            hints=("Print it just before return.", "Return NumPy arrays or plain numbers."),
        ) from error
