"""The same training by Keras, recorded beside a run: what the parity lens compares.

    loss        (S,)      each step's loss, before its update
    parameters  (S+1, N)  all parameters, flat, in the order of the layers, kernel then bias
    gradient    (S, N)    each step's gradient, in the same order

The file is ``.npz`` or ``.safetensors`` with these arrays. A training is comparable where it
began with the same weights and had the same rows in the same order (``shuffle="keras"``).
"""

import zipfile
from pathlib import Path

import numpy as np

NAMES = ("loss", "parameters", "gradient")


def read(path, run):
    """{name: array} of a Keras run, cut to the steps that both have.

    Raises ValueError for a file that is not one, or one of another model.
    """
    arrays = _load(Path(path))
    missing = [name for name in NAMES if name not in arrays]
    if missing:
        raise ValueError(
            f"{str(path)!r} is not a Keras run: it lacks {missing[0]!r}; it needs loss (S,),"
            " parameters (S+1, N) and gradient (S, N)."
        )
    if not run.is_complete:
        raise ValueError("a Keras run can only be compared with a run that has all its states")
    steps, numbers = min(len(arrays["loss"]), run.steps), run.parameters.shape[1]
    cut = {name: arrays[name][: steps + (name == "parameters")] for name in NAMES}
    shapes = {
        "loss": (steps,),
        "parameters": (steps + 1, numbers),
        "gradient": (steps, numbers),
    }
    for name, shape in shapes.items():
        if cut[name].shape != shape:
            raise ValueError(
                f"the Keras run in {str(path)!r} does not fit this run: {name!r} must have the"
                f" shape {shape}, got {arrays[name].shape}"
            )
    return cut


def _load(path):
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return dict(file)
        from safetensors.numpy import load_file

        return load_file(path)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{str(path)!r} is not a sound file of arrays: {error}") from None
    except Exception as error:  # safetensors' own error class, which is imported with it
        if type(error).__name__ != "SafetensorError":
            raise
        raise ValueError(f"{str(path)!r} is not a whole safetensors file: {error}") from None
