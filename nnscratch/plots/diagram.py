"""A model as boxes and arrows, drawn with matplotlib alone: no Graphviz has to be installed."""

from os import PathLike
from typing import Any, NamedTuple

from nnscratch.plots.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    POINTS_PER_INCH,
    PURPLE,
    SKY,
    axes_or_new,
    light,
    size_in_inches,
)

# Inches at full size, text in points; in a smaller Axes all of it shrinks together.
HEAD, LINE, PAD, ARROW = 0.36, 0.21, 0.13, 0.32
HEAD_TEXT, TEXT = 11, 9.5
VALUES_AT = 0.95  # from the left edge of a box to the second column
NARROWEST = 2.6

COLOURS = {"Input": GREY, "Dense": BLUE, "Flatten": SKY, "Activation": GREEN, "Dropout": ORANGE}
OTHER_COLOUR = PURPLE


class _Box(NamedTuple):
    kind: str
    note: str
    rows: list

    @property
    def height(self):
        return HEAD + (LINE * len(self.rows) + PAD if self.rows else 0)

    @property
    def width(self):
        head = (
            _text_width(self.kind, HEAD_TEXT, "bold") + _text_width(self.note, TEXT) + 2 * PAD
        )
        return max(
            [head] + [VALUES_AT - PAD + _text_width(value, TEXT) for _, value in self.rows]
        )


def model(
    model: Any,
    *,
    to_file: str | PathLike[str] | None = None,
    show_shapes: bool = False,
    show_layer_names: bool = False,
    show_layer_activations: bool = False,
    dpi: int = 200,
    ax: Any = None,
) -> Any:
    """Draw a model from its input at the top to its last layer, one box for each layer.

    A box holds the kind of layer and how many parameters it has; on request also its shapes
    (None stands for any number of rows), its name and its activation. ``to_file`` saves the
    figure at ``dpi`` dots per inch; its suffix chooses the format. Returns the Axes. Raises
    ValueError for a model that is not built yet.
    """
    if getattr(model, "input_shape", None) is None:
        raise ValueError(
            f"the model {model.name!r} is not built yet: its layers have no shapes to draw.\n"
            "Call model.build((None, features)) first, or fit it."
        )
    boxes = [_Box("Input", "", [("shape", str(model.input_shape))] if show_shapes else [])]
    boxes += [
        _box(layer, show_shapes, show_layer_names, show_layer_activations)
        for layer in model.layers
    ]
    ax = _draw(ax, boxes)
    if to_file is not None:
        ax.figure.canvas.figure.savefig(to_file, dpi=dpi)
    return ax


def _box(layer, show_shapes, show_name, show_activation):
    rows = [("name", layer.name)] if show_name else []
    activation = getattr(layer, "activation", None)
    if show_activation and activation is not None:
        rows += [("activation", str(getattr(activation, "name", activation)))]
    if show_shapes:
        rows += [("input", str(layer.input_shape)), ("output", str(layer.output_shape))]
    count = layer.count_params()
    return _Box(type(layer).__name__, f"{count:,} parameters" if count else "", rows)


def _text_width(text, points, weight="normal"):
    """Inches that a text takes; a font's outlines tell it without drawing anything."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(size=points, weight=weight)
    return (
        TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]
        / POINTS_PER_INCH
    )


def _draw(ax, boxes):
    width = max(NARROWEST, *(box.width for box in boxes)) + 2 * PAD
    height = sum(box.height for box in boxes) + ARROW * (len(boxes) - 1)
    ax = axes_or_new(ax, width + 4 * PAD, height + 4 * PAD)
    ax.set(xlim=(-PAD, width + PAD), ylim=(-height - PAD, PAD), aspect="equal")
    ax.set_axis_off()
    across, down = size_in_inches(ax)
    scale = min(1, across / (width + 2 * PAD), down / (height + 2 * PAD))
    top = 0
    for box in boxes:
        if top:
            _arrow(ax, width / 2, top + ARROW, top, scale)
        _draw_box(ax, box, top, width, scale)
        top -= box.height + ARROW
    return ax


def _arrow(ax, x, start, end, scale):
    style = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (x, end), (x, start), arrowprops=style | {"mutation_scale": 14 * scale})


def _draw_box(ax, box, top, width, scale):
    from matplotlib.patches import Rectangle

    colour = COLOURS.get(box.kind, OTHER_COLOUR)
    for height, fill in ((box.height, "white"), (HEAD, light(colour))):
        frame = {"facecolor": fill, "edgecolor": colour, "linewidth": 1.2 * scale}
        ax.add_patch(Rectangle((0, top - height), width, height, **frame))

    def write(x, y, text, points, colour, **look):
        ax.text(x, y, text, size=points * scale, color=colour, va="center", **look)

    middle = top - HEAD / 2
    write(PAD, middle, box.kind, HEAD_TEXT, INK, weight="bold")
    write(width - PAD, middle, box.note, TEXT, INK, ha="right")
    for place, (key, value) in enumerate(box.rows):
        y = top - HEAD - PAD / 2 - LINE * (place + 0.5)
        write(PAD, y, key, TEXT, GREY)
        write(VALUES_AT, y, value, TEXT, INK)
