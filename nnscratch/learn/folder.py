"""The learner's own folder: the exercises begun, and a note of how far they are."""

import json
from pathlib import Path

from nnscratch.learn.ladder import LADDER, exercise

NOTE = ".nnscratch-learn.json"
DEFAULT = Path("learn-nnscratch")


class Folder:
    """A folder with exercises; what is in it belongs to the learner and is never overwritten.

    path  None means ./learn-nnscratch, or the working folder itself if it is such a folder
    """

    def __init__(self, path=None):
        here = Path(NOTE).exists()
        self.path = Path(path) if path is not None else Path() if here else DEFAULT
        self.note = {"solved": [], "current": None, "failed": None} | self._read()

    def _read(self):
        try:
            note = json.loads((self.path / NOTE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # none yet, or damaged: it is only a note, and begins anew
        return note if isinstance(note, dict) else {}

    def _write(self):
        new = self.path / f"{NOTE}.new"
        new.write_text(json.dumps(self.note), encoding="utf-8")
        new.replace(self.path / NOTE)

    @property
    def solved(self):
        """The numbers of the exercises that were solved."""
        return set(self.note["solved"])

    def file(self, task):
        """Where the learner's file for an exercise is, or would be."""
        return self.path / task.file_name

    def state(self, task):
        """ "solved", "begun" or ""."""
        if task.number in self.solved:
            return "solved"
        return "begun" if self.file(task).exists() else ""

    def next(self):
        """The first exercise that is not solved, or None."""
        return next((task for task in LADDER if task.number not in self.solved), None)

    def start(self, task):
        """Write the exercise's file; False if there was one already, which stays as it is."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.note |= {"current": task.number, "failed": None}
        self._write()
        try:
            with self.file(task).open("x", encoding="utf-8") as file:
                file.write(task.text)
        except FileExistsError:
            return False
        return True

    def chosen(self, which=None):
        """The exercise of that number or name, or the one being worked on, with its file."""
        which = self.note["current"] if which is None else which
        if which is None:
            raise ValueError("no exercise was begun yet; begin with: nnscratch learn start 1")
        task = exercise(which)
        if not self.file(task).exists():
            raise ValueError(
                f"there is no {self.file(task)}.\n"
                f"Make it with: nnscratch learn start {task.number}"
            )
        return task

    def keep(self, task, verdict):
        """Note down the result of a check."""
        self.note["current"] = task.number
        if verdict.solved:
            self.note["solved"] = sorted(self.solved | {task.number})
            self.note["failed"] = None
        else:
            self.note["failed"] = {
                "number": task.number,
                "says": verdict.says,
                "hints": list(verdict.hints),
            }
        self._write()

    def failed(self, number=None):
        """What the last check said: {"number", "says", "hints"}, or None."""
        last = self.note["failed"]
        return last if last and number in (None, last["number"]) else None
