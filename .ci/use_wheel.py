"""What a user does with an installed nnscratch; run where there is nothing but the wheel."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import nnscratch as nn

PACKAGE = Path(nn.__file__).parent


def only_the_package_is_installed():
    assert "site-packages" in PACKAGE.parts, PACKAGE
    assert (PACKAGE / "py.typed").exists()
    for name in ("parity", "benchmarks", "tests", "noxfile"):
        assert importlib.util.find_spec(name) is None, f"the wheel brought {name} along"


def training_is_saved_and_read_back(folder):
    (x, y), _ = nn.datasets.fashion_mnist.load_data(subset="small")
    hidden = nn.layers.Dense(8, "relu")
    stack = [nn.layers.Rescaling(1 / 255), nn.layers.Flatten(), hidden]
    model = nn.Sequential([*stack, nn.layers.Dense(10, "softmax")], seed=1)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=2, verbose=0)
    assert model.engine == "fused"
    assert history.history["accuracy"][-1] > 0.5
    assert "<svg" in history._repr_html_() and "<table" in model._repr_html_()
    model.save(folder / "model.nnscratch.safetensors")
    again = nn.models.load_model(folder / "model.nnscratch.safetensors")
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def a_page_of_the_microscope_is_written(folder):
    x, y = nn.datasets.circles(n_samples=64)
    model = nn.Sequential([nn.layers.Dense(3, "relu"), nn.layers.Dense(1, "sigmoid")], seed=1)
    model.compile("sgd", "binary_crossentropy")
    recorder = nn.microscope.Recorder(folder / "run.safetensors", x, y, batch_size=32)
    model.fit(x, y, batch_size=32, epochs=2, verbose=0, callbacks=[recorder])
    page = nn.microscope.write_page(folder / "run.safetensors", folder / "page.html")
    assert "</html>" in page.read_text(encoding="utf-8")


def the_commands_answer(folder):
    command = Path(sys.executable).with_name("nnscratch")
    for arguments, expected in (("learn", "list"), "One neuron by hand"), (("explain",), "dW"):
        run = [command, *arguments]
        done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=True)
        assert expected in done.stdout, done.stdout
    assert (PACKAGE / "learn" / "notebook" / "classification.py").exists()


if __name__ == "__main__":
    only_the_package_is_installed()
    with TemporaryDirectory() as name:
        training_is_saved_and_read_back(Path(name))
        a_page_of_the_microscope_is_written(Path(name))
        the_commands_answer(Path(name))
    print(f"nnscratch {nn.__version__} works from its wheel")
