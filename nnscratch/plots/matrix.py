"""The confusion matrix: which class is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import data
from nnscratch.plots.style import (
    GREY,
    POINTS_PER_INCH,
    axes_or_new,
    check_named,
    class_numbers,
    ink_on,
    size_in_inches,
)

CELL, SMALLEST_TABLE = 0.85, 3.2  # inches
BESIDE, BELOW = 1.7, 1.0  # inches, for the colour bar, the labels and the title
LETTERS_PER_CELL = 7.5  # "100.0 %" and a little air
LETTER = 0.6  # the width of a letter in text sizes
NAME_SIZE = 10  # points


def confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    class_names: Sequence[str] | None = None,
    figsize: tuple[float, float] | None = None,
    text_size: float | None = None,
    *,
    ax: Any = None,
) -> Any:
    """Draw how many rows of each true class were predicted as each class.

    Each cell holds the count and the share of its row, and its colour is that share, so that a
    rare class reads like a frequent one. The diagonal is what went right.

    y_true, y_pred   class numbers, (n,) or (n, 1); not probabilities
    class_names      a name for each class 0..C-1; classes without a row are drawn too.
                     None: the class numbers that occur
    figsize          inches, for the new figure when ``ax`` is None
    text_size        points, for the cells; None: what fits
    Returns the Axes. Raises ValueError for what is no class number or has no name.
    """
    y_true, y_pred = class_numbers("y_true", y_true), class_numbers("y_pred", y_pred)
    data.check_same_length(y_true, y_pred, "y_pred", x_name="y_true")
    labels, names = _classes(y_true, y_pred, class_names)
    counts = _count(y_true, y_pred, labels)
    ax = axes_or_new(ax, *(figsize or _fitting_figure(names)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = _colour(ax, shares)
    cell = _cell_in_points(ax, len(labels))
    size = text_size or float(np.clip(cell / LETTERS_PER_CELL / LETTER, 4, 14))
    _write(ax, counts, shares, image.to_rgba(shares), size)
    _name(ax, names)
    _tilt_long_names(ax, cell)
    return ax


def _classes(y_true, y_pred, class_names):
    if class_names is None:
        labels = np.union1d(y_true, y_pred)
        return labels, [str(label) for label in labels]
    check_named("y_true", y_true, class_names)
    check_named("y_pred", y_pred, class_names)
    return np.arange(len(class_names)), [str(name) for name in class_names]


def _fitting_figure(names):
    table = max(CELL * len(names), SMALLEST_TABLE)
    room = max(map(len, names)) * LETTER * NAME_SIZE / POINTS_PER_INCH
    return table + BESIDE + room, table + BELOW + 0.6 * room  # below, names are tilted


def _count(y_true, y_pred, labels):
    if len(labels) == 1:  # scikit-learn warns of the one cell that there is to count
        return np.array([[len(y_true)]])
    from sklearn import metrics

    return metrics.confusion_matrix(y_true, y_pred, labels=labels)


def _colour(ax, shares):
    from matplotlib.ticker import PercentFormatter

    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    # 25 times as long as it is wide, at 4 % of the width: as tall as the matrix.
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.04, aspect=25, format=PercentFormatter(1))
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)
    return image


def _write(ax, counts, shares, colours, size):
    for (row, column), count in np.ndenumerate(counts):
        text = f"{count}\n{100 * shares[row, column]:.1f} %"
        ink = ink_on(colours[row, column]) if count else GREY  # the zeros step back
        ax.text(column, row, text, size=size, color=ink, ha="center", va="center")


def _cell_in_points(ax, classes):
    # A tenth less than there is now: the colour bar and the names will take their share.
    return 0.9 * min(size_in_inches(ax)) / classes * POINTS_PER_INCH


def _name(ax, names):
    places = range(len(names))
    ax.set_xticks(places, names, size=NAME_SIZE)
    ax.set_yticks(places, names, size=NAME_SIZE)
    ax.set(title="Confusion matrix", xlabel="predicted class", ylabel="true class")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    # White lines between the cells, as in a table.
    ax.set_xticks(np.arange(1, len(names)) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, len(names)) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1.5)
    ax.tick_params(which="minor", length=0)


def _tilt_long_names(ax, cell):
    labels = ax.get_xticklabels()
    if max(len(label.get_text()) for label in labels) * LETTER * NAME_SIZE > cell:
        for label in labels:
            label.set(rotation=40, ha="right", rotation_mode="anchor")
