"""The trained network as one readable Python file that needs NumPy and nothing else.

Its formulas are the very functions of ``ops.py``, so that file and model compute the same bits.
"""

import base64
import inspect
import math
import re
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnscratch import activations, ops, saving
from nnscratch.exchange import leaving

TEMPLATE = Path(__file__).with_name("numpy_source.py.j2")
PLACE = "a NumPy file"
LAYERS = ("Activation", "Dense", "Dropout", "Flatten", "Rescaling")
ACTIVATIONS = {
    "linear": "{}",
    "relu": "relu({})",
    "leaky_relu": f"leaky_relu({{}}, {activations.LEAKY_SLOPE!r})",
    "sigmoid": "sigmoid({})",
    "softmax": "softmax({})",
    "tanh": "np.tanh({})",
}
MOST_LITERALS = 1000  # numbers of an array that are written as numbers: a page or two
WIDTH = 88  # of the lines of an array


class Array(NamedTuple):
    """A parameter array in the file: the words before it, and the code that makes it."""

    about: str
    code: str


def of(model, path=None):
    """What ``Sequential.to_numpy_source`` describes."""
    leaving.require_ready(model)
    path = None if path is None else Path(path)
    text = _rendered(model, "predictor.py" if path is None else path.name)
    if path is not None:
        saving.replace(path, text.encode())
    return text


def _rendered(model, file):
    import jinja2

    from nnscratch import __version__

    parts, template = _Parts(model), TEMPLATE.read_text(encoding="utf-8")
    module = file.removesuffix(".py")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(
        template
    ).render(
        name=_plain(model.name),
        file=_plain(file),
        module=module if module.isidentifier() else "...",
        version=__version__,
        dtype=model.dtype.name,
        digits=17 if model.dtype == np.float64 else 9,  # these many give the same bits again
        row=model.input_shape[1:],
        rows_in=_shape(model.input_shape),
        rows_out=_shape(model.output_shape),
        summary=[_summary(layer) for layer in model.layers],
        lines=parts.lines,
        functions=parts.functions(),
        arrays=parts.arrays,
        packed=any("unpacked(" in array.code for array in parts.arrays),
    )


def _plain(name):
    """A name without anything that could end a comment or a docstring and become code."""
    return re.sub(r"[^\w .:+-]", "_", name)


def _shape(shape):
    return f"({', '.join(['n', *map(str, shape[1:])])})"


def _summary(layer):
    what = type(layer).__name__
    what += f" {layer.activation.name}" if hasattr(layer, "activation") else ""
    shapes = f"{_shape(layer.input_shape)} -> {_shape(layer.output_shape)}"
    return f"{_plain(layer.name):<16} {what:<18} {shapes}"


# ---- The lines of predict --------------------------------------------------------------------


class _Parts:
    """The lines of ``predict``, the formulas that they call, and the arrays."""

    def __init__(self, model):
        self.dtype = model.dtype
        self.lines, self.arrays, self.used = [], [], []
        self.dense = 0
        for layer in model.layers:
            kind = leaving.layer_kind(layer, LAYERS, PLACE)
            code, name = getattr(self, f"_{kind.lower()}")(layer), _plain(layer.name)
            line = f"x = {code}  # {name}" if code else f"# {name}: only in training"
            self.lines.append(line)

    def functions(self):
        """The source of each formula that is used, once."""
        return [inspect.getsource(getattr(ops, name)) for name in dict.fromkeys(self.used)]

    def _dense(self, layer):
        self.dense += 1
        code = f"x @ W{self.dense}"
        if layer.use_bias:
            code += f" + b{self.dense}"
        for name, array in layer.params.items():
            about = f"{_plain(layer.name)}: {name} {array.shape}"
            self.arrays.append(Array(about, f"{name}{self.dense} = {_array(array)}"))
        return self._activated(layer, code)

    def _activation(self, layer):
        return self._activated(layer, "x")

    def _activated(self, layer, code):
        name = leaving.activation_name(layer, ACTIVATIONS, PLACE)
        if hasattr(ops, name) and name != "tanh":
            self.used.append(name)
        return ACTIVATIONS[name].format(code)

    def _dropout(self, layer):
        return ""

    def _flatten(self, layer):
        return "x.reshape(len(x), -1)"

    def _rescaling(self, layer):
        # Both numbers pass through float32, as in the layer.
        scale, offset = (
            repr(self.dtype.type(np.float32(number))) for number in (layer.scale, layer.offset)
        )
        return f"x * {scale} + {offset}"


# ---- Arrays ----------------------------------------------------------------------------------


def _array(array):
    """Code that makes the array again, to the bit: numbers to read, or many of them packed."""
    if array.size > MOST_LITERALS or not np.isfinite(array).all():
        return f'unpacked(\n    """\n{_packed(array)}\n    """,\n    {array.shape},\n)'
    text = np.array2string(
        array,
        separator=", ",
        threshold=sys.maxsize,
        max_line_width=WIDTH,
        formatter={"float_kind": _literal},
    )
    lines = "\n".join(f"    {line}" for line in text.splitlines())
    return f"np.array(\n{lines},\n    DTYPE,\n)"


def _literal(number):
    """The shortest decimal that gives the number again, also by way of a Python float."""
    short = str(number)
    same = type(number)(float(short)) == number
    return short if same else repr(float(number))


def _packed(array):
    little = array.astype(array.dtype.newbyteorder("<"))
    text = base64.b64encode(little.tobytes()).decode()
    count = math.ceil(len(text) / WIDTH)
    return "\n".join("    " + text[i * WIDTH : (i + 1) * WIDTH] for i in range(count))
