"""A page in colours, for a terminal that can show them."""

from rich.table import Table as RichTable
from rich.text import Text

from nnscratch.explain.page import OF_TABLE, Equation, Heading, Table

STYLES = {1: "bold underline", 2: "bold cyan", 3: "bold"}
VERDICTS = {"ok": "green", "WRONG": "bold red"}


def rendered(page, space):
    """The page's blocks as what rich prints; ``space`` tells the empty lines between two."""
    before = None
    for block in page.blocks:
        yield from [Text("")] * space(before, block)
        yield from _blocks(block)
        before = block


def _blocks(block):
    if isinstance(block, Heading):
        yield Text(block.text, STYLES[block.level])
    elif isinstance(block, Table):
        yield table(block.header, block.rows)
    else:
        lines = [Text(line) for line in block.lines()]
        if isinstance(block, Equation):
            lines[-1].highlight_regex(r"(?<=[=~] )\S+", "bold green")
        yield from lines


def table(header, rows):
    """A rich table; its first column is on the left, the others on the right."""
    result = RichTable(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    result.add_column(OF_TABLE + header[0], no_wrap=True)
    for name in header[1:]:
        result.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        result.add_row(OF_TABLE + row[0], *(Text(c, VERDICTS.get(c, "")) for c in row[1:]))
    return result
