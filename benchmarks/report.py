"""The results as tables: in the terminal, in Markdown, and as one JSON file."""

import json
import statistics
from typing import NamedTuple

from benchmarks import machine, pictures, race, targets

NONE = "-"


class Table(NamedTuple):
    """A table of texts with a sentence or two below it."""

    title: str
    columns: tuple
    rows: list
    note: str = ""


def save(results, out):
    """Write results.json, report.md and the pictures into the folder; returns the report."""
    out.mkdir(parents=True, exist_ok=True)
    judged = [
        target._asdict() | {"verdict": target.verdict} for target in targets.judge(results)
    ]
    text = json.dumps(results | {"targets": judged}, indent=1)
    (out / "results.json").write_text(text + "\n")
    names = pictures.draw_all(results, out)
    path = out / "report.md"
    path.write_text(markdown(results, names))
    return path


def show(results, console):
    """Print all tables."""
    from rich.table import Table as Drawn
    from rich.text import Text

    for table in tables(results):
        drawn = Drawn(title=table.title, title_justify="left")
        for number, column in enumerate(table.columns):
            drawn.add_column(column, justify="right" if number else "left", no_wrap=not number)
        for row in table.rows:
            drawn.add_row(*map(Text, row))
        console.print(drawn)
        console.print(Text(table.note), "")


def markdown(results, picture_names):
    """The whole report as one Markdown page."""
    parts = ["# nnscratch beside its peers", _machine(results), *map(_table, tables(results))]
    parts += [f"![{name}]({name}.png)" for name in picture_names]
    return "\n\n".join(parts) + "\n"


def _table(table):
    """A table in Markdown; a line break or a bar in a cell would end it."""
    lines = [table.columns, ["---", *["---:"] * (len(table.columns) - 1)], *table.rows]
    cells = ([" ".join(cell.split()).replace("|", "/") for cell in line] for line in lines)
    body = "\n".join("| " + " | ".join(line) + " |" for line in cells)
    return f"## {table.title}\n\n{body}" + (f"\n\n{table.note}" if table.note else "")


def _machine(results):
    facts = {name: value for name, value in results["machine"].items() if name != "versions"}
    versions = results["machine"]["versions"].items()
    facts["versions"] = ", ".join(f"{name} {version}" for name, version in versions)
    facts["command"] = f"`{results['command']}`"
    return "\n".join(f"- {name}: {value}" for name, value in facts.items())


def tables(results):
    """Every table that the results have something for."""
    found = [_race(each, results) for each in results.get("workloads", {}).values()]
    makers = {"start": _starting, "cold": _cold, "memory float32": _memory, "growth": _growth}
    for part, make in makers.items():
        if results.get(part):
            found += make(results)
    return [*found, _limits(results), _targets(results)]


# ---- one table each ----


def _race(found, results):
    """Times, ratios and fractions of the limit on one workload."""
    rows = [race.Row(**row) for row in found["rows"]]
    mine = [row for row in rows if row.peer in (targets.TWO, targets.ONE) and row.times]
    columns = ("", "runs", "min ms", "median ms", "spread", "first ms")
    columns += tuple(f"/ {row.peer}" for row in mine)
    lines = [_race_line(row, mine, found, results["limits"]) for row in rows]
    return Table(found["title"], (*columns, "of the limit", "apart"), lines, _race_note(rows))


def _race_line(row, mine, found, limits):
    if not row.times:
        return (row.peer, *[NONE] * (7 + len(mine)))
    limit = limits.get(str(row.threads))
    share = found["operations"] / row.median / limit / 1e9 if limit else None
    return (
        row.peer,
        str(len(row.times)),
        _ms(min(row.times)),
        _ms(row.median),
        _percent(row.spread),
        _ms(row.first),
        *(_times(race.ratio(row, other)) for other in mine),
        _percent(share),
        f"{max(row.apart):.1e}",
    )


def _race_note(rows):
    """What the columns mean, which engine ran, and why some have no times."""
    told = [
        "Spread: between the quartiles, as a share of the median. First: the first call of all,"
        f" on {race.FEW_ROWS:,} rows at most, compiling included. Ratios: the median over pairs"
        " of runs. Of the limit: of what the cores that it may use can do. Apart: the relative"
        " distance of the loss from that of NumPy by hand."
    ]
    told += [f"{row.peer} ran {row.engine}." for row in rows if row.engine]
    told += [f"{row.peer} is left out: {row.absent}." for row in rows if row.absent]
    told += [f"{row.peer} has trouble: {_short(row.trouble)}" for row in rows if row.trouble]
    return " ".join(told)


def _short(text, length=300):
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length]} ..."


def _starting(results):
    starts = [
        (name, *(_seconds(f(all_)) for f in (min, statistics.median)), str(len(all_)))
        for name, all_ in results["start"].items()
    ]
    title = "From the start of a process to the end of a first small fit, warm caches"
    note = _import_note(**results["import"]) if "import" in results else ""
    return [Table(title, ("", "min s", "median s", "runs"), starts, note)]


def _import_note(seconds, heavy):
    taken = ", ".join(heavy) or "nothing heavy"
    return f"import nnscratch alone: {_seconds(seconds)} s, and it takes in {taken}."


def _cold(results):
    rows = [(name, _seconds(seconds)) for name, seconds in results["cold"].items()]
    return [Table("The first small fit with an empty cache of kernels", ("", "s"), rows)]


def _memory(results):
    floats, bytes_ = results["memory float32"], results.get("memory uint8", {})
    rows = [(name, _whole(peak), _whole(bytes_.get(name))) for name, peak in floats.items()]
    note = "Of a fresh process that loads the data and does W1 once."
    return [Table("Peak memory of W1, data included, MB", ("", "float32", "uint8"), rows, note)]


def _growth(results):
    found = []
    for name, curve in results["growth"].items():
        show_value = _whole if "unit" in curve else _ms
        rows = [(line, *map(show_value, seen)) for line, seen in curve["lines"].items()]
        columns = (curve.get("unit", "median ms"), *(f"{value:,}" for value in curve["values"]))
        left_out = ", ".join(f"{value:,}" for value in curve["left_out"])
        note = f"Left out for want of memory: {left_out}." if left_out else ""
        found.append(Table(f"Growth with {name}: {curve['label']}", columns, rows, note))
    return found


def _limits(results):
    rows = [(f"{threads} threads", f"{g:.0f}") for threads, g in results["limits"].items()]
    note = (
        f"float32: the faster of a loop of multiply-adds on {machine.FLOATS * 4 // 1024} kB,"
        " which stay in the L1 cache, and BLAS on a product of two large matrices; the best of"
        " what was seen before and after the races. A workload's"
        " operations: its matrix products, and 40 for each parameter in a step of Adam. W2 and"
        " W3 are too narrow to be bound by it."
    )
    return Table("The limit of this machine, GFLOPS", ("", "GFLOPS"), rows, note)


def _targets(results):
    judged = targets.judge(results)
    rows = [
        (
            target.what,
            " then ".join(
                f"{'>=' if target.at_least else '<='} {figure:g} {target.unit}".strip()
                for figure in target.figures
            ),
            _number(target.measured),
            target.verdict,
        )
        for target in judged
        if target.measured is not None
    ]
    missing = "; ".join(target.what for target in judged if target.measured is None)
    note = f"Not measured in this run: {missing}." if missing else ""
    return Table("Targets", ("", "aimed at", "measured", ""), rows, note)


# ---- numbers as texts ----


def _number(number):
    """Three or four digits that count, and no power of ten to decipher."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def _ms(seconds):
    return NONE if seconds is None else _number(1000 * seconds)


def _seconds(seconds):
    return NONE if seconds is None else f"{seconds:.2f}"


def _whole(number):
    return NONE if number is None else f"{number:,.0f}"


def _times(number):
    return NONE if number is None else _number(number)


def _percent(share):
    return NONE if share is None else f"{_number(100 * share)} %"
