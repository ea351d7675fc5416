"""Callbacks that write files: checkpoints, backups to resume from, and a table of the logs."""

import csv
import warnings
from os import PathLike
from pathlib import Path
from typing import Any

from nnscratch import checks
from nnscratch.callbacks.base import Callback
from nnscratch.callbacks.steering import Monitor, say


class ModelCheckpoint(Monitor):
    """Save the model, or only its weights, after each epoch or every so many batches.

    ``filepath`` may hold ``{epoch}`` (counted from 1), ``{batch}`` (only with a whole number as
    ``save_freq``) and any name in the logs, with Python's format after a colon:
    ``"model-{epoch:02d}-{val_loss:.2f}.nnscratch.safetensors"``. Missing folders are made.

    ``save_best_only`` saves only when the watched value improves, first of all on
    ``initial_value_threshold``. An epoch that does not log that value is saved only as long as
    no better is known: then nothing is lost, and a best file is never overwritten by chance.
    Raises ValueError for another suffix, another ``save_freq``, and as `EarlyStopping` does.
    """

    state_names = ("best", "batches")

    def __init__(
        self,
        filepath: str | PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(monitor, mode)
        self.filepath = model_file("ModelCheckpoint: filepath", str(filepath))
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq: Any = save_freq
        self.best = initial_value_threshold
        self.batches = 0
        self.epoch = 0
        if save_freq != "epoch":
            checks.whole_number("save_freq, if not 'epoch',", save_freq, least=1)

    def on_epoch_begin(self, epoch, logs=None):
        """Remember the epoch for a save in the middle of it."""
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        """Save, unless it is done by batches."""
        if self.save_freq == "epoch":
            self._save({"epoch": epoch + 1, **(logs or {})}, logs or {})

    def overrides(self, hook):
        """Batches matter only to a ``save_freq`` in batches; else the engine need not stop."""
        if hook == "on_train_batch_end":
            return self.save_freq != "epoch"
        return super().overrides(hook)

    def on_train_batch_end(self, batch, logs=None):
        """Count the batches, and save every so many."""
        if self.save_freq == "epoch":
            return
        self.batches += 1
        if self.batches >= self.save_freq:
            self.batches = 0
            fields = {"epoch": self.epoch + 1, "batch": batch + 1, **(logs or {})}
            self._save(fields, logs or {})

    def _save(self, fields, logs):
        if self.save_best_only and not self._is_best(fields["epoch"], logs):
            return
        path = Path(self._fill_in(fields))
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.verbose > 0:
            say(f"Epoch {fields['epoch']}: saving to {path}")
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path)

    def _is_best(self, epoch, logs):
        current = self.monitored(logs)
        if current is None:
            return self.best is None
        better = self.improves(current, self.best)
        if self.verbose > 0:
            verdict = "improved" if better else "did not improve"
            say(f"Epoch {epoch}: {self.monitor} {verdict} from {self.best} ({current:.5f})")
        if better:
            self.best = current
        return better

    def _fill_in(self, fields):
        try:
            return self.filepath.format(**fields)
        except (KeyError, IndexError) as error:
            name = str(error.args[0])
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} asks for {name!r}, which is not "
                f"there.{checks.did_you_mean(name, fields)}\n"
                f"It can hold {', '.join(fields)}."
            ) from None


def model_file(argument, name):
    """``name``, if it can be a model's; refused here, and not after the first epoch."""
    if not name.endswith(".safetensors"):
        raise ValueError(f"{argument} must end in .nnscratch.safetensors, got {name!r}")
    return name


class CSVLogger(Callback):
    """Write one row of logs for each epoch to a CSV file, in Keras's layout.

    The columns are ``epoch``, the names of the first epoch's logs in alphabetical order and,
    if there was no validation in it, their ``val_`` twins. A value that an epoch lacks is
    ``NA``. ``append=True`` goes on with an existing file and keeps its columns. A name for
    which there is no column is not written, and a warning says so.
    """

    def __init__(
        self, filename: str | PathLike[str], separator: str = ",", append: bool = False
    ):
        self.filename = Path(filename)
        self.separator = separator
        self.append = append
        self._begin()

    def _begin(self):
        self.columns, self.mode = None, "w"

    def on_train_begin(self, logs=None):
        """Make ready for a new file, or read the columns of the one to go on with."""
        self._begin()
        if self.append:
            self._go_on()

    def _go_on(self):
        self.mode = "a"
        if self.filename.exists():
            with self.filename.open(newline="") as file:
                self.columns = next(csv.reader(file, delimiter=self.separator), None)

    def get_state(self):
        """Return how long the file is."""
        return {"bytes": self.filename.stat().st_size if self.filename.exists() else 0}

    def set_state(self, state):
        """Go on with the file, without the rows of epochs that are trained once more."""
        if self.filename.exists():
            with self.filename.open("r+b") as file:
                file.truncate(min(state["bytes"], self.filename.stat().st_size))
        self._go_on()

    def on_epoch_end(self, epoch, logs=None):
        """Append this epoch's row."""
        logs = logs or {}
        # Opened for each row, so that an interrupted training leaves a complete file.
        with self.filename.open(self.mode, newline="") as file:
            self.mode = "a"
            writer = csv.writer(file, delimiter=self.separator)
            if self.columns is None:
                self.columns = ["epoch", *_columns(logs)]
                writer.writerow(self.columns)
            writer.writerow([epoch, *(logs.get(name, "NA") for name in self.columns[1:])])
        if dropped := [name for name in logs if name not in self.columns]:
            message = f"{self.filename} has no column for {', '.join(dropped)}; not written"
            warnings.warn(message, checks.TrainingWarning, stacklevel=2)


def _columns(logs):
    names = sorted(logs)
    if any(name.startswith("val_") for name in names):
        return names
    return names + [f"val_{name}" for name in names]


class BackupAndRestore(Callback):
    """Make a long training survive an interruption: run the same script again, and it goes on.

    After each epoch the whole training is saved in ``backup_dir``: weights, optimizer, random
    state, history, and what the other callbacks count (their ``get_state``). When ``fit``
    begins and finds such a file there, it goes on after the epoch of the file, and ends with
    the same bits as a training that was never interrupted. A file of another model, or of
    another batch size, shuffle or data, is refused; the learning rate is the file's. A training
    that a callback had stopped is not trained further.

    When ``fit`` ends the file is deleted, unless you pass ``delete_checkpoint=False``. Every
    training needs a folder of its own. Raises ValueError for another ``save_freq`` and an empty
    name of a folder.
    """

    comes_last = True
    callback_list: Any = None

    # In Keras the place of delete_checkpoint differs between versions, hence by keyword only.
    def __init__(
        self,
        backup_dir: str | PathLike[str],
        save_freq: str = "epoch",
        *,
        delete_checkpoint: bool = True,
    ):
        if save_freq != "epoch":
            raise ValueError(
                f"BackupAndRestore: save_freq must be 'epoch', got {save_freq!r}.\n"
                "A training that resumes inside an epoch would not repeat the same steps."
            )
        if not str(backup_dir):
            raise ValueError("BackupAndRestore: backup_dir must name a folder, got ''")
        self.path = Path(backup_dir) / "latest.nnscratch.safetensors"
        self.delete_checkpoint = delete_checkpoint

    @classmethod
    def in_file(cls, path: str | PathLike[str]) -> "BackupAndRestore":
        """One that keeps the training in this very file, also when it is complete."""
        path = Path(model_file("fit: resume", str(path)))
        backup = cls(path.parent, delete_checkpoint=False)
        backup.path = path
        return backup

    def set_list(self, callback_list):
        """Remember whose counters to keep."""
        self.callback_list = callback_list

    @property
    def _others(self):
        everyone = self.callback_list.callbacks
        return [each for each in everyone if not isinstance(each, BackupAndRestore)]

    def on_train_begin(self, logs=None):
        """Go on from the backup, if there is one."""
        if not self.path.exists():
            return
        note = self.model.restore(self.path, callbacks=self._others, check=self._check)
        done = note["epoch"] + 1
        self.model.resume_epoch = self.params["epochs"] if note["stopped"] else done
        if self.params.get("verbose"):
            how = "stopped" if note["stopped"] else "goes on"
            say(f"The training in {self.path} {how} after epoch {done}.")

    def _check(self, note):
        """Refuse, before anything is changed, a file from which this training cannot go on."""
        if not _is_ours(note):
            raise ValueError(
                f"{str(self.path)!r} holds a model, but no training that fit kept there.\n"
                "To train such a model further: load_model(path).fit(...)."
            )
        if note["epoch"] >= self.params["epochs"]:
            raise ValueError(
                f"{str(self.path)!r} has {note['epoch'] + 1} epochs already, and this fit wants"
                f" epochs={self.params['epochs']}.\n{_CHOICE}"
            )
        for name, here in (self.callback_list.training or {}).items():
            there = (note["training"] or {}).get(name, here)
            if there != here:
                raise ValueError(
                    f"{str(self.path)!r} is of another training: for {name} it has {there!r},"
                    f" this fit {here!r}.\n{_CHOICE}"
                )

    def on_epoch_begin(self, epoch, logs=None):
        """Remember where the epoch began."""
        self.before = self.model.epochs_trained

    def on_epoch_end(self, epoch, logs=None):
        """Save the training as it is after this epoch, unless the epoch was taken back."""
        if self.model.epochs_trained <= self.before:  # it left the finite numbers
            return
        note = {
            "epoch": epoch,
            "stopped": bool(self.model.stop_training),
            "training": self.callback_list.training,
        }
        self.model.save(self.path, note=note, callbacks=self._others)

    def on_train_end(self, logs=None):
        """Delete the backup: the training is complete."""
        if self.delete_checkpoint:
            self.path.unlink(missing_ok=True)


_CHOICE = "Delete the file to begin anew, or keep this training in another one."


def _is_ours(note):
    return (
        isinstance(note, dict)
        and note.keys() == {"epoch", "stopped", "training"}
        and isinstance(note["epoch"], int)
        and note["epoch"] >= 0
        and isinstance(note["training"], dict | None)
    )
