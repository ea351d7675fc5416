"""Which models the fused engine trains, and in which words the others are said to be eager."""

import gc
import weakref

import numpy as np
import pytest
from refusing import refusal

import nnscratch as nn
from nnscratch.callbacks import Callback, LambdaCallback
from nnscratch.engines import choose, eager, for_predicting, fused, plan
from nnscratch.layers import Activation, Dense, Dropout, Flatten, Input, Layer, Rescaling

X = np.random.default_rng(0).normal(size=(12, 3))
Y = X[:, :1] * 2


def compiled(*stack, optimizer="sgd", loss="mse", row=(3,), **options):
    model = nn.Sequential([Input(row), *stack], seed=1, dtype="float64")
    model.compile(optimizer, loss, **options)
    return model


class OwnDense(Dense):
    """A subclass may do anything."""


class Twice(Layer):
    """A layer of one's own."""

    def forward(self, x, *, training=False):
        return 2 * x, None

    def backward(self, dy, cache):
        return 2 * dy, {}


class OwnAdam(nn.optimizers.Adam):
    """An optimizer of one's own."""


class OwnLoss(nn.losses.MeanSquaredError):
    """A loss of one's own."""


OWN_TANH = nn.activations.ActivationFunction("own", np.tanh, lambda dy, y: dy * (1 - y * y))


# ---- fused, or the reason why not ------------------------------------------------------------


@pytest.mark.parametrize("stack, row", [
    ([Dense(1)], (3,)),
    ([Rescaling(2), Flatten(), Dense(4, "softmax"), Dropout(0.2), Dense(1)], (3, 1)),
    ([Activation("relu"), Flatten(), Dense(1)], (3, 1)),
])  # fmt: skip
def test_what_is_made_of_nnscratchs_own_parts_is_fused(stack, row):
    model = compiled(*stack, row=row)
    assert model.engine == "fused"
    assert choose(model)[0] is fused


@pytest.mark.parametrize("make, words", [
    (lambda: compiled(Dense(1), run_eagerly=True), ["run_eagerly=True"]),
    (lambda: nn.Sequential([Input((3,)), Dense(1)]), ["not built and compiled yet"]),
    (lambda: nn.Sequential([Dense(1)]), ["not built and compiled yet"]),
    (lambda: compiled(Twice(name="double"), Dense(1)), ["'double'", "Twice"]),
    (lambda: compiled(OwnDense(1, name="mine")), ["'mine'", "OwnDense"]),
    (lambda: compiled(Dense(4, OWN_TANH, name="odd"), Dense(1)), ["'own'", "'odd'"]),
    (lambda: compiled(Dense(1), loss=OwnLoss()), ["loss OwnLoss"]),
    (lambda: compiled(Dense(1), optimizer=OwnAdam()), ["optimizer OwnAdam"]),
    (lambda: compiled(Dense(1), optimizer=nn.optimizers.SGD(clipnorm=1)), ["clipnorm"]),
    (lambda: compiled(Activation("softmax", name="s"), Flatten(), Dense(1), row=(3, 2)),
     ["'s'", "softmax", "several axes"]),
    (lambda: compiled(Rescaling(2.0)), ["no Dense layer"]),
])  # fmt: skip
def test_the_engine_says_in_words_why_it_is_not_fused(make, words):
    model = make()
    assert model.engine.startswith("eager: ")
    assert choose(model)[0] is eager
    for word in words:
        assert word in model.engine


def test_a_model_without_a_plan_trains_all_the_same():
    for stack in ([Twice(), Dense(1)], [OwnDense(1)], [Dense(2, OWN_TANH), Dense(1)]):
        losses = compiled(*stack).fit(X, Y, epochs=3, verbose=0).history["loss"]
        assert losses[2] < losses[0]


def test_compiling_again_changes_the_answer():
    model = compiled(Dense(1), optimizer=nn.optimizers.Adam(clipnorm=1.0))
    assert "clipnorm" in model.engine
    model.compile("adam", "mse")
    assert model.engine == "fused"
    model.add(Twice())
    assert model.engine == "eager: the model is not built and compiled yet"
    model.compile("adam", "mse")
    assert "Twice" in model.engine
    model.pop()
    model.compile("adam", "mse")
    assert model.engine == "fused"


def test_a_clipnorm_that_is_set_later_is_not_passed_over():
    ours, theirs = compiled(Dense(1)), compiled(Dense(1), run_eagerly=True)
    for model in (ours, theirs):
        model.fit(X, Y, verbose=0)
        model.optimizer.clipnorm = 1e-3
        model.fit(X, Y, verbose=0, epochs=2)
    assert "clipnorm" in ours.engine
    np.testing.assert_allclose(ours.parameters, theirs.parameters, rtol=1e-13)


def test_run_eagerly_may_be_switched_at_any_time():
    model = compiled(Dense(1))
    model.run_eagerly = True
    assert model.engine == "eager: run_eagerly=True"
    model.run_eagerly = False
    assert model.engine == "fused"


# ---- callbacks -------------------------------------------------------------------------------


class PerBatch(Callback):
    """A callback with a hook for every batch."""

    def on_train_batch_end(self, batch, logs=None):
        self.seen = [*getattr(self, "seen", []), self.model.engine]


def test_a_callback_for_batches_is_named_with_its_hook_during_the_fit_and_after_it():
    model, callback = compiled(Dense(1)), PerBatch()
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=callback)
    assert len(callback.seen) == 3
    for words in (*callback.seen, model.engine):
        assert words.startswith("eager: ")
        assert "PerBatch" in words
        assert "on_train_batch_end" in words
    model.fit(X, Y, verbose=0)
    assert model.engine == "fused"


@pytest.mark.parametrize("hook", ["on_batch_begin", "on_train_batch_begin"])
def test_a_lambda_for_batches_is_named_too(hook):
    model = compiled(Dense(1))
    called = []
    model.fit(
        X, Y, 4, verbose=0, callbacks=LambdaCallback(**{hook: lambda b, logs: called.append(b)})
    )
    assert called == [0, 1, 2]
    assert hook in model.engine
    assert "LambdaCallback" in model.engine


def test_a_callback_for_epochs_leaves_the_fused_engine():
    model, seen = compiled(Dense(1)), []
    hook = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.engine))
    model.fit(X, Y, epochs=2, verbose=0, callbacks=hook)
    assert seen == ["fused", "fused"]


# ---- the plan itself -------------------------------------------------------------------------


def test_the_plan_joins_and_folds_what_belongs_together():
    stack = [Rescaling(0.5), Flatten(), Dense(4, "relu"), Dropout(0.1), Dense(2, "sigmoid")]
    model = compiled(*stack, loss="binary_crossentropy", row=(3, 2))
    found = plan.of(model)
    assert found.rescaling is model.layers[0]
    assert [each.kind for each in found.operations] == [plan.DENSE, plan.DROPOUT, plan.DENSE]
    assert [each.activation for each in found.operations] == [plan.RELU, 0, plan.LINEAR]
    assert [(each.inputs, each.units) for each in found.operations] == [(6, 4), (4, 4), (4, 2)]
    assert found.last == plan.SIGMOID
    assert not found.narrow
    assert plan.of(model) is found


def test_only_small_nets_of_dense_layers_are_narrow():
    assert plan.of(compiled(Dense(10, "relu"), Dense(1))).narrow
    assert not plan.of(compiled(Dense(2000, "relu"), Dense(1))).narrow
    assert not plan.of(compiled(Dense(10), Dropout(0.1), Dense(1))).narrow


def test_small_predictions_wait_for_no_kernel():
    model = compiled(Dense(4, "relu"), Dense(1))
    assert for_predicting(model, 100) is eager
    assert for_predicting(model, 10**9) is fused
    model.run_eagerly = True
    assert for_predicting(model, 10**9) is eager


@pytest.mark.parametrize("options", [{}, {"optimizer": nn.optimizers.SGD(clipnorm=1.0)}],
                         ids=["fused", "eager"])  # fmt: skip
def test_a_model_that_nobody_uses_any_more_is_freed(options):
    model = compiled(Dense(4, "relu"), Dense(1), **options)
    model.fit(X, Y, verbose=0)
    watched = weakref.ref(model)
    del model, options
    gc.collect()
    assert watched() is None


# ---- no NaN is hidden ------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["linear", "relu", "leaky_relu", "sigmoid", "tanh",
                                        "softmax"])  # fmt: skip
@pytest.mark.parametrize("width", [3, 600])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_nan_passes_through_every_activation_in_both_engines(activation, width, dtype):
    stack = [Input((3,)), Dense(width, activation), Dense(2, activation)]
    model = nn.Sequential(stack, seed=1, dtype=dtype)
    model.compile("sgd", "mse")
    x = X.astype(dtype)
    x[4, 1] = np.nan
    start = model.parameters.copy()
    for engine in (eager, fused):
        model.parameters[...] = start
        with np.errstate(all="ignore"):
            p = engine.predict(model, x, batch_size=5)
            assert np.isnan(p).any(axis=1).tolist() == [row == 4 for row in range(12)]
            sums = model.new_sums(p)
            y = np.zeros_like(p)
            engine.train_epoch(model, x, y, np.arange(12), batch_size=12, sums=sums)
        assert np.isnan(sums.results()["loss"])
        assert np.isnan(model.layers[1].params["W"]).any()


@pytest.mark.parametrize("width", [3, 600])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_that_leaves_the_finite_numbers_is_told_in_the_same_words(
    width, optimizer, dtype
):
    told, states = [], []
    for eagerly in (False, True):
        stack = [Input((3,)), Dense(width), Dropout(0.2, seed=1), Dense(1)]
        model = nn.Sequential(stack, seed=1, dtype=dtype)
        rate = {"float32": 1e18, "float64": 1e150}[dtype]
        made = getattr(nn.optimizers, optimizer)(rate)
        model.compile(made, "mse", run_eagerly=eagerly)
        start = model.parameters.copy()
        fit = lambda m=model: m.fit(X, Y, batch_size=4, epochs=20, verbose=0)  # noqa: E731
        told.append(refusal(fit, "training left the finite", error=nn.NonFiniteError))
        assert np.array_equal(model.parameters, start)
        assert not np.isnan(model.predict(X)).any()
        states.append((model.optimizer.iterations, model.layers[1].calls, model.epochs_trained))
    assert told[0] == told[1]
    assert states[0] == states[1] == (0, 0, 0)
