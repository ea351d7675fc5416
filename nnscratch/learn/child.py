"""The process in which a learner's file is run and checked; started by ``running``.

    python -P -m nnscratch.learn.child NUMBER FILE OUT SECONDS

Writes the verdict as JSON to OUT. If the time is over, writes where the file is to OUT.stuck
instead, and ends.
"""

import faulthandler
import io
import json
import os
import sys
import warnings
from pathlib import Path

from nnscratch.learn.ladder import exercise
from nnscratch.learn.learner import Learner
from nnscratch.learn.verdict import Verdict, Wrong

MOST_PRINTED = 4000  # characters


class Printed(io.StringIO):
    """Keeps the beginning of what is printed: a loop may print without end."""

    def write(self, text):
        """Keep the text if there is room."""
        super().write(text[: MOST_PRINTED - self.tell()])
        return len(text)


def checked(task, path):
    """The Verdict on the file at ``path``."""
    try:
        task.check(Learner(path))
    except Wrong as found:
        return found.verdict
    return Verdict(True)


def _print_warning(message, category, filename, lineno, file=None, line=None):
    """nnscratch's own warnings are for the learner: they say what a training suffers from."""
    print(f"warning: {message}")


def main(number, path, out, seconds):
    """Check the file, write the verdict, and end whatever the file has left running."""
    task, path = exercise(int(number)), Path(path)
    with Path(f"{out}.stuck").open("w") as stuck:
        faulthandler.dump_traceback_later(float(seconds), exit=True, file=stuck)
        sys.path.append(str(path.parent))
        sys.stdout = printed = Printed()
        warnings.showwarning = _print_warning
        verdict = checked(task, path)
        faulthandler.cancel_dump_traceback_later()
    verdict.printed = printed.getvalue()
    if len(verdict.printed) == MOST_PRINTED:
        verdict.printed += "\n... and more"
    Path(out).write_text(json.dumps(verdict.as_json()))
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
