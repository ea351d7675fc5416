"""A page of headings, sentences, worked equations and tables: as text, in colours, as HTML."""

import html
import re
import textwrap
from dataclasses import dataclass, field

from nnscratch.explain import expressions

WIDTH = 80
INDENT = "    "
OF_TABLE = "  "  # its columns need the room


@dataclass
class Heading:
    """A line of its own; level 1 is the page's title, 2 a chapter, 3 a layer."""

    text: str
    level: int = 2

    def lines(self):
        """The line, and below it a rule for the two upper levels."""
        rule = {1: "=", 2: "-"}.get(self.level)
        return [self.text, rule * len(self.text)] if rule else [self.text]

    def as_html(self):
        """<h2> to <h4>: a page of its own is the notebook's."""
        return f"<h{self.level + 1}>{html.escape(self.text)}</h{self.level + 1}>"


@dataclass
class Paragraph:
    """Sentences; the lines break where they must."""

    text: str

    def lines(self):
        """Wrapped lines; none ends inside a formula, as between p and - t."""
        whole = re.sub(r" ([-+*/=@]) ", "\u00a0\\1\u00a0", self.text)
        lines = textwrap.wrap(whole, WIDTH, break_on_hyphens=False)
        return [line.replace("\u00a0", " ") for line in lines]

    def as_html(self):
        """<p>."""
        return f"<p>{html.escape(self.text)}</p>"


@dataclass
class Formula:
    """Formulas in symbols, each with what its shapes are."""

    rows: list  # of (formula, remark)

    def lines(self):
        """The formulas in one column, the remarks in a second one."""
        width = max(len(formula) for formula, _ in self.rows)
        return [f"{INDENT}{left:<{width}}   {right}".rstrip() for left, right in self.rows]

    def as_html(self):
        """<pre>."""
        return _pre(self.lines())


@dataclass
class Equation:
    """One number: its formula in symbols, the same with numbers, and the result.

    name     what is computed, as ``dz[2, 0]``
    symbols  the formula, or ""
    numbers  an Expression, or None where there is nothing to work out
    value    the result as training has it
    remark   a word after the result
    digits   of the result
    """

    name: str
    symbols: str
    numbers: expressions.Expression | None
    value: float
    remark: str = ""
    digits: int = expressions.SHOWN
    text: str = field(init=False)
    result: str = field(init=False)
    exact: bool = field(init=False)

    def __post_init__(self):
        if self.numbers is None:
            self.result, self.exact = expressions.number(self.value, self.digits), True
            self.text = self.result
        else:
            settled = expressions.settle(self.numbers, self.value, self.digits)
            self.text, self.result, self.exact = settled

    def lines(self):
        """Each part on a line that begins with its ``=``."""
        parts = [("=", self.symbols)] if self.symbols else []
        if not re.fullmatch(r"-?[\d.]+(e[-+]\d+)?", self.text):  # a lone number says no more
            parts.append(("=", self.text))
        parts.append(("=" if self.exact else "~", self.result))
        margin = " " * len(self.name)
        lines = []
        for i, (sign, part) in enumerate(parts):
            start = f"{INDENT}{margin if i else self.name} {sign} "
            lines += _broken(part, start)
        return self._with_remark(lines)

    def _with_remark(self, lines):
        rounded = "" if self.exact else "rounded by the number format on the way"
        remark = "; ".join(filter(None, (self.remark, rounded)))
        if remark and len(lines[-1]) + len(remark) + 5 <= WIDTH:
            lines[-1] += f"   ({remark})"
        elif remark:
            margin = f"{INDENT}{' ' * len(self.name)}   "
            lines += textwrap.wrap(
                f"({remark})", WIDTH, initial_indent=margin, subsequent_indent=margin + " "
            )
        return lines

    def as_html(self):
        """<pre>."""
        return _pre(self.lines())


@dataclass
class Table:
    """Rows of short texts under a header; the first column is on the left, others right."""

    header: list
    rows: list

    def lines(self):
        """Columns two spaces apart."""
        cells = [self.header, *self.rows]
        widths = [max(len(row[k]) for row in cells) for k in range(len(self.header))]
        return [OF_TABLE + self._line(row, widths) for row in cells]

    @staticmethod
    def _line(row, widths):
        first = f"{row[0]:<{widths[0]}}"
        others = (f"{cell:>{w}}" for cell, w in zip(row[1:], widths[1:], strict=True))
        return "  ".join([first, *others]).rstrip()

    def as_html(self):
        """<table>."""
        rows = [_html_row("th", self.header), *(_html_row("td", row) for row in self.rows)]
        return f"<table>{''.join(rows)}</table>"


class Page:
    """What ``explain`` returns: ``print`` it, or let a notebook show it.

    blocks     Headings, Paragraphs, Formulas, Equations and Tables, in their order
    equations  the Equations among them
    """

    def __init__(self):
        self.blocks = []

    def add(self, *blocks):
        """Put blocks at the end; a text is a Paragraph."""
        self.blocks += [Paragraph(b) if isinstance(b, str) else b for b in blocks]

    @property
    def equations(self):
        """All worked equations."""
        return [block for block in self.blocks if isinstance(block, Equation)]

    def __str__(self):
        lines, before = [], None
        for block in self.blocks:
            lines += [""] * _space(before, block) + block.lines()
            before = block
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self):
        return f"<div>{''.join(block.as_html() for block in self.blocks)}</div>"

    def __rich_console__(self, console, options):
        from nnscratch.explain import terminal

        return terminal.rendered(self, _space)


def _space(before, block):
    """How many empty lines stand between two blocks."""
    if before is None:
        return 0
    if isinstance(block, Heading):
        return 2 if block.level == 2 else 1
    if isinstance(before, Heading) and before.level != 1:
        return 0
    return 0 if isinstance(before, Equation) and isinstance(block, Equation) else 1


def _broken(text, start):
    """Lines of at most WIDTH columns, broken before a plus or minus, aligned after start."""
    lines, margin = [start], " " * len(start)
    for i, piece in enumerate(re.split(r"(?= [+-] )", text)):
        if i and len(lines[-1]) + len(piece) > WIDTH:
            lines.append(margin + piece.lstrip())
        else:
            lines[-1] += piece
    return lines


def _pre(lines):
    return f"<pre>{html.escape(textwrap.dedent(chr(10).join(lines)))}</pre>"


def _html_row(tag, cells):
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
