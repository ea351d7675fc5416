"""From the parameters of an estimator to a compiled Sequential."""

import copy
import numbers
from typing import NamedTuple

from nnscratch import layers, optimizers
from nnscratch.models import Sequential


class Head(NamedTuple):
    """The last layer of a network, and what it is trained and judged by."""

    units: int
    activation: str
    loss: str
    metrics: tuple = ()


def for_labels(classes, *, several):
    """The head that tells so many classes apart.

    several  whether a row may have any number of the classes (multi-label) instead of one
    """
    if several:
        return Head(classes, "sigmoid", "binary_crossentropy", ("binary_accuracy",))
    if classes == 2:
        return Head(1, "sigmoid", "binary_crossentropy", ("accuracy",))
    return Head(classes, "softmax", "sparse_categorical_crossentropy", ("accuracy",))


def build(parameters, features, head, dtype, seed):
    """A compiled network for so many features, as the attributes of ``parameters`` want it."""
    stack: list = [layers.Input((features,))]
    for units in widths(parameters):
        stack.append(layers.Dense(units, parameters.activation))
        if parameters.dropout:
            stack.append(layers.Dropout(parameters.dropout))
    stack.append(layers.Dense(head.units, head.activation))
    model = Sequential(stack, dtype=dtype, seed=seed)
    model.compile(optimizer(parameters), head.loss, metrics=list(head.metrics))
    # In a fold of a cross-validation a rare feature is easily the same in every row.
    model.warned.add("constant")
    return model


def widths(parameters):
    """The hidden layers' widths; one number is one layer."""
    given = parameters.hidden_layer_sizes
    return (given,) if isinstance(given, numbers.Number) else tuple(given)


def optimizer(parameters):
    """An optimizer of the network's own, with the learning rate that was asked for."""
    found = optimizers.get(copy.deepcopy(parameters.optimizer))
    if parameters.learning_rate is not None:
        found.learning_rate = parameters.learning_rate
    return found


def going_on(model, parameters):
    """The trained ``model``, with the learning rate that is asked for now.

    Raises ValueError if it does not have the hidden layers that are asked for.
    """
    hidden = [each for each in model.layers if isinstance(each, layers.Dense)][:-1]
    found, wanted = tuple(each.units for each in hidden), widths(parameters)
    if found != wanted:
        raise ValueError(
            f"hidden_layer_sizes is {wanted} now, but the network to go on with has {found}.\n"
            "Set warm_start=False, or clone the estimator, to begin with a new one."
        )
    if parameters.learning_rate is not None:
        model.optimizer.learning_rate = parameters.learning_rate
    return model
