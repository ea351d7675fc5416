"""The predictor as NumPy source: run by itself, it gives the model's bits."""

import ast
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

import nnscratch as nn

RNG = np.random.default_rng(9)
DTYPES = ["float32", "float64"]
ACTIVATIONS = ["linear", "relu", "leaky_relu", "sigmoid", "softmax", "tanh"]


def predictor(source):
    """The predict of a source text."""
    names = {"__name__": "predictor"}
    exec(compile(source, "predictor.py", "exec"), names)
    return names["predict"]


def python(*arguments, folder):
    """Run Python where nnscratch cannot be found; returns what it printed."""
    command = [sys.executable, "-I", "-W", "error", *map(str, arguments)]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def with_random_biases(model):
    model.set_weights([RNG.uniform(-1, 1, array.shape) for array in model.get_weights()])
    return model


def assert_same_bits(model, x):
    y, expected = predictor(model.to_numpy_source())(x), model.predict(x, verbose=0)
    assert y.dtype == model.dtype
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense_layers_with_each_activation_give_the_same_bits(activation, dtype, use_bias):
    layers = [
        nn.Input((3,)),
        nn.layers.Dense(5, activation, use_bias),
        nn.layers.Dense(4, activation, use_bias),
    ]
    model = with_random_biases(nn.Sequential(layers, seed=1, dtype=dtype))
    assert_same_bits(model, RNG.normal(size=(50, 3)))


OTHERS = {
    "dropout": lambda: nn.layers.Dropout(0.5),
    "flatten": nn.layers.Flatten,
    "rescaling": lambda: nn.layers.Rescaling(1 / 3, -0.1),
}
OTHERS |= {f: partial(nn.layers.Activation, f) for f in ACTIVATIONS}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("which", OTHERS)
def test_each_other_layer_gives_the_same_bits_also_over_several_axes(which, dtype):
    model = nn.Sequential([nn.Input((3, 4)), OTHERS[which]()], seed=1, dtype=dtype)
    assert_same_bits(model, RNG.normal(size=(20, 3, 4)))
    assert_same_bits(model, RNG.integers(0, 256, (20, 3, 4), dtype=np.uint8))


def circles(dtype="float32"):
    """A small net, trained a little."""
    x, y = nn.datasets.circles()
    dense, dropout = nn.layers.Dense, nn.layers.Dropout
    layers = [dense(10, "relu"), dropout(0.1), dense(1, "sigmoid")]
    model = nn.Sequential(layers, "circles", seed=1, dtype=dtype)
    model.compile("adam", "binary_crossentropy", run_eagerly=True)
    model.fit(x, y, epochs=2, verbose=0)
    return model, x


def images(dtype="float32"):
    """A net whose first array is too large to be read."""
    layers = [
        nn.Input((28, 28)),
        nn.layers.Flatten(),
        nn.layers.Dense(20, "relu"),
        nn.layers.Dense(10, "softmax"),
    ]
    model = with_random_biases(nn.Sequential(layers, seed=2, dtype=dtype))
    return model, RNG.random((30, 28, 28))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", [circles, images])
def test_the_file_runs_where_there_is_no_nnscratch_and_gives_the_same_bits(
    make, dtype, tmp_path
):
    model, x = make(dtype)
    source = model.to_numpy_source(tmp_path / "net.py")
    assert (tmp_path / "net.py").read_text() == source
    np.save(tmp_path / "x.npy", x)
    code = """
import sys, numpy as np
sys.path.insert(0, ".")
from net import predict
assert "nnscratch" not in sys.modules
np.save("y.npy", predict(np.load("x.npy")))
"""
    python("-c", code, folder=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), model.predict(x, verbose=0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_as_a_program_it_reads_a_table_or_an_array_and_prints_all_digits(dtype, tmp_path):
    model, x = circles(dtype)
    model.to_numpy_source(tmp_path / "net.py")
    x = x[:20]
    np.save(tmp_path / "x.npy", x)
    np.savetxt(tmp_path / "x.csv", x, delimiter=",", fmt="%.17g")
    for file in ("x.npy", "x.csv"):
        lines = python("net.py", file, folder=tmp_path).splitlines()
        y = np.array([[float(text) for text in line.split(",")] for line in lines], dtype)
        np.testing.assert_array_equal(y, model.predict(x, verbose=0))


def test_a_program_that_is_told_no_file_says_how_it_is_used(tmp_path):
    circles()[0].to_numpy_source(tmp_path / "net.py")
    ran = subprocess.run(
        [sys.executable, "net.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "python net.py rows.csv > outputs.csv" in ran.stderr


def test_it_needs_numpy_and_the_standard_library_only():
    for make in (circles, images):
        tree = ast.parse(make()[0].to_numpy_source())
        names = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
            for alias in node.names
        }  # fmt: skip
        assert names - {"base64"} == {"sys", "numpy"}
        assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))


def test_small_arrays_can_be_read_and_large_ones_are_packed():
    source = circles()[0].to_numpy_source()
    assert "base64" not in source and "W2 = np.array(" in source
    source = images()[0].to_numpy_source()
    assert "W1 = unpacked(" in source and "b1 = np.array(" in source
    assert "W2 = np.array(" in source
    assert max(map(len, source.splitlines())) <= 96


def test_all_numbers_come_back_to_the_bit():
    """Also those whose shortest float32 digits are not their double's, and 0 with its sign."""
    numbers = RNG.integers(0, 2**32, 900, dtype=np.uint32).view(np.float32)
    numbers = np.where(np.isfinite(numbers), numbers, np.float32(-0.0)).astype(np.float32)
    numbers[:3] = 1e-45, -0.0, np.finfo(np.float32).max
    model = nn.Sequential([nn.Input((900,)), nn.layers.Dense(1, use_bias=False)])
    model.set_weights([numbers[:, None]])
    names = {"__name__": "predictor"}
    source = model.to_numpy_source()
    assert "W1 = np.array(" in source
    exec(source, names)
    assert names["W1"].tobytes() == numbers.tobytes()


def test_weights_that_are_not_finite_are_kept_too():
    model = nn.Sequential([nn.Input((2,)), nn.layers.Dense(1)])
    for array, values in zip(
        model.layers[0].params.values(), ([[np.nan], [np.inf]], [1.0]), strict=True
    ):
        array[...] = values
    names = {"__name__": "predictor"}
    exec(model.to_numpy_source(), names)
    np.testing.assert_array_equal(names["W1"], [[np.nan], [np.inf]])


def test_what_numpy_is_told_to_print_changes_nothing():
    model, _ = circles()
    with np.printoptions(precision=2, threshold=3, suppress=True, sign="+"):
        printed = model.to_numpy_source()
    assert printed == model.to_numpy_source()


def test_rows_of_another_shape_are_refused_and_one_feature_may_be_a_list():
    predict = predictor(images()[0].to_numpy_source())
    with pytest.raises(ValueError, match=r"shape \(28, 28\), got an array of shape \(3, 784"):
        predict(np.zeros((3, 784)))
    model = nn.Sequential([nn.Input((1,)), nn.layers.Dense(2, "tanh")], seed=1)
    expected = model.predict([0.5, -1], verbose=0)
    np.testing.assert_array_equal(predictor(model.to_numpy_source())([0.5, -1]), expected)


def test_names_cannot_become_code():
    evil = '"""\nimport os; os.abort() #\\'
    model = nn.Sequential([nn.Input((2,)), nn.layers.Dense(1, name=evil)], evil, seed=1)
    source = model.to_numpy_source()
    assert "abort()" not in source
    x = RNG.normal(size=(4, 2))
    np.testing.assert_array_equal(predictor(source)(x), model.predict(x, verbose=0))


class Scale(nn.layers.Layer):
    def forward(self, x, *, training=False):
        return 2 * x, None

    def backward(self, dy, cache):
        return 2 * dy, {}


BENT = nn.activations.ActivationFunction("bent", lambda z: z, lambda dy, y: dy)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Scale(name="s"), "layer 's' is of your own class Scale, and a NumPy file can only be"),
        (nn.layers.Dense(2, BENT, name="d"), "layer 'd' has an activation of your own, 'b"),
    ],
)
def test_code_of_the_users_own_is_refused_and_nothing_is_written(layer, words, tmp_path):
    model = nn.Sequential([nn.Input((3,)), layer], seed=1)
    with pytest.raises(ValueError, match=re.escape(words)):
        model.to_numpy_source(tmp_path / "net.py")
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_not_ready_is_refused():
    with pytest.raises(ValueError, match="does not know its input's shape yet"):
        nn.Sequential([nn.layers.Dense(1)]).to_numpy_source()
