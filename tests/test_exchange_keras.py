"""From Keras and to Keras: what travels comes back to the bit, and the training goes on."""

import random
import re
import sys
import warnings

import numpy as np
import pytest
from beside_keras import FLOAT_TYPES, keras_in

import nnscratch as nn

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:__array__ implementation"),  # Keras's save, on NumPy 2
]

RNG = np.random.default_rng(5)
X = RNG.standard_normal((40, 3))
IMAGES = RNG.integers(0, 256, (40, 3, 2), dtype=np.uint8)
LABELS = np.arange(40) % 4
ONE_HOT = np.eye(4)[LABELS]
YES = (X[:, :1] * X[:, 1:2] > 0).astype(float)

# What one step of either library may leave between them, relative to the largest weight: the
# parity harness's Gate 1.
ONE_STEP = {"float32": 5e-6, "float64": 1e-13}
PREDICTIONS = {"float32": 1e-6, "float64": 1e-14}


@pytest.fixture(params=FLOAT_TYPES)
def keras(request):
    with keras_in(request.param) as keras:
        yield keras


@pytest.fixture
def keras32():
    with keras_in("float32") as keras:
        yield keras


def dense(units, activation=None, **options):
    """A Dense layer whose seeds are given, so that they are part of its description."""
    start = nn.initializers.HeNormal(seed=units)
    return nn.layers.Dense(units, activation, kernel_initializer=start, **options)


# ---- A zoo: every layer, activation, loss, optimizer, schedule and metric --------------------


def every_layer():
    kinds = nn.layers
    stack = [
        nn.Input((3, 2)),
        kinds.Rescaling(1 / 255, -0.5, name="scaled"),
        kinds.Flatten(),
        dense(6, "leaky_relu", bias_initializer=nn.initializers.RandomUniform(seed=3)),
        kinds.Dropout(0.25, seed=11),
        dense(5, "tanh", use_bias=False),
        kinds.Activation("relu"),
        kinds.Activation("linear"),
        kinds.Dropout(0.0),
        dense(4, bias_initializer=nn.initializers.Constant(0.1)),
        kinds.Activation("softmax"),
    ]
    rate = nn.optimizers.schedules.ExponentialDecay(0.05, 5, 0.9, staircase=True)
    loss = nn.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
    metrics = ["acc", nn.metrics.SparseCategoricalAccuracy("right")]
    return stack, nn.optimizers.SGD(rate, clipnorm=0.5), loss, metrics, (IMAGES, LABELS)


def binary():
    metrics = [
        "accuracy",
        "mae",
        nn.metrics.BinaryAccuracy(threshold=0.3),
        nn.metrics.Precision(0.4),
        nn.metrics.Recall(0.6, name="found"),
        nn.metrics.F1Score(threshold=0.5),
    ]
    loss = nn.losses.BinaryCrossentropy(label_smoothing=0.1, name="bce")
    optimizer = nn.optimizers.Adam(0.01, 0.8, 0.99, 1e-6, name="a")
    stack = [nn.Input((3,)), dense(5, "relu"), nn.layers.Dropout(0.3, seed=-4)]
    return [*stack, dense(1, "sigmoid")], optimizer, loss, metrics, (X, YES)


def one_hot():
    loss = nn.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    optimizer = nn.optimizers.SGD(0.05, 0.9, nesterov=True, clipvalue=0.05)
    metrics = [nn.metrics.CategoricalAccuracy(), nn.metrics.Recall(class_id=1)]
    return [nn.Input((3,)), dense(6, "tanh"), dense(4)], optimizer, loss, metrics, (X, ONE_HOT)


def squared_error():
    rate = nn.optimizers.schedules.CosineDecay(
        0.001, 8, alpha=0.1, warmup_target=0.01, warmup_steps=4
    )
    optimizer = nn.optimizers.RMSprop(rate, 0.8, 0.3, 1e-6, centered=True)
    loss = nn.losses.MeanSquaredError(reduction="sum")
    metrics = ["mse", nn.metrics.F1Score("macro", 0.4), nn.metrics.MeanAbsoluteError("off")]
    stack = [nn.Input((3,)), dense(4, "sigmoid"), dense(2)]
    return stack, optimizer, loss, metrics, (X, X[:, :2])


def absolute_error():
    stack = [nn.Input((3,)), dense(4, "softmax"), dense(1)]
    data = X, X[:, :1] * X[:, 1:2]
    return stack, nn.optimizers.SGD(0.1, 0.5), nn.losses.MeanAbsoluteError(), [], data


SETTINGS = ("name", "threshold", "thresholds", "class_id", "average")
ZOO = [every_layer, binary, one_hot, squared_error, absolute_error]


def trained(make, dtype):
    """A model of the zoo after three steps, and its rows."""
    stack, optimizer, loss, metrics, (x, y) = make()
    model = nn.Sequential(stack, make.__name__, seed=2, dtype=dtype)
    model.compile(optimizer, loss, metrics=metrics)
    for rows in range(3):
        model.train_on_batch(x[rows:], y[rows:])
    return model, x, y


def everything(model):
    """All that should travel, as bytes and descriptions."""
    optimizer = model.optimizer
    dropouts = [each for each in model.layers if isinstance(each, nn.layers.Dropout)]
    metrics = [nn.metrics.get(each, y=YES, outputs=1) for each in model.metric_identifiers]
    return {
        "name": model.name,
        "dtype": model.dtype,
        "input": model.input_shape,
        "layers": [nn.layers.serialize(layer) for layer in model.layers],
        "weights": [array.tobytes() for array in model.get_weights()],
        "drawn": [(each.seed, each.calls) for each in dropouts if each.rate],
        "optimizer": nn.optimizers.serialize(optimizer),
        "iterations": optimizer.iterations,
        "state": {name: array.tobytes() for name, array in optimizer.state.items()},
        "loss": nn.losses.serialize(model.loss),
        "eager": model.run_eagerly,
        "metrics": [
            [type(metric), *(getattr(metric, name, None) for name in SETTINGS)]
            for metric in metrics
        ],
    }


def through_a_file(keras, model, path):
    model.to_keras().save(path)
    return nn.from_keras(keras.models.load_model(path))


@pytest.mark.parametrize("make", ZOO)
def test_a_trained_model_comes_back_from_keras_to_the_bit(keras, make):
    model, *_ = trained(make, keras.config.floatx())
    assert everything(nn.from_keras(model.to_keras())) == everything(model)


@pytest.mark.parametrize("make", ZOO)
def test_it_comes_back_from_a_keras_file_and_both_go_on_alike(keras, make, tmp_path):
    model, x, y = trained(make, keras.config.floatx())
    again = through_a_file(keras, model, tmp_path / "model.keras")
    for layer in model.layers:
        if isinstance(layer, nn.layers.Dropout):
            layer.calls = 0  # Keras does not write how many masks were drawn
    assert everything(again) == everything(model)

    theirs = keras.models.load_model(tmp_path / "model.keras")
    allowed = PREDICTIONS[model.dtype.name]
    np.testing.assert_allclose(
        again.predict(x, verbose=0), theirs.predict_on_batch(x), rtol=0, atol=allowed
    )
    theirs.train_on_batch(x, y)
    again.train_on_batch(x, y)
    allowed = ONE_STEP[model.dtype.name] * max(np.abs(w).max() for w in theirs.get_weights())
    for own, other in zip(again.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(own, other, rtol=0, atol=allowed)
    assert again.optimizer.iterations == int(theirs.optimizer.iterations) == 4


def test_masks_that_were_drawn_are_not_drawn_again(keras32):
    model, x, y = trained(binary, "float32")
    theirs = model.to_keras()
    assert np.asarray(theirs.layers[1].seed_generator.state).tolist() == [-4, 3]
    theirs.train_on_batch(x, y)
    assert nn.from_keras(theirs).layers[1].calls == 4


def test_a_keras_model_that_came_here_and_went_back_is_as_before(keras, tmp_path):
    keras.utils.set_random_seed(1)
    kinds = keras.layers
    layers = [keras.Input((3,)), kinds.Dense(5, "relu"), kinds.Dropout(0.2), kinds.Dense(1)]
    before = keras.Sequential(layers, name="there")
    before.compile(keras.optimizers.Adam(0.003), "mse", metrics=["mae"])
    before.fit(X, YES, epochs=2, verbose=0)
    after = nn.from_keras(before).to_keras()
    assert [layer.name for layer in after.layers] == [layer.name for layer in before.layers]
    for name in ("weights", "variables"):
        holder = ("optimizer", "optimizer") if name == "variables" else (None, None)
        own, other = (
            getattr(model if part is None else getattr(model, part), name)
            for model, part in zip((after, before), holder, strict=True)
        )
        for one, two in zip(own, other, strict=True):
            assert np.asarray(one).tobytes() == np.asarray(two).tobytes()
    before.fit(X, YES, verbose=0, shuffle=False)
    after.fit(X, YES, verbose=0, shuffle=False)
    for one, two in zip(after.get_weights(), before.get_weights(), strict=True):
        assert one.tobytes() == two.tobytes()


def test_a_learning_rate_comes_back_as_it_was_written(keras32):
    model, *_ = trained(binary, "float32")
    assert nn.from_keras(model.to_keras()).optimizer.learning_rate == 0.01
    model.optimizer.learning_rate = 0.1 / 3
    back = nn.from_keras(model.to_keras()).optimizer.learning_rate
    assert np.float32(back) == np.float32(0.1 / 3)


def test_a_model_that_was_not_compiled_or_not_trained_travels_too(keras32):
    plain = nn.Sequential([nn.Input((3,)), dense(2, "relu")], "plain", seed=1)
    theirs = plain.to_keras()
    assert not theirs.compiled
    again = nn.from_keras(theirs)
    assert not again.compiled
    np.testing.assert_array_equal(again.predict(X, verbose=0), plain.predict(X, verbose=0))
    plain.compile("adam", "mse", run_eagerly=True)
    assert nn.from_keras(plain.to_keras()).run_eagerly
    assert not nn.from_keras(plain.to_keras(), run_eagerly=False).run_eagerly


def test_how_keras_runs_a_training_does_not_matter(keras32):
    theirs = keras32.Sequential([keras32.Input((3,)), keras32.layers.Dense(1)])
    theirs.compile("sgd", "mse", jit_compile=True, steps_per_execution=4)
    assert nn.from_keras(theirs).compiled


def test_initializers_that_one_side_lacks_are_replaced(keras32):
    theirs = keras32.Sequential(
        [keras32.Input((3,)), keras32.layers.Dense(2, kernel_initializer="orthogonal")]
    )
    ours = nn.from_keras(theirs)
    assert isinstance(ours.layers[0].kernel_initializer, nn.initializers.GlorotUniform)
    own = nn.layers.Dense(2, kernel_initializer=lambda shape, dtype: np.full(shape, 0.5, dtype))
    there = nn.Sequential([nn.Input((3,)), own]).to_keras()
    assert (there.get_weights()[0] == 0.5).all()


# ---- What stays as it was --------------------------------------------------------------------


def test_no_settings_and_no_random_numbers_are_touched(keras32):
    model, *_ = trained(binary, "float64")
    random.seed(3)
    before = random.getstate()
    own = everything(model)
    with pytest.warns(nn.TrainingWarning, match="floatx, which is float32; call") as told:
        theirs = model.to_keras()
    assert told[0].filename == __file__
    nn.from_keras(theirs)
    assert random.getstate() == before
    assert keras32.config.floatx() == keras32.config.dtype_policy().name == "float32"
    assert everything(model) == own


def test_a_float64_model_travels_whole_whatever_keras_is_set_to(keras32):
    model, *_ = trained(binary, "float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nn.TrainingWarning)
        theirs = model.to_keras()
    assert {w.dtype for w in theirs.get_weights()} == {np.dtype("float64")}
    assert everything(nn.from_keras(theirs)) == everything(model)


# ---- What is refused -------------------------------------------------------------------------


class Scale(nn.layers.Layer):
    def forward(self, x, *, training=False):
        return 2 * x, None

    def backward(self, dy, cache):
        return 2 * dy, {}


class Wider(nn.layers.Dense):
    pass


class Slow(nn.optimizers.SGD):
    pass


class Falling(nn.optimizers.schedules.Schedule):
    def __call__(self, step):
        return 0.1 / (1 + step)


class Loss(nn.losses.MeanSquaredError):
    pass


BENT = nn.activations.ActivationFunction("bent", lambda z: z, lambda dy, y: dy)
ONLY = "Keras can only be given nnscratch's own: "

REFUSED = {
    f"layer 's' is of your own class Scale, and {ONLY}Dense, Flatten, Activation,": {
        "layers": [Scale(name="s"), dense(1)]
    },
    "layer 'w' is of your own class Wider,": {"layers": [Wider(1, name="w")]},
    f"layer 'd' has an activation of your own, 'bent', and {ONLY}linear, relu,": {
        "layers": [dense(1, BENT, name="d")]
    },
    f"the optimizer is of your own class Slow, and {ONLY}SGD, Adam, RMSprop": {
        "optimizer": Slow()
    },
    "the learning rate is of your own class Falling,": {
        "optimizer": nn.optimizers.SGD(Falling())
    },
    "the loss is of your own class Loss,": {"loss": Loss()},
    "the loss has reduction=None, which in Keras adds the gradients of all rows up; compile"
    " with reduction='sum_over_batch_size'": {
        "loss": nn.losses.MeanSquaredError(reduction=None)
    },
    "the metric 'spread' is of your own class FunctionMetric,": {
        "metrics": [nn.metrics.FunctionMetric(lambda y, p: y[:, 0], "spread")]
    },
    "layer 'a/b' cannot be made in Keras: Argument `name` must be a string and cannot contain"
    " character `/`.": {"layers": [dense(1, name="a/b")]},
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_keras_cannot_be_given_is_named_in_one_sentence(keras32, words):
    given = {"layers": [dense(1)], "optimizer": "sgd", "loss": "mse", "metrics": []}
    given |= REFUSED[words]
    model = nn.Sequential([nn.Input((3,)), *given.pop("layers")], seed=1)
    model.compile(**given)
    with pytest.raises(ValueError, match=re.escape(words)) as refusal:
        model.to_keras()
    assert "\n" not in str(refusal.value)


def test_a_loss_of_keras_without_reduction_is_refused(keras32):
    theirs = keras32.Sequential([keras32.Input((3,)), keras32.layers.Dense(1)])
    for none in (None, "none"):
        theirs.compile("sgd", keras32.losses.MeanSquaredError(reduction=none))
        with pytest.raises(ValueError, match="the loss has reduction=None, which nnscratch"):
            nn.from_keras(theirs)


def test_what_is_no_keras_sequential_is_refused(keras32):
    with pytest.raises(ValueError, match=r"keras\.Sequential, got 'm' of the class nnscr"):
        nn.from_keras(nn.Sequential(name="m"))


def test_a_model_that_is_not_ready_is_refused(keras32):
    with pytest.raises(ValueError, match="does not know its input's shape yet"):
        nn.Sequential([dense(1)]).to_keras()
    with pytest.raises(ValueError, match="model 'empty' has no layers, so there is nothing"):
        nn.Sequential([nn.Input((3,))], "empty").to_keras()


def test_without_keras_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    model = nn.Sequential([nn.Input((3,)), dense(1)])
    with pytest.raises(ModuleNotFoundError, match=r"to_keras needs Keras: pip install 'nnscr"):
        model.to_keras()
    with pytest.raises(ModuleNotFoundError, match="from_keras needs Keras: pip install"):
        nn.from_keras(None)
