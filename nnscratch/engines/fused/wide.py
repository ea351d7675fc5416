"""The training loop for nets of any width: rows of numbers, in blocks, by several threads."""

from nnscratch.engines.fused.arithmetic import activate_backward
from nnscratch.engines.fused.compiling import kernel, part
from nnscratch.engines.fused.machine import prefetch
from nnscratch.engines.fused.operations import (
    any_backward,
    any_forward,
    block,
    dense,
    dense_backward,
    fetch,
    learn,
)
from nnscratch.engines.fused.scores import add_up, divisor, score_rows
from nnscratch.engines.fused.threads import meet, share
from nnscratch.engines.fused.updates import rate_of_step
from nnscratch.engines.plan import DENSE

MOST_BYTES_AHEAD = 1024  # of a row


@kernel
def train(
    thread,
    threads,
    first_step,
    last_step,
    ops,
    rows,
    goal,
    rule,
    rates,
    p,
    memory,
    work,
    masks,
    batch_size,
    t,
    totals,
    guesses,
):
    """Train on the rows of ``rows.order``, batch after batch; every thread runs this at once.

    The steps first_step..last_step-1 are made, of those that there are for these rows.

    p, memory  the parameters and the optimizer's vectors beside them, in their packed layout
    rates      the learning rate of each step, or one for all
    masks      room for Dropout's masks; None where all operations are Dense, and nothing else
               has to be compiled
    t          updates made before
    totals     (2,) running sums of loss and accuracy, added to
    guesses    (n, outputs) filled with the predictions, if it has rows
    """
    n, last, room = rows.order.size, ops.size - 1, work.values.size
    lowest = 0  # no gradient is needed below the first operation that learns
    while ops[lowest]["kind"] != DENSE:
        lowest += 1
    meeting = 1
    for step in range(first_step, last_step):
        start = step * batch_size
        count = min(batch_size, n - start)
        padded = (count + 3) // 4 * 4
        first, end = share(padded, 4, thread, threads)

        # A thread may still read the last batch's rows: the rows of two batches take turns.
        x = work.x[step % 2, :padded]
        fetch(rows, start, count, first, end, x, ops[0]["inputs"])
        _fetch_ahead(rows, start + count, min(batch_size, n - start - count), thread, threads)
        meeting = meet(work.arrivals, threads, meeting)

        h = x
        for k in range(ops.size):
            op = ops[k]
            z = block(work.outputs, room * op["outputs"], padded, op["stride"])
            if masks is None:
                dense(op, p, h, z, thread, threads)
            else:
                kept = block(masks, room * op["kept"], padded, op["kept_units"])
                any_forward(op, p, h, z, kept, thread, threads, step)
            meeting = meet(work.arrivals, threads, meeting)
            h = z

        dz = block(work.gradients, room * ops[last]["outputs"], padded, ops[last]["stride"])
        guess = work.p[:padded]
        mine = min(end, count)
        score_rows(goal, h, rows, start, first, mine, guess, dz, work.values, work.hits)
        total = divisor(goal, rows, start, count)
        for i in range(first, end):
            for j in range(goal.outputs):
                dz[i, j] = dz[i, j] / total if i < count else 0
        if ops[last]["kind"] == DENSE:
            units = ops[last]["units"]
            activate_backward(ops[last]["activation"], dz, h, first, end, units)
        for i in range(first, mine if guesses.shape[0] else first):
            for j in range(goal.outputs):
                guesses[start + i, j] = guess[i, j]
        meeting = meet(work.arrivals, threads, meeting)
        if thread == 0:
            add_up(work.values, work.hits, count, total, totals)

        rate = rate_of_step(rule, rates[min(step, rates.size - 1)], t + step + 1)
        for k in range(last, lowest - 1, -1):
            op, below = ops[k], ops[max(k - 1, 0)]
            dz = block(work.gradients, room * op["outputs"], padded, op["stride"])
            h = x
            if k > 0:
                h = block(work.outputs, room * below["outputs"], padded, below["stride"])
            if k > lowest:
                dh = block(work.gradients, room * below["outputs"], padded, below["stride"])
                if masks is None:
                    dense_backward(op, p, dz, dh, first, end)
                else:
                    z = block(work.outputs, room * op["outputs"], padded, op["stride"])
                    kept = block(masks, room * op["kept"], padded, op["kept_units"])
                    any_backward(op, p, dz, dh, z, kept, first, end)
                if below["kind"] == DENSE:
                    activate_backward(below["activation"], dh, h, first, end, below["units"])
                # Nobody may change a weight while another thread still hands gradients down
                # through it.
                meeting = meet(work.arrivals, threads, meeting)
            if op["kind"] == DENSE:
                scratch = work.scratch[thread]
                learn(op, p, memory, rule, rate, h, dz, count, scratch, thread, threads)


@part
def _fetch_ahead(rows, start, count, thread, threads):
    """Bring the next batch's pixels near while this one is computed: they lie far apart.

    Rows of four-byte numbers are too long for that: they would push out what is in use.
    """
    if rows.x.shape[1] > MOST_BYTES_AHEAD:
        return
    first, last = share(count, 1, thread, threads)
    for i in range(start + first, start + last):
        row = rows.x[rows.order[i]]
        for j in range(0, row.size, 64):
            prefetch(row, j)
