"""What NNClassifier and NNRegressor have in common: scikit-learn's manners around a network."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from nnscratch.callbacks import EarlyStopping
from nnscratch.sklearn import listeners, network, rows, workers

SEEDS = 2**31  # a seed is drawn below this
AUTO_BATCH = 200  # the largest batch that batch_size="auto" chooses, as MLPClassifier does


class NetworkEstimator(listeners.CallbackSupportMixin, BaseEstimator):
    """Checks the rows, builds a ``Sequential``, has it trained, and asks it for outputs.

    A subclass says in ``_rows``, ``_targets``, ``_head`` and ``_strata`` what its y means.
    """

    model_: Any
    history_: dict

    def __init__(
        self,
        *,
        hidden_layer_sizes,
        activation,
        dropout,
        optimizer,
        learning_rate,
        batch_size,
        epochs,
        early_stopping,
        validation_fraction,
        patience,
        warm_start,
        random_state,
        verbose,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    # ---- what was learned ----

    @property
    def loss_curve_(self):
        """The loss of each epoch, from the network's first one on."""
        return self.history_["loss"]

    @property
    def n_iter_(self):
        """How many epochs the network was trained for."""
        return len(self.loss_curve_)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "model_")

    # ---- training ----

    @listeners.with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Train a new network, or with ``warm_start`` go on with the one that there is.

        X              (n, features) numbers: an array, a list of rows or a DataFrame
        y              (n,), or (n, outputs) for several labels or values a row
        sample_weight  (n,) how much each row counts beside the others; 0 leaves it out
        Returns self. Raises ValueError for data that cannot be meant.
        """
        told = listeners.of(self, X, y, sample_weight)
        goes_on = self.warm_start and self.__sklearn_is_fitted__()
        return self._train(X, y, sample_weight, goes_on, epochs=self.epochs, told=told)

    def _train_one_epoch(self, X, y, sample_weight, classes=None):
        """What ``partial_fit`` of the subclasses does."""
        if self.early_stopping:
            raise ValueError("partial_fit trains one epoch, so early_stopping must be False")
        goes_on = self.__sklearn_is_fitted__()
        return self._train(X, y, sample_weight, goes_on, epochs=1, classes=classes)

    def _train(self, X, y, sample_weight, goes_on, *, epochs, classes=None, told=()):
        x, y = self._checked(X, y, goes_on)
        x, y, weight = self._rows(x, y, sample_weight)
        examples = x, self._targets(y, goes_on, classes), weight
        random_state = check_random_state(self.random_state)
        # First of all draws, so that with one seed a warm start keeps the same rows back.
        examples, validation = self._split(examples, random_state)
        if goes_on:
            model, history = network.going_on(self.model_, self), self.history_
        else:
            model, history = self._new_model(examples, random_state), {"loss": []}
        for name, values in self._fit(model, examples, validation, epochs, told).items():
            history.setdefault(name, []).extend(values)
        self.model_, self.history_ = model, history
        return self

    def _checked(self, X, y, goes_on):
        dtype = self.model_.dtype if goes_on else (np.float64, np.float32)
        x, y = validate_data(
            self,
            X,
            y,
            reset=not goes_on,
            dtype=dtype,
            order="C",
            multi_output=True,
            y_numeric=is_regressor(self),
        )
        return x, column_or_1d(y, warn=True) if y.shape[1:] == (1,) else y

    def _split(self, examples, random_state):
        if not self.early_stopping:
            return examples, None
        stratify = self._strata(examples[1])
        return rows.split(examples, self.validation_fraction, stratify, random_state)

    def _new_model(self, examples, random_state):
        x, targets, _ = examples
        head, seed = self._head(targets), random_state.randint(SEEDS)
        return network.build(self, x.shape[1], head, x.dtype, seed)

    def _fit(self, model, examples, validation, epochs, told):
        """Train the model on (x, y, weight); returns {name: a value for each epoch}."""
        x, y, weight = examples
        stopping = EarlyStopping(patience=self.patience, restore_best_weights=True)
        with workers.one_thread_each():
            return model.fit(
                x,
                y,
                min(AUTO_BATCH, len(x)) if self.batch_size == "auto" else self.batch_size,
                epochs,
                self.verbose,
                # It is the first, so that at the end the others see the best weights.
                [stopping, *told] if validation else list(told),
                validation_data=validation,
                sample_weight=weight,
            ).history

    # ---- using ----

    def _outputs(self, X):
        """The network's output for every row of X, (n, units)."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=self.model_.dtype, order="C")
        with workers.one_thread_each():
            return self.model_.predict(x, verbose=0)
