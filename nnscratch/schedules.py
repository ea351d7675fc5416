"""Learning-rate schedules: the rate as a function of the optimizer's steps taken so far.

The rates are computed in float32, also for a float64 model, as in Keras.
"""

import math
from typing import Any

import numpy as np
from numpy import float32

from nnscratch import checks

__all__ = ["CosineDecay", "ExponentialDecay", "Schedule"]


class Schedule:
    """The base; a schedule of your own defines ``__call__(step)`` -> rate, a number >= 0.

    step  how many updates were made before this one: 0, 1, 2, ...
    """

    def __call__(self, step: int) -> Any:
        """The learning rate after ``step`` steps."""
        raise NotImplementedError(f"{type(self).__name__} has to define __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return dict(vars(self))

    def serialize(self) -> dict[str, Any]:
        """Class name and arguments as JSON values."""
        return {"class_name": type(self).__name__, "config": self.get_config()}

    def __repr__(self):
        options = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({options})"


class ExponentialDecay(Schedule):
    """``rate = initial * decay_rate ** (step / decay_steps)``.

    staircase  the exponent is rounded down, so that the rate falls once every decay_steps

    Raises ValueError unless both rates are above 0 and decay_steps is a whole number >= 1.

    >>> halve = ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
    >>> [f"{halve(step):.3f}" for step in (0, 100, 200)]
    ['0.100', '0.050', '0.025']
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
    ):
        self.initial_learning_rate = checks.real_number(
            "initial_learning_rate", initial_learning_rate, above=0
        )
        self.decay_steps = checks.whole_number("decay_steps", decay_steps, least=1)
        self.decay_rate = checks.real_number("decay_rate", decay_rate, above=0)
        self.staircase = bool(staircase)

    def __call__(self, step):
        """The learning rate after ``step`` steps."""
        exponent = float32(step) / float32(self.decay_steps)
        exponent = float32(math.floor(exponent)) if self.staircase else exponent
        with np.errstate(over="ignore"):  # an optimizer refuses an infinite rate in words
            return float32(self.initial_learning_rate) * float32(self.decay_rate) ** exponent


class CosineDecay(Schedule):
    """Half a cosine from ``initial`` down to ``alpha * initial`` in decay_steps, then constant.

    warmup_target  if given, the rate first climbs in a straight line from ``initial`` to it
                   in warmup_steps, and the cosine starts there
    Source: Loshchilov and Hutter (2017), equation 5.

    Raises ValueError for a negative rate, alpha or warm-up, and for decay_steps below 1.

    >>> fall = CosineDecay(0.1, decay_steps=100)
    >>> [f"{fall(step):.2f}" for step in (0, 50, 100, 150)]
    ['0.10', '0.05', '0.00', '0.00']
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        *,
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ):
        self.initial_learning_rate = checks.real_number(
            "initial_learning_rate", initial_learning_rate, least=0
        )
        self.decay_steps = checks.whole_number("decay_steps", decay_steps, least=1)
        self.alpha = checks.real_number("alpha", alpha, least=0)
        self.warmup_target = warmup_target
        if warmup_target is not None:
            self.warmup_target = checks.real_number("warmup_target", warmup_target, above=0)
        self.warmup_steps = checks.whole_number("warmup_steps", warmup_steps, least=0)

    def __call__(self, step):
        """The learning rate after ``step`` steps."""
        initial = float32(self.initial_learning_rate)
        if self.warmup_target is None:
            return self._cosine(initial, step)
        target = float32(self.warmup_target)
        if step < self.warmup_steps:
            return initial + (target - initial) * (float32(step) / float32(self.warmup_steps))
        return self._cosine(target, step - self.warmup_steps)

    def _cosine(self, start, step):
        done = min(float32(step) / float32(self.decay_steps), float32(1))
        share = (1 + float32(math.cos(float32(math.pi) * done))) / 2
        return start * (float32(1 - self.alpha) * share + float32(self.alpha))


_known = {cls.__name__: cls for cls in (ExponentialDecay, CosineDecay)}


def deserialize(config):
    """The schedule that ``serialize`` described."""
    return checks.look_up("schedule", config["class_name"], _known)(**config["config"])
