"""How the parameters of a layer start: from the same seed, the numbers that Keras starts from.

Units that start alike get the same gradient and stay alike, so weights start at random. How
large they may be follows from a wish: numbers should neither grow nor fade on their way through
the layers. A sum of ``fan_in`` products w x has the variance of x when ``Var(w) = 1 / fan_in``;
which sums are looked at is what tells these three apart:

    lecun    Var(w) = 1 / fan_in               the sums of the forward pass
    he       Var(w) = 2 / fan_in               the same, when ReLU stops half of the numbers
    glorot   Var(w) = 2 / (fan_in + fan_out)   the sums of both passes, a middle way

Each comes as a uniform and as a normal distribution. An initializer keeps its seed, and gives
the same numbers at every call, as in Keras.

Sources: LeCun et al. 1998, "Efficient BackProp", section 4.6; He et al. 2015, equation 10;
Glorot and Bengio 2010, equations 12 and 16.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnscratch import checks, random
from nnscratch.config import float_type

__all__ = [
    "Constant",
    "FromFunction",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "RandomUniform",
    "Zeros",
    "constant",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "random_uniform",
    "zeros",
]

# The standard deviation of the standard normal distribution cut at -2 and 2.
SPREAD_AFTER_THE_CUT = 0.87962566103423978


class Initializer:
    """Base of all. A subclass of your own defines ``__call__``, as in Keras, no more.

    >>> import numpy as np
    >>> class Alternating(Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return np.resize([1.0, -1.0], shape)
    >>> Alternating()((2, 3))
    array([[ 1., -1.,  1.],
           [-1.,  1., -1.]])
    """

    seed: int | None = None
    seed_was_given = False

    def __call__(self, shape: Any, dtype: DTypeLike | None = None) -> np.ndarray:
        """An array of this shape; a dtype of None means ``floatx()``.

        Raises ValueError for a shape that is none, and for a dtype that is no float.
        """
        return self._values(checks.shape("shape", shape), float_type(dtype))

    def _values(self, shape, dtype):
        raise NotImplementedError(
            f"{type(self).__name__} must define __call__(self, shape, dtype=None)"
        )

    def reseed(self, source: Any) -> None:
        """Take a seed from this SeedSource, if the initializer draws and was not given one."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments that make this initializer again, as JSON values."""
        return {}

    def __repr__(self):
        options = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({options})"


class Zeros(Initializer):
    """All 0: how biases start."""

    def _values(self, shape, dtype):
        return np.zeros(shape, dtype)


class Ones(Initializer):
    """All 1."""

    def _values(self, shape, dtype):
        return np.ones(shape, dtype)


class Constant(Initializer):
    """All ``value``, a finite number, else ValueError; rounded to float32 also in float64.

    Keras does that too.

    >>> Constant(0.5)((2, 2))
    array([[0.5, 0.5],
           [0.5, 0.5]], dtype=float32)
    """

    def __init__(self, value: float = 0.0):
        self.value = checks.real_number("value", value)

    def _values(self, shape, dtype):
        return np.full(shape, np.float32(self.value), dtype)

    def get_config(self):
        """The value."""
        return {"value": self.value}


class RandomInitializer(Initializer):
    """Base of those that draw: without a seed they take one from ``nnscratch.random`` at once.

    At once, and not when the weights are made, since Keras does so: the order in which layers
    are constructed decides their weights.
    """

    def __init__(self, seed: int | None = None):
        self.seed_was_given = seed is not None
        self.seed = random.whole_seed(seed) if self.seed_was_given else random.draw_seed()

    def reseed(self, source):
        """Take a seed from this SeedSource, unless the constructor was given one."""
        if not self.seed_was_given:
            self.seed = source.draw()

    def get_config(self):
        """The seed that was given, or None: a drawn one is not part of the recipe."""
        return {"seed": self.seed if self.seed_was_given else None}


class RandomUniform(RandomInitializer):
    """Uniform in [minval, maxval), whatever the shape; ValueError for minval > maxval."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        self.minval = checks.real_number("minval", minval)
        self.maxval = checks.real_number("maxval", maxval)
        if self.minval > self.maxval:
            raise ValueError(f"minval must not be above maxval, got {minval!r} and {maxval!r}")
        super().__init__(seed)

    def _values(self, shape, dtype):
        return random.uniform(shape, self.seed, low=self.minval, high=self.maxval, dtype=dtype)

    def get_config(self):
        """Both bounds and the seed."""
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


# ---- Weights as large as the layer's width allows --------------------------------------------


def fans(shape):
    """How many inputs one output sums, and how many outputs one input reaches.

    (I, O) gives I, O. A single axis (n,) counts as both, and axes before the last two count for
    both too, as the field of a convolution kernel does.
    """
    if not shape:
        raise ValueError(
            "expected a shape of at least one axis such as (2, 10), got ()\n"
            "a single number has no inputs to count; use RandomUniform(-0.05, 0.05) for it"
        )
    *field, fan_in, fan_out = shape if len(shape) > 1 else shape * 2
    return math.prod(field) * fan_in, math.prod(field) * fan_out


class ScaledByFan(RandomInitializer):
    """Base of those that aim at a variance of ``scale / fan``."""

    scale = 1.0
    mode = "fan_in"

    def variance(self, shape: tuple[int, ...]) -> float:
        """The variance to aim at, for weights of this shape."""
        fan_in, fan_out = fans(shape)
        fan = fan_in if self.mode == "fan_in" else (fan_in + fan_out) / 2
        return self.scale / fan


class ScaledUniform(ScaledByFan):
    """Uniform in [-limit, limit): its variance is ``limit**2 / 3``."""

    def _values(self, shape, dtype):
        limit = math.sqrt(3.0 * self.variance(shape))
        return random.uniform(shape, self.seed, low=-limit, high=limit, dtype=dtype)


class ScaledNormal(ScaledByFan):
    """Normal, drawn again when beyond two standard deviations.

    What the cut leaves spreads only 0.8796 times as far, so it is drawn wider by that much.
    """

    def _values(self, shape, dtype):
        stddev = math.sqrt(self.variance(shape)) / SPREAD_AFTER_THE_CUT
        return random.truncated_normal(shape, self.seed, stddev=stddev, dtype=dtype)


class LecunUniform(ScaledUniform):
    """Uniform with ``limit = sqrt(3 / fan_in)``, for activations that are near the identity."""


class LecunNormal(ScaledNormal):
    """Truncated normal of variance ``1 / fan_in``."""


class HeUniform(ScaledUniform):
    """Uniform with ``limit = sqrt(6 / fan_in)``, for ReLU."""

    scale = 2.0


class HeNormal(ScaledNormal):
    """Truncated normal of variance ``2 / fan_in``, for ReLU."""

    scale = 2.0


class GlorotUniform(ScaledUniform):
    """Uniform with ``limit = sqrt(6 / (fan_in + fan_out))``: how Dense kernels start.

    >>> W = GlorotUniform(seed=1)((100, 50))
    >>> W.shape, bool(abs(W).max() < (6 / 150) ** 0.5)
    ((100, 50), True)
    """

    mode = "fan_avg"


class GlorotNormal(ScaledNormal):
    """Truncated normal of variance ``2 / (fan_in + fan_out)``."""

    mode = "fan_avg"


class FromFunction(Initializer):
    """What a function of your own, f(shape, dtype), returns."""

    def __init__(self, function: Callable[..., Any]):
        self.function = function

    def _values(self, shape, dtype):
        return self.function(shape, dtype)

    def __repr__(self):
        return f"FromFunction({_name(self.function)})"


# ---- Names and configurations ----------------------------------------------------------------

zeros, ones, constant, random_uniform = Zeros, Ones, Constant, RandomUniform
lecun_uniform, lecun_normal = LecunUniform, LecunNormal
he_uniform, he_normal = HeUniform, HeNormal
glorot_uniform, glorot_normal = GlorotUniform, GlorotNormal

_by_name = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "random_uniform": RandomUniform,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
}
_by_name |= {kind.__name__: kind for kind in _by_name.values()}


def get(identifier: Any) -> Initializer:
    """The Initializer that is meant.

    identifier: a name ("glorot_uniform" or "GlorotUniform"), an Initializer, its class, what
    ``serialize`` gave, or any function f(shape, dtype) that returns an array. Raises
    ValueError for an unknown name, TypeError for anything else.
    """
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        identifier = checks.look_up("initializer", identifier, _by_name)
    if isinstance(identifier, type):
        identifier = identifier()
    if not callable(identifier):
        raise TypeError(
            f"an initializer must be a name such as 'glorot_uniform', an Initializer, or a "
            f"function f(shape, dtype), got {identifier!r:.60}"
        )
    return identifier if isinstance(identifier, Initializer) else FromFunction(identifier)


def serialize(initializer):
    """``{"class_name": ..., "config": {...}}``, JSON values from which it is made again."""
    kind = type(initializer)
    if _by_name.get(kind.__name__) is not kind:
        code = getattr(initializer, "function", initializer)
        raise ValueError(
            f"the initializer {_name(code)} cannot be saved, as a model file holds no code\n"
            f"use one of nn.initializers, such as kernel_initializer='glorot_uniform'"
        )
    return {"class_name": kind.__name__, "config": initializer.get_config()}


def deserialize(config):
    """The initializer that ``serialize`` described."""
    if not (isinstance(config, dict) and {"class_name", "config"} <= config.keys()):
        raise ValueError(
            f"an initializer is described by {{'class_name': ..., 'config': {{...}}}}, "
            f"got {config!r:.60}"
        )
    return checks.look_up("initializer", config["class_name"], _by_name)(**config["config"])


def _name(code):
    return getattr(code, "__name__", type(code).__name__)
