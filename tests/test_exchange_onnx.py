"""ONNX files: what onnxruntime makes of them, held beside the model that wrote them."""

import re
import sys
from functools import partial

import numpy as np
import pytest

import nnscratch as nn

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(8)
DTYPES = ["float32", "float64"]
ALLOWED = {"float32": 1e-6, "float64": 1e-14}
ACTIVATIONS = ["linear", "relu", "leaky_relu", "sigmoid", "softmax", "tanh"]


def run(path, x):
    """What onnxruntime predicts, after the checker of onnx has passed the file."""
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["y"], {"x": x})[0]


def assert_same(model, x, path, **options):
    """Write the model, run the file on x, and compare; returns what the file gives."""
    model.to_onnx(path, **options)
    found, expected = run(path, x), model.predict(x, verbose=0)
    assert found.dtype == expected.dtype == model.dtype
    np.testing.assert_allclose(found, expected, rtol=0, atol=ALLOWED[model.dtype.name])
    return found


def with_random_biases(model):
    """The model with no array of zeros in it."""
    model.set_weights([RNG.uniform(-1, 1, array.shape) for array in model.get_weights()])
    return model


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense_layers_with_each_activation_give_the_same_numbers(
    activation, dtype, use_bias, tmp_path
):
    layers = [
        nn.Input((3,)),
        nn.layers.Dense(5, activation, use_bias),
        nn.layers.Dense(4, activation, use_bias),
    ]
    model = with_random_biases(nn.Sequential(layers, seed=1, dtype=dtype))
    x = RNG.normal(size=(50, 3)).astype(dtype)
    assert_same(model, x, tmp_path / "model.onnx")


OTHERS = {
    "dropout": lambda: nn.layers.Dropout(0.5),
    "flatten": nn.layers.Flatten,
    "rescaling": lambda: nn.layers.Rescaling(1 / 3, -0.1),
}
OTHERS |= {f: partial(nn.layers.Activation, f) for f in ACTIVATIONS}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("which", OTHERS)
def test_each_other_layer_gives_the_same_numbers_also_over_several_axes(which, dtype, tmp_path):
    model = nn.Sequential([nn.Input((3, 4)), OTHERS[which]()], seed=1, dtype=dtype)
    x = RNG.normal(size=(20, 3, 4)).astype(dtype)
    assert_same(model, x, tmp_path / "model.onnx")


def classifier(dtype):
    layers = [
        nn.Input((4, 3)),
        nn.layers.Rescaling(1 / 255, -0.5),
        nn.layers.Flatten(),
        nn.layers.Dense(8, "relu"),
        nn.layers.Dropout(0.2),
        nn.layers.Dense(5, "softmax"),
    ]
    return with_random_biases(nn.Sequential(layers, "images", seed=1, dtype=dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_pixels_can_be_handed_in_as_bytes(dtype, tmp_path):
    x = RNG.integers(0, 256, (30, 4, 3), dtype=np.uint8)
    p = assert_same(classifier(dtype), x, tmp_path / "model.onnx", input_dtype="uint8")
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)


def test_extreme_logits_overflow_as_little_as_here(tmp_path):
    for activation in ("sigmoid", "softmax", "tanh"):
        layer = nn.layers.Dense(2, activation, kernel_initializer="ones")
        model = nn.Sequential([nn.Input((1,)), layer])
        model.set_weights([[[1.0, -1.0]], [0.0, 0.0]])
        x = np.array([[1000.0], [-1000.0], [88.0]], "float32")
        assert_same(model, x, tmp_path / "model.onnx")


def test_any_number_of_rows_goes_in(tmp_path):
    classifier("float32").to_onnx(tmp_path / "model.onnx")
    for rows in (1, 7):
        x = RNG.uniform(0, 255, (rows, 4, 3)).astype("float32")
        assert run(tmp_path / "model.onnx", x).shape == (rows, 5)


def test_the_file_says_what_it_is(tmp_path):
    classifier("float64").to_onnx(str(tmp_path / "new folder" / "model.onnx"))
    proto = onnx.load(tmp_path / "new folder" / "model.onnx")
    assert [(each.domain, each.version) for each in proto.opset_import] == [("", 13)]
    assert (proto.producer_name, proto.producer_version) == ("nnscratch", nn.__version__)
    assert proto.graph.name == "images"
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    (x,), (y,) = session.get_inputs(), session.get_outputs()
    assert (x.name, x.type, x.shape) == ("x", "tensor(double)", ["rows", 4, 3])
    assert (y.name, y.type, y.shape) == ("y", "tensor(double)", ["rows", 5])
    kinds = [node.op_type for node in proto.graph.node]
    assert kinds == ["Mul", "Add", "Flatten", "Gemm", "Relu", "Identity", "Gemm", "Softmax"]


# ---- What is refused -------------------------------------------------------------------------


class Scale(nn.layers.Layer):
    def forward(self, x, *, training=False):
        return 2 * x, None

    def backward(self, dy, cache):
        return 2 * dy, {}


BENT = nn.activations.ActivationFunction("relu", lambda z: z, lambda dy, y: dy)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (
            Scale(name="s"),
            "layer 's' is of your own class Scale, and an ONNX file can only be given"
            " nnscratch's own: Activation, Dense, Dropout, Flatten, Rescaling",
        ),
        (
            nn.layers.Dense(2, BENT, name="d"),
            "layer 'd' has an activation of your own, 'relu', and an ONNX file can only",
        ),
    ],
)
def test_code_of_the_users_own_is_refused_and_nothing_is_written(layer, words, tmp_path):
    model = nn.Sequential([nn.Input((3,)), layer], seed=1)
    with pytest.raises(ValueError, match=re.escape(words)):
        model.to_onnx(tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_not_ready_and_an_unknown_input_are_refused(tmp_path):
    with pytest.raises(ValueError, match="does not know its input's shape yet"):
        nn.Sequential([nn.layers.Dense(1)]).to_onnx(tmp_path / "model.onnx")
    with pytest.raises(ValueError, match=r"input_dtype 'uint7'\. Did you mean 'uint8'\?"):
        classifier("float32").to_onnx(tmp_path / "model.onnx", input_dtype="uint7")


def test_without_onnx_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r"to_onnx needs the package onnx: pip inst"):
        classifier("float32").to_onnx(tmp_path / "model.onnx")


def test_a_file_that_is_there_stays_whole_when_a_write_fails(monkeypatch, tmp_path):
    path = tmp_path / "model.onnx"
    classifier("float32").to_onnx(path)
    before = path.read_bytes()

    def fail(descriptor):
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        classifier("float64").to_onnx(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
