"""Exercise 10: train two circles to 99 %.

What stands in the way is found by experiment: the learner's own model is trained on, or again
with another learning rate, or with more hidden units, and what mends it is named.
"""

import copy
import warnings

import numpy as np

from nnscratch import checks, datasets, layers, models, optimizers, utils
from nnscratch.learn.verdict import Wrong, wrong
from nnscratch.losses.formulas import CrossEntropy

ROWS, WANTED = 800, 0.99
SOUND_RATE = 0.01  # Adam's, of the experiments
ALIKE = 1e-3  # weights that were equal once differ by what float32 rounded
ENOUGH = 8  # units of a hidden layer, to surround a circle with some to spare
LONG = 150  # epochs, of the experiments
CURVED = {"relu", "leaky_relu", "sigmoid", "tanh", "softmax"}
SQUASHED = {"sigmoid", "softmax"}


def check(learner):
    """Raises Wrong unless the trained model knows 99 % of circles that it never saw."""
    x, y = datasets.circles()
    seen = {"x": x[:ROWS], "y": y[:ROWS]}
    model = _trained(learner, seen)
    _check_is_trained(model)
    reached = accuracy(model)
    if reached < WANTED:
        raise _diagnosis(model, seen["x"], seen["y"], reached)


def _trained(learner, seen):
    try:
        return learner.call("train", seen)
    except Wrong as found:
        if isinstance(found.__cause__, checks.NonFiniteError):
            raise _broke_down(found.__cause__) from found
        raise


def _broke_down(error):
    return wrong(
        "broke down",
        "The training ended in numbers that are not finite.",
        shown=str(error).splitlines(),
        hints=(
            "How long is a step of your training?",
            "Take a learning rate a hundred times smaller, or Adam with 0.01.",
        ),
    )


def accuracy(model):
    """The share of rows told apart, of circles drawn from another seed."""
    x, y = datasets.circles(seed=7)
    p = model.predict(x, verbose=0)
    said = p[:, 0] > 0.5 if p.shape[1] == 1 else p.argmax(axis=1)
    return float((said == y).mean())


def _check_is_trained(model):
    if not isinstance(model, models.Sequential):
        raise wrong(
            "not a model",
            f"train must return the trained nn.Sequential, got {type(model).__name__}.",
            hints=("What stands behind return?", "fit returns the History, not the model."),
        )
    if not model.compiled or not model.epochs_trained:
        raise wrong(
            "not trained",
            "The model was never trained: it has its first, random weights.",
            hints=(
                "Three calls make a trained model: Sequential, compile, ...",
                "model.fit(x, y, epochs=..., verbose=0)",
            ),
        )


def _diagnosis(model, x, y, reached):
    said = f"It tells {100 * reached:.1f} % of new rows apart; {100 * WANTED:.0f} % are wanted."
    kind, why, *hints = _by_looking(model) or _by_experiment(model, x, y)
    return wrong(kind, said, why, hints=hints)


# ---- what shows in the model itself ----


def _by_looking(model):
    names = [_activation(layer) for layer in model.layers]
    if not set(names[:-1]) & CURVED:
        return (
            "no bend",
            "No hidden layer bends: layers without an activation are together one straight"
            " line, and no line separates two circles.",
            "What does a Dense layer do without an activation?",
            "Give the hidden layers activation='relu' or 'tanh'.",
        )
    if _wants_probabilities(model.loss) and names[-1] not in SQUASHED:
        return (
            "output not a probability",
            f"The last layer ends in {names[-1]}, but a cross-entropy takes its output for a"
            " probability.",
            "Which activation makes a probability of any number?",
            "Give the last layer activation='sigmoid'.",
        )
    if _twins(model):
        return (
            "all units alike",
            "All hidden units of a layer have the same weights, and so the same gradients: they"
            " stay alike and count as one.",
            "How do your weights begin?",
            "Leave the kernel_initializer away: it draws each weight at random.",
        )
    return None


def _wants_probabilities(loss):
    return isinstance(loss, CrossEntropy) and not loss.from_logits


def _activation(layer):
    return getattr(getattr(layer, "activation", None), "name", "linear")


def _twins(model):
    hidden = [layer for layer in model.layers[:-1] if "W" in layer.params]
    weights = [layer.params["W"] for layer in hidden]
    return any(W.shape[1] > 1 and np.ptp(W, axis=1).max() < ALIKE for W in weights)


# ---- what an experiment shows ----


def _by_experiment(model, x, y):
    rate = model.optimizer.learning_rate
    if _mended(_trained_on, model, x, y):
        return (
            "too few steps",
            f"The net is able to learn it, but stopped too soon: after {LONG} epochs more it"
            " passes.",
            "What does the loss do in the last epochs? print(model.history.history['loss'])",
            "Raise epochs.",
        )
    if _mended(_trained_anew, model, x, y, model.layers):
        much = "high" if rate > SOUND_RATE else "low"
        return (
            f"learning rate too {much}",
            f"The learning rate {rate:g} is too {much}: the same net passes with Adam and"
            f" {SOUND_RATE:g}.",
            "Does the loss jump about, or does it hardly move?",
            f"nn.optimizers.Adam({SOUND_RATE:g})",
        )
    if _mended(_trained_anew, model, x, y, _wider(model)):
        return (
            "too narrow" if _widest(model) < ENOUGH else "hidden layers",
            "With your hidden layers it does not come that far, however long and well it is"
            " trained; with two hidden layers of 16 ReLUs each it does.",
            "How many straight cuts does it take to surround a circle?",
            "Ten units or more in the first hidden layer, with 'relu' or 'tanh'.",
        )
    return (
        "unknown",
        "Neither more epochs, nor another learning rate, nor more units mends it.",
        "Begin with a small net that is known to work, and change one thing at a time.",
        "Dense(10, 'relu'), Dense(5, 'relu'), Dense(1, 'sigmoid'), Adam(0.01), 100 epochs",
    )


def _mended(train, *arguments):
    """Whether a training brings the net to what is wanted; one that breaks down does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # these are not the learner's trainings
        try:
            return accuracy(train(*arguments)) >= WANTED
        except ValueError:  # NonFiniteError, or a layer that cannot be made again
            return False


def _trained_on(model, x, y):
    """A copy of the model, trained longer in its own way."""
    model = copy.deepcopy(model)
    model.run_eagerly = True
    return _fit(model, x, y)


def _trained_anew(model, x, y, stack):
    """The same layers, from new weights, trained well."""
    other = models.Sequential([_fresh(layer) for layer in stack], seed=1)
    other.compile(optimizers.Adam(SOUND_RATE), model.loss, run_eagerly=True)
    return _fit(other, x, y)


def _fresh(layer):
    return layers.deserialize(layers.serialize(layer)) if layer.built else layer


def _widest(model):
    return max(
        (layer.units for layer in model.layers[:-1] if hasattr(layer, "units")), default=0
    )


def _wider(model):
    """Two hidden layers of 16 units, and the model's own last Dense with what follows it."""
    dense = [k for k, layer in enumerate(model.layers) if isinstance(layer, layers.Dense)]
    hidden = [layers.Dense(16, "relu", name=f"wide_{k}") for k in (1, 2)]
    return hidden + model.layers[dense[-1] :]


def _fit(model, x, y):
    if model.loss.targets == "one-hot rows":
        y = utils.to_categorical(y, 2)
    model.fit(x, y, epochs=LONG, verbose=0)
    return model
