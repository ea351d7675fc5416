"""Optimizers: from a gradient to a changed weight, one formula each.

    p  parameters    g  dL/dp    t  step, from 1    lr  learning rate at step t

The model keeps all its parameters in one flat vector, and so p, g and every running mean here
are vectors (N,) of the same length: an update is a few lines of arithmetic on whole vectors.
The ``*_update`` functions are that arithmetic, in place; their scalars have p's number format.

Numbers are Keras's to the last bit. Two traps, both kept on purpose:
``1 - beta`` is taken in double precision and then rounded (in float32, 1 - 0.999 is wrong in
its fifth digit), while the betas of the bias correction pass through float32 even in a float64
model.
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnscratch import checks, schedules
from nnscratch.schedules import Schedule

__all__ = ["SGD", "Adam", "Optimizer", "RMSprop", "get", "schedules"]


def sgd_update(p, g, learning_rate):
    """``p <- p - lr g``."""
    p -= g * learning_rate


def momentum_update(p, g, velocity, learning_rate, momentum, *, nesterov=False):
    """``v <- mu v - lr g;  p <- p + v``; Nesterov, a step ahead: ``p <- p + mu v - lr g``."""
    velocity *= momentum
    velocity -= g * learning_rate
    p += velocity * momentum - g * learning_rate if nesterov else velocity


def adam_update(p, g, m, v, step, decay_1, decay_2, epsilon):
    """Move p by one Adam step; m and v, the running means of g and g^2, move too.

    step is the learning rate times the bias correction, decay = 1 - beta.
    """
    m += (g - m) * decay_1
    v += (g * g - v) * decay_2
    p -= (m * step) / (np.sqrt(v) + epsilon)


def rmsprop_update(
    p, g, v, learning_rate, rho, decay, epsilon, *, mean=None, velocity=None, momentum=0
):
    """``v <- rho v + (1 - rho) g^2;  p <- p - lr g / sqrt(v + eps)``.

    With ``mean``, the running mean of g, the root is of the variance: v - mean^2 + eps.
    With ``velocity``: ``velocity <- mu velocity + lr g / sqrt(...);  p <- p - velocity``.
    """
    v *= rho
    v += g * g * decay
    spread = v + epsilon
    if mean is not None:
        mean *= rho
        mean += g * decay
        spread = v - mean * mean + epsilon
    move = g * learning_rate / np.sqrt(spread)
    if velocity is None:
        p -= move
    else:
        velocity *= momentum
        velocity += move
        p -= velocity


def through_float32(number):
    """``number`` as Keras hands some of its constants on, also to a float64 model."""
    return float(np.float32(number))


class Optimizer:
    """The base: learning rate or schedule, step count, clipping, and the state vectors.

    learning_rate  a number > 0, or a schedule such as ``ExponentialDecay``
    clipnorm       each tensor's gradient is scaled down to this length (2-norm) at most
    clipvalue      each number of the gradient is cut to [-clipvalue, clipvalue]
    lr             Keras 2's name for learning_rate; works, with a DeprecationWarning

    Raises ValueError for a number outside its range, and for both clips at once; TypeError for
    an argument that there is not.
    """

    state_names: tuple = ()

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        *,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        name: str | None = None,
        lr: float | None = None,
        **unknown: Any,
    ):
        checks.no_more_arguments(self, unknown)
        if lr is not None:
            message = (
                f"write {type(self).__name__}(learning_rate={lr!r}); lr= is Keras 2's name"
            )
            warnings.warn(message, DeprecationWarning, stacklevel=3)
            learning_rate = lr
        if clipnorm is not None and clipvalue is not None:
            raise ValueError("give clipnorm or clipvalue, not both")
        self.learning_rate = learning_rate
        self.clipnorm = _positive_or_none("clipnorm", clipnorm)
        self.clipvalue = _positive_or_none("clipvalue", clipvalue)
        self.name = name or type(self).__name__.lower()
        self.training_token = None  # the compiled model that this optimizer works for
        self.restart()

    def restart(self) -> None:
        """Forget the steps so far: ``compile`` begins anew."""
        self.iterations = 0
        self.state: dict[str, np.ndarray] = {}

    @property
    def learning_rate(self) -> Any:
        """The rate of the next step, as a float; assigning a number replaces a schedule."""
        if isinstance(self._rate, Schedule):
            return float(self._scheduled(self.iterations))
        return self._rate

    @learning_rate.setter
    def learning_rate(self, value: float | Schedule) -> None:
        if not isinstance(value, Schedule):
            value = checks.real_number("learning_rate", value, above=0)
        self._rate: Any = value

    @property
    def schedule(self) -> Schedule | None:
        """The schedule that sets the learning rate, or None."""
        return self._rate if isinstance(self._rate, Schedule) else None

    def build(self, parameters: np.ndarray) -> None:
        """Make the state for a parameter vector (N,): zeros of the same length and format."""
        self.state = {name: np.zeros_like(parameters) for name in self.state_names}

    def apply(
        self,
        parameters: np.ndarray,
        gradient: np.ndarray,
        tensors: Sequence[np.ndarray] = (),
    ) -> None:
        """One step: change ``parameters`` (N,) in place by their ``gradient`` (N,).

        tensors  views into ``gradient``, one a weight array: what clipnorm takes the norm of

        Clipping changes ``gradient`` in place too.
        """
        if self.state.keys() != set(self.state_names):
            self.build(parameters)
        self._clip(gradient, tensors or (gradient,))
        rate = self.rate(self.iterations + 1, parameters.dtype.type)
        self.iterations += 1
        self.update(parameters, gradient, rate)

    def rate(self, step: int, cast: Any) -> Any:
        """The learning rate of step 1, 2, ... in the number format ``cast``."""
        return cast(self._scheduled(step - 1) if self.schedule else self._rate)

    def _scheduled(self, step):
        rate = self._rate(step)
        # What is right passes quickly: this is asked before each step of a training.
        if isinstance(rate, (float, np.floating)) and 0 <= rate < math.inf:
            return rate
        called = f"what {type(self._rate).__name__} returns for step {step}"
        return checks.real_number(called, rate, least=0)

    def update(self, p: np.ndarray, g: np.ndarray, learning_rate: Any) -> None:
        """The formula: change p (N,) and the state in place."""
        raise NotImplementedError(
            f"{type(self).__name__} has to define update(p, g, learning_rate)"
        )

    def _clip(self, gradient, tensors):
        if self.clipvalue is not None:
            np.clip(gradient, -self.clipvalue, self.clipvalue, out=gradient)
        if self.clipnorm is not None:
            limit = gradient.dtype.type(self.clipnorm)
            for tensor in tensors:
                norm = np.sqrt(np.square(tensor).sum())
                if norm > limit:
                    tensor *= limit
                    tensor /= norm

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again; its current rate, not its state."""
        rate = self.schedule.serialize() if self.schedule else self._rate
        own = {"clipnorm": self.clipnorm, "clipvalue": self.clipvalue, "name": self.name}
        return {"learning_rate": rate} | own

    def __repr__(self):
        options = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items() if v is not None)
        return f"{type(self).__name__}({options})"


class SGD(Optimizer):
    """Stochastic gradient descent: ``p <- p - lr g``, with momentum if asked for.

    momentum  mu in [0, 1]: v <- mu v - lr g;  p <- p + v
    nesterov  p <- p + mu v - lr g, with the new v: the gradient of a step ahead

    Source: Robbins and Monro (1951); Polyak (1964); Sutskever et al. (2013), equations 1 to 4.
    PyTorch keeps lr out of v, which is the same until the learning rate changes.

    options  clipnorm, clipvalue, name; ValueError for a number outside its range

    >>> p = np.array([1.0, 2.0])
    >>> SGD(0.5).apply(p, np.array([1.0, -1.0]))
    >>> p
    array([0.5, 2.5])
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Any,
    ):
        super().__init__(learning_rate, **options)
        self.momentum = checks.real_number("momentum", momentum, least=0)
        if self.momentum > 1:
            raise ValueError(f"momentum must lie in 0..1, got {momentum!r}")
        self.nesterov = bool(nesterov)
        self.state_names = ("velocity",) if self.momentum else ()

    def update(self, p, g, learning_rate):
        """Plain, momentum or Nesterov step."""
        if not self.momentum:
            return sgd_update(p, g, learning_rate)
        momentum = p.dtype.type(through_float32(self.momentum))
        velocity = self.state["velocity"]
        momentum_update(p, g, velocity, learning_rate, momentum, nesterov=self.nesterov)

    def get_config(self):
        """The arguments that make this optimizer again."""
        return super().get_config() | {"momentum": self.momentum, "nesterov": self.nesterov}


class Adam(Optimizer):
    """Steps of about lr, whatever the gradient's scale: a running mean over a running root.

    m <- m + (g - m) (1 - beta_1)            v <- v + (g^2 - v) (1 - beta_2)
    p <- p - lr sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)

    m and v start at 0; the two powers undo that pull towards 0 in the first steps.
    Source: Kingma and Ba (2015), the form at the end of section 2: epsilon stands beside
    sqrt(v) before the bias correction ("epsilon hat"). PyTorch corrects v first and adds
    epsilon to that, so its first steps differ a little.

    options  clipnorm, clipvalue, name; ValueError for a number outside its range

    >>> p = np.array([1.0, 2.0])
    >>> Adam(0.1).apply(p, np.array([100.0, -0.01]))  # the first step is lr, either way
    >>> p.round(3)
    array([0.9, 2.1])
    """

    state_names = ("m", "v")

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Any,
    ):
        super().__init__(learning_rate, **options)
        self.beta_1 = checks.real_number("beta_1", beta_1, least=0, below=1)
        self.beta_2 = checks.real_number("beta_2", beta_2, least=0, below=1)
        self.epsilon = checks.real_number("epsilon", epsilon, least=0)

    def update(self, p, g, learning_rate):
        """One Adam step."""
        cast = p.dtype.type
        step = self.bias_corrected(learning_rate, self.iterations)
        decays = cast(1 - self.beta_1), cast(1 - self.beta_2)
        adam_update(p, g, self.state["m"], self.state["v"], step, *decays, cast(self.epsilon))

    def bias_corrected(self, learning_rate: Any, t: int) -> Any:
        """``lr sqrt(1 - beta_2^t) / (1 - beta_1^t)`` in learning_rate's number format."""
        cast = type(learning_rate)
        # math.pow is the C library's, as in Keras; NumPy's power may differ in the last bit.
        power_1, power_2 = (
            cast(math.pow(through_float32(beta), t)) for beta in (self.beta_1, self.beta_2)
        )
        return learning_rate * np.sqrt(cast(1) - power_2) / (cast(1) - power_1)

    def get_config(self):
        """The arguments that make this optimizer again."""
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return super().get_config() | own


class RMSprop(Optimizer):
    """The gradient over the root of its running mean square.

    v <- rho v + (1 - rho) g^2;   p <- p - lr g / sqrt(v + epsilon)

    momentum  collects the steps: velocity <- mu velocity + lr g / sqrt(v + epsilon)
    centered  takes the square of the running mean of g off v: an estimate of the variance

    Source: Tieleman and Hinton (2012), lecture 6.5; centered: Graves (2013), equations 38 to
    45. Epsilon stands inside the root, as in Keras; PyTorch puts it outside.

    options  clipnorm, clipvalue, name; ValueError for a number outside its range

    >>> p = np.array([1.0])
    >>> RMSprop(0.1, rho=0.75).apply(p, np.array([3.0]))  # v = 0.25 g^2, so the step is 2 lr
    >>> p.round(3)
    array([0.8])
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Any,
    ):
        super().__init__(learning_rate, **options)
        self.rho = checks.real_number("rho", rho, least=0, below=1)
        self.momentum = checks.real_number("momentum", momentum, least=0)
        self.epsilon = checks.real_number("epsilon", epsilon, least=0)
        self.centered = bool(centered)
        momentum_state = ("velocity",) if self.momentum else ()
        self.state_names = ("v",) + (("mean",) if centered else ()) + momentum_state

    def update(self, p, g, learning_rate):
        """One RMSprop step."""
        cast = p.dtype.type
        scalars = cast(self.rho), cast(1 - self.rho), cast(self.epsilon)
        mean, velocity = self.state.get("mean"), self.state.get("velocity")
        rmsprop_update(
            p,
            g,
            self.state["v"],
            learning_rate,
            *scalars,
            mean=mean,
            velocity=velocity,
            momentum=cast(self.momentum),
        )

    def get_config(self):
        """The arguments that make this optimizer again."""
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon}
        return super().get_config() | own | {"centered": self.centered}


def _positive_or_none(name, value):
    return None if value is None else checks.real_number(name, value, above=0)


_known = {cls.__name__: cls for cls in (SGD, Adam, RMSprop)}
_known |= {name.lower(): cls for name, cls in _known.items()}


def get(identifier: str | Optimizer | type[Optimizer]) -> Optimizer:
    """The optimizer of that name or class with its default settings; an Optimizer is itself.

    Raises ValueError for an unknown name.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    return checks.look_up("optimizer", identifier, _known)()


def serialize(optimizer):
    """Class name and arguments as JSON values."""
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}


def deserialize(config):
    """The optimizer that ``serialize`` described."""
    options = dict(config["config"])
    if isinstance(options["learning_rate"], dict):
        options["learning_rate"] = schedules.deserialize(options["learning_rate"])
    return checks.look_up("optimizer", config["class_name"], _known)(**options)
