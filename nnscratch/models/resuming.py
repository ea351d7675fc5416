"""A training that is kept in a file, so that it goes on where it was interrupted."""

import contextlib
import hashlib

import numpy as np

from nnscratch.callbacks import BackupAndRestore


def joined(callbacks, path):
    """fit's ``callbacks`` and, for ``resume=path``, one more that keeps the training there."""
    return callbacks if path is None else [callbacks or [], BackupAndRestore.in_file(path)]


def describe(run):
    """What a run of ``fit`` trains on, as JSON values: to go on it must be the same again.

    None where no callback is there to go on, as to look at all the data takes its time.
    """
    if not any(isinstance(each, BackupAndRestore) for each in run.callbacks.callbacks):
        return None
    return {
        "batch_size": run.batch_size,
        "shuffle": run.shuffle if run.shuffle == "keras" else bool(run.shuffle),
        "training data": _fingerprint(run.examples),
        "validation data": _fingerprint(run.validation or ()),
    }


def _fingerprint(arrays):
    """How many rows, and a digest of all their numbers: one pass over the data."""
    arrays = [array for array in arrays if array is not None]
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return f"{len(arrays[0])} rows ({digest.hexdigest():.16})" if arrays else "none"


@contextlib.contextmanager
def history_kept_if_refused(model):
    """If what is done inside raises, the model has the history that it had before."""
    before = model.history
    try:
        yield
    except BaseException:
        model.history = before
        raise
