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
from nnscratch.engines.fused.compiling import inlined, part
from nnscratch.engines.fused.dropping import drop, drop_backward
from nnscratch.engines.fused.products import product, rows_times_rows
from nnscratch.engines.fused.threads import share
from nnscratch.engines.fused.updates import update
from nnscratch.engines.plan import ACTIVATION, DENSE, DROPOUT, RESCALING, SOFTMAX


@inlined
def block(buffer, start, rows, stride):
    """``rows`` rows of ``stride`` numbers, as a view of the flat ``buffer``."""
    return buffer[start : start + rows * stride].reshape(rows, stride)


@part
def fetch(rows, start, count, first, last, x, inputs):
    """Rows first..last-1 of the batch at ``start``, scaled; 0 from count on.

    Pixels come as one byte each, and are made numbers here, row by row.
    """
    pixels, scale, offset = rows.x.shape[1] == inputs, rows.scale, rows.offset
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


# ---- Dense: inlined, as each is called once, and a part of a part is compiled twice ----------


@inlined
def dense(op, p, h, z, thread, threads):
    """z = f(h W + b), for this thread's units in all rows."""
    first, last = share(op["padded"], 4, thread, threads)
    W = block(p, op["weights"], op["padded"], op["stride_in"])
    bias = p[op["bias"] + first : op["bias"] + last]
    rows_times_rows(h, W[first:last], bias, z[:, first:last], op["length"])
    activate(op["activation"], z, 0, z.shape[0], first, min(last, op["units"]))


@inlined
def dense_backward(op, p, dz, dh, first, last):
    """dh = dz W.T, for the rows first..last-1."""
    W = block(p, op["weights"], op["padded"], op["stride_in"])
    product(dz[first:last, : op["padded"]], W, dh[first:last], op["length"])


@inlined
def learn(op, p, memory, rule, rate, h, dz, count, scratch, thread, threads):
    """Gradient and update of the weights of this thread's units, four units at a time.

    A gradient lives in ``scratch`` (4, length) for just as long as its update takes: there is
    no gradient of the whole net, which would go out to memory and come back.
    """
    begin, end = share(op["padded"], 4, thread, threads)
    stride, inputs = op["stride_in"], op["inputs"]
    by_unit = dz.T
    for unit in range(begin, end, 4):
        product(by_unit[unit : unit + 4], h, scratch, op["length"])
        at, units = op["weights"] + unit * stride, min(4, op["units"] - unit)
        update(rule, rate, p, memory, at, units, stride, scratch, inputs)
    if op["has_bias"]:
        units = min(end, op["units"]) - begin
        sums = scratch[0]
        for u in range(units):
            sums[u] = 0
        for i in range(count):
            d = dz[i, begin : begin + units]
            for u in range(d.size):
                sums[u] += d[u]
        update(rule, rate, p, memory, op["bias"] + begin, 1, 0, scratch, units)


# ---- What has no weights ---------------------------------------------------------------------


@part
def forward(op, h, z, kept, first, last, call):
    """z from h, for the rows first..last-1.

    kept  where Dropout writes its mask; empty outside training, when nothing is dropped
    """
    units = op["units"]
    if op["kind"] == DROPOUT and kept.shape[0] > 0:
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
        activate(op["activation"], z, first, last, 0, units)


@part
def backward(op, dz, dh, z, kept, first, last):
    """dh from dz, for the rows first..last-1."""
    if op["kind"] == DROPOUT:
        drop_backward(op, dz, dh, kept, first, last)
        return
    scale = dz.dtype.type(op["scale"]) if op["kind"] == RESCALING else dz.dtype.type(1)
    for i in range(first, last):
        for j in range(op["units"]):
            dh[i, j] = dz[i, j] * scale
    if op["kind"] == ACTIVATION and op["activation"] == SOFTMAX:
        for i in range(first, last):
            softmax_backward(dh[i], z[i], op["units"])
    elif op["kind"] == ACTIVATION:
        activate_backward(op["activation"], dh, z, first, last, op["units"])


# ---- Either kind -----------------------------------------------------------------------------


@part
def any_forward(op, p, h, z, kept, thread, threads, call):
    """z from h: for Dense this thread's units in all rows, else all columns of its rows."""
    if op["kind"] == DENSE:
        dense(op, p, h, z, thread, threads)
    else:
        first, last = share(z.shape[0], 4, thread, threads)
        forward(op, h, z, kept, first, last, call)


@part
def any_backward(op, p, dz, dh, z, kept, first, last):
    """dh from dz, for the rows first..last-1."""
    if op["kind"] == DENSE:
        dense_backward(op, p, dz, dh, first, last)
    else:
        backward(op, dz, dh, z, kept, first, last)
