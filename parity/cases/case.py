"""What a case is, and how either library builds and trains it from the same description."""

from dataclasses import dataclass, field, replace

DTYPES = ("float64", "float32")
SEED = 42
BATCH_SIZE = 32


@dataclass(frozen=True)
class Promise:
    """How far two free-running trainings may depart, in one number format.

    weights      largest |dW| / max|W| in each of the first ``steps`` steps
    loss         largest relative deviation of the loss in each of the first ``epochs`` epochs
                 (None: all of them); the validation loss is held to the same
    accuracy     largest deviation of any accuracy within those epochs; None: nothing is
                 said of it but the floor rule
    loose        loss and accuracy were measured where chaos had begun: they hold for the
                 training curves alone, and the floor rule from the first epoch on for all
    floor        the floor rule holds after that horizon: at most 10 times what Keras departs
                 from itself or, if that is more, what holds before it; without the rule nothing
                 is promised there
    endings      {name in ENDINGS: largest relative deviation, or 10 times the floor if that is
                 more}, of the whole training
    source       where these numbers come from
    """

    loss: float
    epochs: int | None = None
    accuracy: float | None = 0.0
    weights: float = 0.0
    steps: int = 0
    loose: bool = False
    floor: bool = False
    endings: dict = field(default_factory=dict)
    source: str = "measured: the first and the last case of seven seeds, times about 10"


@dataclass(frozen=True)
class Case:
    """A network, its training, and what is promised of the two libraries' agreement.

    layers     (class name, arguments, keywords) of each layer
    loss       (class name, keywords); optimizer: the same
    data       a name that ``load`` knows
    fits       the epochs of each successive call of fit
    rate       the learning rate of an epoch, or None for the optimizer's own
    promises   {"float64": Promise, "float32": Promise}
    margins    Gate 3: {statistic: how far the means over seeds may be apart}; a loss is
               relative to its mean; empty: the training is not chaotic, curves are compared
    seeds      Gate 3: how many seeds those margins need, or None for as many as the run takes
    forced     Gate 1: {number format: tolerance}, where not the gate's own
    """

    name: str
    why: str
    layers: tuple
    loss: tuple
    optimizer: tuple
    data: str
    fits: tuple
    promises: dict
    metrics: tuple = ("accuracy",)
    batch_size: int = BATCH_SIZE
    rate: object = None
    fit_options: dict = field(default_factory=dict)
    validate: bool = False
    margins: dict = field(default_factory=dict)
    seeds: int | None = None
    forced: dict = field(default_factory=dict)

    def rows(self, x):
        """How many of x's rows are trained on, when the last ones are split off."""
        return int(len(x) * (1 - self.fit_options.get("validation_split", 0)))

    def steps(self, x):
        """How many updates the whole training makes."""
        return self.epochs * -(-self.rows(x) // self.batch_size)

    @property
    def epochs(self):
        """The epochs of all fits together."""
        return sum(self.fits)

    def shortened(self, epochs):
        """The same case with at most that many epochs, in one fit if there were several.

        What is promised of the end of the whole training is left out.
        """
        if self.epochs <= epochs:
            return self
        promises = {dtype: replace(each, endings={}) for dtype, each in self.promises.items()}
        return replace(self, fits=(epochs,), promises=promises)


def build(case, library, seed=SEED, **options):
    """The case's compiled model, made by the same calls in either library.

    options  "dtype" goes to nnscratch's Sequential; all others ("run_eagerly") to compile
    """
    library.utils.set_random_seed(seed)
    layers = [getattr(library.layers, kind)(*args, **kw) for kind, args, kw in case.layers]
    dtype = {"dtype": options.pop("dtype")} if "dtype" in options else {}
    model = library.Sequential(layers, **dtype)
    optimizer, loss = _optimizer(case, library), _make(library.losses, case.loss)
    model.compile(optimizer=optimizer, loss=loss, metrics=list(case.metrics), **options)
    return model


def callbacks(case, library):
    """The learning-rate schedule of the case, as a callback of either library."""
    return [library.callbacks.LearningRateScheduler(case.rate)] if case.rate else []


def fit(case, model, library, data, **options):
    """Run all the fits of a case; returns the joined history {name: [value of each epoch]}."""
    (x, y), test = data
    if case.validate:
        options["validation_data"] = test
    joined = {}
    extra = options.pop("callbacks", [])
    for epochs in case.fits:
        watchers = callbacks(case, library) + extra
        run = model.fit(
            x,
            y,
            batch_size=case.batch_size,
            epochs=epochs,
            verbose=0,
            callbacks=watchers,
            **case.fit_options,
            **options,
        )
        for name, values in run.history.items():
            joined.setdefault(name, []).extend(float(value) for value in values)
    return joined


def _make(module, description):
    kind, options = description
    return getattr(module, kind)(**options)


def _optimizer(case, library):
    kind, options = case.optimizer
    if isinstance(options.get("learning_rate"), tuple):
        schedule = _make(library.optimizers.schedules, options["learning_rate"])
        options = options | {"learning_rate": schedule}
    return getattr(library.optimizers, kind)(**options)


def _beside_end_state(history):
    """The last loss of m1 or m2 as a share of the nearest loss at which they come to rest."""
    last = history["loss"][-1]
    return last / min((0.694, 7.97, 8.06), key=lambda state: abs(last - state))


BEST_EPOCH, LAST_LOSS = "epoch of the lowest loss", "loss of the last epoch"
LATE_LOSS = "mean loss after epoch 70"
END_STATE = "end state (0.694, 7.97 or 8.06)"
ENDINGS = {
    BEST_EPOCH: lambda history: 1 + history["loss"].index(min(history["loss"])),
    LAST_LOSS: lambda history: history["loss"][-1],
    LATE_LOSS: lambda history: sum(history["loss"][70:]) / len(history["loss"][70:]),
    END_STATE: _beside_end_state,
}

STATISTICS = {
    "loss": ENDINGS[LAST_LOSS],
    "late loss": ENDINGS[LATE_LOSS],
    "accuracy": lambda history: history["accuracy"][-1],
    # The share of runs that are stuck at the clip.
    "share collapsed": lambda history: float(history["loss"][-1] > 1),
}
