"""Recording a training, reading it back, its vital signs and their diagnosis, and the pages."""

import json
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest

import nnscratch as nn
from nnscratch import layers, models, optimizers, saving
from nnscratch.cli import main
from nnscratch.microscope import Recorder, demos, diagnosis, page, run_file, sick_runs, vitals

X = np.random.default_rng(0).normal(size=(50, 3))
Y = (X[:, 0] > 0).astype(int)


def small_model(**options):
    stack = [layers.Dense(4, "relu"), layers.Dense(1, "sigmoid")]
    model = models.Sequential(stack, seed=1, **options)
    model.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return model


def record(path, model=None, *, epochs=3, **options):
    model = model or small_model(dtype="float64")
    recorder = Recorder(path, X, Y, batch_size=20, **options)
    model.fit(X, Y, batch_size=20, epochs=epochs, verbose=0, callbacks=[recorder])
    return run_file.read(path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return record(tmp_path_factory.mktemp("run") / "run.safetensors", title="Small")


# ---- the recorder ----


def test_recording_changes_nothing_in_the_training(tmp_path):
    watched, free = small_model(), small_model()
    free.run_eagerly = True
    record(tmp_path / "run.safetensors", watched)
    free.fit(X, Y, batch_size=20, epochs=3, verbose=0)
    np.testing.assert_array_equal(watched.parameters, free.parameters)


def test_the_run_holds_the_parameters_before_every_step_and_after_the_last(run):
    model = small_model(dtype="float64")
    np.testing.assert_array_equal(run.state_steps, np.arange(10))
    for step in range(9):
        np.testing.assert_array_equal(run.parameters[step], model_before(model, step))
    assert run.is_complete and run.steps == 9


def model_before(model, step):
    """The parameters after so many steps, trained one by one on the batches of ``fit``."""
    if step:
        order = models.Sequential([layers.Dense(1)], seed=1)
        order.epochs_trained = (step - 1) // 3
        first = (step - 1) % 3 * 20
        rows = order.row_order(50, True)[first : first + 20]
        model.train_on_batch(X[rows], Y[rows])
    elif not model.built:
        model.build((None, 3))
    return model.parameters


def test_each_steps_rows_are_those_that_were_trained_on(run):
    for epoch in range(3):
        rows = np.concatenate([run.batch(step) for step in range(3 * epoch, 3 * epoch + 3)])
        np.testing.assert_array_equal(np.sort(rows), np.arange(50))
    assert [len(run.batch(step)) for step in range(3)] == [20, 20, 10]


def test_each_steps_loss_is_that_of_its_batch_alone(run):
    for step in range(9):
        model, rows = run.model(step), run.batch(step)
        p = model(X[rows])[:, 0]
        expected = -np.mean(np.log(np.where(Y[rows] == 1, p, 1 - p)))
        assert run.losses[step] == pytest.approx(expected, rel=1e-12)


def test_the_evidence_is_the_gradient_of_a_traced_step(run):
    evidence = run.evidence()
    assert sorted(evidence) == [0, 8]
    model, rows = run.model(8), run.batch(8)
    p = model(X[rows])
    dz = (p - Y[rows, None]) / len(rows)
    np.testing.assert_allclose(evidence[8]["1/dz"], dz, rtol=1e-12)
    np.testing.assert_allclose(evidence[8]["1/dW"], evidence[8]["0/y"].T @ dz, rtol=1e-12)


def test_thin_states_are_spread_with_the_optimizers_memory(tmp_path):
    run = record(tmp_path / "run.safetensors", epochs=20, states=5, evidence=2)
    assert run.state_steps[0] == 0 and run.state_steps[-1] == 60
    assert len(run.state_steps) == 5 and not run.is_complete
    assert np.all(np.diff(run.state_steps) > 0)
    model = run.model(2)
    assert model.optimizer.iterations == run.state_steps[2]
    assert np.any(model.optimizer.state["v"] > 0)
    assert run.arrays["gradient_norm"].shape == (60, 4)


def test_a_large_training_is_recorded_thinly_by_itself(tmp_path):
    wide = models.Sequential([layers.Dense(6000, "relu"), layers.Dense(1, "sigmoid")], seed=1)
    wide.compile("sgd", "binary_crossentropy")
    run = record(tmp_path / "run.safetensors", wide, epochs=10)
    assert 10 < len(run.state_steps) < 20 and not run.is_complete


def test_recorder_says_when_it_sees_other_rows_than_fit(tmp_path):
    model = small_model()
    recorder = Recorder(tmp_path / "a.safetensors", X[::-1], Y, batch_size=20)
    with pytest.raises(ValueError, match=r"does not see what fit trains on(.|\n)*same x"):
        model.fit(X, Y, batch_size=20, verbose=0, callbacks=[recorder])


def test_recorder_says_when_its_batches_are_others_than_fits(tmp_path):
    recorder = Recorder(tmp_path / "a.safetensors", X, Y, batch_size=10)
    with pytest.raises(ValueError, match=r"5 batches an epoch(.|\n)*fit trains 3"):
        small_model().fit(X, Y, batch_size=20, verbose=0, callbacks=[recorder])


def test_a_later_fit_is_recorded_with_its_own_count_of_steps(tmp_path):
    model = small_model()
    model.run_eagerly = True
    model.fit(X, Y, batch_size=20, epochs=2, verbose=0)
    assert record(tmp_path / "run.safetensors", model).document["first_step"] == 6


@pytest.mark.parametrize(
    ("stack", "optimizer", "expected"),
    [
        ([layers.Dropout(0.5), layers.Dense(1, "sigmoid")], "sgd", "Dropout"),
        ([layers.Dense(3), layers.Flatten(), layers.Dense(1)], "sgd", "Flatten"),
        ([layers.Dense(1)], optimizers.Adam(clipnorm=1.0), "clipnorm"),
        ([layers.Dense(1)], optimizers.SGD(momentum=0.9, nesterov=True), "nesterov"),
    ],
)
def test_what_the_page_cannot_show_is_refused_by_name(tmp_path, stack, optimizer, expected):
    model = models.Sequential(stack)
    model.compile(optimizer, "mse")
    recorder = Recorder(tmp_path / "a.safetensors", X, Y, batch_size=20)
    with pytest.raises(ValueError, match=f"microscope cannot show.*{expected}"):
        model.fit(X, Y, batch_size=20, verbose=0, callbacks=[recorder])
    assert not (tmp_path / "a.safetensors").exists()


@pytest.mark.parametrize(
    "options", [{"states": 1}, {"evidence": 0}, {"batch_size": 0}, {"shuffle": "no"}]
)
def test_options_that_cannot_be_meant_are_refused(tmp_path, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Recorder(tmp_path / "a.safetensors", X, Y, **options)
    with pytest.raises(ValueError, match="safetensors"):
        Recorder("run.npz", X, Y)


# ---- the run file ----


def test_a_truncated_or_changed_run_file_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    record(path)
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        run_file.read(path)
    changed = bytearray(content)
    changed[-40] ^= 1
    path.write_bytes(bytes(changed))
    with pytest.raises(ValueError, match="damaged"):
        run_file.read(path)


def test_a_file_that_is_no_run_is_refused(tmp_path):
    model = small_model()
    model.build((None, 3))
    model.save(tmp_path / "model.nnscratch.safetensors")
    with pytest.raises(ValueError, match="holds a model, not a recorded run"):
        run_file.read(tmp_path / "model.nnscratch.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        run_file.read(tmp_path / "text.safetensors")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        run_file.read(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("name", ["parameters", "rate", "rows"])
def test_a_run_whose_arrays_do_not_fit_is_refused(tmp_path, run, name):
    arrays = dict(run.arrays)
    arrays[name] = arrays[name][1:]
    saving.write(tmp_path / "bad.safetensors", arrays, run.document)
    with pytest.raises(ValueError, match=f"not sound: '{name}'"):
        run_file.read(tmp_path / "bad.safetensors")
    del arrays[name]
    saving.write(tmp_path / "bad.safetensors", arrays, run.document)
    with pytest.raises(ValueError, match=f"lacks '{name}'"):
        run_file.read(tmp_path / "bad.safetensors")


# ---- vital signs and diagnosis ----


def test_vital_signs_are_as_worked_by_hand(run):
    found = vitals.of_run(run)
    step = 5
    model, rows = run.model(step), run.batch(step)
    hidden, output = model.layers
    y = np.maximum(X[rows] @ hidden.params["W"] + hidden.params["b"], 0)
    p = 1 / (1 + np.exp(-(y @ output.params["W"] + output.params["b"])))
    dz = (p - Y[rows, None]) / len(rows)
    expected = np.sqrt(((y.T @ dz) ** 2).sum() + dz.sum() ** 2)
    assert found.gradient_norm[step, 1] == pytest.approx(expected, rel=1e-10)
    assert found.dead[step, 0] == np.mean((y == 0).all(axis=0))
    before, after = run.parameters[step][:16], run.parameters[step + 1][:16]
    ratio = np.linalg.norm(after - before) / np.linalg.norm(before)
    assert found.update_ratio[step, 0] == pytest.approx(ratio, rel=1e-10)
    assert found.first_bad is None


@pytest.fixture(scope="module")
def sick(tmp_path_factory):
    """{case id: two of (findings, run, signs)}, healthy and broken; each run trained once."""
    folder, seen = tmp_path_factory.mktemp("sick"), {}

    def findings(setup):
        if repr(setup) not in seen:
            recorded = sick_runs.record(setup, folder / f"{len(seen)}.safetensors")
            signs = vitals.of_run(recorded)
            seen[repr(setup)] = diagnosis.diagnose(recorded, signs), recorded, signs
        return seen[repr(setup)]

    return {c.id: (findings(c.healthy), findings(c.broken)) for c in sick_runs.CASES}


@pytest.mark.parametrize("case", sick_runs.CASES, ids=lambda case: case.id)
def test_every_broken_run_is_named_and_its_healthy_twin_is_not(sick, case):
    (healthy, *_), (broken, *_) = sick[case.id]
    assert healthy == []
    assert broken[0].name == case.finding
    assert any(digit in broken[0].shows for digit in "0123456789")
    assert broken[0].helps.endswith(".")


def test_the_first_number_that_is_not_finite_is_found(sick):
    _, recorded, signs = sick["overflow"][1]
    step, tensor = signs.first_bad
    assert np.isfinite(recorded.parameters[step]).all() or tensor.startswith(("W", "b"))
    assert step > 0 and np.isfinite(vitals.of_run(recorded).gradient_norm[step - 1]).all()
    assert "step" in diagnosis.in_words(sick["overflow"][1][0])


def test_the_diagnosis_of_a_healthy_run_is_one_sentence(run):
    assert (
        diagnosis.in_words([])
        == "The vital signs show none of the sicknesses that are known here."
    )


# ---- pages ----


def test_the_page_is_one_file_with_the_same_bytes_each_time(tmp_path, run):
    first = page.write_page(run, tmp_path / "a.html").read_bytes()
    assert first == page.write_page(run, tmp_path / "b.html").read_bytes()
    for forbidden in (b"http", b"import {", b"\nexport ", b'src="/', b"@import", b"url("):
        assert forbidden not in first, forbidden


def test_names_from_the_user_cannot_break_the_page(tmp_path):
    path, evil = tmp_path / "run.safetensors", "</script><script>alert(1)</script>"
    record(path, title=evil, features=[evil, "b", "c"], classes=[evil, "b"])
    html = page.write_page(path, tmp_path / "page.html").read_text(encoding="utf-8")
    assert evil not in html
    assert html.count("</script>") == 2


def test_the_scripts_share_one_scope_without_a_clash(tmp_path):
    for name in ("main.js", "gallery.js"):
        names = [
            line.split()[1].split("(")[0]
            for line in page.joined(name).splitlines()
            if line.startswith(("const ", "function ", "function* ", "class "))
        ]
        assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
@pytest.mark.parametrize("name", ["main.js", "gallery.js"])
def test_the_joined_script_is_sound_javascript(tmp_path, name):
    (tmp_path / "page.mjs").write_text(page.joined(name), encoding="utf-8")
    subprocess.run(["node", "--check", tmp_path / "page.mjs"], check=True)


def test_a_run_without_names_and_with_one_layer_has_a_page(tmp_path):
    model = models.Sequential([layers.Dense(1)], seed=1)
    model.compile("sgd", "mse")
    record(tmp_path / "run.safetensors", model)
    assert page.write_page(tmp_path / "run.safetensors", tmp_path / "page.html").exists()


# ---- Keras beside it ----


def keras_run(run, **changes):
    steps = run.steps
    arrays = {
        "loss": run.losses,
        "parameters": run.parameters,
        "gradient": np.zeros((steps, run.parameters.shape[1])),
    }
    return arrays | changes


@pytest.mark.parametrize("kind", ["npz", "safetensors"])
def test_a_keras_run_is_read_from_either_kind_of_file(tmp_path, run, kind):
    from safetensors.numpy import save_file

    path = tmp_path / f"keras.{kind}"
    arrays = keras_run(run)
    np.savez(path, **arrays) if kind == "npz" else save_file(arrays, path)
    html = page.write_page(run, tmp_path / "page.html", keras=path).read_text()
    content = json.loads(html.split('id="run">')[1].split("</script>")[0])
    assert content["arrays"]["keras/loss"]["shape"] == [run.steps]


def test_a_keras_run_of_another_model_is_refused(tmp_path, run):
    path = tmp_path / "keras.npz"
    np.savez(path, **keras_run(run, gradient=np.zeros((run.steps, 5))))
    with pytest.raises(ValueError, match="does not fit this run: 'gradient'"):
        page.write_page(run, tmp_path / "page.html", keras=path)
    np.savez(path, loss=run.losses)
    with pytest.raises(ValueError, match="lacks 'parameters'"):
        page.write_page(run, tmp_path / "page.html", keras=path)
    path.write_text("no")
    with pytest.raises(ValueError, match="not a sound file"):
        page.write_page(run, tmp_path / "page.html", keras=path)


def test_the_recorded_keras_run_is_the_circles_demo(tmp_path):
    x, y = (rows[: demos.CIRCLES_ROWS] for rows in nn.datasets.circles())
    demos.record_circles(tmp_path / "run.safetensors", x, y)
    run = run_file.read(tmp_path / "run.safetensors")
    from nnscratch.microscope import keras_run as reader

    keras = reader.read(demos.KERAS_CIRCLES, run)
    np.testing.assert_allclose(run.parameters, keras["parameters"], atol=1e-12)
    np.testing.assert_allclose(run.losses, keras["loss"], atol=1e-12)


# ---- the command ----


def run_command(*arguments):
    with pytest.raises(SystemExit) as ended, warnings.catch_warnings():
        warnings.simplefilter("error")
        main(["microscope", *map(str, arguments)])
    return ended.value.code


def test_the_command_writes_the_page_beside_the_run_or_where_it_is_told(tmp_path, capsys):
    record(tmp_path / "run.safetensors")
    assert run_command(tmp_path / "run.safetensors") == 0
    assert (tmp_path / "run.html").exists()
    assert run_command(tmp_path / "run.safetensors", "-o", tmp_path / "new" / "a.html") == 0
    assert (tmp_path / "new" / "a.html").exists()
    assert "a.html" in capsys.readouterr().out


def test_the_command_says_what_is_missing_or_wrong(tmp_path, capsys):
    assert run_command() == 1
    assert "--demo circles" in capsys.readouterr().err
    assert run_command("--demo", "circle") == 1
    assert "circles" in capsys.readouterr().err
    assert run_command(tmp_path / "none.safetensors") == 1
    assert "there is no file" in capsys.readouterr().err
    assert run_command("--demo", "circles", "--keras", "a.npz") == 1
    assert "--keras goes with a run file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("demo", "what", "most"),
    [
        ("circles", "37 parameters", 3_000_000),
        ("fashion-mnist", "2,000 images", 10_000_000),
        ("gallery", "fourteen nets", 8_000_000),
    ],
)
def test_each_demo_writes_its_page_and_keeps_its_size(tmp_path, capsys, demo, what, most):
    assert run_command("--demo", demo, "-o", tmp_path / "page.html") == 0
    assert (tmp_path / "page.html").stat().st_size < most
    assert what in capsys.readouterr().err


def test_the_microscope_is_imported_only_when_it_is_asked_for():
    code = (
        "import sys, nnscratch as nn; before = 'nnscratch.microscope' in sys.modules;"
        "nn.microscope.Recorder; print(before, 'jinja2' in sys.modules)"
    )
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert seen.stdout.strip() == "False False", seen.stderr
