"""The commands and their options; errors, warnings and Ctrl-C as one message each on stderr."""

import contextlib
import functools
import os
import sys
import types
import warnings
from pathlib import Path
from typing import Annotated

import typer

import nnscratch
from nnscratch import progress
from nnscratch.cli import exporting, learning

app = typer.Typer(
    name="nnscratch",
    help="A neural network you can read, check and race. Begin with: nnscratch demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its boxes leave the words too little room
)
_settings = {"debug": False}

Quiet = Annotated[bool, typer.Option("--quiet", help="Show results and warnings only.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same numbers again.")]
ModelFile = Annotated[Path, typer.Argument(help="A file that train --save has written.")]
Data = Annotated[
    str,
    typer.Option(
        help="circles, fashion-mnist, fashion-mnist-small (the images that ship with"
        " nnscratch), or a file .csv, .tsv or .npz (arrays x and y)."
    ),
]


def _friendly(command):
    """The command, with errors, warnings and Ctrl-C in plain words on stderr."""

    @functools.wraps(command)
    def run(**options):
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_warning
            try:
                command(**options)
                sys.stdout.flush()
            except KeyboardInterrupt as interrupt:
                _end(130, str(interrupt) or "Interrupted.")
            except BrokenPipeError:  # whoever read stdout has had enough, as `head` does
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                sys.exit(1)
            except (ValueError, TypeError, OSError, ModuleNotFoundError) as error:
                if _settings["debug"]:
                    raise
                _end(1, f"error: {_in_words(error)}")

    return run


def _end(code, text):
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    progress.message(text)
    raise typer.Exit(code)


def _in_words(error):
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {str(error.filename)!r}"
    return str(error)


def _show_warning(message, category, filename, lineno, file=None, line=None):
    """One line on stderr, without the source line, which is none of the user's."""
    progress.message(f"warning: {' '.join(str(message).split())}")


def _say_unless(quiet):
    return (lambda text: None) if quiet else progress.message


def _print_version(asked):
    if asked:
        print(nnscratch.__version__)
        raise typer.Exit


@app.callback()
def options_for_all(
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            envvar="NNSCRATCH_DEBUG",
            help="Show the traceback of an error: nnscratch --debug train ...",
        ),
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
):
    """Take the options that stand before the command."""
    _settings["debug"] = debug


@app.command()
@_friendly
def demo(
    out: Annotated[Path, typer.Option(help="The folder for the pictures.")] = Path("out"),
    seed: Seed = 42,
    small: Annotated[
        bool, typer.Option("--small", help="Use the images that ship with nnscratch.")
    ] = False,
    epochs: Annotated[int, typer.Option(help="Epochs on Fashion-MNIST.", min=1)] = 10,
):
    """Train on circles and on Fashion-MNIST, report, and write pictures of both."""
    from nnscratch.cli import demo

    demo.run(out, seed=seed, small=small, epochs=epochs)


@app.command()
@_friendly
def train(
    data: Data,
    label: Annotated[
        str | None,
        typer.Option(
            help="The column of the labels. Left out: one called label, target, class or y,"
            " else the last."
        ),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="A column to leave out; may be repeated.")
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="classification or regression. Left out: texts and whole numbers are"
            " classes, numbers with a fraction a quantity."
        ),
    ] = None,
    standardize: Annotated[
        bool | None,
        typer.Option(
            "--standardize/--no-standardize",
            help="Bring each feature to mean 0 and deviation 1. Left out: done for your own"
            " tables, not for images and known data sets.",
        ),
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(help="The share of rows held out for the test. Left out: 0.2."),
    ] = None,
    validation: Annotated[
        float, typer.Option(help="The share of the other rows that is only watched.")
    ] = 0.1,
    layers: Annotated[str, typer.Option(help="The widths of the hidden layers.")] = "100,50",
    activation: Annotated[str, typer.Option(help="Of the hidden layers.")] = "relu",
    optimizer: Annotated[str, typer.Option(help="adam, rmsprop or sgd.")] = "adam",
    learning_rate: Annotated[
        float | None, typer.Option(help="Left out: the optimizer's own.")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Rows for each update.", min=1)] = 32,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="Left out: as long as the validation loss falls, at most about 2,000"
            " updates in 10 to 200 epochs.",
            min=1,
        ),
    ] = None,
    seed: Seed = 42,
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    save: Annotated[
        Path | None, typer.Option(help="Keep the model: model.nnscratch.safetensors.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the learning curves into this file.")
    ] = None,
    quiet: Quiet = False,
):
    """Train a network on a known data set or on your own table, and test it."""
    options = types.SimpleNamespace(**locals())
    from nnscratch.cli import tables, training

    training.check(options)
    rows = tables.read(data, label=label, drop=drop or ())
    training.train(rows, options, _say_unless(quiet))


@app.command()
@_friendly
def evaluate(
    model: ModelFile,
    data: Data,
    label: Annotated[
        str | None, typer.Option(help="The column of the labels. Left out: as in training.")
    ] = None,
    quiet: Quiet = False,
):
    """Test a saved model on rows that it was not trained on."""
    from nnscratch.cli import using

    using.evaluate(model, data, label, _say_unless(quiet))


@app.command()
@_friendly
def predict(
    model: ModelFile,
    data: Data,
    out: Annotated[
        Path | None, typer.Option(help="A CSV file to write. Left out: stdout.")
    ] = None,
    quiet: Quiet = False,
):
    """Predict the label of every row, as CSV."""
    from nnscratch.cli import using

    using.predict(model, data, out, _say_unless(quiet))


@app.command()
@_friendly
def explain(
    model: Annotated[
        Path | None,
        typer.Argument(help="A saved model. Left out: a small net, trained on circles first."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Rows for a saved model, as in evaluate.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="The column of the labels. Left out: as in training.")
    ] = None,
    rows: Annotated[int, typer.Option(help="How many rows the batch has.", min=1)] = 4,
    row: Annotated[
        int | None, typer.Option(help="The row to follow. Left out: the worst.", min=0)
    ] = None,
    optimizer: Annotated[
        str, typer.Option(help="adam, rmsprop or sgd, for the net on circles.")
    ] = "adam",
    epochs: Annotated[
        int, typer.Option(help="How long the net on circles is trained first.", min=0)
    ] = 8,
    seed: Seed = 42,
):
    """Work one training step out in numbers: forward, loss, backward, check, update."""
    from nnscratch.cli import explaining

    if model is None:
        explaining.explain_circles(data, rows, row, optimizer, epochs, seed)
    else:
        explaining.explain_file(model, data, label, rows, row)


@app.command()
@_friendly
def gradcheck(
    target: Annotated[
        str,
        typer.Argument(
            help="module:name of a compiled model, of a layer, or of a function that makes one."
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="A file .npz with arrays x and, for a model, y. Left out: random."),
    ] = None,
    rows: Annotated[int, typer.Option(help="How many rows to check with.", min=1)] = 5,
    seed: Seed = 42,
):
    """Compare every gradient with central differences; exit with 1 if one is wrong."""
    from nnscratch.cli import explaining

    if not explaining.gradcheck(target, data, rows, seed):
        raise typer.Exit(1)


@app.command()
@_friendly
def microscope(
    run: Annotated[
        Path | None, typer.Argument(help="A run file that nn.microscope.Recorder has written.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The page. Left out: beside the run; demos in out/."),
    ] = None,
    demo: Annotated[
        str | None, typer.Option(help="Train and show circles, fashion-mnist or gallery.")
    ] = None,
    keras: Annotated[
        Path | None, typer.Option(help="The same training by Keras, .npz or .safetensors.")
    ] = None,
    seed: Seed = 42,
    quiet: Quiet = False,
):
    """Show a recorded training, step by step and forwards and backwards, as one HTML page."""
    from nnscratch.cli import microscope

    microscope.write(run, out, demo, keras, seed, _say_unless(quiet))


@app.command()
@_friendly
def warmup(
    dtype: Annotated[
        list[str] | None,
        typer.Option(help="float32 (if left out) or float64; may be repeated."),
    ] = None,
):
    """Compile the kernels of the common losses with Adam now, so that no training waits."""
    from nnscratch.cli import warmup

    warmup.compile_kernels(dtype or ["float32"])


@app.command()
@_friendly
def info(
    model: Annotated[Path | None, typer.Argument(help="A saved model.")] = None,
):
    """Show what a saved model is and how it was trained; without one, this installation."""
    if model is None:
        nnscratch.config.show()
        return
    from nnscratch.cli import using

    using.info(model)


app.command()(_friendly(exporting.export))
app.add_typer(learning.commands(_friendly), name="learn")
