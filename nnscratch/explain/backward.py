"""The way back: from the loss to a gradient for every weight, by the chain rule."""

import numpy as np

from nnscratch.explain import check as checking
from nnscratch.explain import functions
from nnscratch.explain.expressions import (
    exactly,
    given,
    left_out,
    number,
    products,
    setting,
    total,
)
from nnscratch.explain.forward import shape, title
from nnscratch.explain.page import Equation, Formula, Heading
from nnscratch.explain.probe import brackets
from nnscratch.layers import Activation, Dropout, Flatten, Rescaling
from nnscratch.ops import dropout


def chapter(page, stops, row_loss, check):
    """Every layer, from the output to the input."""
    page.add(
        Heading("3. Backward: how much each number moves the loss"),
        "dz is short for dL/dz: by how much L grows for each unit that z grows. Each layer"
        " turns the dy that it is handed into dx, which the layer below receives as its dy.",
    )
    for k in reversed(range(len(stops))):
        page.add(Heading(title(stops[k]), 3))
        if k == len(stops) - 1:
            _from_the_loss(page, stops[k], row_loss)
        if stops[k].is_dense:
            _dense(page, stops[k], check, last=k == len(stops) - 1, first=k == 0)
        else:
            _other(page, stops[k], check)


# ---- the first gradient ----------------------------------------------------------------------


def _from_the_loss(page, stop, row_loss):
    """The gradient that the loss hands to the network."""
    seen = stop.seen
    name = "dy" if not row_loss.joined else "dz" if stop.is_dense else "dx"
    array = getattr(seen, name)
    value = array[(stop.row, *stop.unit)]
    symbols, numbers = row_loss.gradient() or ("", None)
    page.add(
        Formula([(f"{name} = dL/d{name[1]}", shape(array))]),
        Equation(f"{name}{stop.at}", symbols, numbers, value),
    )
    if row_loss.joined:
        _why_no_derivative(page, stop, row_loss)
    _sign(page, name, stop.at, value, row_loss)


def _why_no_derivative(page, stop, row_loss):
    """What became of sigmoid' or softmax': the two factors, in numbers."""
    function, p, t = stop.seen.activation, row_loss.p[row_loss.o], row_loss.t[row_loss.o]
    page.add(
        f"Where is {function}'? It has cancelled. {_factors(function)} So a unit that is sure"
        " and wrong still learns at full speed. That is why the loss and this activation are"
        f" joined here: no dy ever exists, and multiplying by {function}' again would be wrong."
    )
    if function == "sigmoid" and 0 < p < 1 and t in (0, 1):
        slope = exactly("-1") / given(p) if t else exactly("1") / (exactly("1") - given(p))
        symbols = ("-1 / p" if t else "1 / (1 - p)") + " * p * (1 - p)"
        both = slope * given(p) * (exactly("1") - given(p))
        remark = f"and p - t = {number(p, 6)} - {t:.0f}, the same"
        page.add(Equation("dl/dp * sigmoid'", symbols, both, float(p) - float(t), remark))


def _factors(function):
    if function == "sigmoid":
        return (
            "By hand one has two factors: the cross-entropy's dl/dp, which grows without bound"
            " as p nears the wrong end, and sigmoid' = p (1 - p), which goes to 0 there;"
            " their product is plainly p - t."
        )
    return (
        "By hand one has the cross-entropy's -t / p and softmax's full matrix of derivatives;"
        " their product is plainly p - t."
    )


def _sign(page, name, at, value, row_loss):
    """Which way the sign of delta points."""
    if not value:
        return
    falls = "down" if value > 0 else "up"
    rule = " It is p - t, not t - p: the" if row_loss.joined else " The"
    sign = "positive" if value > 0 else "negative"
    page.add(
        f"The sign: {name}{at} is {sign}, so L would fall if {name[1]}{at} went {falls}.{rule}"
        " gradient points to where L grows, and the optimizer subtracts it. (With t - p, the"
        " weights would have to be moved by plus.)"
    )


# ---- Dense -----------------------------------------------------------------------------------


def _dense(page, stop, check, *, last, first):
    seen, row = stop.seen, stop.row
    (i,), (o,) = stop.source, stop.unit
    page.add(Formula(_formulas(seen)))
    if seen.dy is not None:
        page.add(_through_activation(f"dz{stop.at}", seen, row, o))
    page.add(_weight(seen, i, o))
    checking.compare(page, check, seen, "W", (i, o))
    if last:
        _accumulating(page, i, o)
        checking.in_float32(page, check, seen, "W", (i, o))
    if "b" in seen.params:
        page.add(_bias(seen, o))
        checking.compare(page, check, seen, "b", (o,))
    if first:
        page.add("dx is computed too, but below the first layer nobody needs it.")
    else:
        page.add(_to_the_layer_below(stop))


def _formulas(seen):
    x, W, dz = seen.x, seen.params["W"], seen.dz
    gate = f"dz = dy * {seen.activation}'(z)", f"{shape(seen.y)} * {shape(seen.z)}"
    rows = [gate] if seen.dy is not None and seen.activation != "linear" else []
    rows.append(("dW = x.T @ dz", f"{shape(x.T)} @ {shape(dz)} -> {shape(W)}, as W"))
    if "b" in seen.params:
        rows.append(("db = sum of dz's rows", f"{shape(dz)} -> ({dz.shape[1]},), as b"))
    return [*rows, ("dx = dz @ W.T", f"{shape(dz)} @ {shape(W.T)} -> {shape(x)}, as x")]


def _through_activation(name, seen, row, o):
    """dz from dy: the activation's own derivative."""
    value, function = seen.dz[row, o], seen.activation
    if function not in functions.BACKWARD:
        return Equation(name, f"dy * {function}'(z)", None, value)
    symbols, expression = functions.BACKWARD[function]
    at = brackets(row, o)
    symbols = symbols.format(dy=f"dy{at}", y=f"y{at}", row=row)
    numbers = expression(seen.dy[row], seen.y[row], o)
    return Equation(name, symbols, numbers, value, functions.GATES.get(function, ""))


def _weight(seen, i, o):
    """dW at one weight: a sum over the rows of the batch."""
    x, dz = seen.x[:, i], seen.dz[:, o]
    symbols = f"(sum over rows r of x[r, {i}] dz[r, {o}])"
    value, name = seen.gradients["W"][i, o], f"dW{brackets(i, o)}"
    return Equation(name, symbols, products(x, dz), value, left_out(x * dz))


def _bias(seen, o):
    values = seen.dz[:, o]
    symbols = f"(sum over rows r of dz[r, {o}])"
    terms = total([given(value) for value in values], values)
    remark = left_out(values, "terms")
    return Equation(f"db{brackets(o)}", symbols, terms, seen.gradients["b"][o], remark)


def _accumulating(page, i, o):
    page.add(
        f"The sum has a term for each row, because the one weight W[{i}, {o}] was used once by"
        " every row. It begins at 0 in every step: nothing is left over from the step before."
        " (In PyTorch .grad keeps adding up until zero_grad() is called.)"
    )


def _to_the_layer_below(stop):
    seen, r, (i,) = stop.seen, stop.row, stop.source
    dz, W = seen.dz[r], seen.params["W"][i]
    symbols = f"(sum over o of dz[{r}, o] W[{i}, o])"
    remark = left_out(dz * W) or "the layer below receives it as dy"
    return Equation(f"dx{stop.at_source}", symbols, products(dz, W), seen.dx[r, i], remark)


# ---- layers without logits -------------------------------------------------------------------


def _other(page, stop, check):
    seen, layer = stop.seen, stop.seen.layer
    if seen.dy is None:
        return  # the joined gradient has been shown: it is this layer's dx
    formulas = {
        Flatten: "dx = dy in the shape of x",
        Activation: f"dx = dy * {seen.activation}'(x)",
        Dropout: "dx = keep * dy / (1 - rate), by the same mask",
        Rescaling: "dx = dy * scale",
    }
    formula = formulas.get(
        type(layer), f"dx, grads = {type(layer).__name__}.backward(dy, cache)"
    )
    page.add(Formula([(formula, f"{shape(seen.dy)} -> {shape(seen.dx)}")]), _dx(stop))
    for name, gradient in seen.gradients.items():
        index = tuple(
            int(k) for k in np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
        )
        page.add(Equation(f"d{name}{brackets(*index)}", "", None, gradient[index]))
        checking.compare(page, check, seen, name, index)


def _dx(stop):
    """The Equation of the followed number of dx."""
    seen, layer, r = stop.seen, stop.seen.layer, stop.row
    name, value = f"dx{stop.at_source}", seen.dx[r][stop.source]
    if (
        type(layer) is Activation
        and seen.activation in functions.BACKWARD
        and len(stop.unit) == 1
    ):
        (k,) = stop.unit
        symbols, expression = functions.BACKWARD[seen.activation]
        symbols = symbols.format(dy=f"dy{stop.at}", y=f"y{stop.at}", row=r)
        return Equation(name, symbols, expression(seen.dy[r], seen.y[r], k), value)
    if type(layer) is Rescaling:
        numbers = given(seen.dy[r][stop.unit]) * setting(np.float32(layer.scale))
        return Equation(name, f"dy{stop.at} * scale", numbers, value)
    if type(layer) is Dropout and value:
        scale = dropout(np.ones(1, seen.x.dtype), True, layer.rate)[0]
        numbers = given(seen.dy[r][stop.unit]) * given(scale)
        return Equation(name, f"dy{stop.at} * {number(scale)}", numbers, value)
    return Equation(name, f"dy{stop.at}" if isinstance(layer, Flatten) else "", None, value)
