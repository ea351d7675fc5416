"""The estimators inside scikit-learn's own tools: pipelines, searches, plots, callbacks."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    PartialDependenceDisplay,
    permutation_importance,
)
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from nnscratch.sklearn import NNClassifier, NNRegressor

X, Y = load_iris(return_X_y=True)
X = scale(X)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
OPTIONS = {"hidden_layer_sizes": 10, "batch_size": 32, "random_state": 0}


def classifier(**options):
    return NNClassifier(**OPTIONS | {"epochs": 40, "learning_rate": 0.01} | options)


def test_in_a_pipeline_it_is_scored_by_cross_validation():
    scores = cross_val_score(make_pipeline(StandardScaler(), classifier()), X, NAMES, cv=4)
    assert scores.mean() > 0.93


def test_a_search_finds_the_setting_that_learns():
    pipeline = make_pipeline(StandardScaler(), classifier())
    rates = {"nnclassifier__learning_rate": [1e-6, 0.01]}
    search = GridSearchCV(pipeline, rates, cv=3).fit(X, NAMES)
    assert search.best_params_ == {"nnclassifier__learning_rate": 0.01}
    assert search.score(X, NAMES) > 0.93


def test_weights_go_through_a_search():
    weight = np.where(Y == 2, 0.0, 1.0)
    search = GridSearchCV(classifier(), {"epochs": [40]}, cv=3)
    search.fit(X, NAMES, sample_weight=weight)
    assert "virginica" not in search.predict(X)


def test_its_probabilities_can_be_calibrated():
    calibrated = CalibratedClassifierCV(classifier(), cv=3).fit(X, NAMES)
    p = calibrated.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert calibrated.score(X, NAMES) > 0.93


def test_a_regressor_with_scaled_targets():
    x, y = load_diabetes(return_X_y=True)
    network = NNRegressor(**OPTIONS, epochs=40, learning_rate=0.003)
    ours = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )
    assert cross_val_score(ours, x, y, cv=3).mean() > 0.4


def test_an_important_feature_is_found():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    ours = classifier().fit(x, x[:, 1] > 0)
    found = permutation_importance(ours, x, x[:, 1] > 0, n_repeats=3, random_state=0)
    assert found.importances_mean.argmax() == 1


@pytest.fixture
def plots():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    yield pyplot
    pyplot.close("all")


def test_a_partial_dependence_climbs_with_the_feature(plots):
    x = np.random.default_rng(0).normal(size=(200, 2))
    ours = NNRegressor(**OPTIONS, epochs=60, learning_rate=0.01).fit(x, x[:, 0])
    shown = PartialDependenceDisplay.from_estimator(ours, x, [0, 1])
    climb = np.ptp(shown.lines_[0, 0].get_ydata())
    assert climb > 10 * np.ptp(shown.lines_[0, 1].get_ydata())


def test_a_decision_boundary_is_drawn_for_each_response(plots):
    x = X[:, 2:]
    ours = classifier().fit(x, NAMES)
    for method in ("predict", "predict_proba"):
        shown = DecisionBoundaryDisplay.from_estimator(ours, x, response_method=method)
        assert shown.response.shape[:2] == shown.xx0.shape


# ---- scikit-learn's callbacks ----------------------------------------------------------------


class Recorder:
    """Writes down what scikit-learn tells of a fit; asks to stop after ``last`` epochs."""

    def __init__(self, last=None):
        self.last, self.seen, self.scores = last, [], []

    def setup(self, estimator, context):
        self.seen.append("setup")

    def teardown(self, estimator, context):
        self.seen.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.seen.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.seen.append(f"end {context.task_name} {context.task_id}")
        if hasattr(fitted_estimator, "model_"):
            self.scores.append(fitted_estimator.score(X, y))
        self.metadata = metadata
        return self.last is not None and context.task_id + 1 >= self.last


@pytest.fixture
def callback():
    return pytest.importorskip("sklearn.callback", reason="new in scikit-learn 1.9")


def test_a_callback_hears_of_the_fit_and_of_every_epoch(callback):
    recorder, weight = Recorder(), np.ones(150)
    ours = classifier(epochs=2).set_callbacks(recorder).fit(X, NAMES, sample_weight=weight)
    assert recorder.seen == [
        "setup", "begin fit 0",
        "begin epoch 0", "end epoch 0", "begin epoch 1", "end epoch 1",
        "end fit 0", "teardown",
    ]  # fmt: skip
    assert recorder.metadata["sample_weight"] is weight
    after_one = classifier(epochs=1).fit(X, NAMES).score(X, NAMES)
    after_two = classifier(epochs=2).fit(X, NAMES).score(X, NAMES)
    assert recorder.scores == [after_one, after_two, after_two]
    assert ours.model_.engine == "fused"


def test_a_callback_may_stop_the_training(callback):
    assert classifier().set_callbacks(Recorder(last=3)).fit(X, Y).n_iter_ == 3


def test_a_callback_sees_the_best_weights_at_the_end(callback):
    recorder = Recorder()
    ours = classifier(early_stopping=True, patience=1, learning_rate=0.1, activation="tanh")
    ours.set_callbacks(recorder).fit(X, Y)
    assert len(recorder.scores) == ours.n_iter_ + 1
    assert recorder.scores[-1] == ours.score(X, Y) != recorder.scores[-2]


def test_a_fit_that_fails_still_tears_down(callback):
    recorder = Recorder()
    with pytest.raises(ValueError):
        classifier(epochs=-1).set_callbacks(recorder).fit(X, Y)
    assert recorder.seen == ["setup", "teardown"]


def test_scikit_learns_scoring_monitor_has_a_score_for_every_epoch(callback):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcd"))  # whose names it must not lose
    ours = classifier(epochs=4).set_callbacks(monitor).fit(table, NAMES)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 4
    assert scores[-1] == ours.score(table, NAMES)


class PassedOn(Recorder):
    """A recorder that estimators hand on to the estimators inside them."""

    max_propagation_depth = None


def test_callbacks_reach_the_network_through_a_pipeline_and_a_search(callback):
    recorder = PassedOn()
    pipeline = make_pipeline(StandardScaler(), classifier(epochs=3))
    search = GridSearchCV(pipeline, {"nnclassifier__dropout": [0]}, cv=2)
    search.set_callbacks(recorder).fit(X, NAMES)
    assert recorder.seen.count("end epoch 2") == 3  # of two folds, and of the last fit


def test_without_listeners_nothing_is_set_up(callback):
    ours = classifier(epochs=1).fit(X, Y)
    assert not [name for name in vars(ours) if "callback" in name]
