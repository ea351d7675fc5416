"""Arrays and JSON to one file and back: safetensors with a digest, written whole.

This module knows no model. safetensors itself checks that the file's layout is sound; the
digest in its header tells whether a bit of the arrays or of the JSON was changed.
"""

import contextlib
import glob
import hashlib
import json
import os
import secrets
from pathlib import Path

import numpy as np

from nnscratch import checks

FORMAT = "nnscratch"
VERSION = 1


# ---- writing ---------------------------------------------------------------------------------


def write(path, arrays, document, *, to_disk=True):
    """Write ``arrays`` {name: array} and ``document`` (JSON values) to ``path``, atomically.

    The bytes go to a temporary file in the same folder, which takes the name of ``path`` only
    when all of it is on the disk: whatever happens, there is the old file or the new one.
    What a writer of ``path`` that was killed left behind is deleted.

    to_disk  False leaves it to the system when the bytes go to the disk: for what can be made
             again, after a power cut too
    """
    from safetensors.numpy import save

    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    try:
        text = json.dumps(document)
    except TypeError as error:
        raise TypeError(f"beside its arrays a model file holds JSON values: {error}") from None
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "document": text,
        "digest": _digest(arrays, text),
    }
    replace(Path(path), save(arrays, metadata=header), to_disk=to_disk)


def replace(path, content, *, to_disk=True):
    """Write bytes to the Path ``path`` whole or not at all, as ``write`` says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with _opened(path.parent) as folder:
        _remove_leftovers(path, folder)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                if to_disk:
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if to_disk:
            _bring_to_disk(folder)


@contextlib.contextmanager
def _opened(folder):
    """The folder's file descriptor; None on Windows, which opens no folders."""
    if os.name != "posix":
        yield None
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _remove_leftovers(path, folder):
    """Delete what killed writers of ``path`` left, and mark the folder as being written in.

    Each writer holds a shared lock on the folder, and the lock dies with its process. So who
    gets the folder for itself alone knows that whoever began the files is dead.
    """
    if folder is None:
        return
    import fcntl

    with contextlib.suppress(OSError):  # another is writing, or a file system without locks
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            part.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        fcntl.flock(folder, fcntl.LOCK_SH)


def _bring_to_disk(folder):
    """fsync of a file makes its bytes outlive a power cut; its new name is in the folder."""
    if folder is not None:
        with contextlib.suppress(OSError):  # some network file systems cannot
            os.fsync(folder)


# ---- reading ---------------------------------------------------------------------------------


def read(path):
    """The (arrays, document) that ``write`` put into ``path``; the document is a dict.

    Raises FileNotFoundError, or ValueError for a file that is truncated, damaged, of another
    kind, or of a newer version.
    """
    path = Path(path)
    if not path.is_file():
        near = (
            [p.name for p in path.parent.glob("*.safetensors")] if path.parent.is_dir() else []
        )
        raise FileNotFoundError(
            f"there is no file {str(path)!r}.{checks.did_you_mean(path.name, near)}"
        )
    arrays, header = _read_safetensors(path)
    text = header.get("document", "")
    if header.get("digest") != _digest(arrays, text):
        raise ValueError(f"{str(path)!r} is damaged: its digest does not fit its content")
    return arrays, _parsed(text, path)


def _read_safetensors(path):
    from safetensors import SafetensorError, safe_open

    # Beside its own errors, safetensors lets through those that NumPy raises when asked for a
    # shape or a number format that it does not have.
    refusals = (SafetensorError, ValueError, KeyError, TypeError, AttributeError)
    try:
        with safe_open(path, framework="numpy") as file:
            header, names = file.metadata() or {}, list(file.keys())
            if _is_of_this_version(header):
                return {name: file.get_tensor(name) for name in names}, header
    except refusals as error:
        raise ValueError(
            f"{str(path)!r} is not a whole safetensors file (truncated, damaged, or another"
            f" kind of file): {error}"
        ) from None
    raise _another_kind(path, header)


def _is_of_this_version(header):
    return header.get("format") == FORMAT and header.get("version") == str(VERSION)


def _another_kind(path, header):
    version = header.get("version", "")
    if header.get("format") != FORMAT:
        what = "is a safetensors file, but nnscratch did not write it"
    elif version.isdecimal():
        what = (
            f"has format version {version:.9}; this nnscratch reads up to {VERSION}."
            " Install a newer one."
        )
    else:
        what = "is damaged: it does not tell the version of its format"
    return ValueError(f"{str(path)!r} {what}")


def _parsed(text, path):
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{str(path)!r} holds no JSON that can be read: {error}") from None
    if not isinstance(document, dict):
        raise ValueError(f"{str(path)!r} should hold a JSON object, but holds {text:.40}")
    return document


def _digest(arrays, text):
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array)
    return digest.hexdigest()
