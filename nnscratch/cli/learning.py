"""``nnscratch learn``: the fourteen exercises."""

from pathlib import Path
from typing import Annotated

import typer

from nnscratch.learn import report, running
from nnscratch.learn.folder import Folder
from nnscratch.learn.ladder import LADDER, exercise

Which = Annotated[
    str | None,
    typer.Argument(
        metavar="EXERCISE",
        help="The number or name of the exercise. Left out: the one you work on.",
        show_default=False,
    ),
]
Where = Annotated[
    Path | None,
    typer.Option(
        "--folder", help="Your folder for the exercises. Left out: ./learn-nnscratch."
    ),
]


def commands(friendly):
    """The commands below ``nnscratch learn``; each is made with ``friendly`` around it."""
    app = typer.Typer(
        help="Fourteen exercises, from one neuron to a step of Keras, and a checker that says"
        " which kind of wrong. Begin with: nnscratch learn start",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for command in (list_, start, check, hint, solution):
        app.command(command.__name__.rstrip("_"))(friendly(command))
    return app


def list_(folder: Where = None):
    """Show the exercises, and which of them you have solved."""
    report.show_ladder(Folder(folder))


def start(which: Which = None, folder: Where = None):
    """Put an exercise into your folder; a file of yours is never overwritten."""
    own = Folder(folder)
    task = exercise(which) if which else own.next() or LADDER[-1]
    new = own.start(task)
    print(f"Exercise {task.number}: {task.title}")
    print(
        f"{own.file(task)} {'is written.' if new else 'is there already and stays as it is.'}"
    )
    print("Open it, read its beginning, fill in the function, then:  nnscratch learn check")


def check(which: Which = None, folder: Where = None):
    """Run your file and say whether it is right, or which kind of wrong it is."""
    own = Folder(folder)
    task = own.chosen(which)
    verdict = running.check(task, own.file(task))
    own.keep(task, verdict)
    report.show(task, verdict, own)
    if not verdict.solved:
        raise typer.Exit(1)


def hint(which: Which = None, folder: Where = None):
    """Show both hints on what the last check found."""
    own = Folder(folder)
    task = own.chosen(which)
    failed = own.failed(task.number)
    if failed is None:
        raise ValueError(
            f"no check of exercise {task.number} has failed, so there is nothing to hint at.\n"
            f"Run: nnscratch learn check {task.number}"
        )
    report.show_hints(failed)


def solution(which: Which = None, folder: Where = None):
    """Show a solution, after asking whether you want to see it."""
    own = Folder(folder)
    task = exercise(which) if which else own.chosen()
    if task.number not in own.solved:
        typer.confirm(f"Show a solution of exercise {task.number}?", abort=True)
    print(task.solution, end="")
