"""A model as a keras.Sequential in the same state: the way back from ``from_keras``."""

import math
import warnings
from contextlib import contextmanager

import numpy as np

from nnscratch import checks, initializers, losses, metrics, optimizers, schedules
from nnscratch.exchange import leaving
from nnscratch.exchange.keras_names import (
    ACCURACIES,
    ACTIVATIONS,
    LAYERS,
    LOSSES,
    METRICS,
    OPTIMIZERS,
    SCHEDULES,
    import_keras,
    state_variables,
)

PLACE = "Keras"


def sequential(ours):
    """What ``Sequential.to_keras`` describes."""
    keras, dtype = import_keras("to_keras"), ours.dtype.name
    leaving.require_ready(ours)
    with _number_format(keras, dtype):
        entry = keras.Input(ours.input_shape[1:], dtype=dtype)
        own_layers = [_layer(keras, layer, dtype) for layer in ours.layers]
        theirs = keras.Sequential([entry, *own_layers], name=ours.name)
        if ours.compiled:
            theirs.compile(**_compile_arguments(keras, ours))
            theirs.optimizer.build(theirs.trainable_variables)
    _copy_state(ours, theirs)
    _warn_of_floatx(keras.config.floatx(), dtype)
    return theirs


def _copy_state(ours, theirs):
    """Put our weights, the optimizer's state and Dropout's calls into Keras's model."""
    theirs.set_weights(ours.get_weights())
    for layer, own in zip(ours.layers, theirs.layers, strict=True):
        if hasattr(own, "seed_generator"):
            own.seed_generator.state.assign([layer.seed, layer.calls])
    if ours.compiled:
        theirs.optimizer.iterations.assign(ours.optimizer.iterations)
        for name, variables in state_variables(theirs.optimizer).items():
            if name in ours.optimizer.state:  # before the first step there is none
                _fill(variables, ours.optimizer.state[name])


def _fill(variables, vector):
    """Cut one vector (N,) into the variables' shapes."""
    ends = np.cumsum([math.prod(variable.shape) for variable in variables])
    for variable, part in zip(variables, np.split(vector, ends[:-1]), strict=True):
        variable.assign(part.reshape(variable.shape))


@contextmanager
def _number_format(keras, dtype):
    """Let Keras make all in ``dtype``; an optimizer cannot be told by itself."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def _warn_of_floatx(floatx, dtype):
    if floatx != dtype:
        warnings.warn(
            f"the model is {dtype}, but Keras rounds the rows that it is given to its floatx,"
            f" which is {floatx}; call keras.config.set_floatx({dtype!r}) before you use it",
            checks.TrainingWarning,
            stacklevel=4,
        )


# ---- Layers ----------------------------------------------------------------------------------


def _layer(keras, ours, dtype):
    kind = leaving.layer_kind(ours, LAYERS, PLACE)
    options = {name: getattr(ours, name) for name in LAYERS[kind]}
    if "activation" in options:
        options["activation"] = leaving.activation_name(ours, ACTIVATIONS, PLACE)
    for name in ("kernel_initializer", "bias_initializer"):
        if name in options:
            options[name] = _initializer(keras, options[name])
    try:
        return getattr(keras.layers, kind)(name=ours.name, dtype=dtype, **options)
    except (TypeError, ValueError) as error:
        raise ValueError(f"layer {ours.name!r} cannot be made in Keras: {error}") from error


def _initializer(keras, ours):
    """Keras's of that name, with the seed that ours drew: Keras is to draw none itself.

    One of the user's own becomes another: as the weights are copied, it only stands in the
    layer's description.
    """
    theirs = getattr(keras.initializers, type(ours).__name__, None)
    if theirs is None or type(ours).__module__ != initializers.__name__:
        return keras.initializers.GlorotUniform(seed=0)
    options = ours.get_config()
    if "seed" in options:
        options["seed"] = ours.seed
    return theirs(**options)


# ---- Training --------------------------------------------------------------------------------


def _compile_arguments(keras, ours):
    dtype = ours.dtype.name
    return {
        "optimizer": _optimizer(keras, ours.optimizer),
        "loss": _loss(keras, ours.loss, dtype),
        "metrics": [_metric(keras, each, dtype) for each in ours.metric_identifiers],
        "run_eagerly": ours.run_eagerly,
    }


def _optimizer(keras, ours):
    kind = leaving.kind_of("the optimizer", ours, optimizers, OPTIMIZERS, PLACE)
    options = {name: getattr(ours, name) for name in OPTIMIZERS[kind]}
    rate = _schedule(keras, ours.schedule) if ours.schedule else ours.learning_rate
    return getattr(keras.optimizers, kind)(rate, name=ours.name, **options)


def _schedule(keras, ours):
    kind = leaving.kind_of("the learning rate", ours, schedules, SCHEDULES, PLACE)
    options = {name: getattr(ours, name) for name in SCHEDULES[kind]}
    return getattr(keras.optimizers.schedules, kind)(**options)


def _loss(keras, ours, dtype):
    kind = leaving.kind_of("the loss", ours, losses, LOSSES, PLACE)
    if ours.reduction is None:
        raise ValueError(
            "the loss has reduction=None, which in Keras adds the gradients of all rows up;"
            " compile with reduction='sum_over_batch_size', which trains as None does here"
        )
    options = {name: getattr(ours, name) for name in LOSSES[kind]}
    return getattr(keras.losses, kind)(name=ours.name, dtype=dtype, **options)


def _metric(keras, identifier, dtype):
    if identifier in ACCURACIES:
        return identifier
    ours = metrics.get(identifier)
    what = f"the metric {ours.name!r}"
    kind = leaving.kind_of(what, ours, metrics, METRICS, PLACE)
    options = {name: getattr(ours, name) for name in METRICS[kind]}
    return getattr(keras.metrics, kind)(name=ours.name, dtype=dtype, **options)
