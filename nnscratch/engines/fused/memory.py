"""What the kernels are handed: rows, weights and working space, in the layout they expect.

The wide kernels want a unit's weights in one row, every row 64-byte aligned and padded with
zeros. So the model's vectors are packed for the length of a call, and unpacked after it.
"""

from typing import Any, NamedTuple

import numpy as np

from nnscratch.engines import eager
from nnscratch.engines.fused.dropping import SEEDS
from nnscratch.engines.plan import DENSE, DROPOUT, MEMORY, RESCALING

ALIGNMENT = 64  # bytes: a cache line, and the widest vector
LANES = 16  # numbers: what a row is padded to
TILE = 64  # rows and columns that are transposed together

OPERATION = np.dtype(
    [
        ("kind", np.int64),
        ("activation", np.int64),
        ("inputs", np.int64),
        ("units", np.int64),
        ("padded", np.int64),  # units, up to a multiple of 4
        ("length", np.int64),  # inputs, up to a multiple of LANES
        ("stride_in", np.int64),  # from one row that comes in, or of weights, to the next
        ("stride", np.int64),  # from one row that goes out to the next
        ("weights", np.int64),  # where they begin in the vectors of parameters and state
        ("bias", np.int64),
        ("has_bias", np.int64),
        ("outputs", np.int64),  # where the rows that go out begin, in numbers for each row
        ("kept", np.int64),  # where Dropout's mask begins, likewise
        ("kept_units", np.int64),  # its numbers a row; 0 for all other kinds
        ("rate", np.float64),
        ("seed", np.int64),
        ("calls", np.int64),
        ("scale", np.float64),
        ("offset", np.float64),
    ]
)


class Rows(NamedTuple):
    """The examples, read-only: x as bytes (n, bytes a row), the rest in the model's format.

    scale, offset  those of a Rescaling at the net's begin: x * scale + offset is what it sees
    """

    x: np.ndarray
    order: np.ndarray
    labels: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    scale: Any
    offset: Any


class Wide(NamedTuple):
    """Working space of the wide training loop, for batches of up to B rows."""

    x: np.ndarray  # (2, B, stride)
    outputs: np.ndarray
    gradients: np.ndarray
    scratch: np.ndarray  # (threads, 4, longest row)
    p: np.ndarray  # (B, outputs)
    values: np.ndarray  # (B,)
    hits: np.ndarray  # (B,)
    arrivals: np.ndarray  # (8,) int64: a counter with a cache line of its own


class Narrow(NamedTuple):
    """Working space of the narrow training loop."""

    x: np.ndarray
    outputs: np.ndarray
    gradients: np.ndarray
    gradient: np.ndarray  # (1, N) of all parameters
    z: np.ndarray  # (B, outputs), as are p and d
    p: np.ndarray
    d: np.ndarray
    values: np.ndarray
    hits: np.ndarray


class Using(NamedTuple):
    """Working space for predictions: one part for each thread."""

    x: np.ndarray
    outputs: np.ndarray


# ---- rows ------------------------------------------------------------------------------------


def rows(model, rescaling, x, y, order, sample_weight):
    """``Rows`` for the kernels; what they cannot read in place is copied in its order.

    rescaling  the Rescaling layer that a fetched row passes through, or None
    """
    dtype = model.dtype
    readable = x.flags.c_contiguous and (x.dtype == dtype or x.dtype == np.uint8)
    if not readable:
        x = np.ascontiguousarray(eager.take(x, order, dtype))
        y = None if y is None else y[order]
        sample_weight = None if sample_weight is None else sample_weight[order]
        order = np.arange(len(order))
    labels = y if y is not None and y.ndim == 1 else np.empty(0, np.int64)
    targets = y if y is not None and y.ndim == 2 else np.empty((0, 1), dtype)
    weights = np.empty(0, dtype) if sample_weight is None else sample_weight
    parts = x.reshape(len(x), -1).view(np.uint8), order, labels, targets, weights
    return Rows(*map(_read_only, parts), *_scale_and_offset(rescaling, dtype))


def _read_only(array):
    # To Numba an array that may be written to is another type, and a type a compilation.
    if not (array.flags.c_contiguous and array.flags.aligned):
        array = array.copy(order="C")
    array = array.view(np.ndarray)
    array.flags.writeable = False
    return array


def _scale_and_offset(layer, dtype):
    numbers = (1, 0) if layer is None else (layer.scale, layer.offset)
    return tuple(dtype.type(np.float32(number)) for number in numbers)


# ---- operations ------------------------------------------------------------------------------


def table(plan, *, packed):
    """The plan's operations (n,) for the kernels, and how many parameters their layout has.

    packed  True: padded rows of weights for each unit; False: the model's own vector
    """
    ops = np.zeros(len(plan.operations), OPERATION)
    place, stride_in = 0, stride(plan.operations[0].inputs)
    outputs = kept = 0
    for op, operation in zip(ops, plan.operations, strict=True):
        op["kind"], op["activation"] = operation.kind, operation.activation
        op["inputs"], op["units"] = operation.inputs, operation.units
        op["padded"], op["length"] = up(operation.units, 4), up(operation.inputs, LANES)
        op["stride_in"], op["stride"] = stride_in, stride(operation.units)
        op["outputs"], op["kept"] = outputs, kept
        outputs += op["stride"] if packed else operation.units
        if operation.kind == DENSE:
            op["has_bias"] = operation.layer.use_bias
            op["weights"] = place
            size = op["padded"] * stride_in if packed else operation.inputs * operation.units
            op["bias"] = place + up(size, LANES) if packed else place + size
            room = op["padded"] if packed else operation.units * operation.layer.use_bias
            place = op["bias"] + (up(room, LANES) if packed else room)
        if operation.kind == DROPOUT:
            op["kept_units"] = operation.units
            kept += operation.units
        stride_in = op["stride"]
    return ops, int(place)


def refresh(ops, plan):
    """Take over what a user or a step may change in a layer that has no weights."""
    for op, operation in zip(ops, plan.operations, strict=True):
        layer = operation.layer
        if operation.kind == DROPOUT:
            op["rate"], op["calls"] = layer.rate, layer.calls
            op["seed"] = (layer.seed or 0) % SEEDS
        elif operation.kind == RESCALING:
            op["scale"], op["offset"] = np.float32(layer.scale), np.float32(layer.offset)


def stride(units):
    """How far a row of so many numbers is from the next.

    Rows whose distance is a multiple of 128 numbers fall on the same lines of the L1 cache, and
    push one another out.
    """
    padded = up(units, LANES)
    return padded + LANES if padded % 128 == 0 else padded


def up(number, unit):
    """``number``, up to the next multiple of ``unit``."""
    return -(-number // unit) * unit


# ---- parameters ------------------------------------------------------------------------------


def vectors(model, rule):
    """The optimizer's vectors in the order of the rule's formula; empty where unused."""
    optimizer = model.optimizer
    if optimizer.state.keys() != set(optimizer.state_names):
        optimizer.build(model.parameters)
    unused = np.empty(0, model.dtype)
    return tuple(optimizer.state.get(name, unused) for name in MEMORY[type(rule)])


def room(size, vectors):
    """Zeros (size,) for each of the model's vectors in the wide kernels' layout."""
    return tuple(aligned(size if vector.size else 0, vector.dtype) for vector in vectors)


def pack(ops, packed, vector):
    """Write the model's ``vector`` (N,) into ``packed``, which holds zeros between its rows."""
    for theirs, ours in _pairs(ops, packed, vector):
        _copy(ours, theirs)


def unpack(ops, packed, vector):
    """Write what ``pack`` made, and a kernel has changed, back into the model's ``vector``."""
    for theirs, ours in _pairs(ops, packed, vector):
        _copy(theirs, ours)


def _copy(numbers, to):
    """In tiles, as what is a row of the one is a column of the other: each fits the cache."""
    for i in range(0, len(to), TILE):
        for j in range(0, to.shape[1], TILE):
            tile = slice(i, i + TILE), slice(j, j + TILE)
            to[tile] = numbers[tile]


def _pairs(ops, packed, vector):
    """(view of the packed vector, view of the model's) for each array of parameters."""
    at = 0
    for op in ops[ops["kind"] == DENSE] if vector.size else ():
        inputs, units, step = int(op["inputs"]), int(op["units"]), int(op["stride_in"])
        W = packed[op["weights"] : op["weights"] + units * step].reshape(units, step)
        yield W[:, :inputs], vector[at : at + inputs * units].reshape(inputs, units).T
        at += inputs * units
        if op["has_bias"]:
            yield packed[op["bias"] : op["bias"] + units, None], vector[at : at + units, None]
            at += units


# ---- working space ---------------------------------------------------------------------------


def wide(plan, ops, batch_size, threads, dtype):
    """Working space for ``wide.train``."""
    rows = up(batch_size, 4)
    width = int(ops["stride"].sum())
    return Wide(
        aligned((2, rows, int(ops[0]["stride_in"])), dtype),
        aligned(rows * width, dtype),
        aligned(rows * width, dtype),
        aligned((threads, 4, int(max(ops["stride_in"].max(), ops["stride"].max()))), dtype),
        aligned((rows, int(ops[-1]["stride"])), dtype),
        aligned(rows, dtype),
        aligned(rows, dtype),
        aligned(8, np.int64),
    )


def masks(plan, ops, batch_size, dtype):
    """Working space for Dropout's masks; None where all operations are Dense."""
    if all(each.kind == DENSE for each in plan.operations):
        return None
    return aligned(up(batch_size, 4) * int(ops["kept_units"].sum()), dtype)


def narrow(plan, ops, batch_size, parameters, dtype):
    """Working space for ``narrow.train``."""
    width = up(batch_size, LANES)
    outputs = plan.operations[-1].units
    units = sum(each.units for each in plan.operations)
    return Narrow(
        aligned(plan.operations[0].inputs * width, dtype),
        aligned(units * width, dtype),
        aligned(units * width, dtype),
        aligned((1, parameters), dtype),
        aligned((batch_size, outputs), dtype),
        aligned((batch_size, outputs), dtype),
        aligned((batch_size, outputs), dtype),
        aligned(batch_size, dtype),
        aligned(batch_size, dtype),
    )


def using(plan, ops, rows, threads, dtype):
    """Working space for ``using.run``, for blocks of so many rows."""
    return Using(
        aligned((threads, rows, int(ops[0]["stride_in"])), dtype),
        aligned((threads, rows * int(ops["stride"].sum())), dtype),
    )


def aligned(shape, dtype):
    """Zeros of that shape, beginning on a cache line."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape))
    raw = np.zeros(count * dtype.itemsize + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + count * dtype.itemsize].view(dtype).reshape(shape)
