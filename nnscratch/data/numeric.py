"""Is it numbers, and are they finite?"""

import math
import numbers

import numpy as np

CHUNK = 1 << 20  # numbers looked at together, so that a check needs no large temporary


def as_numbers(values, name) -> np.ndarray:
    """``values`` as an array of bool, integers or floats; everything else is refused."""
    if type(values).__module__.startswith("scipy.sparse"):
        raise TypeError(f"{name} is a sparse matrix; pass {in_code(name)}.toarray()")
    if np.ma.is_masked(values):
        raise TypeError(f"{name} has masked values; fill them: {in_code(name)}.filled(0)")
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        array = np.array(None)
    if array.dtype == object and _has_only_number_columns(values):
        array = np.asarray(values.astype(np.float64))
    if array.dtype.kind in "biuf":
        return array
    raise TypeError(f"{name} must hold numbers, but {_what_came(values, array, name)}")


def in_code(name):
    """The name as it stands in the user's program: "validation x" is some x."""
    return name.split()[-1]


def place(name, index):
    """A place in words: ``"x[3, 1]"``."""
    return f"{name}[{', '.join(str(int(i)) for i in index)}]"


# ---- What came instead -----------------------------------------------------------------------


def _columns(values):
    """{column: dtype} of a DataFrame; a Series is one column; {} for all else."""
    if hasattr(values, "columns"):
        return dict(zip(values.columns, values.dtypes, strict=True))
    return {"values": values.dtype} if hasattr(values, "iloc") else {}


def _holds_numbers(dtype):
    return getattr(dtype, "kind", "O") in "biuf"


def _has_only_number_columns(values):
    # A table of truth values beside floats comes out of NumPy as an array of objects.
    dtypes = _columns(values).values()
    return bool(dtypes) and all(map(_holds_numbers, dtypes))


def _what_came(values, array, name):
    code = in_code(name)
    if hasattr(values, "columns"):
        return _other_columns(values, name)
    if array.dtype.kind == "c":
        return f"its dtype is {array.dtype}.\nTake {code}.real or abs({code})."
    if array.dtype.kind in "mM":
        return (
            f"its dtype is {array.dtype}.\nCount the time in a unit, for example in days:"
            f" ({code} - {code}.min()) / np.timedelta64(1, 'D')."
        )
    if ragged := _ragged_row(values, name):
        return f"its rows differ: {ragged}"
    return _first_other_value(array, name) if array.ndim else f"it is {_described(values)}"


def _described(value):
    text = " ".join(repr(value).split())
    return "None" if value is None else f"a {type(value).__name__}: {text:.40}"


def _other_columns(table, name):
    dtypes = _columns(table).items()
    found = [f"{column!r} ({dtype})" for column, dtype in dtypes if not _holds_numbers(dtype)]
    return (
        f"these columns do not: {', '.join(found[:5])}{' ...' if len(found) > 5 else ''}.\n"
        "Leave them out, or make numbers of them:"
        f" pandas.get_dummies({in_code(name)}, dtype=float)."
    )


def _ragged_row(rows, name):
    """In words, the first row that is not shaped like row 0; "" where all are."""
    if not isinstance(rows, (list, tuple, np.ndarray)) or np.ndim(rows[:0]) == 0:
        return ""
    shapes = [_shape(row) for row in rows]
    for i, shape in enumerate(shapes):
        if shape is None:
            return _ragged_row(rows[i], f"{name}[{i}]")
        if shape != shapes[0]:
            return f"{name}[{i}] has shape {shape} where {name}[0] has {shapes[0]}."
    return ""


def _shape(row):
    """The shape of an array or of nested lists; None where these are ragged."""
    try:
        return np.shape(row)
    except ValueError:
        return None


def _first_other_value(array, name):
    """In words, the first value that is not a number, and what to do about it."""
    others = ((i, v) for i, v in np.ndenumerate(array) if not isinstance(v, numbers.Real))
    index, value = next(others, (None, None))
    if index is None:
        return f"its dtype is {array.dtype}.\n{_as_floats(name)}"
    shown = value.item() if isinstance(value, np.generic) else value
    found = f"{place(name, index)} is {shown!r:.40} (dtype {array.dtype})."
    return f"{found}\n{_encode(array, name)}" if isinstance(value, (str, bytes)) else found


def _as_floats(name):
    return f"Pass np.asarray({in_code(name)}, dtype=float)."


def _encode(array, name):
    try:
        array.astype(float)
        return _as_floats(name)
    except ValueError:
        code = in_code(name)
    if array.ndim > 1:
        return "Leave the text out, or make numbers of it first."
    return f"Number the classes: names, {code} = np.unique({code}, return_inverse=True)."


# ---- Finite ----------------------------------------------------------------------------------


def finite(array, dtype, name):
    """``array`` as ``dtype``, where each of its numbers must be finite."""
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused
        converted = array.astype(dtype, copy=False)
    check_finite(converted, name, given=array)
    return converted


def check_finite(array, name, *, given=None):
    """Refuse a NaN or an infinity, with the index of the first and how many there are.

    given  the same numbers as they came, if ``array`` is a conversion of them
    """
    if array.dtype.kind != "f" or all(map(is_finite, _chunks(array))):
        return
    bad = ~np.isfinite(array)
    first, count = np.unravel_index(bad.argmax(), bad.shape), np.count_nonzero(bad)
    value = (array if given is None else given)[first]
    what, mend = "NaN or infinite", _leave_rows_out(in_code(name), array.ndim)
    if np.isfinite(value):
        what = f"too large for {array.dtype}"
        mend = f"Scale {in_code(name)} down, or give the model dtype='float64'."
    raise ValueError(
        f"{name} has {count:,} of {array.size:,} values that are {what}; the first is"
        f" {place(name, first)} = {value}.\n{mend}"
    )


def _leave_rows_out(code, axes):
    rows = f".all(axis={1 if axes == 2 else tuple(range(1, axes))})" if axes > 1 else ""
    return f"Leave those rows out: ok = np.isfinite({code}){rows}, then x[ok] and y[ok]."


def _chunks(array):
    rows = max(1, CHUNK * len(array) // max(1, array.size))
    return (array[i : i + rows] for i in range(0, len(array), rows))


def is_finite(array):
    """Whether all numbers of a float array are finite.

    The sum of squares is one pass, as fast as memory can be read, and keeps any NaN or
    infinity. Only if it overflows for another reason is each number looked at.
    """
    flat = array.ravel("K")
    squares = np.vdot(flat, flat)  # which, unlike @, warns of nothing
    return math.isfinite(squares) or bool(np.isfinite(flat).all())
