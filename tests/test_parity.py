"""The gates beside the recorded Keras, without TensorFlow; and the record."""

from dataclasses import replace

import numpy as np
import pytest

from parity import cases, gates, golden
from parity.keras_reference import VARIANTS, Record, Recorder

pytestmark = pytest.mark.filterwarnings("ignore::nnscratch.TrainingWarning")

ENGINES = list(gates.engines())
NARROW = [c.name for c in (*cases.MODELS, *cases.PARTS) if c.name not in golden.IMAGES]


def failed(results):
    """The lines that failed; a gate without lines has held nothing."""
    assert results
    if results[0].what == "not compared":
        pytest.skip(f"{results[0].engine}: {results[0].skipped}")
    return [line for line in results if line.failed]


# ---- The replay ----


@pytest.mark.parametrize("dtype", golden.DTYPES)
def test_every_draw_and_every_update_is_keras_s_to_the_last_bit(dtype):
    assert failed(golden.load(dtype).exact()) == []


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", golden.DTYPES)
@pytest.mark.parametrize("name", NARROW)
def test_each_single_step_leads_where_keras_s_leads(name, dtype, engine):
    assert failed(golden.load(dtype).forced_steps(name, engine)) == []


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", golden.DTYPES)
@pytest.mark.parametrize("name", NARROW)
def test_a_whole_training_walks_keras_s_curve(name, dtype, engine):
    assert failed(golden.load(dtype).free_run(name, engine)) == []


@pytest.mark.full_data
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", golden.DTYPES)
@pytest.mark.parametrize("name", golden.IMAGES)
def test_the_first_steps_on_all_images_lead_where_keras_s_lead(name, dtype, engine, full_data):
    assert failed(golden.load(dtype).forced_steps(name, engine)) == []


@pytest.mark.full_data
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", golden.DTYPES)
@pytest.mark.parametrize("name", ["m9", "m10"])  # m8 is chaotic from its first epoch on
def test_the_first_epoch_on_all_images_is_keras_s(name, dtype, engine, full_data):
    assert failed(golden.load(dtype).free_run(name, engine, epochs=1)) == []


# ---- The record ----


def test_the_record_is_small_and_names_what_made_it():
    assert sum(file.stat().st_size for file in golden.FOLDER.iterdir()) <= 15_000_000
    for dtype in golden.DTYPES:
        made_by = golden.load(dtype).environment
        assert {"tensorflow", "keras", "python", "processor"} <= set(made_by)


@pytest.mark.parametrize("dtype", golden.DTYPES)
def test_the_record_has_every_case_whole_and_keras_s_other_modes(dtype):
    records = golden.load(dtype).records
    assert {name for name, _ in records} == {*NARROW, *golden.IMAGES}
    for case in cases.MODELS:
        assert records[case.name, "plain"].steps == (2 if case.name in golden.IMAGES else 50)
        for variant in VARIANTS:
            curves = records[case.name, variant].history
            assert {len(values) for values in curves.values()} == {case.epochs}


@pytest.fixture
def small(monkeypatch):
    """A Golden of one case that is quick to write, with two steps of made-up numbers."""
    monkeypatch.setattr(cases, "MODELS", [cases.by_name("m7")])
    rng = np.random.default_rng(3)
    weights, m = rng.standard_normal((3, 5)), rng.standard_normal((3, 5))
    m[0] = 0
    curves = {"loss": [0.5, 1 / 3], "val_loss": [0.25, 0.125]}
    record = Record("m7", "float64", "plain", 42, curves, {"weights": weights, "m": m})
    drawn = {"order/3": np.array([2, 0, 1]), "weights/m7": weights[0]}
    return golden.Golden("float64", {"keras": "3"}, drawn, {("m7", "plain"): record})


def test_what_is_saved_is_loaded_to_the_last_bit(small, tmp_path):
    golden.save(small, tmp_path)
    back = golden.load("float64", tmp_path)
    assert back.environment == {"keras": "3"}
    np.testing.assert_equal(back.drawn, small.drawn)
    old, new = small.records["m7", "plain"], back.records["m7", "plain"]
    assert list(new.history) == ["loss", "val_loss"]
    assert new.history == old.history
    assert new.steps == 2
    np.testing.assert_equal(new.states["weights"], old.states["weights"])
    np.testing.assert_equal(new.states["m"], old.states["m"][:2])
    assert golden.moved(small, back) == []


def test_a_record_that_was_loaded_can_be_saved_again(small, tmp_path):
    golden.save(small, tmp_path / "first")
    once = golden.load("float64", tmp_path / "first")
    golden.save(once, tmp_path / "second")
    twice = golden.load("float64", tmp_path / "second")
    assert golden.moved(small, twice) == golden.moved(once, twice) == []


def test_a_record_whose_draws_and_states_disagree_is_not_saved(small, tmp_path):
    small.drawn["weights/m7"] = small.drawn["weights/m7"] + 1e-9
    with pytest.raises(ValueError, match="m7 did not begin with the weights"):
        golden.save(small, tmp_path)


def changed(original, *, environment="3", loss=0.0, weight=0.0, drawn=0):
    """The same Golden, with these amounts added to one number each."""
    record = original.records["m7", "plain"]
    losses = [record.history["loss"][0], record.history["loss"][1] * (1 + loss)]
    weights = record.states["weights"].copy()
    weights[1, 2] += weight * np.abs(weights[1]).max()
    new = replace(
        record,
        history=record.history | {"loss": losses},
        states=record.states | {"weights": weights},
    )
    order = original.drawn["order/3"] + np.array([0, drawn, 0])
    return golden.Golden(
        "float64",
        {"keras": environment},
        original.drawn | {"order/3": order},
        {("m7", "plain"): new},
    )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"drawn": 1}, "float64: drawn: order/3[1] is "),
        ({"loss": 1e-15}, "float64: m7, plain: loss[1] is "),
        ({"weight": 1e-15}, "float64: m7, plain: weights[1, 2] is "),
    ],
)
def test_where_the_record_was_made_one_bit_is_a_move(small, change, line):
    (found,) = golden.moved(changed(small, **change), small)
    assert found.startswith(line)
    assert "(1 of " in found


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"drawn": 1}, "float64: drawn: order/3[1] is "),
        ({"loss": 2e-12}, "float64: m7, plain: loss moved by 2e-12, promised are 1e-12"),
        ({"weight": 2e-12}, "float64: m7, plain: weights moved by 2e-12, promised are 1e-12"),
    ],
)
def test_elsewhere_keras_is_held_to_the_promise(small, change, line):
    (found,) = golden.moved(changed(small, environment="4", **change), small)
    assert found.startswith(line)
    within = {name: amount / 4 for name, amount in change.items() if name != "drawn"}
    assert golden.moved(changed(small, environment="4", **within), small) == []


def test_a_case_that_was_never_recorded_is_named(small):
    without = replace(small, records={})
    assert golden.moved(small, without) == ["float64: m7, plain: not in the record"]


def test_a_part_of_the_record_is_not_renewed_under_other_versions(small):
    with pytest.raises(ValueError, match="record all of it anew"):
        golden._joined(small, changed(small, environment="4"))


@pytest.mark.tensorflow
@pytest.mark.slow
def test_keras_trains_to_the_same_bits_when_it_makes_its_batches_only_once():
    chosen = [cases.by_name(name) for name in ("m2", "m6")]  # m6 has a callback for its rate
    with Recorder() as keras:
        few = {"epochs": {"m2": 12, "m6": 12}}
        one = keras.record(chosen, "float32", seeds=[3], **few)
        two = keras.record(chosen, "float32", seeds=[3, 4], **few)
        usual, swift = one.result().records, two.result().records
    assert [each.seed for each in swift] == [3, 4, 3, 4]
    assert [each.history for each in usual] == [swift[0].history, swift[2].history]
    assert len(usual[0].history["loss"]) == 12


@pytest.mark.tensorflow
@pytest.mark.slow
def test_keras_itself_still_does_what_the_record_says():
    told = []
    assert golden.live(tell=told.append, only=["m7", "on the edge"]) == []
    assert any("m7" in line for line in told)
