"""The loops that train nothing: the outputs of rows, and what they score."""

from nnscratch.engines.fused.arithmetic import activate, softmax
from nnscratch.engines.fused.compiling import kernel
from nnscratch.engines.fused.operations import any_forward, block, fetch
from nnscratch.engines.fused.scores import add_up, divisor, score_rows
from nnscratch.engines.fused.threads import share
from nnscratch.engines.plan import SOFTMAX

ROWS = 32  # rows that go through the whole net together, so that they stay in the cache


@kernel
def run(thread, threads, ops, rows, p, work, last_activation, results):
    """Fill ``results`` (n, O) with the net's output for the rows of ``rows.order``.

    last_activation  what makes predictions of it; LINEAR leaves it as the loss wants it

    Each thread takes some of the blocks of ROWS rows, and has its own half of the buffers.
    """
    n, outputs = results.shape
    begin, end = share(n, ROWS, thread, threads)
    x = work.x[thread]
    for start in range(begin, min(end, n), ROWS):
        count = min(ROWS, n - start)
        fetch(rows, start, count, 0, ROWS, x, ops[0]["inputs"])
        h = x
        for k in range(ops.size):
            op = ops[k]
            z = block(work.outputs[thread], ROWS * op["outputs"], ROWS, op["stride"])
            any_forward(op, p, h, z, x[:0], 0, 1, 0)
            h = z
        for i in range(count):
            for j in range(outputs):
                results[start + i, j] = h[i, j]
    begin, end = min(begin, n), min(end, n)
    if last_activation == SOFTMAX:
        for i in range(begin, end):
            softmax(results[i], results[i], outputs)
    else:
        activate(last_activation, results, begin, end, 0, outputs)


@kernel
def score(goal, rows, results, batch_size, d, values, hits, guesses, totals):
    """Add up loss and accuracy of ``results``, batch after batch, as training does.

    guesses (n, outputs) is filled with the predictions; d (batch_size, outputs), values and
    hits (batch_size,) are working space
    """
    n = rows.order.size
    for start in range(0, n, batch_size):
        count = min(batch_size, n - start)
        z, p = results[start : start + count], guesses[start : start + count]
        score_rows(goal, z, rows, start, 0, count, p, d, values, hits)
        add_up(values, hits, count, divisor(goal, rows, start, count), totals)
