"""A picture of each race and of each growth curve."""

from benchmarks import race
from nnscratch.plots import style

INCHES = (7.2, 4.5)
COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.VERMILLION, style.PURPLE)
MARKERS = ("o", "s", "^", "D", "v")
LINEAR = {"threads", "epochs"}  # few values, close together: no logarithm


def draw_all(results, out):
    """Draw what was measured into PNG files in the folder; returns their names, no suffix."""
    drawn = []
    for name, found in results.get("workloads", {}).items():
        rows = [race.Row(**row) for row in found["rows"]]
        if any(row.times for row in rows):
            drawn.append(_save(_points(found["title"], rows), out, name))
    for name, curve in results.get("growth", {}).items():
        if curve["values"]:
            drawn.append(_save(_lines(name, curve), out, f"growth-{name}"))
    return drawn


def _save(figure, out, name):
    figure.savefig(out / f"{name}.png", dpi=150, facecolor="white")
    return name


def _axes():
    """(figure, axes) that need no window and no global state of pyplot."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#DDDDDD", linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, axes


def _points(title, rows):
    """The median times of one workload, the fastest on top.

    Points, not bars: on a logarithmic axis the length of a bar says nothing.
    """
    figure, axes = _axes()
    rows = sorted((row for row in rows if row.times), key=lambda row: -row.median)
    for place, row in enumerate(rows):
        milliseconds = 1000 * row.median
        colour = style.BLUE if row.peer.startswith("nnscratch") else style.GREY
        axes.plot(milliseconds, place, "o", color=colour, markersize=9)
        axes.annotate(
            f"{milliseconds:,.0f}" if milliseconds >= 100 else f"{milliseconds:.3g}",
            (milliseconds, place),
            xytext=(9, 0),
            textcoords="offset points",
            verticalalignment="center",
        )
    axes.set_yticks(range(len(rows)), [row.peer for row in rows])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.margins(x=0.12)
    axes.set_xlabel("median milliseconds, on a logarithmic axis: further left is faster")
    axes.set_title(title, loc="left", fontsize=10)
    return figure


def _lines(name, curve):
    """One growth curve, a line for each peer."""
    figure, axes = _axes()
    scale = 1 if "unit" in curve else 1000
    for number, (line, measured) in enumerate(curve["lines"].items()):
        axes.plot(
            curve["values"],
            [scale * each for each in measured],
            label=line,
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number % len(MARKERS)],
        )
    _scales(axes, name, curve["values"])
    axes.set_xlabel(curve["label"])
    axes.set_ylabel(curve.get("unit", "median milliseconds"))
    axes.set_title(f"Growth with {name}", loc="left", fontsize=10)
    axes.legend(frameon=False)
    return figure


def _scales(axes, name, values):
    """Logarithms for what grows by factors; the values themselves stand on the axis."""
    if name in LINEAR:
        axes.set_ylim(0, 1.15 * axes.dataLim.ymax)
    else:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:,g}")
    axes.set_xticks(values, [f"{value:,}" for value in values])
    axes.minorticks_off()
