"""The training loop for nets of any width: rows of numbers, in blocks, by several threads."""

from nnscratch.engines.fused.compiling import compiled, inlined
from nnscratch.engines.fused.machine import prefetch
from nnscratch.engines.fused.operations import (
    backward,
    block,
    fetch,
    forward,
    learn,
    through_activation,
)
from nnscratch.engines.fused.scores import add_up, divisor, score_rows
from nnscratch.engines.fused.threads import meet, share
from nnscratch.engines.fused.updates import rate_of_step
from nnscratch.engines.plan import DENSE, DROPOUT


@compiled
def train(
    thread, threads, ops, rows, goal, rule, rates, state, work, batch_size, t, totals, guesses
):
    """Train on all rows of ``rows.order``, batch after batch; every thread runs this at once.

    t        updates made before
    rates    the learning rate of each step, or one for all
    totals   (2,) running sums of loss and accuracy, added to
    guesses  (n, outputs) filled with the predictions, if it has rows
    """
    n, last, room = rows.order.size, ops.size - 1, work.values.size
    lowest = 0  # no gradient is needed below the first operation that learns
    while ops[lowest]["kind"] != DENSE:
        lowest += 1
    meeting = 1
    for step in range((n + batch_size - 1) // batch_size):
        start = step * batch_size
        count = min(batch_size, n - start)
        padded = (count + 3) // 4 * 4
        first, end = share(padded, 4, thread, threads)

        # A thread may still read the last batch's rows: the rows of two batches take turns.
        x = work.x[step % 2, :padded]
        fetch(rows, start, count, first, end, x, ops[0]["inputs"], work.scale, work.offset)
        _fetch_ahead(rows, start + count, min(batch_size, n - start - count), thread, threads)
        meeting = meet(work.arrivals, threads, meeting)

        h = x
        for k in range(ops.size):
            op = ops[k]
            z = block(work.outputs, room * op["outputs"], padded, op["stride"])
            kept = _mask(op, work, room, padded, z)
            forward(op, state, h, z, kept, thread, threads, True, step)
            meeting = meet(work.arrivals, threads, meeting)
            h = z

        dz = block(work.gradients, room * ops[last]["outputs"], padded, ops[last]["stride"])
        p = work.p[:padded]
        rows_here = min(end, count)
        score_rows(goal, h, rows, start, first, rows_here, p, dz, work.values, work.hits)
        total = divisor(goal, rows, start, count)
        for i in range(first, end):
            for j in range(goal.outputs):
                dz[i, j] = dz[i, j] / total if i < count else 0
        if ops[last]["kind"] == DENSE:
            through_activation(ops[last], dz, h, first, end)
        for i in range(first, rows_here if guesses.shape[0] else first):
            for j in range(goal.outputs):
                guesses[start + i, j] = p[i, j]
        meeting = meet(work.arrivals, threads, meeting)
        if thread == 0:
            add_up(work.values, work.hits, count, total, totals)

        rate = rate_of_step(rule, rates[min(step, rates.size - 1)], t + step + 1)
        for k in range(last, lowest - 1, -1):
            op = ops[k]
            dz = block(work.gradients, room * op["outputs"], padded, op["stride"])
            z = block(work.outputs, room * op["outputs"], padded, op["stride"])
            h = x
            if k > 0:
                below = ops[k - 1]
                h = block(work.outputs, room * below["outputs"], padded, below["stride"])
            if k > lowest:
                dh = block(work.gradients, room * below["outputs"], padded, below["stride"])
                kept = _mask(op, work, room, padded, z)
                backward(op, state, dz, dh, z, kept, first, end)
                if below["kind"] == DENSE:
                    through_activation(below, dh, h, first, end)
                # Nobody may change a weight while another thread still hands gradients down
                # through it.
                meeting = meet(work.arrivals, threads, meeting)
            if op["kind"] == DENSE:
                scratch = work.scratch[thread]
                learn(op, state, rule, rate, h, dz, count, scratch, thread, threads)


@inlined
def _mask(op, work, room, rows, other):
    """Where Dropout keeps its mask (rows, units); something of that type for the others."""
    if op["kind"] == DROPOUT:
        return block(work.kept, room * op["kept"], rows, op["units"])
    return other


@compiled
def _fetch_ahead(rows, start, count, thread, threads):
    """Bring the next batch's rows near while this one is computed: they lie far apart."""
    first, last = share(count, 1, thread, threads)
    for i in range(start + first, start + last):
        row = rows.x[rows.order[i]]
        for j in range(0, row.size, 64):
            prefetch(row, j)
