"""Callbacks that write checkpoints, tables and backups."""

import csv
import re

import pytest
from stand_in import StandIn, names_of, train, val_losses

from nnscratch.callbacks import (
    BackupAndRestore,
    CallbackList,
    CSVLogger,
    LambdaCallback,
    ModelCheckpoint,
)
from nnscratch.checks import TrainingWarning

# ---- ModelCheckpoint ----


def test_the_file_name_is_filled_in_and_its_folder_made(tmp_path):
    path = tmp_path / "new" / "folder" / "m-{epoch:02d}-{val_loss:.2f}.nnscratch.safetensors"
    model, _ = train(ModelCheckpoint(path), val_losses(0.125, 3.0))
    assert model.saved == [
        ("model", str(tmp_path / "new/folder/m-01-0.12.nnscratch.safetensors")),
        ("model", str(tmp_path / "new/folder/m-02-3.00.nnscratch.safetensors")),
    ]


def test_a_file_name_of_another_kind_is_refused_before_any_training():
    with pytest.raises(ValueError, match=r"\.nnscratch\.safetensors.*'best\.keras'"):
        ModelCheckpoint("best.keras")


def test_weights_alone_can_be_saved(tmp_path):
    path = str(tmp_path / "w.safetensors")
    model, _ = train(ModelCheckpoint(path, save_weights_only=True), [{}])
    assert model.saved == [("weights", path)]


def test_only_a_better_model_is_saved(tmp_path):
    path = str(tmp_path / "{epoch}.safetensors")
    keep = ModelCheckpoint(path, save_best_only=True)
    model, _ = train(keep, val_losses(3.0, 4.0, 2.0, 2.0, 1.0))
    assert names_of(model) == ["1", "3", "5"]
    assert keep.best == 1.0


def test_the_threshold_must_be_beaten_first(tmp_path):
    keep = ModelCheckpoint(
        tmp_path / "{epoch}.safetensors",
        "val_accuracy",
        save_best_only=True,
        initial_value_threshold=0.5,
    )
    model, _ = train(keep, [{"val_accuracy": a} for a in (0.25, 0.5, 0.75)])
    assert names_of(model) == ["3"]


def test_an_epoch_without_the_watched_value_never_replaces_a_best_one(tmp_path):
    keep = ModelCheckpoint(tmp_path / "{epoch}.safetensors", save_best_only=True)
    logs = [{"loss": 1.0}, {"loss": 1.0, "val_loss": 2.0}, {"loss": 1.0}]
    with pytest.warns(TrainingWarning, match="'val_loss'"):
        model, _ = train(keep, logs)
    assert names_of(model) == ["1", "2"]


def test_saving_every_few_batches_counts_on_over_the_epochs(tmp_path):
    keep = ModelCheckpoint(tmp_path / "{epoch}-{batch}-{loss:.0f}.safetensors", save_freq=3)
    model, _ = train(keep, [{"loss": 1.0}] * 2, batches=4)
    # Batches 3, 6 of 8: the third of epoch 1, the second of epoch 2; "loss" is batch - 1.
    assert names_of(model) == ["1-3-2", "2-2-1"]


@pytest.mark.parametrize("save_freq", [0, -1, 2.5, "batch", None, True])
def test_a_save_freq_that_is_neither_epoch_nor_a_number_of_batches_is_refused(save_freq):
    with pytest.raises(ValueError, match=r"save_freq.*" + re.escape(repr(save_freq))):
        ModelCheckpoint("x.safetensors", save_freq=save_freq)


def test_a_field_that_is_not_there_is_named_with_the_nearest_one(tmp_path):
    keep = ModelCheckpoint(tmp_path / "{epoch}-{val_acuracy:.2f}.safetensors")
    with pytest.raises(ValueError, match=r"'val_acuracy'.* Did you mean 'val_accuracy'\?"):
        train(keep, [{"loss": 1.0, "val_accuracy": 0.5}])
    with pytest.raises(ValueError, match="filepath"):
        train(ModelCheckpoint(tmp_path / "{}.safetensors"), [{"loss": 1.0}])


def test_the_checkpoint_tells_what_it_did(tmp_path, capsys):
    path = tmp_path / "best.safetensors"
    train(ModelCheckpoint(path, verbose=1, save_best_only=True), val_losses(1.0, 2.0, 0.5))
    assert capsys.readouterr().err.splitlines() == [
        "Epoch 1: val_loss improved from None (1.00000)",
        f"Epoch 1: saving to {path}",
        "Epoch 2: val_loss did not improve from 1.0 (2.00000)",
        "Epoch 3: val_loss improved from 1.0 (0.50000)",
        f"Epoch 3: saving to {path}",
    ]


# ---- CSVLogger ----


def rows_of(path, separator=","):
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_the_table_has_a_row_for_each_epoch_and_loses_no_digit(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("something old\n")
    train(CSVLogger(path), [{"loss": 0.1, "val_loss": 1 / 3}, {"loss": 2.5e-8}])
    assert rows_of(path) == [
        ["epoch", "loss", "val_loss"],
        ["0", "0.1", repr(1 / 3)],
        ["1", "2.5e-08", "NA"],
    ]


def test_another_separator_is_used_and_values_with_it_are_quoted(tmp_path):
    path = tmp_path / "log.csv"
    train(CSVLogger(path, ";"), [{"a;b": 1.0, "val_a": 2.0}])
    assert path.read_text().splitlines()[0] == 'epoch;"a;b";val_a'


def test_appending_continues_an_existing_table(tmp_path):
    path = tmp_path / "log.csv"
    for logs in ({"loss": 1.0, "val_loss": 2.0}, {"val_loss": 4.0, "loss": 3.0}):
        train(CSVLogger(path, append=True), [logs])
    assert rows_of(path) == [
        ["epoch", "loss", "val_loss"],
        ["0", "1.0", "2.0"],
        ["0", "3.0", "4.0"],
    ]


def test_a_value_without_a_column_is_warned_of(tmp_path):
    path = tmp_path / "log.csv"
    train(CSVLogger(path), [{"loss": 1.0}])
    with pytest.warns(TrainingWarning, match=r"log.csv has no column for accuracy"):
        train(CSVLogger(path, append=True), [{"accuracy": 0.5, "loss": 1.0}])


def test_an_interrupted_training_leaves_a_complete_table(tmp_path):
    path = tmp_path / "log.csv"

    def interrupt(epoch, logs):
        if epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train([CSVLogger(path), LambdaCallback(on_epoch_end=interrupt)], [{"loss": 1.0}] * 3)
    assert len(rows_of(path)) == 3


# ---- BackupAndRestore ----


def interrupt_in(chosen):
    def interrupt(epoch, logs):
        if epoch == chosen:
            raise KeyboardInterrupt

    return LambdaCallback(on_epoch_begin=interrupt)


def test_an_interrupted_training_goes_on_after_its_last_complete_epoch(tmp_path):
    folder = tmp_path / "backup"
    with pytest.raises(KeyboardInterrupt):
        train([BackupAndRestore(folder), interrupt_in(2)], [{"loss": 1.0}] * 5)
    assert [path.name for path in folder.iterdir()] == ["latest.nnscratch.safetensors"]
    model, logs = train(BackupAndRestore(folder), [{"loss": 1.0}] * 5)
    assert len(logs) == 3
    assert model.history.epoch == [2, 3, 4]
    assert list(folder.iterdir()) == []


def test_the_restored_weights_are_those_of_the_backup(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train([BackupAndRestore(tmp_path), interrupt_in(2)], [{}] * 5)
    model = StandIn()
    CallbackList(BackupAndRestore(tmp_path), model=model, epochs=5).on_train_begin()
    assert model.weights[0][0] == 1
    assert model.resume_epoch == 2


def test_without_a_backup_the_training_begins_at_its_beginning(tmp_path):
    model, logs = train(BackupAndRestore(tmp_path / "new"), [{}] * 2)
    assert model.resume_epoch is None
    assert len(logs) == 2


def test_the_backup_can_be_kept(tmp_path):
    train(BackupAndRestore(tmp_path, delete_checkpoint=False), [{}] * 2)
    model, logs = train(BackupAndRestore(tmp_path), [{}] * 2)
    assert model.resume_epoch == 2
    assert logs == []


def test_only_whole_epochs_can_be_backed_up(tmp_path):
    with pytest.raises(ValueError, match="save_freq must be 'epoch', got 100"):
        BackupAndRestore(tmp_path, save_freq=100)
    with pytest.raises(ValueError, match="backup_dir"):
        BackupAndRestore("")
