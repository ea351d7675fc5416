"""Arrays and JSON in one file: written whole or not at all, and read only if sound."""

import ast
import hashlib
import json
import os
import re
import stat
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import nnscratch
from nnscratch import saving

NAME = "model.nnscratch.safetensors"
DOCUMENT = {"kind": "test", "history": {"loss": [0.5, 0.25]}}


def write(path, value=1.0):
    saving.write(path, {"dense.W": np.full((2, 3), value)}, DOCUMENT)


# ---- what comes back ----


def test_arrays_of_any_layout_and_kind_come_back(tmp_path):
    arrays = {
        "columns first": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "every second": np.arange(10, dtype=np.float32)[::2],
        "a number": np.array(3.5),
        "nothing": np.zeros((0, 4)),
        "bytes": np.arange(5, dtype=np.uint8),
        "yes or no": np.array([True, False]),
        "not finite": np.array([np.nan, np.inf, -0.0]),
    }
    saving.write(tmp_path / "arrays", arrays, {"kind": "test"})
    found, document = saving.read(tmp_path / "arrays")
    assert document == {"kind": "test"}
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_the_document_keeps_the_order_of_its_names(tmp_path):
    document = {"b": 1, "a": {"z": [1.5, None, True], "ü": "é"}}
    saving.write(tmp_path / "document", {}, document)
    assert json.dumps(saving.read(tmp_path / "document")[1]) == json.dumps(document)


# ---- files that cannot be read ----


@pytest.fixture
def small_file(tmp_path):
    """The bytes of a file, and a place to write changed ones."""
    write(tmp_path / NAME)
    return (tmp_path / NAME).read_bytes(), tmp_path / "changed.safetensors"


def test_a_file_cut_short_anywhere_is_refused(small_file):
    content, path = small_file
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"changed\.safetensors' is not a whole"):
            saving.read(path)


def test_a_changed_bit_in_any_byte_is_noticed(small_file):
    content, path = small_file
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"changed\.safetensors'"):
            saving.read(path)


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04" * 20, b"\x89HDF\r\n\x1a\n" * 9])
def test_another_kind_of_file_is_refused(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ValueError, match=f"{NAME}' is not a whole safetensors file"):
        saving.read(tmp_path / NAME)


def test_a_safetensors_file_of_another_program_is_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"dense.W": np.ones((1, 1))}, tmp_path / NAME)
    with pytest.raises(ValueError, match="nnscratch did not write it"):
        saving.read(tmp_path / NAME)


def test_a_file_of_a_newer_version_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(saving, "VERSION", 2)
    write(tmp_path / NAME)
    monkeypatch.setattr(saving, "VERSION", 1)
    with pytest.raises(
        ValueError, match=r"format version 2; .* reads up to 1\. Install a newer"
    ):
        saving.read(tmp_path / NAME)


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "holds no JSON that can be read"), ("[1]", r"should hold a JSON object.*\[1\]$")],
)
def test_a_document_that_is_no_json_object_is_refused_with_the_files_name(tmp_path, text, said):
    path = tmp_path / "odd.safetensors"
    digest = hashlib.sha256(text.encode()).hexdigest()  # of the text alone: there are no arrays
    header = {"format": saving.FORMAT, "version": "1", "document": text, "digest": digest}
    path.write_bytes(safetensors.numpy.save({}, metadata=header))
    with pytest.raises(ValueError, match=rf"odd\.safetensors' {said}"):
        saving.read(path)


def test_a_file_without_its_version_is_called_damaged(tmp_path):
    path = tmp_path / "odd.safetensors"
    path.write_bytes(safetensors.numpy.save({}, metadata={"format": saving.FORMAT}))
    with pytest.raises(ValueError, match=r"odd\.safetensors' is damaged: it does not tell"):
        saving.read(path)


def test_folders_that_are_not_there_are_made(tmp_path):
    path = tmp_path / "one" / "two" / "model.safetensors"
    saving.write(path, {}, {})
    assert saving.read(path) == ({}, {})


def test_what_json_cannot_hold_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"^beside its arrays a model file holds JSON values"):
        saving.write(tmp_path / "a.safetensors", {}, {"a": {1, 2}})
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_named_with_one_of_a_near_name(tmp_path):
    write(tmp_path / NAME)
    near = re.escape(f"Did you mean {NAME!r}?")
    with pytest.raises(FileNotFoundError, match=rf"mode1\.nnscratch\.safetensors'\. {near}"):
        saving.read(tmp_path / "mode1.nnscratch.safetensors")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        saving.read(tmp_path / "no" / "such.safetensors")


# ---- files that cannot be written ----


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_when_writing_fails_the_old_file_stays_and_no_other_is_left(
    tmp_path, monkeypatch, failing
):
    write(tmp_path / NAME)
    before = (tmp_path / NAME).read_bytes()

    def fail(*_):
        raise OSError("no space left on the device")

    where = (os, "fsync") if failing == "fsync" else (Path, "replace")
    monkeypatch.setattr(*where, fail)
    with pytest.raises(OSError, match="no space left"):
        write(tmp_path / NAME, value=2.0)
    assert [each.name for each in tmp_path.iterdir()] == [NAME]
    assert (tmp_path / NAME).read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    write(tmp_path / NAME)
    (tmp_path / "plain").write_text("")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in (NAME, "plain")]
    assert modes[0] == modes[1]


def part_of(path, end="0123abcd"):
    return path.with_name(f".{path.name}.{end}.part")


def test_what_a_killed_writer_left_is_deleted_by_the_next_one(tmp_path):
    others = [tmp_path / "other.safetensors", tmp_path / f"x{NAME}", tmp_path / f"{NAME}x"]
    for path in (tmp_path / NAME, *others):
        part_of(path).write_bytes(b"half")
    part_of(tmp_path / NAME, "ffffffff").write_bytes(b"")
    write(tmp_path / NAME)
    left = {part_of(path).name for path in others}  # they are for the writers of those files
    assert {each.name for each in tmp_path.iterdir()} == {NAME, *left}


@pytest.mark.skipif(os.name != "posix", reason="locks on folders are POSIX's")
def test_what_a_living_writer_is_writing_is_left_alone(tmp_path, monkeypatch):
    seen = []
    fsync = os.fsync

    def write_meanwhile(descriptor):  # another writer of the same file comes and goes
        monkeypatch.setattr(os, "fsync", fsync)
        write(tmp_path / NAME, value=2.0)
        seen.extend(path.suffix for path in sorted(tmp_path.iterdir()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", write_meanwhile)
    write(tmp_path / NAME, value=1.0)
    assert seen == [".part", ".safetensors"]
    assert [each.name for each in tmp_path.iterdir()] == [NAME]
    assert saving.read(tmp_path / NAME)[0]["dense.W"].max() == 1.0  # who ends last


@pytest.mark.skipif(os.name != "posix", reason="folders are opened on POSIX")
def test_the_bytes_are_on_the_disk_before_the_name_and_then_the_name(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor):
        fsync(descriptor)
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        done.append("folder" if is_folder else "file")

    def note_replace(path, target):
        done.append("replace")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    write(tmp_path / NAME)
    assert done == ["file", "replace", "folder"]


@pytest.mark.skipif(os.name != "posix", reason="folders are opened on POSIX")
def test_where_folders_know_neither_locks_nor_fsync_files_are_written_all_the_same(
    tmp_path, monkeypatch
):
    import fcntl

    fsync = os.fsync

    def fail(*_):
        raise OSError("not supported")

    def fail_for_folders(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            fail()
        fsync(descriptor)

    monkeypatch.setattr(fcntl, "flock", fail)
    monkeypatch.setattr(os, "fsync", fail_for_folders)
    part_of(tmp_path / NAME).write_bytes(b"somebody's")  # dead or alive: it cannot be known
    write(tmp_path / NAME)
    assert saving.read(tmp_path / NAME)[1] == DOCUMENT
    assert part_of(tmp_path / NAME).exists()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="Linux tells what is open")
def test_no_folder_is_left_open(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        write(tmp_path / NAME)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# ---- no pickle ----

UNPICKLING = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
PERSISTENCE = {"joblib.dump", "joblib.load", "torch.load", "torch.save", "pandas.read_pickle"}


def pickling_in(source):
    """The lines of a module that pickle or unpickle, or let NumPy do so."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Attribute):
            names = [ast.unparse(node)]
            names += ["pickle"] * (node.attr in ("read_pickle", "to_pickle"))
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            names = ["pickle"] * (ast.unparse(node.value) != "False")
        elif isinstance(node, ast.Constant) and node.value in UNPICKLING:
            names = ["pickle"]  # as in import_module("pickle")
        if any(name.split(".")[0] in UNPICKLING or name in PERSISTENCE for name in names):
            yield getattr(node, "lineno", 0)


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "def f():\n    from pickle import loads",
        "import numpy as np, marshal as m",
        "from joblib import load",
        "import joblib\njoblib.dump(1, 'x')",
        "np.load('x', allow_pickle=True)",
        "np.load('x', allow_pickle=flag)",
        "import_module('pickle').loads(b'')",
        "frame.to_pickle('x')",
    ],
)
def test_the_search_for_pickle_finds_it(source):
    assert list(pickling_in(source))


def test_our_code_never_pickles_so_no_code_can_come_from_a_file():
    package = Path(nnscratch.__file__).parent
    paths = sorted(package.rglob("*.py"))
    assert len(paths) > 50
    found = {str(path): list(pickling_in(path.read_text())) for path in paths}
    assert not {path: lines for path, lines in found.items() if lines}
