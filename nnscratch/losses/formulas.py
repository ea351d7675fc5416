"""The five losses: value and gradient, from predictions and from logits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import activations, checks, config, data, ops

EPSILON = 1e-7  # Keras's fuzz factor: log never sees anything smaller.

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight")


class Loss:
    """The base of all losses; a loss of your own defines ``values`` and ``gradient``.

    reduction  "sum_over_batch_size" (also called "mean"): sum_i w_i values_i / B;
               "sum": not divided; "mean_with_sample_weight": divided by sum_i w_i;
               None: ``loss(y, p)`` returns the values themselves; training takes their mean

    Raises ValueError for an unknown reduction, TypeError for an argument that there is not.
    """

    # The last activation whose logits the loss can take, if any.
    activation: activations.ActivationFunction | None = None
    from_logits = False
    label_smoothing = 0.0
    targets = "numbers"  # what y holds: "numbers", "probabilities", "classes" or "one-hot rows"

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        **unknown: Any,
    ):
        checks.no_more_arguments(self, unknown)
        if reduction not in (*REDUCTIONS, None, "none"):
            checks.look_up("reduction", reduction, dict.fromkeys(REDUCTIONS))
        self.reduction = None if reduction == "none" else reduction
        self.name = name or checks.snake_case(type(self).__name__)

    def values(self, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        """The loss of each row (B,), for targets y and predictions p (B, O)."""
        raise NotImplementedError(f"{type(self).__name__} has to define values(y, p)")

    def gradient(self, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        """The derivative of each row's value by its predictions, with p's shape."""
        raise NotImplementedError(f"{type(self).__name__} has to define gradient(y, p)")

    def reduce(self, values: np.ndarray, sample_weight: np.ndarray | None = None) -> Any:
        """The values (B,), each with its weight, as one number of their own format."""
        total = values.sum() if sample_weight is None else (values * sample_weight).sum()
        return total / self.divisor(len(values), sample_weight)

    def divisor(self, rows: int, sample_weight: np.ndarray | None = None) -> Any:
        """What the sum over the batch is divided by: B, unless the reduction says otherwise."""
        if self.reduction == "sum":
            return 1
        if self.reduction == "mean_with_sample_weight" and sample_weight is not None:
            return sample_weight.sum() or 1  # where all weights are 0 the loss is 0, not 0/0
        return rows

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Any:
        """The reduced loss as a float; with ``reduction=None`` the array of values (B,).

        One axis means one output for each row: (B,) is taken as (B, 1). Raises ValueError for
        targets that the loss cannot be asked about, and for shapes that do not pair up.
        """
        y, p = _as_pair(self, y_true, y_pred)
        values, weight = self.values(y, p), data.as_sample_weight(sample_weight, p, p.dtype)
        if self.reduction is None:
            return values if weight is None else values * weight
        return float(self.reduce(values, weight))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again, as JSON values."""
        return {"reduction": self.reduction, "name": self.name}

    def __repr__(self):
        options = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({options})"


class MeanSquaredError(Loss):
    """The mean of (t - p)^2 over the outputs; gradient 2 (p - t) / O.

    >>> MeanSquaredError()([0.0, 1.0], [0.5, 1.0])
    0.125
    """

    def values(self, y, p):
        """(B, O), (B, O) -> (B,)."""
        return np.square(y - p).mean(axis=-1)

    def gradient(self, y, p):
        """2 (p - t) / O: the further off, the harder the pull."""
        return (p - y) * p.dtype.type(2 / p.shape[-1])


class MeanAbsoluteError(Loss):
    """The mean of |t - p| over the outputs; gradient sign(p - t) / O, and 0 at equality.

    >>> MeanAbsoluteError()([0.0, 1.0], [0.5, 1.0])
    0.25
    """

    def values(self, y, p):
        """(B, O), (B, O) -> (B,)."""
        return np.abs(y - p).mean(axis=-1)

    def gradient(self, y, p):
        """sign(p - t) / O: every error pulls equally hard, so outliers do not rule."""
        return np.sign(p - y) / p.dtype.type(p.shape[-1])


class CrossEntropy(Loss):
    """What the three cross-entropies share: probabilities or logits, and label smoothing.

    from_logits      the predictions are logits: no sigmoid or softmax stands before the loss
    label_smoothing  s in [0, 1), else ValueError: every target moves by the share s towards
                     indifference
    """

    activation: activations.ActivationFunction

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, **options: Any):
        super().__init__(**options)
        self.from_logits = bool(from_logits)
        self.label_smoothing = checks.real_number(
            "label_smoothing", label_smoothing, least=0, below=1
        )

    def values(self, y, p):
        """The loss of each row (B,)."""
        return (self.values_from_logits if self.from_logits else self.values_clipped)(y, p)

    def gradient(self, y, p):
        """The derivative by p (B, O), or by the logits if p holds logits."""
        if self.from_logits:
            return self.gradient_from_logits(y, self.activation.function(p))
        return self.gradient_clipped(y, p)

    def values_from_logits(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The loss of each row (B,), for logits z (B, O)."""
        raise NotImplementedError

    def gradient_from_logits(self, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        """The derivative by the logits (B, O), written with p, the activation's output."""
        raise NotImplementedError

    def values_clipped(self, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        """The loss of each row (B,), for predictions p (B, O) that nothing keeps in 0..1."""
        raise NotImplementedError

    def gradient_clipped(self, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        """The derivative by p (B, O): zero where the clip acts, as there l stays as it is."""
        raise NotImplementedError

    def _smooth(self, y, choices):
        s = self.label_smoothing
        return y * y.dtype.type(1 - s) + y.dtype.type(s / choices) if s else y

    def get_config(self):
        """The arguments that make this loss again."""
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}
        return own | super().get_config()


class BinaryCrossentropy(CrossEntropy):
    """How surprised p, a probability of 1 for each output, is by the label t in 0..1.

    From logits     l = max(z, 0) - z t + log(1 + exp(-|z|))      dl/dz = sigmoid(z) - t
    From p          c = clip(p, eps, 1 - eps)
                    l = -(t log c + (1 - t) log(1 - c))
                    dl/dp = -t / c + (1 - t) / (1 - c) inside the clip, exactly 0 outside

    Both are means over the O outputs. Behind a sigmoid the first form is used: there
    sigmoid' = p (1 - p) cancels the 1 / (p (1 - p)) of the second, so a sure and wrong unit
    still learns at full speed. Smoothing: t (1 - s) + s / 2, with s in [0, 1), else ValueError.
    Source: Bishop, Pattern Recognition and Machine Learning (2006), equations 4.90 and 4.91.

    >>> round(BinaryCrossentropy()([1.0, 0.0], [0.5, 0.25]), 4)  # (log 2 + log 4/3) / 2
    0.4904
    """

    activation = activations.sigmoid
    targets = "probabilities"

    def values_from_logits(self, y, z):
        """Targets (B, O), logits (B, O) -> (B,)."""
        return (ops.softplus(z) - z * self._smooth(y, 2)).mean(axis=-1)

    def gradient_from_logits(self, y, p):
        """By the logits, written with p = sigmoid(z): (p - t) / O."""
        return (p - self._smooth(y, 2)) / p.dtype.type(p.shape[-1])

    def values_clipped(self, y, p):
        """Targets (B, O), probabilities (B, O) -> (B,)."""
        c, _ = _clip(p)
        y = self._smooth(y, 2)
        return -(y * np.log(c) + (1 - y) * np.log(1 - c)).mean(axis=-1)

    def gradient_clipped(self, y, p):
        """By the probabilities (B, O): zero where the clip acts, as there l does not move."""
        c, inside = _clip(p)
        y = self._smooth(y, 2)
        slope = np.where(inside, (1 - y) / (1 - c) - y / c, 0)
        return slope / p.dtype.type(p.shape[-1])


class CategoricalCrossentropy(CrossEntropy):
    """How surprised the probabilities p of C classes are by a row t, one-hot or of shares.

    From logits     l = -sum_c t_c log softmax(z)_c               dl/dz = softmax(z) - t
    From p          q = p / sum(p);  c = clip(q, eps, 1 - eps);   l = -sum_c t_c log c_c
                    dl/dp goes back through the clip (0 where it acts) and the normalisation

    dl/dz is Keras's, also for a row of t that does not sum to 1 (the exact derivative would be
    softmax(z) sum(t) - t). Smoothing: t (1 - s) + s / C, with s in [0, 1), else ValueError.
    Source: Bishop (2006), equations 4.108 and 4.109.

    >>> round(CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]]), 4)  # log 4
    1.3863
    """

    activation = activations.softmax
    targets = "one-hot rows"

    def values_from_logits(self, y, z):
        """Targets (B, C), logits (B, C) -> (B,)."""
        return -(self._smooth(y, y.shape[-1]) * ops.log_softmax(z)).sum(axis=-1)

    def gradient_from_logits(self, y, p):
        """By the logits, written with p = softmax(z): p - t."""
        return p - self._smooth(y, y.shape[-1])

    def values_clipped(self, y, p):
        """Targets (B, C), probabilities (B, C) -> (B,)."""
        c, _ = _clip(p / p.sum(axis=-1, keepdims=True))
        return -(self._smooth(y, y.shape[-1]) * np.log(c)).sum(axis=-1)

    def gradient_clipped(self, y, p):
        """By the probabilities: dq = -t / c inside the clip; dp = (dq - sum dq q) / sum p."""
        total = p.sum(axis=-1, keepdims=True)
        q = p / total
        c, inside = _clip(q)
        dq = np.where(inside, -self._smooth(y, y.shape[-1]) / c, 0)
        return (dq - (dq * q).sum(axis=-1, keepdims=True)) / total


class SparseCategoricalCrossentropy(CrossEntropy):
    """``CategoricalCrossentropy`` for labels: y (B,) holds the class numbers 0..C-1.

    From logits     l = log(sum_c exp(z_c)) - z_y                 dl/dz = softmax(z) - onehot(y)
    From p          c = clip(p, eps, 1 - eps);  l = log(sum_c c_c) - log c_y
                    dl/dp_j = 1 / sum(c) - [j = y] / c_y inside the clip, exactly 0 outside

    The clipped form takes log(c) for logits, as Keras does; that normalises p on the way.

    >>> round(SparseCategoricalCrossentropy()([1], [[0.75, 0.25]]), 4)  # log 4
    1.3863
    """

    activation = activations.softmax
    targets = "classes"

    def __init__(self, from_logits: bool = False, **options: Any):
        super().__init__(from_logits, **options)

    def values_from_logits(self, y, z):
        """Labels (B,), logits (B, C) -> (B,)."""
        return -_pick(ops.log_softmax(z), y)

    def gradient_from_logits(self, y, p):
        """By the logits, written with p = softmax(z): p - onehot(y)."""
        return _minus_at(p, y, 1)

    def values_clipped(self, y, p):
        """Labels (B,), probabilities (B, C) -> (B,)."""
        c, _ = _clip(p)
        return np.log(c.sum(axis=-1)) - np.log(_pick(c, y))

    def gradient_clipped(self, y, p):
        """By the probabilities; zero where the clip acts."""
        c, inside = _clip(p)
        share = np.broadcast_to(1 / c.sum(axis=-1, keepdims=True), p.shape)
        return np.where(inside, _minus_at(share, y, 1 / _pick(c, y)), 0)

    def get_config(self):
        """The arguments that make this loss again."""
        return {k: v for k, v in super().get_config().items() if k != "label_smoothing"}


def _clip(p):
    """p inside [eps, 1 - eps], and where it already was (both ends count as inside)."""
    low, high = p.dtype.type(EPSILON), p.dtype.type(1 - EPSILON)
    return np.clip(p, low, high), (p >= low) & (p <= high)


def _pick(rows, y):
    """The element of each row that its label names: (..., C), (...) -> (...)."""
    return np.take_along_axis(rows, y[..., None], axis=-1)[..., 0]


def _minus_at(rows, y, amount):
    """A copy of ``rows`` with ``amount`` taken off each row's labelled element."""
    result = rows.copy()
    labelled = np.reshape(_pick(rows, y) - amount, (*y.shape, 1))
    np.put_along_axis(result, y[..., None], labelled, axis=-1)
    return result


def _as_pair(loss, y, p):
    """Targets and predictions of a call, checked, both in p's format or ``floatx()``."""
    dtype = p.dtype if getattr(p, "dtype", None) in config.FLOAT_TYPES else config.floatx()
    p = data.as_numbers(p, "y_pred").astype(dtype, copy=False)
    p = p.reshape(-1, 1) if p.ndim < 2 else p
    if p.ndim > 2:
        raise ValueError(f"y_pred must have the shape (n, outputs), got {p.shape}")
    y = data.as_targets(y, loss.targets, p.shape[-1], p.dtype, name="y_true")
    data.check_same_length(p, y, "y_true", "y_pred")
    return y, p
