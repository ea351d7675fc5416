"""A model file back into a model: read, checked as a whole, and only then put in place."""

import json
import math

from nnscratch import checks, layers, losses, metrics, optimizers, saving, schedules
from nnscratch.callbacks import History
from nnscratch.models import document as documents
from nnscratch.models.state import OF_CALLBACK, OF_OPTIMIZER, dropouts, weights, with_state
from nnscratch.models.undo import unbuilt_if_refused


def load(path, custom_objects=None):
    """The model that ``save`` wrote; your own classes and functions by name."""
    arrays, document = _read_model(path)
    try:
        model = _assemble(document, arrays, custom_objects or {})
    except Exception as error:  # a class of the user's own may raise anything
        raise ValueError(
            f"the model in {str(path)!r} could not be made: {error}\n"
            "A class of your own is passed like this: load_model(path, {'Scale': Scale})."
        ) from error
    _check_fit(model, arrays, document, path)
    _put_back(model, arrays, document)
    return model


def restore(model, path, *, callbacks=(), check=None):
    """Put ``model`` in place to what ``save`` wrote of it; returns the note."""
    arrays, document = _read_model(path)
    with unbuilt_if_refused(model):
        _build(model, document["architecture"]["input_shape"], arrays, path)
        _check_fit(model, arrays, document, path)
        _check_same_kind(model, document, path)
        if check is not None:
            check(document["note"])
        states = _callback_states(arrays, document, callbacks, model, path)
    for callback, state in states:
        _give_state(callback, state, path)
    _put_back(model, arrays, document)
    _share_history(model, callbacks)
    return document["note"]


def load_weights(model, path):
    """The parameter arrays of a weights or model file."""
    arrays, _ = saving.read(path)
    _check_weights(model, arrays, path)
    _put_weights(model, arrays)


def _read_model(path):
    arrays, document = saving.read(path)
    if document.get("kind") == "weights":
        raise ValueError(
            f"{str(path)!r} holds only weights; build the model and call"
            " model.load_weights(path)"
        )
    documents.check(document, path)
    return arrays, document


# ---- a new model -----------------------------------------------------------------------------


def _assemble(document, arrays, custom):
    from nnscratch.models.sequential import Sequential

    config, training = document["architecture"], document["compile"]
    stack = [layers.deserialize(layer, custom) for layer in config["layers"]]
    _check_units(stack, arrays)
    _check_inputs(stack, config["input_shape"], arrays)
    model = Sequential(stack, config["name"], dtype=config["dtype"], seed=config["seed"])
    model.build(config["input_shape"])
    if training:
        model.compile(
            _optimizer(training["optimizer"], custom),
            losses.deserialize(training["loss"], custom),
            metrics=[_metric(metric, custom) for metric in training["metrics"]],
            run_eagerly=training["run_eagerly"],
        )
    return model


def _check_units(stack, arrays):
    """Refuse numbers of units that the arrays do not bear out, before memory is taken."""
    for layer in stack:
        if isinstance(layer, layers.Dense):
            found = arrays.get(f"{layer.name}.W")
            if found is None or found.shape[1:] != (layer.units,):
                raise ValueError(f"it has no weights for the {layer.units} units of {layer}")


def _check_inputs(stack, input_shape, arrays):
    """The same for the size of an input: the first Dense has a weight for each number of it."""
    numbers = math.prod(axis or 1 for axis in input_shape[1:])
    most = max((array.size for array in arrays.values()), default=0)
    if numbers > most and any(isinstance(layer, layers.Dense) for layer in stack):
        raise ValueError(f"it has no weights for an input of shape {tuple(input_shape)}")


def _optimizer(serialized, custom):
    arguments = dict(serialized["config"])
    if isinstance(rate := arguments["learning_rate"], dict):
        arguments["learning_rate"] = _make(rate, custom, schedules.deserialize)
    serialized = serialized | {"config": arguments}
    return _make(serialized, custom, optimizers.deserialize)


def _make(serialized, custom, deserialize):
    """An object of the user's class of that name, if there is one; else of ours."""
    cls = custom.get(serialized["class_name"])
    return deserialize(serialized) if cls is None else cls(**serialized["config"])


def _metric(saved, custom):
    identifier = custom.get(saved["name"], saved["name"])
    if saved["config"] is None:
        return identifier
    kind = identifier if isinstance(identifier, type) else type(metrics.get(identifier))
    return kind(**saved["config"])


# ---- does the file fit the model -------------------------------------------------------------


def _build(model, input_shape, arrays, path):
    if model.built:
        return
    try:
        _check_inputs(model.layers, input_shape, arrays)
        model.build(input_shape)
    except Exception as error:
        raise ValueError(
            f"{str(path)!r} does not fit the model {model.name!r}: {error}"
        ) from error


def _check_fit(model, arrays, document, path):
    """Refuse a file of another model, before anything of this one is changed."""
    _check_weights(model, arrays, path)
    here, there = {layer.name for layer in dropouts(model)}, document["progress"]["dropout"]
    if here != there.keys():
        raise _misfit(model, path, "Dropout layers", sorted(here), sorted(there))
    if model.compiled and document["compile"]:
        _check_optimizer(model, arrays, document["compile"]["optimizer"], path)


def _check_weights(model, arrays, path):
    here = weights(model)
    beside = (OF_OPTIMIZER, OF_CALLBACK)
    there = {n: a for n, a in arrays.items() if n in here or not n.startswith(beside)}
    for name in sorted(here.keys() | there.keys()):
        pair = _shape(here.get(name)), _shape(there.get(name))
        if pair[0] != pair[1]:
            raise _misfit(model, path, repr(name), *pair)


def _shape(array):
    if array is None:
        return "nothing"
    return array.shape if array.dtype.kind == "f" else f"an array of {array.dtype}"


def _check_optimizer(model, arrays, saved, path):
    optimizer = model.optimizer
    kind = type(optimizer).__name__
    if kind != saved["class_name"]:
        raise _misfit(model, path, "its optimizer", kind, saved["class_name"])
    schedule, rate = optimizer.schedule, saved["config"]["learning_rate"]
    if not isinstance(rate, dict):
        checks.real_number(f"the learning rate in {str(path)!r}", rate, above=0)
    elif schedule is None or _as_json(schedule.serialize()) != rate:
        raise _misfit(model, path, "its learning rate", schedule or "a number", rate)
    found = {
        name: _shape(array) for name, array in _beside(model, arrays, OF_OPTIMIZER).items()
    }
    wanted = dict.fromkeys(optimizer.state_names, model.parameters.shape)
    if found and found != wanted:
        raise _misfit(model, path, "the optimizer's state", wanted, found)


def _check_same_kind(model, document, path):
    """Refuse a file whose numbers would fit, but were learned by another kind of model."""
    config, training = document["architecture"], document["compile"]
    if model.dtype.name != config["dtype"]:
        raise _misfit(model, path, "its numbers", model.dtype.name, config["dtype"])
    pairs = [
        (repr(layer.name), layers.serialize(layer), saved)
        for layer, saved in zip(model.layers, config["layers"], strict=False)
    ]
    if model.compiled and training:
        pairs.append(("its loss", losses.serialize(model.loss), training["loss"]))
        ours = optimizers.serialize(model.optimizer)
        pairs.append(("its optimizer", ours, training["optimizer"]))
    for what, ours, theirs in pairs:
        ours, theirs = _what_works_on(ours), _what_works_on(theirs)
        if ours != theirs:
            raise _misfit(model, path, what, ours, theirs)


def _what_works_on(serialized):
    """What of a part's arguments matters once it was made; the rate is put back anyhow."""
    begun = ("name", "seed", "kernel_initializer", "bias_initializer", "learning_rate")
    config = {n: value for n, value in serialized["config"].items() if n not in begun}
    return _as_json({"class_name": serialized["class_name"], **config})


def _as_json(value):
    """As it would come back from a file: a tuple as a list."""
    return json.loads(json.dumps(value))


def _misfit(model, path, what, here, there):
    return ValueError(
        f"{str(path)!r} does not fit the model {model.name!r}: for {what} the model has"
        f" {here}, the file {there}"
    )


# ---- putting back ----------------------------------------------------------------------------


def _put_back(model, arrays, document):
    progress = document["progress"]
    _put_weights(model, arrays)
    for layer in dropouts(model):
        layer.seed, layer.calls = progress["dropout"][layer.name]
    model.epochs_trained = progress["epochs_trained"]
    model.fixed_order_seed, model.own_order_seed = progress["order_seeds"]
    model.history = _history(model, document["history"])
    if model.compiled and document["compile"]:
        _put_optimizer(model, arrays, document["compile"]["optimizer"], progress)


def _put_weights(model, arrays):
    for name, array in weights(model).items():
        array[...] = arrays[name]


def _put_optimizer(model, arrays, saved, progress):
    optimizer, rate = model.optimizer, saved["config"]["learning_rate"]
    if not isinstance(rate, dict):  # a schedule is the same already, else it would not fit
        optimizer.learning_rate = rate
    optimizer.iterations = progress["iterations"]
    optimizer.state = {
        name: array.astype(model.dtype)
        for name, array in _beside(model, arrays, OF_OPTIMIZER).items()
    }


def _beside(model, arrays, prefix):
    """The arrays of the optimizer or of a callback; a layer may have a name like theirs."""
    own = weights(model)
    found = {n: a for n, a in arrays.items() if n.startswith(prefix) and n not in own}
    return {name.removeprefix(prefix): array for name, array in found.items()}


def _history(model, saved):
    if saved is None:
        return None
    history = History()
    history.set_model(model)
    history.history, history.epoch = saved["history"], saved["epoch"]
    return history


# ---- the callbacks of a training that goes on ------------------------------------------------


def _callback_states(arrays, document, callbacks, model, path):
    """Each callback that has counters, with those that the file has for it."""
    if not callbacks:
        return []
    callbacks, saved = with_state(callbacks), document["callbacks"]
    here, there = [type(each).__name__ for each in callbacks], [each["kind"] for each in saved]
    if here != there:
        raise _misfit(model, path, "callbacks with a state", here, there)
    return [
        (callback, each["state"] | _beside(model, arrays, f"{OF_CALLBACK}{i}/"))
        for i, (callback, each) in enumerate(zip(callbacks, saved, strict=True))
    ]


def _give_state(callback, state, path):
    try:
        callback.set_state(state)
    except Exception as error:  # a callback of the user's own may raise anything
        kind = type(callback).__name__
        raise ValueError(
            f"{str(path)!r} holds no state that this {kind} can take: {error!r}"
        ) from error


def _share_history(model, callbacks):
    """Let the training's own History go on with the columns of the file."""
    for callback in callbacks:
        if isinstance(callback, History) and model.history is not None:
            callback.set_state(model.history.get_state())
            model.history = callback
