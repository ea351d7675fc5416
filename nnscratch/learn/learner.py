"""The learner's file: loading it, calling its functions, and its errors in few lines."""

import copy
import difflib
import linecache
import sys
import traceback
import types
from pathlib import Path

import numpy as np

from nnscratch.learn.verdict import Wrong, wrong

MOST_FRAMES = 3


class Learner:
    """The functions of one file.

    changed  (function, argument) of each array that a call changed in place
    """

    def __init__(self, path):
        self.path = Path(path)
        self.changed = []
        self._results = []
        self._module = self._load()

    def _load(self):
        module = types.ModuleType("exercise")
        sys.modules["exercise"] = module
        linecache.checkcache(str(self.path))
        self.guard(self._run, module)
        return module

    def _run(self, module):
        exec(compile(self.path.read_bytes(), str(self.path), "exec"), module.__dict__)

    def get(self, name):
        """What the file calls ``name``; refused in words if there is no such thing."""
        if not hasattr(self._module, name):
            near = difflib.get_close_matches(name, dir(self._module), 1)
            meant = f" Is {near[0]!r} meant to be it?" if near else ""
            raise wrong(
                "not there",
                f"{self.path.name} defines no {name}, which the check calls.{meant}",
                hints=(
                    "Leave the name as it stands in the exercise.",
                    f"nnscratch learn start writes the exercise afresh if {self.path.name} is"
                    " renamed first; your own file is never overwritten.",
                ),
            )
        return getattr(self._module, name)

    def call(self, name, arguments, *, keep=(), function=None):
        """The result of one call; ``arguments`` {name: value} are copies but for ``keep``.

        function  what is called, if it is not what the file calls ``name``
        """
        function = function or self.get(name)
        given = {
            each: value if each in keep else copy.deepcopy(value)
            for each, value in arguments.items()
        }
        result = self.guard(function, *given.values(), what=name, arguments=arguments)
        self.changed += [
            (name, each) for each in arguments if not _same(given[each], arguments[each])
        ]
        self._results.append((name, result, _snapshot(result)))
        return result

    def guard(self, function, *given, what=None, arguments=None):
        """Call something of the learner's; its errors become verdicts."""
        try:
            with np.errstate(all="ignore"):
                return function(*given)
        except Wrong:
            raise
        except NotImplementedError as error:
            raise self._not_begun(error) from error
        except (Exception, SystemExit) as error:
            when = f"{what} was called" if what else f"{self.path.name} was read"
            raise self.stopped(error, when, arguments) from error

    def _not_begun(self, error):
        frames = [f for f in traceback.extract_tb(error.__traceback__) if self._is_mine(f)]
        what = frames[-1].name if frames else "a method"
        return wrong(
            "not begun",
            f"{what} is still to be written.",
            hints=(
                f"The explanation at the top of {self.path.name} has the formula.",
                "Write its lines in NumPy, in place of raise NotImplementedError.",
            ),
        )

    def stopped(self, error, when, arguments=None):
        """The verdict on an error in the learner's code."""
        shapes = [f"with {_shapes(arguments)}"] if arguments else []
        return wrong(
            "raises",
            f"Python stopped with an error when {when}.",
            shown=[*self.trimmed(error), *shapes],
            hints=(
                "Read the last line of the error first: it says what went wrong; the line above"
                " it says where.",
                "Print the shapes just before that line and compare them with the explanation.",
            ),
        )

    def is_in(self, error):
        """Whether an error came up inside the learner's file."""
        return any(map(self._is_mine, traceback.extract_tb(error.__traceback__)))

    def _is_mine(self, frame):
        return Path(frame.filename) == self.path

    def trimmed(self, error):
        """The traceback's lines that concern the learner's file, and the error itself."""
        frames = [
            f"{self.path.name}, line {frame.lineno}, in {frame.name}:  {frame.line}"
            for frame in traceback.extract_tb(error.__traceback__)
            if self._is_mine(frame)
        ]
        said = "".join(traceback.format_exception_only(error)).rstrip().splitlines()
        return frames[-MOST_FRAMES:] + [
            line.replace(f'File "{self.path}"', self.path.name) for line in said
        ]

    @property
    def result_that_changed(self):
        """The name of a function whose earlier result a later call has changed, or None."""
        for name, result, as_it_was in self._results:
            if not _same(result, as_it_was):
                return name
        return None


def _snapshot(value):
    """Copies of arrays, and of those in lists and tuples; anything else is not looked at."""
    if isinstance(value, (list, tuple)):
        return [_snapshot(each) for each in value]
    return value.copy() if isinstance(value, np.ndarray) else None


def _same(a, b):
    """Equality of arrays, numbers, and lists or tuples of them; anything else is the same."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.dtype.kind in "fiub":
        if a.shape != b.shape:
            return False
        # w + h - h is w but for the last bit, and puts it back well enough.
        return np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)
    return True


def _shapes(arguments):
    return ", ".join(f"{name} {_shape(value)}" for name, value in arguments.items())


def _shape(value):
    if isinstance(value, np.ndarray):
        return str(value.shape)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_shape, value))}]"
    return "a function" if callable(value) else f"= {value!r}"
