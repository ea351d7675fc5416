"""Checks a learner's file in a process of its own, whatever that file may do."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import nnscratch
from nnscratch.learn.verdict import Verdict

STARTING = 30  # seconds that Python itself may need, on a slow machine


def check(task, path):
    """The Verdict on the file at ``path``, for that Exercise."""
    path = Path(path).resolve()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "verdict.json"
        ended = _run(task, path, out)
        if out.exists():
            return Verdict(**json.loads(out.read_text()))
        stuck = Path(f"{out}.stuck")
        frames = _frames(stuck.read_text() if stuck.exists() else "", path)
        if ended is None or frames:
            return _too_long(task, path, frames)
        return _crashed(path, ended)


def _run(task, path, out):
    """The ended process, or None if it had to be ended."""
    variables = {"PYTHONPATH": os.pathsep.join(_paths()), "PYTHONDONTWRITEBYTECODE": "1"}
    # -P: a file of the learner's called random.py must not stand in for Python's own.
    command = [sys.executable, "-P", "-m", "nnscratch.learn.child"]
    try:
        return subprocess.run(
            [*command, str(task.number), str(path), str(out), str(task.seconds)],
            cwd=path.parent,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=task.seconds + STARTING,
        )
    except subprocess.TimeoutExpired:
        return None


def _paths():
    """Where modules are found: here, also where nnscratch is not installed.

    Written out in full, as the process has another working folder.
    """
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    package = Path(nnscratch.__file__).parents[1]
    return [str(package), *(str(Path(path).resolve()) for path in given if path)]


def _frames(text, path):
    """Where the file was, innermost first, out of what faulthandler wrote."""
    found = re.findall(r'File "(.*)", line (\d+) in (.*)', text)
    return [
        f"{path.name}, line {line}, in {function}:  {_line(path, int(line))}"
        for file, line, function in found
        if Path(file) == path
    ]


def _line(path, number):
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[number - 1].strip() if number <= len(lines) else ""


def _too_long(task, path, frames):
    return Verdict(
        False,
        "endless",
        [f"{path.name} was still running after {task.seconds} seconds and was ended."],
        [f"It was here:  {frame}" for frame in frames[:1]],
        [
            "Is there a loop whose end is never reached?",
            "Print the loop's variable in each round and see whether it moves towards the end.",
        ],
    )


def _crashed(path, ended):
    """The process is gone without a verdict: the file ended Python itself, or memory did."""
    code = ended.returncode
    name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return Verdict(
        False,
        "crash",
        [f"The process that ran {path.name} ended before the check did ({name})."],
        ended.stderr.strip().splitlines()[-6:],
        [
            "Does the file call os._exit, or ask for more memory than there is?",
            "SIGKILL is most often a lack of memory; look for a very large array.",
        ],
    )
