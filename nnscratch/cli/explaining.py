"""``nnscratch explain`` and ``gradcheck``: look into one training step, check gradients."""

import importlib
import sys
from pathlib import Path

import numpy as np

from nnscratch import datasets, gradient_check, layers, models, optimizers, utils
from nnscratch.checks import did_you_mean
from nnscratch.cli import tables, using
from nnscratch.cli.tables import CIRCLES_TRAIN_ROWS
from nnscratch.explain import check, explain
from nnscratch.explain.page import Heading, Page, Table
from nnscratch.explain.probe import brackets

CIRCLES_RATES = {"adam": 0.01, "rmsprop": 0.01, "sgd": 0.1}


# ---- explain ---------------------------------------------------------------------------------


def explain_circles(data, rows, row, optimizer, epochs, seed):
    """Print the page on the small net, trained on circles for so many epochs."""
    if data not in (None, "circles"):
        raise ValueError(
            "to explain a step on data of your own, name a model that was trained on it:\n"
            f"nnscratch train --data {data} --save model.nnscratch.safetensors\n"
            f"nnscratch explain model.nnscratch.safetensors --data {data}"
        )
    model = circles_model(optimizer, seed)
    x, y = datasets.circles()
    seen = x[:CIRCLES_TRAIN_ROWS], y[:CIRCLES_TRAIN_ROWS]
    model.fit(*seen, epochs=epochs, verbose=0)
    x, y = _some_of_both(*seen, rows)
    _show_step(model, x, y, row)


def _some_of_both(x, y, rows):
    """The first points of both circles, in their order."""
    inner, outer = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    chosen = np.sort(np.concatenate([inner[: rows - rows // 2], outer[: rows // 2]]))
    return x[chosen], y[chosen]


def circles_model(optimizer, seed):
    """2 -> 10 -> 5 -> 1, compiled; float64, so that the page need not speak of rounding."""
    stack = [layers.Dense(10, "relu"), layers.Dense(5, "relu"), layers.Dense(1, "sigmoid")]
    model = models.Sequential(stack, "circles", seed=seed, dtype="float64")
    chosen = optimizers.get(optimizer)
    chosen.learning_rate = CIRCLES_RATES[chosen.name]
    model.compile(
        chosen, "binary_crossentropy", run_eagerly=True
    )  # need not wait for a compiler
    return model


def explain_file(path, data, label, rows, row):
    """Print the page on the next step of a saved model, on the first rows of ``data``."""
    if data is None:
        raise ValueError("say with --data which rows the step is made on")
    model, recipe = using.load(path)
    found = tables.read(data, label=label or recipe.label, features=recipe.features)
    x, y = recipe.prepare((found.x[:rows], found.y[:rows]))
    if model.loss.targets == "one-hot rows":
        y = np.eye(model.output_shape[-1])[y]
    _show_step(model, x, y, row)


def _show_step(model, x, y, row):
    _show(explain(model.trace(x, y), row=row))


def _show(page):
    """Colours and tables on a terminal, plain lines into a file or a pipe."""
    if not sys.stdout.isatty():
        print(page)
        return
    from rich.console import Console

    Console(highlight=False).print(page)


# ---- gradcheck -------------------------------------------------------------------------------


def gradcheck(target, data, rows, seed):
    """Print the report on ``module:name``; returns whether all gradients are right."""
    utils.set_random_seed(seed)  # for what is drawn when the module makes its model or layer
    subject = _find(target)
    x, y = _random_rows(subject, rows, seed) if data is None else _rows_of(data, rows)
    report = gradient_check.gradcheck(subject, x, y)
    _show(report_page(report))
    return report.ok


def report_page(report):
    """A GradientCheck as a page: the table, the verdict, and the V of the error over h."""
    page = Page()
    page.add(
        Heading("Backward beside central differences", 1),
        check.table(report.tensors, report.tolerance),
        report.verdict,
    )
    if report.curve:
        curve = [[f"{h:.0e}", f"{error:.0e}"] for h, error in report.curve.items()]
        page.add(
            f"The error at {report.worst.name}{brackets(*report.worst.index)} over the step h:"
            " too coarse at the top, rounding at the bottom.",
            Table(["h", "error"], curve),
        )
    return page


def _find(target):
    """The model or layer that ``module:name`` means; a function is called for it."""
    module_name, colon, name = target.partition(":")
    if not colon or not module_name or not name:
        raise ValueError(f"write module:name, for example my_net:model, got {target!r}")
    module = _import(module_name.removesuffix(".py"))
    if not hasattr(module, name):
        known = [each for each in vars(module) if not each.startswith("_")]
        raise ValueError(
            f"there is no {name!r} in {module.__name__}.{did_you_mean(name, known)}"
        )
    found = getattr(module, name)
    if callable(found) and not isinstance(found, (layers.Layer, models.Sequential)):
        found = found()
    if not isinstance(found, (layers.Layer, models.Sequential)):
        raise TypeError(
            f"{target} is a {type(found).__name__}, but gradcheck needs a compiled\n"
            "Sequential, a layer, or a function or class that makes one if called with nothing."
        )
    return found


def _import(name):
    """A module of the folder that one is in, as ``python -m`` finds it, or an installed one."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise ValueError(f"{name} needs a module that is missing: {error.name}") from error
        near = [path.stem for path in Path.cwd().glob("*.py")]
        raise ValueError(
            f"there is no module {name!r} in {folder}.{did_you_mean(name, near)}"
        ) from error


def _rows_of(path, rows):
    """The first rows of the arrays x and y in an .npz file; y may be missing."""
    arrays = tables.arrays_of(path, names=("x", "y"))
    if "x" not in arrays:
        raise ValueError(
            f"{path.name} must hold an array x.\nWrite it with np.savez('data.npz', x=x, y=y)."
        )
    return arrays["x"][:rows], arrays["y"][:rows] if "y" in arrays else None


def _random_rows(subject, rows, seed):
    """Normal rows x, and for a model targets that its loss can take."""
    rng = np.random.default_rng(seed)
    shape = _row_shape(subject)
    if shape is None:
        raise ValueError(
            f"{subject!r} does not say how wide its rows are.\n"
            "Start a model with nn.layers.Input((features,)), give a layer input_shape=, or\n"
            "pass rows: --data rows.npz, written with np.savez('rows.npz', x=x, y=y)."
        )
    x = rng.normal(size=(rows, *shape))
    if isinstance(subject, layers.Layer):
        return x, None
    subject.require_compiled("gradcheck")
    return x, _random_targets(subject.loss.targets, rows, subject.output_shape[-1], rng)


def _row_shape(subject):
    if subject.input_shape is not None:
        return subject.input_shape[1:]
    return getattr(subject, "row_shape", None)


def _random_targets(kind, rows, outputs, rng):
    if kind == "numbers":
        return rng.normal(size=(rows, outputs))
    if kind == "probabilities":
        return rng.integers(0, 2, size=(rows, outputs))
    classes = rng.integers(0, outputs, size=rows)
    return classes if kind == "classes" else np.eye(outputs)[classes]
