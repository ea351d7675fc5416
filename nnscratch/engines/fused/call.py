"""The calls of the kernels: from a model and its data to arrays, and back."""

import math
import weakref
from typing import Any

import numpy as np

from nnscratch.engines import plan as planning
from nnscratch.engines.fused import compiling, memory, narrow, threads, using, wide
from nnscratch.engines.plan import DROPOUT, LINEAR

# What was worked out for a compiled model, by its BatchLoss, which is made anew with the plan.
_prepared: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


class Prepared:
    """The plan of a compiled model, its operations as arrays, and its working space."""

    def __init__(self, model):
        self.plan = planning.of(model)
        self.packed, self.size = memory.table(self.plan, packed=True)
        self.plain, _ = memory.table(self.plan, packed=False)
        self.masked = [each.layer for each in self.plan.operations if each.kind == DROPOUT]
        self.units = max(each.units for each in self.plan.operations)
        self._space: Any = None, None

    def space(self, *key, make):
        """Working space, made when the key changes and kept: an epoch may be many calls."""
        if self._space[0] != key:
            self._space = key, make()
        return self._space[1]


def _prepare(model):
    if model.batch_loss not in _prepared:
        _prepared[model.batch_loss] = Prepared(model)
    return _prepared[model.batch_loss]


# ---- training --------------------------------------------------------------------------------


def train(model, x, y, order, batch_size, sample_weight, sums):
    """What ``fused.train_epoch`` describes."""
    prepared, optimizer, dtype = _prepare(model), model.optimizer, model.dtype
    counted, others, totals = _metrics(model, sums)
    rates, refusal = _rates(optimizer, math.ceil(len(order) / batch_size), dtype.type)
    if refusal:
        order = order[: len(rates) * batch_size]
    steps = math.ceil(len(order) / batch_size)
    guesses = np.empty((len(order) if others else 0, model.output_shape[-1]), dtype)
    arguments = (
        memory.rows(model, prepared.plan.rescaling, x, y, order, sample_weight),
        planning.goal(model, counted),
        planning.rule(optimizer),
        rates,
    )
    with compiling.announced():
        run = _train_narrow if prepared.plan.narrow else _train_wide
        run(model, prepared, arguments, batch_size, totals, guesses)
    optimizer.iterations += steps
    for layer in prepared.masked:
        layer.calls += steps if layer.rate else 0
    _collect(sums, counted, totals, len(order))
    _update_others(others, y, order, guesses, batch_size)
    if refusal:
        raise refusal


def _rates(optimizer, steps, cast):
    """The learning rate of each of the next steps; one for all, if there is no schedule.

    A schedule may have no rate for some step: then those before it, and the error to raise
    once they have been made.
    """
    first, rates = optimizer.iterations + 1, []
    try:
        for step in range(steps if optimizer.schedule else 1):
            rates.append(optimizer.rate(first + step, cast))
    except Exception as refusal:
        return np.array(rates, cast), refusal
    return np.array(rates, cast), None


def _train_narrow(model, prepared, arguments, batch_size, totals, guesses):
    rows, goal, rule, rates = arguments
    work = prepared.space(
        batch_size,
        make=lambda: memory.narrow(
            prepared.plan, prepared.plain, batch_size, model.parameters.size, model.dtype
        ),
    )
    narrow.train(
        prepared.plain,
        rows,
        goal,
        rule,
        rates,
        model.parameters,
        memory.vectors(model, rule),
        work,
        batch_size,
        model.optimizer.iterations,
        totals,
        guesses,
    )


def _train_wide(model, prepared, arguments, batch_size, totals, guesses):
    rows, goal, rule, rates = arguments
    ops, t = prepared.packed, model.optimizer.iterations
    memory.refresh(ops, prepared.plan)
    examples = min(batch_size, rows.order.size)
    count = threads.worth(
        3 * examples * model.parameters.size,
        examples * int(ops[0]["inputs"]),
        most=math.ceil(prepared.units / 4),
    )
    vectors = model.parameters, *memory.vectors(model, rule)
    work, masks, packed = prepared.space(
        batch_size,
        count,
        make=lambda: (
            memory.wide(prepared.plan, ops, batch_size, count, model.dtype),
            memory.masks(prepared.plan, ops, batch_size, model.dtype),
            memory.room(prepared.size, vectors),
        ),
    )
    for theirs, ours in zip(packed, vectors, strict=True):
        memory.pack(ops, theirs, ours)

    def train(thread, threads, first_step, last_step):
        wide.train(
            thread,
            threads,
            first_step,
            last_step,
            ops,
            rows,
            goal,
            rule,
            rates,
            packed[0],
            packed[1:],
            work,
            masks,
            batch_size,
            t,
            totals,
            guesses,
        )

    # Compiled now, by no step: an error must not leave other threads waiting at a meeting.
    train(0, 1, 0, 0)
    steps = math.ceil(rows.order.size / batch_size)
    threads.run_steps(train, steps, count, work.arrivals)
    for theirs, ours in zip(packed, vectors, strict=True):
        memory.unpack(ops, theirs, ours)


def _metrics(model, sums):
    """(the metric that a kernel counts or None, the others, room for the kernel's two sums)"""
    counted = planning.counted_metric(model, sums)
    others = [metric for metric in sums.metrics if metric is not counted]
    totals = np.array([sums.loss.total, counted.total if counted else 0], model.dtype)
    return counted, others, totals


def _collect(sums, counted, totals, rows):
    for metric, total in zip((sums.loss, counted), totals, strict=True):
        if metric is not None:
            metric.total = total
            metric.count += metric.dtype.type(rows)


def _update_others(others, y, order, guesses, batch_size):
    for start in range(0, len(order) if others else 0, batch_size):
        part = slice(start, start + batch_size)
        for metric in others:
            metric.update_state(y[order[part]], guesses[part])


# ---- using -----------------------------------------------------------------------------------


def evaluate(model, x, y, batch_size, sample_weight, sums):
    """Add loss and metrics of these rows to ``sums``."""
    counted, others, totals = _metrics(model, sums)
    rows = _rows(model, x, y, sample_weight)
    with compiling.announced():
        results = _run(model, rows, LINEAR)
        guesses, goal = np.empty_like(results), planning.goal(model, counted)
        size = min(batch_size, len(x))
        d, values, hits = np.empty_like(results[:size]), *np.zeros((2, size), model.dtype)
        using.score(goal, rows, results, size, d, values, hits, guesses, totals)
    _collect(sums, counted, totals, len(x))
    _update_others(others, y, rows.order, guesses, batch_size)


def predict(model, x):
    """The predictions for all rows of x."""
    rows = _rows(model, x)
    with compiling.announced():
        return _run(model, rows, _prepare(model).plan.last)


def _rows(model, x, y=None, sample_weight=None):
    rescaling = _prepare(model).plan.rescaling
    return memory.rows(model, rescaling, x, y, np.arange(len(x)), sample_weight)


def _run(model, rows, last_activation):
    prepared = _prepare(model)
    ops = prepared.packed.copy()  # several threads may predict at once
    memory.refresh(ops, prepared.plan)
    n = rows.order.size
    fetched = n * int(ops[0]["inputs"])
    count = threads.worth(n * model.parameters.size, fetched, most=math.ceil(n / using.ROWS))
    (packed,) = memory.room(prepared.size, [model.parameters])
    memory.pack(ops, packed, model.parameters)
    work = memory.using(prepared.plan, ops, using.ROWS, count, model.dtype)
    results = np.empty((n, prepared.plan.operations[-1].units), model.dtype)

    def run(thread, threads):
        using.run(thread, threads, ops, rows, packed, work, last_activation, results)

    threads.run(run, count)
    return results
