"""A whole parity run: record Keras in processes of its own, then hold ours beside that."""

import platform
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import numpy as np

import nnscratch as nn
from parity import cases, gates, golden
from parity.cases import DTYPES, ONE_EPOCH
from parity.keras_reference import Recorder
from parity.results import Result

FORCED_STEPS = 400


@dataclass(frozen=True)
class Profile:
    """How much of everything is run.

    epochs      {case: at most so many epochs}; cases not named are run whole
    seeds       how many seeds Gate 3 takes (0: no Gate 3), but for cases that name a number;
                its epochs: seed_epochs
    floors      the variants of Keras that Keras itself is compared with; none: those of the
                recording in golden/
    """

    name: str
    epochs: dict = field(default_factory=dict)
    seeds: int = 20
    seed_epochs: dict = field(default_factory=dict)
    floors: tuple = ("jit", "no-onednn")


QUICK = Profile("quick", ONE_EPOCH, seeds=0, floors=())
# One epoch leaves most nets of m8 where they began, so that there would be little to compare.
FOR_SEEDS = ONE_EPOCH | {"m8": 3}
STANDARD = Profile("standard", {"m8": 3, "m9": 10, "m10": 10}, seed_epochs=FOR_SEEDS)
FULL = Profile("full", seed_epochs=FOR_SEEDS)


@dataclass
class Outcome:
    """All that the report shows."""

    profile: str
    results: list
    runs: list
    environment: dict
    seconds: float

    @property
    def passed(self):
        """Whether something was judged, and nothing failed."""
        judged = [result for result in self.results if not result.skipped]
        return bool(judged) and all(result.passed for result in judged)


def run(profile, *, only=None, dtypes=DTYPES, engines=None, seeds=None, tell=lambda text: None):
    """Everything in the profile; ``tell`` hears what is being done, in words.

    only   names of cases; None: all, and Gate 0
    seeds  how many for Gate 3 in every case; None: as the profile and the cases say
    """
    began = time.perf_counter()
    chosen = [case for case in (*cases.MODELS, *cases.PARTS) if not only or case.name in only]
    engines = engines or tuple(gates.engines())
    results, runs = [], []
    with Recorder(tell) as keras:
        compared = [
            _Comparison(keras, dtype, chosen, profile, engines, seeds, tell) for dtype in dtypes
        ]
        # All of Keras's work is handed out at once, so that no core waits for our side.
        for each in compared:
            each.begin_curves(exact=not only)
        for each in compared:
            each.begin_floors()
            each.begin_seeds()
        for each in compared:
            each.curves(results, runs)
        for each in compared:
            results += each.statistics()
    return Outcome(profile.name, results, runs, environment(), time.perf_counter() - began)


class _Comparison:
    """The gates of one number format: first Keras's side is begun, later ours waits for it."""

    def __init__(self, keras, dtype, chosen, profile, engines, seeds, tell):
        self.keras, self.dtype, self.chosen, self.profile = keras, dtype, chosen, profile
        self.engines, self.tell = engines, tell
        self.models = [case for case in chosen if case in cases.MODELS]
        self.seeds = seeds
        chaotic = [c for c in chosen if c.margins and c.promises[dtype].floor]
        self.chaotic = [case for case in chaotic if self._seeds(case)]

    def _begin(self, chosen, **options):
        """Keras's side for these cases, shortened as the profile says."""
        options = {"epochs": self.profile.epochs} | options
        return self.keras.record(chosen, self.dtype, **options)

    def begin_curves(self, *, exact):
        """Keras's side of Gates 0, if ``exact``, 1 and 2."""
        self.keras_curves = self._begin(self.chosen, steps=FORCED_STEPS, exact=exact)

    def begin_floors(self):
        """Keras's other modes; the parts need none."""
        variants = self.profile.floors if self.models else ()
        self.keras_floors = [self._begin(self.models, variant=each) for each in variants]

    def begin_seeds(self):
        """Keras's side of Gate 3."""
        epochs = self.profile.seed_epochs
        self.keras_seeds = [
            self._begin([case], seeds=range(1, self._seeds(case) + 1), epochs=epochs)
            for case in self.chaotic
        ]

    def _seeds(self, case):
        """How many seeds Gate 3 takes of that case."""
        if self.seeds is not None:
            return self.seeds
        return self.profile.seeds and (case.seeds or self.profile.seeds)

    def curves(self, results, runs):
        """Gates 0, 1 and 2, appended to ``results``; the curves to ``runs``."""
        records, drawn = self.keras_curves.result()
        results += gates.exact(drawn, self.dtype)
        floors = self._floors()
        for case, record in zip(self.chosen, records, strict=True):
            short = case.shortened(self.profile.epochs.get(case.name, case.epochs))
            data, own = cases.load(short), floors.get(case.name, ())
            for engine in self.engines:
                self.tell(f"{self.dtype}, {engine}: {case.name}")
                with _breaking_off(results, case.name, 1, engine, self.dtype):
                    results += gates.forced_steps(short, record, data, engine)
                with _breaking_off(results, case.name, 2, engine, self.dtype):
                    lines, run = gates.free_run(short, record, data, engine, own)
                    results += lines
                    runs += [run] if run else []

    def _floors(self):
        """{case: records of Keras in its other modes}, made now or recorded before."""
        if not self.profile.floors:
            kept = golden.load(self.dtype)
            limits = self.profile.epochs
            return {c.name: kept.floors(c.name, limits.get(c.name)) for c in self.models}
        floors = {}
        for future in self.keras_floors:
            for record in future.result().records:
                floors.setdefault(record.case, []).append(record)
        return floors

    def statistics(self):
        """Gate 3 of the chaotic cases."""
        results = []
        for case, begun in zip(self.chaotic, self.keras_seeds, strict=True):
            short = case.shortened(self.profile.seed_epochs.get(case.name, case.epochs))
            records, data = begun.result().records, cases.load(short)
            for engine in self.engines:
                self.tell(f"{self.dtype}, {engine}: {case.name} from {len(records)} seeds")
                with _breaking_off(results, case.name, 3, engine, self.dtype):
                    results += gates.statistics(short, records, data, engine)
        return results


@contextmanager
def _breaking_off(results, case, gate, engine, dtype):
    """An error of nnscratch's is a failure in the report, not the end of the whole run."""
    try:
        yield
    except Exception as error:
        where = f"{type(error).__name__}: {error}"
        results.append(
            Result(case, gate, "broke off", engine, dtype, np.nan, 0.0, where=where[:1000])
        )


def environment():
    """Versions and machine, for the report."""
    packages = ("numpy", "numba", "tensorflow", "keras")
    return {
        "nnscratch": nn.__version__,
        "python": sys.version.split()[0],
        **{name: _version(name) for name in packages},
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": nn.config.available_cores(),
        "blas": np.show_config(mode="dicts")["Build Dependencies"]["blas"].get("name", "?"),
    }


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
