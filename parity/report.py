"""What a run found: lines for the terminal, a JSON file, and a page that needs no network."""

import json
import math
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path

from parity import cases, charts
from parity.differences import DIFFERENCES, FLOAT64, IMPORTS
from parity.results import FreeRun, Result
from parity.run import Outcome

TEMPLATES = Path(__file__).parent / "templates"
GATES = {
    0: (
        "equal bits",
        "Initial weights, row orders, dropout masks, and thousands of optimizer updates from"
        " made-up gradients: every bit must be the same.",
    ),
    1: (
        "one step at a time",
        "Before every single step, nnscratch is given Keras's own weights and optimizer state;"
        " after it, the weights are compared. No error can add up.",
    ),
    2: (
        "whole trainings",
        "Both start from nothing but the seed and train on their own. Weights are compared step"
        " by step, loss and accuracy epoch by epoch.",
    ),
    3: (
        "many seeds",
        "Some trainings are chaotic: any difference grows until the curves part. There, the"
        " means over many seeds must agree, within a margin set beforehand.",
    ),
}


# ---- Words and numbers ----


def verdict(result):
    """PASS or FAIL, or SKIP for what could not be judged."""
    return "SKIP" if result.skipped else "PASS" if result.passed else "FAIL"


def number(value):
    """A deviation or tolerance in a few characters; None is nothing."""
    if value is None:
        return ""
    if math.isnan(value):
        return "NaN"
    return f"{value:.3g}" if 0.001 <= abs(value) < 1000 else f"{value:.2g}"


def measured(result, value):
    """A number of that Result; nothing for a case that was not compared at all."""
    return "" if result.skipped and math.isnan(value) else number(value)


def summary(outcome):
    """One line: how many of how many, and how long it took."""
    return f"{count_passed(outcome.results)} in {outcome.seconds:.0f} seconds."


def count_passed(results):
    """How many of these Results passed, in words."""
    skipped = sum(bool(result.skipped) for result in results)
    judged = f"{sum(result.passed for result in results)} of {len(results) - skipped}"
    return f"{judged} comparisons passed" + (f", {skipped} skipped" if skipped else "")


def skips(results):
    """{(engine, why it was skipped): names of the cases}."""
    found = {}
    for result in results:
        if result.skipped:
            found.setdefault((result.engine, result.skipped), {})[result.case] = True
    return {key: list(names) for key, names in found.items()}


def nearest_to_its_limit(results):
    """The Result that failed worst or, if none did, has used up most of its tolerance.

    Of several without any deviation it is the one that was allowed least; one that was skipped
    comes only if there is no other.
    """

    def used(result):
        if result.skipped:
            return 0, 0.0, 0.0
        if result.passed:
            share = result.deviation / result.tolerance if result.tolerance else 0.0
            return 1, share, -result.tolerance
        return 2, math.inf if math.isnan(result.deviation) else result.deviation, 0.0

    return max(results, key=used)


def by_case(results):
    """{case: its Results}, in the order of their first; all of Gate 0 come under ""."""
    groups = {}
    for result in results:
        groups.setdefault(result.case if result.gate else "", []).append(result)
    return groups


# ---- The terminal ----

STYLES = {"PASS": "green", "FAIL": "bold red", "SKIP": "yellow"}
# Heading, how it is read from a Result, and the least width of a terminal that shows it.
COLUMNS = [
    ("case", lambda r: r.case, 0),
    ("gate", lambda r: str(r.gate), 0),
    ("engine", lambda r: r.engine, 100),
    ("dtype", lambda r: r.dtype, 60),
    ("what", lambda r: r.what, 0),
    ("worst", lambda r: measured(r, r.deviation), 70),
    ("allowed", lambda r: measured(r, r.tolerance), 80),
    ("floor", lambda r: number(r.floor), 110),
    ("verdict", verdict, 0),
]


def show(outcome, console):
    """Print everything to a rich Console: a table on a terminal, else plain lines."""
    if console.is_terminal:
        console.print(_table(outcome.results, console.width))
    else:
        _plain_lines(outcome.results, console.file)
    for result in outcome.results:
        if result.failed:
            print(failure(result), end="\n\n", file=console.file)
    for (engine, reason), names in skips(outcome.results).items():
        print(f"SKIP  {engine}: {reason}: {', '.join(names)}", end="\n\n", file=console.file)
    print(summary(outcome), file=console.file, flush=True)


def _table(results, width):
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", width=min(width, 120))
    columns = [(heading, read) for heading, read, least in COLUMNS if width >= least]
    for heading, _ in columns:
        numeric = heading in ("gate", "worst", "allowed", "floor")
        words = {"case": {"max_width": width // 4}, "what": {"min_width": 16, "ratio": 1}}
        fitted = words.get(heading, {"no_wrap": True})
        table.add_column(heading, justify="right" if numeric else "left", **fitted)
    for group in by_case(results).values():
        for result in group:
            cells = [Text(read(result)) for _, read in columns]
            cells[-1].stylize(STYLES[verdict(result)])
            table.add_row(*cells)
        table.add_row()
    return table


def _plain_lines(results, file):
    for group in by_case(results).values():
        for r in group:
            floor = f", floor {number(r.floor)}" if r.floor is not None else ""
            found = f"{number(r.deviation)} of {number(r.tolerance)} allowed{floor}"
            print(f"{verdict(r)}  {_name(r)}: {r.skipped or found}", file=file)


def failure(result):
    """What failed, by how much, where first, and where its tolerance comes from."""
    floor = result.floor
    itself = f"; Keras departs from itself by {number(floor)}" if floor is not None else ""
    lines = [
        f"FAIL  {_name(result)}",
        f"{number(result.deviation)} apart, {number(result.tolerance)} allowed{itself}",
        result.where,
        f"the tolerance: {result.why}" if result.why else "",
    ]
    return "\n      ".join(line for line in lines if line)


def _name(r):
    return f"{r.case}, gate {r.gate}, {r.engine}, {r.dtype}: {r.what}"


# ---- Files ----


def save(outcome, folder, *, command):
    """Write report.json and report.html into the folder; returns the path of the page.

    command  the line that made the run, for the reader
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(to_json(outcome, command=command), encoding="utf-8")
    path = folder / "report.html"
    path.write_text(page(outcome, command=command), encoding="utf-8")
    return path


def to_json(outcome, *, command):
    """All of the outcome; NaN and the infinities, which JSON lacks, as "nan", "inf", "-inf"."""
    results = [asdict(result) | {"passed": result.passed} for result in outcome.results]
    own = asdict(outcome) | {"results": results, "passed": outcome.passed}
    head = {"command": command, "written": datetime.now().astimezone().isoformat()}
    return json.dumps(_json_values(head | own), indent=1, allow_nan=False)


def from_json(text):
    """The Outcome that ``to_json`` wrote."""
    found = _python_values(json.loads(text))
    results = [{k: v for k, v in each.items() if k != "passed"} for each in found["results"]]
    own = {field.name: found[field.name] for field in fields(Outcome)}
    own["results"] = [Result(**each) for each in results]
    own["runs"] = [FreeRun(**each) for each in found["runs"]]
    return Outcome(**own)


def _json_values(value):
    if isinstance(value, dict):
        return {key: _json_values(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json_values(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _python_values(value):
    if isinstance(value, dict):
        return {key: _python_values(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_python_values(each) for each in value]
    return float(value) if value in ("nan", "inf", "-inf") else value


def page(outcome, *, command):
    """The report as one HTML file: no scripts, nothing from elsewhere."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["number"] = number
    for function in (verdict, measured, count_passed, by_case, nearest_to_its_limit):
        templates.globals[function.__name__] = function
    return templates.get_template("report.html.j2").render(
        outcome=outcome,
        command=command,
        written=f"{datetime.now():%Y-%m-%d %H:%M}",
        failures=[result for result in outcome.results if result.failed],
        skipped=skips(outcome.results),
        gates=_gates(outcome.results),
        overview=_overview(outcome.results),
        models=_models(outcome),
        size=charts,
        differences=DIFFERENCES,
        imports=IMPORTS,
        float64=FLOAT64,
    )


def _gates(results):
    """[(number, name, what it asks, its Results)] of the gates that were run."""
    found = []
    for gate, (name, asks) in GATES.items():
        if own := [result for result in results if result.gate == gate]:
            found.append((gate, name, asks, own))
    return found


def _overview(results):
    """{"columns": [(gate, dtype)], "rows": [(case, why, [Results of each column])]}."""
    results = [result for result in results if result.gate]
    columns = dict.fromkeys((r.gate, r.dtype) for r in results)
    columns = sorted(columns, key=lambda column: column[0])
    rows = []
    for case, group in by_case(results).items():
        cells = [[r for r in group if (r.gate, r.dtype) == column] for column in columns]
        rows.append((case, _why(case), cells))
    return {"columns": columns, "rows": rows}


def _why(name):
    return next((c.why for c in (*cases.MODELS, *cases.PARTS) if c.name == name), "")


def _models(outcome):
    """[(case, why, [(run, panels)])] of the networks whose curves have two epochs or more."""
    names = [case.name for case in cases.MODELS]
    found = {}
    for run in outcome.runs:
        if run.case in names and len(run.theirs["loss"]) > 1:
            found.setdefault(run.case, []).append((run, charts.panels(run, outcome.results)))
    return [(name, _why(name), runs) for name, runs in found.items()]
