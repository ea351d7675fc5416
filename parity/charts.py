"""The charts of the page as places on a picture; ``templates/chart.svg.j2`` draws them.

A run has a panel for each quantity (loss, accuracy ...): the two libraries' curves, and below
them how far apart they are, on a log scale with a lane of its own for exactly 0.
"""

import math
import re

import numpy as np

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 50, 386, 18, 166
ZERO_LANE = 14  # below the log scale
SERIES = (("training", ""), ("validation", "val_"))
EMPTY = {"floor": "", "beyond": [], "horizon": None}  # what only the lower charts have


def panels(run, results):
    """A list of {"name", "worst", "equal", "curves", "apart"}, the loss first.

    run      a FreeRun of at least two epochs
    results  all Results; those of this run give the tolerances
    worst    the largest deviation; ``equal`` says that it is 0, and then ``apart`` is None
    """
    key = run.case, run.engine, run.dtype
    own = [r for r in results if r.gate == 2 and (r.case, r.engine, r.dtype) == key]
    names = [name for name in run.theirs if name in run.ours and name != "learning_rate"]
    main = sorted((name for name in names if not name.startswith("val_")), key="loss".__ne__)
    return [_panel(run, name, names, own) for name in main]


def _panel(run, name, names, results):
    series = [(kind, f"{val}{name}") for kind, val in SERIES if f"{val}{name}" in names]
    apart = [run.deviations(each) for _, each in series]
    worst = float(np.max(apart))  # NaN, if there is one
    return {
        "name": name,
        "worst": worst,
        "equal": worst == 0,
        "kinds": [kind for kind, _ in series],
        "curves": _curves(run, series),
        "apart": None if worst == 0 else _apart(run, series, apart, results),
    }


def _curves(run, series):
    """Ours over Keras's."""
    values = {
        f"{library} {kind}": np.array(history[name])
        for kind, name in series
        for library, history in (("keras", run.theirs), ("ours", run.ours))
    }
    place, rows = _linear(np.concatenate(list(values.values())))
    across, columns = _epochs(len(run.theirs[series[0][1]]))
    lines = [{"kind": k, "path": _path(across, place(curve))} for k, curve in values.items()]
    return EMPTY | {"rows": rows, "columns": columns, "lines": lines}


def _apart(run, series, apart, results):
    """The deviations, what is allowed, the horizon, and what Keras departs from itself."""
    allowed = [Allowed(results, name, len(apart[0])) for _, name in series]
    floors = [floor for _, name in series if (floor := run.floor(name)) is not None]
    steps = [each.at for each in allowed]
    place, rows = _logarithmic(np.concatenate([*apart, *floors, *steps]))
    across, columns = _epochs(len(apart[0]))
    lines = [
        {"kind": f"apart {kind}", "path": _path(across, place(curve))}
        for (kind, _), curve in zip(series, apart, strict=True)
    ]
    lines += [{"kind": "allowed", "path": _levels(across, place(each))} for each in steps]
    beyond = [
        (across[i], place(curve)[i])
        for curve, limit in zip(apart, steps, strict=True)
        for i in np.flatnonzero(curve > limit)
    ]
    return EMPTY | {
        "rows": rows,
        "columns": columns,
        "lines": lines,
        "floor": _area(across, place(np.max(floors, axis=0))) if floors else "",
        "beyond": [(f"{x:.1f}", f"{y:.1f}") for x, y in beyond if math.isfinite(y)],
        "horizon": _horizon(allowed[0], across),
    }


class Allowed:
    """What the gates allow a curve: ``at`` (epochs,), NaN where they promise nothing.

    horizon  the last epoch of the narrow promise, if there is one
    """

    def __init__(self, results, name, epochs):
        self.at, self.horizon = np.full(epochs, np.nan), None
        for result in results:
            if result.skipped:
                continue
            if result.what == f"{name}, whole run":
                self.at = np.fmin(self.at, result.tolerance)
            if match := re.fullmatch(f"{name}, epochs 1 to ([0-9]+)", result.what):
                self.horizon = int(match[1])
                near = self.at[: self.horizon]
                self.at[: self.horizon] = np.fmin(near, result.tolerance)


def _horizon(allowed, across):
    if allowed.horizon is None or allowed.horizon >= len(across):
        return None
    x = float(across[allowed.horizon - 1] + across[allowed.horizon]) / 2
    return {"x": f"{x:.1f}", "epoch": allowed.horizon, "left": x > (LEFT + RIGHT) / 2}


def _epochs(count):
    """(where each epoch is, (count,)), and the marks below."""
    from matplotlib.ticker import MaxNLocator

    across = np.linspace(LEFT, RIGHT, count)
    ticks = MaxNLocator(5, integer=True).tick_values(1, count)
    marks = {1, *(int(tick) for tick in ticks if 1 < tick <= count)}
    return across, [(f"{across[mark - 1]:.1f}", str(mark)) for mark in sorted(marks)]


def _linear(values):
    """(value -> height, [(height, label)]) of a scale that holds the finite ones."""
    from matplotlib.ticker import MaxNLocator

    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0, 1)
    ticks = MaxNLocator(4).tick_values(low, high)

    def place(value):
        share = (np.asarray(value) - ticks[0]) / (ticks[-1] - ticks[0])
        return BOTTOM - share * (BOTTOM - TOP)

    return place, [(f"{place(tick):.1f}", f"{tick:.6g}") for tick in ticks]


def _logarithmic(values):
    """The same on a log scale of whole powers of ten, with a lane for 0 at the bottom."""
    exponents = np.log10(values[np.isfinite(values) & (values > 0)])
    low, high = (exponents.min(), exponents.max()) if exponents.size else (0, 1)
    low, high = math.floor(low), max(math.ceil(high), math.floor(low) + 1)

    def place(value):
        value = np.asarray(value, float)
        exponent = np.log10(np.where(value > 0, value, np.nan))
        share = (exponent - low) / (high - low)
        height = BOTTOM - ZERO_LANE - share * (BOTTOM - ZERO_LANE - TOP)
        return np.where(value == 0, BOTTOM, height)

    marked = range(low, high + 1, math.ceil((high - low) / 4))
    rows = [(f"{place(10.0**power):.1f}", f"1e{power}") for power in marked]
    return place, [(f"{BOTTOM}", "0"), *rows]


def _path(across, heights):
    """An SVG path through the finite points, with a gap where one is not."""
    parts, pen = [], "M"
    for x, y in zip(across, heights, strict=True):
        if math.isfinite(y):
            parts.append(f"{pen}{x:.1f} {y:.1f}")
        pen = " " if math.isfinite(y) else "M"
    return "".join(parts)


def _levels(across, heights):
    """A level line for each stretch of equal heights; none where they are NaN."""
    edges = np.concatenate([across[:1], (across[1:] + across[:-1]) / 2, across[-1:]])
    starts = [0, *(np.flatnonzero(np.diff(heights)) + 1)]
    ends = [*starts[1:], len(heights)]
    return "".join(
        f"M{edges[start]:.1f} {heights[start]:.1f}H{edges[end]:.1f}"
        for start, end in zip(starts, ends, strict=True)
        if math.isfinite(heights[start])
    )


def _area(across, heights):
    """From the bottom up to the heights; what is not finite counts as nothing."""
    heights = np.where(np.isfinite(heights), heights, BOTTOM)
    inner = " ".join(f"{x:.1f} {y:.1f}" for x, y in zip(across, heights, strict=True))
    return f"M{LEFT} {BOTTOM} {inner} {RIGHT} {BOTTOM}Z"
