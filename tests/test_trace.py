"""A trace is the training step itself: equal in every bit, and the model is left alone."""

import copy

import numpy as np
import pytest

import nnscratch as nn
from nnscratch import layers, losses, optimizers, schedules
from nnscratch.trace import see

ROWS = 5


class Scale(layers.Layer):
    """A layer of the user's own: y = x s."""

    def build(self, input_shape):
        self.add_weight("s", input_shape[1:], "glorot_uniform")

    def forward(self, x, *, training=False):
        return x * self.params["s"], x

    def backward(self, dy, x):
        return dy * self.params["s"], {"s": (dy * x).sum(axis=0)}


def dense(units, activation=None, **options):
    return layers.Dense(units, activation, bias_initializer="ones", **options)


STACKS = {
    "one dense": lambda last: [dense(3, last)],
    "relu": lambda last: [dense(7, "relu"), dense(3, last)],
    "deep": lambda last: [
        dense(6, "leaky_relu"),
        dense(1, "tanh"),
        dense(4, "sigmoid"),
        dense(3, last),
    ],
    "activation layers": lambda last: [
        dense(4),
        layers.Activation("softmax"),
        dense(3),
        layers.Activation(last),
    ],
    "dropout": lambda last: [
        layers.Rescaling(0.5, 0.1),
        layers.Dropout(0.4),
        dense(5, "tanh"),
        layers.Dropout(0.2, seed=3),
        dense(3, last),
    ],
    "own layer, no bias": lambda last: [
        Scale(),
        layers.Dense(4, "relu", use_bias=False),
        dense(3, last),
    ],
}
LOSSES = {  # case: (loss, last activation)
    "mse": (losses.MeanSquaredError, "linear"),
    "mae summed": (lambda: losses.MeanAbsoluteError(reduction="sum"), "tanh"),
    "bce joined": (lambda: losses.BinaryCrossentropy(label_smoothing=0.1), "sigmoid"),
    "bce clipped": (losses.BinaryCrossentropy, "softmax"),
    "bce logits": (lambda: losses.BinaryCrossentropy(from_logits=True), "linear"),
    "cce joined": (losses.CategoricalCrossentropy, "softmax"),
    "cce clipped": (losses.CategoricalCrossentropy, "sigmoid"),
    "scce joined": (losses.SparseCategoricalCrossentropy, "softmax"),
    "scce weighted": (
        lambda: losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
        "softmax",
    ),
}
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.1, momentum=0.9),
    "nesterov, clipped": lambda: optimizers.SGD(0.1, 0.9, True, clipvalue=0.01),
    "adam": optimizers.Adam,
    "adam, clipped": lambda: optimizers.Adam(0.1, clipnorm=0.05),
    "rmsprop": lambda: optimizers.RMSprop(0.1, 0.8, 0.5, 1e-6, True),
    "scheduled": lambda: optimizers.Adam(schedules.ExponentialDecay(0.1, 3, 0.5)),
}


def make_model(stack, loss, optimizer, dtype):
    loss, last = LOSSES[loss]
    model = nn.Sequential([layers.Input((4,)), *STACKS[stack](last)], seed=1, dtype=dtype)
    model.compile(OPTIMIZERS[optimizer](), loss())
    return model


def make_data(loss, rows=ROWS, seed=0):
    random = np.random.default_rng(seed)
    x, labels = random.normal(size=(rows, 4)), random.integers(0, 3, rows)
    if LOSSES[loss][0]().targets == "classes":
        return x, labels
    return x, np.eye(3)[labels]


def named(trace, kind):
    """What a trace says of every parameter array, in the order of ``get_weights``."""
    return [array for layer in trace.layers for array in getattr(layer, kind).values()]


def assert_equal(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def everything(model):
    """All that a step could change, as copies."""
    optimizer = model.optimizer
    return (
        [a.copy() for a in (*model.get_weights(), model.gradient)],
        {name: array.copy() for name, array in optimizer.state.items()},
        optimizer.iterations,
        [getattr(layer, "calls", None) for layer in model.layers],
        (model.epochs_trained, model.history, model.stop_training, optimizer.learning_rate),
    )


def assert_nothing_changed(before, after):
    assert_equal(before[0], after[0])
    assert before[1].keys() == after[1].keys()
    assert_equal(before[1].values(), after[1].values())
    assert before[2:] == after[2:]


# ---- the same bits as training ---------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("stack", STACKS)
def test_a_trace_says_what_the_next_training_step_does_to_the_last_bit(stack, loss, dtype):
    model = make_model(stack, loss, "sgd", dtype)
    for optimizer in OPTIMIZERS:
        model.compile(OPTIMIZERS[optimizer](), LOSSES[loss][0]())
        assert_trace_is_the_next_step(model, loss, optimizer)


def assert_trace_is_the_next_step(model, loss, optimizer):
    x, y = make_data(loss)
    weight = np.array([1, 0.5, 2, 1, 3.0]) if loss == "scce weighted" else None
    model.train_on_batch(x[::-1], y[::-1])  # so that no optimizer is at its beginning
    before = everything(model)
    trace = model.trace(x, y, weight)
    assert_nothing_changed(before, everything(model))

    weights = model.get_weights()
    sums = model.new_sums(trace.y)  # the logs are running means, which round once more
    sums.add(trace.loss, trace.y, trace.predictions)
    assert sums.results() == {"loss": model.train_on_batch(x, y, weight)}
    assert_equal(named(trace, "params"), weights)
    assert_equal(named(trace, "new_params"), model.get_weights())
    assert_equal(
        named(trace, "updates"),
        [new - old for new, old in zip(model.get_weights(), weights, strict=True)],
    )
    assert_equal(named(trace, "clipped"), model.gradient_tensors)
    if "clipped" not in optimizer:
        assert_equal(named(trace, "gradients"), model.gradient_tensors)
    for slots, state in (("slots", before[1]), ("new_slots", model.optimizer.state)):
        for slot in model.optimizer.state_names:
            arrays = [each[slot].ravel() for each in named(trace, slots)]
            assert_equal([np.concatenate(arrays)], [state[slot]])
    assert trace.step == model.optimizer.iterations == 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "stack", sorted(STACKS.keys() - {"dropout"})
)  # it would draw the next mask
def test_what_is_seen_in_the_midst_of_a_training_is_what_a_trace_says(stack, loss, dtype):
    model = make_model(stack, loss, "adam", dtype)
    x, y = make_data(loss)
    model.train_on_batch(x[::-1], y[::-1])
    trace, before = model.trace(x, y), everything(model)
    seen = see(model, x, trace.y)
    assert_nothing_changed(before, everything(model))
    assert seen.loss == trace.loss
    assert_equal([seen.losses, seen.predictions], [trace.losses, trace.predictions])
    for flow, layer in zip(seen.flows, trace.layers, strict=True):
        for name in ("x", "z", "y", "dy", "dz", "dx"):
            assert (flow[name] is None) == (getattr(layer, name) is None)
            if flow[name] is not None:
                assert_equal([flow[name]], [getattr(layer, name)])
    arrays = [array for each in seen.gradients for array in each.values()]
    assert_equal(arrays, named(trace, "gradients"))


def test_the_gradients_are_shown_as_they_were_before_the_optimizer_clips_them():
    clipped, free = (
        make_model("relu", "mse", name, "float64") for name in ("nesterov, clipped", "momentum")
    )
    x, y = make_data("mse")
    trace = clipped.trace(x, y)
    assert_equal(named(trace, "gradients"), named(free.trace(x, y), "gradients"))
    assert max(abs(g).max() for g in named(trace, "gradients")) > 0.01
    assert max(abs(g).max() for g in named(trace, "clipped")) == 0.01


def test_before_the_first_step_the_slots_are_zeros():
    model = make_model("relu", "mse", "adam", "float32")
    trace = model.trace(*make_data("mse"))
    assert model.optimizer.state == {}
    for layer in trace.layers:
        for name, slots in layer.slots.items():
            assert slots.keys() == layer.new_slots[name].keys() == {"m", "v"}
            assert all((array == 0).all() for array in slots.values())
            np.testing.assert_allclose(
                layer.new_slots[name]["m"], 0.1 * layer.gradients[name], rtol=1e-6
            )


def test_a_step_repeated_from_its_trace_is_the_same_step():
    model = make_model("dropout", "cce joined", "adam", "float64")
    x, y = make_data("cce joined")
    first = model.trace(x, y)
    again = first.model.trace(x, y)
    assert_equal(named(first, "updates"), named(again, "updates"))
    model.train_on_batch(x, y)
    assert not np.array_equal(model.trace(x, y).predictions, first.predictions)
    assert_equal([first.model.trace(x, y).predictions], [first.predictions])


# ---- what flows ------------------------------------------------------------------------------


@pytest.fixture
def by_hand():
    """A net of one hidden unit and one row, small enough for pencil and paper."""
    stack = [layers.Input((2,)), layers.Dense(1, "relu"), layers.Dense(1, "sigmoid")]
    model = nn.Sequential(stack, dtype="float64")
    model.set_weights([[[2.0], [1.0]], [-1.0], [[0.5]], [-1.0]])
    model.compile(optimizers.SGD(0.5), "binary_crossentropy")
    return model


def test_every_tensor_of_a_small_net_is_the_one_worked_by_hand(by_hand):
    """z1 = 2*1 + 1*1 - 1 = 2, y1 = 2, z2 = 0.5*2 - 1 = 0, p = 1/2, l = log 2, dz2 = p - 1."""
    trace = by_hand.trace([[1.0, 1.0], [1.0, -3.0]], [1, 1])
    hidden, last = trace.layers
    p = 1 / (1 + np.e)  # the second row: z1 = -2, y1 = 0, z2 = -1
    expected = {
        "x": [[1, 1], [1, -3]],
        "z": [[2], [-2]],
        "y": [[2], [0]],
        "dy": [[-0.25 * 0.5], [(p - 1) / 2 * 0.5]],
        "dz": [[-0.125], [0]],
        "dx": [[-0.25, -0.125], [0, 0]],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(hidden, name), values, rtol=1e-15, err_msg=name)
    np.testing.assert_allclose(last.z, [[0], [-1]], rtol=1e-15)
    np.testing.assert_allclose(last.y, [[0.5], [p]], rtol=1e-15)
    np.testing.assert_allclose(last.dz, [[-0.25], [(p - 1) / 2]], rtol=1e-15)
    np.testing.assert_array_equal(last.x, hidden.y)
    np.testing.assert_array_equal(last.dx, hidden.dy)
    np.testing.assert_allclose(hidden.gradients["W"], [[-0.125], [-0.125]], rtol=1e-15)
    np.testing.assert_allclose(last.gradients["W"], [[-0.5]], rtol=1e-15)
    np.testing.assert_allclose(hidden.updates["b"], [0.0625], rtol=1e-15)
    np.testing.assert_allclose(trace.losses, [np.log(2), -np.log(p)], rtol=1e-15)
    assert trace.loss == pytest.approx((np.log(2) - np.log(p)) / 2, rel=1e-15)
    assert trace.learning_rate == 0.5


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("loss", ["mse", "bce joined", "scce joined"])
def test_what_leaves_a_layer_is_what_reaches_the_next(stack, loss):
    model = make_model(stack, loss, "sgd", "float64")
    x, y = make_data(loss)
    trace = model.trace(x, y)
    assert_equal([trace.layers[0].x, trace.layers[-1].y], [x, trace.predictions])
    for below, above in zip(trace.layers, trace.layers[1:], strict=False):
        assert_equal([below.y], [above.x])
        assert_equal([below.dy], [above.dx])
    for layer in trace.layers:
        for value, slope in (("x", "dx"), ("y", "dy"), ("z", "dz")):
            value, slope = getattr(layer, value), getattr(layer, slope)
            assert slope is None or slope.shape == value.shape
        is_dense = isinstance(layer.layer, layers.Dense)
        assert (layer.z is not None) == (layer.dz is not None) == is_dense
        missing = {n for n in ("x", "z", "y", "dy", "dz", "dx") if getattr(layer, n) is None}
        assert missing == layer.absent.keys()


def test_a_joined_layer_says_in_words_why_it_has_no_dy():
    trace = make_model("relu", "cce joined", "sgd", "float64").trace(*make_data("cce joined"))
    hidden, last = trace.layers
    assert (hidden.absent, hidden.activation, last.activation) == ({}, "relu", "softmax")
    assert last.absent["dy"] == (
        "the loss and this softmax are joined: dz is computed at once from the predictions and"
        " the targets, and no dy ever exists"
    )
    np.testing.assert_allclose(last.dz, (trace.predictions - trace.y) / ROWS, rtol=1e-12)
    apart = make_model("relu", "cce clipped", "sgd", "float64").trace(*make_data("cce clipped"))
    assert apart.layers[-1].absent == {}
    assert apart.layers[-1].dy.shape == (ROWS, 3)


def test_an_activation_layer_joined_with_the_loss_says_so_too():
    model = make_model("activation layers", "bce joined", "sgd", "float64")
    trace = model.trace(*make_data("bce joined"))
    last = trace.layers[-1]
    assert "this sigmoid are joined: dx is computed at once" in last.absent["dy"]
    assert_equal([last.x, last.dx], [trace.layers[-2].y, trace.layers[-2].dy])


def test_layers_that_are_no_dense_say_why_they_have_no_logits():
    stack = [layers.Input((2, 3)), layers.Flatten(), layers.Dense(1)]
    model = nn.Sequential(stack, seed=0)
    model.compile("sgd", "mse")
    flatten, dense_layer = model.trace(np.ones((2, 2, 3)), [1, 2]).layers
    assert flatten.absent.keys() == {"z", "dz"}
    assert (flatten.x.shape, flatten.dx.shape, flatten.y.shape) == (
        (2, 2, 3),
        (2, 2, 3),
        (2, 6),
    )
    assert (flatten.params, flatten.updates, flatten.slots) == ({}, {}, {})
    assert dense_layer.absent == {}


def test_weights_of_rows_scale_their_gradients_and_not_their_losses():
    model = make_model("one dense", "mse", "sgd", "float64")
    x, y = make_data("mse")
    weight = np.array([0, 1, 2, 0.5, 1])
    plain, weighted = model.trace(x, y), model.trace(x, y, weight)
    assert_equal([plain.losses], [weighted.losses])
    np.testing.assert_allclose(weighted.layers[0].dz, plain.layers[0].dz * weight[:, None])
    assert weighted.loss == pytest.approx((plain.losses * weight).sum() / ROWS, rel=1e-14)
    assert_equal([weighted.sample_weight], [weight])


def test_dropout_is_at_work_with_the_mask_of_the_next_step():
    model = make_model("dropout", "mse", "sgd", "float64")
    x, y = make_data("mse")
    trace = model.trace(x, y)
    dropped = trace.layers[1].y == 0
    assert 0 < dropped.sum() < dropped.size
    np.testing.assert_array_equal(trace.layers[1].dx == 0, dropped)


# ---- the model is left alone -----------------------------------------------------------------


def test_the_arrays_of_a_trace_are_its_own():
    model = make_model("dropout", "cce joined", "momentum", "float32")
    x, y = make_data("cce joined")
    x, y = x.astype(np.float32), y.astype(np.float32)
    before, kept = everything(model), (x.copy(), y.copy())
    trace = model.trace(x, y)
    arrays = [trace.x, trace.y, trace.predictions, trace.losses]
    for layer in trace.layers:
        flow = (layer.x, layer.z, layer.y, layer.dy, layer.dz, layer.dx)
        arrays += [array for array in flow if array is not None]
    for kind in ("params", "new_params", "gradients", "clipped", "updates"):
        arrays += named(trace, kind)
    for slots in named(trace, "slots") + named(trace, "new_slots"):
        arrays += slots.values()
    for array in arrays:
        array += 1
    assert_nothing_changed(before, everything(model))
    assert_equal([x, y], kept)
    for i, array in enumerate(arrays):
        others = [other for j, other in enumerate(arrays) if j != i]
        assert not any(np.shares_memory(array, other) for other in others)


def test_a_training_with_traces_between_is_the_training_without():
    watched, alone = (make_model("dropout", "mse", "adam", "float32") for _ in range(2))
    x, y = make_data("mse")
    for _ in range(3):
        watched.trace(x, y)
        watched.fit(x, y, batch_size=2, verbose=0)
        alone.fit(x, y, batch_size=2, verbose=0)
    assert_equal(watched.get_weights(), alone.get_weights())


def test_a_layer_with_a_memory_of_its_own_keeps_it_through_a_trace():
    class Counting(layers.Layer):
        seen = 0

        def forward(self, x, *, training=False):
            self.seen += training * len(x)
            return x, None

        def backward(self, dy, cache):
            return dy, {}

    model = nn.Sequential([layers.Input((4,)), Counting(), layers.Dense(3)], seed=0)
    model.compile("sgd", "mse")
    model.trace(*make_data("mse"))
    assert model.layers[0].seen == 0


def test_whole_number_rows_are_shown_in_the_models_format():
    model = nn.Sequential([layers.Dense(1)], seed=0, dtype="float32")
    model.compile("sgd", "mse")
    pixels = np.array([[0, 255], [7, 1]], np.uint8)
    trace = model.trace(pixels, [0, 1])
    assert trace.x.dtype == np.float32
    np.testing.assert_array_equal(trace.x, pixels)
    assert model.built


def test_layers_are_found_by_name_and_by_place():
    trace = make_model("relu", "mse", "sgd", "float32").trace(*make_data("mse"))
    assert trace["dense_1"] is trace[1] is trace[-1] is trace.layers[1]
    with pytest.raises(ValueError, match="There are: dense, dense_1"):
        trace["dense_2"]
    assert repr(trace).startswith("<Trace of 'sequential': 5 rows, loss ")
    assert repr(trace[0]) == "<LayerTrace 'dense': 5 x 4 -> 5 x 7>"


def test_a_trace_survives_being_copied():
    trace = make_model("relu", "mse", "adam", "float32").trace(*make_data("mse"))
    twin = copy.deepcopy(trace)
    assert_equal(named(twin, "updates"), named(trace, "updates"))
    assert_equal(twin.model.get_weights(), trace.model.get_weights())


# ---- refusals --------------------------------------------------------------------------------


def test_a_trace_needs_a_compiled_model():
    model = nn.Sequential([layers.Input((4,)), layers.Dense(3)])
    with pytest.raises(ValueError, match=r"call model\.compile.* before trace"):
        model.trace(*make_data("mse"))


def test_rows_that_do_not_fit_are_refused_and_leave_the_model_unbuilt():
    model = nn.Sequential([layers.Dense(3)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="y has shape"):
        model.trace(np.ones((2, 4)), np.ones((2, 2)))
    assert not model.built
    with pytest.raises(ValueError, match="x has 2 rows but y has 3"):
        model.trace(np.ones((2, 4)), np.ones((3, 3)))


def test_a_step_that_leaves_the_finite_numbers_can_be_looked_at():
    model = nn.Sequential([layers.Input((1,)), layers.Dense(1)], seed=0, dtype="float32")
    model.compile("sgd", "mse")
    model.set_weights([[[1e30]], [0]])
    trace = model.trace([[1e3]], [0])
    assert np.isfinite(trace.predictions).all()
    assert np.isinf(trace.loss)
