"""A model as arrays and JSON, into a file: what it is, what it learned, where it stands.

``loading`` reads the file back, and ``document`` says what its JSON holds.
"""

import inspect
from pathlib import Path

import numpy as np

from nnscratch import layers, losses, metrics, optimizers, saving
from nnscratch.callbacks import History

# Before the names of other arrays than the layers' own, which begin with the layer's name.
OF_OPTIMIZER = "optimizer/"
OF_CALLBACK = "callback/"  # and the callback's place among those that have a state


def save(model, path, *, overwrite=True, note=None, callbacks=()):
    """Everything that training goes on from, in one file."""
    states, arrays = _callback_states(callbacks)
    document = {
        "kind": "model",
        "architecture": architecture(model),
        "compile": _compile_arguments(model),
        "progress": _progress(model),
        "history": _history(model),
        "callbacks": states,
        "note": note,
    }
    arrays |= weights(model)
    if model.compiled:
        arrays |= {OF_OPTIMIZER + name: a for name, a in model.optimizer.state.items()}
    _write(path, arrays, document, overwrite)


def save_weights(model, path, *, overwrite=True):
    """The parameter arrays alone."""
    _write(path, weights(model), {"kind": "weights"}, overwrite)


def weights(model):
    """The parameter arrays themselves by layer and name: {"dense.W": (I, O), ...}."""
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has no weights to save yet: build or fit it first"
        )
    return {
        f"{layer.name}.{name}": array
        for layer in model.layers
        for name, array in layer.params.items()
    }


def dropouts(model):
    """The layers whose masks depend on how often they were called."""
    return [layer for layer in model.layers if isinstance(layer, layers.Dropout)]


def with_state(callbacks):
    """The callbacks that have counters to keep; the history is a part of the model."""
    return [each for each in callbacks if not isinstance(each, History) and each.get_state()]


# ---- the parts of the document ---------------------------------------------------------------


def architecture(model):
    """What makes an untrained model of the same kind, as JSON values."""
    return {
        "name": model.name,
        "seed": model.seed,
        "dtype": model.dtype.name,
        "input_shape": model.input_shape,
        "layers": [_recipe(layer, layers.serialize(layer)) for layer in model.layers],
    }


def _recipe(thing, serialized):
    """``serialized``, if it holds all arguments that the thing's class is made with."""
    given = serialized["config"].keys() | {"input_shape", "lr"}  # lr: an old name, not stored
    if forgotten := [name for name in _arguments(type(thing)) if name not in given]:
        kind = type(thing).__name__
        raise ValueError(
            f"{thing!r} cannot be saved: {kind}.get_config() leaves out {forgotten[0]!r}, so"
            f" it could not be made again.\nLet {kind}.get_config return super().get_config()"
            f" | {{{forgotten[0]!r}: ...}}."
        )
    return serialized


def _arguments(cls):
    """The names of what a class is made with."""
    return [
        each.name
        for each in inspect.signature(cls).parameters.values()
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]


def _compile_arguments(model):
    if not model.compiled:
        return None
    if model.optimizer.schedule is not None:
        _recipe(model.optimizer.schedule, model.optimizer.schedule.serialize())
    return {
        "optimizer": _recipe(model.optimizer, optimizers.serialize(model.optimizer)),
        "loss": _recipe(model.loss, losses.serialize(model.loss)),
        "metrics": [_metric(identifier) for identifier in model.metric_identifiers],
        "run_eagerly": model.run_eagerly,
    }


def _metric(identifier):
    """A metric's name; of an object its class, and the arguments that it was made with."""
    if isinstance(identifier, type):
        identifier = identifier()
    if not isinstance(identifier, metrics.Metric):
        name = identifier if isinstance(identifier, str) else identifier.__name__
        return {"name": name, "config": None}
    kind = type(identifier)
    arguments = _arguments(kind)
    if forgotten := [name for name in arguments if not hasattr(identifier, name)]:
        raise ValueError(
            f"{identifier!r} cannot be saved: it could not be made again, as {kind.__name__}"
            f" does not keep its argument {forgotten[0]!r}.\nLet its __init__ say"
            f" self.{forgotten[0]} = {forgotten[0]}."
        )
    config = {name: getattr(identifier, name) for name in arguments}
    return {"name": kind.__name__, "config": config}


def _progress(model):
    return {
        "epochs_trained": model.epochs_trained,
        "order_seeds": [model.order_seed, model.own_order_seed],
        "iterations": model.optimizer.iterations if model.compiled else 0,
        "dropout": {layer.name: [layer.seed, layer.calls] for layer in dropouts(model)},
    }


def _history(model):
    if model.history is None:
        return None
    values = {
        name: [np.asarray(value).tolist() for value in column]
        for name, column in model.history.history.items()
    }
    return {"history": values, "epoch": list(model.history.epoch)}


def _callback_states(callbacks):
    """The callbacks' counters as JSON, and the arrays among them."""
    states, arrays = [], {}
    for i, callback in enumerate(with_state(callbacks)):
        plain = {}
        for name, value in callback.get_state().items():
            if isinstance(value, np.ndarray):
                arrays[f"{OF_CALLBACK}{i}/{name}"] = value
            else:  # a metric of the user's own may have given a NumPy number
                plain[name] = value.item() if isinstance(value, np.generic) else value
        states.append({"kind": type(callback).__name__, "state": plain})
    return states, arrays


def _write(path, arrays, document, overwrite):
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ValueError(
            f"a model's file name ends in .nnscratch.safetensors, got {path.name!r}"
        )
    if path.exists() and not overwrite:
        raise FileExistsError(f"{str(path)!r} is there already; pass overwrite=True")
    saving.write(path, arrays, document)
