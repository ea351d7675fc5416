"""The gates: nnscratch beside a record of Keras, and what counts as the same.

    Gate 0  exact: random draws and optimizer updates, bit for bit
    Gate 1  teacher-forced: every single step from Keras's own weights and optimizer state
    Gate 2  free-running: whole trainings from the seed alone, step by step and epoch by epoch
    Gate 3  statistical: many seeds, where a training is chaotic and only its statistics last
            (``seeds.py``)

A gate returns ``Result`` rows. One that an engine does not take has one row, which says why.
Nothing here imports Keras.
"""

from dataclasses import replace

import numpy as np

import nnscratch as nn
from parity import cases
from parity.engines import Steps, engines, model_of, not_compared, refusal
from parity.results import FreeRun, Result
from parity.seeds import statistics

__all__ = [
    "engines",
    "exact",
    "forced_lines",
    "forced_steps",
    "free_run",
    "statistics",
    "weights_apart",
]

FORCED = {"float64": 1e-13, "float32": 5e-6}
FORCED_99_PERCENT = {"float64": 1e-13, "float32": 2e-7}
FEWEST_STEPS = 5  # of which it can be said what 99 % of them do
FLOOR_FACTOR = 10


def exact(drawn, dtype):
    """Gate 0: the draws and updates of ``keras_reference.exact``, bit for bit.

    drawn  {name: array} of Keras's; the deviation is the number of values that differ
    """
    results = []
    for name, theirs in sorted(drawn.items()):
        kind, _, rest = name.partition("/")
        ours = _OURS[kind](rest, dtype)
        differing = np.flatnonzero(ours != theirs)
        where = ""
        if differing.size:
            i = int(differing[0])
            where = f"first at [{i}]: {ours.flat[i]!s} here, {theirs.flat[i]!s} in Keras"
        results.append(
            Result(
                rest,
                0,
                _EXACT[kind],
                "both",
                dtype,
                float(differing.size),
                0.0,
                where=where,
                why="equality of bits",
            )
        )
    return results


def _our_weights(name, dtype):
    case = cases.by_name(name)
    model = cases.build(case, nn, dtype=dtype, run_eagerly=True)
    model.build((None, *cases.INPUT_SHAPES[case.data]))
    return model.parameters


def _our_order(rows, dtype):
    return nn.random.keras_order(int(rows), cases.SEED)


def _our_dropout(calls, dtype):
    nn.utils.set_random_seed(cases.SEED)
    layer = nn.layers.Dropout(cases.DROPOUT_RATE)
    layer.ensure_built((None, cases.DROPOUT_SHAPE[1]), dtype)
    ones = np.ones(cases.DROPOUT_SHAPE, dtype)
    # The last rows are left out of some calls: a partial batch draws a mask of its own shape.
    return np.concatenate(
        [layer(ones[k % 3 :], training=True).ravel() for k in range(int(calls))]
    )


def _our_updates(name, dtype):
    kind, options = cases.OPTIMIZERS[name]
    optimizer = getattr(nn.optimizers, kind)(**options)
    p = cases.start_of_updates(dtype)
    for step in range(cases.UPDATES):
        optimizer.apply(p, cases.gradient(step, dtype))
    return p


_OURS = {
    "weights": _our_weights,
    "order": _our_order,
    "dropout": _our_dropout,
    "optimizer": _our_updates,
}
_EXACT = {
    "weights": "initial weights",
    "order": "row order",
    "dropout": "dropout masks",
    "optimizer": f"parameters after {cases.UPDATES:,} updates",
}


def forced_steps(case, record, data, engine):
    """Gate 1: take each recorded step from Keras's state before it; compare weights after."""
    model = model_of(case, record, engine)
    if reason := refusal(model, engine):
        return [not_compared(1, case.name, engine, record.dtype, reason)]

    def keras_state(step):
        model.parameters[...] = record.states["weights"][step]
        model.optimizer.iterations = step
        model.optimizer.state = {
            name: np.array(rows[step])
            for name, rows in record.states.items()
            if name != "weights"
        }

    found = _compared(Steps(case, model, data), record, record.steps, before=keras_state)
    return forced_lines(
        found,
        case.name,
        engine,
        record.dtype,
        why="2,500 steps of eleven models were measured: at most 2e-14 and 2e-6",
        allowed=case.forced.get(record.dtype),
    )


def forced_lines(found, case, engine, dtype, *, why, allowed=None):
    """The lines of Gate 1 for what ``weights_apart`` found after each step.

    A training's first steps say nothing of 99 % of its steps. Least of all with Adam, where
    they are as long for a gradient that is almost zero, and all rounding, as for any other.
    """
    # Of few steps, 99 % are all but one: the promise was measured on 400 and more.
    most = float(np.quantile([apart for apart, _ in found], 0.99, method="lower"))
    made = {"case": case, "gate": 1, "engine": engine, "dtype": dtype, "why": why}
    every = _of_steps(f"{len(found)} single steps", found, allowed or FORCED[dtype], made)
    if len(found) < FEWEST_STEPS:
        return [every]
    rest = _of_steps("99 % of them", found, allowed or FORCED_99_PERCENT[dtype], made)
    return [every, replace(rest, deviation=most)]


def _of_steps(what, found, tolerance, made):
    """The line of single steps: the first that is too far off, or that which is furthest."""
    apart = np.array([each for each, _ in found])
    bad = np.flatnonzero(~(apart <= tolerance))
    step = int(bad[0]) if bad.size else int(np.argmax(apart))
    return Result(
        what=what,
        deviation=float(apart.max()),  # NaN, if there is one
        tolerance=tolerance,
        where=f"{'first' if bad.size else 'worst'} at step {step + 1}, {found[step][1]}",
        **made,
    )


def _compared(steps, record, count, before=lambda step: None):
    """What ``weights_apart`` finds after each of ``count`` steps."""
    found = []
    with steps.quietly():
        for step in range(count):
            before(step)
            steps.take(step)
            found.append(weights_apart(steps.model, record.states["weights"][step + 1]))
    return found


def weights_apart(model, theirs):
    """(largest |dW| relative to max|W|, and the layer, tensor and values where that is)."""
    ours = model.parameters
    scale = np.abs(theirs[np.isfinite(theirs)]).max(initial=0) or 1.0
    apart = np.abs(ours - theirs) / scale
    worst = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
    values = f"{ours[worst]:.9g} here, {theirs[worst]:.9g} in Keras"
    return float(apart[worst]), f"{_name(model, worst)}: {values}"


def _name(model, place):
    """layer.parameter[index] of the number at that place of the flat vector."""
    for layer in model.layers:
        for name, array in layer.params.items():
            if place < array.size:
                index = ", ".join(str(int(i)) for i in np.unravel_index(place, array.shape))
                return f"{layer.name}.{name}[{index}]"
            place -= array.size
    raise IndexError(place)


def free_run(case, record, data, engine, floors=()):
    """Gate 2: train from the seed alone; returns (Results, FreeRun or None if not compared).

    floors  Records of the same training by other variants of Keras
    """
    promise = case.promises[record.dtype]
    made = {"case": case.name, "gate": 2, "engine": engine, "dtype": record.dtype}
    model = model_of(case, record, engine)
    if reason := refusal(model, engine):
        return [not_compared(**made, reason=reason)], None
    made["why"] = promise.source
    results = _first_steps(case, record, data, engine, promise, made)
    ours = cases.fit(case, model, nn, data, **_order(case))
    histories = {floor.variant: floor.history for floor in floors}
    run = FreeRun(case.name, engine, record.dtype, ours, record.history, histories)
    return results + _curves(case, run, promise, made) + _endings(run, promise, made), run


def _order(case):
    return {} if "shuffle" in case.fit_options else {"shuffle": "keras"}


def _first_steps(case, record, data, engine, promise, made):
    """The line of the weights, step by step, or none where nothing is promised of them."""
    count = min(promise.steps, record.steps)
    if not count:
        return []
    steps = Steps(case, model_of(case, record, engine), data)
    found = _compared(steps, record, count)
    return [_of_steps(f"weights of the first {count} steps", found, promise.weights, made)]


def _curves(case, run, promise, made):
    """The lines of one free run: its keys, each curve to the horizon, and what lies beyond."""
    if list(run.ours) != list(run.theirs):
        what = f"the names {list(run.ours)}, in Keras {list(run.theirs)}"
        return [Result(what=what, deviation=np.inf, tolerance=0, **made)]
    horizon = case.epochs if promise.epochs is None else min(promise.epochs, case.epochs)
    results = []
    for name in (each for each in run.ours if each != "learning_rate"):
        allowed = _promised(promise, name)
        if horizon and allowed is not None:
            what = f"{name}, epochs 1 to {horizon}"
            results.append(_line(what, run, name, horizon, allowed, made))
        goes_on = promise.loose or horizon < case.epochs
        if promise.floor and goes_on and run.floors:
            results.append(_floor_line(run, name, case, promise, made))
    return results


def _promised(promise, name):
    """How far that curve may be off up to the horizon; None: only the floor rule says."""
    if promise.loose and name.startswith("val_"):
        return None
    return promise.accuracy if name.endswith("accuracy") else promise.loss


def _floor_line(run, name, case, promise, made):
    """The floor rule for one whole curve; never narrower than what is promised before."""
    is_accuracy = name.endswith("accuracy")
    near = None if promise.loose else _promised(promise, name)
    allowed = max(near or 0.0, FLOOR_FACTOR * float(run.floor(name).max()))
    line = _line(f"{name}, whole run", run, name, case.epochs, allowed, made)
    if is_accuracy and allowed >= 1:
        after = "; Gate 3 compares accuracies over seeds" if "accuracy" in case.margins else ""
        line.skipped = f"Keras departs so far from itself that no accuracy could fail{after}"
    return line


def _endings(run, promise, made):
    """The lines of what is promised of a whole training rather than of each epoch.

    Here too ten times the floor is allowed, where that is more: one rounding in the initial
    weights moves m6's mean late loss by a third in float32.
    """
    results = []
    for name, promised in promise.endings.items():
        ours, theirs, *others = (
            cases.ENDINGS[name](each) for each in (run.ours, run.theirs, *run.floors.values())
        )
        floor = max((abs(other / theirs - 1) for other in others), default=None)
        results.append(
            Result(
                what=name,
                deviation=abs(ours / theirs - 1),
                tolerance=max(promised, FLOOR_FACTOR * (floor or 0.0)),
                floor=floor,
                where=f"{ours:.9g} here, {theirs:.9g} in Keras",
                **made,
            )
        )
    return results


def _line(what, run, name, epochs, tolerance, made):
    """The first ``epochs`` epochs of one curve as a Result."""
    apart, floor = run.deviations(name)[:epochs], run.floor(name)
    bad = np.flatnonzero(~(apart <= tolerance))
    epoch = int(bad[0]) if bad.size else int(np.argmax(apart))
    where = (
        f"{'first' if bad.size else 'worst'} at epoch {epoch + 1}:"
        f" {run.ours[name][epoch]:.9g} here, {run.theirs[name][epoch]:.9g} in Keras"
    )
    return Result(
        what=what,
        deviation=float(apart.max()) if not np.isnan(apart).any() else np.nan,
        tolerance=tolerance,
        floor=None if floor is None else float(floor[:epochs].max()),
        where=where,
        **made,
    )
