"""``nnscratch export``: a saved model for other programs."""

import os
import warnings
from pathlib import Path
from typing import Annotated

import typer

from nnscratch import checks, models, saving
from nnscratch.cli.recipe import MADE_BY, Recipe

SUFFIXES = {"onnx": ".onnx", "keras": ".keras", "numpy": ".py"}


def export(
    model: Annotated[Path, typer.Argument(help="A saved model.")],
    to: Annotated[
        str,
        typer.Option(help="onnx, keras, or numpy: a Python file that needs NumPy alone."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file. Left out: beside the model.")
    ] = None,
):
    """Write a saved model as an ONNX file, a Keras file or a Python file."""
    suffix = checks.look_up("--to", to, SUFFIXES)
    network = models.load_model(model)
    out = out or model.with_name(model.name.split(".")[0] + suffix)
    _warn_of_recipe(saving.read(model)[1]["note"])
    if to == "onnx":
        network.to_onnx(out)
    elif to == "numpy":
        network.to_numpy_source(out)
    else:
        _write_keras(network, out)
    print(f"{out}  ({out.stat().st_size / 1e3:,.1f} kB)")


def _write_keras(network, out):
    if out.suffix != ".keras":
        raise ValueError(f"the name of a Keras file ends in .keras, got {out.name!r}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # else TensorFlow greets on stderr
    out.parent.mkdir(parents=True, exist_ok=True)
    network.to_keras().save(out)


def _warn_of_recipe(note):
    """Say what ``nnscratch train`` does around the network, which alone is exported."""
    if not isinstance(note, dict) or note.get("made_by") != MADE_BY:
        return
    recipe = Recipe(**note["recipe"])
    if recipe.standardized:
        warnings.warn(
            "the network was trained on standardized features, so give it (x - mean) / scale"
            f" with mean = {recipe.mean} and scale = {recipe.scale}",
            stacklevel=1,
        )
    if recipe.target_scale != 1:
        warnings.warn(
            f"its output is standardized too: {recipe.label!r} is output * scale + mean"
            f" with mean = {recipe.target_mean} and scale = {recipe.target_scale}",
            stacklevel=1,
        )
