"""Lines: how a training went, which learning rate to take, an activation, a regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import activations, checks, data
from nnscratch.plots.style import (
    BLUE,
    CLASS_COLOURS,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    axes_or_new,
)

RATES = ("learning_rate", "lr")
FEW_EPOCHS = 25  # Up to here each epoch also gets a dot: one epoch alone would be invisible.

# Four curves leave no place free, so in a figure of our own the legend stands below them. In
# the caller's, another plot may be there; losses end low and accuracies high, so: the middle.
BELOW = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "borderaxespad": 3.8}
BELOW |= {"ncols": 4, "frameon": False}
INSIDE = {"loc": "center right", "framealpha": 0.8}


def history(history: Any, *, ax: Any = None, metrics: Sequence[str] | None = None) -> Any:
    """Draw the curves of a training: losses on the left axis, other metrics on the right one.

    A metric and its validation twin share a colour; validation is dashed. A learning rate that
    changed is written along the top, where it bends no other curve.

    history   what ``fit`` returns, or its dictionary ``.history``
    metrics   names without ``val_``, such as ``["loss"]``; None draws all
    Returns the Axes of the losses (of the metrics, where no loss is drawn). Raises TypeError
    for what is no history, ValueError for an empty one and for a metric that it has not.
    """
    curves, epochs = _curves(history)
    known = {n: n for n in (key.removeprefix("val_") for key in curves) if n not in RATES}
    names = [checks.look_up("metric", name, known) for name in metrics or known]
    own_figure, ax = ax is None, axes_or_new(ax, 7, 4.8)
    low_is_good = [name for name in names if _is_loss(name)]
    high_is_good = [name for name in names if not _is_loss(name)]
    lines = _draw(ax, curves, epochs, low_is_good or high_is_good, (BLUE, GREEN, SKY))
    if low_is_good and high_is_good:
        right = _right_axis(ax)
        lines += _draw(right, curves, epochs, high_is_good, (VERMILLION, PURPLE, ORANGE))
    # dataLim holds whatever was drawn here before as well: an earlier training, to compare.
    ax.set(xlabel="epoch", xlim=(ax.dataLim.x0 - 0.5, ax.dataLim.x1 + 0.5))
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    ax.grid(alpha=0.25)
    _rates_on_top(ax, curves, epochs)
    ax.legend(handles=lines, **(BELOW if own_figure else INSIDE))
    return ax


def _curves(history):
    """The dictionary of curves, and the numbers of the epochs, counted from 1."""
    curves = history if isinstance(history, Mapping) else getattr(history, "history", None)
    if not isinstance(curves, Mapping):
        raise TypeError(
            "history must be what fit returns, or its dictionary .history, "
            f"got {type(history).__name__}"
        )
    length = max((len(curve) for key, curve in curves.items() if key not in RATES), default=0)
    if length == 0:
        raise ValueError("this history is empty: it holds no loss and no metric of any epoch")
    epochs = getattr(history, "epoch", None) or range(length)
    return curves, np.asarray(epochs) + 1


def _is_loss(name):
    return name.endswith("loss") or "error" in name or name in ("mae", "mse")


def _draw(ax, curves, epochs, names, colours):
    lines = []
    for place, name in enumerate(names):
        for key, style in ((name, "-"), (f"val_{name}", "--")):
            if key in curves:
                colour = colours[place % len(colours)]
                lines += _curve(ax, epochs, curves[key], key, color=colour, linestyle=style)
    ax.set_ylabel(", ".join(names).replace("_", " "))
    if len(names) == 1:
        ax.yaxis.label.set_color(lines[0].get_color())
    return lines


def _curve(ax, epochs, values, key, **look):
    at = _epochs_of(key, values, epochs)
    label = f"validation {key[4:]}" if key.startswith("val_") else key
    marker = "o" if len(epochs) <= FEW_EPOCHS else None
    return ax.plot(at, values, label=label.replace("_", " "), marker=marker, ms=3, **look)


def _epochs_of(key, values, epochs):
    """The epochs of a curve: all of them, or with ``validation_freq`` its multiples.

    A history does not tell the frequency. Where the count of values fits several, the largest
    is the likely one: it is the one that divides the number of epochs, if any does.
    """
    for frequency in range(epochs[-1], 0, -1):
        at = epochs[epochs % frequency == 0]
        if len(at) == len(values):
            return at
    raise ValueError(
        f"this history has {len(values)} values of {key} for {len(epochs)} epochs, and no\n"
        "validation_freq explains in which epochs they belong. Draw the others alone:\n"
        f"nn.plots.history({{k: v for k, v in history.history.items() if k != {key!r}}})"
    )


def _right_axis(ax):
    current = ax.figure.gca()
    right = ax.twinx()
    ax.figure.sca(current)  # so that plt.title() still goes where it went before
    # The left Axes is drawn last, so that no curve runs over its legend.
    ax.set_zorder(right.get_zorder() + 1)
    ax.patch.set_visible(False)
    return right


def _rates_on_top(ax, curves, epochs):
    rates = next((curves[key] for key in RATES if key in curves), ())
    if len(set(rates)) < 2:
        return
    at = dict(zip(epochs, rates, strict=False))
    top = ax.secondary_xaxis("top")
    top.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1, nbins=6)
    top.xaxis.set_major_formatter(lambda epoch, _: f"{at[epoch]:.1e}" if epoch in at else "")
    top.set_xlabel("learning rate")


def learning_rate_sweep(history_or_result: Any, *, ax: Any = None) -> Any:
    """Draw the loss against the learning rate, which grew during the training, on a log scale.

    Good rates lie where the loss falls steeply, well before its lowest point. A suggested rate
    is marked. Takes a History (or its dictionary) with ``learning_rate`` and ``loss``, or the
    result of ``nn.learning_rate_sweep``. Returns the Axes. Raises ValueError where there are
    no rates.
    """
    rates, losses, suggestion = _sweep(history_or_result)
    data.check_same_length(rates, losses, "loss", x_name="learning_rate")
    ax = axes_or_new(ax, 7, 4.5)
    ax.semilogx(rates, losses, color=BLUE)
    ax.set(xlabel="learning rate (log scale)", ylabel="loss")
    ax.grid(alpha=0.25)
    _stay_near_the_start(ax, losses)
    if suggestion is not None:
        ax.axvline(suggestion, color=VERMILLION, ls="--", label=f"suggested: {suggestion:.2g}")
        ax.legend(loc="upper left", framealpha=0.9)
    return ax


def _sweep(result):
    if hasattr(result, "learning_rates"):
        return result.learning_rates, np.asarray(result.losses), result.suggestion
    curves, _ = _curves(result)
    rates = next((curves[key] for key in RATES if key in curves), None)
    if rates is None or "loss" not in curves:
        raise ValueError(
            "this history must hold learning_rate and loss, to draw one against the other,\n"
            f"but it holds {', '.join(curves)}.\n"
            "Train with callbacks=[nn.callbacks.LearningRateScheduler(...)]."
        )
    return rates, np.asarray(curves["loss"]), None


def _stay_near_the_start(ax, losses):
    """Let a loss that explodes leave the picture, so that the dip before it stays visible."""
    finite = losses[np.isfinite(losses)]
    if finite.size and finite.max() > 3 * finite[0] > 0:
        room = 0.05 * (2 * finite[0] - finite.min())
        ax.set_ylim(finite.min() - room, 2 * finite[0])


def activation(
    function_or_name: Any, *, ax: Any = None, low: float = -10, high: float = 10
) -> Any:
    """Draw an activation function from ``low`` to ``high`` and, dashed, its derivative.

    Takes a name, a function of ``nn.activations``, or any callable on arrays, of which only
    the curve is drawn. softmax, which needs a row of logits, is drawn for the row (z, 0).
    Returns the Axes. Raises ValueError for an unknown name, and unless low is below high.
    """
    if not low < high:
        raise ValueError(f"low must be below high, got low={low} and high={high}")
    z = np.linspace(low, high, 1001)
    name, y, slope = _function(function_or_name, z)
    ax = axes_or_new(ax, 6, 4)
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.plot(z, y, color=BLUE, linewidth=2, label=name)
    if slope is not None:
        ax.plot(z, slope, color=VERMILLION, linestyle="--", label="its derivative")
    ax.set(xlabel="z", xlim=(low, high))
    ax.grid(alpha=0.25)
    ax.legend(loc="upper left", framealpha=0.9)
    return ax


def _function(function, z):
    if callable(function) and not isinstance(function, activations.ActivationFunction):
        return getattr(function, "__name__", "f(z)"), np.asarray(function(z)), None
    f = activations.get(function)
    # A second logit of 0 makes a row for softmax; to the others it is one more number.
    y = f(np.stack([z, np.zeros_like(z)], axis=1))
    slope, _ = f.backward(np.broadcast_to([1.0, 0.0], y.shape), y)
    name = "softmax of (z, 0), first output" if f.name == "softmax" else f"{f.name}(z)"
    return name, y[:, 0], slope[:, 0]


def regression(
    model: Any,
    x: ArrayLike,
    y: ArrayLike,
    *,
    x_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    ax: Any = None,
) -> Any:
    """Draw points of one feature and one target, and the line that ``model`` predicts.

    x (n,) or (n, 1), y the same: the training data. x_test, y_test: data kept back from the
    training, with a marker of their own. The line runs over both. Returns the Axes. Raises
    ValueError for more than one feature or target.
    """
    groups = [("training data", *_pair(x, y))]
    if x_test is not None:
        groups += [("test data", *_pair(x_test, y_test))]
    every_x = np.sort(np.concatenate([x for _, x, _ in groups]))
    line = np.asarray(model.predict(every_x[:, np.newaxis], verbose=0)).reshape(-1)
    ax = axes_or_new(ax, 7, 4.5)
    for (label, x, y), colour, marker in zip(groups, CLASS_COLOURS, "os", strict=False):
        ax.scatter(x, y, s=24, color=colour, marker=marker, label=label)
    ax.plot(every_x, line, color=GREEN, linewidth=2, label="prediction")
    ax.set(xlabel="x", ylabel="y")
    ax.grid(alpha=0.25)
    ax.legend(framealpha=0.9)
    return ax


def _pair(x, y):
    x, y = data.as_numbers(x, "x"), data.as_numbers(y, "y")
    if x.size != len(x) or y.size != len(y):
        raise ValueError(
            f"one feature and one target can be drawn: shape (n,) or (n, 1) each, "
            f"got x {x.shape} and y {y.shape}"
        )
    data.check_same_length(x, y, "y")
    return x.reshape(-1), y.reshape(-1)
