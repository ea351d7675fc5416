"""nnscratch's networks as scikit-learn estimators: ``nn.sklearn``.

    from nnscratch.sklearn import NNClassifier

    search = GridSearchCV(NNClassifier(), {"hidden_layer_sizes": [(50,), (100, 50)]}, n_jobs=2)
    search.fit(X, y).best_estimator_.model_.summary()

They do what is scikit-learn's to do (labels, sample weights, random states, the split for early
stopping) and leave the training to ``Sequential``.

    estimators.py  NNClassifier and NNRegressor
    base.py        what they have in common
    network.py     from an estimator's parameters to a compiled Sequential
    rows.py        the weight of each row, and the rows kept for early stopping
    listeners.py   scikit-learn's own callbacks, which are experimental
    workers.py     one thread inside the workers of joblib and Dask
"""

from nnscratch.sklearn.estimators import NNClassifier, NNRegressor

__all__ = ["NNClassifier", "NNRegressor"]
