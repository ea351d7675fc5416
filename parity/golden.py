"""The recording of Keras that the tests replay without TensorFlow, and whether it still holds.

``golden/`` has one safetensors file for each number format. In it, beside the versions and the
processor that made it:

    drawn/<kind>/<name>       what Gate 0 compares bit for bit
    states/<case>/weights     (steps + 1, N) before the first step and after each of the steps
    states/<case>/m, v ...    (steps - 1, N) before each of the steps but the first
    curves/<case>/<variant>   (names, epochs) the whole history, also of Keras's other modes

Left out is what follows from the rest: before the first step the optimizer's state is zero, and
the initial weights of Gate 0 are those before the first step.
"""

import platform
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from nnscratch import config, saving
from parity import cases, gates
from parity.cases import DTYPES, IMAGES, ONE_EPOCH
from parity.keras_reference import VARIANTS, Record, Recorder

FOLDER = Path(__file__).parent / "golden"


@dataclass
class Golden:
    """What Keras did in one number format.

    environment  versions and processor that it ran with
    drawn        {"kind/name": array} of ``keras_reference.exact``
    records      {(case name, variant): Record}; only variant "plain" has states
    """

    dtype: str
    environment: dict
    drawn: dict
    records: dict

    def exact(self, *names):
        """Gate 0, of these draws or of all."""
        chosen = {name: self.drawn[name] for name in names or self.drawn}
        return gates.exact(chosen, self.dtype)

    def forced_steps(self, name, engine="eager"):
        """Gate 1: the recorded steps of that case."""
        case = cases.by_name(name)
        return gates.forced_steps(case, self.records[name, "plain"], cases.load(case), engine)

    def free_run(self, name, engine="eager", *, epochs=None):
        """Gate 2: the training of that case, whole or of at most so many epochs."""
        case = cases.by_name(name)
        case = case if epochs is None else case.shortened(epochs)
        record = _first_epochs(self.records[name, "plain"], epochs)
        data, floors = cases.load(case), self.floors(name, epochs)
        return gates.free_run(case, record, data, engine, floors)[0]

    def floors(self, name, epochs=None):
        """Records of that case by Keras's other variants; none of a small part."""
        others = (self.records.get((name, each)) for each in VARIANTS if each != "plain")
        return [_first_epochs(each, epochs) for each in others if each]


def _first_epochs(record, count):
    history = {name: values[:count] for name, values in record.history.items()}
    return replace(record, history=history)


def write(folder=FOLDER, tell=print, *, only=None):
    """Run Keras, in all its variants and over all epochs, and keep the record in ``folder``.

    only  names of cases to record anew, or for the first time, beside what is there already
    """
    with Recorder(tell) as keras:
        begun = [record(keras, dtype, only=only) for dtype in DTYPES]
        for finish in begun:
            fresh = finish()
            save(_joined(load(fresh.dtype, folder), fresh) if only else fresh, folder)


def _joined(golden, fresh):
    if golden.environment != fresh.environment:
        raise ValueError(
            f"the record was made with {golden.environment}, and here is {fresh.environment};"
            " record all of it anew"
        )
    return replace(golden, records=golden.records | fresh.records)


def live(folder=FOLDER, tell=print, *, only=None, dtypes=DTYPES, whole=False):
    """Run Keras anew beside the record in ``folder``; returns what moved, a line each.

    only   names of cases; None: all, and the draws of Gate 0
    whole  every epoch of m8, m9 and m10, not one, and Keras's other variants too
    """
    limits = {} if whole else {"epochs": ONE_EPOCH, "variants": ("plain",)}
    with Recorder(tell) as keras:
        begun = [record(keras, dtype, only=only, **limits) for dtype in dtypes]
        fresh = [finish() for finish in begun]
        return [line for each in fresh for line in moved(each, load(each.dtype, folder))]


def record(keras, dtype, *, epochs=None, variants=VARIANTS, only=None):
    """Begin to run Keras by a Recorder; returns a function that waits and returns a Golden.

    epochs  {case: at most so many epochs}
    only    names of the cases to run; None: all, and the draws of Gate 0
    """
    chosen = [case for case in (*cases.MODELS, *cases.PARTS) if not only or case.name in only]
    kept = sorted({steps_of(case) for case in chosen})
    jobs = [([c for c in chosen if steps_of(c) == steps], {"steps": steps}) for steps in kept]
    models = [case for case in chosen if case in cases.MODELS]
    jobs += [(models, {"variant": each}) for each in variants if each != "plain" and models]
    jobs[0][1]["exact"] = not only
    begun = [keras.record(each, dtype, epochs=epochs, **options) for each, options in jobs]

    def finish():
        done = [each.result() for each in begun]
        records = {(r.case, r.variant): r for each in done for r in each.records}
        return Golden(dtype, environment(), done[0].drawn, records)

    return finish


def steps_of(case):
    """How many whole steps of a case are kept; one of m10 takes 2 MB."""
    if case in cases.MODELS:
        return 2 if case.name in IMAGES else 50
    return 30


def environment():
    """All that decides Keras's bits: its versions, Python's draws and the processor."""
    simd = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorflow", "keras", "numpy")},
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": f"{_processor()}, {config.available_cores()} cores, {', '.join(simd)}",
    }


def _processor():
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


# ---- The files ----


def save(golden, folder=FOLDER):
    """Write a Golden into its file in ``folder``."""
    arrays = {f"drawn/{name}": array for name, array in golden.drawn.items()}
    names = {}
    for (case, variant), each in golden.records.items():
        names[case] = list(each.history)
        arrays[f"curves/{case}/{variant}"] = np.array(list(each.history.values()))
        for name, rows in each.states.items():
            kept = rows if name == "weights" else rows[1 : each.steps]
            arrays[f"states/{case}/{name}"] = np.asarray(kept)
    for case in cases.MODELS:
        same = arrays.pop(f"drawn/weights/{case.name}")
        if not np.array_equal(same, arrays[f"states/{case.name}/weights"][0]):
            raise ValueError(f"{case.name} did not begin with the weights that Gate 0 drew")
    document = {"environment": golden.environment, "curves": names}
    saving.write(_path(golden.dtype, folder), arrays, document)


@cache
def load(dtype, folder=FOLDER):
    """The Golden of that number format; shared by all callers, so it is not to be changed."""
    arrays, document = saving.read(_path(dtype, folder))
    tree = {}
    for name, array in arrays.items():
        kind, group, item = name.split("/")
        tree.setdefault(kind, {}).setdefault(group, {})[item] = array
    drawn = {
        f"{kind}/{name}": array
        for kind, found in tree["drawn"].items()
        for name, array in found.items()
    }
    for case in cases.MODELS:
        drawn[f"weights/{case.name}"] = tree["states"][case.name]["weights"][0]
    records = {}
    for case, curves in tree["curves"].items():
        for variant, rows in curves.items():
            history = dict(zip(document["curves"][case], rows.tolist(), strict=True))
            states = _with_zeros(tree["states"][case]) if variant == "plain" else {}
            records[case, variant] = Record(case, dtype, variant, cases.SEED, history, states)
    return Golden(dtype, document["environment"], drawn, records)


def _with_zeros(states):
    """The optimizer's state gets back its first row, zeros."""
    return {
        name: rows if name == "weights" else np.concatenate([np.zeros_like(rows[:1]), rows])
        for name, rows in states.items()
    }


def _path(dtype, folder):
    return Path(folder) / f"{dtype}.safetensors"


# ---- Has Keras moved? ----


def moved(fresh, golden):
    """Where a new run of Keras is not what the record says, a line each.

    The draws of Gate 0 have to be equal bit for bit on any machine: they are whole numbers and
    exactly rounded operations. With the record's versions on the record's processor so has all
    the rest: there Keras repeats itself to the last bit, with any number of threads. Elsewhere
    sums are taken in another order, which to the record is what nnscratch is to it: another
    implementation. So Keras is then held to the promise that the case makes for nnscratch, and
    where nothing is promised (behind the horizon of a chaotic training), nothing is compared.
    """
    same = fresh.environment == golden.environment
    lines = _differing("drawn", fresh.drawn, golden.drawn) if fresh.drawn else []
    for (case, variant), new in fresh.records.items():
        label = f"{case}, {variant}"
        if (case, variant) not in golden.records:
            lines.append(f"{label}: not in the record")
            continue
        old = _first_epochs(golden.records[case, variant], len(new.history["loss"]))
        lines += _bits(label, new, old) if same else _beyond_promise(label, new, old)
    return [f"{fresh.dtype}: {line}" for line in lines]


def _bits(label, new, old):
    states = {name: rows[: len(old.states[name])] for name, rows in new.states.items()}
    return _differing(label, states | new.history, old.states | old.history)


def _differing(label, new, old):
    """A line for each array that is not the same, bit for bit."""
    if new.keys() != old.keys():
        return [f"{label}: now {sorted(new)}, in the record {sorted(old)}"]
    lines = []
    for name in new:
        now, then = np.asarray(new[name]), np.asarray(old[name])
        if now.shape != then.shape:
            lines.append(f"{label}: {name} has shape {now.shape}, in the record {then.shape}")
        elif (now != then).any():
            first = tuple(int(i[0]) for i in np.nonzero(now != then))
            lines.append(
                f"{label}: {name}{list(first)} is {now[first]!s}, in the record {then[first]!s}"
                f" ({np.count_nonzero(now != then)} of {now.size} numbers differ)"
            )
    return lines


def _beyond_promise(label, new, old):
    """A line for each curve, and for the weights, that leave what the case promises."""
    promise, epochs = cases.by_name(new.case).promises[new.dtype], len(new.history["loss"])
    horizon = epochs if promise.epochs is None else min(promise.epochs, epochs)
    run = gates.FreeRun(new.case, "Keras", new.dtype, new.history, old.history, {})
    found = {
        name: (
            run.deviations(name)[:horizon].max(initial=0),
            promise.accuracy if name.endswith("accuracy") else promise.loss,
        )
        for name in new.history
    }
    steps = slice(1, 1 + min(promise.steps, new.steps))
    if new.states:
        now, then = new.states["weights"][steps], old.states["weights"][steps]
        apart = np.abs(now - then).max(axis=1) / np.abs(then).max(axis=1)
        found["weights"] = apart.max(initial=0), promise.weights
    return [
        f"{label}: {name} moved by {by:.2g}, promised are {allowed:.2g}"
        for name, (by, allowed) in found.items()
        if allowed is not None and not by <= allowed
    ]
