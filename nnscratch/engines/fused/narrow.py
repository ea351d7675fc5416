"""The training loop for tiny nets: features in rows, one thread, nothing packed.

In a net of a few units the blocks of ``products.py`` would be mostly padding. Here a row holds
one feature of *all* the batch's examples, so that a weight multiplies a whole row at once:

    z[o] = sum_i W[i, o] h[i] + b[o]        dh[i] = sum_o W[i, o] dz[o]
    dW[i, o] = h[i] . dz[o]                 db[o] = sum of dz[o]

The weights are the model's own vector, and so is the order of its gradient.
"""

from nnscratch.engines.fused.arithmetic import activate, activate_backward
from nnscratch.engines.fused.compiling import inlined, kernel, part
from nnscratch.engines.fused.operations import block
from nnscratch.engines.fused.scores import add_up, divisor, score_column, score_rows
from nnscratch.engines.fused.updates import rate_of_step, update

LANES = 16  # examples that are worked on together; a batch is padded to a multiple of it


@kernel
def train(ops, rows, goal, rule, rates, p, memory, work, batch_size, t, totals, guesses):
    """Train on all rows of ``rows.order``, batch after batch; see ``wide.train``.

    p, memory  the model's own parameters and its optimizer's vectors
    """
    n, last = rows.order.size, ops.size - 1
    width = (batch_size + LANES - 1) // LANES * LANES
    for step in range((n + batch_size - 1) // batch_size):
        start = step * batch_size
        count = min(batch_size, n - start)
        x = block(work.x, 0, ops[0]["inputs"], width)
        _fetch(rows, start, count, x)
        h = x
        for k in range(ops.size):
            z = block(work.outputs, ops[k]["outputs"] * width, ops[k]["units"], width)
            _forward(ops[k], p, h, z)
            h = z
        dz = block(work.gradients, ops[last]["outputs"] * width, ops[last]["units"], width)
        total = _score(goal, rows, start, count, h, dz, work, guesses)
        add_up(work.values, work.hits, count, total, totals)
        activate_backward(ops[last]["activation"], dz, h, 0, dz.shape[0], width)
        for k in range(last, -1, -1):
            dz = block(work.gradients, ops[k]["outputs"] * width, ops[k]["units"], width)
            h = x
            if k > 0:
                below = ops[k - 1]
                h = block(work.outputs, below["outputs"] * width, below["units"], width)
                dh = block(work.gradients, below["outputs"] * width, below["units"], width)
                _backward(ops[k], p, dz, dh)
                activate_backward(below["activation"], dh, h, 0, dh.shape[0], width)
            _differentiate(ops[k], h, dz, work.gradient[0])
        rate = rate_of_step(rule, rates[min(step, rates.size - 1)], t + step + 1)
        update(rule, rate, p, memory, 0, 1, 0, work.gradient, p.size)


@part
def _fetch(rows, start, count, x):
    """The batch's rows become columns of x (inputs, width)."""
    inputs = x.shape[0]
    pixels = rows.x.shape[1] == inputs
    floats = rows.x.view(x.dtype) if not pixels else x
    for i in range(count):
        row = rows.order[start + i]
        for j in range(inputs):
            number = x.dtype.type(rows.x[row, j]) if pixels else floats[row, j]
            x[j, i] = number * rows.scale + rows.offset
    for j in range(inputs):
        for i in range(count, x.shape[1]):
            x[j, i] = 0


@part
def _forward(op, p, h, z):
    units = op["units"]
    for o in range(units):
        _combine(p, op["weights"] + o, units, h, z[o])
        if op["has_bias"]:  # after the sum, as everybody does: the rounding is then the same
            bias, to = p[op["bias"] + o], z[o]
            for i in range(to.size):
                to[i] += bias
    activate(op["activation"], z, 0, units, 0, z.shape[1])


@part
def _backward(op, p, dz, dh):
    for k in range(op["inputs"]):
        _combine(p, op["weights"] + k * op["units"], 1, dz, dh[k])


@part
def _combine(p, at, step, rows, to):
    """to = sum over k of p[at + k step] rows[k]; four rows at a time, as a pass costs most.

    The rows that four do not divide come first: they begin the sum, and nothing is zeroed.
    """
    begun = _begin(p, at, step, rows, to)
    for k in range(begun, rows.shape[0], 4):
        r0, r1, r2, r3 = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
        first = at + k * step
        w0, w1, w2, w3 = p[first], p[first + step], p[first + 2 * step], p[first + 3 * step]
        for i in range(to.size):
            to[i] += w0 * r0[i] + w1 * r1[i] + w2 * r2[i] + w3 * r3[i]


@inlined
def _begin(p, at, step, rows, to):
    """The sum over the first one to four rows; returns how many they are."""
    count = (rows.shape[0] - 1) % 4 + 1
    r0, w0 = rows[0], p[at]
    if count == 1:
        for i in range(to.size):
            to[i] = w0 * r0[i]
        return count
    r1, w1 = rows[1], p[at + step]
    if count == 2:
        for i in range(to.size):
            to[i] = w0 * r0[i] + w1 * r1[i]
        return count
    r2, w2 = rows[2], p[at + 2 * step]
    if count == 3:
        for i in range(to.size):
            to[i] = w0 * r0[i] + w1 * r1[i] + w2 * r2[i]
        return count
    r3, w3 = rows[3], p[at + 3 * step]
    for i in range(to.size):
        to[i] = w0 * r0[i] + w1 * r1[i] + w2 * r2[i] + w3 * r3[i]
    return count


@part
def _differentiate(op, h, dz, gradient):
    dW = block(gradient, op["weights"], op["inputs"], op["units"])
    for o in range(op["units"]):
        d = dz[o]
        for k in range(op["inputs"]):
            row, total = h[k], d.dtype.type(0)
            for i in range(d.size):
                total += row[i] * d[i]
            dW[k, o] = total
        if op["has_bias"]:
            total = d.dtype.type(0)
            for i in range(d.size):
                total += d[i]
            gradient[op["bias"] + o] = total


@part
def _score(goal, rows, start, count, z, dz, work, guesses):
    """The loss of the batch's columns, with their gradient in dz; returns the divisor."""
    total = divisor(goal, rows, start, count)
    p, d = work.p[:count], work.d[:count]
    column = z[0, :count], rows, start, p.reshape(-1), d.reshape(-1)
    if not score_column(goal, *column, work.values, work.hits):
        for i in range(count):
            for o in range(goal.outputs):
                work.z[i, o] = z[o, i]
        score_rows(goal, work.z, rows, start, 0, count, p, d, work.values, work.hits)
    for o in range(goal.outputs):
        for i in range(count):
            dz[o, i] = d[i, o] / total
        for i in range(count, dz.shape[1]):
            dz[o, i] = 0
    for i in range(count if guesses.shape[0] else 0):
        for o in range(goal.outputs):
            guesses[start + i, o] = p[i, o]
    return total
