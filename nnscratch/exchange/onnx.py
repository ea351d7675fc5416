"""The trained network as an ONNX file: a graph of a few standard operations.

    Rescaling   Mul, Add       Flatten  Flatten      Dense    Gemm: x @ W + b
    Activation  Relu, Sigmoid, Tanh, Softmax         Dropout  Identity

Source: the ONNX operator schemas, https://onnx.ai/onnx/operators.
"""

from pathlib import Path

import numpy as np

from nnscratch import activations, checks, saving
from nnscratch.exchange import leaving

# The oldest operator set whose Softmax is one over a single axis, so that old runtimes will do.
OPSET = 13
PLACE = "an ONNX file"
ROWS = "rows"  # what the file calls the first axis, which may have any length
INPUT_TYPES = ("float32", "float64", "uint8", "int8", "uint16", "int16", "int32", "int64")
OPERATIONS = {
    "linear": "Identity",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "softmax": "Softmax",
    "tanh": "Tanh",
}
ACTIVATIONS = (*OPERATIONS, "leaky_relu")


def write(model, path, input_dtype=None):
    """What ``Sequential.to_onnx`` describes; the file is written whole or not at all."""
    saving.replace(Path(path), graph_model(model, input_dtype).SerializeToString())


def graph_model(model, input_dtype=None):
    """The checked onnx.ModelProto of a model."""
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "to_onnx needs the package onnx: pip install 'nnscratch[onnx]'", name=error.name
        ) from None
    from nnscratch import __version__

    leaving.require_ready(model)
    input_dtype = input_dtype or model.dtype.name
    checks.look_up("input_dtype", input_dtype, dict.fromkeys(INPUT_TYPES))
    graph = Graph(model.dtype)
    if input_dtype != model.dtype.name:
        graph.add("Cast", "x", to=graph.data_type(model.dtype))
    for layer in model.layers:
        kind = leaving.layer_kind(layer, LAYERS, PLACE)
        LAYERS[kind](graph, layer)
    opset = onnx.helper.make_opsetid("", OPSET)
    proto = onnx.helper.make_model(
        graph.proto(model, input_dtype),
        opset_imports=[opset],
        ir_version=onnx.helper.find_min_ir_version_for([opset]),
        producer_name="nnscratch",
        producer_version=__version__,
    )
    onnx.checker.check_model(proto, full_check=True)
    return proto


class Graph:
    """Operations in a row, each on the result of the one before it, from the input "x" on."""

    def __init__(self, dtype):
        self.dtype, self.last = dtype, "x"
        self.nodes, self.constants = [], []

    def add(self, operation, name, *others, **attributes):
        """Put ``operation(last result, *others)`` at the end; its result is called ``name``."""
        from onnx import helper

        name = f"{name}/{operation}"
        inputs = [self.last, *others]
        self.nodes.append(helper.make_node(operation, inputs, [name], name, **attributes))
        self.last = name

    def constant(self, name, values):
        """Keep an array or a number in the model's number format; returns its name."""
        from onnx import numpy_helper

        array = np.asarray(values, self.dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    @staticmethod
    def data_type(dtype):
        """ONNX's number for a NumPy dtype."""
        from onnx import helper

        return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))

    def proto(self, model, input_dtype):
        """The onnx.GraphProto, whose last result is called "y"."""
        from onnx import helper

        self.nodes[-1].output[0] = "y"
        x = self._described("x", input_dtype, model.input_shape)
        y = self._described("y", model.dtype, model.output_shape)
        return helper.make_graph(self.nodes, model.name, [x], [y], self.constants)

    def _described(self, name, dtype, shape):
        from onnx import helper

        return helper.make_tensor_value_info(name, self.data_type(dtype), [ROWS, *shape[1:]])


# ---- Layers ----------------------------------------------------------------------------------


def _dense(graph, layer):
    arrays = [graph.constant(f"{layer.name}/{name}", a) for name, a in layer.params.items()]
    graph.add("Gemm", layer.name, *arrays)
    if layer.activation is not activations.linear:
        _activation(graph, layer)


def _activation(graph, layer):
    name = leaving.activation_name(layer, ACTIVATIONS, PLACE)
    if name != "leaky_relu":
        graph.add(OPERATIONS[name], layer.name, **({"axis": -1} if name == "softmax" else {}))
        return
    # max(slope z, z), as not every runtime has ONNX's LeakyRelu for float64.
    z, slope = graph.last, graph.constant(f"{layer.name}/slope", activations.LEAKY_SLOPE)
    graph.add("Mul", layer.name, slope)
    graph.add("Max", layer.name, z)


def _rescaling(graph, layer):
    # Both numbers pass through float32, as in the layer.
    graph.add("Mul", layer.name, graph.constant(f"{layer.name}/scale", np.float32(layer.scale)))
    offset = graph.constant(f"{layer.name}/offset", np.float32(layer.offset))
    graph.add("Add", layer.name, offset)


LAYERS = {
    "Activation": _activation,
    "Dense": _dense,
    "Dropout": lambda graph, layer: graph.add("Identity", layer.name),
    "Flatten": lambda graph, layer: graph.add("Flatten", layer.name, axis=1),
    "Rescaling": _rescaling,
}
