"""What the learner reads: plain words, with a table drawn by rich on a terminal."""

import sys
import textwrap

from nnscratch.learn.ladder import LADDER

WIDTH = 88
HEADERS = {3: ("", "", "taken for"), 4: ("result", "its shape", "shape of yours", "")}


def show(task, verdict, folder):
    """Print the result of a check."""
    print(f"Exercise {task.number}: {task.title}\n")
    if verdict.printed:
        print("Your code printed:", *_indented(verdict.printed.splitlines()), "", sep="\n")
    if verdict.solved:
        _show_solved(folder)
    else:
        _show_wrong(verdict)


def _show_solved(folder):
    done = len(folder.solved)
    print(f"Solved. {done} of {len(LADDER)} {'is' if done == 1 else 'are'} done.")
    if (following := folder.next()) is None:
        print("That was the whole ladder: all of backpropagation is yours.")
    else:
        print(f"Next, {following.title}:  nnscratch learn start {following.number}")


def _show_wrong(verdict):
    if verdict.done:
        print(f"Right already: {', '.join(verdict.done)}")
    print(f"Not yet: {verdict.about}" if verdict.about else "Not yet.")
    print(*map(_wrapped, verdict.says), "", sep="\n")
    if verdict.table:
        table(HEADERS[len(verdict.table[0])], verdict.table)
        print()
    if verdict.shown:
        print(*_indented(verdict.shown), "", sep="\n")
    if verdict.hints:
        print(_wrapped(f"Hint: {verdict.hints[0]}"))
    if len(verdict.hints) > 1:
        print("(There is a second one: nnscratch learn hint)")


def show_ladder(folder):
    """Print all exercises and how far each is."""
    rows = [(str(task.number), task.title, folder.state(task)) for task in LADDER]
    table(("", "exercise", ""), rows)
    if (following := folder.next()) is not None:
        print(f"\nGo on with:  nnscratch learn start {following.number}")


def show_hints(failed):
    """Print both hints of the last check that failed."""
    print(f"Exercise {failed['number']}:", *map(_wrapped, failed["says"]), "", sep="\n")
    for name, hint in zip(("First hint", "Second hint"), failed["hints"], strict=False):
        print(_wrapped(f"{name}: {hint}"))


def _wrapped(text):
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _indented(lines):
    return [f"  {line}" for line in lines]


def table(headers, rows):
    """Print a table: drawn on a terminal, else columns of plain text."""
    if sys.stdout.isatty():
        _drawn(headers, rows)
        return
    lines = [row for row in (headers, *rows) if any(row)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  " + "  ".join(cells).rstrip())


def _drawn(headers, rows):
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*headers, box=box.SIMPLE_HEAD)
    for row in rows:
        style = "green" if row[-1] in ("right", "solved") else None
        drawn.add_row(*(Text(cell) for cell in row), style=style)
    Console().print(drawn)
