"""``nnscratch explain`` and ``nnscratch gradcheck``: what they print, and how they end."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnscratch as nn
from nnscratch import layers
from nnscratch.cli import explaining, main, tables
from nnscratch.cli.recipe import Recipe

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(nn.__file__).parents[1])}
NETS = """
import nnscratch as nn


def make(loss="sparse_categorical_crossentropy", last="softmax", units=3):
    stack = [nn.layers.Input((4,)), nn.layers.Dense(5, "tanh"), nn.layers.Dense(units, last)]
    model = nn.Sequential(stack, seed=0)
    model.compile("adam", loss)
    return model


model = make()
one_hot = make("categorical_crossentropy")
yes_or_no = make("binary_crossentropy", "sigmoid", 1)
numbers = make("mse", "linear", 2)
no_width = nn.Sequential([nn.layers.Dense(2)])
no_width.compile("sgd", "mse")
not_compiled = nn.Sequential([nn.layers.Input((4,)), nn.layers.Dense(2)])
seven = 7


class Wrong(nn.layers.Dense):
    def __init__(self):
        super().__init__(3, "tanh", input_shape=(4,))

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, grads | {"W": grads["W"] * len(dy)}
"""


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command in a folder that holds nets.py; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "nets", raising=False)
    monkeypatch.delenv("NNSCRATCH_DEBUG", raising=False)
    monkeypatch.setattr(nn.random, "_source", nn.random.SeedSource())
    (tmp_path / "nets.py").write_text(NETS)

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return (end.value.code or 0, *capsys.readouterr())

    return run


def refuses(run, *arguments):
    """The message of a command that must fail with 1 and print no result."""
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert "Traceback" not in err
    return err


# ---- explain ----


def test_the_demo_is_one_page_on_a_half_trained_net(run):
    code, out, err = run("explain")
    assert (code, err) == (0, "")
    assert out.startswith("One training step of 'circles', number by number\n=====")
    assert "2 -> 10 relu -> 5 relu -> 1 sigmoid" in out
    assert "step t = 201." in out  # 8 epochs of 25 batches before it
    for chapter in ("1. Forward", "2. Loss", "3. Backward", "4. Are the", "5. Update"):
        assert f"\n{chapter}" in out
    assert "All agree: backward is the derivative of forward." in out
    assert max(map(len, out.splitlines())) <= 96
    assert out.isascii()


def test_the_demo_shows_points_of_both_circles(run):
    _, out, _ = run("explain", "--rows", 5, "--epochs", 0)
    assert "B = 5 rows" in out
    labels = re.findall(r"^ +\d    (\d)  0\.\d+", out, flags=re.MULTILINE)
    assert sorted(labels) == ["0", "0", "1", "1", "1"]


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_the_demo_explains_the_optimizer_asked_for(run, optimizer):
    code, out, _ = run("explain", "--optimizer", optimizer, "--epochs", 0)
    assert code == 0
    assert f"The optimizer: {nn.optimizers.get(optimizer).__class__.__name__}," in (
        out.replace("\n", " ")
    )
    assert "step t = 1." in out.replace("\n", " ")


def test_the_same_seed_gives_the_same_page_and_another_does_not(run):
    first = run("explain", "--epochs", 1)
    assert run("explain", "--epochs", 1) == first
    assert run("explain", "--epochs", 1, "--seed", 7) != first


def test_the_row_to_follow_can_be_chosen(run):
    _, out, _ = run("explain", "--row", 3)
    assert "row 3, as asked for" in out.replace("\n", " ")
    assert "the batch has rows 0..3, got row=9" in refuses(run, "explain", "--row", 9)


@pytest.fixture
def saved(tmp_path):
    """A model file as train writes it, of a table with text labels, and that table."""
    rng = np.random.default_rng(0)
    lines = [
        f"{a:.3f},{b:.3f},{'red' if a > b else 'blue'}" for a, b in rng.normal(size=(9, 2))
    ]
    data, path = tmp_path / "own.csv", tmp_path / "own.nnscratch.safetensors"
    data.write_text("\n".join(["a,b,colour", *lines]))
    rows = tables.read(str(data))
    options = {"task": None, "standardize": True, "test": 0, "seed": 0}
    recipe = Recipe.learn(rows, (rows.x, rows.y), **options)
    model = nn.Sequential([layers.Dense(4, "relu"), layers.Dense(2, "softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.train_on_batch(*recipe.prepare((rows.x, rows.y)))
    model.save(path, note=recipe.note())
    return path, data


def test_a_saved_model_is_explained_on_its_own_table(run, saved):
    path, data = saved
    before = path.read_bytes()
    code, out, err = run("explain", path, "--data", data, "--rows", 3)
    assert (code, err) == (0, "")
    model = nn.models.load_model(path)
    assert model.optimizer.iterations == 1
    assert "step t = 2." in out.replace("\n", " ")
    assert "B = 3 rows, x (3, 2)" in out
    assert "float32" in out
    assert path.read_bytes() == before


def test_a_saved_model_without_rows_and_rows_without_a_model_are_refused(run, saved):
    path, data = saved
    assert "say with --data which rows" in refuses(run, "explain", path)
    message = refuses(run, "explain", "--data", data)
    assert "nnscratch train --data" in message
    assert "nnscratch explain model.nnscratch.safetensors --data" in message


def test_an_unknown_optimizer_is_refused_with_the_nearest(run):
    assert "Did you mean 'adam'?" in refuses(run, "explain", "--optimizer", "adan")


def test_on_a_terminal_the_page_is_in_colours(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "96")
    monkeypatch.delenv("NO_COLOR", raising=False)
    explaining.explain_circles(None, 4, None, "sgd", 0, 1)
    out = capsys.readouterr().out
    assert "\x1b[1;36m1. Forward" in out
    assert max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in out.splitlines()) <= 96


# ---- gradcheck ----


@pytest.mark.parametrize(
    ("target", "tensors"),
    [
        ("nets:model", ["x", "dense.W", "dense.b", "dense_1.W", "dense_1.b"]),
        ("nets:make", ["x", "dense.W", "dense.b", "dense_1.W", "dense_1.b"]),
        ("nets.py:one_hot", ["x", "dense.W", "dense_1.b"]),
        ("nets:yes_or_no", ["x", "dense.W", "dense_1.b"]),
        ("nets:numbers", ["x", "dense.W", "dense_1.b"]),
    ],
)
def test_right_gradients_end_with_0_and_each_tensor_has_its_line(run, target, tensors):
    code, out, err = run("gradcheck", target)
    assert (code, err) == (0, "")
    for name in tensors:
        assert re.search(rf"^ +{re.escape(name)} +ok +\de-\d\d ", out, flags=re.MULTILINE)
    assert "all gradients agree (relative error, tolerance 1e-06)" in out
    assert max(map(len, out.splitlines())) <= 96


def test_a_wrong_gradient_is_named_and_ends_with_1(run):
    code, out, _ = run("gradcheck", "nets:Wrong")
    assert code == 1
    assert re.search(r"^ +W +WRONG +8e-01", out, flags=re.MULTILINE)  # 5 times: off by 4/5
    assert re.search(r"^ +b +ok", out, flags=re.MULTILINE)
    assert "W is WRONG" in out


def test_the_v_of_the_error_over_the_step_is_shown(run):
    _, out, _ = run("gradcheck", "nets:model")
    curve = dict(re.findall(r"^ +(1e-\d\d)  (\de[-+]\d\d)$", out, flags=re.MULTILINE))
    assert len(curve) == 12
    assert float(curve["1e-05"]) < float(curve["1e-01"])
    assert float(curve["1e-05"]) < float(curve["1e-12"])


def test_rows_come_from_a_file(run, tmp_path):
    x = np.random.default_rng(0).normal(size=(9, 4))
    np.savez(tmp_path / "rows.npz", x=x, y=np.arange(9) % 3)
    code, out, _ = run("gradcheck", "nets:model", "--data", "rows.npz", "--rows", 2)
    assert code == 0
    assert re.search(r"^ +x +ok .* 8 +-$", out, flags=re.MULTILINE)  # 2 rows of 4
    np.savez(tmp_path / "one_hot.npz", x=x, y=np.eye(3)[np.arange(9) % 3])
    assert run("gradcheck", "nets:one_hot", "--data", "one_hot.npz")[0] == 0
    np.savez(tmp_path / "only_x.npz", x=x)
    assert run("gradcheck", "nets:Wrong", "--data", "only_x.npz")[0] == 1
    message = refuses(run, "gradcheck", "nets:model", "--data", "only_x.npz")
    assert "pass its targets too" in message


def test_the_same_seed_checks_the_same_numbers(run):
    first = run("gradcheck", "nets:Wrong")
    sys.modules.pop("nets")
    assert run("gradcheck", "nets:Wrong") == first
    assert run("gradcheck", "nets:Wrong", "--seed", 3) != first


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nets", "write module:name, for example my_net:model, got 'nets'"),
        (":model", "write module:name"),
        ("nest:model", "there is no module 'nest'"),
        ("nets:modle", "there is no 'modle' in nets. Did you mean 'model'?"),
        ("nets:seven", "nets:seven is a int, but gradcheck needs a compiled"),
        ("nets:no_width", "Start a model with nn.layers.Input((features,))"),
        ("nets:not_compiled", "call model.compile(optimizer, loss) before gradcheck"),
    ],
)
def test_what_cannot_be_checked_is_refused_with_a_way_out(run, target, message):
    assert message in refuses(run, "gradcheck", target)


def test_a_module_that_needs_a_missing_one_says_which(run, tmp_path):
    (tmp_path / "needy.py").write_text("import not_there_at_all\n")
    message = refuses(run, "gradcheck", "needy:model")
    assert "needy needs a module that is missing: not_there_at_all" in message


def test_a_file_that_is_no_npz_of_x_is_refused(run, tmp_path):
    (tmp_path / "bad.npz").write_text("nothing")
    np.savez(tmp_path / "other.npz", a=[1])
    np.save(tmp_path / "plain.npy", [1])
    for name in ("bad.npz", "plain.npy"):
        assert "is not a sound .npz file" in refuses(
            run, "gradcheck", "nets:model", "--data", name
        )
    assert "must hold an array x" in refuses(
        run, "gradcheck", "nets:model", "--data", "other.npz"
    )
    assert "No such file" in refuses(run, "gradcheck", "nets:model", "--data", "gone.npz")


def test_the_module_is_found_in_the_folder_that_one_is_in(tmp_path):
    (tmp_path / "own_net.py").write_text(NETS)
    command = [sys.executable, "-m", "nnscratch", "gradcheck", "own_net:model"]
    done = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "all gradients agree" in done.stdout


def test_a_report_is_shown_in_a_notebook_with_its_signs_escaped():
    layer = layers.Dense(2, name="<b>", input_shape=(3,))
    report = nn.gradcheck(layer, np.ones((2, 3)))
    assert "<b>" not in report._repr_html_()
    assert report.verdict in report._repr_html_()


def test_the_help_says_what_there_is(run):
    code, out, _ = run("--help")
    assert code == 0
    assert "explain" in out and "gradcheck" in out
    assert "--rows" in run("explain", "--help")[1]
    assert "module:name" in run("gradcheck", "--help")[1]
