"""The callbacks and the progress lines in real trainings of a small model."""

import csv

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)


def make_data(rows=96):
    random = np.random.default_rng(7)
    x = random.normal(size=(rows, 2))
    return x, (x[:, 0] * x[:, 1] > 0).astype(float)


def make_model(optimizer=None, **options):
    stack = [
        nn.layers.Input((2,)),
        nn.layers.Dense(6, "relu"),
        nn.layers.Dropout(0.2),
        nn.layers.Dense(1, "sigmoid"),
    ]
    model = nn.Sequential(stack, seed=3, dtype="float64")
    optimizer = optimizer or nn.optimizers.Adam(0.03)
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"], **options)
    return model


def fit(model, callbacks=None, *, epochs=4, **options):
    options = {"verbose": 0, "validation_split": 0.25} | options
    return model.fit(*make_data(), epochs=epochs, batch_size=8, callbacks=callbacks, **options)


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_the_history_of_fit_has_keras_order_of_names():
    model = make_model()
    history = fit(model, LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)))
    assert list(history.history) == [
        "accuracy", "loss", "val_accuracy", "val_loss", "learning_rate"
    ]  # fmt: skip
    assert history.history["learning_rate"] == [0.1 / (epoch + 1) for epoch in range(4)]
    assert model.history is history
    assert history.params["epochs"] == 4
    assert history.params["steps"] == 9  # 72 rows are left to train on


def test_watching_a_training_does_not_change_it():
    plain, watched = make_model(run_eagerly=True), make_model()
    expected = fit(plain).history
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: logs.clear())
    assert fit(watched, [watch, TerminateOnNaN()]).history == expected
    assert same(plain.get_weights(), watched.get_weights())


def test_a_batch_hook_sees_every_batch_with_the_means_so_far():
    seen = []
    history = fit(
        make_model(),
        LambdaCallback(
            on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"]))
        ),
        epochs=2,
    )
    assert [batch for batch, _ in seen] == [*range(9), *range(9)]
    assert [seen[8][1], seen[17][1]] == history.history["loss"]


def test_stopping_in_the_middle_of_an_epoch_ends_it_there():
    class Stop(Callback):
        batches = 0

        def on_train_batch_end(self, batch, logs=None):
            self.batches += 1
            self.model.stop_training = self.batches == 5

    stop = Stop()
    model = make_model()
    fit(model, stop)
    assert stop.batches == 5
    assert model.optimizer.iterations == 5
    assert model.history.epoch == [0]


def test_early_stopping_leaves_the_weights_of_the_best_epoch():
    x, y = make_data()
    model = make_model(nn.optimizers.Adam(0.3))
    stop = EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(
        x, y, epochs=60, verbose=0, callbacks=stop, validation_data=(x[:40], y[:40])
    )
    losses = history.history["val_loss"]
    assert len(losses) < 60
    assert losses.index(min(losses)) == len(losses) - 3
    found = model.evaluate(x[:40], y[:40], verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(min(losses), rel=1e-12)


def test_reduce_on_plateau_trains_with_the_rate_that_it_logs():
    logged, used = make_model(), make_model()
    reduce = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.05)
    rates = fit(logged, reduce, epochs=8).history["learning_rate"]
    assert rates[0] == 0.03
    assert rates[-1] < 0.03
    fit(used, LearningRateScheduler(lambda epoch: rates[epoch]), epochs=8)
    assert same(logged.get_weights(), used.get_weights())


def test_a_checkpoint_loads_as_the_model_of_that_epoch(tmp_path):
    x, _ = make_data()
    model, after_two = make_model(), make_model()
    fit(after_two, epochs=2)
    path = tmp_path / "m-{epoch:02d}.nnscratch.safetensors"
    weights = tmp_path / "w-{epoch}.nnscratch.safetensors"
    fit(model, [ModelCheckpoint(path), ModelCheckpoint(weights, save_weights_only=True)])
    expected = after_two.predict(x, verbose=0)
    loaded = nn.models.load_model(tmp_path / "m-02.nnscratch.safetensors")
    assert np.array_equal(loaded.predict(x, verbose=0), expected)
    model.load_weights(tmp_path / "w-2.nnscratch.safetensors")
    assert np.array_equal(model.predict(x, verbose=0), expected)


def test_a_checkpoint_by_batches_has_taken_as_many_steps(tmp_path):
    path = tmp_path / "{epoch}-{batch}.nnscratch.safetensors"
    fit(make_model(), ModelCheckpoint(path, save_freq=12), epochs=3)
    steps = {
        file.name.split(".")[0]: nn.models.load_model(file).optimizer.iterations
        for file in tmp_path.iterdir()
    }
    # Epochs have 9 batches, so batch 12 is the third of epoch 2.
    assert steps == {"2-3": 12, "3-6": 24}


def test_the_table_holds_the_history_to_the_last_digit(tmp_path):
    path = tmp_path / "log.csv"
    history = fit(make_model(), CSVLogger(path)).history
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2, 3]
    for name, values in history.items():
        assert [float(row[name]) for row in rows] == values


def make_schedules():
    return [
        LearningRateScheduler(lambda epoch, rate: rate * 0.75),
        LearningRateScheduler(lambda epoch: 0.02 / (epoch + 1)),
    ]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("make", [nn.optimizers.Adam, nn.optimizers.RMSprop])
def test_an_interrupted_training_ends_bit_for_bit_like_an_uninterrupted_one(
    tmp_path, which, make
):
    whole = make_model(make(0.03))
    expected = fit(whole, make_schedules()[which], epochs=6).history

    def interrupt(epoch, logs):
        if epoch == 3:
            raise KeyboardInterrupt

    backup = BackupAndRestore(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit(
            make_model(make(0.03)),
            [backup, make_schedules()[which], LambdaCallback(on_epoch_begin=interrupt)],
            epochs=6,
        )
    again = make_model(make(0.03))
    history = fit(again, [BackupAndRestore(tmp_path), make_schedules()[which]], epochs=6)
    assert history.epoch == [0, 1, 2, 3, 4, 5]
    assert history.history == expected
    assert again.history is history
    assert same(again.get_weights(), whole.get_weights())
    assert list(tmp_path.iterdir()) == []


def diverging():
    model = nn.Sequential([nn.layers.Input((2,)), nn.layers.Dense(1)], seed=0, dtype="float64")
    model.compile(nn.optimizers.SGD(1e200), "mse")
    return model


def test_terminate_on_nan_lets_fit_end_normally_and_without_it_fit_raises():
    ended = []
    note_end = LambdaCallback(on_train_end=ended.append)
    with pytest.raises(nn.NonFiniteError):
        fit(diverging(), note_end, epochs=5)
    model = diverging()
    history = fit(model, [TerminateOnNaN(), note_end], epochs=5)
    assert len(history.epoch) < 5
    assert not np.isfinite(history.history["loss"][-1])
    assert len(ended) == 2
    assert all(np.isfinite(array).all() for array in model.get_weights())


def test_a_schedule_that_returns_no_number_is_refused_from_inside_fit():
    with pytest.raises(ValueError, match=r"schedule\(0, 0\.03\) returns .* got None"):
        fit(make_model(), LearningRateScheduler(lambda epoch, rate: None))


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_fit_and_evaluate_print_plain_lines_where_there_is_no_terminal(capsys, verbose):
    model = make_model()
    fit(model, epochs=3, verbose=verbose)
    model.evaluate(*make_data(), verbose=verbose)
    captured = capsys.readouterr()
    assert captured.out == ""
    *epochs, evaluation = captured.err.splitlines()
    assert [line.split(" - ")[0] for line in epochs] == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]
    for line in epochs:
        names = [part.split(": ")[0] for part in line.split(" - ")[2:]]
        assert names == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert evaluation.startswith("96 rows - ")


def test_verbose_zero_prints_nothing(capsys):
    model = make_model()
    fit(model, verbose=0)
    model.evaluate(*make_data(), verbose=0)
    model.predict(make_data()[0], verbose=0)
    assert capsys.readouterr() == ("", "")


def test_an_unknown_verbose_is_refused_before_any_training():
    model = make_model()
    before = model.get_weights()
    with pytest.raises(ValueError, match="verbose must be"):
        fit(model, verbose=3)
    assert same(model.get_weights(), before)
