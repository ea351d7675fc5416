"""Sequential: layers in a row, and Keras's methods to train, use and keep them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from nnscratch import blas, data, engines, losses, metrics, optimizers, random, trace
from nnscratch.callbacks import Callback, History
from nnscratch.layers import Input, Layer
from nnscratch.models import arguments, fitting, loading, state, summary
from nnscratch.models.exports import Exports
from nnscratch.models.parameters import owner_of
from nnscratch.models.stack import LayerStack
from nnscratch.models.undo import unbuilt_if_refused


class Sequential(LayerStack, Exports):
    """A network whose layers are run one after the other.

        model = nn.Sequential([nn.layers.Dense(8, "relu"), nn.layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, epochs=10)

    layers  layers, the first of which may be an ``Input``; without one (and without an
            ``input_shape=``) the model takes its input's width from the first data it sees
    seed    draw this model's initial weights, dropout masks and row orders from this seed,
            whatever ``nn.utils.set_random_seed`` says
    dtype   "float32" or "float64"; None means ``nn.config.floatx()``

    Raises TypeError for what is no layer, ValueError for layers that do not fit together, and
    for a format that is none of the two.

    >>> import nnscratch as nn
    >>> x, y = nn.datasets.circles()
    >>> hidden = nn.layers.Dense(10, "relu")
    >>> model = nn.Sequential([hidden, nn.layers.Dense(1, "sigmoid")], seed=1)
    >>> model.compile("adam", "binary_crossentropy")
    >>> losses = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    >>> losses[2] < losses[0]
    True
    >>> model.predict(x[:5], verbose=0).shape
    (5, 1)
    """

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        name: str | None = None,
        *,
        seed: int | None = None,
        dtype: DTypeLike | None = None,
    ):
        self.optimizer: Any = None
        self.loss: Any = None
        self._batch_loss: Any = None
        self._training_token: object = None
        self.metric_identifiers: list[Any] = []
        self.run_eagerly = False
        self.wants_batches = ""  # which callback must be told of every batch, in words
        super().__init__(layers, name, seed=seed, dtype=dtype)
        self.epochs_trained = 0
        self.history: Any = None
        self.stop_training = False
        self.resume_epoch = None  # where a callback wants this fit to go on
        self.warned: set[str] = set()  # what this model has warned of: each thing is said once
        self.own_order_seed = random.SeedSource().draw()  # for as long as nobody gives one
        self.fixed_order_seed = self.seed

    # ---- changes of what was trained ----

    def add(self, layer: Layer | Input) -> None:
        """Put a layer at the end; a compiled model has to be compiled again."""
        super().add(layer)
        self._forget_compile()

    def pop(self) -> Layer:
        """Take the last layer off and return it; a compiled model has to be compiled again.

        Raises ValueError where there is none.
        """
        layer = super().pop()
        self._forget_compile()
        return layer

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make all weights for inputs of ``input_shape``: (None, ...), None for the rows."""
        super().build(input_shape)
        self._join_loss()

    def become(self, dtype: DTypeLike) -> None:
        """Convert the model and all it has learned to another number format, in place."""
        super().become(dtype)
        if self.optimizer is not None:
            self.optimizer.state = {
                name: array.astype(self.dtype) for name, array in self.optimizer.state.items()
            }

    def summary(
        self, line_length: int | None = None, *, print_fn: Callable[[str], Any] | None = None
    ) -> None:
        """Print the layers, their output shapes and numbers of parameters; 80 columns wide.

        print_fn  a function to call with the whole text instead
        """
        (print if print_fn is None else print_fn)(summary.text(self, line_length or 80))

    def _repr_html_(self):
        return summary.as_html(self)

    # ---- compile ----

    def compile(
        self,
        optimizer: str | optimizers.Optimizer | type[optimizers.Optimizer] = "rmsprop",
        loss: str | losses.Loss | type[losses.Loss] | Callable[..., Any] | None = None,
        *,
        metrics: Sequence[Any] | None = None,
        run_eagerly: bool = False,
    ) -> None:
        """Say how to train: by which optimizer, on which loss, watching which metrics.

        Makes a fresh optimizer state and keeps the weights. Raises ValueError for an unknown
        name, a missing loss, or a layer that another model trains already.
        """
        if loss is None:
            raise ValueError(
                "compile needs a loss, for example 'binary_crossentropy' (yes or no),\n"
                "'sparse_categorical_crossentropy' (one of several classes) or 'mse' (a number)"
            )
        self._refuse_shared_layers()
        found = losses.get(loss), optimizers.get(optimizer), arguments.check_metrics(metrics)
        found[1].rate(1, self.dtype.type)  # a schedule that gives no number is refused now
        if self.built:
            arguments.check_output(self, found[0])
        self.loss, self.optimizer, self.metric_identifiers = found
        self.run_eagerly, self.wants_batches = bool(run_eagerly), ""
        self.optimizer.restart()
        self._training_token = self.optimizer.training_token = object()
        self._build_if_known()  # a layer whose first model is gone becomes this model's own

    def _refuse_shared_layers(self):
        for layer in self.layers:
            owner = owner_of(layer)
            if owner not in (None, self):
                raise ValueError(
                    f"layer {layer.name!r} is trained by the model {owner.name!r}, so this"
                    " model can use it but not train it.\nGive this model a copy of its own:"
                    " copy.deepcopy(layer)."
                )

    def _join_loss(self):
        if self.built and self.loss is not None:
            self._batch_loss = losses.BatchLoss(self.loss, self.steps)

    def _forget_compile(self):
        self.optimizer = self.loss = self._batch_loss = None

    @property
    def compiled(self) -> bool:
        """Whether ``compile`` was called since the layers last changed."""
        return self.loss is not None

    def require_compiled(self, method: str) -> None:
        """ValueError without ``compile``, or if another model took the optimizer."""
        if self.optimizer is None:
            raise ValueError(
                f"call model.compile(optimizer, loss) before {method}, and again after add"
                " or pop"
            )
        if self.optimizer.training_token is not self._training_token:
            raise ValueError(
                f"the optimizer of model {self.name!r} was handed to another model's compile.\n"
                "Give each model an optimizer of its own."
            )

    @property
    def batch_loss(self) -> Any:
        """The loss joined with the last activation, as the engines use it."""
        return self._batch_loss

    @property
    def engine(self) -> str:
        """Which engine trains the model, and in words why."""
        return engines.choose(self)[1]

    def new_sums(self, y: np.ndarray) -> metrics.RunningSums:
        """Running sums of the loss and the metrics, for targets y."""
        outputs = self.output_shape[-1]
        found = [
            metrics.get(metric, y=y, outputs=outputs) for metric in self.metric_identifiers
        ]
        return metrics.RunningSums(found, self.dtype)

    # ---- the order of the rows ----

    @property
    def order_seed(self) -> int | None:
        """The seed of the row order: the model's own, else the global one, else None.

        A loaded or copied model keeps the one that its training began with.
        """
        return random.global_seed() if self.fixed_order_seed is None else self.fixed_order_seed

    def row_order(self, rows: int, shuffle: bool | str) -> np.ndarray:
        """The rows' order in the next epoch: a function of the seed and the epochs so far."""
        if not shuffle:
            return np.arange(rows)
        seed = self.order_seed
        if shuffle == "keras" and seed is not None:
            return random.keras_order(rows, seed)
        return random.fresh_order(
            rows, self.own_order_seed if seed is None else seed, self.epochs_trained
        )

    # ---- training and using ----

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Callback | Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: tuple[ArrayLike, ...] | None = None,
        shuffle: bool | str = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: ArrayLike | None = None,
        initial_epoch: int = 0,
        *,
        validation_freq: int | Sequence[int] = 1,
        resume: str | PathLike[str] | None = None,
    ) -> History:
        """Train on rows x with targets y and return the History.

        x                 (n, ...) numbers; (n,) is one feature for each row
        y                 (n,) or (n, O), as the loss wants them
        batch_size        rows for each update; None means 32
        verbose           0 silent, 1 a progress bar, 2 a line an epoch
        validation_split  the share of rows, taken off the end, that is only evaluated
        validation_data   (x, y) or (x, y, sample_weight) to evaluate after each epoch
        shuffle           True: a fresh order every epoch; "keras": Keras's own, the same one
                          in every epoch; False: as the rows come
        class_weight      {class: weight}; a weight multiplies the loss of its rows
        sample_weight     (n,) the same, row by row
        validation_freq   evaluate every so many epochs, or after those in a list
        resume            a ``.nnscratch.safetensors`` file to keep this training in: it is
                          written after every epoch, and a fit that finds it goes on from it, up
                          to ``epochs`` in all. So the same script, run again after it was
                          killed, ends with the same bits; after it ended, it trains no more.
                          To begin anew, delete the file. It holds the training as its last
                          epoch left it; what came out of it is kept by ``model.save``.

        Raises ValueError or TypeError for data that cannot be meant, before anything is
        trained, and NonFiniteError when training leaves the finite numbers.
        """
        return fitting.fit(
            self,
            x,
            y,
            batch_size,
            epochs,
            verbose,
            callbacks,
            validation_split,
            validation_data,
            shuffle,
            class_weight,
            sample_weight,
            initial_epoch,
            validation_freq,
            resume,
        )

    def evaluate(
        self,
        x: ArrayLike,
        y: ArrayLike,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: ArrayLike | None = None,
        *,
        callbacks: Callback | Sequence[Callback] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics on rows x: a list, the bare loss if alone, or a dict.

        Arguments and errors are those of ``fit``.
        """
        results = fitting.evaluate(self, x, y, batch_size, verbose, sample_weight, callbacks)
        return fitting.as_keras_returns(results, return_dict)

    def predict(
        self,
        x: ArrayLike,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        *,
        callbacks: Callback | Sequence[Callback] | None = None,
    ) -> np.ndarray:
        """The output for every row of x, (n, O); safe to call from several threads.

        Raises ValueError for rows that the model was not built for.
        """
        return fitting.predict(self, x, batch_size, verbose, callbacks)

    def train_on_batch(
        self,
        x: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One update on these rows; returns their loss and metrics from before it."""
        results = fitting.train_on_batch(self, x, y, sample_weight, class_weight)
        return fitting.as_keras_returns(results, return_dict)

    def test_on_batch(
        self,
        x: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics of these rows, taken as one batch."""
        results = fitting.test_on_batch(self, x, y, sample_weight)
        return fitting.as_keras_returns(results, return_dict)

    def trace(
        self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> trace.Trace:
        """The ``Trace`` of one training step on these rows, as one batch; changes nothing.

        It holds every tensor of the way forward and back, each layer's gradients, and what the
        optimizer would make of them. ``print`` it, or ``nn.explain`` it.
        """
        self.require_compiled("trace")
        with unbuilt_if_refused(self):
            rows = arguments.examples(self, x, y, sample_weight)
            arguments.check_own_layers(self)
        with blas.limited(self, len(rows.x)), np.errstate(all="ignore"):
            return trace.record(self, *rows)

    def predict_on_batch(self, x: ArrayLike) -> np.ndarray:
        """The output for these rows, (n, O)."""
        return self.predict(x, verbose=0)

    def __call__(self, x: ArrayLike, *, training: bool = False) -> np.ndarray:
        """The output for an array of rows; with ``training`` Dropout is at work."""
        rows = arguments.checked_features(self, data.as_features(x, self.dtype))
        rows = rows.astype(self.dtype)
        return engines.eager.forward(self.steps, rows, training=training)[0]

    # ---- files and copies ----

    def save(
        self,
        filepath: str | PathLike[str],
        *,
        overwrite: bool = True,
        note: Any = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        """Write the model and where its training stands into one ``.nnscratch.safetensors``.

        note       JSON values of your own to keep with it; ``restore`` returns them
        callbacks  of whom to keep the counters too
        """
        state.save(self, filepath, overwrite=overwrite, note=note, callbacks=callbacks)

    def restore(
        self,
        filepath: str | PathLike[str],
        *,
        callbacks: Sequence[Callback] = (),
        check: Callable[[Any], None] | None = None,
    ) -> Any:
        """Put this model back to a saved state of itself, and return the note saved with it.

        callbacks  to give the counters that were saved of such callbacks
        check      a function of the note that raises ValueError to refuse the file

        Raises ValueError for a file that is damaged or of another model, and then leaves this
        one as it was.
        """
        return loading.restore(self, filepath, callbacks=callbacks, check=check)

    def save_weights(self, filepath: str | PathLike[str], *, overwrite: bool = True) -> None:
        """Write the parameters alone into a ``.safetensors`` file."""
        state.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: str | PathLike[str]) -> None:
        """Read the parameters that ``save_weights`` or ``save`` wrote of a model like this."""
        loading.load_weights(self, filepath)

    def __getstate__(self):
        return super().__getstate__() | {
            "_batch_loss": None,
            "fixed_order_seed": self.order_seed,
        }
