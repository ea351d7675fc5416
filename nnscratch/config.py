"""Settings that everything else reads: the default number format and the number of threads."""

from __future__ import annotations

import os
import platform
import sys

import numpy as np
from numpy.typing import DTypeLike

__all__ = ["floatx", "num_threads", "set_floatx", "set_num_threads", "show"]

FLOAT_TYPES = ("float32", "float64")

_settings: dict = {"floatx": "float32", "threads": None}


def floatx() -> str:
    """The number format of models that are not told one: ``"float32"`` or ``"float64"``."""
    return _settings["floatx"]


def set_floatx(name: DTypeLike) -> None:
    """Set the number format of the models built from now on: ``"float32"`` or ``"float64"``.

    Unlike in Keras it has its effect at any time, also after layers were made: a layer takes
    its format from the model that it is built in. Raises ValueError for any other format.

    >>> set_floatx("float64"); floatx()
    'float64'
    >>> set_floatx("float32")
    """
    _settings["floatx"] = float_type(name).name


def float_type(name: DTypeLike | None = None) -> np.dtype:
    """The NumPy dtype of ``name``, or of ``floatx()`` for None; else ValueError."""
    name = floatx() if name is None else name
    try:
        dtype = np.dtype(name)
    except TypeError:
        dtype = None
    if dtype is None or dtype.type not in (np.float32, np.float64):
        raise ValueError(f"dtype must be one of {', '.join(FLOAT_TYPES)}, got {name!r}")
    return np.dtype(dtype.type)  # in the machine's own byte order


def num_threads() -> int:
    """How many threads training may use: what was set, else one for each available core."""
    return _settings["threads"] or available_cores()


def set_num_threads(count: int | None) -> None:
    """Let training use ``count`` threads; None goes back to one for each available core.

    Raises ValueError unless it is a whole number >= 1. The results are the same bits.

    >>> set_num_threads(1); num_threads()
    1
    >>> set_num_threads(None)
    """
    whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
    if count is not None and not (whole and count >= 1):
        raise ValueError(f"the number of threads must be a whole number >= 1, got {count!r}")
    _settings["threads"] = None if count is None else int(count)


def available_cores() -> int:
    """The number of cores that the operating system lets this process use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def show() -> None:
    """Print what a bug report needs: versions, machine, number format, threads, BLAS."""
    from threadpoolctl import threadpool_info

    blas: dict = next((p for p in threadpool_info() if p["user_api"] == "blas"), {})
    rows = {
        "nnscratch": _version("nnscratch"),
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "numba": _version("numba"),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": available_cores(),
        "threads": num_threads(),
        "blas": f"{blas.get('internal_api')} {blas.get('version')} {blas.get('architecture')}",
        "floatx": floatx(),
    }
    for name, value in rows.items():
        print(f"{name:>10}  {value}")


def _version(package):
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"  # nnscratch itself, used from a clone
