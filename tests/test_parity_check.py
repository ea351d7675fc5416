"""parity.check: which keras models pass, which are refused, and that none is changed."""

import pickle
import random
import re
import sys

import numpy as np
import pytest
from beside_keras import keras_in

import nnscratch as nn
import parity
from parity import copies, gates
from parity.mirror import mirror
from parity.own_model import check_command

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(3)
X = RNG.standard_normal((100, 3))
LABELS = (X @ RNG.standard_normal((3, 4))).argmax(axis=1)
ONE_HOT = np.eye(4)[LABELS]
YES = (X[:, 0] * X[:, 1] > 0).astype(float)
IMAGES = RNG.integers(0, 256, (100, 3, 2), dtype=np.uint8)
QUICK = {"epochs": 2, "batch_size": 16}


@pytest.fixture
def keras():
    with keras_in("float64") as keras:
        keras.utils.set_random_seed(1)
        yield keras


@pytest.fixture
def keras32():
    with keras_in("float32") as keras:
        keras.utils.set_random_seed(1)
        yield keras


def compiled(keras, *layers, optimizer="adam", loss="binary_crossentropy", **options):
    """A model on three features: of these layers, or of a usual few."""
    dense = keras.layers.Dense
    layers = layers or (dense(5, "relu"), dense(1, "sigmoid"))
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile(optimizer, loss, **options)
    return model


def with_dropout(keras, **options):
    dense, dropout = keras.layers.Dense, keras.layers.Dropout
    return compiled(keras, dense(8, "relu"), dropout(0.3), dense(1, "sigmoid"), **options)


def assert_passed(outcome, *, dtype):
    assert outcome.passed, [(r.what, r.deviation, r.where) for r in outcome.results]
    assert {result.gate for result in outcome.results} == {1, 2}
    assert {result.dtype for result in outcome.results} == {dtype}


# ---- What passes -----------------------------------------------------------------------------


def binary(keras):
    precision, threshold = (
        keras.metrics.Precision(0.4),
        keras.metrics.BinaryAccuracy(threshold=0.3),
    )
    metrics = ["accuracy", precision, threshold, "mae", keras.metrics.mean_squared_error]
    model = compiled(keras, optimizer=keras.optimizers.Adam(0.01, 0.8, 0.99), metrics=metrics)
    validation = X[:30], YES[:30]
    return model, X, YES, {"class_weight": {0: 1.0, 1: 3.0}, "validation_data": validation}


def one_hot(keras):
    model = compiled(
        keras,
        keras.layers.Dense(6, "tanh", bias_initializer="random_normal"),
        keras.layers.Dense(4, "softmax"),
        optimizer=keras.optimizers.SGD(0.05, 0.9, nesterov=True, clipvalue=0.05),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["acc", keras.metrics.Recall(class_id=1)],
    )
    return model, X, ONE_HOT, {"sample_weight": np.linspace(0, 2, 100)}


def labels_from_logits(keras):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    optimizer = keras.optimizers.RMSprop(0.002, rho=0.8, momentum=0.3, centered=True)
    layers = keras.layers.Dense(6, "sigmoid"), keras.layers.Dense(4)
    metrics = ["sparse_categorical_accuracy"]
    model = compiled(keras, *layers, optimizer=optimizer, loss=loss, metrics=metrics)
    return model, X, LABELS, {"batch_size": 33}


def squared_error(keras):
    layers = keras.layers.Dense(4, "softmax"), keras.layers.Dense(2, "linear")
    optimizer = keras.optimizers.SGD(0.5, clipnorm=0.05)
    loss = keras.losses.mean_squared_error
    return compiled(keras, *layers, optimizer=optimizer, loss=loss), X, X[:, 1:], {}


def absolute_error(keras):
    layers = keras.layers.Dense(4, "relu"), keras.layers.Dense(1)
    options = {"optimizer": "rmsprop", "loss": "mae", "run_eagerly": True}
    return compiled(keras, *layers, **options), X, X[:, :1] * X[:, 1:2], {"epochs": 1}


@pytest.mark.parametrize(
    "make", [binary, one_hot, labels_from_logits, squared_error, absolute_error]
)
def test_losses_optimizers_metrics_and_arguments_of_fit_pass_in_float64(keras, make):
    model, x, y, options = make(keras)
    assert_passed(parity.check(model, x, y, **QUICK | options), dtype="float64")


def every_layer(keras):
    kinds, schedules = keras.layers, keras.optimizers.schedules
    layers = [
        keras.Input((3, 2)),
        kinds.Rescaling(1 / 255, -0.5),
        kinds.Flatten(),
        kinds.Dense(6, "leaky_relu", kernel_initializer="orthogonal"),
        kinds.Dropout(0.25),
        kinds.Dense(5, "tanh", use_bias=False, kernel_initializer="he_normal"),
        kinds.Activation("relu"),
        kinds.Dropout(0.0),
        kinds.Dense(4),
        kinds.Activation("softmax"),
    ]
    model = keras.Sequential(layers, name="images")
    rate = schedules.ExponentialDecay(0.05, 5, 0.9, staircase=True)
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.SGD(rate), loss, metrics=["accuracy"])
    return model, IMAGES, LABELS


def smoothed(keras):
    rate = keras.optimizers.schedules.CosineDecay(
        0.001, 8, alpha=0.1, warmup_target=0.01, warmup_steps=4
    )
    model = compiled(
        keras,
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.BinaryCrossentropy(label_smoothing=0.1),
        metrics=[keras.metrics.F1Score(threshold=0.5)],
    )
    return model, X, YES[:, None]


@pytest.mark.parametrize("make", [every_layer, smoothed])
def test_layers_and_schedules_pass_in_float32(keras32, make):
    assert_passed(parity.check(*make(keras32), **QUICK), dtype="float32")


def test_an_engine_that_does_not_take_the_model_is_skipped_in_its_own_words(keras, monkeypatch):
    def choose(model):
        reason = "run_eagerly=True" if model.run_eagerly else "it is too wide"
        return nn.engines.eager, f"eager: {reason}"

    monkeypatch.setattr(nn.engines, "choose", choose)
    known = {"eager": {"run_eagerly": True}, "fused": {}}
    monkeypatch.setattr(gates, "engines", lambda: known)
    outcome = parity.check(compiled(keras), X, YES, **QUICK)
    skipped = [result for result in outcome.results if result.skipped]
    assert [(each.engine, each.skipped) for each in skipped] == [("fused", "it is too wide")]
    assert {each.engine for each in outcome.results if each.passed} == {"eager"}
    assert outcome.passed
    assert not parity.check(compiled(keras), X, YES, engines=["fused"], **QUICK).passed


def test_a_model_in_the_middle_of_its_training_passes(keras):
    model = with_dropout(keras, metrics=["accuracy"])
    model.fit(X, YES, batch_size=32, epochs=2, verbose=0)
    model.optimizer.learning_rate = 0.02
    ours = mirror(model)
    assert (ours.optimizer.iterations, ours.layers[1].calls) == (8, 8)
    assert all(np.abs(state).max() > 0 for state in ours.optimizer.state.values())
    assert_passed(parity.check(model, X, YES, **QUICK), dtype="float64")


def test_a_model_without_weights_is_checked_and_stays_without(keras):
    model = keras.Sequential([keras.layers.Dense(3, "relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert_passed(parity.check(model, X, YES, **QUICK), dtype="float64")
    assert not model.built


def test_a_mirror_predicts_what_the_model_predicts(keras):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "softmax")])
    ours = mirror(model)
    assert not ours.compiled
    np.testing.assert_allclose(ours.predict(X), model.predict(X, verbose=0), rtol=1e-14)


# ---- What fails ------------------------------------------------------------------------------


@pytest.fixture
def wrong(monkeypatch):
    """Make every mirror wrong by one attribute of its optimizer."""

    def by(name, value):
        def wrong_mirror(theirs, **options):
            ours = mirror(theirs, **options)
            setattr(ours.optimizer, name, value)
            return ours

        monkeypatch.setattr(copies, "mirror", wrong_mirror)

    return by


def test_a_wrong_mirror_fails_and_step_layer_and_tensor_are_named(keras, wrong, capsys):
    wrong("epsilon", 2e-7)
    outcome = parity.check(with_dropout(keras), X, YES, **QUICK, steps=5, engines=["eager"])
    forced, _, loss = outcome.results
    assert not (outcome.passed or forced.passed or loss.passed)
    assert (forced.gate, forced.what) == (1, "5 single steps")
    place = r"first at step [1-5], dense(_\d+)?\.[Wb]\[\d(, \d)?\]"
    assert re.fullmatch(place + r": \S+ here, \S+ in Keras", forced.where)
    assert loss.where.startswith("first at epoch 1: ")
    assert forced.where in capsys.readouterr().out


def test_a_run_that_breaks_off_here_alone_fails(keras, wrong):
    wrong("learning_rate", 1e200)
    layers = keras.layers.Dense(4, "relu"), keras.layers.Dense(1)
    model = compiled(keras, *layers, optimizer="sgd", loss="mse")
    outcome = parity.check(model, X, YES, **QUICK)
    assert not any(result.passed for result in outcome.results)
    assert {result.engine for result in outcome.results} == {"eager", "fused"}
    assert "nan here" in outcome.results[-1].where


def test_keras_is_compared_with_itself_only_where_the_curves_part(keras32, wrong):
    model = compiled(keras32, metrics=["mae"])
    assert {r.floor for r in parity.check(model, X, YES, **QUICK).results} == {None}
    wrong("learning_rate", 0.00101)
    outcome = parity.check(model, X, YES, batch_size=16, epochs=5)
    assert outcome.runs[0].floors.keys() == {"jit"}
    curves = [result for result in outcome.results if result.gate == 2]
    assert 0 < max(result.floor for result in curves) < 1e-5
    for result in curves:
        assert result.tolerance == max(5e-6, 10 * result.floor) < result.deviation


def test_with_dropout_keras_is_compared_with_itself_without_xla(keras):
    """Under XLA Keras draws other masks, and would be far from itself."""
    fit_options = {"epochs": 20, "batch_size": 16}
    training = copies.Training(with_dropout(keras), copies.Rows(X, YES, None, 1), fit_options)
    plain = training.theirs(copies.twin(training.start, X))["loss"]
    other = training.floor()["next weights"]["loss"]
    np.testing.assert_allclose(other, plain, rtol=1e-12)
    assert other != plain


# ---- What stays as it was --------------------------------------------------------------------


def everything(model):
    """All that a check could change, as bytes and numbers."""
    variables = [
        *model.weights,
        *model.optimizer.variables,
        model.layers[1].seed_generator.state,
    ]
    variables += [variable for metric in model.metrics for variable in metric.variables]
    return pickle.dumps(
        (
            [np.asarray(variable) for variable in variables],
            model.get_config(),
            random.getstate(),
            np.random.get_state(),  # noqa: NPY002
        )
    )


@pytest.fixture
def trained(keras):
    model = with_dropout(keras, metrics=["accuracy", keras.metrics.Precision()])
    model.fit(X, YES, batch_size=32, verbose=0)
    return model


def test_the_model_and_all_random_numbers_stay_as_they_were(keras, trained):
    nn.utils.set_random_seed(5)
    expected = nn.random.draw_seed(), nn.random.draw_seed()
    nn.utils.set_random_seed(5)
    first = nn.random.draw_seed()
    before = everything(trained)
    parity.check(trained, X, YES, **QUICK)
    assert everything(trained) == before
    assert (first, nn.random.draw_seed()) == expected


def test_they_stay_when_the_check_breaks_off(keras, trained):
    trained.optimizer.learning_rate = 1e308
    before = everything(trained)
    with pytest.raises(ValueError, match="binary cross-entropy"):
        parity.check(trained, X, YES + 1, **QUICK)
    with pytest.raises(ValueError, match="in Keras itself, so that there is nothing"):
        parity.check(trained, X, YES, **QUICK)
    assert everything(trained) == before


def test_keras_trains_as_the_model_would_after_set_random_seed(keras, trained):
    curves = parity.check(trained, X, YES, **QUICK, seed=7).runs[0].theirs
    keras.utils.set_random_seed(7)
    assert trained.fit(X, YES, **QUICK, verbose=0).history == curves


# ---- What is refused -------------------------------------------------------------------------


def assert_refused(model, *words):
    with pytest.raises(ValueError) as refusal:
        parity.check(model, X, YES)
    message = str(refusal.value)
    assert "\n" not in message
    for each in words:
        assert each in message


LACKING = "which nnscratch does not have"

LAYERS = {
    "a layer": (
        lambda layers: layers.Conv1D(2, 1, name="c"),
        f"layer 'c' is a Conv1D, {LACKING}; it has Dense, Flatten, Activation, Dropout,",
    ),
    "an": (lambda layers: layers.Embedding(2, 1, name="e"), "layer 'e' is an Embedding,"),
    "code": (lambda layers: layers.Lambda(lambda x: x, name="l"), "layer 'l' is a Lambda,"),
    "own class": (
        lambda layers: type("Dense", (layers.Dense,), {})(1, name="d"),
        "layer 'd' is a test_parity_check.Dense,",
    ),
    "regularizer": (
        lambda layers: layers.Dense(1, kernel_regularizer="l2", name="d"),
        f"layer 'd' has kernel_regularizer=L2, {LACKING}",
    ),
    "activity": (
        lambda layers: layers.Activation("relu", activity_regularizer="l1", name="a"),
        "layer 'a' has activity_regularizer=L1,",
    ),
    "constraint": (
        lambda layers: layers.Dense(1, bias_constraint="non_neg", name="d"),
        "layer 'd' has bias_constraint=NonNeg,",
    ),
    "activation": (
        lambda layers: layers.Dense(1, "gelu", name="d"),
        f"layer 'd' has the activation gelu, {LACKING}; it has linear, relu, leaky_relu,",
    ),
    "own activation": (
        lambda layers: layers.Activation(np.tanh, name="a"),
        "layer 'a' has the activation numpy.tanh,",
    ),
    "a layer for activation": (
        lambda layers: layers.Dense(1, layers.ReLU(), name="d"),
        "layer 'd' has the activation keras.src.layers.activations.relu.ReLU,",
    ),
    "mixed precision": (
        lambda layers: layers.Dense(1, dtype="mixed_float16", name="d"),
        f"layer 'd' has the dtype policy 'mixed_float16', {LACKING}; it has float32, float64",
    ),
    "shape of masks": (
        lambda layers: layers.Dropout(0.5, noise_shape=(None, 1), name="d"),
        "layer 'd' has noise_shape=(None, 1),",
    ),
    "everything dropped": (
        lambda layers: layers.Dropout(1.0, name="d"),
        "layer 'd': the dropout rate must be",
    ),
    "channels": (
        lambda layers: layers.Flatten("channels_first", name="f"),
        "layer 'f' has data_format='channels_first',",
    ),
    "scales": (
        lambda layers: layers.Rescaling(np.ones(3), name="r"),
        "layer 'r': scale must be a finite number, got array",
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_a_layer_or_option_that_we_lack_is_named(keras, case):
    make, words = LAYERS[case]
    model = keras.Sequential([make(keras.layers)])
    model.compile("sgd", "mse")
    assert_refused(model, words)


def own_loss(y, p):
    return (y - p) ** 2


COMPILED = {
    "weights": ({"loss_weights": [2.0]}, "the model 'sequential", "has loss_weights=[2.0],"),
    "weighted": ({"weighted_metrics": ["mae"]}, "has weighted_metrics=['mae'],"),
    "XLA": ({"jit_compile": True}, f"has jit_compile=True, {LACKING}"),
    "steps": ({"steps_per_execution": 4}, "has steps_per_execution=4,"),
    "no loss": ({"loss": None}, "was compiled without loss=, so that it cannot be trained"),
    "loss": ({"loss": "huber"}, f"the loss is 'huber', {LACKING}; it has BinaryCrossentropy,"),
    "guessed loss": ({"loss": "crossentropy"}, "the loss is 'crossentropy',"),
    "list of losses": ({"loss": ["mse"]}, "the loss is ['mse'],"),
    "own loss": ({"loss": own_loss}, "the loss is a test_parity_check.own_loss,"),
    "metric": ({"metrics": ["auc"]}, f"the metric 'auc' is an AUC, {LACKING}; it has Binary"),
    "own metric": ({"metrics": [own_loss]}, "is a test_parity_check.own_loss,"),
    "unknown metric": ({"metrics": ["spread"]}, "the metric 'spread' is 'spread',"),
    "optimizer": ({"optimizer": "adamw"}, "is an AdamW, which", "it has SGD, Adam, RMSprop"),
}


@pytest.mark.parametrize("case", COMPILED)
def test_an_argument_of_compile_that_we_lack_is_named(keras, case):
    options, *words = COMPILED[case]
    assert_refused(compiled(keras, **options), *words)


OBJECTS = {
    "the optimizer 'o' has weight_decay=0.1,": lambda k: k.optimizers.SGD(
        weight_decay=0.1, name="o"
    ),
    "has use_ema=True,": lambda k: k.optimizers.Adam(use_ema=True),
    "has amsgrad=True,": lambda k: k.optimizers.Adam(amsgrad=True),
    "has global_clipnorm=1.0,": lambda k: k.optimizers.RMSprop(global_clipnorm=1.0),
    "has loss_scale_factor=8.0,": lambda k: k.optimizers.SGD(loss_scale_factor=8.0),
    "has gradient_accumulation_steps=2,": lambda k: k.optimizers.SGD(
        gradient_accumulation_steps=2
    ),
    "the optimizer 'o': the learning rate is an InverseTimeDecay,": lambda k: k.optimizers.SGD(
        k.optimizers.schedules.InverseTimeDecay(0.1, 5, 0.5), name="o"
    ),
    "the optimizer 'o': learning_rate must be": lambda k: k.optimizers.SGD(-0.1, name="o"),
    "the loss has axis=0,": lambda k: k.losses.BinaryCrossentropy(axis=0),
    "the loss has ignore_class=3,": lambda k: k.losses.SparseCategoricalCrossentropy(
        ignore_class=3
    ),
    "the loss has the number format float32 in a model of float64,": (
        lambda k: k.losses.MeanSquaredError(dtype="float32")
    ),
    "the metric 'p' has top_k=2,": lambda k: k.metrics.Precision(top_k=2, name="p"),
    "the metric 'm' has the number format float32": lambda k: k.metrics.MeanSquaredError(
        "m", dtype="float32"
    ),
}


@pytest.mark.parametrize("words", OBJECTS)
def test_an_option_of_optimizer_loss_or_metric_that_we_lack_is_named(keras, words):
    found = OBJECTS[words](keras)
    if isinstance(found, keras.optimizers.Optimizer):
        options = {"optimizer": found}
    else:
        options = {"loss": found} if isinstance(found, keras.Loss) else {"metrics": [found]}
    assert_refused(compiled(keras, **options), words)


def test_a_layer_that_does_not_learn_is_named(keras):
    frozen = keras.layers.Dense(2, trainable=False, name="frozen")
    last = keras.layers.Dense(1, "sigmoid")
    assert_refused(
        compiled(keras, frozen, last), f"layer 'frozen' has trainable=False, {LACKING}"
    )


def test_an_input_of_another_kind_is_named(keras):
    for made, words in (
        (keras.Input((3,), batch_size=5, name="i"), "the input 'i' has batch_size=5,"),
        (
            keras.Input((3,), dtype="uint8", name="i"),
            "the input 'i' has the number format uint8",
        ),
        (keras.Input((3,), sparse=True, name="i"), "the input 'i' has sparse=True,"),
        (keras.Input((3, None), name="i"), "the input 'i': shape must be"),
    ):
        model = keras.Sequential([made, keras.layers.Flatten()])
        with pytest.raises(ValueError, match=re.escape(words)):
            mirror(model)


def test_number_formats_that_do_not_go_together_are_named(keras):
    mixed = compiled(
        keras, keras.layers.Dense(2), keras.layers.Dense(1, dtype="float32", name="d")
    )
    assert_refused(mixed, "layer 'd' has the number format float32 in a model of float64")
    model = compiled(keras)
    keras.config.set_floatx("float32")  # which has no effect on layers that are made
    assert_refused(model, "are float64, but Keras's floatx is float32", "set_floatx('float64')")


def test_what_is_no_compiled_sequential_is_refused(keras):
    entry = keras.Input((3,))
    functional = keras.Model(entry, keras.layers.Dense(1)(entry), name="f")
    assert_refused(
        functional, "expected a keras.Sequential, got 'f' of the class keras.src.models"
    )
    own = type("Mine", (keras.Sequential,), {})(name="m")
    assert_refused(own, "got 'm' of the class test_parity_check.Mine")
    assert_refused(None, "expected a keras.Sequential, got None")
    assert_refused(keras.Sequential(name="empty"), "the model 'empty' has no layers")
    fresh = keras.Sequential([keras.layers.Dense(1)], name="fresh")
    assert_refused(
        fresh, "the model 'fresh' is not compiled; call model.compile(optimizer, loss)"
    )
    with pytest.raises(ValueError, match="'fresh' has no weights yet; call model"):
        mirror(fresh)


def test_arguments_of_the_check_that_cannot_be_meant_are_refused(keras):
    model = compiled(keras)
    for options, words in (
        ({"epochs": 0}, "epochs must be a whole number >= 1"),
        ({"batch_size": 2.5}, "batch_size must be a whole number >= 1"),
        ({"steps": 0}, "steps must be a whole number >= 1"),
        ({"engines": ["eagr"]}, "unknown engine 'eagr'. Did you mean 'eager'?"),
        ({"sample_weight": [1.0]}, "sample_weight has 1"),
    ):
        with pytest.raises(ValueError, match=re.escape(words)):
            parity.check(model, X, YES, **options)
    with pytest.raises(ValueError, match="100 rows but y has 99"):
        parity.check(model, X, YES[:99])


# ---- The command -----------------------------------------------------------------------------

MODULE = """
import keras

first = keras.layers.Dense(4, "relu")  # made while the module is imported


def build():
    model = keras.Sequential([keras.Input((3,)), first, keras.layers.Dense(1)], name="theirs")
    model.compile("sgd", "mse")
    return model


def bare():
    return keras.Sequential([keras.layers.Dense(1)], name="bare")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to run the command in, with a module of the user's and its data."""
    (tmp_path / "users_module.py").write_text(MODULE)
    (tmp_path / "broken_module.py").write_text("import no_such_package")
    np.savez(tmp_path / "x.npz", x=X, y=YES, x_test=X[:9], y_test=YES[:9])
    np.savez(tmp_path / "other.npz", features=X, y=YES)
    (tmp_path / "text.npz").write_text("x,y")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("users_module", None)


def test_the_command_checks_what_the_function_returns_in_the_format_asked_for(keras32, folder):
    outcome = check_command("users_module:build", "x.npz", epochs=1, steps=2, dtype="float64")
    assert_passed(outcome, dtype="float64")
    assert outcome.results[0].case == "theirs"
    assert outcome.results[0].what == "2 single steps"
    assert "val_loss" in outcome.runs[0].theirs


@pytest.mark.parametrize(
    ("target", "data", "words"),
    [
        ("users_module", "x.npz", "expected module:function, such as mymodule:build"),
        ("users_modul:build", "x.npz", "'users_modul' cannot be imported: No module named"),
        (
            "broken_module:build",
            "x.npz",
            "cannot be imported: No module named 'no_such_package'",
        ),
        ("users_module:bild", "x.npz", "has no function 'bild'. Did you mean 'build'?"),
        ("users_module:bare", "x.npz", "the model 'bare' is not compiled; call model.compile"),
        ("users_module:build", "y.npz", "there is no file 'y.npz'"),
        ("users_module:build", "other.npz", "must hold the arrays x and y"),
        ("users_module:build", "text.npz", "text.npz is not a sound .npz file"),
    ],
)
def test_the_command_says_what_is_wrong(keras, folder, target, data, words):
    with pytest.raises((ValueError, FileNotFoundError)) as refusal:
        check_command(target, data)
    assert words in str(refusal.value)


def test_without_tensorflow_the_command_says_how_to_install_it(keras, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'nnscratch\[parity\]'"):
        check_command("users_module:build", "x.npz")
