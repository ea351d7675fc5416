"""How the kernels are compiled, and the folder on disk that keeps them from being so again."""

import atexit
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numba
from numba.core import event

SOURCES = Path(__file__).parent

# "nnan" and "ninf" are left out: with them a NaN would not have to stay one, and a training
# that leaves the finite numbers could pass unseen.
FASTMATH = {"contract", "nsz", "arcp", "reassoc"}

OPTIONS: Any = {
    "fastmath": FASTMATH,
    "boundscheck": False,
    "error_model": "numpy",
    "nogil": True,
    "_nrt": False,
}


# Where each number is worked on by itself, the compiler may choose other instructions for whole
# vectors than for the few numbers left over, and which these are depends on the threads.
# Without fastmath it must not: the bits are then the same in either place, and NumPy's.
BY_ITSELF: Any = OPTIONS | {"fastmath": False}


def kernel(function):
    """``function`` as a kernel that Python calls: compiled at its first call, and kept on disk.

    With ``NUMBA_DISABLE_JIT=1`` it stays the Python function that it is, as do its parts.
    """
    with _cache_in(FOLDER):
        return numba.njit(cache=True, **OPTIONS)(function)


def part(function, options=OPTIONS):
    """``function`` as a part of kernels, without a way in from Python: less to compile."""
    return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(function)


def elementwise(function):
    """A part that works on each number by itself."""
    return part(function, BY_ITSELF)


def inlined(function):
    """A part whose lines are copied to where it is called; only such a part may return a view.

    Kernels do not count references: two threads counting those of one array would wait for
    one another all the time. So no function may hand out an array.
    """
    return numba.njit(inline="always", **OPTIONS)(function)


def cache_folder():
    """Where compiled kernels are kept: a folder named by a digest of their sources.

    Numba notices when the file of a kernel changes, but not when one that it calls does; under
    another digest nothing stale can be found. A package that cannot be written to keeps its
    kernels in the user's cache, or for this process in a temporary folder. A folder that others
    may write to is none to load compiled code from.
    """
    digest = hashlib.sha256()
    for path in sorted(SOURCES.glob("*.py")):
        digest.update(path.read_bytes())
    name = f"nnscratch-kernels-{digest.hexdigest()[:16]}"
    for parent in _cache_parents():
        if _is_writable(parent / name):
            return parent / name
    passing = Path(tempfile.mkdtemp(prefix="nnscratch-kernels-"))
    atexit.register(shutil.rmtree, passing, ignore_errors=True)
    return passing


def _cache_parents():
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        yield Path(chosen)
    yield SOURCES / "__pycache__"
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    yield Path(home) / "nnscratch"


def _is_writable(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def _cache_in(folder):
    # Numba asks its configuration for the folder when a function is decorated, and never again.
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


FOLDER = cache_folder()


class announced(event.Listener):
    """A context in which the process's first cold compile says on stderr what takes so long."""

    said = False

    def on_start(self, event):
        """Numba begins to compile; what it finds in the cache it does not compile."""
        if not announced.said:
            announced.said = True
            print(
                "nnscratch: compiling kernels, once on this machine (some seconds) ...",
                file=sys.stderr,
                flush=True,
            )

    def on_end(self, event):
        """Nothing to say."""

    def __enter__(self):
        event.register("numba:compile", self)
        return self

    def __exit__(self, *error):
        event.unregister("numba:compile", self)
