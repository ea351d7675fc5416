"""NNClassifier and NNRegressor: what they learn, what they take, and what they refuse."""

import copy
import pickle

import numpy as np
import pytest
from refusing import refusal as refusal_of
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_regression
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale
from sklearn.utils import check_random_state, compute_sample_weight
from threadpoolctl import threadpool_limits

import nnscratch as nn
from nnscratch.layers import Dense, Input
from nnscratch.sklearn import NNClassifier, NNRegressor

X, Y = load_iris(return_X_y=True)
X = scale(X)
NAMES = np.array(["setosa", "versicolor", "virginica"])
MANY_LABELS = np.stack([Y == 1, Y > 0, X[:, 0] > 0], axis=1).astype(int)
WEIGHTS = np.random.default_rng(0).integers(1, 5, size=len(X)).astype(float)
SMALL = {"hidden_layer_sizes": 8, "epochs": 5, "batch_size": 32, "random_state": 0}


def classifier(**options):
    return NNClassifier(**SMALL | options)


def regressor(**options):
    return NNRegressor(**SMALL | options)


def refusal(method, *arguments, **options):
    return refusal_of(lambda: method(*arguments, **options))


def bits(estimator):
    return [array.tolist() for array in estimator.model_.get_weights()]


# ---- the network -----------------------------------------------------------------------------


def test_it_trains_the_sequential_that_one_would_write_oneself():
    seed = int(check_random_state(0).randint(2**31))
    model = nn.Sequential(
        [Input((4,)), Dense(8, "relu"), Dense(3, "softmax")], seed=seed, dtype="float64"
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X, Y, 32, 5, verbose=0).history
    ours = classifier().fit(X, Y)
    assert ours.history_ == history
    assert ours.loss_curve_ == history["loss"]
    np.testing.assert_array_equal(ours.predict_proba(X), model.predict(X, verbose=0))


@pytest.mark.parametrize("targets", [NAMES[Y], Y > 0, MANY_LABELS], ids=["3", "2", "many"])
def test_a_classifier_is_trained_by_the_fused_engine(targets):
    early = {"early_stopping": True, "dropout": 0.2}
    for options in ({}, early, {"class_weight": "balanced", "optimizer": "sgd"}):
        assert classifier(**options).fit(X, targets).model_.engine == "fused"


@pytest.mark.parametrize("loss", ["mse", "mae", nn.losses.MeanSquaredError()])
def test_a_regressor_is_trained_by_the_fused_engine(loss):
    assert regressor(loss=loss).fit(X[:, 1:], X[:, 0]).model_.engine == "fused"
    assert regressor(loss=loss).fit(X[:, 2:], X[:, :2]).model_.engine == "fused"


@pytest.mark.parametrize("given, trained", [
    ("float64", "float64"), ("float32", "float32"), ("int64", "float64"), ("bool", "float64"),
])  # fmt: skip
def test_it_trains_in_the_number_format_of_the_features(given, trained):
    features = np.arange(80).reshape(40, 2).astype(given)
    ours = regressor(epochs=1).fit(features, features[:, 0])
    assert ours.model_.dtype == trained
    assert ours.predict(features).dtype == trained
    ours.partial_fit(features.astype("float32"), features[:, 0])
    assert ours.model_.dtype == trained


def test_the_parameters_reach_the_network():
    ours = classifier(
        hidden_layer_sizes=(7, 5),
        activation="tanh",
        dropout=0.25,
        optimizer=nn.optimizers.SGD(momentum=0.5),
        learning_rate=0.03,
    ).fit(X, Y)
    kinds = [(type(each).__name__, getattr(each, "units", None)) for each in ours.model_.layers]
    assert kinds == [
        ("Dense", 7), ("Dropout", None), ("Dense", 5), ("Dropout", None), ("Dense", 3),
    ]  # fmt: skip
    assert [each.activation.name for each in ours.model_.layers[::2]] == [
        "tanh", "tanh", "softmax",
    ]  # fmt: skip
    assert ours.model_.layers[1].rate == 0.25
    assert (ours.model_.optimizer.momentum, ours.model_.optimizer.learning_rate) == (0.5, 0.03)


def test_without_a_learning_rate_the_optimizer_keeps_its_own():
    assert classifier(optimizer="sgd").fit(X, Y).model_.optimizer.learning_rate == 0.01
    own = nn.optimizers.Adam(0.004)
    assert classifier(optimizer=own).fit(X, Y).model_.optimizer.learning_rate == 0.004


def test_the_batch_size_is_200_or_all_rows():
    for rows, steps in ((150, 1), (450, 3)):
        ours = classifier(batch_size="auto", epochs=1).fit(*(np.resize(a, (rows, *a.shape[1:]))
                                                             for a in (X, Y)))  # fmt: skip
        assert ours.model_.optimizer.iterations == steps


# ---- beside scikit-learn's own ---------------------------------------------------------------

STEPS = {"hidden_layer_sizes": (6,), "activation": "tanh", "batch_size": len(X)}
# The last number makes our rate theirs: MLPRegressor halves the squared error, and both of
# them sum over the outputs where we take the mean.
TASKS = {
    "one of two": (NNClassifier, MLPClassifier, Y > 0, 1),
    "one of three": (NNClassifier, MLPClassifier, Y, 1),
    "any of three": (NNClassifier, MLPClassifier, MANY_LABELS, 3),
    "a number": (NNRegressor, MLPRegressor, X[:, 0], 1 / 2),
    "two numbers": (NNRegressor, MLPRegressor, X[:, :2], 2 / 2),
}


def beside(ours_class, theirs_class, targets, scale_of_rate):
    """Both estimators, with the same weights, before any training."""
    rate = 0.2
    ours = ours_class(
        **STEPS, optimizer="sgd", learning_rate=rate * scale_of_rate, warm_start=True, epochs=0
    )
    theirs = theirs_class(
        **STEPS, solver="sgd", learning_rate_init=rate, momentum=0, alpha=0, max_iter=1,
        warm_start=True, shuffle=False, tol=0,
    )  # fmt: skip
    theirs.fit(X, targets)
    ours.fit(X, targets)
    weights = ours.model_.get_weights()
    theirs.coefs_, theirs.intercepts_ = weights[::2], weights[1::2]
    return ours.set_params(epochs=10), theirs.set_params(max_iter=10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize("task", TASKS)
def test_ten_steps_of_descent_are_those_of_scikit_learn(task, weight):
    ours, theirs = beside(*TASKS[task])
    ours.fit(X, TASKS[task][2], sample_weight=weight)
    theirs.fit(X, TASKS[task][2], sample_weight=weight)
    for mine, other in zip(ours.model_.get_weights()[::2], theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-12)
    if hasattr(ours, "predict_proba"):
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-12)


def mean_accuracies(parts, epochs):
    """Those of NNClassifier and MLPClassifier with the same settings and five seeds.

    parts  a function of the seed: x and y to train on, x and y to score
    """
    settings = {"hidden_layer_sizes": (100, 50), "batch_size": 200}
    found = []
    for seed in range(5):
        x, y, *others = parts(seed)
        ours = NNClassifier(**settings, epochs=epochs, learning_rate=1e-3, random_state=seed)
        theirs = MLPClassifier(**settings, max_iter=epochs, random_state=seed)
        found.append([each.fit(x, y).score(*others) for each in (ours, theirs)])
    return np.mean(found, axis=0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_on_digits_it_is_as_good_as_scikit_learns_network():
    x, y = load_digits(return_X_y=True)

    def parts(seed):
        x_train, x_test, y_train, y_test = train_test_split(
            x / 16, y, random_state=seed, stratify=y
        )
        return x_train, y_train, x_test, y_test

    ours, theirs = mean_accuracies(parts, epochs=20)
    assert ours > theirs - 0.005
    assert ours > 0.9


@pytest.mark.slow
@pytest.mark.full_data
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_on_fashion_mnist_it_is_as_good_as_scikit_learns_network(full_data):
    (x, y), (x_test, y_test) = full_data
    x, x_test = (a.reshape(len(a), -1).astype("float32") / 255 for a in (x, x_test))
    with threadpool_limits(1, user_api="blas"):  # with more, MLPClassifier is no faster
        ours, theirs = mean_accuracies(lambda seed: (x, y, x_test, y_test), epochs=5)
    assert ours > theirs - 0.005
    assert ours > 0.85


# ---- labels ----------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [
    NAMES, NAMES.astype(object), np.array([7, 1, 3]), np.array([5.0, 2.0, -1.0]),
], ids=["strings", "objects", "integers", "floats"])  # fmt: skip
def test_labels_may_be_anything_that_can_be_sorted(labels):
    ours, plain = classifier(epochs=30), classifier(epochs=30)
    found = ours.fit(X, labels[Y]).predict(X)
    assert ours.classes_.tolist() == sorted(set(labels.tolist()))
    assert set(found.tolist()) <= set(labels.tolist())
    assert ours.score(X, labels[Y]) == np.mean(found == labels[Y])
    rank = np.argsort(np.argsort(labels))
    np.testing.assert_array_equal(ours.predict_proba(X), plain.fit(X, rank[Y]).predict_proba(X))


def test_two_classes_have_one_output_and_two_probabilities():
    ours = classifier(epochs=50).fit(X, NAMES[(Y > 0).astype(int)])
    assert ours.model_.output_shape == (None, 1)
    p = ours.predict_proba(X)
    assert p.shape == (150, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(ours.predict(X) == "versicolor", p[:, 1] > 0.5)
    np.testing.assert_allclose(ours.predict_log_proba(X), np.log(p))


def test_a_probability_of_zero_has_a_logarithm():
    ours = classifier().fit(X, Y)
    ours.model_.layers[-1].params["b"] = [0.0, 0.0, 1e4]
    assert ours.predict_log_proba(X[:1]).tolist() == [[-np.inf, -np.inf, 0.0]]


def test_rows_of_several_labels():
    ours = classifier(epochs=200, learning_rate=0.01).fit(X, MANY_LABELS)
    assert ours.predict_proba(X).shape == (150, 3)
    assert ours.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(ours.predict(X), ours.predict_proba(X) > 0.5)
    assert (ours.predict(X) == MANY_LABELS).mean() > 0.9


def test_one_class_is_refused():
    assert refusal(classifier().fit, X, np.full(150, "a")).endswith("has 1 class: 'a'")
    refusal(classifier().fit, X, Y, sample_weight=(Y == 1).astype(float))


def test_columns_of_classes_are_refused():
    message = refusal(classifier().fit, X, np.stack([Y, Y], axis=1))
    assert "MultiOutputClassifier" in message


# ---- tables and columns ----------------------------------------------------------------------


def test_a_table_brings_its_column_names():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcd"))
    ours = classifier().fit(table, pandas.Series(NAMES[Y], dtype="string"))
    assert ours.feature_names_in_.tolist() == list("abcd")
    assert ours.n_features_in_ == 4
    np.testing.assert_array_equal(
        ours.predict_proba(table), classifier().fit(X, NAMES[Y]).predict_proba(X)
    )
    message = refusal(ours.predict, table.rename(columns={"a": "z"}))
    assert "feature names" in message


def test_several_numbers_a_row():
    x, y = make_regression(200, 5, n_targets=2, random_state=0)
    ours = regressor(hidden_layer_sizes=50, epochs=200, learning_rate=0.01)
    ours.fit(scale(x), scale(y))
    assert ours.predict(scale(x)).shape == (200, 2)
    assert ours.score(scale(x), scale(y)) > 0.95


def test_a_column_of_targets_is_taken_as_a_list_with_a_word():
    for ours, y in ((classifier(), Y), (regressor(), X[:, 0])):
        with pytest.warns(DataConversionWarning, match="1d array"):
            ours.fit(X, y.reshape(-1, 1))
        assert ours.predict(X).shape == (150,)


def test_columns_that_never_change_are_no_cause_for_a_warning():
    x = np.hstack([X, np.zeros((150, 3))])
    classifier().fit(x, Y)  # warnings are errors here


def test_before_fit_it_says_so():
    with pytest.raises(NotFittedError):
        classifier().predict(X)
    assert not hasattr(classifier(), "loss_curve_")


# ---- weights ---------------------------------------------------------------------------------


def test_only_the_ratios_of_weights_count():
    a, b = classifier(), classifier()
    a.fit(X, Y, sample_weight=WEIGHTS)
    b.fit(X, Y, sample_weight=WEIGHTS * 1024)  # a power of two, so that nothing is rounded
    assert bits(a) == bits(b)
    assert bits(a) != bits(classifier().fit(X, Y))


def test_a_weight_of_zero_leaves_the_row_out():
    weight = WEIGHTS * (np.arange(150) % 3 > 0)
    kept = weight > 0
    for options in ({}, {"early_stopping": True}):
        a = classifier(**options).fit(X, Y, sample_weight=weight)
        b = classifier(**options).fit(X[kept], Y[kept], sample_weight=weight[kept])
        assert bits(a) == bits(b)


def test_weights_below_zero_are_refused():
    refusal(classifier().fit, X, Y, sample_weight=-WEIGHTS)


def test_class_weights_are_the_weights_of_the_rows():
    by_name = dict(zip(NAMES, (1.0, 4.0, 2.0), strict=True))
    some = np.r_[0:50, 60:90, 100:120]
    for class_weight, weight in (
        (by_name, np.array([1.0, 4.0, 2.0])[Y[some]]),
        ("balanced", compute_sample_weight("balanced", Y[some])),
    ):
        a = classifier(class_weight=class_weight).fit(X[some], NAMES[Y[some]])
        b = classifier().fit(X[some], NAMES[Y[some]], sample_weight=weight)
        assert bits(a) == bits(b)


def test_class_weights_and_row_weights_are_multiplied():
    a = classifier(class_weight={0: 1, 1: 4, 2: 2})
    b = classifier().fit(X, Y, sample_weight=np.array([1.0, 4.0, 2.0])[Y] * WEIGHTS)
    assert bits(a.fit(X, Y, sample_weight=WEIGHTS)) == bits(b)


# ---- going on --------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [classifier, regressor])
def test_five_epochs_and_five_more_are_ten(make):
    y = Y if make is classifier else X[:, 0]
    ten = make(dropout=0.2, epochs=10).fit(X, y)
    twice = make(dropout=0.2, warm_start=True).fit(X, y).fit(X, y)
    assert bits(twice) == bits(ten)
    assert twice.history_ == ten.history_
    assert twice.n_iter_ == ten.n_iter_ == 10


def test_partial_fit_is_an_epoch():
    parts = classifier()
    for _ in range(5):
        parts.partial_fit(X, NAMES[Y], classes=NAMES)
    whole = classifier().fit(X, NAMES[Y])
    assert bits(parts) == bits(whole)
    assert parts.loss_curve_ == whole.loss_curve_
    number = regressor().partial_fit(X, X[:, 0])
    assert bits(number) == bits(regressor(epochs=1).fit(X, X[:, 0]))


def test_without_warm_start_fit_begins_anew():
    ours = classifier().fit(X, Y)
    assert ours.n_iter_ == 5
    first = bits(ours)
    assert bits(ours.fit(X, Y)) == first
    assert ours.n_iter_ == 5


def test_partial_fit_sees_a_part_of_the_classes():
    ours = classifier()
    for name in NAMES[::-1]:
        ours.partial_fit(X[NAMES[Y] == name], NAMES[Y][NAMES[Y] == name], classes=NAMES)
    assert ours.classes_.tolist() == NAMES.tolist()
    assert "tulip" in refusal(ours.partial_fit, X, np.full(150, "tulip"))
    several = classifier().partial_fit(X, MANY_LABELS).partial_fit(X, MANY_LABELS)
    assert several.n_iter_ == 2


def test_partial_fit_refuses_what_it_cannot_know():
    assert "classes=" in refusal(classifier().partial_fit, X, Y)
    message = refusal(classifier(class_weight="balanced").partial_fit, X, Y, classes=[0, 1, 2])
    assert "balanced" in message
    refusal(classifier(early_stopping=True).partial_fit, X, Y, classes=[0, 1, 2])


def test_warm_start_takes_a_new_learning_rate_and_refuses_other_layers():
    ours = classifier(warm_start=True).fit(X, Y)
    ours.set_params(learning_rate=0.5).fit(X, Y)
    assert ours.model_.optimizer.learning_rate == 0.5
    assert "(8,)" in refusal(ours.set_params(hidden_layer_sizes=(9, 3)).fit, X, Y)


# ---- early stopping --------------------------------------------------------------------------


def test_early_stopping_ends_with_the_weights_of_the_best_epoch():
    ours = classifier(
        early_stopping=True, validation_fraction=0.2, patience=3, epochs=500, learning_rate=0.1
    ).fit(X, Y)
    losses = ours.history_["val_loss"]
    assert ours.n_iter_ == len(losses) == np.argmin(losses) + 4 < 500
    _, x, _, y = train_test_split(
        X, Y, test_size=0.2, stratify=Y, random_state=check_random_state(0)
    )
    assert np.bincount(y).tolist() == [10, 10, 10]
    loss, _ = ours.model_.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(loss, min(losses), rtol=1e-12)


def test_early_stopping_of_numbers_and_of_several_labels():
    for ours, y in ((regressor(early_stopping=True), X[:, 0]),
                    (classifier(early_stopping=True), MANY_LABELS)):  # fmt: skip
        assert len(ours.fit(X, y, sample_weight=WEIGHTS).history_["val_loss"]) == 5


# ---- random states ---------------------------------------------------------------------------


def test_a_random_state_is_used_as_everywhere_in_scikit_learn():
    number = bits(classifier(random_state=7).fit(X, Y))
    assert bits(classifier(random_state=7).fit(X, Y)) == number
    assert bits(classifier(random_state=8).fit(X, Y)) != number
    shared = check_random_state(7)
    assert bits(classifier(random_state=shared).fit(X, Y)) == number
    assert bits(classifier(random_state=shared).fit(X, Y)) != number


def test_no_random_state_is_numpys_own():
    before = np.random.get_state()  # noqa: NPY002
    try:
        np.random.seed(7)  # noqa: NPY002
        first, second = (bits(classifier(random_state=None).fit(X, Y)) for _ in range(2))
    finally:
        np.random.set_state(before)  # noqa: NPY002
    assert first == bits(classifier(random_state=7).fit(X, Y)) != second


# ---- copies ----------------------------------------------------------------------------------


def test_parameters_are_kept_as_they_came():
    given = {
        "hidden_layer_sizes": [5],
        "optimizer": nn.optimizers.Adam(0.01),
        "class_weight": {1: 2},
    }
    ours = NNClassifier(**given, epochs=2)
    before = copy.deepcopy(given["class_weight"])
    ours.fit(X, Y)
    for name, value in given.items():
        assert ours.get_params()[name] is value
    assert given["class_weight"] == before
    assert given["optimizer"].iterations == 0
    again = clone(ours)
    assert not hasattr(again, "model_")
    assert again.fit(X, Y).n_iter_ == 2


def test_a_pickle_predicts_and_goes_on_in_the_same_way():
    ours = classifier(dropout=0.3, warm_start=True).fit(X, Y)
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.predict_proba(X), ours.predict_proba(X))
    assert bits(again.fit(X, Y)) == bits(ours.fit(X, Y))


def test_arguments_are_given_by_name():
    with pytest.raises(TypeError):
        NNClassifier((10,))


def test_a_notebook_shows_it():
    assert "NNClassifier" in classifier()._repr_html_()


# ---- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("options, word", [
    ({"hidden_layer_sizes": (0,)}, "units"),
    ({"activation": "rulu"}, "relu"),
    ({"dropout": 1.0}, "1.0"),
    ({"optimizer": "adm"}, "adam"),
    ({"learning_rate": 0}, "learning_rate"),
    ({"batch_size": 0}, "batch_size"),
    ({"epochs": 2.5}, "epochs"),
    ({"verbose": 7}, "verbose"),
    ({"early_stopping": True, "validation_fraction": 2.0}, "test_size"),
])  # fmt: skip
def test_parameters_that_cannot_be_meant_are_refused_by_fit(options, word):
    assert word in refusal(classifier(**options).fit, X, Y)


def test_a_fit_that_is_refused_leaves_nothing_learned():
    ours = classifier(epochs=-1)
    refusal(ours.fit, X, Y)
    with pytest.raises(NotFittedError):
        ours.predict(X)
