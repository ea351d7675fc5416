"""Files that somebody or something changed: refused in words, and the model stays as it is."""

import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusing import nothing_changes

import nnscratch as nn
from nnscratch import saving
from nnscratch.models import load_model

NAME = "model.nnscratch.safetensors"

# Each example is a file of a few kB; the fixture is only read, or written anew.
QUICK = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def make_model():
    stack = [nn.Input((2,)), nn.layers.Dense(3, "tanh"), nn.layers.Dropout(0.25)]
    model = nn.Sequential([*stack, nn.layers.Dense(1, "sigmoid")], seed=3, dtype="float64")
    metrics = ["accuracy", nn.metrics.Precision(0.4)]
    model.compile("adam", "binary_crossentropy", metrics=metrics, run_eagerly=True)
    return model


def fit(model, **options):
    x = np.random.default_rng(0).normal(size=(16, 2))
    model.fit(x, x[:, 0] > 0, batch_size=8, verbose=0, **options)
    return model


def stopping():
    return nn.callbacks.EarlyStopping("loss", restore_best_weights=True)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A training that was kept: every part of a file is there."""
    path = tmp_path_factory.mktemp("whole") / NAME
    fit(make_model(), epochs=2, callbacks=stopping(), resume=path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def model():
    return fit(make_model(), epochs=3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / NAME


def refused(path, model, match=None):
    """Check that nothing reads the file, and that trying to changes nothing."""
    readers = [
        load_model,
        model.restore,
        model.load_weights,
        lambda path: fit(model, epochs=9, callbacks=stopping(), resume=path),
    ]
    for read in readers:
        with nothing_changes(model), pytest.raises(ValueError, match=match) as caught:
            read(path)
        assert NAME in str(caught.value)
        assert len(str(caught.value).splitlines()) <= 5


# ---- what becomes of a file by accident ----

PLACES = {
    "length of the header": lambda c: 0,
    "top byte of that length": lambda c: 7,
    "first brace": lambda c: 8,
    "metadata": lambda c: c.index(b"__metadata__"),
    "format": lambda c: c.index(b'"nnscratch"') + 2,
    "version": lambda c: c.index(b'"version":"1"') + 11,
    "digest": lambda c: c.index(b'"digest":"') + 12,
    "document": lambda c: c.index(b"epochs_trained"),
    "name of an array": lambda c: c.index(b'"dense.W"') + 1,
    "number format": lambda c: c.index(b'"F64"') + 2,
    "shape": lambda c: c.index(b'"shape":[') + 9,
    "offset": lambda c: c.index(b'"data_offsets":[') + 16,
    "first byte of the arrays": lambda c: 8 + struct.unpack("<Q", c[:8])[0],
    "last byte of the arrays": lambda c: len(c) - 1,
}


@pytest.mark.parametrize("bit", [0, 3, 7])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_flipped_bit_is_noticed_whatever_it_was_a_bit_of(path, content, model, place, bit):
    changed = bytearray(content)
    changed[place(content)] ^= 1 << bit
    path.write_bytes(changed)
    refused(path, model)


def tried(path, content, changed, model):
    """A changed file is refused, or it holds what the whole one held."""
    path.write_bytes(content)
    whole = saving.read(path)
    path.write_bytes(changed)
    try:
        arrays, document = saving.read(path)
    except ValueError as error:
        assert NAME in str(error)
        refused(path, model)
    else:  # a space that became a line's end, say
        assert document == whole[1]
        np.testing.assert_equal(arrays, whole[0])


@QUICK
@given(data=st.data())
def test_flipped_bits_anywhere_are_noticed(path, content, model, data):
    changed = bytearray(content)
    places = st.integers(0, 8 * len(content) - 1)
    for place in data.draw(st.sets(places, min_size=1, max_size=5)):
        changed[place // 8] ^= 1 << place % 8
    tried(path, content, bytes(changed), model)


@QUICK
@given(start=st.integers(0), length=st.integers(0), inserted=st.binary(max_size=20))
def test_parts_cut_out_and_bytes_put_in_are_noticed(
    path, content, model, start, length, inserted
):
    start %= len(content) + 1
    end = start + length % (len(content) + 1 - start)
    tried(path, content, content[:start] + inserted + content[end:], model)


@QUICK
@given(junk=st.binary(max_size=300))
def test_any_bytes_at_all_are_refused(path, model, junk):
    path.write_bytes(junk)
    refused(path, model)


def with_header(header, data=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def array(shape, end=8, dtype="F64"):
    return {"dense.W": {"dtype": dtype, "shape": shape, "data_offsets": [0, end]}}


VERSIONED = {"format": "nnscratch", "version": "1", "document": "{}"}
OURS = {"__metadata__": VERSIONED}

FOREIGN = {
    "empty": b"",
    "text": b"epoch,loss\n0,0.5\n" * 5,
    "JSON": b'{"class_name": "Sequential"}',
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(40),
    "zip": b"PK\x03\x04" + bytes(60),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(60),
    "zeros": bytes(1000),
    "no arrays, not ours": with_header({}),
    "another program's": with_header(array([1]), bytes(8)),
    "another program's bfloat16": with_header(array([4], dtype="BF16"), bytes(8)),
    "no document": with_header(OURS | {"__metadata__": {"format": "nnscratch"}}),
    "no digest": with_header(OURS),
    "a version of 5,000 digits": with_header(
        {"__metadata__": VERSIONED | {"version": "9" * 5000}}
    ),
    "a version in words": with_header({"__metadata__": VERSIONED | {"version": "one"}}),
    "metadata of numbers": with_header({"__metadata__": {"format": 1}}),
}
LYING = {
    "longer header than the file": struct.pack("<Q", 5000) + b"{}" * 10,
    "header of 100 MB": struct.pack("<Q", 100_000_001) + b"{}" * 10,
    "header of 2^63 bytes": struct.pack("<Q", 2**63) + b"{}" * 10,
    "header of all bits": b"\xff" * 64,
    "8 TB of numbers": with_header(OURS | array([2**40], 2**43), bytes(8)),
    "a product past 64 bits": with_header(OURS | array([2**33, 2**33]), bytes(8)),
    "an axis past 64 bits": with_header(OURS | array([2**70]), bytes(8)),
    "nothing, 2^62 wide": with_header(OURS | array([0, 2**62], 0)),
    "nothing, 2^64 - 1 wide": with_header(OURS | array([0, 2**64 - 1], 0)),
    "a hundred axes": with_header(OURS | array([1] * 100), bytes(8)),
    "a negative axis": with_header(OURS | array([-1]), bytes(8)),
    "bfloat16": with_header(OURS | array([4], dtype="BF16"), bytes(8)),
    "a number format of 8 bits": with_header(OURS | array([8], dtype="F8_E4M3"), bytes(8)),
    "an unknown number format": with_header(OURS | array([1], dtype="F7"), bytes(8)),
}


@pytest.mark.parametrize("content", (FOREIGN | LYING).values(), ids=FOREIGN | LYING)
def test_a_foreign_file_or_one_that_lies_about_its_size_is_refused(path, model, content):
    path.write_bytes(content)
    refused(path, model)


def test_a_shape_that_lies_takes_no_memory(path):
    import tracemalloc

    for content in LYING.values():
        path.write_bytes(content)
        tracemalloc.start()
        with pytest.raises(ValueError, match=NAME):
            saving.read(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1e6


# ---- what somebody made on purpose: the digest is right, the JSON is not ----


@pytest.fixture
def parts(path, content):
    path.write_bytes(content)
    return saving.read(path)


def places_in(value, place=()):
    """Every place in a JSON document, as the names and numbers that lead to it."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in inside:
        yield (*place, name)
        if isinstance(each, (dict, list)):
            yield from places_in(each, (*place, name))


def changed_at(document, place, value=None, *, remove=False):
    document = json.loads(json.dumps(document))
    inside = document
    for name in place[:-1]:
        inside = inside[name]
    if remove:
        del inside[place[-1]]
    else:
        inside[place[-1]] = value
    return document


FIELDS = ["kind", "architecture", "compile", "progress", "history", "callbacks", "note"]


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_part_of_the_document_is_named(path, parts, model, field):
    arrays, document = parts
    assert sorted(document) == sorted(FIELDS)
    saving.write(path, arrays, changed_at(document, (field,), remove=True))
    for read in (load_model, model.restore):
        with nothing_changes(model), pytest.raises(ValueError, match=field):
            read(path)


WRONG = [None, True, 3, -1, 0.5, "word", [], ["word"], {}, {"class_name": "Dense"}]
RIGHT = {"compile": [None], "history": [None], "callbacks": [[]]}  # a model may be without
WRONG_PARTS = [
    (field, value)
    for field in FIELDS[:-1]  # a note may be anything
    for value in WRONG
    if value not in RIGHT.get(field, [])
]


@pytest.mark.parametrize(("field", "value"), WRONG_PARTS)
def test_a_part_of_another_type_is_refused(path, parts, model, field, value):
    arrays, document = parts
    saving.write(path, arrays, changed_at(document, (field,), value))
    for read in (load_model, model.restore):
        with nothing_changes(model), pytest.raises(ValueError, match=NAME):
            read(path)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "3", '"model"', "[" * 100_000, "NaN"])
def test_what_is_no_json_object_is_refused(path, model, text, monkeypatch):
    monkeypatch.setattr(json, "dumps", lambda document: document)
    saving.write(path, {}, text)
    monkeypatch.undo()
    refused(path, model)


any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(["", "Dense", "float32", "softmax", "SGD", "mse", "dense", "é\0"]),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(["units", "class_name", "config", "x"]), inside, max_size=3
        )
    ),
    max_leaves=5,
)


@QUICK
@given(data=st.data())
def test_any_other_value_anywhere_in_the_document_is_refused_or_makes_sense(
    path, content, model, data
):
    path.write_bytes(content)
    arrays, document = saving.read(path)
    place = data.draw(st.sampled_from(list(places_in(document))))
    if data.draw(st.booleans()):
        document = changed_at(document, place, remove=True)
    else:
        document = changed_at(document, place, data.draw(any_json))
    saving.write(path, arrays, document)
    for read, again in ((make_model().restore, model.restore), (load_model, load_model)):
        try:
            read(path)
        except ValueError as error:
            assert NAME in str(error)
            with nothing_changes(model), pytest.raises(ValueError, match=NAME):
                again(path)


CHANGES = {
    "whole numbers": lambda array: array.astype(np.int64),
    "complex numbers": lambda array: array.astype(np.complex64),
    "bits": lambda array: array > 0,
    "one row fewer": lambda array: array[1:],
    "one axis more": lambda array: array[None],
    "a single number": lambda array: array.sum(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("name", ["dense.W", "dense_1.b", "optimizer/m", "optimizer/v"])
def test_an_array_of_another_shape_or_kind_is_refused(path, parts, model, name, change):
    arrays, document = parts
    arrays[name] = change(arrays[name])
    saving.write(path, arrays, document)
    for read in (load_model, model.restore):
        with nothing_changes(model), pytest.raises(ValueError, match=NAME):
            read(path)


@pytest.mark.parametrize("name", ["dense.W", "optimizer/v"])
def test_a_missing_array_is_named(path, parts, model, name):
    arrays, document = parts
    del arrays[name]
    saving.write(path, arrays, document)
    for read in (load_model, model.restore):
        with nothing_changes(model), pytest.raises(ValueError, match=NAME):
            read(path)


@pytest.mark.parametrize(
    "place",
    [("layers", 0, "config", "units"), ("input_shape", 1)],
    ids=["units", "input"],
)
def test_a_document_that_asks_for_a_huge_model_gets_no_memory_for_it(path, parts, place):
    import tracemalloc

    arrays, document = parts
    saving.write(path, arrays, changed_at(document, ("architecture", *place), 10**12))
    fresh = nn.Sequential([nn.layers.Dense(3), nn.layers.Dropout(0.25), nn.layers.Dense(1)])
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"it has no weights for"):
        load_model(path)
    if place[0] == "input_shape":
        with pytest.raises(ValueError, match=r"it has no weights for an input of shape"):
            fresh.restore(path)
        assert not fresh.built
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_a_state_that_a_callback_cannot_take_is_refused(path, parts, model):
    arrays, document = parts
    place = ("callbacks", 0, "state", "wait")
    saving.write(path, arrays, changed_at(document, place, remove=True))
    match = r"holds no state that this EarlyStopping can take: .*'wait'"
    with nothing_changes(model), pytest.raises(ValueError, match=match):
        fit(model, epochs=9, callbacks=stopping(), resume=path)
