"""The way forward: what each layer makes of its input, at the unit that the page follows."""

import numpy as np

from nnscratch.explain import functions
from nnscratch.explain.expressions import given, left_out, number, products, setting
from nnscratch.explain.page import Equation, Formula, Heading
from nnscratch.layers import Activation, Dropout, Flatten, Rescaling
from nnscratch.ops import dropout


def chapter(page, stops):
    """Every layer, from the input to the output."""
    page.add(Heading("1. Forward: from the input to the prediction"))
    for stop in stops:
        page.add(Heading(title(stop), 3))
        if stop.is_dense:
            _dense(page, stop)
        else:
            _other(page, stop)


def title(stop):
    """``dense_1: Dense, 10 -> 5, relu``."""
    layer = stop.seen.layer
    widths = " -> ".join(_row_text(array) for array in (stop.seen.x, stop.seen.y))
    activation = f", {stop.seen.activation}" if stop.seen.activation else ""
    return f"{stop.seen.name}: {type(layer).__name__}, {widths}{activation}"


def shape(array):
    """``(4, 10)``, as NumPy writes it."""
    return str(array.shape)


def _row_text(array):
    return " x ".join(map(str, array.shape[1:]))


def _dense(page, stop):
    seen = stop.seen
    x, W, b = seen.x, seen.params["W"], seen.params.get("b")
    bias, bias_shape = ("", "") if b is None else (" + b", f" + {shape(b)}")
    product = f"{shape(x)} @ {shape(W)}{bias_shape} -> {shape(seen.z)}"
    page.add(
        Formula(
            [
                (f"z = x @ W{bias}", product),
                (_of_logits(seen.activation), f"{shape(seen.z)} -> {shape(seen.y)}"),
            ]
        ),
        _logit(stop),
        activation(stop, seen.z, "z"),
    )
    if seen.activation == "relu":
        _dead_units(page, seen)


def _of_logits(activation):
    return "y = z" if activation == "linear" else f"y = {activation}(z)"


def _logit(stop):
    seen, (o,), r = stop.seen, stop.unit, stop.row
    x, W, b = seen.x[r], seen.params["W"][:, o], seen.params.get("b")
    terms = products(x, W) if b is None else products(x, W) + given(b[o])
    symbols = f"(sum over i of x[{r}, i] W[i, {o}])" + ("" if b is None else f" + b[{o}]")
    return Equation(f"z{stop.at}", symbols, terms, seen.z[r, o], left_out(x * W))


def activation(stop, z, name):
    """The Equation of an activation's output; z (B, O) are its inputs, called ``name``."""
    seen, (k,) = stop.seen, stop.unit
    value = seen.y[stop.row, k]
    if seen.activation not in functions.FORWARD:
        return Equation(f"y{stop.at}", f"{seen.activation}({name}{stop.at})", None, value)
    symbols, expression = functions.FORWARD[seen.activation]
    symbols = symbols.format(z=name + stop.at, row=stop.row)
    remark = _on_softmax(z[stop.row]) if seen.activation == "softmax" else ""
    return Equation(f"y{stop.at}", symbols, expression(z[stop.row], k), value, remark)


def _on_softmax(z):
    if functions.is_shifted(z):
        return (
            f"{number(z.max(), 6)}, the largest logit, is taken off all: the quotient stays,"
            " and exp cannot overflow"
        )
    return left_out(np.exp(z), "terms")


def _dead_units(page, seen):
    off = np.flatnonzero((seen.y == 0).all(axis=0))
    if not len(off):
        return
    named = ", ".join(map(str, off[:12])) + (" ..." if len(off) > 12 else "")
    page.add(
        f"Off (y = 0) in every row of this batch: {len(off)} of the {seen.y.shape[1]} units"
        f" ({named}). No gradient passes there, so in this step the weights that lead to them"
        " have a gradient of 0. A unit that is off for all data is dead: nothing wakes it."
    )


# ---- layers without logits -------------------------------------------------------------------


def _other(page, stop):
    seen, layer = stop.seen, stop.seen.layer
    shapes = f"{shape(seen.x)} -> {shape(seen.y)}"
    formulas = {
        Flatten: "y = each row of x in one line",
        Activation: f"y = {seen.activation}(x)",
        Dropout: "y = keep * x / (1 - rate)",
        Rescaling: "y = x * scale + offset",
    }
    formula = formulas.get(type(layer), f"y = {type(layer).__name__}.forward(x)")
    page.add(Formula([(formula, shapes)]), _value(stop))


def _value(stop):
    """The Equation of the followed number of y."""
    seen, layer = stop.seen, stop.seen.layer
    name, x, y = f"y{stop.at}", float(seen.x[stop.row][stop.source]), seen.y[stop.row]
    value = y[stop.unit]
    if isinstance(layer, Flatten):
        return Equation(name, f"x{stop.at_source}", None, value)
    if type(layer) is Activation and len(stop.unit) == 1:
        return activation(stop, seen.x, "x")
    if type(layer) is Rescaling:
        numbers = given(x) * setting(np.float32(layer.scale))
        numbers = numbers + setting(np.float32(layer.offset))
        return Equation(name, f"x{stop.at_source} * scale + offset", numbers, value)
    if type(layer) is Dropout:
        return _dropped(name, stop, x, value)
    return Equation(name, "", None, value)


def _dropped(name, stop, x, value):
    rate = stop.seen.layer.rate
    if value == 0:
        why = "dropped in this step" if x else "x is 0 here"
        return Equation(name, f"0 * x{stop.at_source}" if x else "", None, value, why)
    scale = float(dropout(np.ones(1, stop.seen.x.dtype), True, rate)[0])
    return Equation(
        name, f"x{stop.at_source} * 1 / (1 - {rate:g})", given(x) * given(scale), value, "kept"
    )
