"""Which numbers a page follows: one row of the batch, and one unit of every layer."""

from dataclasses import dataclass

import numpy as np

from nnscratch import checks
from nnscratch.layers import Dense, Flatten
from nnscratch.trace import LayerTrace


@dataclass(frozen=True)
class Stop:
    """One layer on the path.

    seen    the LayerTrace
    row     which row of the batch
    unit    the index of the followed number in a row of y; source: of that in a row of x,
            which is the unit of the layer below
    """

    seen: LayerTrace
    row: int
    unit: tuple
    source: tuple

    @property
    def at(self):
        """The place in y (and z, dy, dz) as it is printed: ``[2, 7]``."""
        return brackets(self.row, *self.unit)

    @property
    def at_source(self):
        """The place in x and dx."""
        return brackets(self.row, *self.source)

    @property
    def is_dense(self):
        """Whether the layer has logits: y = f(x @ W + b)."""
        return self.seen.z is not None


def brackets(*index):
    """``[2, 7]``."""
    return f"[{', '.join(map(str, index))}]"


def path(trace, row=None, units=None):
    """A Stop for each layer, from the input to the output.

    row    left out: the row with the largest weighted loss
    units  {layer name: unit}, for Dense layers. Left out: at the top the unit with the largest
           gradient, below the input that adds most to the unit above
    """
    row = _row(trace, row)
    units = _checked_units(trace, units or {})
    stops: list = []
    unit = None
    for k in reversed(range(len(trace.layers))):
        seen = trace.layers[k]
        if unit is None:
            unit = _asked_for(trace.layers, units) or _largest(_top_gradient(seen)[row])
        source = _asked_for(trace.layers[:k], units) or _source(seen, row, unit)
        stops.insert(0, Stop(seen, row, unit, source))
        unit = source
    return stops


def _asked_for(below, units):
    """The chosen unit of the uppermost Dense layer, where what is above it keeps the places."""
    for seen in reversed(below):
        if seen.name in units:
            return (units[seen.name],)
        if seen.z is not None or seen.x.shape != seen.y.shape:
            return None
    return None


def not_finite(trace):
    """[(name, how many numbers, how many of them are not finite)], in the order of the step."""
    flow = [(f"{s.name}.{n}", getattr(s, n)) for s in trace.layers for n in ("x", "z", "y")]
    flow += [("losses", trace.losses), ("L", trace.loss)]
    for seen in reversed(trace.layers):
        flow += [(f"{seen.name}.{n}", getattr(seen, n)) for n in ("dy", "dz")]
        flow += [(f"{seen.name}.d{n}", array) for n, array in seen.gradients.items()]
        flow += [(f"{seen.name}.dx", seen.dx)]
    flow += [
        (f"the new {s.name}.{n}", array)
        for s in trace.layers
        for n, array in s.new_params.items()
    ]
    counts = [(n, np.size(a), int((~np.isfinite(a)).sum())) for n, a in flow if a is not None]
    return [(name, size, bad) for name, size, bad in counts if bad]


def _row(trace, row):
    if row is None:
        weight = 1 if trace.sample_weight is None else trace.sample_weight
        return int(np.argmax(trace.losses * weight))
    if not 0 <= checks.whole_number("row", row, least=0) < len(trace.x):
        raise ValueError(f"the batch has rows 0..{len(trace.x) - 1}, got row={row}")
    return int(row)


def _checked_units(trace, units):
    for name, unit in units.items():
        layer = trace[name].layer
        if not isinstance(layer, Dense):
            raise ValueError(f"units names a unit of Dense layers; {name!r} is {layer!r}")
        checks.whole_number(f"the unit of layer {name!r}", unit, least=0)
        if unit >= layer.units:
            raise ValueError(f"layer {name!r} has units 0..{layer.units - 1}, got {unit}")
    return units


def _top_gradient(seen):
    """The gradient at the output of the last layer: dz, dy, or where both are joined, dx."""
    found = (each for each in (seen.dz, seen.dy, seen.dx) if each is not None)
    return next(found)


def _largest(values):
    """The index of the largest size; a NaN counts as the largest, so that it is shown."""
    return tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(values)), values.shape))


def _source(seen, row, unit):
    x = seen.x[row]
    if seen.z is not None:
        return _largest(x * seen.params["W"][:, unit[0]])
    if isinstance(seen.layer, Flatten):
        return tuple(int(i) for i in np.unravel_index(unit[0], x.shape))
    return unit if x.shape == seen.y[row].shape else _largest(x * seen.dx[row])
