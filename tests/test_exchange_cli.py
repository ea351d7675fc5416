"""``nnscratch export``: which file it writes, and what it says about it."""

import sys

import numpy as np
import pytest
from beside_keras import keras_in

import nnscratch as nn
from nnscratch.cli import main

X = np.random.default_rng(2).normal(size=(30, 3))


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return (end.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def saved(tmp_path):
    """The path of a saved model, and the model."""
    layers = [nn.Input((3,)), nn.layers.Dense(4, "tanh"), nn.layers.Dense(2, "softmax")]
    model = nn.Sequential(layers, seed=1)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.train_on_batch(X, np.arange(30) % 2)
    model.save(tmp_path / "net.nnscratch.safetensors")
    return tmp_path / "net.nnscratch.safetensors", model


def test_a_python_file_is_written_beside_the_model_and_its_name_is_printed(run, saved):
    path, model = saved
    code, out, err = run("export", path, "--to", "numpy")
    written = path.with_name("net.py")
    assert (code, err) == (0, "")
    assert out == f"{written}  ({written.stat().st_size / 1e3:.1f} kB)\n"
    assert written.read_text() == model.to_numpy_source().replace("predictor", "net")


def test_an_onnx_file_is_written_where_it_is_wanted(run, saved, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    path, model = saved
    written = tmp_path / "new" / "other.onnx"
    assert run("export", path, "--to", "onnx", "-o", written)[0] == 0
    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    found = session.run(["y"], {"x": X.astype("float32")})[0]
    np.testing.assert_allclose(found, model.predict(X, verbose=0), rtol=0, atol=1e-6)


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras's save, on NumPy 2
def test_a_keras_file_holds_the_training_too(run, saved):
    path, model = saved
    with keras_in("float32") as keras:
        assert run("export", path, "--to", "keras")[0] == 0
        again = nn.from_keras(keras.models.load_model(path.with_name("net.keras")))
        code, _, err = run("export", path, "--to", "keras", "--out", "net.h5")
    assert again.optimizer.iterations == 1
    assert again.optimizer.state["v"].tobytes() == model.optimizer.state["v"].tobytes()
    assert (code, err) == (1, "error: the name of a Keras file ends in .keras, got 'net.h5'\n")


def test_what_train_did_around_the_network_is_said(run, tmp_path):
    header, rows = "a,b,c,y", np.column_stack([X, X @ [3.0, 0.0, 1.0]])
    np.savetxt(tmp_path / "t.csv", rows, delimiter=",", header=header, comments="")
    file = tmp_path / "t.safetensors"
    quick = "--epochs", 1, "--layers", 2, "--task", "regression", "--quiet"
    assert run("train", "--data", "t.csv", *quick, "--save", file)[0] == 0
    code, _, err = run("export", file, "--to", "numpy")
    assert code == 0
    first, second = err.splitlines()
    assert first.startswith(
        "warning: the network was trained on standardized features, so give it"
        " (x - mean) / scale with mean = ["
    )
    assert "'y' is output * scale + mean with mean = " in second


def test_an_unknown_format_is_refused_before_the_model_is_read(run):
    code, _, err = run("export", "nothing.safetensors", "--to", "onyx")
    assert code == 1
    assert err.startswith("error: unknown --to 'onyx'. Did you mean 'onnx'?")


def test_a_package_that_is_missing_is_named(run, saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, _, err = run("export", saved[0], "--to", "onnx")
    assert code == 1
    assert err == "error: to_onnx needs the package onnx: pip install 'nnscratch[onnx]'\n"
