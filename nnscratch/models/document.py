"""What the JSON of a model file holds, and the check that a file's does.

A digest only tells that a file is as it was written, and anybody can write one. So that nothing
but ValueError comes out of a file, its JSON is compared with this before any of it is used.
"""

from typing import Any, NamedTuple


class Either(NamedTuple):
    """A value that may be the one or the other."""

    one: Any
    other: Any


class Each(NamedTuple):
    """A JSON object with names of its own, all of whose values are of one kind."""

    kind: Any


class Count(NamedTuple):
    """A whole number from 0 to what 64 bits hold."""


class Missing(NamedTuple):
    """What stands for a value that is not there."""

    def __repr__(self):
        return "missing"


# A type stands for its values, None for null, object for anything; [kind] is a list of any
# length, [kind, kind] one of just that length, a dict names what must at least be there, and a
# text stands for itself.
COUNT = Count()
PART = {"class_name": str, "config": dict}
RATE = Either(float, PART)
MODEL = {
    "kind": "model",
    "architecture": {
        "name": str,
        "seed": Either(int, None),
        "dtype": str,
        "input_shape": [Either(COUNT, None)],
        "layers": [PART],
    },
    "compile": Either(
        None,
        {
            "optimizer": {"class_name": str, "config": {"learning_rate": RATE}},
            "loss": PART,
            "metrics": [{"name": str, "config": Either(dict, None)}],
            "run_eagerly": bool,
        },
    ),
    "progress": {
        "epochs_trained": COUNT,
        "order_seeds": [Either(int, None), int],
        "iterations": COUNT,
        "dropout": Each([int, COUNT]),
    },
    "history": Either(None, {"history": Each(list), "epoch": [COUNT]}),
    "callbacks": [{"kind": str, "state": dict}],
    "note": object,
}


def check(document, path):
    """Raise ValueError, with the first place in question, unless ``document`` is a model's."""
    if place := _misplaced(document, MODEL, "document"):
        raise ValueError(
            f"{str(path)!r} is whole, but does not hold a model as nnscratch writes it:\n"
            f"{place}"
        )


def _misplaced(value, kind, place):
    """The first place where ``value`` is not of its kind, in words; "" if it all is."""
    if isinstance(kind, Either):
        return _misplaced(value, kind.one, place) and _misplaced(value, kind.other, place)
    if not _is_of(value, kind):
        return f"{place} cannot be {value!r:.60}"
    inside = _inside(value, kind, place)
    return next(filter(None, (_misplaced(*each) for each in inside)), "")


def _is_of(value, kind):
    if isinstance(value, Missing):
        return False
    if kind is None or isinstance(value, bool):
        return value is kind or kind in (bool, object)
    if isinstance(kind, str):
        return value == kind
    if kind is COUNT:
        return isinstance(value, int) and 0 <= value < 2**63
    if isinstance(kind, list):
        return isinstance(value, list) and len(kind) in (1, len(value))
    if isinstance(kind, (dict, Each)):
        return isinstance(value, dict)
    return isinstance(value, (int, float) if kind is float else kind)


def _inside(value, kind, place):
    """The parts of ``value``, each with its kind and its place."""
    if isinstance(kind, Each):
        return [(each, kind.kind, f"{place}.{name}") for name, each in value.items()]
    if isinstance(kind, dict):
        return [
            (value.get(name, Missing()), each, f"{place}.{name}") for name, each in kind.items()
        ]
    if isinstance(kind, list):
        kinds = kind if len(kind) == len(value) else kind * len(value)
        return [(each, kinds[i], f"{place}[{i}]") for i, each in enumerate(value)]
    return []
