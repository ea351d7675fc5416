"""The engines that the gates drive, and a whole run beside the recorded Keras."""

from concurrent.futures import Future
from dataclasses import replace

import pytest
from test_parity import failed

import nnscratch as nn
from parity import cases, gates, golden, run
from parity.engines import engines
from parity.keras_reference import Recording

pytestmark = pytest.mark.filterwarnings("ignore::nnscratch.TrainingWarning")


# ---- The engines ----


@pytest.fixture
def compiled(monkeypatch):
    """A compiled engine to be found: the eager one under another name, without Dropout.

    Returns the rows of each batch that it has trained on.
    """
    batches = []

    class Compiled:
        evaluate = staticmethod(nn.engines.eager.evaluate)

        @staticmethod
        def train_epoch(model, x, y, order, *, batch_size, **options):
            parts = range(0, len(order), batch_size)
            batches.extend(order[start : start + batch_size] for start in parts)
            nn.engines.eager.train_epoch(model, x, y, order, batch_size=batch_size, **options)

    def choose(model):
        if model.run_eagerly:
            return nn.engines.eager, "eager: run_eagerly=True"
        if any(isinstance(layer, nn.layers.Dropout) for layer in model.layers):
            return nn.engines.eager, "eager: a layer drops numbers"
        return Compiled, "fused"

    monkeypatch.setattr(nn.engines, "choose", choose)
    engines.cache_clear()
    yield batches
    engines.cache_clear()


def test_a_compiled_engine_is_found_when_it_is_what_a_model_uses(compiled):
    assert gates.engines() == {"eager": {"run_eagerly": True}, "fused": {}}


def test_without_a_compiled_engine_only_the_eager_one_is_there(monkeypatch):
    told = nn.engines.eager, "eager: this version has no compiled engine"
    monkeypatch.setattr(nn.engines, "choose", lambda model: told)
    engines.cache_clear()
    assert gates.engines() == {"eager": {"run_eagerly": True}}
    engines.cache_clear()


def test_both_gates_train_by_the_engine_that_they_name(compiled):
    kept = golden.load("float64")
    assert failed(kept.forced_steps("partial batch", "eager")) == [] == compiled
    assert failed(kept.forced_steps("partial batch", "fused")) == []
    steps = golden.steps_of(cases.by_name("partial batch"))
    order = nn.random.keras_order(800, cases.SEED)
    assert [rows.tolist() for rows in compiled] == order[: 7 * steps].reshape(-1, 7).tolist()
    compiled.clear()
    assert failed(kept.free_run("partial batch", "fused")) == []
    # The first steps one by one; and the three epochs of fit, whose last batches have 2 rows.
    assert [len(rows) for rows in compiled] == [7] * steps + 3 * ([7] * 114 + [2])


def test_what_the_engine_does_not_take_is_skipped_in_its_own_words(compiled):
    kept, case = golden.load("float64"), cases.by_name("dropout")
    record = kept.records["dropout", "plain"]
    margin = replace(case, margins={"loss": 0.1})
    lines = [
        *kept.forced_steps("dropout", "fused"),
        *kept.free_run("dropout", "fused"),
        *gates.statistics(margin, [record, record], cases.load(case), "fused"),
    ]
    assert [line.gate for line in lines] == [1, 2, 3]
    assert {line.skipped for line in lines} == {"a layer drops numbers"}
    assert not any(line.passed or line.failed for line in lines)
    assert compiled == []
    assert failed(kept.free_run("dropout", "eager")) == []


# ---- A whole run ----


@pytest.fixture
def keras_recorded(monkeypatch):
    """Keras's side of a run comes from the recording; returns what it was asked for."""
    asked = []

    class Recorded:
        def __init__(self, tell):
            tell("float64, Keras trains m6")

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def record(
            self, chosen, dtype, *, variant="plain", seeds=(42,), exact=False, **options
        ):
            asked.append((dtype, variant, len(seeds), [case.name for case in chosen]))
            kept, done = golden.load(dtype), Future()
            records = [kept.records[case.name, variant] for case in chosen for _ in seeds]
            done.set_result(Recording(records, kept.drawn if exact else {}))
            return done

    monkeypatch.setattr(run, "Recorder", Recorded)
    return asked


def test_a_run_holds_every_gate_in_both_formats_by_each_engine(keras_recorded):
    told = []
    options = {"only": ["m6", "hidden relu"], "engines": ["eager"], "seeds": 2}
    outcome = run.run(run.STANDARD, tell=told.append, **options)
    assert outcome.passed
    found = {(line.case, line.gate, line.dtype) for line in outcome.results}
    both = {("m6", gate) for gate in (1, 2, 3)} | {("hidden relu", gate) for gate in (1, 2)}
    assert found == {(*each, dtype) for each in both for dtype in cases.DTYPES}
    assert {(each.case, each.dtype, len(each.floors)) for each in outcome.runs} == {
        (case, dtype, floors)
        for case, floors in (("m6", 2), ("hidden relu", 0))
        for dtype in cases.DTYPES
    }
    assert keras_recorded[:2] == [(d, "plain", 1, ["m6", "hidden relu"]) for d in cases.DTYPES]
    assert ("float64", "plain", 2, ["m6"]) in keras_recorded
    assert "float32, eager: m6 from 2 seeds" in told


@pytest.mark.parametrize(("given", "found"), [(None, [100, 20]), (7, [7, 7]), (0, [])])
def test_a_share_takes_more_seeds_than_a_mean_unless_a_number_is_given(
    keras_recorded, monkeypatch, given, found
):
    seen = []

    def statistics(case, records, data, engine):
        seen.append(len(records))
        return []

    monkeypatch.setattr(gates, "statistics", statistics)
    options = {"dtypes": ["float32"], "engines": ["eager"], "seeds": given}
    run.run(run.STANDARD, only=["m1", "m6"], **options)
    assert seen == found


def test_a_quick_run_takes_the_floor_from_the_recording(keras_recorded):
    outcome = run.run(run.QUICK, only=["m6"], dtypes=["float64"], engines=["eager"])
    assert keras_recorded == [("float64", "plain", 1, ["m6"])]
    (line,) = [line for line in outcome.results if line.what == "loss, whole run"]
    assert line.tolerance == 10 * line.floor > 0
    assert outcome.passed


def test_an_engine_that_breaks_off_is_a_failure_in_the_report(keras_recorded, monkeypatch):
    def train_epoch(*args, **options):
        raise ZeroDivisionError("in a kernel")

    monkeypatch.setattr(nn.engines.eager, "train_epoch", train_epoch)
    outcome = run.run(run.QUICK, only=["m7"], dtypes=["float64"], engines=["eager"])
    assert [(line.gate, line.what) for line in failed(outcome.results)] == [
        (1, "broke off"),
        (2, "broke off"),
    ]
    assert outcome.results[0].where == "ZeroDivisionError: in a kernel"
    assert not outcome.passed
