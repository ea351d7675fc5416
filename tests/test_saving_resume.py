"""A training that was cut in two ends with the bits of one that was not."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import resumable
from refusing import nothing_changes
from resumable import CASES, CUT, EPOCHS, different_bits, kept, saved

import nnscratch as nn
from nnscratch import saving
from nnscratch.callbacks import BackupAndRestore, Callback, CSVLogger, EarlyStopping

NAMES = ["-".join(case) for case in CASES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All cases, trained for some epochs in one process and for the rest in another."""
    folder = tmp_path_factory.mktemp("cut")
    for epochs in (CUT, EPOCHS):
        subprocess.run(
            [sys.executable, resumable.__file__, str(folder), str(epochs)],
            check=True,
            cwd=Path(nn.__file__).parents[1],
        )
    return folder


def what_was_trained(path):
    """The document of a file, without the spare seed of the row order: any model's own."""
    document = saving.read(path)[1]
    document["progress"]["order_seeds"].pop()
    return document


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_kept_training_ends_in_another_process_with_the_same_bits(folder, tmp_path, case):
    whole, path = kept(case, EPOCHS, tmp_path)
    assert different_bits(folder / path.name, path) == 0
    assert what_was_trained(folder / path.name) == what_was_trained(path)
    assert what_was_trained(path)["history"]["history"] == whole.history.history


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_loaded_model_ends_in_another_process_with_the_same_bits(folder, tmp_path, case):
    whole, path = saved(case, EPOCHS, tmp_path)
    assert different_bits(folder / path.name, path) == 0
    cut, uncut = what_was_trained(folder / path.name), what_was_trained(path)
    columns = whole.history.history.items()  # a fit by hand has a history of its own
    assert cut["history"]["history"] == {name: values[CUT:] for name, values in columns}
    assert cut | {"history": None} == uncut | {"history": None}


def test_the_counters_of_callbacks_decide_how_these_trainings_end(folder):
    ends = []
    for path in sorted(folder.glob("kept-*")):
        document = saving.read(path)[1]
        counters = document["callbacks"][0]["state"]
        stopped = document["note"]["stopped"]
        ends.append(stopped and counters["best_epoch"] < CUT and counters["wait"] == 6)
    assert len(ends) == len(CASES)
    assert all(ends), ends


# ---- what resume= means ----

CASE = ("Adam", "float64", "eager")


def fit(path, epochs=6, *, callbacks=None, model=None, **options):
    model = model or resumable.make_model(CASE)
    resumable.fit(model, CASE, epochs, resume=path, callbacks=callbacks, **options)
    return model


def interrupt_at(epoch):
    def interrupt(now, logs):
        if now == epoch:
            raise KeyboardInterrupt

    return nn.callbacks.LambdaCallback(on_epoch_begin=interrupt)


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training.nnscratch.safetensors"


def test_a_complete_training_is_given_back_and_not_trained_again(path):
    model = fit(path)
    before = path.read_bytes()
    again = fit(path, callbacks=interrupt_at(6))  # which no epoch reaches
    assert same(again.get_weights(), model.get_weights())
    assert again.history.history == model.history.history
    assert again.history.epoch == [0, 1, 2, 3, 4, 5]
    assert path.read_bytes() == before


def test_more_epochs_go_on_from_a_complete_training(path):
    fit(path, epochs=2)
    whole = resumable.fit(resumable.make_model(CASE), CASE, 6)
    again = fit(path, epochs=6)
    assert same(again.get_weights(), whole.get_weights())
    assert again.history.history == whole.history.history


def test_a_model_that_was_trained_otherwise_meanwhile_is_put_back(path):
    whole = resumable.fit(resumable.make_model(CASE), CASE, 6)
    model = fit(path, epochs=3)
    resumable.fit(model, CASE, 2, batch_size=5)
    fit(path, epochs=6, model=model)
    assert same(model.get_weights(), whole.get_weights())


def stopping():
    return EarlyStopping(patience=2, restore_best_weights=True)


def test_a_stopped_training_stays_stopped_and_ends_with_its_best_weights(path):
    model = fit(path, epochs=20, callbacks=stopping())
    assert len(model.history.epoch) < 20
    again = fit(path, epochs=30, callbacks=stopping())
    assert again.history.epoch == model.history.epoch
    assert same(again.get_weights(), model.get_weights())


def test_a_training_killed_after_its_last_epoch_still_gets_its_best_weights(path):
    whole = resumable.fit(resumable.make_model(CASE), CASE, 20, callbacks=stopping())

    def interrupt(logs):
        raise KeyboardInterrupt

    cut = nn.callbacks.LambdaCallback(on_train_end=interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(path, epochs=20, callbacks=[cut, stopping()])
    again = fit(path, epochs=20, callbacks=stopping())
    assert same(again.get_weights(), whole.get_weights())
    assert again.history.epoch == whole.history.epoch


def test_an_epoch_that_left_the_finite_numbers_is_not_kept(path):
    def explode(epoch):
        return 1e-3 if epoch < 3 else 1e200

    def train():
        model = nn.Sequential([nn.Input((3,)), nn.layers.Dense(1)], seed=1, dtype="float64")
        model.compile("sgd", "mse", run_eagerly=True)
        return fit(path, model=model, callbacks=nn.callbacks.LearningRateScheduler(explode))

    for _ in range(2):  # it fails in the same epoch again
        with pytest.raises(nn.NonFiniteError):
            train()
        assert nn.models.load_model(path).history.epoch == [0, 1, 2]


def test_the_backup_may_stand_anywhere_among_the_callbacks(tmp_path):
    class Count(Callback):
        """Counters of one's own: a NumPy number, an array, and a list."""

        state_names = ("total", "each", "seen")

        def on_train_begin(self, logs=None):
            self.total, self.each, self.seen = np.float32(0), np.zeros(2), []

        def on_epoch_end(self, epoch, logs=None):
            self.total += np.float32(logs["loss"])
            self.each += [1, logs["loss"]]
            self.seen.append(epoch)

    def train(*more):
        model, count = resumable.make_model(CASE), Count()
        resumable.fit(model, CASE, 5, callbacks=[*more, count])
        return count

    whole = train()
    with pytest.raises(KeyboardInterrupt):
        train(BackupAndRestore(tmp_path), interrupt_at(3))
    again = train(BackupAndRestore(tmp_path), interrupt_at(5))
    assert again.seen == whole.seen == [0, 1, 2, 3, 4]
    assert again.total == whole.total
    assert again.each.tolist() == whole.each.tolist()


def test_the_table_of_a_training_that_was_cut_has_each_epoch_once(path, tmp_path):
    def train(name, *more, **options):
        table = CSVLogger(tmp_path / name)
        model = resumable.make_model(CASE)
        resumable.fit(model, CASE, 5, callbacks=[table, *more], **options)
        return (tmp_path / name).read_text()

    def interrupt(epoch, logs):  # after the row, before the backup
        if epoch == 3:
            raise KeyboardInterrupt

    whole = train("whole.csv")
    with pytest.raises(KeyboardInterrupt):
        cut = nn.callbacks.LambdaCallback(on_epoch_end=interrupt)
        train("cut.csv", cut, resume=path)
    assert (tmp_path / "cut.csv").read_text() == whole[: whole.index("\n4,") + 1]
    assert train("cut.csv", resume=path) == whole


def test_the_best_value_of_a_checkpoint_is_not_forgotten(path, tmp_path):
    def train(epochs, best):
        keep = nn.callbacks.ModelCheckpoint(
            tmp_path / "best-{epoch}.safetensors", save_best_only=True
        )
        fit(path, epochs, callbacks=keep)
        assert keep.best == best(nn.models.load_model(path).history.history["val_loss"])

    train(8, min)
    files = sorted(tmp_path.glob("best-*"))
    train(9, min)  # the ninth epoch is no better than the best of eight
    assert sorted(tmp_path.glob("best-*")) == files


def test_what_it_goes_on_from_is_said_unless_fit_is_silent(path, capsys):
    fit(path, epochs=2)
    assert capsys.readouterr().err == ""
    fit(path, epochs=3, verbose=2)
    first, *_ = capsys.readouterr().err.splitlines()
    assert first == f"The training in {path} goes on after epoch 2."


# ---- files from which a training cannot go on ----


def another(**changes):
    """The model of this case but for one thing."""
    given = {"units": 8, "activation": "tanh", "rate": 0.25, "loss": "binary_crossentropy"}
    given |= {"optimizer": nn.optimizers.Adam(0.05), "dtype": "float64"} | changes
    dense = nn.layers.Dense(given["units"], given["activation"], name="dense")
    stack = [nn.Input((3,)), dense, nn.layers.Dropout(given["rate"])]
    stack.append(nn.layers.Dense(1, "sigmoid", name="dense_1"))
    model = nn.Sequential(stack, dtype=given["dtype"])
    model.compile(given["optimizer"], given["loss"], metrics=["accuracy"], run_eagerly=True)
    return model


def test_the_model_of_the_file_made_with_another_seed_and_rate_goes_on(path):
    fit(path, epochs=2)
    model = another(optimizer=nn.optimizers.Adam(0.5))
    fit(path, model=model)
    assert same(model.get_weights(), fit(path).get_weights())
    assert model.optimizer.learning_rate == 0.05


OTHER_MODELS = {
    "units": ({"units": 7}, r"'dense.W' the model has \(3, 7\), the file \(3, 8\)"),
    "activation": ({"activation": "relu"}, r"'dense' the model has .*'relu'.*file .*'tanh'"),
    "rate of Dropout": ({"rate": 0.5}, r"'dropout' the model has .*0\.5.*file .*0\.25"),
    "loss": ({"loss": "mse"}, r"its loss the model has .*MeanSquared.*file .*BinaryCross"),
    "optimizer": ({"optimizer": "rmsprop"}, r"its optimizer the model has RMSprop.*file Adam"),
    "beta": ({"optimizer": nn.optimizers.Adam(beta_1=0.5)}, r"its optimizer .*0\.5.*0\.9"),
    "number format": ({"dtype": "float32"}, r"its numbers the model has float32.*float64"),
}
OTHER_TRAININGS = {
    "batch_size": {"batch_size": 16},
    "shuffle": {"shuffle": False},
    "training data": {"sample_weight": np.arange(64) % 3},
    "validation data": {"validation_data": (np.ones((4, 3)), np.ones(4))},
}


def refused(path, match, model=None, **options):
    """Check that a fit is refused, and that the model and the file are as before."""
    model = model or fit(path.with_name("own.safetensors"), 2)
    before = path.read_bytes()
    with nothing_changes(model), pytest.raises(ValueError, match=match) as caught:
        fit(path, model=model, **options)
    assert path.read_bytes() == before
    assert len(str(caught.value).splitlines()) <= 5
    assert path.name in str(caught.value)


@pytest.mark.parametrize(("changes", "match"), OTHER_MODELS.values(), ids=OTHER_MODELS)
def test_the_file_of_another_model_is_refused(path, changes, match):
    fit(path, epochs=2)
    refused(path, match, another(**changes))


@pytest.mark.parametrize("what", OTHER_TRAININGS)
def test_the_file_of_another_training_is_refused(path, what):
    fit(path, epochs=2, validation_split=0.0)
    options = {"validation_split": 0.0} | OTHER_TRAININGS[what]
    refused(path, f"another training: for {what} it has", **options)


def test_one_number_of_the_data_changes_which_training_it_is(path):
    x, y = resumable.make_data()
    model = resumable.make_model(CASE)
    model.fit(x, y, verbose=0, resume=path, shuffle=np.False_)
    x[-1, -1] = np.nextafter(x[-1, -1], 1)
    with pytest.raises(ValueError, match=r"for training data it has '64 rows \(\w{16}\)'"):
        model.fit(x, y, epochs=2, verbose=0, resume=path, shuffle=False)


def test_the_file_of_other_callbacks_is_refused(path):
    fit(path, epochs=2, callbacks=stopping())
    refused(path, r"callbacks with a state the model has \[\], the file \['EarlyStopping'\]")
    both = [nn.callbacks.ReduceLROnPlateau(), stopping()]
    refused(path, r"has \['ReduceLROnPlateau', 'EarlyStopping'\], the file", callbacks=both)


def test_a_file_with_more_epochs_than_are_wanted_is_refused(path):
    fit(path, epochs=3)
    refused(path, r"has 3 epochs already, and this fit wants epochs=2.\nDelete", epochs=2)


@pytest.mark.parametrize("note", [None, 3, {"epoch": 1}, {"epoch": "2", "stopped": False}])
def test_a_model_that_was_only_saved_holds_no_training(path, note):
    resumable.fit(resumable.make_model(CASE), CASE, 2).save(path, note=note)
    refused(path, r"holds a model, but no training that fit kept there.\n.*load_model")


def test_a_file_of_weights_or_a_damaged_one_holds_no_training(path):
    model = fit(path, epochs=2)
    model.save_weights(path)
    refused(path, "holds only weights")
    path.write_bytes(path.read_bytes()[:-1])
    refused(path, "is not a whole safetensors file")


@pytest.mark.parametrize("name", ["training", "training.keras"])
def test_a_file_to_resume_from_is_named_as_what_it_is(tmp_path, name):
    model = resumable.make_model(CASE)
    with nothing_changes(model), pytest.raises(ValueError, match=f"resume must .*{name}'"):
        fit(tmp_path / name, model=model)
