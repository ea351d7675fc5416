"""The loops: what an epoch's numbers are, validation, weights, hooks, stopping, batches."""

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.callbacks import Callback, LambdaCallback, LearningRateScheduler
from nnscratch.layers import Dense, Dropout, Input
from nnscratch.models.arguments import Examples
from nnscratch.models.fitting import Run


def one_weight(**options):
    """``y = w x`` with w = 0, squared error, and steps of a tenth: worked by hand below."""
    layer = Dense(1, use_bias=False, kernel_initializer="zeros")
    model = nn.Sequential([Input((1,)), layer], dtype="float64")
    model.compile(nn.optimizers.SGD(0.1), "mse", **{"metrics": ["mae"]} | options)
    return model


# Three rows in batches of two. First batch: errors 2 and 1, loss (4 + 1) / 2 = 2.5, gradient
# -2 (2 * 2 + 1 * 1) / 2 = -5, so w = 0.5. Second: error 2.5, loss 6.25, gradient -5, w = 1.
X = np.array([[2.0], [1.0], [1.0]])
Y = np.array([2.0, 1.0, 3.0])
BY_HAND = {"batch_size": 2, "shuffle": False, "verbose": 0}


def weight(model):
    return model.get_weights()[0].item()


def make_model(**options):
    stack = [Input((2,)), Dense(6, "tanh"), Dropout(0.2), Dense(1, "sigmoid")]
    model = nn.Sequential(stack, seed=3, dtype="float64")
    model.compile("adam", "binary_crossentropy", **{"metrics": ["accuracy"]} | options)
    return model


def make_data(rows=40):
    x = np.random.default_rng(7).normal(size=(rows, 2))
    return x, (x[:, 0] * x[:, 1] > 0).astype(float)


def fit(model, callbacks=None, **options):
    options = {"verbose": 0, "batch_size": 8} | options
    return model.fit(*make_data(), callbacks=callbacks, **options)


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


# ---- the numbers of an epoch ----


def test_an_epochs_numbers_are_means_over_its_rows_from_before_each_update():
    model = one_weight()
    history = model.fit(X, Y, **BY_HAND)
    assert weight(model) == pytest.approx(1.0, rel=1e-14)
    assert history.history["loss"] == [pytest.approx((2 * 2.5 + 6.25) / 3, rel=1e-14)]
    assert history.history["mae"] == [pytest.approx((1 + 2 + 2.5) / 3, rel=1e-14)]


def test_sample_weights_multiply_the_loss_and_not_the_metrics():
    # Losses 2 * 4 and 1 * 1: (8 + 1) / 2 = 4.5, gradient -2 (2 * 4 + 1 * 1) / 2 = -9, w = 0.9;
    # then 3 * 2.1^2 = 13.23, gradient -12.6, w = 2.16. All divided by rows, not by weights.
    model = one_weight()
    history = model.fit(X, Y, sample_weight=[2, 1, 3], **BY_HAND)
    assert weight(model) == pytest.approx(2.16, rel=1e-14)
    assert history.history["loss"] == [pytest.approx((2 * 4.5 + 13.23) / 3, rel=1e-14)]
    assert history.history["mae"] == [pytest.approx((1 + 2 + 2.1) / 3, rel=1e-14)]


def test_class_weights_are_sample_weights_looked_up_by_class():
    by_class, by_row = make_model(), make_model()
    fit(by_class, class_weight={1: 5})
    fit(by_row, sample_weight=np.where(make_data()[1] == 1, 5, 1))
    assert same(by_class.get_weights(), by_row.get_weights())
    with pytest.raises(ValueError, match="class_weight or sample_weight, not both"):
        fit(make_model(), class_weight={1: 5}, sample_weight=np.ones(40))


def test_history_holds_floats_under_keras_names_in_keras_order():
    history = fit(make_model(), validation_split=0.25, epochs=2)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    values = [value for column in history.history.values() for value in column]
    assert len(values) == 8
    assert {type(value) for value in values} == {float}
    assert history.epoch == [0, 1]


def test_every_fit_has_a_history_of_its_own_that_begins_at_initial_epoch():
    model = make_model()
    first = fit(model, epochs=2)
    second = fit(model, epochs=6, initial_epoch=3)
    assert (first.epoch, second.epoch) == ([0, 1], [3, 4, 5])
    assert len(first.history["loss"]) == 2
    assert model.history is second
    assert model.epochs_trained == 5


@pytest.mark.parametrize("options", [{"epochs": 0}, {"epochs": 2, "initial_epoch": 2}])
def test_no_epochs_leave_an_empty_history_and_the_weights_as_they_were(options):
    model = make_model()
    before = model.get_weights()
    history = fit(model, **options)
    assert (history.history, history.epoch) == ({}, [])
    assert same(model.get_weights(), before)


def test_the_metric_keeps_the_name_it_was_given():
    history = fit(make_model(metrics=["acc", nn.metrics.Recall(name="found")]))
    assert list(history.history) == ["acc", "found", "loss"]


def test_a_metric_with_a_value_for_each_class_is_logged_as_an_array(capsys, tmp_path):
    x, y = make_data()
    model = nn.Sequential([Input((2,)), Dense(3, "softmax")], seed=0)
    score = nn.metrics.F1Score(average=None, name="f1")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=[score])
    table = nn.callbacks.CSVLogger(tmp_path / "log.csv")
    options = {"verbose": 2, "validation_data": (x, y), "callbacks": [table]}
    history = model.fit(x, y, epochs=2, **options).history
    assert [value.shape for value in history["f1"] + history["val_f1"]] == [(3,)] * 4
    shown = "f1: [" + " ".join(f"{value:.4f}" for value in history["f1"][1]) + "]"
    assert shown in capsys.readouterr().err
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3


# ---- evaluate ----


def test_evaluate_gives_a_list_a_float_or_a_sorted_dict():
    x, y = make_data()
    model = make_model()
    values = model.evaluate(x, y, verbose=0)
    assert [type(value) for value in values] == [float, float]
    named = model.evaluate(x, y, verbose=0, return_dict=True)
    assert list(named.items()) == [("accuracy", values[1]), ("loss", values[0])]
    alone = make_model(metrics=None).evaluate(x, y, verbose=0)
    assert alone == values[0]
    assert type(alone) is float


def test_evaluate_is_the_mean_over_all_rows_and_changes_nothing():
    model = one_weight()
    model.set_weights([[[2.0]]])
    # Errors 2, 1, -1: squared 4, 1, 1; weighted by 2, 3, 1 they are 8, 3, 1.
    for batch_size in (1, 2, 3, 100):
        assert model.evaluate(X, Y, batch_size, 0) == [2.0, pytest.approx(4 / 3, rel=1e-15)]
    assert model.evaluate(X, Y, 2, 0, [2, 3, 1]) == [4.0, pytest.approx(4 / 3, rel=1e-15)]
    assert weight(model) == 2.0
    assert model.epochs_trained == 0


# ---- validation ----


def test_validation_split_keeps_the_last_rows_from_training():
    x, y = make_data()
    split, by_hand = make_model(), make_model()
    ours = fit(split, validation_split=0.25, epochs=3).history
    data = {"validation_data": (x[30:], y[30:])}
    theirs = by_hand.fit(x[:30], y[:30], 8, epochs=3, verbose=0, **data).history
    assert ours == theirs
    last = split.evaluate(x[30:], y[30:], verbose=0)
    assert last == [
        pytest.approx(ours[name][-1], rel=1e-14) for name in ("val_loss", "val_accuracy")
    ]


def test_validation_data_goes_before_validation_split():
    x, y = make_data()
    data = {"validation_data": (x[:4], y[:4])}
    assert fit(make_model(), **data, validation_split=0.5).history == (
        fit(make_model(), **data).history
    )


def test_validation_weights_are_those_of_its_own_rows():
    model = one_weight()
    model.optimizer.learning_rate = 1e-300  # w stays 0, so the losses are 4, 1 and 9
    fit = {**BY_HAND, "sample_weight": [10, 10, 2]}
    third = model.fit(X, Y, validation_data=(X, Y, [1, 1, 3]), **fit).history
    assert third["val_loss"] == [pytest.approx((4 + 1 + 27) / 3)]
    pair = model.fit(X, Y, validation_data=(X, Y), **fit).history
    assert pair["val_loss"] == [pytest.approx((4 + 1 + 9) / 3)]
    split = model.fit(X, Y, validation_split=0.3, **fit).history
    assert split["val_loss"] == [pytest.approx(2 * 9)]


def test_class_weights_are_not_for_the_validation():
    x, y = make_data()
    history = fit(model := make_model(), class_weight={0: 3, 1: 5}, validation_split=0.25)
    unweighted = model.evaluate(x[30:], y[30:], verbose=0)[0]
    assert history.history["val_loss"] == [pytest.approx(unweighted, rel=1e-14)]


@pytest.mark.parametrize(
    ("freq", "expected"), [(1, 5), (2, 2), (5, 1), (6, 0), ([1, 4], 2), ((5, 9), 1), ({2}, 1)]
)
def test_validation_freq_says_after_which_epochs(freq, expected):
    history = fit(make_model(), validation_split=0.25, validation_freq=freq, epochs=5)
    assert len(history.history.get("val_loss", [])) == expected
    assert len(history.history["loss"]) == 5


def test_validating_does_not_disturb_the_training():
    plain, validated = make_model(), make_model()
    fit(plain, epochs=3)
    fit(validated, epochs=3, validation_data=make_data(10))
    assert same(plain.get_weights(), validated.get_weights())


# ---- hooks ----


def recorder(names, calls):
    """A callback that notes the hooks of these names."""
    methods = {
        name: lambda self, *given, name=name: calls.append(
            (name.removeprefix("on_"), *given[:-1])
        )
        for name in names
    }
    return type("Recorder", (Callback,), methods)()


HOOKS = [
    f"on_{kind}_{end}"
    for kind in (
        "train",
        "epoch",
        "train_batch",
        "test",
        "test_batch",
        "predict",
        "predict_batch",
    )
    for end in ("begin", "end")
]


def test_the_hooks_come_in_keras_order():
    calls = []
    fit(make_model(), recorder(HOOKS, calls), batch_size=16, validation_split=0.5, epochs=1)
    validation = [("test_begin",)]
    for batch in range(2):
        validation += [("test_batch_begin", batch), ("test_batch_end", batch)]
    validation += [("test_end",)]
    assert calls == [
        ("train_begin",),
        ("epoch_begin", 0),
        ("train_batch_begin", 0), ("train_batch_end", 0),
        ("train_batch_begin", 1), ("train_batch_end", 1),
        *validation,
        ("epoch_end", 0),
        ("train_end",),
    ]  # fmt: skip


def test_predict_calls_its_hooks_and_hands_on_each_batchs_outputs():
    outputs = []
    note = LambdaCallback(on_predict_batch_end=lambda _, logs: outputs.append(logs["outputs"]))
    x, _ = make_data()
    predictions = make_model().predict(x, batch_size=16, callbacks=[note])
    assert [len(part) for part in outputs] == [16, 16, 8]
    assert np.array_equal(np.concatenate(outputs), predictions)
    outputs.clear()
    make_model().predict(x, callbacks=[note])
    assert [len(part) for part in outputs] == [32, 8]


def test_a_batch_hook_sees_the_running_means_of_the_epoch():
    seen = []
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs))
    one_weight().fit(X, Y, callbacks=[note], **BY_HAND)
    assert seen[0] == {"loss": pytest.approx(2.5), "mae": pytest.approx(1.5)}
    assert seen[1] == {"loss": pytest.approx(11.25 / 3), "mae": pytest.approx(5.5 / 3)}
    assert list(seen[0]) == ["loss", "mae"]


def test_hooks_without_news_get_an_empty_dict():
    seen = {}
    names = [name for name in HOOKS if name.endswith("begin")]
    methods = {
        name: lambda self, *given, name=name: seen.update({name: given[-1]}) for name in names
    }
    watcher = type("Watcher", (Callback,), methods)()
    model = make_model()
    fit(model, watcher, validation_split=0.25)
    model.predict(make_data()[0], callbacks=watcher)
    assert seen == {name: {} for name in names}


def test_callbacks_are_told_what_was_asked_for():
    note = Callback()
    fit(make_model(), note, epochs=7, batch_size=16)
    assert note.params == {"verbose": 0, "epochs": 7, "steps": 3}
    make_model().predict(make_data()[0], batch_size=16, verbose=0, callbacks=note)
    assert note.params == {"verbose": 0, "epochs": 1, "steps": 3}


@pytest.mark.parametrize(
    ("hook", "steps"),
    [
        ("on_train_begin", 1),
        ("on_epoch_begin", 1),
        ("on_train_batch_begin", 1),
        ("on_train_batch_end", 1),
        ("on_epoch_end", 5),
    ],
)
def test_stop_training_ends_after_the_batch_or_the_epoch(hook, steps):
    model = make_model()
    ends = []

    def stop(*_):
        model.stop_training = True

    callbacks = [LambdaCallback(**{hook: stop}), LambdaCallback(on_train_end=ends.append)]
    history = fit(model, callbacks, epochs=4, validation_split=0.25, batch_size=6)
    assert model.optimizer.iterations == steps
    assert history.epoch == [0]
    assert ends == [{name: values[0] for name, values in history.history.items()}]
    fit(model, epochs=2)
    assert model.history.epoch == [0, 1]


def test_what_a_schedule_sets_is_logged_in_the_models_number_format():
    model = nn.Sequential([Input((2,)), Dense(1)], dtype="float32")
    model.compile("sgd", "mse")
    asked = []

    def fade(epoch, rate):
        asked.append(rate)
        return rate * 0.9 if epoch else 0.1

    history = fit(model, LearningRateScheduler(fade), epochs=3).history["learning_rate"]
    rounded = [float(np.float32(0.1))]
    for _ in range(2):
        rounded.append(float(np.float32(rounded[-1] * 0.9)))
    assert history == rounded
    assert asked == [float(np.float32(0.01)), *rounded[:2]]


# ---- one epoch in many calls ----


@pytest.mark.parametrize("steps_per_call", [1, 2, 3, 1000])
def test_the_bits_do_not_depend_on_how_an_epoch_is_cut_into_calls(monkeypatch, steps_per_call):
    whole = make_model()
    history = fit(whole, epochs=3, batch_size=7).history
    monkeypatch.setattr(
        Run, "_adapt", lambda self, _: setattr(self, "steps_per_call", steps_per_call)
    )
    cut = make_model()
    assert fit(cut, epochs=3, batch_size=7).history == history
    assert same(cut.get_weights(), whole.get_weights())


@pytest.mark.parametrize("eagerly", [True, False])
def test_neither_batch_hooks_nor_progress_change_the_bits(eagerly, capsys):
    plain = make_model(run_eagerly=eagerly)
    history = fit(plain, epochs=2).history
    hook = LambdaCallback(on_train_batch_end=lambda batch, logs: logs.clear())
    # A batch hook takes a training to the eager engine, so it can be told from that one alone.
    watched = [{"callbacks": hook}] if eagerly else []
    for options in (*watched, {"verbose": 1}, {"verbose": 2}):
        model = make_model(run_eagerly=eagerly)
        assert fit(model, epochs=2, **options).history == history
        assert same(model.get_weights(), plain.get_weights())


def test_a_call_of_the_engine_grows_until_it_takes_a_moment():
    x, y = make_data(rows=1000)
    run = Run(make_model(), Examples(x, y, None), None, 8, True, None)
    run._adapt(0.08)
    assert run.steps_per_call == 40
    run._adapt(0.2)
    assert run.steps_per_call == 40
    run._adapt(2.0)
    assert run.steps_per_call == 4
    run._adapt(0.0)
    assert run.steps_per_call == 64  # no more than 16 times as many
    run._adapt(0.0)
    assert run.steps_per_call == 125  # nor more than the epoch has
    run.steps_per_call = 1
    run._adapt(1.0)
    assert run.steps_per_call == 1


# ---- single batches ----


def test_train_on_batch_is_one_step_and_returns_what_was_before_it():
    model = one_weight()
    assert model.train_on_batch(X[:2], Y[:2]) == [2.5, 1.5]
    assert weight(model) == pytest.approx(0.5, rel=1e-14)
    # Nothing of the first batch is left in the second one's numbers.
    second = model.train_on_batch(X[2:], Y[2:], return_dict=True)
    assert second == {"loss": pytest.approx(6.25), "mae": pytest.approx(2.5)}
    assert model.optimizer.iterations == 2


def test_train_on_batch_takes_weights():
    model = one_weight()
    assert model.train_on_batch(X[:2], Y[:2], [2, 1]) == [4.5, 1.5]
    assert weight(model) == pytest.approx(0.9, rel=1e-14)
    model = make_model()
    x, y = make_data()
    loss = model.train_on_batch(x, y, class_weight={1: 5})[0]
    again = make_model().train_on_batch(x, y, sample_weight=np.where(y == 1, 5, 1))[0]
    assert loss == again


def test_train_on_batch_over_all_batches_is_an_epoch():
    x, y = make_data()
    by_fit, by_batch = make_model(run_eagerly=True), make_model()
    history = fit(by_fit, shuffle=False).history
    losses = [by_batch.train_on_batch(x[i : i + 8], y[i : i + 8])[0] for i in range(0, 40, 8)]
    assert same(by_fit.get_weights(), by_batch.get_weights())
    assert np.mean(losses) == pytest.approx(history["loss"][0], rel=1e-14)


def test_test_and_predict_on_batch_take_all_rows_at_once():
    x, y = make_data()
    model = make_model(metrics=None)
    assert model.test_on_batch(x, y) == pytest.approx(model.evaluate(x, y, verbose=0))
    model.compile("sgd", nn.losses.MeanSquaredError(reduction="sum"))
    errors = np.square(model.predict(x)[:, 0] - y)
    assert model.test_on_batch(x, y) == pytest.approx(errors.sum())
    assert model.test_on_batch(x, y, np.full(40, 2), True) == {
        "loss": pytest.approx(2 * errors.sum())
    }
    np.testing.assert_array_equal(model.predict_on_batch(x), model.predict(x))


# ---- Dropout ----


def test_dropout_is_at_work_in_training_only():
    x, _ = make_data()
    model = nn.Sequential([Input((2,)), Dropout(0.5, seed=1)])
    model.compile("sgd", "mse")
    for still in (model.predict(x), model(x)):
        np.testing.assert_array_equal(still, x.astype(np.float32))
    model.evaluate(x, x, verbose=0)
    assert model.layers[0].calls == 0
    zeroed = model(x, training=True) == 0
    assert 0.3 < zeroed.mean() < 0.7
    model.fit(x, x, 8, epochs=2, verbose=0)
    assert model.layers[0].calls == 11
