"""The same training in nnscratch and in Keras, from the same seed, number by number."""

import inspect

import numpy as np
import pytest
from beside_keras import keras_in

import nnscratch as nn
from nnscratch.models import Sequential

pytestmark = pytest.mark.tensorflow

RELATIVE = 1e-12
ROWS = 40


@pytest.fixture(scope="module")
def keras():
    with keras_in("float64") as keras:
        yield keras


@pytest.fixture(autouse=True)
def unseeded_afterwards():
    yield
    nn.random._source = nn.random.SeedSource()


def make_x(width=3):
    return np.random.default_rng(1).normal(size=(ROWS, width))


def yes_or_no():
    return (make_x()[:, 0] * make_x()[:, 1] > 0).astype(float)


def labels():
    return np.random.default_rng(2).integers(0, 3, ROWS)


def build(library, units=1, last="sigmoid", dropout=0.0):
    """The same lines for both libraries; our model is in float64 as Keras's is."""
    library.utils.set_random_seed(42)
    layers = library.layers
    stack = [layers.Input((3,)), layers.Dense(6, activation="tanh")]
    stack += [layers.Dropout(dropout)] if dropout else []
    stack += [layers.Dense(units, activation=last)]
    return library.Sequential(stack, **({"dtype": "float64"} if library is nn else {}))


def fit(library, model, *data, **options):
    shuffle = options.pop("shuffle", True)
    shuffle = "keras" if shuffle and library is nn else shuffle
    options = {"batch_size": 16, "epochs": 3, "verbose": 0, "shuffle": shuffle} | options
    return model.fit(*data, **options)


def assert_same_history(ours, theirs):
    assert list(ours.history) == list(theirs.history)
    assert ours.epoch == theirs.epoch
    for name, values in theirs.history.items():
        np.testing.assert_allclose(ours.history[name], values, rtol=RELATIVE, err_msg=name)


def assert_same_training(keras, train):
    """train(library) -> (model, History): equal in every number, and in the final weights."""
    (our_model, ours), (their_model, theirs) = train(nn), train(keras)
    assert_same_history(ours, theirs)
    for our, their in zip(our_model.get_weights(), their_model.get_weights(), strict=True):
        np.testing.assert_allclose(
            our, their, rtol=RELATIVE, atol=RELATIVE * np.abs(their).max()
        )


# ---- what is given to fit ----

FIT_OPTIONS = {
    "a partial last batch": {},
    "batches of one": {"batch_size": 1, "epochs": 2},
    "batches of seven": {"batch_size": 7},
    "a batch larger than the data": {"batch_size": 1000},
    "the rows as they come": {"shuffle": False},
    "class weights": {"class_weight": {0: 1.0, 1: 4.0}},
    "sample weights": {"sample_weight": np.linspace(0.1, 3, ROWS)},
    "a split": {"validation_split": 0.3},
    "a split and sample weights": {
        "validation_split": 0.3, "sample_weight": np.linspace(0.1, 3, ROWS)
    },
    "a split and class weights": {"validation_split": 0.3, "class_weight": {1: 4.0}},
    "validation data": {"validation_data": (make_x()[:9], yes_or_no()[:9])},
    "weighted validation data": {
        "validation_data": (make_x()[:9], yes_or_no()[:9], np.linspace(1, 2, 9))
    },
    "validation every second epoch": {"validation_split": 0.3, "validation_freq": 2},
    "validation after two epochs": {"validation_split": 0.3, "validation_freq": [1, 3]},
    "a later first epoch": {"initial_epoch": 2, "epochs": 4},
}  # fmt: skip


@pytest.mark.parametrize("options", FIT_OPTIONS.values(), ids=FIT_OPTIONS)
def test_histories_and_weights_are_keras_own_for(keras, options):
    def train(library):
        model = build(library)
        model.compile(
            library.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"]
        )
        return model, fit(library, model, make_x(), yes_or_no(), **options)

    assert_same_training(keras, train)


# ---- losses, optimizers, layers ----


def smoothed(library):
    return library.losses.BinaryCrossentropy(label_smoothing=0.2)


def by_name(name):
    return lambda library: name


ONE_HOT = np.eye(3)[labels()]
SEVERAL_RIGHT = np.random.default_rng(3).integers(0, 2, (ROWS, 3)).astype(float)
PROBLEMS = {
    "mean squared error": (1, None, by_name("mse"), make_x()[:, 0], "mae"),
    "mean absolute error": (2, None, by_name("mae"), make_x()[:, :2], "mse"),
    "label smoothing": (1, "sigmoid", smoothed, yes_or_no(), "accuracy"),
    "one-hot rows": (3, "softmax", by_name("categorical_crossentropy"), ONE_HOT, "accuracy"),
    "labels": (3, "softmax", by_name("sparse_categorical_crossentropy"), labels(), "accuracy"),
    "several right at once": (
        3, "sigmoid", by_name("binary_crossentropy"), SEVERAL_RIGHT, "binary_accuracy"
    ),
}  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_histories_and_weights_are_keras_own_with(keras, problem):
    units, last, loss, y, metric = problem

    def train(library):
        model = build(library, units, last)
        model.compile(library.optimizers.Adam(0.02), loss(library), metrics=[metric])
        return model, fit(library, model, make_x(), y, validation_split=0.2)

    assert_same_training(keras, train)


def fading(library):
    """A rate that falls with every step, written as either library wants it."""
    if library is nn:
        base, as_number = nn.optimizers.Schedule, float
    else:
        base = library.optimizers.schedules.LearningRateSchedule
        as_number = lambda step: library.ops.cast(step, "float64")  # noqa: E731

    class Fading(base):
        def __call__(self, step):
            return 0.1 / (1 + 0.1 * as_number(step))

        def get_config(self):
            return {}

    return Fading()


OPTIMIZERS = {
    "SGD": lambda k: k.optimizers.SGD(0.1),
    "momentum": lambda k: k.optimizers.SGD(0.05, momentum=0.9),
    "Nesterov's momentum": lambda k: k.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "RMSprop": lambda k: k.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "clipped gradients": lambda k: k.optimizers.Adam(0.02, clipnorm=0.05),
    # Halving is exact in float32; other powers differ by a bit between Keras's own two modes.
    "a schedule": lambda k: k.optimizers.Adam(
        k.optimizers.schedules.ExponentialDecay(0.05, 5, 0.5, staircase=True)
    ),
    "a schedule of one's own": lambda k: k.optimizers.SGD(fading(k), momentum=0.5),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_histories_and_weights_are_keras_own_by(keras, optimizer):
    def train(library):
        model = build(library, dropout=0.25)
        model.compile(optimizer(library), "binary_crossentropy", metrics=["accuracy"])
        return model, fit(library, model, make_x(), yes_or_no(), epochs=4)

    assert_same_training(keras, train)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # TensorFlow's
def test_a_learning_rate_scheduler_leaves_keras_numbers_and_names(keras):
    def train(library):
        model = build(library)
        model.compile(library.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
        fade = library.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.7)
        options = {"validation_split": 0.2, "callbacks": [fade], "epochs": 4}
        return model, fit(library, model, make_x(), yes_or_no(), **options)

    assert_same_training(keras, train)
    assert list(train(nn)[1].history)[-1] == "learning_rate"


def test_several_fits_and_single_batches_in_a_row_go_on_as_in_keras(keras):
    x, y = make_x(), yes_or_no()

    def train(library):
        model = build(library, dropout=0.25)
        model.compile(
            library.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"]
        )
        seen = [fit(library, model, x, y, epochs=2).history["loss"]]
        seen += [model.train_on_batch(x[i : i + 9], y[i : i + 9]) for i in range(0, ROWS, 9)]
        seen += [model.test_on_batch(x, y), model.evaluate(x, y, 7, verbose=0)]
        weighted = model.train_on_batch(x, y, sample_weight=np.linspace(0, 2, ROWS))
        by_class = model.train_on_batch(x, y, class_weight={1: 3.0}, return_dict=True)
        seen += [weighted, list(by_class.values())]
        history = fit(library, model, x, y, epochs=2)
        seen += [model.predict_on_batch(x).ravel(), model.predict(x, verbose=0).ravel()]
        return model, history, seen

    ours, theirs = train(nn), train(keras)
    assert_same_history(ours[1], theirs[1])
    for our, their in zip(ours[2], theirs[2], strict=True):
        np.testing.assert_allclose(our, their, rtol=RELATIVE)


# ---- hooks ----


def record(library, act):
    """Every hook that a callback of ``library`` gets: its name, its index, its logs."""
    calls = []

    def note(name):
        def hook(self, *given, **named):
            *index, logs = [*given, *named.values()]
            calls.append((name, index, logs if "outputs" not in logs else {}))
            act(self.model, name, *index)

        return hook

    kinds = ("train", "epoch", "train_batch", "test", "test_batch", "predict", "predict_batch")
    names = [f"on_{kind}_{end}" for kind in kinds for end in ("begin", "end")]
    methods = {name: note(name) for name in names}
    return type("Recorder", (library.callbacks.Callback,), methods)(), calls


def stop_at(name, index):
    def act(model, *where):
        if where == (name, index):
            model.stop_training = True

    return act


ACTS = {
    "nothing is done": lambda model, *where: None,
    "a batch asks to stop": stop_at("on_train_batch_end", 1),
    "the begin of a batch asks to stop": stop_at("on_train_batch_begin", 1),
    "the begin of an epoch asks to stop": stop_at("on_epoch_begin", 1),
    "the end of an epoch asks to stop": stop_at("on_epoch_end", 1),
}


def compiled(library):
    model = build(library)
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    return model


def assert_same_calls(ours, theirs):
    assert [call[:2] for call in ours] == [call[:2] for call in theirs]
    for (name, _, our), (_, _, their) in zip(ours, theirs, strict=True):
        assert list(our) == list(their), name
        assert {type(value) for value in our.values()} <= {float}
        for key, value in their.items():
            assert our[key] == pytest.approx(value, rel=RELATIVE), (name, key)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_the_hooks_of_fit_come_as_in_keras_with_the_same_logs_where(keras, act):
    def train(library):
        callback, calls = record(library, act)
        options = {"callbacks": [callback], "validation_split": 0.4}
        fit(library, compiled(library), make_x(), yes_or_no(), **options)
        return calls, callback.params

    (ours, our_params), (theirs, their_params) = train(nn), train(keras)
    assert our_params == their_params
    assert_same_calls(ours, theirs)


def test_the_hooks_of_evaluate_and_predict_come_as_in_keras(keras):
    def use(library):
        callback, calls = record(library, lambda model, *where: None)
        model = compiled(library)
        model.evaluate(make_x(), yes_or_no(), 16, verbose=0, callbacks=[callback])
        params = [callback.params]
        model.predict(make_x(), verbose=0, callbacks=[callback])
        return calls, [*params, callback.params]

    (ours, our_params), (theirs, their_params) = use(nn), use(keras)
    assert our_params == their_params
    assert_same_calls(ours, theirs)


# ---- signatures ----


@pytest.mark.parametrize(
    "method",
    [
        "add", "build", "compile", "count_params", "evaluate", "fit", "get_layer",
        "get_weights", "load_weights", "pop", "predict", "predict_on_batch", "save",
        "save_weights", "set_weights", "summary", "test_on_batch", "train_on_batch",
    ],
)  # fmt: skip
def test_positional_arguments_have_keras_names_and_order(keras, method):
    def positional(cls):
        found = inspect.signature(getattr(cls, method)).parameters.values()
        return [each.name for each in found if each.kind is each.POSITIONAL_OR_KEYWORD]

    ours = positional(Sequential)
    assert ours == positional(keras.Sequential)[: len(ours)]


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict", "compile", "train_on_batch"])
def test_defaults_are_keras_own(keras, method):
    ours = inspect.signature(getattr(Sequential, method)).parameters
    theirs = inspect.signature(getattr(keras.Sequential, method)).parameters
    shared = [each for each in ours.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    optional = [each for each in shared if each.default is not each.empty]
    assert optional
    for each in optional:
        assert each.default == theirs[each.name].default, each.name
