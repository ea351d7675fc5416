"""What we aim at, beside what was measured: each number of the targets, met or not.

Ratios are peer / ours, the median over pairs of runs; of several variants of a peer the
fastest counts.
"""

import statistics
from typing import NamedTuple

from benchmarks import fresh, peers
from benchmarks.race import Row, ratio

TWO, ONE = f"nnscratch-{peers.THREADS}", "nnscratch-1"
TORCH = ("torch-1", "torch-2")

# (workload, ours): the time in seconds and then ratios, each with the figure to reach first
# and, where there is one, the figure after that.
RACES = {
    ("W1", TWO): {
        "time": (0.105, 0.090),
        "jax": (2.6, 3),
        "torch": (5.5,),
        "keras-spe100": (8,),
        "keras": (16,),
        "sklearn": (10,),
    },
    ("W1", ONE): {
        "time": (0.175, 0.150),
        "jax": (1.6,),
        "torch": (4,),
        "keras-spe100": (5,),
        "keras": (10,),
        "sklearn": (6,),
    },
    ("W2", TWO): {
        "time": (0.013, 0.008),
        "jax": (2.1, 3),
        "torch": (35,),
        "keras-spe100": (200,),
        "keras": (330,),
        "sklearn": (30,),
    },
    ("W3", TWO): {"time": (0.026,), "jax": (3,), "torch": (15,), "keras-spe100": (16,)},
    ("W3-uint8", TWO): {"time": (0.020,)},
    ("W4", TWO): {
        "time": (0.600, 0.540),
        "jax": (1.15,),
        "torch": (2.1,),
        "keras-spe100": (2,),
    },
    ("W5", TWO): {
        "time": (0.006,),
        "jax": (1.9,),
        "torch": (1.9,),
        "keras-spe100": (8,),
        "sklearn": (2,),
    },
    ("W2", "nnscratch-eager"): {"time": (0.5,)},
}
EAGER_OVER_BY_HAND = 3
ROWS_GROWTH = (9.0, 11.0)  # ten times the rows: ten times as long, within 10 %
MEMORY_GROWTH = 1.02  # of 20 epochs over one: what the system's own bookkeeping moves by


class Target(NamedTuple):
    """One number aimed at; ``measured`` is None where it was not measured in this run."""

    what: str
    unit: str
    figures: tuple
    measured: float | None
    at_least: bool = False

    @property
    def verdict(self):
        """Which of the figures are met, in a word or two."""
        if self.measured is None:
            return "not measured"
        met = [self._is_met(figure) for figure in self.figures]
        if not met[0]:
            return "missed"
        return "met, and the second" if len(met) > 1 and met[1] else "met"

    def _is_met(self, figure):
        return self.measured >= figure if self.at_least else self.measured <= figure


def judge(results):
    """[Target] for the results of a run, as ``python -m benchmarks`` writes them."""
    tables = {
        name: {row["peer"]: Row(**row) for row in found["rows"]}
        for name, found in results.get("workloads", {}).items()
    }
    judged = []
    for (workload, ours), figures in RACES.items():
        rows = tables.get(workload, {})
        judged += [_of_race(workload, ours, peer, f, rows) for peer, f in figures.items()]
    judged += [_of_eager(workload, tables.get(workload, {})) for workload in ("W1", "W2")]
    return [*judged, *_of_starting(results), *_of_memory(results), *_of_growth(results)]


def _of_race(workload, ours, peer, figures, rows):
    mine = rows.get(ours)
    if peer == "time":
        milliseconds = tuple(1000 * figure for figure in figures)
        measured = 1000 * mine.median if mine and mine.times else None
        return Target(f"{workload}, {ours}", "ms", milliseconds, measured)
    variants = TORCH if peer == "torch" else (peer,)
    ratios = [ratio(rows[each], mine) for each in variants if mine and each in rows]
    measured = min((each for each in ratios if each is not None), default=None)
    return Target(f"{workload}, {peer} / {ours}", "times", figures, measured, at_least=True)


def _of_eager(workload, rows):
    measured = None
    if "nnscratch-eager" in rows and "numpy" in rows:
        measured = ratio(rows["nnscratch-eager"], rows["numpy"])
    what = f"{workload}, nnscratch-eager / numpy by hand"
    return Target(what, "times", (EAGER_OVER_BY_HAND,), measured)


def _of_starting(results):
    start = {name: statistics.median(all_) for name, all_ in results.get("start", {}).items()}
    ours, theirs = start.get(TWO), start.get("keras")
    cold, importing = results.get("cold", {}), results.get("import", {})
    times_as_long = theirs / ours if ours and theirs else None
    return [
        Target("process start to first fit, warm cache", "s", (0.7,), ours),
        Target("the same, TensorFlow / nnscratch", "times", (6,), times_as_long, at_least=True),
        Target("first compile, W1's kernels", "s", (5,), cold.get(fresh.W1_KERNELS)),
        Target("first compile, the slowest", "s", (12,), max(cold.values(), default=None)),
        Target("import nnscratch", "s", (0.2,), importing.get("seconds")),
        Target("heavy packages it takes in", "", (0,), _count(importing.get("heavy"))),
    ]


def _count(found):
    return None if found is None else len(found)


def _of_memory(results):
    floats, bytes_ = (results.get(f"memory {pixels}", {}) for pixels in ("float32", "uint8"))
    return [
        Target("W1's peak memory", "MB", (380,), floats.get(TWO)),
        Target("W1's peak memory, from uint8", "MB", (260,), bytes_.get(TWO)),
    ]


def _of_growth(results):
    growth = results.get("growth", {})
    rows, epochs = (_line(growth.get(curve)) for curve in ("rows", "epochs"))
    slower = rows[600_000] / rows[60_000] if {60_000, 600_000} <= rows.keys() else None
    more = max(epochs.values()) / epochs[1] if epochs else None
    low, high = ROWS_GROWTH
    return [
        Target("600,000 rows / 60,000 rows, time", "times", (high,), slower),
        Target("the same, not below", "times", (low,), slower, at_least=True),
        Target("20 epochs / 1 epoch, memory", "times", (MEMORY_GROWTH,), more),
    ]


def _line(curve):
    """{value: measured} of our default engine on a curve."""
    return dict(zip(curve["values"], curve["lines"][TWO], strict=True)) if curve else {}
