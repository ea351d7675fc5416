"""Is the backward pass the derivative of the forward pass? Ask the forward pass itself.

Move one number by a little, h, in both directions; how much the loss changes tells its slope:

    numeric = (L(w + h) - L(w - h)) / (2 h)          error about h^2 |L'''| / 6 + |L| 1e-16 / h

Everything is done in float64: in float32 the second term alone is 1 % at h = 1e-5, and a right
gradient looks wrong. Plotted over h the error is a V: too coarse on one side, rounding on the
other. At a kink (a ReLU whose input is 0) the slope to the left is not the slope to the right,
and the comparison means nothing; such numbers are marked and left out.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import checks, data, views
from nnscratch.engines import eager
from nnscratch.layers import Layer
from nnscratch.models.parameters import ParameterVector

STEP = 1e-5  # h: near the cube root of 1e-16, where the two errors are about equal
CURVE_STEPS = tuple(10.0**-exponent for exponent in range(1, 13))


@dataclass(frozen=True)
class TensorCheck:
    """One tensor's gradient against its numeric twin.

    error     the largest difference, relative to the tensor's largest gradient (or, where all
              are tiny, to the smallest gradient that shows above the rounding of the loss)
    index     where that is; analytic and numeric are the two values there
    checked   how many numbers were compared; kinks: how many were left out
    """

    name: str
    error: float
    index: tuple
    analytic: float
    numeric: float
    checked: int
    kinks: int

    def in_words(self, tolerance: float) -> str:
        """A line of the report."""
        sign = "ok   " if self.error <= tolerance else "WRONG"
        at = ", ".join(map(str, self.index))
        kinks = f"; {self.kinks} at a kink, left out" if self.kinks else ""
        return (
            f"{sign} {self.name:<16} error {self.error:.1e} at [{at}]: backward"
            f" {self.analytic:+.9g}, numeric {self.numeric:+.9g}"
            f" ({self.checked} compared{kinks})"
        )

    def in_cells(self, tolerance: float) -> list[str]:
        """The same as the texts of a table's row."""
        at = ", ".join(map(str, self.index))
        kinks = f", {self.kinks} at a kink left out" if self.kinks else ""
        return [
            self.name,
            "ok" if self.error <= tolerance else "WRONG",
            f"{self.error:.1e}",
            f"[{at}]",
            f"{self.analytic:+.9g}",
            f"{self.numeric:+.9g}",
            f"{self.checked}{kinks}",
        ]


class GradientCheck:
    """The report of ``gradcheck``; print it to read it.

    ok       whether every error is within the tolerance
    tensors  a ``TensorCheck`` for the input x and each parameter; worst: the one with the
             largest error
    curve    {h: relative error} at the number with the largest error: the V
    """

    def __init__(self, tensors, tolerance, curve):
        self.tensors = tensors
        self.tolerance = tolerance
        self.curve = curve

    @property
    def worst(self) -> TensorCheck:
        """The tensor with the largest error."""
        return max(self.tensors, key=lambda tensor: tensor.error)

    @property
    def ok(self) -> bool:
        """Whether every error is within the tolerance."""
        return self.worst.error <= self.tolerance

    @property
    def verdict(self) -> str:
        """The result in one line."""
        verdict = "all gradients agree" if self.ok else f"{self.worst.name} is WRONG"
        return f"{verdict} (relative error, tolerance {self.tolerance:g})"

    def __str__(self):
        lines = [*(tensor.in_words(self.tolerance) for tensor in self.tensors), self.verdict]
        if self.curve:
            lines.append("h     " + "".join(f"{step:8.0e}" for step in self.curve))
            lines.append("error " + "".join(f"{error:8.0e}" for error in self.curve.values()))
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self):
        header = ("tensor", "", "relative error", "at", "backward", "numeric", "compared")
        rows = [tensor.in_cells(self.tolerance) for tensor in self.tensors]
        errors = ", ".join(f"{h:.0e}: {error:.0e}" for h, error in self.curve.items())
        notes = [f"Error of {self.worst.name} by step h: {errors}"] if errors else []
        return views.table(self.verdict, [header, *rows], notes)


def gradcheck(
    layer_or_model: Any,
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    step: float = STEP,
    tolerance: float = 1e-6,
    most: int = 500,
    seed: int = 0,
) -> GradientCheck:
    """Compare every gradient of a layer or a compiled model with central differences.

    x     rows; y: their targets, for a model
    step  h above; tolerance: the relative error up to which a gradient counts as right
    most  numbers compared in each tensor; larger tensors are sampled (with ``seed``)

    A layer is checked under a random gradient from above: with plain ones a wrong softmax
    would pass, as its outputs sum to one. Works on a float64 copy and changes nothing.
    Returns a GradientCheck. Raises ValueError for data that does not fit, for a model without
    targets or not compiled, and for a backward that returns other shapes than it must.

    >>> import nnscratch as nn
    >>> report = gradcheck(nn.layers.Dense(2, "tanh"), [[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]])
    >>> report.ok, [tensor.name for tensor in report.tensors]
    (True, ['x', 'W', 'b'])
    """
    step = checks.real_number("step", step, above=0)
    tolerance = checks.real_number("tolerance", tolerance, above=0)
    most = checks.whole_number("most", most, least=1)
    rng = np.random.default_rng(seed)
    subject = copy.deepcopy(layer_or_model)
    if isinstance(subject, Layer):
        problem = _layer_problem(subject, x, rng)
    else:
        problem = model_problem(subject, x, y)
    tensors = [problem.check(name, step, tolerance, most, rng) for name in problem.arrays]
    worst = max(tensors, key=lambda tensor: tensor.error)
    return GradientCheck(tensors, tolerance, problem.curve(worst) if worst.checked else {})


def _layer_problem(layer, x, rng):
    """The loss ``sum(layer(x) * upstream)``, each product a term."""
    x = data.as_features(x, np.float64).astype(np.float64)
    layer.ensure_built((None, *x.shape[1:]), np.float64)
    vector = ParameterVector(layer, [layer], np.float64)
    forward = _repeatable(lambda: layer.forward(x, training=True), [layer])
    y, cache = forward()
    upstream = rng.standard_normal(y.shape)
    dx, grads = layer.backward(upstream, cache)
    if np.shape(dx) != x.shape:
        raise ValueError(
            f"layer {layer.label!r}: backward must return dx with the shape of x, {x.shape},"
            f" got {np.shape(dx)}"
        )
    vector.store(layer, grads)
    gradients = dict(zip(layer.params, vector.tensors, strict=True))
    arrays = {"x": x, **layer.params}
    return _Problem(lambda: forward()[0] * upstream, arrays, {"x": dx, **gradients})


def model_problem(model, x, y, sample_weight=None):
    """A compiled model's own loss, each row a term; arrays by layer and name.

    Turns ``model`` itself into float64. sample_weight (B,) multiplies the rows' losses.
    """
    if y is None:
        raise ValueError("to check a model, pass its targets too: nn.gradcheck(model, x, y)")
    model.require_compiled("gradcheck")
    model.become(np.float64)
    x = data.as_features(x, np.float64).astype(np.float64)
    if not model.built:
        model.build((None, *x.shape[1:]))
    data.check_width(x, model.input_shape, model.layers[0].name)
    y = data.as_targets(y, model.loss.targets, model.output_shape[-1], np.float64)
    data.check_same_length(x, y, "y")
    batch_loss = model.batch_loss
    forward = _repeatable(
        lambda: eager.forward(batch_loss.steps, x, training=True), model.layers
    )
    out, caches = forward()
    weight = None if sample_weight is None else np.asarray(sample_weight, np.float64)
    d_out = batch_loss.gradient(y, batch_loss.predictions(out), weight)
    dx = eager.backward(batch_loss.steps, caches, d_out, model.store_gradients)
    names = [f"{layer.name}.{name}" for layer in model.layers for name in layer.params]
    views = [array for layer in model.layers for array in layer.params.values()]
    arrays = {"x": x, **dict(zip(names, views, strict=True))}
    gradients = {"x": dx, **dict(zip(names, model.gradient_tensors, strict=True))}
    share = (1 if weight is None else weight) / model.loss.divisor(len(x), weight)
    return _Problem(lambda: batch_loss.values(y, forward()[0]) * share, arrays, gradients)


def _repeatable(forward, layers):
    """``forward`` with the same dropout masks at every call."""
    counted = [(layer, layer.calls) for layer in layers if hasattr(layer, "calls")]

    def again():
        for layer, calls in counted:
            layer.calls = calls
        return forward()

    return again


def _summary(name, shape, places, analytic, numeric, errors):
    """The TensorCheck of what was found at ``places``; an error of NaN is a kink."""
    kinks = int(np.isnan(errors).sum())
    if kinks == len(places):
        return TensorCheck(name, 0.0, (), np.nan, np.nan, 0, kinks)
    k = int(np.nanargmax(errors))
    index = tuple(int(i) for i in np.unravel_index(places[k], shape))
    values = float(errors[k]), index, float(analytic[k]), float(numeric[k])
    return TensorCheck(name, *values, len(places) - kinks, kinks)


class _Problem:
    """A loss to differentiate.

    terms      () -> an array whose sum is the loss. Differences are taken term by term: what
               does not depend on the moved number then cancels exactly
    arrays     {name: array} that the terms depend on; moved in place and put back
    gradients  {name: array}, what backward says
    """

    def __init__(self, terms, arrays, gradients):
        self.terms = terms
        self.arrays = arrays
        self.gradients = gradients
        self.middle = terms()

    def check(self, name, step, tolerance, most, rng):
        """The TensorCheck of one array, at all its numbers or at ``most`` of them."""
        gradient = np.asarray(self.gradients[name], np.float64)
        places = np.arange(gradient.size)
        if gradient.size > most:
            places = np.sort(rng.choice(gradient.size, most, replace=False))
        analytic = gradient.flat[places]
        numeric = np.array([self.slope(name, place, step)[0] for place in places])
        scale = max(np.abs(gradient).max(), np.abs(numeric).max())
        scale = max(scale, self.rounding(step) / tolerance) or 1.0
        for k in np.flatnonzero(np.abs(analytic - numeric) > tolerance * scale):
            numeric[k] = self.second_look(
                name, places[k], step, analytic[k], numeric[k], tolerance * scale
            )
        errors = np.abs(analytic - numeric) / scale
        return _summary(name, gradient.shape, places, analytic, numeric, errors)

    def rounding(self, step):
        """How far a slope may be off because the loss itself is rounded."""
        return np.finfo(float).eps * np.abs(self.middle).sum() / step

    def slope(self, name, place, step):
        """The central difference, and by how much the slopes to either side differ."""
        value = self.arrays[name].flat[place]
        # A large value cannot be moved by exactly step, so what counts is how far it did move.
        step = max(step, np.spacing(abs(value)))
        high, low = value + step, value - step
        up, down = self.terms_at(name, place, high), self.terms_at(name, place, low)
        right = (up - self.middle).sum() / (high - value)
        left = (self.middle - down).sum() / (value - low)
        return (up - down).sum() / (high - low), abs(right - left)

    def terms_at(self, name, place, value):
        """The terms with one number of one array at another value, which is then put back."""
        array = self.arrays[name]
        before = array.flat[place]
        array.flat[place] = value
        terms = self.terms()
        array.flat[place] = before
        return terms

    def second_look(self, name, place, step, analytic, numeric, allowed):
        """The slope from elsewhere, where that agrees; NaN at a kink; else ``numeric``.

        From 100 h, rounding disturbs a hundred times less, and two steps, joined so that their
        h^2 errors cancel, make up for the distance. From h / 10 and h / 100, a steep curve or a
        kink within h disturbs less. A wrong gradient agrees with none of them. At a kink the
        two sides differ as much as before, while those of a smooth curve draw together.
        """
        once, twice = (self.slope(name, place, factor * step)[0] for factor in (100, 200))
        slope = (4 * once - twice) / 3
        if abs(slope - analytic) <= allowed:
            return slope
        for nearer in (step / 10, step / 100):
            slope, jump = self.slope(name, place, nearer)
            if abs(slope - analytic) <= allowed:
                return slope
        at_kink = jump > 0.1 * abs(slope - analytic) and jump > 10 * self.rounding(nearer)
        return np.nan if at_kink else numeric

    def curve(self, tensor):
        """{h: error relative to the largest gradient} where the tensor's error is largest."""
        shape = self.arrays[tensor.name].shape
        place = np.ravel_multi_index(tensor.index, shape)
        scale = np.abs(self.gradients[tensor.name]).max() or 1.0
        slopes = {step: self.slope(tensor.name, place, step)[0] for step in CURVE_STEPS}
        return {h: float(abs(slope - tensor.analytic) / scale) for h, slope in slopes.items()}
