"""The command line: ``python -m parity`` runs the gates; sub-commands do everything else.

A sub-command is a function under ``@app.command()``. Results go to stdout, progress and errors
to stderr. Exit codes: 0 all passed, 1 a gate failed, 2 a wrong option, or no TensorFlow.
"""

import contextlib
import importlib.util
import shlex
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from nnscratch import checks
from parity import cases, gates, golden, own_model, report, run

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
CASES = [case.name for case in (*cases.MODELS, *cases.PARTS)]


def known(kind, names):
    """A callback for an option that takes some of ``names()``, apart by commas or repeated."""

    def parse(given: list[str] | None):
        return [each for text in given or () for each in _split(kind, text, names())] or None

    return parse


def _split(kind, text, names):
    """The names in a text; one that holds a comma itself has to stand alone."""
    found = [text] if text in names else [each.strip() for each in text.split(",")]
    for name in found:
        if name not in names:
            near = checks.did_you_mean(name, names)
            raise typer.BadParameter(
                f"unknown {kind} {name!r}.{near}\nThere are: {'; '.join(names)}."
            )
    return found


def _seeds(number: int | None):
    if number is not None and (number < 0 or number == 1):
        raise typer.BadParameter(
            f"expected 0 (no Gate 3), or 2 and more, got {number}: one seed has no scatter."
        )
    return number


@app.callback(invoke_without_command=True)
def compare(
    context: typer.Context,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="One epoch of images, the recorded floor, no Gate 3."),
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Every epoch of every case.")] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Only run Keras anew: does what was recorded still hold?"),
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Some cases only: m4,m10",
            callback=known("case", lambda: CASES),
        ),
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="float64 or float32. Left out: both.",
            callback=known("dtype", lambda: cases.DTYPES),
        ),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Of nnscratch: eager or fused. Left out: all that are here.",
            callback=known("engine", lambda: list(gates.engines())),
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How many for Gate 3. Left out: 20, and 100 for m1 and m2. 0: no Gate 3.",
            callback=_seeds,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="For report.html and report.json.")
    ] = Path("out/parity"),
):
    """Is nnscratch the same machine as tf.keras? Compares them gate by gate and reports."""
    if context.invoked_subcommand is not None:
        return
    if quick and full:
        raise typer.BadParameter("give --quick or --full, not both.")
    if live and (quick or engine or seeds is not None):
        raise typer.BadParameter("beside --live go --only, --dtype and --full.")
    need_tensorflow()
    dtypes = dtype or cases.DTYPES
    if live:
        is_record_true(only=only, dtypes=dtypes, whole=full)
    profile = run.QUICK if quick else run.FULL if full else run.STANDARD
    with progress() as tell, warnings.catch_warnings():
        # Some of these networks are dead or badly scaled on purpose.
        warnings.simplefilter("ignore", checks.TrainingWarning)
        outcome = run.run(
            profile, only=only, dtypes=dtypes, engines=engine, seeds=seeds, tell=tell
        )
    finish(outcome, out)


@app.command()
def check(
    target: Annotated[str, typer.Argument(metavar="MODULE:FUNCTION")],
    data: Annotated[str, typer.Option(metavar="FILE", help="An .npz with x and y.")],
    epochs: Annotated[int, typer.Option(help="To train freely.")] = 3,
    batch_size: Annotated[int, typer.Option(help="Rows for each update.")] = 32,
    steps: Annotated[int, typer.Option(help="To take from Keras's own state.")] = 200,
    seed: Annotated[int | None, typer.Option(help="Of the row order.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float64 or float32.")] = None,
):
    """Compare a tf.keras model of your own: FUNCTION returns it, compiled."""
    need_tensorflow()
    sys.path.insert(0, "")  # the module lies where the command is typed
    options = {"epochs": epochs, "batch_size": batch_size, "steps": steps, "seed": seed}
    try:
        outcome = own_model.check_command(target, data, dtype=dtype, **options)
    except (ValueError, FileNotFoundError, ModuleNotFoundError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(0 if outcome.passed else 1)


@app.command()
def record():
    """Write the recording of Keras anew, which the tests replay; takes half an hour."""
    need_tensorflow()
    with progress() as tell:
        golden.write(tell=tell)


def is_record_true(**options):
    """Run Keras beside the record, say what moved, and end with the exit code."""
    with progress() as tell:
        moved = golden.live(tell=tell, **options)
    for line in moved or ["The record holds: Keras does what it did."]:
        typer.echo(line)
    raise typer.Exit(1 if moved else 0)


def need_tensorflow():
    """End with exit code 2 and the command to type, if TensorFlow is not installed."""
    if importlib.util.find_spec("tensorflow") is None:
        typer.echo(
            "TensorFlow is not installed; this installs it and runs: make parity", err=True
        )
        raise typer.Exit(2)


def finish(outcome, out):
    """Write the report, show it, and end with the exit code."""
    from rich.console import Console

    path = report.save(
        outcome, out, command=shlex.join(["python", "-m", "parity", *sys.argv[1:]])
    )
    report.show(outcome, Console())
    typer.echo(f"The report: {path}", err=True)
    raise typer.Exit(0 if outcome.passed else 1)


@contextlib.contextmanager
def progress():
    """A function that shows what is being done: one line on a terminal, else line by line."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: typer.echo(text, err=True)
        return
    columns = (
        SpinnerColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda text: bar.update(task, description=text)


if __name__ == "__main__":
    app(prog_name="python -m parity")
