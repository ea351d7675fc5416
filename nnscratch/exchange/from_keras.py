"""A keras.Sequential as one of nnscratch: layers, weights, optimizer, loss, metrics.

    sequential  a new model in the same state
    copy_state  the state alone, into a model made so before
    parts       our layers and our arguments of compile, alone

Each part is taken over by the names and options that both libraries have. Whatever else is set
is refused in one sentence that says where it stands.
"""

from contextlib import contextmanager
from inspect import signature

import numpy as np

from nnscratch import initializers, layers, losses, metrics, optimizers, schedules
from nnscratch.exchange.keras_names import (
    ACCURACIES,
    ACTIVATIONS,
    CLIPPING,
    LAYERS,
    LOSSES,
    METRICS,
    OPTIMIZERS,
    SCHEDULES,
    import_keras,
    state_variables,
)
from nnscratch.losses.formulas import REDUCTIONS

NUMBER_FORMATS = ("float32", "float64")

# Options that mean nothing by themselves, or are looked at in a place of their own.
ASIDE = ("name", "dtype", "trainable", "batch_shape", "learning_rate", "ema_momentum", "fn")
# How Keras runs a training, and not what it computes.
RUNNING = ("jit_compile", "steps_per_execution", "auto_scale_loss")
# What an option is where it is not set, if that is neither None nor False nor 0 nor empty.
NOT_SET = {"data_format": "channels_last", "axis": -1}


def sequential(theirs, make, **compile_options):
    """The model that equals a built keras.Sequential, and goes on where that stands.

    theirs           stays as it is; no library's random numbers are drawn
    make             nn.Sequential
    compile_options  such as run_eagerly, for our compile

    Raises ValueError for anything that nnscratch does not have.
    """
    own_layers, compiled_with = parts(theirs)
    dtype = number_format(theirs)
    ours = make([_input(theirs, dtype), *own_layers], theirs.name, dtype=dtype)
    if compiled_with:
        ours.compile(**compiled_with | compile_options)
    copy_state(theirs, ours)
    return ours


def parts(theirs):
    """Our layers, and our arguments of compile or None, for a model that is built or not."""
    own_layers = [_layer(layer) for layer in _layers(theirs)]
    dtype = number_format(theirs)
    return own_layers, _compile_arguments(theirs, dtype) if theirs.compiled else None


def copy_state(theirs, ours):
    """Put the weights, the optimizer's state and Dropout's calls of Keras into our model."""
    ours.set_weights(theirs.get_weights())
    for layer, own in zip(theirs.layers, ours.layers, strict=True):
        if hasattr(layer, "seed_generator"):
            own.seed, own.calls = np.asarray(layer.seed_generator.state).tolist()
    if ours.compiled:
        ours.optimizer.iterations = int(np.asarray(theirs.optimizer.iterations))
        ours.optimizer.state = {
            name: np.concatenate([np.ravel(variable) for variable in variables])
            for name, variables in state_variables(theirs.optimizer).items()
        }


# ---- What of it we have ----------------------------------------------------------------------


def _kind(what, theirs, module, known):
    """The class name of something of the module's own that we have too; else a refusal.

    A function stands for the class of that name, as mean_squared_error for MeanSquaredError.
    """
    name = getattr(theirs, "__name__", type(theirs).__name__)
    kind = name if name[0].isupper() else name.title().replace("_", "")
    if kind in known and getattr(module, name, None) in (theirs, type(theirs)):
        return kind
    raise lacking(what, f"is {_described(theirs, name, module)}", known)


def _described(theirs, name, module):
    if isinstance(theirs, (str, list, tuple, dict)):
        return repr(theirs)
    if theirs is getattr(module, name, None):
        return repr(name)
    if type(theirs) is not getattr(module, name, None):
        # By whom it is tells a class of the user's own from Keras's of the same name.
        name = f"{getattr(theirs, '__module__', '')}.{name}"
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def lacking(what, text, known=()):
    """The ValueError for what we do not have, with what we have."""
    rest = f"; it has {', '.join(known)}" if known else ""
    return ValueError(f"{what} {text}, which nnscratch does not have{rest}")


def _options(what, config, shared):
    """The options that both have, as in the configuration; any other that is set is refused."""
    for name, value in config.items():
        is_set = value != NOT_SET[name] if name in NOT_SET else value
        if is_set and name not in (*shared, *ASIDE):
            text = value["class_name"] if isinstance(value, dict) else repr(value)
            raise lacking(what, f"has {name}={text}")
    return {name: config[name] for name in shared if config[name] is not None}


@contextmanager
def _refused_as(what):
    """Begin what our own constructors refuse with where it stands in Keras's model."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what}: {error}") from error


def _require_dtype(what, got, dtype):
    if got != dtype:
        raise ValueError(
            f"{what} has the number format {got} in a model of {dtype}, but nnscratch has one"
            " number format for a whole model"
        )


# ---- Layers ----------------------------------------------------------------------------------


def _layers(theirs):
    keras, kind = import_keras("from_keras"), type(theirs)
    if kind is not keras.Sequential:
        raise ValueError(
            f"expected a keras.Sequential, got {getattr(theirs, 'name', theirs)!r:.60} of the"
            f" class {kind.__module__}.{kind.__name__}"
        )
    if not theirs.layers:
        raise ValueError(f"the model {theirs.name!r} has no layers")
    return theirs.layers


def _layer(theirs):
    import keras

    what = f"layer {theirs.name!r}"
    kind = _kind(what, theirs, keras.layers, LAYERS)
    if len(theirs.trainable_weights) < len(theirs.weights):
        raise lacking(what, "has trainable=False")
    own = {}
    if hasattr(theirs, "activation"):  # first, as get_config fails on some functions
        own["activation"] = _activation(what, theirs.activation)
    shared = _options(what, theirs.get_config(), LAYERS[kind])
    if kind == "Dense":
        own["kernel_initializer"] = _initializer(theirs.kernel_initializer)
        own["bias_initializer"] = _initializer(theirs.bias_initializer)
    if hasattr(theirs, "seed_generator"):
        own["seed"] = 0  # until the state is copied; without one it would be drawn
    with _refused_as(what):
        options = {name: getattr(theirs, name) for name in shared} | own
        return getattr(layers, kind)(name=theirs.name, **options)


def _activation(what, function):
    import keras

    name = getattr(function, "__name__", type(function).__name__)
    if function is not getattr(keras.activations, name, None):
        name = f"{function.__module__}.{name}"
    if name not in ACTIVATIONS:
        raise lacking(what, f"has the activation {name}", ACTIVATIONS)
    return name


def _initializer(theirs):
    """Ours of that name, with the seed that theirs drew.

    Where we have none of its name it is another one: as the weights are copied, it only stands
    in the layer's description.
    """
    ours = getattr(initializers, type(theirs).__name__, initializers.GlorotUniform)
    options = {name: getattr(theirs, name, 0) for name in signature(ours).parameters}
    if not isinstance(options.get("seed", 0), int):
        options["seed"] = 0  # theirs draws from a SeedGenerator that it shares with others
    return ours(**options)


def _input(theirs, dtype):
    if not theirs.built:
        raise ValueError(
            f"the model {theirs.name!r} has no weights yet; call model.build((None, features))"
        )
    config = theirs.get_config()["layers"][0]["config"]
    what = f"the input {config['name']!r}"
    _options(what, config, ())
    _require_dtype(what, config["dtype"], dtype)
    rows, *shape = config["batch_shape"]
    if rows is not None:
        raise lacking(what, f"has batch_size={rows}")
    with _refused_as(what):
        return layers.Input(tuple(shape))


def number_format(theirs):
    """The number format that all layers of a keras.Sequential have in common."""
    policies = {f"layer {layer.name!r}": layer.dtype_policy.name for layer in theirs.layers}
    first, *_ = policies.values()
    for what, policy in policies.items():
        if policy not in NUMBER_FORMATS:
            raise lacking(what, f"has the dtype policy {policy!r}", NUMBER_FORMATS)
        _require_dtype(what, policy, first)
    return first


# ---- Training --------------------------------------------------------------------------------


def _compile_arguments(theirs, dtype):
    import keras

    given = theirs._compile_config.config
    config = {name: value for name, value in given.items() if name not in RUNNING}
    metrics_given = keras.tree.flatten(config["metrics"] or [])
    what = f"the model {theirs.name!r}"
    shared = _options(what, config, ("optimizer", "loss", "metrics", "run_eagerly"))
    for name in {"optimizer", "loss"} - shared.keys():
        raise ValueError(f"{what} was compiled without {name}=, so that it cannot be trained")
    return {
        "optimizer": _optimizer(theirs.optimizer),
        "loss": _loss(config["loss"], dtype),
        "metrics": [_metric(each, dtype) for each in metrics_given],
        "run_eagerly": config["run_eagerly"],
    }


def _optimizer(theirs):
    import keras

    what = f"the optimizer {theirs.name!r}"
    kind = _kind(what, theirs, keras.optimizers, OPTIMIZERS)
    config = theirs.get_config()
    options = _options(what, config, OPTIMIZERS[kind])
    # To Keras, clipping at 0 is no clipping.
    options = {name: value for name, value in options.items() if value or name not in CLIPPING}
    with _refused_as(what):
        return getattr(optimizers, kind)(_rate(theirs), name=theirs.name, **options)


def _rate(theirs):
    """The learning rate as a number or a schedule.

    A number is the shortest that its variable holds: 0.01, where float32 widened to a Python
    float is 0.009999999776482582.
    """
    if isinstance(theirs.get_config()["learning_rate"], dict):  # a schedule, or a function
        return _schedule(theirs._learning_rate)
    return float(str(np.asarray(theirs.learning_rate)[()]))


def _schedule(theirs):
    import keras

    what = "the learning rate"
    kind = _kind(what, theirs, keras.optimizers.schedules, SCHEDULES)
    options = _options(what, theirs.get_config(), SCHEDULES[kind])
    return getattr(schedules, kind)(**options)


def _loss(theirs, dtype):
    import keras

    what, found = "the loss", _found(theirs, keras.losses)
    kind = _kind(what, found, keras.losses, LOSSES)
    if not isinstance(found, keras.Loss):
        return getattr(losses, kind)()
    _require_dtype(what, found.dtype, dtype)
    options = _options(what, found.get_config(), LOSSES[kind])
    if "reduction" not in options or options["reduction"] == "none":
        # Keras then adds the gradients of all rows up, and shows the mean of their losses.
        raise lacking(what, "has reduction=None", REDUCTIONS)
    with _refused_as(what):
        return getattr(losses, kind)(name=found.name, **options)


def _metric(theirs, dtype):
    import keras

    if theirs in ACCURACIES:
        return theirs
    found = _found(theirs, keras.metrics)
    what = f"the metric {getattr(found, 'name', theirs)!r}"
    kind = _kind(what, found, keras.metrics, METRICS)
    if not isinstance(found, keras.Metric):
        return getattr(metrics, kind)(name=found.__name__)
    _require_dtype(what, found.dtype, dtype)
    options = _options(what, found.get_config(), METRICS[kind])
    with _refused_as(what):
        # In the history a metric is called as the user called it, if that was by name.
        name = theirs if isinstance(theirs, str) else found.name
        return getattr(metrics, kind)(name=name, **options)


def _found(identifier, module):
    """What Keras makes of a name, a class or an object; itself if Keras does not know it."""
    try:
        return module.get(identifier)
    except ValueError:
        return identifier
