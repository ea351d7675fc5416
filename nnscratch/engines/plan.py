"""From a Sequential to a plan for the fused engine, or the reason in words why there is none.

A plan is a list of operations and some codes, and knows neither Numba nor an array. Dense and
its activation are one operation, as the activation can take the place of its logits; Flatten is
none; a Rescaling right at the input happens while the rows are fetched; and a last sigmoid or
softmax that is joined with the loss belongs to the loss.
"""

import math
import weakref
from typing import Any, NamedTuple

from nnscratch import activations, layers, losses, metrics, optimizers

# What an operation does.
DENSE, ACTIVATION, DROPOUT, RESCALING = range(4)

# What is applied to each of its outputs.
LINEAR, RELU, LEAKY_RELU, SIGMOID, TANH, SOFTMAX = range(6)
ACTIVATIONS = {
    activations.linear: LINEAR,
    activations.relu: RELU,
    activations.leaky_relu: LEAKY_RELU,
    activations.sigmoid: SIGMOID,
    activations.tanh: TANH,
    activations.softmax: SOFTMAX,
}

# What the sum over a batch is divided by.
MEAN, SUM, WEIGHTED_MEAN = range(3)
REDUCTIONS = {"sum": SUM, "mean_with_sample_weight": WEIGHTED_MEAN}

# The accuracy that is counted on the way.
NO_ACCURACY, BINARY_ACCURACY, CATEGORICAL_ACCURACY, SPARSE_ACCURACY = range(4)
ACCURACIES = {
    metrics.BinaryAccuracy: (BINARY_ACCURACY, ("numbers", "probabilities")),
    metrics.CategoricalAccuracy: (CATEGORICAL_ACCURACY, ("one-hot rows",)),
    metrics.SparseCategoricalAccuracy: (SPARSE_ACCURACY, ("classes",)),
}

NARROW_PARAMETERS = 1000  # up to here a net is trained feature by feature, see fused/narrow.py


class Operation(NamedTuple):
    """One step of the plan, from ``inputs`` numbers a row to ``units``."""

    kind: int
    activation: int
    inputs: int
    units: int
    layer: Any


class Goal(NamedTuple):
    """The loss and the accuracy, in numbers for a kernel; the subclass says which loss.

    A kernel is compiled for the classes of its goal and its rule, and for no other loss and no
    other optimizer: that takes a third of the time.
    """

    joined: bool
    outputs: int
    smoothing: float
    reduction: int
    accuracy: int
    threshold: float


class BinaryFromLogits(Goal):
    """BinaryCrossentropy of logits, also where it was joined with a last sigmoid."""


class BinaryClipped(Goal):
    """BinaryCrossentropy of whatever numbers, clipped."""


class CategoricalFromLogits(Goal):
    """CategoricalCrossentropy of logits, also where it was joined with a last softmax."""


class CategoricalClipped(Goal):
    """CategoricalCrossentropy of whatever numbers, clipped."""


class SparseFromLogits(Goal):
    """SparseCategoricalCrossentropy of logits, also joined with a last softmax."""


class SparseClipped(Goal):
    """SparseCategoricalCrossentropy of whatever numbers, clipped."""


class SquaredError(Goal):
    """MeanSquaredError."""


class AbsoluteError(Goal):
    """MeanAbsoluteError."""


GOALS = {
    losses.BinaryCrossentropy: (BinaryFromLogits, BinaryClipped),
    losses.CategoricalCrossentropy: (CategoricalFromLogits, CategoricalClipped),
    losses.SparseCategoricalCrossentropy: (SparseFromLogits, SparseClipped),
    losses.MeanSquaredError: (SquaredError, SquaredError),
    losses.MeanAbsoluteError: (AbsoluteError, AbsoluteError),
}


class Descent(NamedTuple):
    """SGD's constants. As in all rules: in double precision; 0 clips nothing."""

    clipvalue: float


class Momentum(NamedTuple):
    """Those of SGD with momentum."""

    clipvalue: float
    momentum: float
    nesterov: bool


class Adam(NamedTuple):
    """Those of Adam; decay = 1 - beta."""

    clipvalue: float
    beta_1: float
    beta_2: float
    decay_1: float
    decay_2: float
    epsilon: float


class RMSprop(NamedTuple):
    """Those of RMSprop; decay = 1 - rho."""

    clipvalue: float
    rho: float
    decay: float
    momentum: float
    epsilon: float


# The state vectors of each rule, in the order in which its formula takes them.
MEMORY = {
    Descent: (),
    Momentum: ("velocity",),
    Adam: ("m", "v"),
    RMSprop: ("v", "velocity", "mean"),
}
OPTIMIZERS = (optimizers.SGD, optimizers.Adam, optimizers.RMSprop)


class Plan(NamedTuple):
    """What the fused engine needs to know of a compiled model, but for its numbers.

    rescaling  the Rescaling layer that is applied while rows are fetched, or None
    last       the activation that turns the last operation's output into predictions
    narrow     whether the net is so small that it is trained feature by feature
    """

    operations: tuple
    rescaling: Any
    last: int
    narrow: bool


class NoPlan(Exception):
    """The fused engine cannot train this model; the message says why, after "eager: "."""


_found: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def of(model):
    """The plan for a built and compiled model; raises NoPlan with the reason.

    It is kept for as long as the model's BatchLoss, which compiling or building makes anew.
    """
    _refuse_what_is_not_compiled(model)  # an optimizer's settings may change at any time
    found = _found.get(model.batch_loss)
    if found is None:
        try:
            found = lower(model)
        except NoPlan as reason:
            found = NoPlan(*reason.args)  # without its traceback, which holds the model
        _found[model.batch_loss] = found
    if isinstance(found, NoPlan):
        raise NoPlan(*found.args)
    return found


def lower(model):
    """The plan of its layers, worked out anew."""
    operations: list[Operation] = []
    rescaling = None
    for layer in model.layers:
        if type(layer) is layers.Rescaling and not operations and rescaling is None:
            rescaling = layer
        else:
            operations += _operations(layer)
    if not any(each.kind == DENSE for each in operations):
        raise NoPlan("there is no Dense layer to train")
    last = LINEAR
    if model.batch_loss.joined:
        operations, last = _without_last_activation(operations)
    only_dense = all(each.kind == DENSE for each in operations)
    narrow = only_dense and model.parameters.size <= NARROW_PARAMETERS
    return Plan(tuple(operations), rescaling, last, narrow)


def _refuse_what_is_not_compiled(model):
    optimizer, loss = model.optimizer, model.loss
    for kind, known, part in (("loss", GOALS, loss), ("optimizer", OPTIMIZERS, optimizer)):
        if type(part) not in known:
            raise NoPlan(f"the {kind} {type(part).__name__} is not one of nnscratch's own")
    if optimizer.clipnorm is not None:
        raise NoPlan(
            "clipnorm needs the whole gradient of an array before any of it is applied"
        )


def _operations(layer):
    inputs, units = (math.prod(s[1:]) for s in (layer.input_shape, layer.output_shape))
    if type(layer) is layers.Flatten:
        return []
    if type(layer) is layers.Dropout:
        return [Operation(DROPOUT, LINEAR, inputs, units, layer)]
    if type(layer) is layers.Rescaling:
        return [Operation(RESCALING, LINEAR, inputs, units, layer)]
    if type(layer) not in (layers.Dense, layers.Activation):
        raise NoPlan(
            f"layer {layer.name!r} ({type(layer).__name__}) is not one of nnscratch's own"
        )
    code = _activation(layer)
    if type(layer) is layers.Activation:
        return [Operation(ACTIVATION, code, inputs, units, layer)]
    if code != SOFTMAX:
        return [Operation(DENSE, code, inputs, units, layer)]
    # Softmax mixes the units of a row, which the threads own apart: it is a step of its own.
    return [
        Operation(DENSE, LINEAR, inputs, units, layer),
        Operation(ACTIVATION, SOFTMAX, units, units, layer),
    ]


def _activation(layer):
    code = ACTIVATIONS.get(layer.activation)
    if code is None:
        name = layer.activation.name
        raise NoPlan(
            f"the activation {name!r} of layer {layer.name!r} is not one of nnscratch's own"
        )
    if code == SOFTMAX and len(layer.input_shape) > 2:
        raise NoPlan(f"layer {layer.name!r} takes a softmax over the last of several axes")
    return code


def _without_last_activation(operations):
    *others, last = operations
    if last.kind == ACTIVATION:
        return others, last.activation
    return [*others, last._replace(activation=LINEAR)], last.activation


def goal(model, counted):
    """The loss and the accuracy metric ``counted`` (or None) as numbers."""
    loss, joined = model.loss, model.batch_loss.joined
    from_logits, clipped = GOALS[type(loss)]
    kind = from_logits if joined or loss.from_logits else clipped
    return kind(
        joined,
        model.output_shape[-1],
        float(loss.label_smoothing),
        REDUCTIONS.get(loss.reduction, MEAN),
        NO_ACCURACY if counted is None else ACCURACIES[type(counted)][0],
        float(getattr(counted, "threshold", 0.0)),
    )


def counted_metric(model, sums):
    """The metric that the kernel can count on the way, or None."""
    for metric in sums.metrics:
        _, targets = ACCURACIES.get(type(metric), (None, ()))
        if model.loss.targets in targets:
            return metric
    return None


def rule(optimizer):
    """The optimizer's constants; see ``nnscratch.optimizers`` for what is rounded when."""
    clipvalue, rounded = float(optimizer.clipvalue or 0.0), optimizers.through_float32
    if isinstance(optimizer, optimizers.Adam):
        beta_1, beta_2 = optimizer.beta_1, optimizer.beta_2
        betas = rounded(beta_1), rounded(beta_2)
        return Adam(clipvalue, *betas, 1 - beta_1, 1 - beta_2, optimizer.epsilon)
    if isinstance(optimizer, optimizers.RMSprop):
        rho = optimizer.rho
        return RMSprop(clipvalue, rho, 1 - rho, optimizer.momentum, optimizer.epsilon)
    if not optimizer.momentum:
        return Descent(clipvalue)
    return Momentum(clipvalue, rounded(optimizer.momentum), optimizer.nesterov)
