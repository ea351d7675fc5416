"""How a notebook shows a model, a history and a gradient check: as a small table of HTML.

The template beside this file takes the colours of text and rules from the page around it, and
draws curves in two colours that stand out from white and from black. It escapes all texts.
"""

import math
from functools import cache
from itertools import groupby
from numbers import Real
from pathlib import Path

WIDTH, HEIGHT, MARGIN = 120, 28, 2  # of a curve, in pixels
MOST_POINTS = 240  # of a curve: twice as many as it has pixels


@cache
def _template():
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("table.html.j2")


def table(title, rows, notes=()):
    """HTML of a title, a table whose header is ``rows[0]``, and lines below it.

    A cell is a text or a curve as ``_curve`` makes it.
    """
    header, *body = rows
    return _template().render(
        title=title, header=header, rows=body, notes=notes, width=WIDTH, height=HEIGHT
    )


def history(curves, epochs):
    """HTML of the curves of a training, {name: values}: a row a metric, validation dashed."""
    names = dict.fromkeys(name.removeprefix("val_") for name in curves)
    pairs = [(name, curves.get(name, []), curves.get(f"val_{name}", [])) for name in names]
    header = ["", "epoch by epoch", "first", "last"]
    if any(validation for *_, validation in pairs):
        header += ["validation, first", "last"]
    rows = [[name, _curve(name, a, b), *_ends(a), *_ends(b)] for name, a, b in pairs]
    return table(f"History of {epochs} epochs", [header, *(r[: len(header)] for r in rows)])


def _ends(values):
    return [_number(value) for value in (values[0], values[-1])] if values else ["", ""]


def _number(value):
    return f"{value:.4g}" if isinstance(value, Real) else "several numbers"


def _curve(name, training, validation):
    """The ``points`` of both curves' polylines, on one scale; broken at what is no number."""
    both = [
        [value if isinstance(value, Real) else math.nan for value in values]
        for values in (training, validation)
    ]
    finite = [value for values in both for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    lines = [_polylines(values, low, (high - low) or 1.0) for values in both]
    return {"name": name, "training": lines[0], "validation": lines[1]}


def _polylines(values, low, span):
    last, step = max(len(values) - 1, 1), max(len(values) // MOST_POINTS, 1)
    kept = sorted({*range(0, len(values), step), *range(len(values))[-1:]})
    across, up = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    lines = []
    for finite, places in groupby(kept, key=lambda place: math.isfinite(values[place])):
        if finite:
            points = [
                f"{MARGIN + across * place / last:.1f},"
                f"{HEIGHT - MARGIN - up * (values[place] - low) / span:.1f}"
                for place in places
            ]
            # A lone epoch becomes a line to itself, which its round ends make a dot.
            lines.append(" ".join(points if len(points) > 1 else points * 2))
    return lines
