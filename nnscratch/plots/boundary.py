"""Two features as a plane: the points of each class, and what a model says of every place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import checks, data
from nnscratch.plots.style import (
    BLUE,
    CLASS_COLOURS,
    CLASS_MARKERS,
    INK,
    ORANGE,
    axes_or_new,
    check_classes,
    check_named,
    class_name,
    class_numbers,
    light,
)

MOST_NAMES_INSIDE = 4  # A longer legend would hide points, so it stands beside the plot.


def points(
    x: ArrayLike,
    y: ArrayLike,
    *,
    ax: Any = None,
    class_names: Sequence[str] | None = None,
) -> Any:
    """Draw rows of two features, with a colour and a marker for each class.

    x (n, 2), y (n,) or (n, 1) class numbers. Returns the Axes. Raises ValueError for rows that
    are no points of the plane and for labels that are no classes.
    """
    x, y = _plane(x, y)
    check_classes("y", y, max(y.max() + 1, 1), "classes are counted from 0")
    check_named("y", y, class_names)
    ax = axes_or_new(ax, 6, 5)
    _scatter(ax, x, y, class_names)
    _legend(ax)
    return ax


def decision_boundary(
    model: Any,
    x: ArrayLike,
    y: ArrayLike,
    *,
    ax: Any = None,
    resolution: int = 200,
    padding: float = 0.1,
    class_names: Sequence[str] | None = None,
) -> Any:
    """Colour the plane by what ``model`` predicts there, with the points x, y on top.

    A model with one output: the probability of class 1 and the line where it is 0.5; a new
    figure also gets a colour bar. Several outputs: where each class has the largest output.

    x           (n, 2); y  (n,) or (n, 1) class numbers
    resolution  places along each side at which the model is asked
    padding     room around the points, as a share of each feature's range
    Returns the Axes. Raises ValueError for rows that are no points of the plane, labels that
    the model has no class for, and settings out of range.
    """
    x, y = _plane(x, y)
    checks.whole_number("resolution", resolution, least=2)
    checks.real_number("padding", padding, least=0)
    across, up = (_ticks(feature, resolution, padding) for feature in x.T)
    outputs = _ask(model, across, up)
    classes = max(outputs.shape[-1], 2)
    check_classes("y", y, classes, f"the model tells {classes} classes apart")
    names = _as_many(class_names, classes)

    own_figure, ax = ax is None, axes_or_new(ax, 6.5, 5)
    if outputs.shape[-1] > 1:
        _regions(ax, across, up, outputs)
    else:
        surface = _probability(ax, across, up, outputs[..., 0])
        if own_figure:  # in the caller's layout it would take room from the neighbours
            _colour_bar(ax, surface, names)
    _scatter(ax, x, y, names)
    ax.set(xlim=across[[0, -1]], ylim=up[[0, -1]])
    _legend(ax)
    return ax


def _plane(x, y) -> tuple[np.ndarray, np.ndarray]:
    x, y = data.as_numbers(x, "x").astype(np.float64), class_numbers("y", y)
    if x.ndim != 2 or x.shape[1] != 2:
        raise ValueError(
            f"a plane needs exactly 2 features: x must have shape (n, 2), got {x.shape}.\n"
            "With more features, choose two columns, x[:, [0, 1]], and train a model on them."
        )
    data.check_finite(x, "x")
    data.check_same_length(x, y, "y")
    return x, y


def _as_many(class_names, classes):
    if class_names is not None and len(class_names) != classes:
        raise ValueError(
            f"class_names must have {classes} names, one for each class of the model, "
            f"got {len(class_names)}"
        )
    return class_names


def _ticks(feature, resolution, padding):
    # A feature that is the same in every row still gets a plane to stand on.
    room = padding * np.ptp(feature) if np.ptp(feature) else 1
    return np.linspace(feature.min() - room, feature.max() + room, resolution)


def _ask(model, across, up):
    """The model's outputs at every place of the grid: (resolution, resolution, k)."""
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    outputs = np.asarray(model.predict(grid.reshape(-1, 2), verbose=0))
    return outputs.reshape(*grid.shape[:2], -1)


def _probability(ax, across, up, height):
    from matplotlib.colors import LinearSegmentedColormap

    ends = [light(BLUE, 0.55), "white", light(ORANGE, 0.55)]
    colours = LinearSegmentedColormap.from_list("two classes", ends)
    _line(ax, across, up, height, level=0.5)
    # A linear last layer may leave 0..1; beyond the ends the colour stays the last one.
    inside, levels = np.clip(height, 0, 1), np.linspace(0, 1, 21)
    return ax.contourf(across, up, inside, levels=levels, cmap=colours)


def _colour_bar(ax, surface, class_names):
    bar = ax.figure.colorbar(surface, ax=ax, fraction=0.05, ticks=[0, 0.25, 0.5, 0.75, 1])
    bar.set_label(f"probability of {class_name(class_names, 1)}")


def _regions(ax, across, up, outputs):
    for number in range(outputs.shape[-1]):
        lead = _lead(outputs, number)
        ax.contourf(across, up, lead, levels=[0, np.inf], colors=[light(_colour(number))])
        _line(ax, across, up, lead, level=0)


def _lead(outputs, number):
    """By how much a class leads the best other one: > 0 where it is predicted.

    The edge of a region is where the lead is 0, which can be drawn as a smooth line; the edge
    of an argmax would be a staircase.
    """
    return outputs[..., number] - np.delete(outputs, number, axis=-1).max(axis=-1)


def _line(ax, across, up, height, level):
    ax.contour(across, up, height, levels=[level], colors=INK, linewidths=1.5)


def _scatter(ax, x, y, class_names):
    size = float(np.clip(15000 / len(x), 18, 45))
    for number in np.unique(y):
        ax.scatter(
            *x[y == number].T,
            s=size,
            color=_colour(number),
            marker=CLASS_MARKERS[number % len(CLASS_MARKERS)],
            edgecolors=INK,
            linewidths=0.4,
            label=class_name(class_names, number),
            zorder=3,
        )
    ax.set(xlabel="feature 0", ylabel="feature 1")


def _colour(number):
    return CLASS_COLOURS[number % len(CLASS_COLOURS)]


def _legend(ax):
    handles, _ = ax.get_legend_handles_labels()
    beside = {"loc": "upper left", "bbox_to_anchor": (1.02, 1), "borderaxespad": 0}
    place = {"loc": "upper right"} if len(handles) <= MOST_NAMES_INSIDE else beside
    ax.legend(framealpha=0.9, **place)
