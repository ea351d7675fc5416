"""The checks that scikit-learn has for estimators: all of them, and none may fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from nnscratch.sklearn import NNClassifier, NNRegressor

# Some checks train on three rows, for which it is no wonder if many ReLUs are dead.
pytestmark = pytest.mark.filterwarnings("ignore::nnscratch.TrainingWarning")

ESTIMATORS = [
    NNClassifier(),
    NNRegressor(),
    NNClassifier(hidden_layer_sizes=(), optimizer="rmsprop", learning_rate=0.01),
    NNRegressor(hidden_layer_sizes=20, activation="tanh", loss="mae", learning_rate=0.01),
]


@parametrize_with_checks(ESTIMATORS)
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)
