"""The race: first every peer's losses beside a reference, then the times, in turns."""

import contextlib
import statistics
from typing import NamedTuple

from benchmarks import peers
from benchmarks.worker import PeerError, Worker

# Validation is done in two parts, both with the rows in their given order. Over the first few
# steps right peers differ by float32 rounding alone (W1, W3: by 2e-6). A learning rate 5 % off
# shows as 5e-5 (W2) to 1.5e-2 (W1). Later, rounding grows as soon as one ReLU opens in one peer
# and stays shut in another: over whole workloads right peers were 0.35 % apart at most, and a
# learning rate 5 % off shows as 1.2 % (W1) to 22 % (W3).
FEW_ROWS = 2016  # 63 steps of batch 32; of batch 128, 15 and a smaller last one
FEW_STEPS_AGREE = 1e-5
WHOLE_AGREES = 1e-2

SLOW = 5.0  # seconds: a run that takes longer is repeated less often
SLOW_REPEATS = 3
REFERENCE = "numpy"


class Row(NamedTuple):
    """What was measured of one peer on one workload; times in seconds.

    first       the first run: tracing and compiling included
    times       of all the others, in the order of the rounds
    apart       its relative distance from the reference: over few steps, over the workload
    absent      why it does not take part, in words
    trouble     what went wrong, in words
    """

    peer: str
    threads: int | None = None
    engine: str | None = None
    first: float | None = None
    times: tuple = ()
    apart: tuple = ()
    absent: str | None = None
    trouble: str | None = None

    @property
    def median(self):
        """The median of the times, or None."""
        return statistics.median(self.times) if self.times else None

    @property
    def spread(self):
        """The distance between the quartiles, as a share of the median."""
        if len(self.times) < 2:
            return None
        low, _, high = statistics.quantiles(self.times, n=4, method="inclusive")
        return (high - low) / self.median


def ratio(row, other):
    """How many times as long ``row`` takes as ``other``: the median over the rounds.

    Only runs of the same round are divided, since the machine's own speed moves with time.
    """
    pairs = [a / b for a, b in zip(row.times, other.times, strict=False)]
    return statistics.median(pairs) if pairs else None


def run(workload, entries, *, repeats, tell):
    """[Row] of the entries on a workload: validated, then timed in turns.

    tell  a function that is told in words what is being done
    """
    rows = {entry.name: Row(entry.name, absent=_absent(entry, workload)) for entry in entries}
    present = [entry for entry in entries if not rows[entry.name].absent]
    with contextlib.ExitStack() as stack:
        workers = {entry.name: stack.enter_context(Worker(entry)) for entry in present}
        rows |= _validated(workload, workers, tell)
        racing = {name: worker for name, worker in workers.items() if not rows[name].trouble}
        rows |= _timed(workload, racing, rows, repeats, tell)
    return list(rows.values())


def _absent(entry, workload):
    """Why the peer does not take part, or None."""
    if not entry.installed:
        return f"{entry.package} is not installed"
    return None if entry.takes(workload) else "it has nothing of its own to show here"


def _validated(workload, workers, tell):
    """{name: Row} with the first times, or with what is wrong."""
    few = workload._replace(rows=min(FEW_ROWS, workload.rows), epochs=1)
    with contextlib.ExitStack() as stack:
        judge = workers.get(REFERENCE) or stack.enter_context(Worker(peers.find(REFERENCE)))
        tell(f"{workload.name}: the reference, {REFERENCE}")
        expected = _in_order(judge, few), _in_order(judge, workload)
    rows = {}
    for name, worker in workers.items():
        tell(f"{workload.name}: validating {name}")
        try:
            rows[name] = _compared(name, worker, few, workload, expected)
        except PeerError as error:
            rows[name] = Row(name, trouble=str(error))
    return rows


def _in_order(worker, workload):
    worker.load(workload)
    return worker.run(shuffle=False)


def _compared(name, worker, few, workload, expected):
    found = _in_order(worker, few), _in_order(worker, workload)
    apart = tuple(distance(a, b) for a, b in zip(found, expected, strict=True))
    agrees = apart[0] <= FEW_STEPS_AGREE and apart[1] <= WHOLE_AGREES  # NaN does not
    return Row(
        name,
        threads=found[1]["threads"],
        engine=found[1]["engine"],
        first=found[0]["seconds"],
        apart=apart,
        trouble=None if agrees else f"its losses differ from {REFERENCE}'s: {_shares(apart)}",
    )


def _shares(apart):
    few, whole = (f"{100 * share:.3g} %" for share in apart)
    return (
        f"by {few} over {FEW_ROWS:,} rows ({100 * FEW_STEPS_AGREE:g} % allowed),"
        f" by {whole} over all ({100 * WHOLE_AGREES:g} %)"
    )


def distance(found, expected):
    """The relative distance of two runs' losses, as means over their epochs."""
    a, b = (statistics.fmean(each["losses"]) for each in (found, expected))
    return abs(a - b) / abs(b)


def _timed(workload, workers, rows, repeats, tell):
    """{name: Row} with the times of all rounds; the slow are left out of the later ones."""
    rows = {name: rows[name] for name in workers}
    for number in range(repeats):
        for name, worker in workers.items():
            if rows[name].trouble or _is_done(rows[name].times):
                continue
            tell(f"{workload.name}: round {number + 1} of {repeats}, {name}")
            rows[name] = _once_more(rows[name], worker)
    return rows


def _once_more(row, worker):
    try:
        return row._replace(times=(*row.times, worker.run()["seconds"]))
    except PeerError as error:
        return row._replace(times=(), trouble=str(error))


def _is_done(times):
    return len(times) >= SLOW_REPEATS and min(times) > SLOW


def medians(workload, workers, *, repeats):
    """{name: seconds} of running workers, timed in turns after one run that does not count."""
    for worker in workers.values():
        worker.load(workload)
        worker.run()
    times = {name: [] for name in workers}
    for _ in range(repeats):
        for name, worker in workers.items():
            times[name].append(worker.run()["seconds"])
    return {name: statistics.median(each) for name, each in times.items()}
