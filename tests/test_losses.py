"""The losses: worked by hand, against SciPy, and each gradient against its own value."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import nnscratch as nn
from nnscratch import activations, losses
from nnscratch.losses import BatchLoss

LOG_2 = 0.6931471805599453
BCE, CCE, SCCE = (
    losses.BinaryCrossentropy,
    losses.CategoricalCrossentropy,
    losses.SparseCategoricalCrossentropy,
)


class LogCosh(losses.Loss):
    """A loss of one's own: the mean of log(cosh(p - t)), with gradient tanh(p - t) / O."""

    def values(self, y, p):
        return np.log(np.cosh(p - y)).mean(axis=-1)

    def gradient(self, y, p):
        return np.tanh(p - y) / p.dtype.type(p.shape[-1])


def targets_for(loss, rows, outputs, rng):
    if loss.targets == "classes":
        return rng.integers(0, outputs, rows)
    if loss.targets == "one-hot rows":
        return rng.dirichlet(np.ones(outputs), rows)  # shares that sum to 1
    return rng.uniform(size=(rows, outputs))


# ---- Values and gradients worked by hand -----------------------------------------------------


def test_squared_and_absolute_error_worked_by_hand():
    y, p = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 4.0], [0.0, 4.0]])
    assert losses.mse(y, p).tolist() == [2, 4.5]
    assert losses.mae(y, p).tolist() == [1, 1.5]
    assert losses.MeanSquaredError()(y, p) == 3.25
    assert losses.MeanSquaredError().gradient(y, p).tolist() == [[0, 2], [-3, 0]]
    assert losses.MeanAbsoluteError().gradient(y, p).tolist() == [[0, 0.5], [-0.5, 0]]


def test_binary_crossentropy_worked_by_hand():
    y, p = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.5, 0.75], [0.5, 0.25]])
    # -log of what was given to the truth: 1/2, 1/4 and 1/2, 1/4
    np.testing.assert_allclose(BCE(reduction=None)(y, p), [1.5 * LOG_2] * 2, rtol=1e-15)
    # -1/p where the label is 1, 1/(1-p) where it is 0, halved for the mean over two outputs
    np.testing.assert_allclose(BCE().gradient(y, p), [[-1, 2], [1, -2]], rtol=1e-15)


def test_categorical_crossentropies_worked_by_hand():
    p = np.array([[1 / 8, 2 / 8, 5 / 8], [1 / 2, 1 / 4, 1 / 4]])
    np.testing.assert_allclose(
        losses.sparse_categorical_crossentropy([1, 0], p), [2 * LOG_2, LOG_2], rtol=1e-14
    )
    np.testing.assert_allclose(
        losses.categorical_crossentropy([[0, 1, 0], [0, 1 / 2, 1 / 2]], p),
        [2 * LOG_2, 2 * LOG_2],
        rtol=1e-14,
    )


def test_both_categorical_losses_normalise_what_does_not_sum_to_one():
    p = np.array([[0.2, 0.2, 0.4]])
    for value in (
        losses.sparse_categorical_crossentropy([2], p),
        losses.categorical_crossentropy([[0, 0, 1]], p),
    ):
        np.testing.assert_allclose(value, [LOG_2], rtol=1e-14)
    gradient = SCCE().gradient(np.array([2]), p)  # 1 / 0.8, less 1 / 0.4 at the label
    np.testing.assert_allclose(gradient, [[1.25, 1.25, -1.25]], rtol=1e-14)


def test_label_smoothing_worked_by_hand():
    smooth = BCE(label_smoothing=0.5, reduction=None)  # 1 becomes 3/4, 0 becomes 1/4
    value = smooth([[1], [0]], np.array([[0.5], [0.75]]))
    np.testing.assert_allclose(value, [LOG_2, 2 * LOG_2 - 0.25 * np.log(3)], rtol=1e-14)
    np.testing.assert_allclose(
        smooth.gradient_from_logits(np.array([[1.0], [0.0]]), np.array([[0.5], [0.75]])),
        [[-0.25], [0.5]],
        rtol=1e-15,
    )
    smooth = CCE(label_smoothing=0.3)  # 1 becomes 0.7 + 0.1, 0 becomes 0.1
    np.testing.assert_allclose(
        smooth.gradient_from_logits(np.array([[0.0, 1.0, 0.0]]), np.zeros((1, 3))),
        [[-0.1, -0.8, -0.1]],
        rtol=1e-14,
    )


@pytest.mark.parametrize(
    ("dtype", "label", "p", "value"),
    [
        (np.float32, 0, 1, 15.942385),
        (np.float32, 1, 0, 16.118095),
        (np.float64, 0, 1, 16.118096),
        (np.float64, 1, 0, 16.118096),
        (np.float32, 1, 1, 1.19209297e-07),
        (np.float64, 1, 1, 1.0000000e-07),
        (np.float64, 0, 0, 1.0000000e-07),
    ],
)
def test_the_clip_gives_a_sure_prediction_the_loss_that_keras_gives_it(dtype, label, p, value):
    loss = BCE(reduction=None)(np.array([[label]]), np.array([[p]], dtype))
    np.testing.assert_allclose(loss, [value], rtol=1.2e-7)


@pytest.mark.parametrize(("dtype", "steepest"), [(np.float32, 2**23), (np.float64, 1e7)])
def test_the_gradient_is_exactly_zero_outside_the_clip_and_steepest_at_its_ends(
    dtype, steepest
):
    ends = np.array([1e-7, 1 - 1e-7], dtype)
    outside = np.nextafter(ends, np.array([-1, 2], dtype))
    p = np.array([[outside[0]], [ends[0]], [ends[1]], [outside[1]], [-3], [7]], dtype)
    gradient = BCE().gradient(np.array([[1], [1], [0], [0], [1], [0]], dtype), p)
    np.testing.assert_allclose(gradient, [[0], [-1e7], [steepest], [0], [0], [0]], rtol=1e-6)
    assert (gradient[[0, 3, 4, 5]] == 0).all()


# ---- From logits -----------------------------------------------------------------------------


def test_losses_from_logits_are_scipys_also_where_a_probability_would_be_0_or_1():
    z = np.array([[-800.0], [-40.0], [-1.5], [0.0], [2.0], [50.0], [1e4]])
    on, off = BCE(True, reduction=None)(np.ones_like(z), z), BCE(True, reduction=None)(0 * z, z)
    np.testing.assert_allclose(on, -special.log_expit(z)[:, 0], rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(off, -special.log_expit(-z)[:, 0], rtol=1e-14, atol=1e-15)
    z = np.array([[3.0, -1.0, 0.5], [1e4, 0.0, -1e4], [-900.0, -901.0, -902.0]])
    expected = -special.log_softmax(z, axis=-1)
    for label in range(3):
        got = SCCE(True, reduction=None)([label] * 3, z)
        np.testing.assert_allclose(got, expected[:, label], rtol=1e-14, atol=1e-300)
        got = CCE(True, reduction=None)(np.eye(3)[[label] * 3], z)
        np.testing.assert_allclose(got, expected[:, label], rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("kind", [BCE, CCE, SCCE])
def test_the_joined_pair_equals_the_activation_followed_by_the_loss(kind):
    rng = np.random.default_rng(0)
    z, loss = rng.normal(scale=2, size=(6, 4)), kind()
    y = targets_for(loss, 6, 4, rng)
    joined, apart = BatchLoss(loss, [loss.activation]), BatchLoss(loss, [activations.tanh])
    p = joined.predictions(z)
    np.testing.assert_allclose(joined.values(y, z), apart.values(y, p), rtol=1e-12)
    through = loss.activation.derivative(apart.gradient(y, p), p)
    np.testing.assert_allclose(joined.gradient(y, p), through, rtol=1e-12, atol=1e-16)


def test_a_loss_is_joined_with_its_own_last_activation_and_with_no_other():
    first = activations.relu
    for kind, joins in [(BCE, "sigmoid"), (CCE, "softmax"), (SCCE, "softmax")]:
        for name in ("linear", "relu", "leaky_relu", "sigmoid", "softmax", "tanh"):
            batch_loss = BatchLoss(kind(), [first, activations.get(name)])
            assert batch_loss.joined == (name == joins)
            assert len(batch_loss.steps) == (1 if name == joins else 2)
    for kind in (losses.MeanSquaredError, losses.MeanAbsoluteError):
        assert not BatchLoss(kind(), [activations.sigmoid]).joined


def test_logits_on_a_linear_layer_get_the_gradient_of_the_logits_form():
    rng = np.random.default_rng(1)
    z, y = rng.normal(size=(3, 2)), np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    batch_loss = BatchLoss(BCE(from_logits=True), [activations.linear])
    np.testing.assert_array_equal(batch_loss.predictions(z), z)
    np.testing.assert_allclose(
        batch_loss.gradient(y, z), (special.expit(z) - y) / 6, rtol=1e-14, atol=1e-17
    )


# ---- The gradient is the derivative of the value ---------------------------------------------


@pytest.mark.parametrize("kind", [*losses._classes.values(), LogCosh])
@settings(deadline=None, max_examples=30)
@given(rows=st.integers(1, 5), outputs=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_the_gradient_is_the_derivative_of_the_value(kind, rows, outputs, seed):
    rng = np.random.default_rng(seed)
    loss = kind()
    y = targets_for(loss, rows, outputs, rng)
    p, weight, h = rng.uniform(0.1, 0.9, (rows, outputs)), rng.uniform(0.5, 2, rows), 1e-6
    if kind is losses.MeanAbsoluteError:
        p = np.where(abs(p - y) < 1e-3, y + 0.01, p)  # away from the kink
    batch_loss = BatchLoss(loss, [activations.linear])
    expected = np.empty_like(p)
    for index in np.ndindex(*p.shape):
        up, down = p.copy(), p.copy()
        up[index] += h
        down[index] -= h
        values = [batch_loss.value(batch_loss.values(y, q), weight) for q in (up, down)]
        expected[index] = (values[0] - values[1]) / (2 * h)
    gradient = batch_loss.gradient(y, p, weight)
    np.testing.assert_allclose(
        gradient, expected, rtol=0, atol=1e-7 * max(1, abs(gradient).max())
    )


# ---- Means, sums and weights -----------------------------------------------------------------

Y, P, WEIGHT = [[0.0]] * 3, np.array([[1.0], [2.0], [3.0]]), [1.0, 0.0, 3.0]


@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [
        ("sum_over_batch_size", 2, 10 / 3),
        ("mean", 2, 10 / 3),
        ("sum", 6, 10),
        ("mean_with_sample_weight", 2, 2.5),
    ],
)
def test_reductions_with_and_without_weights_worked_by_hand(reduction, plain, weighted):
    loss = losses.MeanAbsoluteError(reduction)
    assert loss(Y, P) == plain
    assert loss(Y, P, sample_weight=WEIGHT) == pytest.approx(weighted, rel=1e-15)
    assert loss(Y, P, sample_weight=np.reshape(WEIGHT, (3, 1))) == pytest.approx(weighted)
    batch_loss = BatchLoss(loss, [activations.linear])
    slope = batch_loss.gradient(np.zeros((3, 1)), P, np.array(WEIGHT))[:, 0]
    np.testing.assert_allclose(slope, np.array(WEIGHT) * weighted / 10, rtol=1e-15)


@pytest.mark.parametrize("none", [None, "none"])
def test_without_a_reduction_the_values_come_back_each_with_its_weight(none):
    loss = losses.MeanAbsoluteError(none)
    assert loss(Y, P).tolist() == [1, 2, 3]
    assert loss(Y, P, WEIGHT).tolist() == [1, 0, 9]


def test_weights_that_are_all_zero_make_the_loss_zero():
    loss = losses.MeanAbsoluteError("mean_with_sample_weight")
    assert loss(Y, P, [0, 0, 0]) == 0
    gradient = BatchLoss(loss, []).gradient(np.zeros((3, 1)), P, np.zeros(3))
    assert gradient.tolist() == [[0], [0], [0]]


# ---- How they are found, called and refused --------------------------------------------------


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [
        ("mse", losses.MeanSquaredError),
        ("mean_squared_error", losses.MeanSquaredError),
        ("MeanAbsoluteError", losses.MeanAbsoluteError),
        (losses.mae, losses.MeanAbsoluteError),
        (losses.binary_crossentropy, BCE),
        ("categorical_crossentropy", CCE),
        (SCCE, SCCE),
    ],
)
def test_names_functions_and_classes_find_the_loss(identifier, kind):
    assert type(losses.get(identifier)) is kind


def test_a_loss_is_itself_and_a_function_without_gradient_is_refused():
    loss = LogCosh()
    assert losses.get(loss) is loss and loss.name == "log_cosh"
    with pytest.raises(TypeError, match=r"'mse' is a function(.|\n)*gradient\(y, p\)"):
        losses.get(_named_like_ours())
    with pytest.raises(ValueError, match=r"unknown loss 'mze'.*Did you mean 'mse'"):
        losses.get("mze")


def _named_like_ours():
    def mse(y, p):
        return (y - p) ** 2

    return mse


def test_a_loss_of_ones_own_trains_and_passes_the_gradient_check():
    x = np.random.default_rng(2).normal(size=(30, 2))
    y = x @ [[1.0], [-2.0]] + 3
    model = nn.Sequential([nn.layers.Dense(1)], seed=0, dtype="float64")
    model.compile(nn.optimizers.SGD(0.3), LogCosh())
    assert model.fit(x, y, epochs=60, verbose=0).history["loss"][-1] < 1e-4
    assert nn.gradcheck(model, x[:7] + 1, y[:7], tolerance=1e-7).ok


def test_one_axis_means_one_output_for_each_row():
    assert losses.mse([1, 2, 3], [1.0, 4.0, 0.0]).tolist() == [0, 4, 9]
    assert BCE()([1, 0], [0.5, 0.5]) == pytest.approx(LOG_2)


@pytest.mark.parametrize(
    ("loss", "y", "p"),
    [
        (losses.MeanSquaredError(), np.zeros((4, 2)), np.zeros((4, 1))),
        (losses.MeanSquaredError(), np.zeros(4), np.zeros((4, 4))),
        (losses.MeanAbsoluteError(), np.zeros((3, 1)), np.zeros((4, 1))),
        (losses.MeanAbsoluteError(), np.zeros((4, 4)), np.zeros((4, 4, 4))),
        (BCE(), np.zeros(4), np.zeros((4, 2))),
        (CCE(), np.zeros(4, int), np.full((4, 3), 1 / 3)),
        (SCCE(), np.eye(3), np.full((3, 3), 1 / 3)),
    ],
)
def test_shapes_that_do_not_fit_are_refused_and_never_broadcast(loss, y, p):
    with pytest.raises(ValueError, match=r"shape|rows"):
        loss(y, p)


def test_targets_that_are_no_probabilities_are_refused_by_binary_crossentropy():
    for y in ([[-1.0], [1.0]], [[0], [2]]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            BCE()(y, np.full((2, 1), 0.5))


@pytest.mark.parametrize("wrong", ["average", 3, "Sum"])
def test_an_unknown_reduction_is_refused_with_those_there_are(wrong):
    with pytest.raises(ValueError, match=r"unknown reduction(.|\n)*sum_over_batch_size"):
        losses.MeanSquaredError(wrong)


@pytest.mark.parametrize("wrong", [1, -0.1, None, "0.1"])
def test_label_smoothing_outside_0_to_1_is_refused(wrong):
    with pytest.raises(ValueError, match="label_smoothing"):
        BCE(label_smoothing=wrong)


def test_a_nan_prediction_gives_a_nan_loss():
    nan = np.array([[np.nan, 0.5]])
    for kind in (losses.MeanSquaredError, losses.MeanAbsoluteError, BCE):
        assert np.isnan(kind()([[0, 1]], nan))
    assert np.isnan(SCCE()([0], nan)) and np.isnan(CCE()([[1, 0]], nan))


def test_reprs_can_be_typed_in_again():
    loss = BCE(label_smoothing=0.1, reduction="sum")
    again = eval(repr(loss), vars(losses).copy())
    assert again.get_config() == loss.get_config()


# ---- As functions, as JSON, and what a call refuses ------------------------------------------


def test_the_functions_take_logits_and_smoothing_as_keras_does():
    z, p = np.array([[np.log(3.0)]]), np.array([[0.75]])  # sigmoid(log 3) is 3/4
    sure, smoothed = -np.log(0.75), -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    for value, expected in (
        (losses.binary_crossentropy([1], p), sure),
        (losses.binary_crossentropy([1], z, True), sure),
        (losses.binary_crossentropy([1], p, False, 0.5), smoothed),
        (losses.binary_crossentropy([1], z, from_logits=True, label_smoothing=0.5), smoothed),
    ):
        assert np.shape(value) == (1,)  # one a row
        np.testing.assert_allclose(value, [expected], rtol=1e-12)
    z, p = np.array([[np.log(3.0), 0.0]]), np.array([[0.75, 0.25]])  # its softmax
    for value, expected in (
        (losses.categorical_crossentropy([[1, 0]], p), sure),
        (losses.categorical_crossentropy([[1, 0]], z, True), sure),
        (losses.categorical_crossentropy([[1, 0]], p, False, 0.5), smoothed),
        (losses.categorical_crossentropy([[1, 0]], z, True, 0.5), smoothed),
        (losses.sparse_categorical_crossentropy([0], p), sure),
        (losses.sparse_categorical_crossentropy([0], z, True), sure),
    ):
        assert np.shape(value) == (1,)
        np.testing.assert_allclose(value, [expected], rtol=1e-12)


@pytest.mark.parametrize(
    "loss",
    [
        losses.MeanSquaredError("sum", name="mine"),
        losses.MeanAbsoluteError(None),
        BCE(True, 0.25),
        CCE(label_smoothing=0.5, reduction="mean_with_sample_weight", name="own"),
        SCCE(True, reduction="sum"),
    ],
)
def test_a_loss_comes_back_from_its_description_with_all_arguments(loss):
    described = losses.serialize(loss)
    assert described["class_name"] == type(loss).__name__
    back = losses.deserialize(described)
    assert type(back) is type(loss) and repr(back) == repr(loss)
    assert vars(back) == vars(loss)


def test_a_described_loss_of_ones_own_is_found_in_custom_objects():
    described = losses.serialize(LogCosh(reduction="sum"))
    back = losses.deserialize(described, {"LogCosh": LogCosh})
    assert type(back) is LogCosh and back.reduction == "sum" and back.name == "log_cosh"
    with pytest.raises(ValueError, match="unknown loss 'LogCosh'"):
        losses.deserialize(described)


def test_a_loss_without_its_formulas_says_which_to_define():
    empty = type("Empty", (losses.Loss,), {})()
    with pytest.raises(NotImplementedError, match=r"^Empty has to define values\(y, p\)$"):
        empty([1.0], [1.0])
    with pytest.raises(NotImplementedError, match=r"^Empty has to define gradient\(y, p\)$"):
        empty.gradient(np.zeros((1, 1)), np.zeros((1, 1)))


def test_a_call_names_the_argument_that_does_not_fit():
    mse = losses.MeanSquaredError()
    with pytest.raises(ValueError, match=r"^y_pred must have the shape \(n, outputs\), got"):
        mse(np.zeros((2, 1, 1)), np.zeros((2, 1, 1)))
    with pytest.raises(TypeError, match=r"^y_pred must hold numbers"):
        mse([1.0], ["one"])
    with pytest.raises(TypeError, match=r"^y_true must hold numbers"):
        mse(["one"], [1.0])
    with pytest.raises(ValueError, match=r"(?s)(?=.*\by_true\b)(?=.*\by_pred\b)"):
        mse([1.0, 2.0, 3.0], [1.0, 2.0])


def test_a_call_keeps_the_predictions_format_and_takes_floatx_for_whole_numbers():
    for given_as, expected in (("float32",) * 2, ("float64",) * 2, ("int64", "float32")):
        assert losses.mse([1.0, 2.0], np.ones(2, given_as)).dtype == expected


def test_predictions_that_equal_the_smoothed_targets_have_no_gradient():
    # A half of smoothing: 1 becomes 3/4 of two choices, and 2/3 of three.
    for loss, y, p in (
        (BCE(label_smoothing=0.5), [[1.0, 0.0]], [[0.75, 0.25]]),
        (CCE(label_smoothing=0.5), [[1.0, 0.0, 0.0]], [[2 / 3, 1 / 6, 1 / 6]]),
    ):
        gradient = loss.gradient(np.array(y), np.array(p))
        np.testing.assert_allclose(gradient, np.zeros_like(p), atol=1e-14)


def test_where_the_clip_acts_the_gradient_is_exactly_0():
    p = np.array([[0.0, 1.0]])
    assert CCE().gradient(np.array([[1.0, 0.0]]), p).tolist() == [[0, 0]]
    assert SCCE().gradient(np.array([0]), p).tolist() == [[0, 0]]
    assert BCE().gradient(np.array([[1.0, 0.0]]), p).tolist() == [[0, 0]]


def test_what_a_loss_cannot_be_made_with_is_named():
    with pytest.raises(ValueError, match="unknown reduction 'avg'"):
        losses.MeanSquaredError("avg")
    with pytest.raises(TypeError, match=r"(?s)(?=.*MeanSquaredError)(?=.*'?axis)"):
        losses.MeanSquaredError(axis=1)
    with pytest.raises(ValueError, match=r"^label_smoothing must"):
        BCE(label_smoothing=1)
    with pytest.raises(TypeError, match=r"\nSubclass nn\.losses\.Loss and define values"):
        losses.get(lambda y, p: 0)
    assert "label_smoothing" not in SCCE().get_config()  # Keras's has no such argument


def test_an_output_that_is_clipped_still_feels_the_normalisation():
    # dq is 0, -1 / (1/2), 0 and q.dq is -1, which is taken off each; the sum of p is 1
    gradient = CCE().gradient(np.array([[0.0, 1.0, 0.0]]), np.array([[0.0, 0.5, 0.5]]))
    assert gradient.tolist() == [[1, -1, 1]]


def test_only_the_last_step_is_taken_over_by_the_loss():
    steps = [activations.relu, activations.tanh, activations.sigmoid]
    assert BatchLoss(BCE(), steps).steps == steps[:2]


def test_weighted_values_keep_the_predictions_format():
    p = np.ones((2, 1), np.float32)
    weighted = losses.MeanSquaredError(None)([3.0, 2.0], p, sample_weight=[0.5, 2])
    assert weighted.dtype == np.float32 and weighted.tolist() == [2, 2]
