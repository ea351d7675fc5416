"""Parts that a user writes: layers, activations, losses, metrics, schedules, optimizers.

Where a part repeats one that is there already, the two must train to the same bits.
"""

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.layers import Dense, Input, Layer


class Mix(Layer):
    """Dense without an activation, written as a user would write it."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units

    def build(self, input_shape):
        self.add_weight("W", (input_shape[-1], self.units), nn.initializers.HeUniform(seed=4))
        self.add_weight("b", (self.units,), "zeros")

    def forward(self, x, *, training=False):
        return x @ self.params["W"] + self.params["b"], x

    def backward(self, dy, x):
        dx = dy @ self.params["W"].T
        return dx, {"W": x.T @ dy, "b": dy.sum(axis=0)}


class Negate(Layer):
    """Has no parameters."""

    def forward(self, x, *, training=False):
        return -x, None

    def backward(self, dy, cache):
        return -dy, {}


class Scale(Layer):
    """Has one parameter a feature, and no shape of its own."""

    def build(self, input_shape):
        self.add_weight("s", input_shape[1:], "ones")

    def forward(self, x, *, training=False):
        return x * self.params["s"], x

    def backward(self, dy, x):
        return dy * self.params["s"], {"s": (dy * x).sum(axis=0)}


def make_data():
    x = np.random.default_rng(0).normal(size=(40, 3))
    return x, (x[:, :1] + x[:, 1:2] ** 2)


def compiled(stack, optimizer="sgd", loss="mse", **options):
    model = nn.Sequential([Input((3,)), *stack], seed=5, dtype="float64")
    # What has a part of one's own runs eagerly; its twin too, so that their bits are the same.
    model.compile(optimizer, loss, run_eagerly=True, **options)
    return model


def trained(stack, *arguments, epochs=3, **options):
    model = compiled(stack, *arguments, **options)
    model.fit(*make_data(), epochs=epochs, verbose=0)
    return model


def he(units, activation=None):
    return Dense(units, activation, kernel_initializer=nn.initializers.HeUniform(seed=4))


def assert_same(first, second):
    assert first.history.history == second.history.history
    for ours, theirs in zip(first.get_weights(), second.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


# ---- layers ----


def test_a_layer_of_ones_own_trains_as_the_layer_that_it_repeats():
    own = trained([Mix(4), nn.layers.Activation("tanh"), Mix(1)])
    assert_same(own, trained([he(4, "tanh"), he(1)]))


def test_a_layer_without_parameters_takes_part():
    assert_same(trained([Negate(), he(4, "tanh"), Negate(), Negate(), he(1)]),
                trained([Negate(), he(4, "tanh"), he(1)]))  # fmt: skip
    assert compiled([he(4), Negate()]).count_params() == 16


def test_a_layer_with_a_parameter_learns_it():
    x = np.random.default_rng(0).normal(size=(60, 3))
    model = compiled([Scale()], nn.optimizers.SGD(0.3))
    model.fit(x, x * [2.0, -1.0, 0.5], epochs=60, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], [2.0, -1.0, 0.5], atol=1e-4)
    assert model.layers[0].output_shape == (None, 3)


@pytest.mark.parametrize("layer", [Mix(4), Scale(), Negate()], ids=repr)
def test_gradcheck_finds_the_users_layers_right(layer):
    assert nn.gradcheck(layer, make_data()[0]).ok


def test_a_layer_may_be_used_alone():
    layer = Mix(2)
    x = np.ones((5, 3))
    np.testing.assert_allclose(layer(x), x.astype(np.float32) @ layer.params["W"])
    assert [array.shape for array in layer.get_weights()] == [(3, 2), (2,)]


# ---- activations ----


def test_an_activation_of_ones_own_trains_by_its_derivative():
    own = nn.activations.ActivationFunction("own", np.tanh, lambda dy, y: dy * (1 - y * y))
    assert_same(trained([he(4, own), he(1)]), trained([he(4, "tanh"), he(1)]))
    wrong = nn.activations.ActivationFunction("wrong", np.tanh, lambda dy, y: dy)
    assert nn.gradcheck(compiled([he(4, own), he(1)]), *make_data()).ok
    assert not nn.gradcheck(compiled([he(4, wrong), he(1)]), *make_data()).ok


# ---- losses ----


class Squared(nn.losses.Loss):
    """MeanSquaredError, written as a user would write it."""

    def values(self, y, p):
        return np.square(y - p).mean(axis=-1)

    def gradient(self, y, p):
        return 2 * (p - y) / p.shape[-1]


def test_a_loss_of_ones_own_trains_as_the_loss_that_it_repeats():
    own = trained([he(4, "tanh"), he(1)], "sgd", Squared())
    theirs = trained([he(4, "tanh"), he(1)])
    losses = own.history.history["loss"], theirs.history.history["loss"]
    np.testing.assert_allclose(*losses, rtol=1e-14)
    assert nn.gradcheck(own, *make_data()).ok
    assert_same(trained([he(1)], "sgd", Squared), trained([he(1)], "sgd", Squared()))


# ---- metrics ----


class Within(nn.metrics.RowMean):
    """The share of rows that are less than ``tolerance`` off."""

    def __init__(self, tolerance=0.5, name="within"):
        super().__init__(name=name)
        self.tolerance = tolerance

    def values(self, y, p):
        return (np.abs(y - p) < self.tolerance).all(axis=-1)


def largest_error(y, p):
    return np.abs(y - p).max(axis=-1)


def test_metrics_of_ones_own_are_logged_under_their_names():
    x, y = make_data()
    near = Within(0.1, name="near")
    model = compiled([he(1)], metrics=[Within(0.7), near, largest_error])
    errors = np.abs(y - model.predict(x))
    results = model.evaluate(x, y, verbose=0, return_dict=True)
    assert list(results) == ["largest_error", "loss", "near", "within"]
    assert results["within"] == pytest.approx((errors < 0.7).mean(), rel=1e-14)
    assert results["largest_error"] == pytest.approx(errors.mean(), rel=1e-14)
    history = model.fit(x, y, verbose=0, validation_split=0.2).history
    assert {"within", "val_within", "largest_error", "val_largest_error"} < history.keys()


# ---- optimizers and schedules ----


class Descent(nn.optimizers.Optimizer):
    """SGD with momentum, written as a user would write it."""

    state_names = ("speed",)

    def update(self, p, g, learning_rate):
        speed = self.state["speed"]
        speed *= np.float32(0.9)
        speed -= learning_rate * g
        p += speed


def test_an_optimizer_of_ones_own_trains_as_the_one_that_it_repeats():
    own = trained([he(4, "tanh"), he(1)], Descent(0.02))
    theirs = nn.optimizers.SGD(0.02, momentum=0.9)
    assert_same(own, trained([he(4, "tanh"), he(1)], theirs))
    assert own.optimizer.state["speed"].shape == (21,)


class Halving(nn.optimizers.Schedule):
    """Half the rate after every ten steps."""

    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start * 0.5 ** (step // 10)


def test_a_schedule_of_ones_own_sets_the_rate_of_each_step():
    by_hand = compiled([he(1)], nn.optimizers.SGD(0.1))
    x, y = make_data()
    for step in range(25):
        by_hand.optimizer.learning_rate = 0.1 * 0.5 ** (step // 10)
        by_hand.train_on_batch(x, y)
    scheduled = compiled([he(1)], nn.optimizers.SGD(Halving(0.1)))
    scheduled.fit(x, y, 40, epochs=25, verbose=0, shuffle=False)
    assert scheduled.optimizer.learning_rate == 0.025
    for ours, theirs in zip(scheduled.get_weights(), by_hand.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
