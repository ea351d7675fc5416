"""One operation of a plan, forwards and backwards, on the part that a thread owns.

    h (B, stride) the rows that come in      z (B, stride) the rows that go out
    dz, dh        the loss's derivatives by them, same shapes

All are padded: rows to a multiple of 4, columns to the stride. The padding holds zeros, and
stays so, since weights beyond the true ones are zeros that no update touches.
"""

from nnscratch.engines.fused.arithmetic import (
    activate,
    activate_backward,
    softmax,
    softmax_backward,
)
from nnscratch.engines.fused.compiling import compiled, inlined
from nnscratch.engines.fused.dropping import drop, drop_backward
from nnscratch.engines.fused.products import product, rows_times_rows
from nnscratch.engines.fused.threads import share
from nnscratch.engines.fused.updates import update
from nnscratch.engines.plan import ACTIVATION, DENSE, DROPOUT, LINEAR, RESCALING, SOFTMAX


@inlined
def block(buffer, start, rows, stride):
    """``rows`` rows of ``stride`` numbers, as a view of the flat ``buffer``."""
    return buffer[start : start + rows * stride].reshape(rows, stride)


@compiled
def fetch(rows, start, count, first, last, x, inputs, scale, offset):
    """Rows first..last-1 of the batch at ``start``, as x * scale + offset; 0 from count on.

    Pixels come as one byte each, and are made numbers here, row by row.
    """
    pixels = rows.x.shape[1] == inputs
    floats = rows.x.view(x.dtype) if not pixels else x
    for i in range(first, last):
        to = x[i]
        if i >= count:
            for j in range(inputs):
                to[j] = 0
        elif pixels:
            row = rows.x[rows.order[start + i]]
            for j in range(inputs):
                to[j] = x.dtype.type(row[j]) * scale + offset
        else:
            numbers = floats[rows.order[start + i]]
            for j in range(inputs):
                to[j] = numbers[j] * scale + offset


@compiled
def forward(op, state, h, z, kept, thread, threads, training, call):
    """z from h: for Dense this thread's units in all rows, else its rows."""
    if op["kind"] == DENSE:
        first, last = share(op["padded"], 4, thread, threads)
        W = block(state.p, op["weights"], op["padded"], op["stride_in"])
        bias = state.p[op["bias"] + first : op["bias"] + last]
        rows_times_rows(h, W[first:last], bias, z[:, first:last], op["length"])
        activate(op["activation"], z, first, min(last, op["units"]))
    else:
        first, last = share(z.shape[0], 4, thread, threads)
        _forward_rows(op, h, z, kept, first, last, training, call)


@compiled
def _forward_rows(op, h, z, kept, first, last, training, call):
    units = op["units"]
    if op["kind"] == DROPOUT and training:
        drop(op, h, z, kept, first, last, call)
        return
    scale, offset = z.dtype.type(1), z.dtype.type(0)
    if op["kind"] == RESCALING:
        scale, offset = z.dtype.type(op["scale"]), z.dtype.type(op["offset"])
    for i in range(first, last):
        if op["activation"] == SOFTMAX:
            softmax(h[i], z[i], units)
        else:
            for j in range(units):
                z[i, j] = h[i, j] * scale + offset
    if op["kind"] == ACTIVATION and op["activation"] != SOFTMAX:
        activate(op["activation"], z[first:last], 0, units)


@compiled
def backward(op, state, dz, dh, z, kept, first, last):
    """dh from dz, for the rows first..last-1."""
    if op["kind"] == DENSE:
        W = block(state.p, op["weights"], op["padded"], op["stride_in"])
        product(dz[first:last, : op["padded"]], W, dh[first:last], op["length"])
    elif op["kind"] == DROPOUT:
        drop_backward(op, dz, dh, kept, first, last)
    else:
        scale = dz.dtype.type(op["scale"]) if op["kind"] == RESCALING else dz.dtype.type(1)
        for i in range(first, last):
            for j in range(op["units"]):
                dh[i, j] = dz[i, j] * scale
        if op["kind"] == ACTIVATION:
            through_activation(op, dh, z, first, last)


@compiled
def through_activation(op, dy, y, first, last):
    """dz = dy f'(z), in place in dy, for the rows first..last-1."""
    if op["activation"] == SOFTMAX:
        for i in range(first, last):
            softmax_backward(dy[i], y[i], op["units"])
    elif op["activation"] != LINEAR:
        activate_backward(op["activation"], dy[first:last], y[first:last], op["units"])


@compiled
def learn(op, state, rule, rate, h, dz, count, scratch, thread, threads):
    """Gradient and update of the weights of this thread's units, four units at a time.

    A gradient lives in ``scratch`` (4, length) for just as long as its update takes: there is
    no gradient of the whole net, which would go out to memory and come back.
    """
    begin, end = share(op["padded"], 4, thread, threads)
    at, rows, stride = op["weights"], op["units"], op["stride_in"]
    W = block(state.p, at, rows, stride)
    first = rows_at(state.first, at, rows, stride)
    second = rows_at(state.second, at, rows, stride)
    third = rows_at(state.third, at, rows, stride)
    by_unit = dz.T
    for unit in range(begin, end, 4):
        product(by_unit[unit : unit + 4], h, scratch, op["length"])
        part = slice(unit, min(unit + 4, rows))
        beside = first[part], second[part], third[part]
        update(rule, rate, W[part], scratch, beside, op["inputs"])
    if op["has_bias"]:
        end = min(end, rows)
        sums = scratch[0]
        for u in range(end - begin):
            sums[u] = 0
        for i in range(count):
            d = dz[i, begin:end]
            for u in range(d.size):
                sums[u] += d[u]
        update_at(state, rule, rate, op["bias"] + begin, end - begin, scratch)


@compiled
def update_at(state, rule, rate, at, count, gradient):
    """Update the ``count`` parameters from ``at`` on by the first row of ``gradient``."""
    beside = (
        rows_at(state.first, at, 1, count),
        rows_at(state.second, at, 1, count),
        rows_at(state.third, at, 1, count),
    )
    update(rule, rate, block(state.p, at, 1, count), gradient, beside, count)


@inlined
def rows_at(vector, at, rows, stride):
    """``block``, but no rows where the optimizer has no such vector."""
    return block(vector, at, rows, stride) if vector.size else block(vector, 0, 0, stride)
