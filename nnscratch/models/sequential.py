"""Sequential: layers in a row, and Keras's methods to train, use and keep them."""

import numpy as np

from nnscratch import blas, data, engines, losses, metrics, optimizers, random, trace
from nnscratch.models import arguments, fitting, state, summary
from nnscratch.models.parameters import owner_of
from nnscratch.models.stack import LayerStack
from nnscratch.models.undo import unbuilt_if_refused


class Sequential(LayerStack):
    """A network whose layers are run one after the other.

        model = nn.Sequential([nn.layers.Dense(8, "relu"), nn.layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, epochs=10)

    layers  layers, the first of which may be an ``Input``; without one (and without an
            ``input_shape=``) the model takes its input's width from the first data it sees
    seed    draw this model's initial weights, dropout masks and row orders from this seed,
            whatever ``nn.utils.set_random_seed`` says
    dtype   "float32" or "float64"; None means ``nn.config.floatx()``
    """

    def __init__(self, layers=None, name=None, *, seed=None, dtype=None):
        self.optimizer = self.loss = self._batch_loss = self._training_token = None
        self.metric_identifiers = []
        self.run_eagerly = False
        self.wants_batches = ""  # which callback must be told of every batch, in words
        super().__init__(layers, name, seed=seed, dtype=dtype)
        self.epochs_trained = 0
        self.history = None
        self.stop_training = False
        self.resume_epoch = None  # where a callback wants this fit to go on
        self.warned = set()  # what this model has warned of: each thing is said once
        self.own_order_seed = random.SeedSource().draw()  # for as long as nobody gives one
        self.fixed_order_seed = self.seed

    # ---- changes of what was trained ----

    def add(self, layer):
        """Put a layer at the end; a compiled model has to be compiled again."""
        super().add(layer)
        self._forget_compile()

    def pop(self):
        """Take the last layer off and return it; a compiled model has to be compiled again."""
        layer = super().pop()
        self._forget_compile()
        return layer

    def build(self, input_shape):
        """Make all weights for inputs of ``input_shape``: (None, ...), None for the rows."""
        super().build(input_shape)
        self._join_loss()

    def become(self, dtype):
        """Convert the model and all it has learned to another number format, in place."""
        super().become(dtype)
        if self.optimizer is not None:
            self.optimizer.state = {
                name: array.astype(self.dtype) for name, array in self.optimizer.state.items()
            }

    def summary(self, line_length=None, *, print_fn=None):
        """Print the layers, their output shapes and numbers of parameters; 80 columns wide.

        print_fn  a function to call with the whole text instead
        """
        (print if print_fn is None else print_fn)(summary.text(self, line_length or 80))

    # ---- compile ----

    def compile(self, optimizer="rmsprop", loss=None, *, metrics=None, run_eagerly=False):
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
    def compiled(self):
        """Whether ``compile`` was called since the layers last changed."""
        return self.loss is not None

    def require_compiled(self, method):
        """Refuse ``method`` without ``compile``, or if another model took the optimizer."""
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
    def batch_loss(self):
        """The loss joined with the last activation, as the engines use it."""
        return self._batch_loss

    @property
    def engine(self):
        """Which engine trains the model, and in words why."""
        return engines.choose(self)[1]

    def new_sums(self, y):
        """Running sums of the loss and the metrics, for targets y."""
        outputs = self.output_shape[-1]
        found = [
            metrics.get(metric, y=y, outputs=outputs) for metric in self.metric_identifiers
        ]
        return metrics.RunningSums(found, self.dtype)

    # ---- the order of the rows ----

    @property
    def order_seed(self):
        """The seed of the row order: the model's own, else the global one, else None.

        A loaded or copied model keeps the one that its training began with.
        """
        return random.global_seed() if self.fixed_order_seed is None else self.fixed_order_seed

    def row_order(self, rows, shuffle):
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
        x,
        y,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        *,
        validation_freq=1,
    ):
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
        )

    def evaluate(
        self,
        x,
        y,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        *,
        callbacks=None,
        return_dict=False,
    ):
        """The loss and the metrics on rows x: a list, the bare loss if alone, or a dict."""
        results = fitting.evaluate(self, x, y, batch_size, verbose, sample_weight, callbacks)
        return fitting.as_keras_returns(results, return_dict)

    def predict(self, x, batch_size=None, verbose="auto", *, callbacks=None):
        """The output for every row of x, (n, O); safe to call from several threads."""
        return fitting.predict(self, x, batch_size, verbose, callbacks)

    def train_on_batch(self, x, y, sample_weight=None, class_weight=None, return_dict=False):
        """One update on these rows; returns their loss and metrics from before it."""
        results = fitting.train_on_batch(self, x, y, sample_weight, class_weight)
        return fitting.as_keras_returns(results, return_dict)

    def test_on_batch(self, x, y, sample_weight=None, return_dict=False):
        """The loss and the metrics of these rows, taken as one batch."""
        results = fitting.test_on_batch(self, x, y, sample_weight)
        return fitting.as_keras_returns(results, return_dict)

    def trace(self, x, y, sample_weight=None):
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

    def predict_on_batch(self, x):
        """The output for these rows, (n, O)."""
        return self.predict(x, verbose=0)

    def __call__(self, x, *, training=False):
        """The output for an array of rows; with ``training`` Dropout is at work."""
        x = arguments.checked_features(self, data.as_features(x, self.dtype))
        return engines.eager.forward(self.steps, x.astype(self.dtype), training=training)[0]

    # ---- files and copies ----

    def save(self, filepath, *, overwrite=True, note=None):
        """Write the model and where its training stands into one ``.nnscratch.safetensors``.

        note  JSON values of your own to keep with it; ``restore`` returns them
        """
        state.save(self, filepath, overwrite=overwrite, note=note)

    def restore(self, filepath):
        """Put this model back to a saved state of itself, and return the note saved with it."""
        return state.restore(self, filepath)

    def save_weights(self, filepath, *, overwrite=True):
        """Write the parameters alone into a ``.safetensors`` file."""
        state.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath):
        """Read the parameters that ``save_weights`` or ``save`` wrote of a model like this."""
        state.load_weights(self, filepath)

    def __getstate__(self):
        return super().__getstate__() | {
            "_batch_loss": None,
            "fixed_order_seed": self.order_seed,
        }
