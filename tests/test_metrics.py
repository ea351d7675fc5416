"""The metrics: worked by hand, streaming over batches, and beside Keras."""

import numpy as np
import pytest
from beside_keras import FLOAT_TYPES, keras_in

from nnscratch import config, metrics
from nnscratch.metrics.base import RowMean

BATCHES = [slice(0, 16), slice(16, 32), slice(32, 37)]  # the last one is smaller
AVERAGES = [None, "micro", "macro", "weighted"]


@pytest.fixture(scope="module", params=FLOAT_TYPES)
def keras(request):
    before = config.floatx()
    config.set_floatx(request.param)
    with keras_in(request.param) as keras:
        yield keras
    config.set_floatx(before)


def rows(kind):
    """(targets, predictions) of 37 rows, with ties and numbers on the threshold among them."""
    rng = np.random.default_rng(0)
    p = rng.integers(0, 5, (37, 4)) / 4  # 0, 1/4, 1/2, 3/4, 1: exact in both number formats
    labels = rng.integers(0, 4, 37)
    return {
        "one output": (labels[:, None] > 1, p[:, :1]),
        "several labels": (rng.integers(0, 2, (37, 4)), p),
        "one-hot rows": (np.eye(4)[labels], p),
        "classes": (labels, p),
        "quantities": (rng.normal(size=(37, 4)), p),
    }[kind]


def streamed(metric, y, p, dtype, weight=None):
    """The result after several batches; the metric held other numbers before its reset."""
    metric.update_state(y[:3], p[:3].astype(dtype))
    metric.reset_state()
    for batch in BATCHES:
        part = None if weight is None else weight[batch]
        metric.update_state(y[batch], p[batch].astype(dtype), sample_weight=part)
    return np.asarray(metric.result())


# ---- Worked by hand --------------------------------------------------------------------------


@pytest.mark.parametrize("format", FLOAT_TYPES)
def test_binary_accuracy_counts_a_half_as_zero(format):
    half = np.array([[0.5], [0.5], [0.5]], format)
    above = np.nextafter(half, np.array(1, format))
    assert metrics.BinaryAccuracy()([[0], [0], [1]], half) == pytest.approx(2 / 3)
    assert metrics.BinaryAccuracy()([[0], [0], [1]], above) == pytest.approx(1 / 3)
    assert metrics.BinaryAccuracy(threshold=0.75)([[0], [0], [1]], above) == pytest.approx(
        2 / 3
    )


def test_binary_accuracy_takes_any_output_and_only_0_and_1_can_match():
    assert metrics.BinaryAccuracy()([1, 0, 2, 0.7], [17.0, -3.0, 2.0, 0.7]) == 0.5


def test_in_a_tie_the_first_class_is_the_guess():
    p = np.array([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [0.1, 0.2, 0.7]])
    assert metrics.SparseCategoricalAccuracy()([0, 1, 2], p) == 1
    assert metrics.SparseCategoricalAccuracy()([[1], [2], [2]], p) == pytest.approx(1 / 3)
    assert metrics.CategoricalAccuracy()(np.eye(3)[[0, 2, 2]], p) == pytest.approx(2 / 3)


def test_the_two_errors_are_means_over_rows_and_outputs():
    y, p = [[1.0, 2.0], [3.0, 4.0]], [[1.0, 4.0], [0.0, 4.0]]
    assert metrics.MeanSquaredError()(y, p) == 3.25
    assert metrics.MeanAbsoluteError()(y, p) == 1.25


def test_precision_recall_and_f1_worked_by_hand():
    # called: 1 1 1 0 0 0, true: 1 0 1 1 1 0  ->  2 hits, 1 false alarm, 2 missed
    y, p = [1, 0, 1, 1, 1, 0], [0.9, 0.8, 0.7, 0.5, 0.1, 0.2]
    assert metrics.Precision()(y, p) == pytest.approx(2 / 3)
    assert metrics.Recall()(y, p) == pytest.approx(2 / 4)
    assert metrics.F1Score()(y, p) == pytest.approx(4 / 7)
    assert type(metrics.F1Score()(y, p)) is float
    assert metrics.Precision(0.05)(y, p) == pytest.approx(4 / 6)
    assert metrics.Recall(0.75)(y, p) == pytest.approx(1 / 4)
    assert metrics.Recall()(y, p, sample_weight=[1, 1, 1, 0, 5, 1]) == pytest.approx(2 / 7)


def test_f1_averages_worked_by_hand():
    # class 0: 2 hits, 1 false alarm; class 1: 1 hit, 1 missed; class 2: never true nor called
    y, p = [0, 0, 1, 1], np.eye(3)[[0, 0, 1, 0]]
    np.testing.assert_allclose(metrics.F1Score()(y, p), [4 / 5, 2 / 3, 0])
    assert metrics.F1Score("macro")(y, p) == pytest.approx((4 / 5 + 2 / 3) / 3)
    assert metrics.F1Score("micro")(y, p) == pytest.approx(3 / 4)
    assert metrics.F1Score("weighted")([0, 0, 0, 1, 1], np.eye(3)[[0, 0, 1, 1, 0]]) == (
        pytest.approx((3 * 2 / 3 + 2 * 1 / 2) / 5)
    )


@pytest.mark.parametrize("kind", [metrics.Precision, metrics.Recall])
def test_class_id_looks_at_one_output(kind):
    y, p = np.array([[1, 0], [1, 1], [0, 1]]), np.array([[0.9, 0.9], [0.2, 0.9], [0.9, 0.1]])
    assert kind(class_id=0)(y, p) == kind(class_id=1)(y, p) == 0.5
    assert (
        kind(class_id=1)([1, 0, 1], np.eye(2)[[1, 1, 1]])
        == {"precision": 2 / 3, "recall": 1}[kind.__name__.lower()]
    )
    assert kind(class_id=3).result() == 0


def test_a_metric_that_saw_nothing_is_zero():
    for name in ("accuracy", "mse", "precision", "recall", "f1_score", "binary_accuracy"):
        assert metrics.get(name, y=np.zeros(1), outputs=1).result() == 0


def test_mean_weighs_each_number():
    mean = metrics.Mean(name="loss")
    mean.update_state([1.0, 3.0], [3, 1])
    mean.update_state(7.5)
    assert mean.result() == pytest.approx((3 + 3 + 7.5) / 5)
    assert metrics.Mean()(4.0, 2.0) == 4


def test_each_metric_has_its_name_from_keras_and_takes_another():
    names = {
        metrics.BinaryAccuracy: "binary_accuracy",
        metrics.CategoricalAccuracy: "categorical_accuracy",
        metrics.SparseCategoricalAccuracy: "sparse_categorical_accuracy",
        metrics.MeanAbsoluteError: "mean_absolute_error",
        metrics.MeanSquaredError: "mean_squared_error",
        metrics.Precision: "precision",
        metrics.Recall: "recall",
        metrics.F1Score: "f1_score",
    }
    for kind, name in names.items():
        assert kind().name == name and kind(name="mine").name == "mine"
    assert repr(metrics.Recall()) == "Recall(name='recall')"


def test_a_metric_without_its_formula_says_what_to_define():
    class Empty(metrics.Metric):
        """No method at all."""

    with pytest.raises(NotImplementedError, match=r"^Empty has to define update_state$"):
        Empty()([1], [1])
    with pytest.raises(NotImplementedError, match=r"^Empty has to define result$"):
        Empty().result()
    assert Empty().name == "Empty"


def test_a_mean_over_rows_without_its_values_says_what_to_define():
    class Empty(RowMean):
        """No values."""

    with pytest.raises(NotImplementedError, match=r"^Empty has to define values\(y, p\)$"):
        Empty()([1.0], [1.0])


def test_a_threshold_that_is_no_number_is_refused_by_its_own_name():
    with pytest.raises(ValueError, match=r"^thresholds must be"):
        metrics.Precision(thresholds=np.nan)
    with pytest.raises(ValueError, match=r"^threshold must be"):
        metrics.BinaryAccuracy(threshold=np.nan)


def test_two_classes_have_an_f1_each_and_small_weights_count_too():
    y, p = [[1, 0], [0, 1]], [[0.9, 0.1], [0.8, 0.2]]  # class 0: a hit and a false alarm
    np.testing.assert_allclose(metrics.F1Score()(y, p), [2 / 3, 0])
    np.testing.assert_allclose(metrics.F1Score()(y, p, [0.125, 0.125]), [2 / 3, 0])


def test_categorical_accuracy_asks_each_row_and_not_each_column():
    y, p = np.eye(3)[[0, 1]], [[0.6, 0.3, 0.1], [0.5, 0.2, 0.3]]
    assert metrics.CategoricalAccuracy()(y, p) == 0.5


def test_an_own_function_without_a_name_is_called_metric():
    class Worst:
        def __call__(self, y, p):
            return np.abs(y - p).max(axis=-1)

    assert metrics.FunctionMetric(Worst()).name == "metric"


def test_the_largest_output_is_called_positive_all_in_a_tie_and_none_among_zeros():
    y = np.array([[1, 0, 0], [0, 1, 1], [1, 0, 0]])
    p = np.array([[0.4, 0.3, 0.1], [0.1, 0.2, 0.2], [0.0, 0.0, 0.0]])
    # class 0: a hit, one missed; classes 1 and 2: a hit each
    np.testing.assert_allclose(metrics.F1Score()(y, p), [2 / 3, 1, 1])
    assert metrics.F1Score()([[1], [1], [0]], [[0.6], [0.5], [0.4]]) == pytest.approx(2 / 3)
    # above 0.15 also the 0.3 of the first row, which is a false alarm
    np.testing.assert_allclose(metrics.F1Score(threshold=0.15)(y, p), [2 / 3, 2 / 3, 1])
    assert metrics.F1Score(threshold=0.45)([1, 1], [0.5, 0.4]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
def test_an_f1_average_is_a_float_and_0_where_nothing_is_true(average):
    score = metrics.F1Score(average)([[0, 0]], [[0.0, 0.0]])
    assert type(score) is float and score == 0


# ---- Streaming -------------------------------------------------------------------------------


def test_a_smaller_last_batch_counts_by_its_rows_also_with_one_axis():
    for kind in ("BinaryAccuracy", "MeanSquaredError", "MeanAbsoluteError"):
        metric = getattr(metrics, kind)()
        metric.update_state([1, 1, 1], [1.0, 1.0, 0.0])
        metric.update_state([1], [0.0])
        assert metric.result() == 0.5


def test_running_sums_give_the_mean_over_rows_in_the_models_format():
    metric = metrics.get("accuracy", y=np.zeros(1), outputs=1)
    for dtype in (np.float32, np.float64):
        sums = metrics.RunningSums([metric], np.dtype(dtype))
        sums.add(dtype(2), np.ones((3, 1)), np.ones((3, 1), dtype))
        sums.add(dtype(4), np.ones((1, 1)), np.zeros((1, 1), dtype))
        assert sums.results() == {"loss": 2.5, "accuracy": 0.75}
        assert type(sums.loss.total) is type(metric.count) is dtype
        assert all(type(value) is float for value in sums.results().values())


# ---- How they are found ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "outputs", "kind"),
    [
        (np.zeros((5, 1)), 1, metrics.BinaryAccuracy),
        (np.zeros(5), 1, metrics.BinaryAccuracy),
        (np.zeros(5), 3, metrics.SparseCategoricalAccuracy),
        (np.zeros((5, 1)), 3, metrics.SparseCategoricalAccuracy),
        (np.zeros((5, 3)), 3, metrics.CategoricalAccuracy),
    ],
)
@pytest.mark.parametrize("name", ["accuracy", "acc"])
def test_accuracy_means_what_targets_and_outputs_say(name, y, outputs, kind):
    metric = metrics.get(name, y=y, outputs=outputs)
    assert type(metric) is kind and metric.name == name


def test_other_names_classes_objects_and_functions():
    assert (metrics.get("mae").name, type(metrics.get("mae"))) == (
        "mae",
        metrics.MeanAbsoluteError,
    )
    assert metrics.get("F1Score").name == "F1Score"
    assert metrics.get(metrics.Recall).name == "recall"
    own = metrics.Precision(name="mine")
    assert metrics.get(own) is own
    with pytest.raises(ValueError, match=r"unknown metric 'acuracy'.*Did you mean 'accuracy'"):
        metrics.get("acuracy")


def test_a_function_of_ones_own_is_averaged_over_rows():
    def worst(y, p):
        return np.abs(y - p).max(axis=-1)

    metric = metrics.get(worst)
    metric.update_state(np.zeros((2, 2)), np.array([[1.0, -3.0], [2.0, 0.0]]))
    metric.update_state(np.zeros((1, 2)), np.array([[7.0, 0.0]]))
    assert metric.name == "worst" and metric.result() == 4
    assert metrics.get(metrics.FunctionMetric(worst, "other")).name == "other"


@pytest.mark.parametrize(
    ("metric", "y", "p"),
    [
        (metrics.MeanSquaredError(), np.zeros(3), np.zeros((3, 3))),
        (metrics.MeanAbsoluteError(), np.zeros((3, 2)), np.zeros((3, 1))),
        (metrics.BinaryAccuracy(), np.zeros((3, 3)), np.zeros((3, 1))),
        (metrics.CategoricalAccuracy(), np.zeros(3, int), np.zeros((3, 3))),
        (metrics.SparseCategoricalAccuracy(), np.eye(3), np.eye(3)),
        (metrics.Precision(), np.zeros((3, 2)), np.zeros((3, 3))),
        (metrics.F1Score(), np.zeros(4, int), np.zeros((3, 3))),
    ],
)
def test_targets_that_do_not_fit_are_refused_and_never_broadcast(metric, y, p):
    with pytest.raises(ValueError, match=rf"the metric '{metric.name}' wants"):
        metric.update_state(y, p)


@pytest.mark.parametrize("weight", [[1, 2], [[1, 2, 3]], 2.0])
def test_weights_that_do_not_fit_are_refused(weight):
    for metric in (metrics.BinaryAccuracy(), metrics.Precision()):
        with pytest.raises(ValueError, match="sample_weight"):
            metric.update_state([0, 1, 1], [0.1, 0.2, 0.3], weight)


def test_an_unknown_average_is_refused():
    with pytest.raises(
        ValueError, match=r"unknown average 'mean'(.|\n)*macro, micro, weighted"
    ):
        metrics.F1Score("mean")


# ---- Beside Keras ----------------------------------------------------------------------------


@pytest.mark.tensorflow
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("BinaryAccuracy", "one output"),
        ("BinaryAccuracy", "several labels"),
        ("CategoricalAccuracy", "one-hot rows"),
        ("SparseCategoricalAccuracy", "classes"),
        ("MeanAbsoluteError", "quantities"),
        ("MeanSquaredError", "quantities"),
        ("Precision", "one output"),
        ("Precision", "several labels"),
        ("Recall", "one output"),
        ("Recall", "several labels"),
    ],
)
def test_means_and_shares_over_batches_are_those_of_keras(keras, name, kind, weighted):
    dtype = keras.config.floatx()
    y, p = rows(kind)
    weight = np.random.default_rng(1).integers(0, 4, 37) if weighted else None
    theirs_weight = weight
    if weighted and name in ("Precision", "Recall"):
        theirs_weight = weight[:, None]  # Keras wants the rank of y here
    ours = streamed(getattr(metrics, name)(), y, p, dtype, weight)
    theirs = streamed(getattr(keras.metrics, name)(), y, p, dtype, theirs_weight)
    np.testing.assert_allclose(ours, theirs, rtol=4 * np.finfo(dtype).eps)
    assert 0 < ours < 3


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("BinaryAccuracy", {"threshold": 0.25}),
        ("Precision", {"thresholds": 0.25}),
        ("Precision", {"class_id": 2}),
        ("Recall", {"thresholds": 0.75, "class_id": 1}),
    ],
)
def test_thresholds_and_class_ids_are_those_of_keras(keras, name, options):
    dtype = keras.config.floatx()
    y, p = rows("several labels")
    ours = streamed(getattr(metrics, name)(**options), y, p, dtype)
    theirs = streamed(getattr(keras.metrics, name)(**options), y, p, dtype)
    np.testing.assert_allclose(ours, theirs, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.tensorflow
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("threshold", [None, 0.25, 0.5])
@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("kind", ["several labels", "one-hot rows"])
def test_f1_over_batches_is_that_of_keras(keras, kind, average, threshold, weighted):
    dtype = keras.config.floatx()
    y, p = rows(kind)  # ties in most rows; some rows are all zeros
    p[5:9] = 0
    weight = np.random.default_rng(2).integers(1, 4, 37) if weighted else None
    ours = streamed(metrics.F1Score(average, threshold), y, p, dtype, weight)
    theirs = streamed(keras.metrics.F1Score(average, threshold), y, p, dtype, weight)
    # Keras adds 1e-7 to every divisor, which shows at counts of a few tens.
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.tensorflow
def test_one_axis_is_read_as_keras_reads_it(keras):
    y, p = [0, 1, 1, 0, 1], np.array([0.2, 0.7, 0.4, 0.5, 0.9])
    for name in ("BinaryAccuracy", "Precision", "Recall", "MeanSquaredError"):
        ours = getattr(metrics, name)()(y, p)
        assert ours == pytest.approx(float(getattr(keras.metrics, name)()(y, p)), rel=1e-6)
