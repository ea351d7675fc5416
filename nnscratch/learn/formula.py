"""Right formulas as named steps, and mistakes as replacements of single steps.

A ``Formula`` is a small program: each step has a name and is a function whose parameters are
names too, of inputs or of steps before it.

    Formula(
        dz=lambda dy, z: dy * (z > 0),
        dW=lambda x, dz: x.T @ dz,
    )

A ``Mistake`` replaces steps: ``{"dz": lambda dy: dy}`` has lost the mask, and whatever comes
after it is computed from the wrong dz, as in the learner's own code. A replacement may ask for
``right``, what the step would have given: ``{"dW": lambda right: -right}``. Two mistakes can so
be made together, one after the other. A step may also ask for ``earlier``, the values of all
calls before this one: that is how a gradient that accumulates is computed. ``scope`` is all
that is known so far, by name.
"""

import functools
import inspect
from dataclasses import dataclass

import numpy as np


class Formula:
    """Named steps, computed in the order in which they are given."""

    def __init__(self, **steps):
        self._steps = {name: [step] for name, step in steps.items()}

    def with_mistakes(self, *mistakes):
        """The formula as somebody would write it who makes these mistakes."""
        other = Formula()
        other._steps = {name: list(chain) for name, chain in self._steps.items()}
        for mistake in mistakes:
            for name, step in mistake.replaces.items():
                other._steps[name].append(step)
        return other

    def only(self, *names):
        """A formula of these steps alone."""
        return Formula(**{name: self._steps[name][0] for name in names})

    def values(self, calls):
        """Inputs of each call -> [{name: value} of inputs and steps], in order."""
        done: list[dict] = []
        for inputs in calls:
            scope = dict(inputs)
            for name, chain in self._steps.items():
                scope[name] = None
                for step in chain:
                    names = scope | {"right": scope[name], "earlier": done, "scope": scope}
                    scope[name] = step(*(names[wanted] for wanted in _parameters(step)))
            done.append(scope)
        return done


@functools.cache
def _parameters(step):
    return tuple(inspect.signature(step).parameters)


@dataclass(frozen=True)
class Mistake:
    """One way to be wrong, with what it makes of the formula.

    kind      a short name for it: "transposed"
    says      a sentence or two about the learner's result
    hints     two of them: the first points, the second nearly tells
    replaces  {step: what stands in its place}
    """

    kind: str
    says: str
    hints: tuple
    replaces: dict


def usual(step, *, called=None, counts=("B",), without=()):
    """The mistakes that any gradient can have, in the step of that name.

    called   what the learner calls it, where that is not the step's name
    counts   inputs, such as B, by which a gradient may wrongly be multiplied or divided
    without  kinds to leave out, such as "transposed"
    """
    makers = {
        "sign": _sign,
        "transposed": _transposed,
        "accumulated": _accumulated,
        "stale": _first_call,
        "doubled": _doubled,
        "halved": _halved,
    }
    called = called or step
    found = [make(step, called) for kind, make in makers.items() if kind not in without]
    return found + [mistake for count in counts for mistake in _count(step, called, count)]


COUNTS = {"B": "rows", "I": "inputs", "O": "outputs", "C": "classes", "H": "hidden units"}


def _sign(step, called):
    return Mistake(
        f"{called} sign",
        f"Every number of {called} has the wrong sign.",
        (
            "Which way does the loss go when this number grows a little?",
            f"Compute {called} as you do now, and look for the minus that is one too many.",
        ),
        {step: lambda right: -right},
    )


def _count(step, called, name):
    """Times and divided by a number of the data's shape."""
    count = f"{name}, the number of {COUNTS[name]},"
    return [
        Mistake(
            f"{called} times {name}",
            f"{called} is {name} times too large: {count} is multiplied in, or was not"
            " divided by where it should have been.",
            (
                f"Where in the explanation does 1 / {name} stand, and does it in your code?",
                f"Your {called} divided by {name} is right.",
            ),
            {step: _scaled(name, 1)},
        ),
        Mistake(
            f"{called} divided by {name}",
            f"{called} is {name} times too small: {count} divides it once too often.",
            (
                f"Does the explanation divide by {name} here? A mean in place of a sum"
                " divides too.",
                f"Your {called} times {name} is right.",
            ),
            {step: _scaled(name, -1)},
        ),
    ]


def _scaled(name, power):
    return lambda right, scope: np.asarray(right) * float(scope[name]) ** power


def _transposed(step, called):
    return Mistake(
        f"{called} transposed",
        f"This is the transpose of {called}: rows and columns have changed places.",
        (
            "Write the shapes beside the product: which one has to come first?",
            "(a @ b).T is b.T @ a.T: swap the two factors, and transpose the other one.",
        ),
        {step: lambda right: right.T},
    )


def _accumulated(step, called):
    return Mistake(
        f"{called} accumulated",
        f"{called} is right at the first call; later calls add their own to what was there.",
        (
            "What is left over from the last call when yours begins?",
            "Begin each call with fresh arrays, or assign with = where += stands now.",
        ),
        {
            step: lambda right, earlier: (
                right + earlier[-1][step]
                if earlier and _same_shape(right, earlier, step)
                else right
            )
        },
    )


def _first_call(step, called):
    return Mistake(
        f"{called} stale",
        f"{called} is what the first call's data gave: later data changed nothing.",
        (
            "Something that was computed or kept at the first call is used again.",
            "Look for a variable outside the function that is filled only once.",
        ),
        {step: lambda right, earlier: earlier[0][step] if earlier else right},
    )


def _same_shape(value, earlier, step):
    return np.shape(value) == np.shape(earlier[-1][step])


def _doubled(step, called):
    return Mistake(
        f"{called} doubled",
        f"{called} is exactly twice what it should be.",
        (
            "Is something added twice, or a 2 of a square's derivative where no square is?",
            f"Your {called} / 2 is right.",
        ),
        {step: lambda right: right * 2},
    )


def _halved(step, called):
    return Mistake(
        f"{called} halved",
        f"{called} is exactly half of what it should be.",
        (
            "The derivative of a square brings a factor of 2; is it there?",
            f"Your {called} * 2 is right.",
        ),
        {step: lambda right: right / 2},
    )
