"""How the time grows with rows, width, batch and threads, and the memory with epochs."""

import contextlib
from functools import partial
from typing import NamedTuple

from benchmarks import fresh, peers, race
from benchmarks.worker import PeerError, Worker
from benchmarks.workloads import W1, W4

EPOCHS = (1, 2, 5, 10, 20)
SHORT = W1._replace(rows=6000)
WIDE = W4._replace(rows=6000)
BYTES_PER_FEATURE = 4
COPIES = 2  # of the data that a peer may hold: its own and the one it was handed


class Curve(NamedTuple):
    """What grows, how far, and the workload that each value stands for.

    label   the words on the axis
    values  the sizes, ascending
    make    value -> Workload
    peers   the names of whom to time
    """

    label: str
    values: tuple
    make: object
    peers: tuple


DEFAULT = peers.ours(peers.THREADS).name
ONE_THREAD = peers.ours(1).name
CURVES = {
    "rows": Curve(
        "rows in an epoch of W1",
        (6_000, 20_000, 60_000, 200_000, 600_000),
        lambda value: W1._replace(rows=value),
        (DEFAULT, ONE_THREAD, "jax"),
    ),
    "width": Curve(
        "units in both hidden layers (6,000 rows, batch 128)",
        (32, 64, 128, 256, 512, 1024, 2048),
        lambda value: WIDE._replace(units=(value, value, 10)),
        (DEFAULT, ONE_THREAD, "jax", f"torch-{peers.THREADS}"),
    ),
    "batch": Curve(
        "rows in a batch (W1's network, 6,000 rows)",
        (1, 4, 16, 64, 256, 1024, 4096),
        lambda value: SHORT._replace(batch_size=value),
        (DEFAULT, ONE_THREAD, "jax", f"torch-{peers.THREADS}"),
    ),
}


def run(allowed, *, repeats, tell):
    """Yield ("growth", {curve: ...}), or ("troubles", words), for the peers allowed.

    A curve is {label, values, lines: {peer: seconds for each value}, left_out}.
    """
    makers = {name: partial(_curve, name, allowed, repeats, tell) for name in CURVES}
    if DEFAULT in allowed:
        makers["threads"] = partial(_threads, repeats, tell)
        makers["epochs"] = partial(_epochs, tell)
    for name, make in makers.items():
        try:
            yield "growth", {name: make()}
        except PeerError as error:
            yield "troubles", f"growth with {name}: {error}"


def _curve(name, allowed, repeats, tell):
    curve = CURVES[name]
    entries = [peers.find(peer) for peer in dict.fromkeys(curve.peers) if peer in allowed]
    lines = {entry.name: [] for entry in entries}
    values, left_out = [], []
    with _workers(entries) as workers:
        for value in curve.values:
            workload = curve.make(value)
            if not _fits_in_memory(workload, len(entries)):
                left_out.append(value)
                continue
            tell(f"growth: {name} {value:,}")
            values.append(value)
            for peer, seconds in race.medians(workload, workers, repeats=repeats).items():
                lines[peer].append(seconds)
    return {"label": curve.label, "values": values, "lines": lines, "left_out": left_out}


@contextlib.contextmanager
def _workers(entries):
    with contextlib.ExitStack() as stack:
        yield {entry.name: stack.enter_context(Worker(entry)) for entry in entries}


def _fits_in_memory(workload, count):
    import psutil

    needed = workload.rows * workload.inputs * BYTES_PER_FEATURE * COPIES * count
    return needed < psutil.virtual_memory().available


def _threads(repeats, tell):
    """W1 and W4 on 1 to all cores."""
    counts = range(1, peers.CORES + 1)
    lines = {}
    with _workers([peers.ours(count) for count in counts]) as workers:
        for workload in (W1, W4._replace(rows=12_000)):
            tell(f"growth: threads, {workload.name}")
            line = f"{workload.name}, {workload.rows:,} rows"
            lines[line] = list(race.medians(workload, workers, repeats=repeats).values())
    return {"label": "threads", "values": list(counts), "lines": lines, "left_out": []}


def _epochs(tell):
    """MB that W1 takes at its peak, by the number of epochs."""
    tell("growth: memory by epochs")
    peaks = [fresh.peak_memory(DEFAULT, W1._replace(epochs=epochs)) for epochs in EPOCHS]
    return {
        "label": "epochs of W1",
        "values": list(EPOCHS),
        "lines": {DEFAULT: peaks},
        "left_out": [],
        "unit": "MB at the peak",
    }
