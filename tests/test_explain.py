"""The page on a step: a reader with a calculator finds every number that is printed on it."""

import html.parser
import io
import math
import re

import numpy as np
import pytest

import nnscratch as nn
from nnscratch import layers, losses, ops, optimizers
from nnscratch.explain import expressions
from nnscratch.explain.expressions import exactly, exp, given, number, products, settle

FUNCTIONS = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh}
FUNCTIONS |= {"max": max, "abs": abs, "__builtins__": {}}
X = np.random.default_rng(0).normal(size=(4, 3))
LABELS = np.array([0, 1, 1, 0])


def worked(text):
    """Each worked equation on a printed page: (name, what stands before the result, result)."""
    blocks = []
    for line in text.splitlines():
        body = line.split("   (")[0]
        if found := re.match(r" {4}(\S.*?) = (.*)", body):
            blocks.append((found[1], [found[2]]))
        elif found := re.match(r" {5,}[=~] (.*)", body):
            blocks[-1][1].append(found[1])
        elif found := re.match(r" {5,}([-+] .*)", body):
            blocks[-1][1][-1] += " " + found[1]
    for name, parts in blocks:
        if len(parts) > 1 and is_number(parts[-1]):
            yield name, parts[-2], parts[-1]


def is_number(text):
    return re.fullmatch(r"-?\d[\d.]*(e[-+]\d+)?", text) is not None


def is_arithmetic(text):
    words = re.findall(r"[A-Za-z_][\w.]*", re.sub(r"\de[-+]\d", "0", text))
    return set(words) <= FUNCTIONS.keys()


def digits_of(result):
    """How many significant digits a printed number has."""
    return max(1, len(result.lstrip("-").split("e")[0].replace(".", "").lstrip("0")))


def calculated(text):
    return eval(text.replace("^", "**"), FUNCTIONS)


def assert_adds_up(text):
    """Each printed line of arithmetic gives its printed result; returns how many there are."""
    arithmetic = [each for each in worked(text) if is_arithmetic(each[1])]
    for name, before, result in arithmetic:
        value = calculated(before)
        rounded = float(f"{value:.{digits_of(result) - 1}e}")
        assert rounded == float(result), f"{name}: {before} = {value!r}, printed {result}"
    return len(arithmetic)


def results(text):
    """{name: [printed results]}."""
    found = {}
    for name, _, result in worked(text):
        found.setdefault(name, []).append(float(result))
    return found


def near(value, printed):
    """Whether a printed number is ``value`` rounded to four digits or more."""
    return printed == pytest.approx(float(value), rel=6e-4, abs=1e-300)


LOSSES = {
    "bce": (losses.BinaryCrossentropy, "sigmoid"),
    "bce smoothed": (lambda: losses.BinaryCrossentropy(label_smoothing=0.2), "sigmoid"),
    "bce clipped": (losses.BinaryCrossentropy, "tanh"),
    "bce logits": (lambda: losses.BinaryCrossentropy(from_logits=True), "linear"),
    "cce": (losses.CategoricalCrossentropy, "softmax"),
    "cce smoothed": (lambda: losses.CategoricalCrossentropy(label_smoothing=0.1), "softmax"),
    "cce clipped": (losses.CategoricalCrossentropy, "sigmoid"),
    "scce": (losses.SparseCategoricalCrossentropy, "softmax"),
    "scce clipped": (losses.SparseCategoricalCrossentropy, "sigmoid"),
    "mse": (losses.MeanSquaredError, "linear"),
    "mae": (lambda: losses.MeanAbsoluteError(reduction="sum"), "softmax"),
}
OPTIMIZERS = [
    lambda: optimizers.SGD(0.1),
    lambda: optimizers.SGD(0.1, 0.9),
    lambda: optimizers.SGD(0.1, 0.9, True, clipvalue=0.01),
    optimizers.Adam,
    lambda: optimizers.RMSprop(0.01),
    lambda: optimizers.RMSprop(0.01, 0.8, 0.5, 1e-6, True),
]


def model_for(loss, hidden=("relu",), *, optimizer="sgd", dtype="float64", outputs=3):
    make, last = LOSSES[loss]
    stack = [layers.Dense(5, name, bias_initializer="ones") for name in hidden]
    stack = [layers.Input((3,)), *stack, layers.Dense(outputs, last, bias_initializer="ones")]
    model = nn.Sequential(stack, "net", seed=3, dtype=dtype)
    model.compile(optimizer, make())
    return model


def targets_for(loss, outputs=3):
    if LOSSES[loss][0]().targets == "classes":
        return LABELS
    return np.eye(outputs)[LABELS] if outputs > 1 else LABELS[:, None].astype(float)


def trace_of(loss="bce", **options):
    model = model_for(loss, **options)
    y = targets_for(loss, options.get("outputs", 3))
    model.train_on_batch(X, y)
    return model.trace(X, y)


@pytest.fixture(scope="module")
def circles():
    """The trace of a half-trained small net on circles, and its page."""
    x, y = nn.datasets.circles()
    stack = [layers.Dense(10, "relu"), layers.Dense(5, "relu"), layers.Dense(1, "sigmoid")]
    model = nn.Sequential(stack, "circles", seed=42, dtype="float64")
    model.compile(optimizers.Adam(0.01), "binary_crossentropy", run_eagerly=True)
    model.fit(x[:800], y[:800], epochs=5, verbose=0)
    trace = model.trace(x[2:8], y[2:8])
    return trace, str(nn.explain(trace))


# ---- every printed number --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", [("relu",), ("tanh", "leaky_relu", "softmax"), ()])
@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_printed_before_a_result_gives_that_result_to_its_last_digit(
    loss, hidden, dtype
):
    for make in OPTIMIZERS if loss == "mse" else OPTIMIZERS[3:4]:
        text = str(nn.explain(trace_of(loss, hidden=hidden, optimizer=make(), dtype=dtype)))
        assert assert_adds_up(text) >= 12 + 5 * len(hidden)
        assert "WRONG" not in text
        assert max(map(len, text.splitlines())) <= 96
        assert text.isascii()


def test_one_output_and_a_probability_as_target_are_worked_out_too():
    for target in (0.0, 1.0, 0.3):
        model = model_for("bce", outputs=1)
        text = str(nn.explain(model.trace(X, np.full((4, 1), target))))
        assert assert_adds_up(text) > 15
        assert any(name.startswith("losses[") for name, _, _ in worked(text))


def test_the_numbers_are_those_of_the_step(circles):
    trace, text = circles
    chapters = re.split(r"\n(?=[1-5]\. )", text)
    row = int(re.search(r"follows row (\d)", text)[1])
    for chapter in (chapters[1], chapters[3]):
        for section in re.split(r"\n(?=dense\S*: )", chapter)[1:]:
            seen = trace[section.split(":")[0]]
            of_layer = {"z": seen.z, "y": seen.y, "dz": seen.dz, "dx": seen.dx}
            of_layer |= {"dW": seen.gradients["W"], "db": seen.gradients["b"]}
            for name, (printed, *_) in results(section).items():
                if found := re.fullmatch(r"(\w+)\[(.*)\]", name):
                    index = tuple(map(int, found[2].split(",")))
                    assert near(of_layer[found[1]][index], printed), name
                    assert found[1] in ("dW", "db") or index[0] == row
    found = results(chapters[2])
    assert near(trace.losses[row], found[f"losses[{row}]"][0])
    assert near(trace.loss, found["L"][0])
    last = trace["dense_2"]
    index = tuple(map(int, re.search(r"The weight dense_2.W\[(.*)\], in", text)[1].split(",")))
    found = results(chapters[5])
    for name, array in (("m", last.new_slots["W"]["m"]), ("v", last.new_slots["W"]["v"])):
        assert near(array[index], found[name][0])
    assert near(last.updates["W"][index], found["update"][0])
    assert found["new w"][0] == pytest.approx(last.new_params["W"][index], rel=6e-6)


def test_beside_each_gradient_stands_the_slope_of_the_loss_itself(circles):
    """Found anew here by moving the weight and asking ``evaluate``."""
    trace, text = circles
    backward = re.split(r"\n(?=[1-5]\. )", text)[3]
    compared = 0
    for section in re.split(r"\n(?=dense\S*: )", backward)[1:]:
        layer = trace.model.get_layer(section.split(":")[0])
        names = [name for name, _, _ in worked(section)]
        values = [float(result) for _, _, result in worked(section)]
        for k, name in enumerate(names):
            if not (found := re.fullmatch(r"d([Wb])\[(.*)\]", name)):
                continue
            assert names[k + 1] == "numeric"
            array, index = layer.params[found[1]], tuple(map(int, found[2].split(",")))
            slope = central_difference(trace, array, index)
            assert near(slope, values[k + 1]) and near(slope, values[k])
            compared += 1
    assert compared == 6
    assert len(re.findall(r"\(relative error \de-1\d\)", backward)) == 6


def central_difference(trace, array, index, h=1e-5):
    before, found = array[index], []
    for value in (before + h, before - h):
        array[index] = value
        found.append(trace.model.evaluate(trace.x, trace.y, verbose=0))
    array[index] = before
    return (found[0] - found[1]) / (2 * h)


def test_the_loss_after_the_step_is_the_one_that_training_reaches(circles):
    trace, text = circles
    stack = [layers.Dense(seen.y.shape[1], seen.activation) for seen in trace.layers]
    model = nn.Sequential(stack, dtype="float64")
    model.build((None, 2))
    model.set_weights([a for seen in trace.layers for a in seen.new_params.values()])
    model.compile("sgd", "binary_crossentropy", run_eagerly=True)
    after = model.evaluate(trace.x, trace.y, verbose=0)
    _, before, result = next(each for each in worked(text) if each[0] == "change")
    assert before.split(" - ") == [number(after, 6), number(trace.loss, 6)]
    assert near(after - trace.loss, float(result))


# ---- what a learner asks ---------------------------------------------------------------------


def test_shapes_stand_beside_the_formulas_with_their_transposes(circles):
    _, text = circles
    for line in (
        r"z = x @ W \+ b +\(6, 10\) @ \(10, 5\) \+ \(5,\) -> \(6, 5\)",
        r"dW = x\.T @ dz +\(10, 6\) @ \(6, 5\) -> \(10, 5\), as W",
        r"db = sum of dz's rows +\(6, 5\) -> \(5,\), as b",
        r"dx = dz @ W\.T +\(6, 5\) @ \(5, 10\) -> \(6, 10\), as x",
    ):
        assert re.search(line, text), line


def test_the_batch_is_divided_by_once_and_the_page_says_where(circles):
    trace, text = circles
    assert len(trace.x) == 6
    backward = re.split(r"\n(?=[1-5]\. )", text)[3]
    divided = [name for name, before, _ in worked(backward) if before.endswith("/ 6")]
    assert [name[:2] for name in divided] == ["dz"]
    assert backward.index(divided[0]) < backward.index("dW[")
    assert "L is divided by B = 6, once." in text.replace("\n", " ")


def test_a_sum_over_the_batch_is_said_to_be_one():
    text = str(nn.explain(trace_of("mae"))).replace("\n", " ")
    assert "reduction='sum', so nothing is divided: a batch of 8 rows" in text
    assert "/ B" not in text.split("3. Backward")[1]


@pytest.mark.parametrize(("target", "factor"), [(1.0, "-1 / p"), (0.0, "1 / (1 - p)")])
def test_sigmoids_derivative_is_shown_to_cancel_in_numbers(target, factor):
    trace = model_for("bce", outputs=1).trace(X, np.full((4, 1), target))
    text = str(nn.explain(trace))
    assert "Where is sigmoid'? It has cancelled." in text
    assert f"dl/dp * sigmoid' = {factor} * p * (1 - p)" in text
    row = int(np.argmax(trace.losses))
    assert near(trace.predictions[row, 0] - target, results(text)["dl/dp * sigmoid'"][0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["bce", "scce", "cce"])
def test_a_sure_and_wrong_row_is_worked_out_from_its_logits(loss, dtype):
    """p of the right class rounds to 0 or 1, whose logarithm says nothing any more."""
    model = model_for(loss, (), dtype=dtype)
    model.set_weights([1e3 * np.eye(3), np.zeros(3)])
    trace = model.trace(
        np.eye(3)[[0, 1]], np.array([1, 1]) if loss == "scce" else np.eye(3)[[1, 1]]
    )
    text = str(nn.explain(trace))
    (before, result), *_ = [(b, r) for n, b, r in worked(text) if n == "losses[0]"]
    assert "where p has too few digits left" in text.replace("\n", " ")
    assert calculated(before) == pytest.approx(float(result), rel=1e-3)
    assert float(result) == pytest.approx(float(trace.losses[0]), rel=1e-3)
    assert float(trace.losses[0]) == pytest.approx(
        (1000 + 2 * math.log(2)) / 3 if loss == "bce" else 1000
    )
    if loss != "bce":
        assert "is taken off all: the quotient stays" in " ".join(text.split())


@pytest.mark.parametrize("loss", ["bce clipped", "mse", "bce logits"])
def test_nothing_is_said_to_cancel_where_loss_and_activation_are_apart(loss):
    text = str(nn.explain(trace_of(loss)))
    assert "cancelled" not in text
    assert re.search(r"dy\[\d, \d\] = ", text)


@pytest.mark.parametrize(
    ("target", "sign", "way"), [(0.0, "positive", "down"), (1.0, "negative", "up")]
)
def test_the_sign_of_the_first_gradient_is_put_in_words(target, sign, way):
    trace = model_for("bce", outputs=1).trace(X, np.full((4, 1), target))
    text = str(nn.explain(trace)).replace("\n", " ")
    assert f"is {sign}, so L would fall if" in text
    assert re.search(rf"would fall if z\[\d, 0\] went {way}", text)
    assert "It is p - t, not t - p" in text


def test_gradients_are_said_to_begin_at_zero_in_every_step(circles):
    assert "It begins at 0 in every step" in circles[1].replace("\n", " ")


def test_the_same_check_in_float32_is_worked_out_and_is_far_off(circles):
    _, text = circles
    single = calculated(next(before for name, before, _ in worked(text) if name == "float32"))
    numeric = results(text)["numeric"][0]
    share = float(re.search(r"\(([\d.e+-]+) % off\)", text)[1]) / 100
    assert share == pytest.approx(abs(single - numeric) / abs(numeric), rel=0.05)
    assert share > 1e-3  # gradcheck allows 1e-6
    assert "check is made in float64" in text.replace("\n", " ")


def test_adams_epsilon_has_its_place_and_pytorchs_differs_as_said(circles):
    trace, text = circles
    plain = text.replace("\n", " ")
    assert "(sqrt(v) + epsilon)" in text
    index = tuple(map(int, re.search(r"The weight dense_2.W\[(.*)\], in", text)[1].split(",")))
    m, v = (float(trace["dense_2"].new_slots["W"][slot][index]) for slot in "mv")
    t, beta_1, beta_2 = trace.step, 0.9, 0.999
    keras = 0.01 * math.sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (math.sqrt(v) + 1e-7)
    pytorch = 0.01 * m / (1 - beta_1**t) / (math.sqrt(v / (1 - beta_2**t)) + 1e-7)
    assert f"its new w would be {number(abs(keras - pytorch), 2)} away" in plain
    assert f"epsilon makes the step {number(100 * 1e-7 / (math.sqrt(v) + 1e-7), 2)} %" in plain


def test_a_weight_that_never_had_a_gradient_is_why_there_is_an_epsilon():
    model = model_for("mse", optimizer="adam")
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    trace = model.trace(X, targets_for("mse"))
    text = str(nn.explain(trace)).replace("\n", " ")
    assert "epsilon keeps 0 / 0 out" in text


@pytest.mark.parametrize(
    ("optimizer", "lines"),
    [
        (optimizers.SGD(0.1), ["w <- w - lr * g"]),
        (optimizers.SGD(0.1, 0.9), ["v <- mu v - lr * g", "w <- w + v"]),
        (optimizers.SGD(0.1, 0.9, True), ["w <- w + mu v - lr * g"]),
        (optimizers.RMSprop(), ["w <- w - lr * g / sqrt(v + epsilon)   epsilon stands inside"]),
        (optimizers.RMSprop(momentum=0.5, centered=True), ["sqrt(v - mean^2 + epsilon)"]),
        (optimizers.Adam(clipnorm=1e-3), ["tensor is scaled down to the length 0.001"]),
    ],
)
def test_each_optimizer_has_its_formula(optimizer, lines):
    text = str(nn.explain(trace_of("mse", optimizer=optimizer)))
    for line in lines:
        assert line in text


def test_a_weight_that_moves_with_its_gradient_is_explained_by_the_memory():
    model = model_for("mse", (), optimizer=optimizers.SGD(0.1, 0.9))
    y = targets_for("mse")
    for _ in range(5):
        model.train_on_batch(X, y)
    text = str(nn.explain(model.trace(X, -y)))
    assert "moves with this batch's gradient, not against it" in text


def test_a_leaky_unit_below_zero_is_worked_out_with_its_slope():
    model = model_for("mse", ("leaky_relu",))
    W, b, *others = model.get_weights()
    model.set_weights([W, b - 10, *others])
    trace = model.trace(X, targets_for("mse"))
    text = str(nn.explain(trace))
    assert (trace[0].z < 0).all()
    assert assert_adds_up(text) > 15
    slopes = [before for _, before, _ in worked(text) if "0.2" in before.split(" * ")]
    assert len(slopes) == 2  # on the way forward and back


def test_units_that_are_off_in_every_row_are_named():
    model = model_for("mse")
    W, b, *others = model.get_weights()
    b[[1, 3]] = -100
    model.set_weights([W, b, *others])
    text = str(nn.explain(model.trace(X, targets_for("mse")))).replace("\n", " ")
    assert "Off (y = 0) in every row of this batch: 2 of the 5 units (1, 3)." in text


# ---- it finds ... ----------------------------------------------------------------------------


class WrongSign(layers.Dense):
    """A Dense whose dW points the other way."""

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, grads | {"W": -grads["W"]}


def test_a_wrong_backward_is_named():
    model = nn.Sequential([layers.Input((3,)), WrongSign(3, "tanh")], seed=0, dtype="float64")
    model.compile("sgd", "mse")
    text = str(nn.explain(model.trace(X, targets_for("mse"))))
    assert re.search(r"wrong_sign\.W +WRONG +2e\+00", text)
    assert re.search(r"wrong_sign\.b +ok", text)
    assert "backward of wrong_sign.W is not the derivative" in text.replace("\n", " ")


def test_a_kink_is_said_to_mean_nothing():
    model = nn.Sequential([layers.Input((1,)), layers.Dense(1, "relu")], dtype="float64")
    model.compile("sgd", "mse")
    model.set_weights([[[0.0]], [0.0]])
    text = str(nn.explain(model.trace([[1.0]], [1.0]))).replace("\n", " ")
    assert "at a kink of a ReLU" in text
    assert "WRONG" not in text


def test_beside_a_kink_the_slope_is_taken_from_nearer():
    """z = 5e-6 lies within h = 1e-5 of ReLU's kink; dL/dW = 2 (z - 1), L = (z - 1)^2."""
    model = nn.Sequential([layers.Input((1,)), layers.Dense(1, "relu")], dtype="float64")
    model.compile("sgd", "mse")
    model.set_weights([[[5e-6]], [0.0]])
    text = str(nn.explain(model.trace([[1.0]], [1.0])))
    assert "as a kink or rounding is near" in text
    assert results(text)["numeric"][0] == pytest.approx(2 * (5e-6 - 1), rel=1e-3)
    assert "WRONG" not in text


def test_a_step_that_breaks_is_not_worked_out_but_its_first_bad_tensor_is_named():
    model = nn.Sequential(
        [layers.Input((1,)), layers.Dense(2), layers.Dense(1)], dtype="float32"
    )
    model.compile("sgd", "mse")
    model.set_weights([[[1e30, 1.0]], [0, 0], [[1e30], [1.0]], [0]])
    text = str(nn.explain(model.trace([[1.0], [0.0]], [0, 0]))).replace("\n", " ")
    assert "first in dense_1.z: 1 of its 2 numbers are NaN or infinite" in text
    assert "1. Forward" not in text


# ---- any model -------------------------------------------------------------------------------


class Doubled(layers.Layer):
    """y = 2 x s, a layer that the page has no formula for."""

    def build(self, input_shape):
        self.add_weight("s", input_shape[1:], "ones")

    def forward(self, x, *, training=False):
        return 2 * x * self.params["s"], x

    def backward(self, dy, x):
        return 2 * dy * self.params["s"], {"s": (2 * dy * x).sum(axis=0)}


class Cubes(losses.Loss):
    """The mean of |p - t|^3."""

    def values(self, y, p):
        return (np.abs(p - y) ** 3).mean(axis=-1)

    def gradient(self, y, p):
        return 3 * (p - y) * np.abs(p - y) / p.dtype.type(p.shape[-1])


class Signs(optimizers.Optimizer):
    """A step of one size, whatever the gradient."""

    def update(self, p, g, learning_rate):
        p -= learning_rate * np.sign(g)


def test_parts_of_the_users_own_are_shown_by_their_numbers():
    square = nn.activations.ActivationFunction("root", np.sqrt, lambda dy, y: dy / (2 * y))
    positive = layers.Dense(3, square, bias_initializer=nn.initializers.Constant(20))
    model = nn.Sequential([layers.Input((3,)), Doubled(), positive], seed=0, dtype="float64")
    model.compile(Signs(0.1), Cubes())
    trace = model.trace(X, targets_for("mse"))
    text = str(nn.explain(trace))
    assert "WRONG" not in text
    assert "y = Doubled.forward(x)" in text
    assert "dz = dy * root'(z)" in text
    assert re.search(r"ds\[\d\] = ", text)
    row = int(trace.losses.argmax())
    assert re.search(rf"losses\[{row}\] = {number(trace.losses[row])}", text)
    assert near(0.1, abs(results(text)["update"][0]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layers_without_weights_are_worked_out(dtype):
    stack = [
        layers.Input((2, 3)),
        layers.Flatten(),
        layers.Rescaling(0.1, 2),
        layers.Dropout(0.4, seed=1),
        layers.Dense(4, bias_initializer="ones"),
        layers.Activation("tanh"),
        layers.Dense(3),
        layers.Activation("softmax"),
    ]
    model = nn.Sequential(stack, seed=0, dtype=dtype)
    model.compile("adam", "sparse_categorical_crossentropy")
    x = np.random.default_rng(1).normal(size=(4, 2, 3))
    trace = model.trace(x, LABELS)
    text = str(nn.explain(trace))
    assert "WRONG" not in text  # which needs the very masks of the step, in both formats
    for words in ("each row of x in one line", "x * scale + offset", "keep * dy / (1 - rate)"):
        assert words in text
    assert assert_adds_up(text) > 15
    if dtype == "float32":
        assert "which is rounding" in text
        worst = float(re.search(r"at\s+most\s+(\S+) of a tensor's largest", text)[1])
        assert 0 < worst < 1e-5


def test_weights_of_rows_enter_the_equations():
    model = model_for("mse", ())
    weight = np.array([1, 0.5, 3, 2.0])
    text = str(nn.explain(model.trace(X, targets_for("mse"), weight)))
    assert "L = (sum of losses * weights) / B" in text
    assert re.search(r"dy\[\d, \d\] = 2 \(p - t\) / O \* weight / B", text)
    assert "WRONG" not in text
    assert assert_adds_up(text) > 10
    mean = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    model.compile("sgd", mean)
    text = str(nn.explain(model.trace(X, targets_for("mse"), weight)))
    assert "L is divided by (sum of weights) = 6.5, once" in text.replace("\n", " ")
    assert "WRONG" not in text
    assert assert_adds_up(text) > 10


def test_a_long_sum_is_shortened_and_still_adds_up():
    x = np.random.default_rng(2).normal(size=(40, 30))
    model = nn.Sequential([layers.Input((30,)), layers.Dense(1)], seed=0, dtype="float64")
    model.compile("sgd", "mse")
    text = str(nn.explain(model.trace(x, x[:, 0])))
    assert "(23 small products are one number)" in text
    assert "(33 small terms are one number)" in text
    assert assert_adds_up(text) > 8
    assert max(before.count("*") for _, before, _ in worked(text)) <= 10


# ---- choosing what to follow -----------------------------------------------------------------


def test_row_and_units_can_be_chosen(circles):
    trace, _ = circles
    text = str(nn.explain(trace, row=3, units={"dense": 4, "dense_1": 2}))
    assert "row 3, as asked for" in text.replace("\n", " ")
    assert "z[3, 4] = " in text and "z[3, 2] = " in text
    assert near(trace["dense"].z[3, 4], results(text)["z[3, 4]"][0])
    assert re.search(r"dW\[4, 2\] = ", text)  # between the two chosen units


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"row": 6}, r"rows 0\.\.5, got row=6"),
        ({"row": -1}, "row must be a whole number >= 0, got -1"),
        ({"units": {"dense": 10}}, r"'dense' has units 0\.\.9, got 10"),
        ({"units": {"dens": 1}}, "Did you mean 'dense'"),
    ],
)
def test_a_row_or_unit_that_is_not_there_is_refused(circles, options, message):
    with pytest.raises(ValueError, match=message):
        nn.explain(circles[0], **options)


def test_a_unit_of_a_layer_that_has_none_is_refused():
    model = nn.Sequential([layers.Input((3,)), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="a unit of Dense layers; 'flatten' is <Flatten"):
        nn.explain(model.trace(X, [1, 2, 3, 4]), units={"flatten": 0})


def test_something_else_than_a_trace_is_refused_with_the_line_to_write():
    with pytest.raises(TypeError, match=r"Write nn\.explain\(model\.trace\(x, y\)\)"):
        nn.explain(model_for("mse"))


def test_explaining_changes_neither_the_trace_nor_its_model():
    trace = trace_of("scce", optimizer="adam")
    arrays = [trace.x, trace.y, trace.losses, *trace.model.get_weights()]
    arrays += [array for seen in trace.layers for array in seen.params.values()]
    before = [array.copy() for array in arrays]
    first = str(nn.explain(trace))
    for old, new in zip(before, arrays, strict=True):
        np.testing.assert_array_equal(old, new)
    assert str(nn.explain(trace)) == first


# ---- how it is shown -------------------------------------------------------------------------


def test_printing_a_trace_prints_its_page(circles):
    trace, text = circles
    assert str(trace) == text
    assert repr(nn.explain(trace)) == text


class Tags(html.parser.HTMLParser):
    """Keeps the text, and refuses tags that are not closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_a_notebook_gets_the_same_page_as_html(circles):
    trace, text = circles
    tags = Tags()
    tags.feed(trace._repr_html_())
    tags.close()
    assert tags.open == []
    assert {"h2", "h3", "h4", "p", "pre", "table", "th", "td"} <= set(tags.seen)
    shown = " ".join(tags.text.split())
    for _, before, result in worked(text):
        assert " ".join(before.split()) in shown
        assert result in shown
    model = model_for("mse")
    model.name = "<b>net</b>"
    assert "<b>" not in nn.explain(model.trace(X, targets_for("mse")))._repr_html_()


def test_on_a_terminal_the_same_words_come_in_colours(circles):
    from rich.console import Console

    trace, text = circles
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system="256")
    console.print(nn.explain(trace))
    shown, coloured = re.subn(r"\x1b\[[\d;]*m", "", file.getvalue())
    assert coloured > 100
    assert shown.split() == [w for w in text.split() if not re.fullmatch("-{3,}|={3,}", w)]
    assert max(map(len, shown.splitlines())) <= 80


# ---- arithmetic that can be printed ----------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1 / 3, 4, "0.3333"),
        (0.123, 4, "0.123"),
        (0.12304, 4, "0.1230"),
        (-0.0, 4, "0"),
        (5.0, 4, "5"),
        (1234567.8, 4, "1.235e+06"),
        (123456.7, 6, "123457"),
        (2e-5 / 3, 3, "6.67e-06"),
    ],
)
def test_numbers_are_short_but_keep_their_digits(value, digits, text):
    assert number(value, digits) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (given(1) + given(-2) * given(3), "1 - 2 * 3"),
        (given(1) - given(-2), "1 - (-2)"),
        ((given(1) + given(2)) * given(-3), "(1 + 2) * (-3)"),
        (given(6) / (given(1) * given(2)), "6 / (1 * 2)"),
        (given(-2) ** exactly("2"), "(-2)^2"),
        (-(given(1) + given(2)), "-(1 + 2)"),
        (-given(-1), "-(-1)"),
        (exp(-given(2)), "exp(-2)"),
        (products([1, 2], [-3, 4]), "1 * (-3) + 2 * 4"),
        (products([], []), "0"),
    ],
)
def test_the_text_of_arithmetic_means_what_it_computes(expression, text):
    assert expression.write(6) == text
    assert calculated(text) == pytest.approx(expression.compute(6), rel=1e-12)


def test_operands_get_the_digits_that_their_result_needs():
    a, b = 0.123456789, 0.123450000
    text, result, exact = settle(given(a) - given(b), a - b)
    assert (result, exact) == ("6.789e-06", True)
    assert calculated(text) == pytest.approx(6.789e-6, abs=5e-10)
    assert len(text) > len(settle(given(a) + given(b), a + b)[0])


def test_a_result_that_its_operands_cannot_give_is_marked():
    text, result, exact = settle(given(1) - given(1), 1e-9)
    assert (text, result, exact) == ("1 - 1", "1e-09", False)
    _, result, exact = settle(given(0.333) + given(0), 0.3333)
    assert (result, exact) == ("0.333", True)
    assert not settle(expressions.log(given(0)), 0.5)[2]


def test_a_float32_step_of_cancelling_numbers_marks_what_rounding_has_eaten():
    model = nn.Sequential([layers.Input((2,)), layers.Dense(1)], dtype="float32")
    model.compile("sgd", "mse")
    model.set_weights([[[1e8], [-1e8]], [1.0]])
    trace = model.trace([[1.0, 1.0]], [0])
    assert ops.affine(trace.x, trace[0].params["W"]) == 0
    page = nn.explain(model.trace([[1.0, 1.00000012]], [0.0]))
    marked = [each for each in page.equations if not each.exact]
    for each in marked:
        assert "~ " in "\n".join(each.lines())
        assert "rounded by the number format" in "\n".join(each.lines())
