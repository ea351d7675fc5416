"""NNClassifier and NNRegressor: networks for classes and for quantities."""

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from nnscratch.sklearn import network, rows
from nnscratch.sklearn.base import NetworkEstimator


class NNClassifier(ClassifierMixin, NetworkEstimator):
    """A network of dense layers that tells classes apart, for scikit-learn.

        classifier = NNClassifier(hidden_layer_sizes=(100, 50), epochs=20, random_state=0)
        classifier.fit(X_train, y_train).score(X_test, y_test)

    Labels may be anything that can be sorted; rows of 0s and 1s, y (n, classes), are
    multi-label. Scale the features first, as for any network:
    ``make_pipeline(StandardScaler(), NNClassifier())``.

    hidden_layer_sizes   the width of each hidden layer; () is logistic regression
    activation           that of the hidden layers: any of ``nn.activations``
    dropout              the share of each hidden layer's outputs dropped while training
    optimizer            a name, or one of ``nn.optimizers`` with settings of its own
    learning_rate        a number or a schedule; None leaves the optimizer its own
    batch_size           rows for each update; "auto" is 200, or all rows if they are fewer
    epochs               how often ``fit`` goes through the rows, at most
    early_stopping       keep ``validation_fraction`` of the rows, with the same shares of the
                         classes, and stop when the loss on them is no longer falling; the
                         network gets back the weights of its best epoch
    validation_fraction  the share of the rows kept for early stopping
    patience             how many epochs without improvement early stopping waits
    class_weight         {label: weight}, "balanced" (each class counts the same), or None
    warm_start           let ``fit`` go on with the network and the optimizer that there are:
                         5 epochs and then 5 give the same bits as 10
    random_state         a whole number, a ``RandomState``, or None for NumPy's global one; it
                         seeds weights, row orders, dropout and the rows kept
    verbose              0 silent, 1 a progress bar, 2 a line an epoch

    After ``fit``:

    classes_      the labels, sorted; of multi-label rows the column numbers
    model_        the ``Sequential``, with its ``summary()``, ``save(path)`` and ``trace(x, y)``
    history_      {name: a value for each epoch}
    loss_curve_   the loss of each epoch
    n_iter_       how many epochs the network was trained for
    n_features_in_, feature_names_in_  as everywhere in scikit-learn

    X of float32 is trained in float32, all else in float64. Of the weights of the rows only
    the ratios count, so that every loss is a weighted mean.

    Beside scikit-learn's MLPClassifier: the defaults are the same, but there is no L2 penalty
    ``alpha``, all ``epochs`` are trained unless ``early_stopping`` ends them, and that watches
    the loss of the rows kept back, not their accuracy.
    """

    def __init__(
        self,
        *,
        hidden_layer_sizes=(100,),
        activation="relu",
        dropout=0.0,
        optimizer="adam",
        learning_rate=None,
        batch_size="auto",
        epochs=200,
        early_stopping=False,
        validation_fraction=0.1,
        patience=10,
        class_weight=None,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            dropout=dropout,
            optimizer=optimizer,
            learning_rate=learning_rate,
            batch_size=batch_size,
            epochs=epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def partial_fit(self, X, y, *, classes=None, sample_weight=None):
        """Train one epoch on these rows, going on with the network if there is one.

        classes  all labels that will ever come; needed in the first call, unless y is
                 multi-label, and of no use later
        Returns self. The other arguments are those of ``fit``. Raises ValueError without the
        labels in the first call, and for class_weight="balanced".
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight='balanced' needs all rows at once. For partial_fit pass the\n"
                "weights: compute_class_weight('balanced', classes=..., y=...)."
            )
        if classes is None and not self.__sklearn_is_fitted__() and np.ndim(y) == 1:
            raise ValueError(
                "the first call of partial_fit needs all labels that will ever come:\n"
                "partial_fit(X, y, classes=np.unique(all_labels))"
            )
        return self._train_one_epoch(X, y, sample_weight, classes)

    def predict(self, X):
        """The label of every row of X, (n,); multi-label: rows of 0s and 1s, (n, classes)."""
        probabilities = self.predict_proba(X)
        if self._several:
            return (probabilities > 0.5).astype(int)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X):
        """The probability of every class for every row of X, (n, classes).

        The rows add up to 1, unless they are multi-label.
        """
        outputs = self._outputs(X)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def predict_log_proba(self, X):
        """The logarithm of ``predict_proba``."""
        with np.errstate(divide="ignore"):  # a probability of 0 has the logarithm -inf
            return np.log(self.predict_proba(X))

    def _rows(self, x, y, sample_weight):
        check_classification_targets(y)
        return rows.weighted(x, y, sample_weight, self.class_weight)

    def _targets(self, y, goes_on, classes):
        if not goes_on:
            self._learn_classes(y, classes)
        return y if self._several else self._numbered(y)

    def _numbered(self, y):
        """The place of each label in ``classes_``."""
        if (others := np.setdiff1d(y, self.classes_)).size:
            raise ValueError(
                f"y has the label {others.tolist()[0]!r}, which is none of the classes"
                f" {self.classes_.tolist()!s:.100}.\nA network cannot get a new class:"
                " fit a new one, or name all classes in the first partial_fit."
            )
        return np.searchsorted(self.classes_, y)

    def _learn_classes(self, y, classes):
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise ValueError(
                "y has several columns of classes; only columns of 0s and 1s can be learned.\n"
                "Use sklearn.multioutput.MultiOutputClassifier(NNClassifier())."
            )
        self._several = kind == "multilabel-indicator"
        labels = np.arange(y.shape[1]) if self._several else y if classes is None else classes
        self.classes_ = np.unique(labels)
        if len(self.classes_) == 1:
            raise ValueError(
                "a classifier needs rows of two classes at least, but y has 1 class:"
                f" {self.classes_.tolist()[0]!r}"
            )

    def _head(self, targets):
        return network.for_labels(len(self.classes_), several=self._several)

    def _strata(self, targets):
        return None if self._several else targets

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NNRegressor(RegressorMixin, NetworkEstimator):
    """A network of dense layers that predicts quantities, for scikit-learn.

        regressor = NNRegressor(epochs=100, random_state=0).fit(X_train, y_train)
        regressor.score(X_test, y_test)

    y may have several columns. Scale the features and y first, as for any network:
    ``TransformedTargetRegressor(make_pipeline(StandardScaler(), NNRegressor()),
    transformer=StandardScaler())``.

    loss  "mse" (the mean) or "mae" (the median), or one of ``nn.losses``

    The other parameters, and what there is after ``fit``, are those of ``NNClassifier``, but
    for the classes and their weights.
    """

    def __init__(
        self,
        *,
        hidden_layer_sizes=(100,),
        activation="relu",
        dropout=0.0,
        loss="mse",
        optimizer="adam",
        learning_rate=None,
        batch_size="auto",
        epochs=200,
        early_stopping=False,
        validation_fraction=0.1,
        patience=10,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            dropout=dropout,
            optimizer=optimizer,
            learning_rate=learning_rate,
            batch_size=batch_size,
            epochs=epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
        )
        self.loss = loss

    def partial_fit(self, X, y, *, sample_weight=None):
        """Train one epoch on these rows, going on with the network if there is one.

        Returns self. The arguments are those of ``fit``.
        """
        return self._train_one_epoch(X, y, sample_weight)

    def predict(self, X):
        """The prediction for every row of X, (n,), or (n, outputs) if y had several columns."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _rows(self, x, y, sample_weight):
        return rows.weighted(x, y, sample_weight)

    def _targets(self, y, goes_on, classes):
        return y

    def _head(self, targets):
        return network.Head(1 if targets.ndim == 1 else targets.shape[1], "linear", self.loss)

    def _strata(self, targets):
        return None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
