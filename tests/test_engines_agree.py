"""The two engines make the same step from the same state, and in float64 the same training.

Lockstep: before each step the fused model is given the eager model's state, and after it the
two are compared. What is allowed is said in ``assert_same_step``, relative to the largest
weight: a sum that is added up in another order differs in its last bits, and no more.
"""

import copy
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnscratch as nn
from nnscratch.engines import eager, fused, plan
from nnscratch.layers import Activation, Dense, Dropout, Flatten, Input, Rescaling
from nnscratch.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from nnscratch.models import arguments
from nnscratch.optimizers import SGD, Adam, RMSprop

ACTIVATIONS = ["linear", "relu", "leaky_relu", "sigmoid", "tanh", "softmax"]
LOSSES = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "bce": BinaryCrossentropy,
    "bce smooth": lambda **o: BinaryCrossentropy(label_smoothing=0.2, **o),
    "bce logits": lambda **o: BinaryCrossentropy(from_logits=True, **o),
    "bce logits smooth": lambda **o: BinaryCrossentropy(True, 0.1, **o),
    "cce": CategoricalCrossentropy,
    "cce smooth": lambda **o: CategoricalCrossentropy(label_smoothing=0.2, **o),
    "cce logits": lambda **o: CategoricalCrossentropy(from_logits=True, **o),
    "cce logits smooth": lambda **o: CategoricalCrossentropy(True, 0.1, **o),
    "scce": SparseCategoricalCrossentropy,
    "scce logits": lambda **o: SparseCategoricalCrossentropy(from_logits=True, **o),
}
OPTIMIZERS = {
    "sgd": lambda: SGD(0.01),
    "momentum": lambda: SGD(0.01, momentum=0.9),
    "nesterov": lambda: SGD(0.01, momentum=0.8, nesterov=True),
    "adam": lambda: Adam(1e-3),
    "adam of other constants": lambda: Adam(1e-3, beta_1=0.5, beta_2=0.9, epsilon=1e-5),
    "adam at a high rate": lambda: Adam(0.02),
    "rmsprop": lambda: RMSprop(1e-3),
    "rmsprop with momentum": lambda: RMSprop(1e-3, rho=0.8, momentum=0.7),
    "rmsprop centered": lambda: RMSprop(1e-3, centered=True, epsilon=1e-4),
    "rmsprop in full": lambda: RMSprop(1e-3, 0.8, 0.5, 1e-5, True),
    "clipped sgd": lambda: SGD(0.01, clipvalue=0.02),
    "clipped nesterov": lambda: SGD(0.01, momentum=0.9, nesterov=True, clipvalue=0.02),
    "clipped adam": lambda: Adam(1e-3, clipvalue=0.02),
    "clipped rmsprop": lambda: RMSprop(1e-3, clipvalue=0.02),
    "scheduled sgd": lambda: SGD(nn.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5)),
    "scheduled adam": lambda: Adam(
        nn.optimizers.schedules.CosineDecay(1e-3, 3, warmup_target=2e-3, warmup_steps=2)
    ),
}
FLOAT_TYPES = ["float32", "float64"]

# Each pair of a loss and an optimizer is a kernel of its own. So every loss is tried with Adam,
# and every optimizer with one loss: neither knows anything of the other. All pairs, behind all
# activations, are one thorough test.
PAIRS = [(loss, "adam") for loss in ("mse", "bce", "bce logits smooth", "cce smooth")]
PAIRS += [("scce", optimizer) for optimizer in OPTIMIZERS]


@pytest.fixture(params=FLOAT_TYPES)
def dtype(request):
    return request.param


@pytest.fixture(params=["narrow", "wide"])
def loop(request, monkeypatch):
    """Which of the two training loops nets of Dense layers go through; both are held."""
    monkeypatch.setattr(plan, "NARROW_PARAMETERS", 10**9 if request.param == "narrow" else 0)
    return request.param


# ---- two models in step ----------------------------------------------------------------------


class Problem(NamedTuple):
    """Rows and targets, as a user would hand them to ``fit``."""

    x: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None = None
    class_weight: dict | None = None


def targets(loss, rows, outputs, random):
    kind = LOSSES[loss]().targets
    if kind == "classes":
        return random.integers(0, outputs, rows)
    if kind == "one-hot rows":
        return np.eye(outputs)[random.integers(0, outputs, rows)]
    if kind == "probabilities":
        return random.integers(0, 2, (rows, outputs))
    return random.normal(size=(rows, outputs))


def problem(loss, *, rows=11, row=(5,), outputs=3, seed=0, **weights):
    random = np.random.default_rng(seed)
    return Problem(
        random.normal(size=(rows, *row)), targets(loss, rows, outputs, random), **weights
    )


def compiled(stack, loss, optimizer, *, dtype, row, metrics=("accuracy", "mae"), **options):
    """A model of copies of these layers, with weights and biases that are none of them 0."""
    model = nn.Sequential([Input(row), *copy.deepcopy(stack)], seed=7, dtype=dtype)
    random = np.random.default_rng(8)
    for layer in model.layers:
        for array in layer.params.values():
            array[...] = random.normal(scale=len(array) ** -0.5, size=array.shape)
    last = [layer for layer in model.layers if layer.params][-1]
    # The clipped losses see outputs inside (0, 1), where they have a gradient, and some well
    # outside. None is so near to an end that its logarithm makes much of the last bit.
    last.params["W"] *= 0.1
    if "b" in last.params:
        last.params["b"][...] = np.resize([0.4, 1.3, -0.3], last.units)
    model.compile(OPTIMIZERS[optimizer](), loss, metrics=list(metrics), **options)
    return model


def hand_on(source, target):
    """Put ``target`` into the state of ``source``."""
    target.parameters[...] = source.parameters
    target.optimizer.iterations = source.optimizer.iterations
    target.optimizer.state = {n: a.copy() for n, a in source.optimizer.state.items()}
    for ours, theirs in zip(source.layers, target.layers, strict=True):
        if hasattr(ours, "calls"):
            theirs.calls = ours.calls


def assert_same_step(ours, theirs):
    """The fused model ``ours`` after a step, beside the eager one; the tolerances are fixed."""
    rate = theirs.optimizer.learning_rate
    error = np.abs(ours.parameters - theirs.parameters) / np.abs(theirs.parameters).max()
    assert np.isfinite(theirs.parameters).all()
    if theirs.dtype == np.float64:
        assert error.max() <= 1e-13 * max(1, rate / 1e-2)
    else:
        usual = 1e-6 if isinstance(theirs.optimizer, RMSprop) else 2e-7
        assert (error <= usual).mean() >= 0.99
        assert error.max() <= 5e-6 * max(1, rate / 1e-3)
    assert_same_state(ours, theirs)


def assert_same_state(ours, theirs):
    assert ours.optimizer.iterations == theirs.optimizer.iterations
    assert [getattr(layer, "calls", 0) for layer in ours.layers] == [
        getattr(layer, "calls", 0) for layer in theirs.layers
    ]
    assert ours.optimizer.state.keys() == theirs.optimizer.state.keys()
    tolerance = 1e-13 if theirs.dtype == np.float64 else 5e-6
    for name, state in theirs.optimizer.state.items():
        largest = np.abs(state).max()
        if name == "velocity" and isinstance(theirs.optimizer, RMSprop):
            # RMSprop divides a gradient by its own size, so the rounding of a tiny one is as
            # large as a step. It is judged where it goes: beside the weights, as these are.
            largest = np.abs(theirs.parameters).max()
        np.testing.assert_allclose(
            ours.optimizer.state[name], state, rtol=0, atol=tolerance * max(largest, 1e-6)
        )


def assert_same_sums(ours, theirs, dtype):
    tolerance = 1e-13 if dtype == np.float64 else 2e-6
    for name, value in theirs.results().items():
        near = pytest.approx(value, rel=tolerance, abs=tolerance)
        assert ours.results()[name] == near, name


def assert_number_format(model, sums):
    arrays = [model.parameters, *model.optimizer.state.values()]
    arrays += [array for layer in model.layers for array in layer.params.values()]
    found = (sums.loss, *sums.metrics)
    means = [each for each in found if isinstance(each, nn.metrics.base.RunningMean)]
    arrays += [part for mean in means for part in (mean.total, mean.count)]
    assert {array.dtype for array in arrays} == {model.dtype}


def lockstep(stack, loss, optimizer, given, *, dtype, batch_size=4, metrics=None, steps=4):
    """Train both engines, step by step from the same state, and compare them after each."""
    if metrics is None:
        metrics = ["accuracy"] if loss.targets == "classes" else ["accuracy", "mae"]
    options = {"dtype": dtype, "row": given.x.shape[1:], "metrics": metrics}
    theirs = compiled(stack, loss, optimizer, run_eagerly=True, **options)
    ours = compiled(stack, copy.deepcopy(loss), optimizer, **options)
    assert (ours.engine, theirs.engine) == ("fused", "eager: run_eagerly=True")
    rows = arguments.examples(ours, given.x, given.y, given.sample_weight)
    x, y, weight = arguments.weighted_by_class(ours, rows, given.class_weight)
    our_sums, their_sums = ours.new_sums(y), theirs.new_sums(y)
    order = np.random.default_rng(1).permutation(len(x))
    for start in range(0, min(len(x), steps * batch_size), batch_size):
        hand_on(theirs, ours)
        for engine, model, sums in ((eager, theirs, their_sums), (fused, ours, our_sums)):
            part = order[start : start + batch_size]
            with np.errstate(all="ignore"):
                engine.train_epoch(
                    model, x, y, part, batch_size=batch_size, sample_weight=weight, sums=sums
                )
            assert_number_format(model, sums)
        assert_same_step(ours, theirs)
    assert_same_sums(our_sums, their_sums, ours.dtype)
    hand_on(theirs, ours)
    compare_use(ours, theirs, x, y, weight, batch_size)


def compare_use(ours, theirs, x, y, weight, batch_size):
    """Predictions and scores of two models in the same state."""
    tolerance = 1e-13 if ours.dtype == np.float64 else 5e-6
    with np.errstate(all="ignore"):
        expected = eager.predict(theirs, x, batch_size=batch_size)
        predicted = fused.predict(ours, x, batch_size=batch_size)
        assert (predicted.dtype, predicted.shape) == (expected.dtype, expected.shape)
        largest = max(1, np.abs(expected).max())
        np.testing.assert_allclose(predicted, expected, rtol=0, atol=tolerance * largest)
        our_sums, their_sums = ours.new_sums(y), theirs.new_sums(y)
        options = {"batch_size": batch_size, "sample_weight": weight}
        eager.evaluate(theirs, x, y, sums=their_sums, **options)
        fused.evaluate(ours, x, y, sums=our_sums, **options)
    assert_number_format(ours, our_sums)
    assert_same_sums(our_sums, their_sums, ours.dtype)


# ---- each part of a net ----------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("use_bias", [True, False])
def test_every_activation_in_hidden_layers(activation, use_bias, loop, dtype):
    stack = [
        Dense(22, activation, use_bias=use_bias),
        Dense(20, activation),
        Dense(3, "softmax"),
    ]
    lockstep(stack, LOSSES["scce"](), "adam", problem("scce"), dtype=dtype)


@pytest.mark.parametrize("last", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_behind_every_last_activation(loss, last, loop, dtype):
    stack = [Dense(20, "tanh"), Dense(3, last)]
    lockstep(stack, LOSSES[loss](), "adam", problem(loss), dtype=dtype)


@pytest.mark.parametrize("loss", ["mse", "mae", "bce", "bce smooth", "bce logits"])
@pytest.mark.parametrize("last", ["linear", "sigmoid"])
def test_every_loss_of_a_net_of_one_output(loss, last, loop, dtype):
    given = problem(loss, outputs=1)
    lockstep([Dense(20, "relu"), Dense(1, last)], LOSSES[loss](), "adam", given, dtype=dtype)


@pytest.mark.thorough
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam", "rmsprop in full"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_with_every_rule_and_every_activation(loss, optimizer, loop, dtype):
    for hidden in ACTIVATIONS:
        for last in ACTIVATIONS:
            stack = [Dense(20, hidden), Dense(3, last)]
            lockstep(stack, LOSSES[loss](), optimizer, problem(loss), dtype=dtype, steps=2)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("use_bias", [True, False])
def test_every_optimizer(optimizer, use_bias, loop, dtype):
    stack = [Dense(21, "relu", use_bias=use_bias), Dense(3, "softmax", use_bias=use_bias)]
    lockstep(stack, LOSSES["scce"](), optimizer, problem("scce", rows=19), dtype=dtype, steps=5)


WEIGHTS = {
    "no weights": {},
    "sample weights": {"sample_weight": np.arange(11) / 4},
    "a batch of zeros": {"sample_weight": np.zeros(11)},
    "class weights": {"class_weight": {0: 0.5, 1: 2.0, 2: 0.0}},
}


@pytest.mark.parametrize("reduction", [None, "sum_over_batch_size", "mean", "sum",
                                       "mean_with_sample_weight"])  # fmt: skip
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("loss", ["scce", "cce smooth", "mse", "bce", "bce smooth", "mae"])
def test_every_reduction_with_every_kind_of_weights(loss, weights, reduction, loop, dtype):
    options = WEIGHTS[weights]
    if "class_weight" in options and loss not in ("scce", "cce smooth"):
        options = {"class_weight": {0: 0.5, 1: 2.0}}
    outputs = 3 if loss in ("scce", "cce smooth") else 1
    last = "softmax" if outputs == 3 else "sigmoid"
    given = problem("bce" if loss in ("mse", "mae") else loss, outputs=outputs, **options)
    made = LOSSES[loss](reduction=reduction)
    lockstep([Dense(19, "relu"), Dense(outputs, last)], made, "adam", given, dtype=dtype)


STACKS = {  # what each stack is for: (layers, shape of a row)
    "dropout of the input": ([Dropout(0.3, seed=5), Dense(20, "relu"), Dense(3)], (5,)),
    "dropout between": ([Dense(21, "relu"), Dropout(0.5, seed=6), Dense(3)], (5,)),
    "dropout twice": ([Dense(21), Dropout(0.2, seed=1), Dropout(0.4, seed=2), Dense(3)], (5,)),
    "dropout of nothing": ([Dense(21), Dropout(0), Dense(3)], (5,)),
    "dropout at the end": ([Dense(3), Dropout(0.4, seed=9)], (5,)),
    "dropout of a large seed": ([Dense(21), Dropout(0.4, seed=2**40 + 3), Dense(3)], (5,)),
    "dropout of a negative seed": ([Dense(21), Dropout(0.4, seed=-7), Dense(3)], (5,)),
    "dropout of images": ([Dropout(0.4, seed=2), Flatten(), Dense(3)], (3, 5)),
    "rescaling first": ([Rescaling(1 / 3, 0.1), Dense(20, "tanh"), Dense(3)], (5,)),
    "rescaling twice": ([Rescaling(1 / 3, 0.1), Rescaling(2.0), Dense(6), Dense(3)], (5,)),
    "rescaling in the middle": ([Dense(20, "tanh"), Rescaling(0.3, -0.1), Dense(3)], (5,)),
    "rescaling at the end": ([Dense(3, "tanh"), Rescaling(0.3, -0.1)], (5,)),
    "flatten, rescaling": ([Flatten(), Rescaling(0.3), Dense(3)], (2, 3)),
    "rescaling, flatten": ([Rescaling(0.3), Flatten(), Dense(3)], (2, 3)),
    "three axes": ([Flatten(), Dense(4, "tanh"), Dense(3)], (2, 3, 2)),
    "activation of the input": ([Activation("tanh"), Dense(4), Dense(3)], (5,)),
    "activation of images": ([Activation("relu"), Flatten(), Dense(3)], (2, 3)),
    "softmax of the input": ([Activation("softmax"), Dense(4), Dense(3)], (5,)),
    "a softmax between": ([Dense(21), Activation("softmax"), Dense(3)], (5,)),
    "activations in a row": (
        [Dense(21, "tanh"), Activation("sigmoid"), Activation("leaky_relu"), Dense(3)], (5,)
    ),
    "one weight": ([Dense(3)], (1,)),
    "layers of one unit": ([Dense(1, "tanh"), Dense(1), Dense(3)], (1,)),
    "everything": (
        [Rescaling(0.5), Dropout(0.1, seed=1), Flatten(), Dense(17, "relu", use_bias=False),
         Rescaling(0.7, 0.1), Dense(21), Activation("softmax"), Dropout(0.2, seed=2),
         Dense(19, "tanh"), Activation("leaky_relu"), Dense(3)], (2, 3)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STACKS)
def test_every_layer_in_every_place(name, dtype):
    stack, row = STACKS[name]
    lockstep(stack, LOSSES["mse"](), "adam", problem("mse", row=row), dtype=dtype)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_beside_layers_without_weights(optimizer, dtype):
    stack = [Dropout(0.2, seed=1), Dense(20, "softmax"), Rescaling(3.0), Dense(3, "softmax")]
    lockstep(stack, LOSSES["scce"](), optimizer, problem("scce", rows=19), dtype=dtype)


@pytest.mark.parametrize("last", ACTIVATIONS)
@pytest.mark.parametrize("loss", ["mse", "bce", "cce smooth", "scce"])
def test_a_last_activation_that_is_a_layer_of_its_own(loss, last, dtype):
    stack = [Dense(20, "tanh"), Dense(3), Activation(last)]
    lockstep(stack, LOSSES[loss](), "adam", problem(loss), dtype=dtype)


# ---- batches and widths ----------------------------------------------------------------------


@pytest.mark.parametrize("rows, batch_size", [(1, 1), (3, 1), (7, 2), (9, 4), (10, 5), (17, 16),
                                              (30, 16), (35, 32), (5, 100)])  # fmt: skip
@pytest.mark.parametrize("dropout", [False, True])
def test_every_size_of_batch_and_of_its_last_one(rows, batch_size, dropout, loop, dtype):
    stack = [Dense(20, "relu"), *([Dropout(0.4, seed=3)] * dropout), Dense(3, "softmax")]
    given = problem("scce", rows=rows)
    lockstep(stack, LOSSES["scce"](), "adam", given, dtype=dtype, batch_size=batch_size)


@pytest.mark.parametrize("widths", [(1, 2), (3, 5), (15, 16), (17, 33), (4, 128), (127, 129),
                                    (128, 64), (256, 3)])  # fmt: skip
def test_every_kind_of_width(widths, loop, dtype):
    inputs, hidden = widths
    stack = [Dense(hidden, "tanh"), Dense(4, "relu"), Dense(3, "softmax")]
    given = problem("scce", row=(inputs,), rows=10)
    lockstep(stack, LOSSES["scce"](), "adam", given, dtype=dtype, steps=2)


@pytest.mark.parametrize("first, brightest", [([], 3), ([Rescaling(1 / 255)], 255),
                                              ([Rescaling(1 / 127.5, -1)], 255)])  # fmt: skip
def test_pixels_train_as_they_come(first, brightest, loop, dtype):
    x = np.random.default_rng(3).integers(0, brightest, (11, 3, 4), np.uint8, endpoint=True)
    given = problem("scce")._replace(x=x)
    stack = [*first, Flatten(), Dense(19, "tanh"), Dense(3, "softmax")]
    lockstep(stack, LOSSES["scce"](), "adam", given, dtype=dtype)


@pytest.mark.parametrize(
    "metrics",
    [[], ["mse"], ["mae", "accuracy", "mse"], ["binary_accuracy", "accuracy"],
     [nn.metrics.Precision(), nn.metrics.F1Score("macro")],
     [nn.metrics.BinaryAccuracy(threshold=0.3), lambda y, p: np.abs(y - p).max(axis=-1)]],
    ids=["none", "one", "three", "two accuracies", "counts", "own"],
)  # fmt: skip
@pytest.mark.parametrize(
    "loss, last", [("bce", "sigmoid"), ("mse", "tanh"), ("cce", "softmax")]
)
def test_metrics_are_the_same(loss, last, metrics, loop, dtype):
    stack = [Dense(19, "tanh"), Dense(3, last)]
    given = problem(loss)
    lockstep(stack, LOSSES[loss](), "adam", given, dtype=dtype, metrics=metrics)


def test_a_threshold_is_looked_at_in_the_models_number_format(loop):
    """In float32 an output of 0.3 is not above 0.3, though it is above the float64 number."""
    stack = [Input((1,)), Dense(1, use_bias=False, kernel_initializer="ones")]
    model = nn.Sequential(stack)
    model.compile("sgd", "mse", metrics=[nn.metrics.BinaryAccuracy(threshold=0.3)])
    x, y = np.array([[0.3]], "float32"), np.array([[0.0]], "float32")
    for engine in (eager, fused):
        sums = model.new_sums(y)
        engine.evaluate(model, x, y, batch_size=1, sums=sums)
        assert sums.metrics[0].result() == 1.0


# ---- nets that nobody thought of ------------------------------------------------------------


@st.composite
def nets(draw):
    """Layers that end in 3 outputs, and a loss and an optimizer for them."""
    stack = []
    for number in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["dense", "dense", "dropout", "rescaling", "activation"]))
        activation = draw(st.sampled_from(ACTIVATIONS))
        stack.append({
            "dense": lambda a=activation: Dense(draw(st.integers(2, 40)), a,
                                                use_bias=draw(st.booleans())),
            "dropout": lambda n=number: Dropout(draw(st.sampled_from([0, 0.2, 0.5])), seed=n),
            "rescaling": lambda: Rescaling(draw(st.sampled_from([0.5, -1.25])), 0.1),
            "activation": lambda a=activation: Activation(a),
        }[kind]())  # fmt: skip
    loss, optimizer = draw(st.sampled_from(PAIRS))
    last = {"cce smooth": "softmax", "scce": "softmax", "bce": "sigmoid"}.get(loss)
    return [*stack, Dense(3, last, use_bias=draw(st.booleans()))], loss, optimizer


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    nets(),
    st.integers(2, 40),
    st.integers(1, 20),
    st.integers(1, 20),
    st.sampled_from(FLOAT_TYPES),
)
def test_any_net_on_any_batches(net, inputs, rows, batch_size, dtype):
    stack, loss, optimizer = net
    given_rows = problem(loss, row=(inputs,), rows=rows, seed=inputs)
    lockstep(stack, LOSSES[loss](), optimizer, given_rows, dtype=dtype, batch_size=batch_size)


# ---- whole trainings in float64 --------------------------------------------------------------


def trained(make, x, y, *, eagerly, epochs, **options):
    nn.utils.set_random_seed(42)
    model = make()
    model.run_eagerly = eagerly
    history = model.fit(x, y, epochs=epochs, verbose=0, **options).history
    return model, history


def assert_same_training(make, x, y, **options):
    ours, history = trained(make, x, y, eagerly=False, **options)
    _, expected = trained(make, x, y, eagerly=True, **options)
    assert ours.engine == "fused"
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-12, err_msg=name)
    return history


@pytest.mark.parametrize("widths, optimizer, epochs", [
    ((10, 5), lambda: Adam(1e-3), 25),
    ((10, 5), lambda: Adam(0.01), 25),
    ((4, 4), lambda: Adam(0.02), 20),
    ((4,), lambda: SGD(0.1, momentum=0.9, nesterov=True), 20),
    ((10, 5), lambda: RMSprop(0.01), 20),
    ((64, 32), lambda: Adam(1e-3), 10),
])  # fmt: skip
def test_a_whole_training_on_circles_has_the_same_history(widths, optimizer, epochs):
    def make():
        hidden = [Dense(width, "relu") for width in widths]
        model = nn.Sequential([*hidden, Dense(1, "sigmoid")], dtype="float64")
        model.compile(optimizer(), "binary_crossentropy", metrics=["accuracy"])
        return model

    x, y = nn.datasets.circles()
    history = assert_same_training(make, x, y, epochs=epochs, validation_split=0.2)
    assert history["loss"][-1] < history["loss"][0]


def test_a_whole_training_on_clothes_has_the_same_history():
    def make():
        stack = [Flatten(), Dense(100, "relu"), Dropout(0.1), Dense(50, "relu")]
        model = nn.Sequential(
            [Rescaling(1 / 255), *stack, Dense(10, "softmax")], dtype="float64"
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    (x, y), test = nn.datasets.fashion_mnist.load_data(subset="small")
    part = x[:1000], y[:1000]
    history = assert_same_training(make, *part, epochs=3, validation_data=test)
    assert history["accuracy"][-1] > 0.6
