"""Sheets of small pictures: images, what a model says of them, and the weights it learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnscratch import checks, data
from nnscratch.plots.style import (
    GREY,
    POINTS_PER_INCH,
    axes_or_new,
    check_named,
    class_name,
    class_numbers,
    ink_on,
    size_in_inches,
)

RIGHT, WRONG = "#00704F", "#B5261E"  # dark enough for small text; a sign says the same
SMALLEST_IMAGE = 64  # pixels, 8 x 8: a shorter flat row is features rather than an image
MOST_NUMBERS = 120  # cells of a heat map in which the numbers can be read
DIVERGING = "RdBu_r"  # red above 0, blue below: safe for red-green blindness


def images(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    *,
    count: int = 9,
    seed: int | None = None,
    ax: Any = None,
) -> Any:
    """Draw a sheet of ``count`` images chosen at random (all of them, if there are no more).

    images       (n, height, width), with or without channels (1, 3 or 4), or square and flat
    labels       class numbers (n,), written above the images; class_names gives them names
    seed         the same seed chooses the same images
    Returns the Axes, which holds one inset Axes for each image. Raises ValueError for what is
    no image, no label, or no whole number of images.
    """
    images = _pictures(images)
    labels = None if labels is None else _labels(labels, images, class_names)
    chosen = _choose(len(images), count, seed)
    titles = [""] * len(chosen)
    if labels is not None:
        titles = [class_name(class_names, labels[i]) for i in chosen]
    return _sheet(ax, images[chosen], titles, cmap="binary")[0]


def predictions(
    model: Any,
    images: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str] | None = None,
    *,
    count: int = 9,
    seed: int | None = None,
    ax: Any = None,
) -> Any:
    """Draw images chosen at random with what ``model`` says of each, and what is true.

    Above each image stand the predicted class, its probability and the true class: green with
    a check mark where they agree, red with a cross where they do not. The arguments are those
    of ``images``, and so are its errors; ``count=1`` gives a single image. Returns the Axes,
    which holds the insets.
    """
    pictures = _pictures(images)
    labels = _labels(labels, pictures, class_names)
    chosen = _choose(len(pictures), count, seed)
    outputs = np.asarray(model.predict(np.asarray(images)[chosen], verbose=0))
    predicted, certain = _read(outputs)
    check_named("the prediction", predicted, class_names)
    verdicts = [
        _verdict(class_name(class_names, said), class_name(class_names, true), said == true, p)
        for said, true, p in zip(predicted, labels[chosen], certain, strict=True)
    ]
    titles, colours = zip(*verdicts, strict=True)
    ax, panels = _sheet(ax, pictures[chosen], titles, cmap="binary")
    for panel, colour in zip(panels, colours, strict=True):
        panel.title.set_color(colour)
        panel.spines[:].set_color(colour)
    return ax


def _read(outputs):
    """Outputs (n, k) -> class numbers (n,) and their probabilities (n,), as text."""
    if outputs.shape[1] == 1:  # one sigmoid: p is the probability of class 1
        outputs = np.hstack([1 - outputs, outputs])
    predicted = outputs.argmax(axis=1)
    best = outputs.max(axis=1)
    # Logits are not probabilities, and so are not written as per cent.
    probable = outputs.min() >= 0 and outputs.max() <= 1
    return predicted, [f" {100 * p:.0f} %" if probable else "" for p in best]


def _verdict(said, true, agree, certain):
    sign, colour = ("✓", RIGHT) if agree else ("✗", WRONG)
    return f"{sign} {said}{certain}\n(true: {true})", colour


def _pictures(images) -> np.ndarray:
    """Any accepted form -> (n, height, width) or (n, height, width, 3 or 4)."""
    images = data.as_numbers(images, "images")
    if images.ndim == 2 and _side(images.shape[1]):
        images = images.reshape(len(images), _side(images.shape[1]), -1)
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    coloured = images.ndim == 4 and images.shape[3] in (3, 4)
    if images.size == 0 or not (images.ndim == 3 or coloured):
        raise ValueError(
            f"images must have shape (n, height, width), got {images.shape}.\n"
            "One image alone: images[7:8]"
        )
    return images


def _side(pixels):
    """The side of a square of so many pixels, or 0 when there is none."""
    side = math.isqrt(pixels)
    return side if side * side == pixels and pixels >= SMALLEST_IMAGE else 0


def _labels(labels, images, class_names) -> np.ndarray:
    labels = class_numbers("labels", labels)
    data.check_same_length(images, labels, "labels", x_name="images")
    check_named("labels", labels, class_names)
    return labels


def _choose(available, count, seed):
    count = min(checks.whole_number("count", count, least=1), available)
    # In the order of the data: a sheet of all images then shows them as they come.
    return np.sort(np.random.default_rng(seed).choice(available, count, replace=False))


def _sheet(ax, pictures, titles, **look):
    """Put the pictures into insets of one Axes, row by row; returns the Axes and the insets."""
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    lines = max(title.count("\n") + 1 for title in titles) if any(titles) else 0
    side = max(2, 3 / columns)
    ax = axes_or_new(ax, side * columns, (side + 0.25 * lines) * rows)
    ax.set_axis_off()
    size, head = _title_size(ax, titles, columns, rows, lines)
    panels = []
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        left, bottom = (column + 0.04) / columns, 1 - (row + 0.98) / rows
        panel = ax.inset_axes([left, bottom, 0.92 / columns, (0.96 - head) / rows])
        panel.imshow(picture, **look)
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_color(GREY)
        panel.set_title(titles[place], size=size, family=_family())
        panels.append(panel)
    return ax, panels


def _title_size(ax, titles, columns, rows, lines):
    """Points that fit the longest line into a column, and the share of a row it takes."""
    width, height = size_in_inches(ax)
    longest = max(len(line) for title in titles for line in title.split("\n"))
    column = POINTS_PER_INCH * width / columns
    size = float(np.clip(column / (0.6 * max(longest, 1)), 4, 11))
    return size, min(0.6, (1.3 * size * lines + 6) / (POINTS_PER_INCH * height / rows))


def _family():
    """The reader's font, then the one that comes with matplotlib and has the two signs."""
    from matplotlib import rcParams

    return [*rcParams["font.family"], "DejaVu Sans"]


def weights(layer_or_model: Any, *, count: int = 16, ax: Any = None) -> Any:
    """Draw the weights of a layer, or of the first layer of a model that has any.

    Square images as input (64 pixels and more): the weights of the first ``count`` units, each
    as an image of what lets this unit grow (red) and shrink (blue). Other inputs: the matrix
    W (I, O) as a heat map. White is 0. Returns the Axes. Raises ValueError where there are no
    weights to draw.
    """
    name, W = _matrix(layer_or_model)
    count = min(checks.whole_number("count", count, least=1), W.shape[1])
    side = _side(W.shape[0])
    shown = W[:, :count] if side else W
    largest = np.abs(shown).max() or 1
    look = {"cmap": DIVERGING, "vmin": -largest, "vmax": largest}
    if side:
        titles = [f"unit {unit}" for unit in range(count)]
        ax, panels = _sheet(ax, shown.T.reshape(count, side, side), titles, **look)
        drawn = panels[0].images[0]
    else:
        ax, drawn = _heat_map(ax, W, look)
    bar = ax.figure.colorbar(
        drawn, ax=ax, location="bottom", fraction=0.04, shrink=0.8, aspect=40
    )
    bar.set_label(f"weight of {name}")
    return ax


def _matrix(layer_or_model):
    for layer in getattr(layer_or_model, "layers", [layer_or_model]):
        W = getattr(layer, "params", {}).get("W")
        if W is not None and np.ndim(W) == 2:
            return layer.label, np.asarray(W)
    raise ValueError(
        f"this {type(layer_or_model).__name__} has no weight matrix to draw.\n"
        "A Dense layer has one as soon as it is built: model.build((None, features))"
    )


def _heat_map(ax, W, look):
    inputs, units = W.shape
    width, height = np.clip([0.6 * units + 2, 0.45 * inputs + 1], 3.5, 9)
    ax = axes_or_new(ax, width, height)
    drawn = ax.imshow(W, aspect="auto", interpolation="nearest", **look)
    ax.set(xlabel="unit", ylabel="input")
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_major_locator().set_params(integer=True)
    if W.size <= MOST_NUMBERS:
        colours = drawn.to_rgba(W)
        for (row, column), weight in np.ndenumerate(W):
            ink = ink_on(colours[row, column])
            ax.text(column, row, f"{weight:.2f}", color=ink, size=8, ha="center", va="center")
    return ax, drawn
