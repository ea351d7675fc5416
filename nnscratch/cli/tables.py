"""The data that ``--data`` names: a known data set, a CSV table or an NPZ file."""

import hashlib
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnscratch import checks, data, datasets
from nnscratch.cli import csv_table
from nnscratch.cli.output import count

KNOWN = ("circles", "fashion-mnist", "fashion-mnist-small")
CIRCLES_TRAIN_ROWS = 800  # of 1,000; the others are the test


class Rows(NamedTuple):
    """What was read.

    name      what the user called it
    x         (n, ...) features, numbers
    y         (n,) labels as they came, text or numbers; None where there are none
    test      (x, y) that the data itself sets apart for the test, or None
    features  the names of the columns of x, or None
    label     what a label is called
    classes   {label: name} where the names are known, else None
    which     a sentence on what was read
    digest    SHA-256 of the file; "" for a known data set
    """

    name: str
    x: np.ndarray
    y: np.ndarray | None
    test: tuple | None = None
    features: list | None = None
    label: str = "label"
    classes: dict | None = None
    which: str = ""
    digest: str = ""

    @property
    def known(self):
        """Whether it is one of the known data sets."""
        return self.name in KNOWN


def read(name, *, label=None, drop=(), features=None, labelled=True):
    """The Rows called ``name``: one of KNOWN, or a path that ends in .csv, .tsv or .npz.

    label     the column of the labels; None: found by its name, else the last one
    drop      columns to leave out
    features  the columns to take, in this order; None: all others
    labelled  whether labels are needed; if not, ``y`` may be None

    Raises FileNotFoundError, or ValueError with what is wrong and where.
    """
    if name in KNOWN:
        return _circles() if name == "circles" else _fashion(name)
    path, kind = Path(name), Path(name).suffix.lower()
    if kind not in (".csv", ".tsv", ".npz"):
        raise ValueError(
            f"--data must be one of {', '.join(KNOWN)}, or a file .csv, .tsv or .npz,"
            f" got {name!r}.{checks.did_you_mean(name, KNOWN)}"
        )
    if not path.is_file():
        near = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise FileNotFoundError(
            f"there is no file {name!r}.{checks.did_you_mean(path.name, near)}"
        )
    if kind == ".npz":
        found = _npz(path, labelled)
    else:
        found = _csv(path, label, drop, features, labelled)
    with path.open("rb") as file:
        return found._replace(digest=hashlib.file_digest(file, "sha256").hexdigest())


def _circles():
    x, y = datasets.circles()
    at = CIRCLES_TRAIN_ROWS
    return Rows(
        "circles",
        x[:at],
        y[:at],
        test=(x[at:], y[at:]),
        label="circle",
        classes={0: "outer", 1: "inner"},
        which=f"circles: {len(x):,} points, of which the last {len(x) - at} are for the test.",
    )


def _fashion(name):
    clothes = datasets.fashion_mnist
    if name == "fashion-mnist":
        ((x, y), test), which = clothes.find_data()
    else:
        (x, y), test = clothes.load_data(subset="small")
        which = "The small Fashion-MNIST that ships with nnscratch, 5,000 + 1,000 images."
    return Rows(
        name,
        x,
        y,
        test=test,
        label="clothing",
        classes=dict(enumerate(clothes.class_names)),
        which=which,
    )


# ---- CSV ----


def _csv(path, label, drop, features, labelled):
    table = csv_table.read(path, label=label, drop=drop, features=features, labelled=labelled)
    which = (
        f"{path.name}: {count(len(table.x), 'row')}, {count(len(table.features), 'feature')}"
    )
    if table.label is not None:
        which += f", labels in column {table.label!r}{table.why and f' ({table.why})'}"
    return Rows(
        path.name,
        table.x,
        table.labels,
        features=table.features,
        label=table.label or "label",
        which=f"{which}.",
    )


# ---- NPZ ----


def _npz(path, labelled):
    arrays = arrays_of(path)
    x, y = (_first(arrays, name, f"{name}_train") for name in "xy")
    if x is None or (y is None and labelled):
        raise ValueError(
            f"{path.name} must hold the arrays x and y (or x_train and y_train),"
            f" but it holds {', '.join(arrays) or 'nothing'}.\n"
            "Write it with np.savez('data.npz', x=x, y=y)."
        )
    test = None
    if "x_test" in arrays and "y_test" in arrays:
        test = _pair(path, arrays["x_test"], arrays["y_test"], "_test")
    x, y = _pair(path, x, y)
    if test is not None and test[0].shape[1:] != x.shape[1:]:
        raise ValueError(
            f"the rows of x_test in {path.name} have shape {test[0].shape[1:]}, those of x"
            f" {x.shape[1:]}; they must be equal"
        )
    size = f"{count(len(x), 'row')} of shape {x.shape[1:]}"
    own_test = f", and {count(len(test[0]), 'row')} for the test" if test else ""
    return Rows(path.name, x, y, test=test, which=f"{path.name}: {size}{own_test}.")


def arrays_of(path, names=None):
    """The arrays in an .npz file by name, all or those of ``names``; refused if it is none."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names or file.files if name in file.files}
    except (ValueError, zipfile.BadZipFile, EOFError, AttributeError, TypeError) as error:
        mend = (
            "An array of objects cannot be read safely; save text as y.astype(str)."
            if "Object arrays" in str(error)
            else "Write it with np.savez('data.npz', x=x, y=y)."
        )
        raise ValueError(f"{path.name} is not a sound .npz file of arrays.\n{mend}") from error


def _first(arrays, *names):
    return next((arrays[name] for name in names if name in arrays), None)


def _pair(path, x, y, suffix=""):
    """Features and labels of a file: finite numbers (n, ...) and (n,), or refused."""
    name = f"x{suffix} in {path.name}"
    x = data.as_numbers(x, name)
    if x.ndim == 0 or x.size == 0:
        raise ValueError(f"{name} must have rows of numbers, got shape {x.shape}")
    x = x.reshape(-1, 1) if x.ndim == 1 else x
    data.check_finite(x, name)
    return x, None if y is None else _labels(y, x, f"y{suffix} in {path.name}", name)


def _labels(y, x, name, x_name):
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1 or y.dtype.kind not in "biufUS":
        raise ValueError(
            f"{name} must hold one label for each row, shape (n,), numbers or text;"
            f" got shape {y.shape}, dtype {y.dtype}.\nIf its rows are one-hot: y.argmax(1)."
        )
    data.check_same_length(x, y, name, x_name)
    data.check_finite(y, name)
    return y.astype(str) if y.dtype.kind == "S" else y
