"""The teaching notebook runs from first to last, and what its text says is true."""

import json
import os
import re
import warnings
from pathlib import Path

import jupytext
import nbclient
import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

import nnscratch as nn

PACKAGE = Path(nn.__file__).parent
NOTEBOOK = PACKAGE / "learn" / "notebook" / "classification.py"

# The lesson's networks as the notebook that it began with has them: widths and activations,
# loss, optimizer, last learning rate, epochs in all.
MODELS = {
    "model_1": ("1", "BinaryCrossentropy", "SGD", 0.01, 204),
    "model_2": ("1-1", "BinaryCrossentropy", "SGD", 0.01, 100),
    "model_3": ("100-10-1", "BinaryCrossentropy", "Adam", 0.001, 100),
    "model_3_regression": ("100-10-1", "MeanAbsoluteError", "Adam", 0.001, 100),
    "model_4": ("10 relu-5 relu-1 sigmoid", "BinaryCrossentropy", "Adam", 0.001, 100),
    "model_5": ("10 relu-5 relu-1 sigmoid", "BinaryCrossentropy", "Adam", 0.01, 25),
    "model_6": ("4 relu-4 relu-1 sigmoid", "BinaryCrossentropy", "Adam", 8.9125, 100),
    "model_7": ("4 relu-4 relu-1 sigmoid", "BinaryCrossentropy", "Adam", 0.02, 20),
    "model_8": (
        "Flatten-4 relu-4 relu-10 softmax",
        "SparseCategoricalCrossentropy",
        "Adam",
        0.001,
        10,
    ),
    "model_9": (
        "Flatten-4 relu-4 relu-10 softmax",
        "SparseCategoricalCrossentropy",
        "Adam",
        0.089125,
        40,
    ),
    "model_10": (
        "Flatten-100 relu-50 relu-10 softmax",
        "SparseCategoricalCrossentropy",
        "Adam",
        0.001,
        50,
    ),
}

# Appended to the notebook; it prints what the lesson left behind.
LAST_CELL = """
import json

def net(model):
    names = []
    for layer in model.layers:
        activation = getattr(layer, "activation", None)
        bend = "" if activation in (None, nn.activations.linear) else f" {activation.name}"
        names.append(str(getattr(layer, "units", type(layer).__name__)) + bend)
    return "-".join(names)

def described(model):
    rate = float(model.optimizer.learning_rate)
    loss, optimizer = type(model.loss).__name__, type(model.optimizer).__name__
    return net(model), loss, optimizer, rate, model.epochs_trained

models = {f"model_{i}": globals()[f"model_{i}"] for i in range(1, 11)}
models["model_3_regression"] = model_3_regression
print(json.dumps({
    "models": {name: described(model) for name, model in models.items()},
    "on_all": [m.evaluate(x, y, verbose=0) for m in (model_1, model_2, model_3, model_4)],
    "on_test": [m.evaluate(x_test, y_test, verbose=0) for m in (model_5, model_6, model_7)],
    "regression_error": model_3_regression.evaluate(x_line_test, y_line_test, verbose=0)[0],
    "loss_6": history_6.history["loss"],
    "seeds_7": list(accuracies.values()),
    "measured_minus_chain_rule": measured - chain_rule,
    "adam_minus_by_hand": float(np.abs(probe.parameters - before - adam_by_hand).max()),
    "image_minus_by_hand": float(np.abs(by_hand - model_10.predict(test_images)[0]).max()),
    "own_loop_right": float(right.mean()),
    "images": len(train_images) + len(test_images),
    "history_8": history_8.history,
    "history_9": history_9.history,
    "history_10": history_10.history,
    "mistakes": counts.tolist(),
    "strength_now": groups.mean()["mean |weight| now"].tolist(),
}))
"""


class Executed:
    """The notebook after its run: its cells, and what the last one printed."""

    def __init__(self, folder, *, fast):
        notebook = jupytext.read(NOTEBOOK)
        notebook.cells.append(nbformat.v4.new_code_cell(LAST_CELL))
        _execute(notebook, folder, fast)
        self.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        self.errors = [
            "\n".join(output.traceback)
            for cell in self.cells
            for output in cell.outputs
            if output.output_type == "error"
        ]

    @property
    def results(self):
        assert not self.errors, self.errors[0]
        return json.loads(self.cells[-1].outputs[0].text)

    def stderr(self, cell):
        text = "".join(o.text for o in cell.outputs if o.get("name") == "stderr")
        return re.sub("nnscratch: compiling kernels.*\n", "", text)  # where none are kept yet


def _execute(notebook, folder, fast):
    # Without folders to look in, the manager falls back on the ipykernel of this very Python:
    # a kernel that the user installed under the name python3 may be another one.
    kernels = KernelSpecManager(kernel_dirs=[])
    manager = AsyncKernelManager(kernel_spec_manager=kernels, kernel_name="python3")
    paths = [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "NNSCRATCH_FAST": "1" if fast else "",
        "IPYTHONDIR": str(folder / "ipython"),  # not the user's own start-up files
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    client = nbclient.NotebookClient(
        notebook,
        km=manager,
        timeout=600,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Jupyter's own, in this process
        client.execute(env=environment, cleanup_kc=True)


@pytest.fixture(scope="module")
def fast(tmp_path_factory):
    return Executed(tmp_path_factory.mktemp("fast"), fast=True)


def test_no_cell_fails(fast):
    assert fast.errors == []


def test_only_cells_that_are_marked_write_warnings_and_only_of_training(fast):
    for cell in fast.cells:
        text = fast.stderr(cell)
        if "warns" in cell.metadata.get("tags", ()):
            assert text.count("Warning") == text.count("TrainingWarning")
        else:
            assert text == "", cell.source


def test_raw_pixels_and_dead_units_are_warned_of(fast):
    def said(model):
        return fast.stderr(next(c for c in fast.cells if f"{model}.fit(" in c.source))

    assert "raw pixels" in said("model_8")
    assert "raw pixels" not in said("model_9")
    assert "ReLUs" in said("model_6")


def test_every_cell_that_shows_a_picture_has_one(fast):
    drawing = [cell for cell in fast.cells if "plt.show()" in cell.source]
    drawing += [cell for cell in fast.cells if cell.source.startswith("show_boundaries(")]
    assert len(drawing) > 20
    for cell in drawing:
        shown = any("image/png" in output.get("data", {}) for output in cell.outputs)
        assert shown or "def show_boundaries" in cell.source, cell.source


@pytest.mark.parametrize("name", MODELS)
def test_the_models_are_those_that_it_began_with(fast, name):
    *found, rate, epochs = fast.results["models"][name]
    *expected, expected_rate, expected_epochs = MODELS[name]
    assert (found, epochs) == (expected, expected_epochs)
    assert rate == pytest.approx(expected_rate, rel=1e-4)


def test_models_without_a_bend_stay_at_a_coin(fast):
    for loss, accuracy in fast.results["on_all"][:3]:
        assert accuracy == pytest.approx(0.5, abs=0.05)
        # log 2 for "about 0.5" everywhere; 7.97 and 8.06 for all outputs beyond the clip.
        assert min(abs(loss - end) for end in (0.6931, 7.9712, 8.0590)) < 0.01


def test_models_with_a_bend_find_the_ring(fast):
    _, model_4 = fast.results["on_all"][3]
    (_, model_5), _, (_, model_7) = fast.results["on_test"]
    assert min(model_4, model_5) > 0.99
    assert model_7 > 0.97


def test_the_line_is_found_but_not_quite(fast):
    assert 10 < fast.results["regression_error"] < 100  # of targets from 850 to 1095


def test_the_sweep_of_the_circles_is_lowest_near_a_tenth_and_ends_at_a_coin(fast):
    losses = fast.results["loss_6"]
    rate = 1e-4 * 10 ** (losses.index(min(losses)) / 20)
    assert 0.03 < rate < 0.3
    assert fast.results["on_test"][1][1] == pytest.approx(0.5, abs=0.03)


def test_one_seed_is_one_throw_of_the_dice(fast):
    assert min(fast.results["seeds_7"]) < 0.7
    assert max(fast.results["seeds_7"]) > 0.98


def test_what_is_worked_out_by_hand_is_what_the_library_does(fast):
    results = fast.results
    assert abs(results["measured_minus_chain_rule"]) < 1e-9
    assert results["adam_minus_by_hand"] < 1e-6  # of steps of 0.01
    assert results["image_minus_by_hand"] < 1e-5
    assert results["own_loop_right"] > 0.99


@pytest.fixture(scope="module")
def full(full_data, tmp_path_factory):
    return Executed(tmp_path_factory.mktemp("full"), fast=False)


@pytest.mark.slow
@pytest.mark.full_data
def test_all_the_clothes_run_without_an_error(full):
    assert full.errors == []
    assert full.results["images"] == 70000


@pytest.mark.slow
@pytest.mark.full_data
def test_raw_pixels_teach_little_and_scaled_ones_much(full):
    raw, scaled = full.results["history_8"], full.results["history_9"]
    assert raw["accuracy"][0] < 0.25  # "in its first epoch it hardly learned a thing"
    assert 0.15 < raw["val_accuracy"][-1] < 0.5  # "better than guessing, but fewer than half"
    assert scaled["val_accuracy"][1] == pytest.approx(0.75, abs=0.03)  # "three out of four"


@pytest.mark.slow
@pytest.mark.full_data
def test_the_sweep_of_the_clothes_is_lowest_around_three_thousandths(full):
    losses, rates = (full.results["history_9"][name] for name in ("loss", "learning_rate"))
    assert 0.002 < rates[losses.index(min(losses))] < 0.006
    assert losses[0] - losses[1] > 0.5 * (losses[0] - min(losses))  # "it fell fastest"


@pytest.mark.slow
@pytest.mark.full_data
def test_the_large_network_overfits(full):
    history = full.results["history_10"]
    assert history["accuracy"][-1] == pytest.approx(0.96, abs=0.01)
    assert 0.875 < history["val_accuracy"][-1] < 0.895  # "88 to 89 %"
    assert history["val_loss"][-1] > 1.3 * min(history["val_loss"])  # "rises again"


@pytest.mark.slow
@pytest.mark.full_data
def test_what_is_worn_above_the_waist_is_mixed_up(full):
    mistakes = [
        (count, {true, said})
        for true, row in enumerate(full.results["mistakes"])
        for said, count in enumerate(row)
    ]
    tops = {0, 2, 4, 6}  # T-shirt, pullover, coat, shirt
    worst = sorted(mistakes, key=lambda each: -each[0])[:3]
    assert all(pair <= tops for _, pair in worst)


@pytest.mark.slow
@pytest.mark.full_data
def test_weights_of_pixels_that_rarely_have_ink_are_the_strongest(full):
    rare, *_, common = full.results["strength_now"]
    assert rare > 1.5 * common
