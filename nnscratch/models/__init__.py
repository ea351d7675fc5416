"""The model: Sequential, and where one comes from: a file, or Keras."""

from os import PathLike
from typing import Any

from nnscratch.models.loading import load
from nnscratch.models.sequential import Sequential

__all__ = ["Sequential", "from_keras", "load_model"]


def load_model(
    filepath: str | PathLike[str], custom_objects: dict[str, Any] | None = None
) -> Sequential:
    """The model that ``model.save(filepath)`` wrote, ready to go on training.

    custom_objects  {name: class or function} for the layers, losses, metrics, optimizers and
                    schedules of your own

    Raises FileNotFoundError for a file that is not there, ValueError for one that is damaged,
    of another kind, or of a newer version.
    """
    return load(filepath, custom_objects)


def from_keras(keras_model: Any, **compile_options: Any) -> Sequential:
    """The Sequential that equals a built keras.Sequential, and goes on where that stands.

    Layers with their names and weights, number format, loss, metrics, and the optimizer with
    its state and learning rate or schedule, all to the bit; Dropout's seeds and how many masks
    were drawn. ``model.to_keras()`` is the way back, and so ``.keras`` files are read and
    written by Keras itself:

        model = nn.from_keras(keras.models.load_model("model.keras"))
        model.to_keras().save("model.keras")

    Such a file holds Dropout's seed, but not how many masks were drawn. For float64 models call
    ``keras.config.set_floatx("float64")`` before Keras reads one.

    keras_model      is only read; initializers that we lack are replaced, as the weights are
                     there already
    compile_options  such as run_eagerly=True, in place of what Keras's model was compiled with

    Raises ValueError, in one sentence, for any other layer or option that we do not have.
    """
    from nnscratch.exchange import from_keras

    return from_keras.sequential(keras_model, Sequential, **compile_options)
