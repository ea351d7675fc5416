"""The hooks, the list that calls them, the history, and the state to resume from."""

import json

import numpy as np
import pytest
from stand_in import StandIn, names_of, train, val_losses

from nnscratch.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from nnscratch.callbacks.base import HOOKS

# ---- Callback and CallbackList ----


def test_every_hook_reaches_every_callback_in_order():
    class Named(Callback):
        pass

    calls = []
    for hook in HOOKS:
        setattr(
            Named, hook, lambda self, *given, hook=hook: calls.append((self.name, hook, given))
        )
    first, second = Named(), Named()
    first.name, second.name = "first", "second"
    each = CallbackList([first, second])
    for hook in HOOKS:
        takes_index = "epoch" in hook or "batch" in hook
        given = (3, {"loss": 1.0}) if takes_index else ({"loss": 1.0},)
        getattr(each, hook)(*given)
        assert calls == [("first", hook, given), ("second", hook, given)]
        calls.clear()


def test_the_hooks_are_keras_hooks():
    assert set(HOOKS) == {"on_batch_begin", "on_batch_end"} | {
        f"on_{kind}_{end}"
        for kind in (
            "train", "test", "predict", "epoch", "train_batch", "test_batch", "predict_batch"
        )
        for end in ("begin", "end")
    }  # fmt: skip


def test_every_hook_can_be_left_out():
    each = CallbackList([Callback()], model=StandIn())
    for hook in HOOKS:
        index = (0,) if "epoch" in hook or "batch" in hook else ()
        getattr(each, hook)(*index)
        getattr(each, hook)(*index, logs={})


def test_a_callback_knows_model_and_parameters_before_the_first_hook():
    seen = []

    class Look(Callback):
        def on_train_begin(self, logs=None):
            seen.append((self.model, self.params))

    model = StandIn()
    CallbackList([Look()], model=model, epochs=5, steps=2).on_train_begin()
    assert seen == [(model, {"epochs": 5, "steps": 2})]


def test_what_one_callback_adds_to_the_logs_the_next_one_sees():
    seen = []
    add = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(extra=2.0))
    look = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(dict(logs)))
    model, _ = train([add, look], [{"loss": 1.0}])
    assert seen == [{"loss": 1.0, "extra": 2.0}]
    assert model.history.history["extra"] == [2.0]


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("on_train_batch_begin", (True, False, False)),
        ("on_train_batch_end", (True, False, False)),
        ("on_batch_begin", (True, False, False)),
        ("on_batch_end", (True, False, False)),
        ("on_test_batch_begin", (False, True, False)),
        ("on_test_batch_end", (False, True, False)),
        ("on_predict_batch_begin", (False, False, True)),
        ("on_predict_batch_end", (False, False, True)),
        ("on_epoch_end", (False, False, False)),
    ],
)
def test_only_an_overridden_batch_hook_asks_for_batches(hook, expected):
    subclass = type("Mine", (Callback,), {hook: lambda self, batch, logs=None: None})
    for callback in (subclass(), LambdaCallback(**{hook: lambda batch, logs: None})):
        each = CallbackList([Callback(), callback], add_history=True)
        asked = each.wants_train_batches, each.wants_test_batches, each.wants_predict_batches
        assert tuple(map(bool, asked)) == expected
        assert all(
            not words or f"{type(callback).__name__} has {hook}" in words for words in asked
        )


def test_none_of_our_own_callbacks_asks_for_batches(tmp_path):
    own = [
        BackupAndRestore(tmp_path), CSVLogger(tmp_path / "log.csv"), EarlyStopping(), History(),
        LambdaCallback(), LearningRateScheduler(lambda epoch: 0.1),
        ModelCheckpoint("x.safetensors"),
        ReduceLROnPlateau(), TerminateOnNaN(),
    ]  # fmt: skip
    each = CallbackList(own)
    assert not each.wants_train_batches
    assert not each.wants_test_batches
    assert not each.wants_predict_batches
    assert CallbackList(ModelCheckpoint("x.safetensors", save_freq=10)).wants_train_batches


def test_keras_older_names_of_the_batch_hooks_are_called():
    calls = []

    class Old(Callback):
        def on_batch_begin(self, batch, logs=None):
            calls.append(("begin", batch))

        def on_batch_end(self, batch, logs=None):
            calls.append(("end", batch, logs))

    train(Old(), [{}], batches=2)
    assert calls == [
        ("begin", 0),
        ("end", 0, {"loss": 0.0}),
        ("begin", 1),
        ("end", 1, {"loss": 1.0}),
    ]


def test_one_callback_lists_in_lists_and_a_callback_list_are_all_taken():
    a, b, c = Callback(), Callback(), Callback()
    assert CallbackList(a).callbacks == [a]
    assert CallbackList([a, (b, [c])]).callbacks == [a, b, c]
    assert CallbackList(CallbackList([a, b])).callbacks == [a, b]
    assert CallbackList(None).callbacks == []


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (EarlyStopping, r"EarlyStopping\(\.\.\.\)"),
        (print, r"LambdaCallback\(on_epoch_end="),
        ("early", "Subclass nn.callbacks.Callback"),
    ],
)
def test_what_is_no_callback_is_refused_with_what_to_do(given, hint):
    with pytest.raises(TypeError, match=hint):
        CallbackList([given])


def test_a_history_is_added_at_the_end_unless_there_is_one():
    stop, own = Callback(), History()
    added = CallbackList([stop], add_history=True)
    assert added.callbacks == [stop, added.history]
    assert type(added.history) is History
    assert CallbackList([own, stop], add_history=True).callbacks == [own, stop]
    assert CallbackList([own, stop], add_history=True).history is own
    assert CallbackList([stop]).history is None


def test_a_progress_bar_cannot_be_added():
    with pytest.raises(ValueError, match="add_progbar"):
        CallbackList([], True, True)


# ---- History ----


def test_history_keeps_each_value_in_the_order_of_the_logs():
    model, _ = train([], [{"b": 1.0, "a": 2.0}, {"b": 3.0, "a": 4.0, "val_a": 5.0}])
    assert model.history.history == {"b": [1.0, 3.0], "a": [2.0, 4.0], "val_a": [5.0]}
    assert list(model.history.history) == ["b", "a", "val_a"]
    assert model.history.epoch == [0, 1]


def test_a_history_used_twice_starts_again():
    own = History()
    train(own, [{"loss": 1.0}, {"loss": 2.0}])
    train(own, [{"loss": 3.0}])
    assert (own.history, own.epoch) == ({"loss": [3.0]}, [0])


def test_an_earlier_history_is_not_changed_by_the_next_training():
    model, _ = train([], [{"loss": 1.0}])
    first = model.history
    train([], [{"loss": 2.0}], model)
    assert first.history == {"loss": [1.0]}
    assert model.history is not first


# ---- LambdaCallback ----


def test_lambda_callback_calls_its_functions_with_keras_arguments():
    calls = []
    note = LambdaCallback(
        lambda epoch, logs: calls.append(("epoch begin", epoch)),
        lambda epoch, logs: calls.append(("epoch end", epoch, logs)),
        lambda logs: calls.append("train begin"),
        lambda logs: calls.append(("train end", logs)),
        lambda batch, logs: calls.append(("batch begin", batch)),
        lambda batch, logs: calls.append(("batch end", batch, logs)),
    )
    train(note, [{"loss": 0.5}], batches=1)
    assert calls == [
        "train begin",
        ("epoch begin", 0),
        ("batch begin", 0),
        ("batch end", 0, {"loss": 0.0}),
        ("epoch end", 0, {"loss": 0.5}),
        ("train end", {"loss": 0.5}),
    ]


def test_lambda_callback_takes_every_other_hook_by_name():
    calls = []
    note = LambdaCallback(on_test_end=lambda logs: calls.append(logs))
    CallbackList(note).on_test_end({"loss": 2.0})
    assert calls == [{"loss": 2.0}]


def test_lambda_callback_refuses_a_misspelt_hook_and_what_is_no_function():
    with pytest.raises(TypeError, match=r"'on_epoch_ends'.* Did you mean 'on_epoch_end'\?"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match=r"on_train_end must be a function.*3"):
        LambdaCallback(on_train_end=3)


# ---- state ----


def with_state(folder):
    return [
        EarlyStopping(patience=3, restore_best_weights=True),
        ReduceLROnPlateau(patience=1, factor=0.5, cooldown=2),
        ModelCheckpoint(folder / "{epoch}.safetensors", save_best_only=True),
        ModelCheckpoint(folder / "batch-{epoch}-{batch}.safetensors", save_freq=3),
        History(),
    ]


def states_of(callbacks):
    """The states as they survive a file: arrays as they are, the rest through JSON."""
    return [
        {
            name: value if isinstance(value, np.ndarray) else json.loads(json.dumps(value))
            for name, value in callback.get_state().items()
        }
        for callback in callbacks
    ]


@pytest.mark.parametrize("epochs_before", [1, 2, 3, 4, 5])
def test_callbacks_with_their_state_back_go_on_as_if_nothing_had_happened(
    tmp_path, epochs_before
):
    logs = val_losses(3.0, 1.0, 0.5, 2.0, 1.5, 2.5, 0.25)
    expected = with_state(tmp_path)
    whole, _ = train(expected, logs, batches=4)

    first, second = with_state(tmp_path), with_state(tmp_path)
    states = []
    keep = LambdaCallback(on_epoch_end=lambda epoch, _: states.append(states_of(first)))
    model, _ = train([*first, keep], logs[:epochs_before], batches=4)

    def give(logs):
        for callback, state in zip(second, states[-1], strict=True):
            callback.set_state(state)

    model.resume_epoch = epochs_before
    train([*second, LambdaCallback(on_train_begin=give)], logs, model, batches=4)
    np.testing.assert_equal(states_of(second), states_of(expected))
    assert second[0].best_epoch == expected[0].best_epoch == 2
    assert model.history.epoch == [0, 1, 2, 3, 4, 5]
    assert model.weights[0][0] == whole.weights[0][0] == 2
    assert model.optimizer.learning_rate == whole.optimizer.learning_rate
    assert names_of(model) == names_of(whole)


def test_a_state_is_a_snapshot_when_it_is_taken_and_when_it_is_given():
    model, _ = train([], val_losses(2.0))
    expected = {"history": {"loss": [9.0], "val_loss": [2.0]}, "epoch": [0]}
    state = model.history.get_state()
    model.history.on_epoch_end(1, {"loss": 1.0})
    assert state == expected
    other = History()
    other.set_state(state)
    other.on_epoch_end(1, {"loss": 1.0})
    assert state == expected
