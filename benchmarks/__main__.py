"""The command line: ``python -m benchmarks`` races nnscratch against its peers and reports.

The tables go to stdout, progress and errors to stderr. Exit codes: 0 all was measured, 1 a peer
failed or its losses differ from the reference, 2 a wrong option.
"""

import contextlib
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import fresh, growth, machine, peers, race, report, targets, workloads
from benchmarks.worker import PeerError, Worker
from nnscratch import checks

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
PARTS = (*workloads.ALL, "start", "memory", "growth")
REPEATS, QUICK_REPEATS = 7, 3
QUICK_PARTS = tuple(part for part in PARTS if part != "growth")


def known(kind, names):
    """A callback for an option that takes some of the names, apart by commas."""

    def parse(text: str | None):
        chosen = [each.strip() for each in text.split(",")] if text else []
        for name in chosen:
            if name not in names:
                near = checks.did_you_mean(name, names)
                raise typer.BadParameter(
                    f"unknown {kind} {name!r}.{near}\nThere are: {', '.join(names)}."
                )
        return ",".join(chosen) or None

    return parse


@app.command()
def bench(
    only: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help=f"Some parts only, of {', '.join(PARTS)}: W1,W2",
            callback=known("part", PARTS),
        ),
    ] = None,
    chosen_peers: Annotated[
        str | None,
        typer.Option(
            "--peers",
            metavar="NAMES",
            help=f"Some peers only, of {', '.join(peers.ALL)}: jax,numpy",
            callback=known("peer", tuple(peers.ALL)),
        ),
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, help=f"Rounds of each race. Left out: {REPEATS}.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"{QUICK_REPEATS} rounds, no growth curves.")
    ] = False,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="For report.md, results.json, pictures.")
    ] = Path("out/bench"),
):
    """How fast is nnscratch beside Keras, PyTorch, JAX, scikit-learn and NumPy by hand?"""
    parts = only.split(",") if only else QUICK_PARTS if quick else PARTS
    names = chosen_peers.split(",") if chosen_peers else list(peers.ALL)
    repeats = repeats or (QUICK_REPEATS if quick else REPEATS)
    results, complete = {"troubles": []}, False
    try:
        with progress() as tell:
            for name, found in measure(parts, names, repeats=repeats, tell=tell):
                _keep(results, name, found)
        complete = True
    except KeyboardInterrupt:
        typer.echo("Interrupted: the report holds what was measured so far.", err=True)
    if "limits" in results:
        finish(results | {"command": command()}, out)
    raise typer.Exit(0 if complete and not results["troubles"] else 1)


def _keep(results, name, found):
    if name == "troubles":
        results[name].append(found)
    else:
        results.setdefault(name, {}).update(found)


def command():
    """What was typed."""
    return shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])


def measure(parts, names, *, repeats, tell):
    """Yield (part of the results, what was found) one by one, so that none is lost.

    What goes wrong with one peer is yielded as ("troubles", words), and the others go on.
    """
    yield "machine", machine.describe(data=workloads.data_source())
    before = _limits(tell)
    yield "limits", before
    entries = [peers.find(name) for name in names]
    for part in parts:
        if part in workloads.ALL:
            yield from _raced(workloads.ALL[part], entries, repeats, tell)
    installed = [entry.name for entry in entries if entry.installed]
    if "start" in parts:
        yield from _starting(installed, min(repeats, 5), tell)
    if "memory" in parts:
        yield from _memory(installed, tell)
    if "growth" in parts:
        yield from growth.run(installed, repeats=min(repeats, 5), tell=tell)
    after = _limits(tell)
    yield "limits", {threads: max(found, after[threads]) for threads, found in before.items()}


def _limits(tell):
    tell("the machine's limit")
    with Worker(peers.find(race.REFERENCE)) as worker:  # its threads end with it
        return worker.call(machine.limits)


def _raced(workload, entries, repeats, tell):
    rows = race.run(workload, entries, repeats=repeats, tell=tell)
    found = {"title": workload.title, "operations": workload.operations}
    found["rows"] = [row._asdict() for row in rows]
    yield "workloads", {workload.name: found}
    for row in rows:
        if row.trouble:
            yield "troubles", f"{workload.name}: {row.trouble}"


# Of the variants of a library one is enough: they import the same.
STARTERS = (targets.TWO, "nnscratch-eager", "numpy", "jax", "torch-1", "keras", "sklearn")


def _starting(names, repeats, tell):
    for name in STARTERS:
        if name in names:
            tell(f"process start to first fit: {name}")
            yield from tried(
                "start", name, lambda n=name: fresh.seconds_to_first_fit(n, repeats=repeats)
            )
    tell("import nnscratch")
    yield "import", fresh.import_time(repeats=repeats)
    for combination in fresh.COMBINATIONS if targets.TWO in names else ():
        tell(f"first compile: {combination}")
        yield from tried("cold", combination, lambda c=combination: fresh.seconds_to_compile(c))


def _memory(names, tell):
    for pixels in ("float32", "uint8"):
        workload = workloads.W1._replace(pixels=pixels)
        for name in STARTERS:
            if name in names and peers.find(name).takes(workload):
                tell(f"peak memory: {name} from {pixels}")
                yield from tried(
                    f"memory {pixels}", name, lambda n=name, w=workload: fresh.peak_memory(n, w)
                )


def tried(part, name, measurement):
    """Yield what was measured under its name, or the trouble that there was."""
    try:
        yield part, {name: measurement()}
    except PeerError as error:
        yield "troubles", str(error)


def finish(results, out):
    """Write the report and show it."""
    from rich.console import Console

    path = report.save(results, out)
    report.show(results, Console(width=None if sys.stdout.isatty() else 130))
    for trouble in results["troubles"]:
        typer.echo(f"Trouble: {trouble}", err=True)
    typer.echo(f"The report: {path}", err=True)


@contextlib.contextmanager
def progress():
    """A function that shows what is being done: one line on a terminal, else line by line."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: typer.echo(text, err=True)
        return
    text = TextColumn("{task.description}", markup=False)
    # Two looks a second: a spinner that turns faster takes part in the race.
    columns = (SpinnerColumn(), TimeElapsedColumn(), text)
    with Progress(*columns, console=console, transient=True, refresh_per_second=2) as bar:
        task = bar.add_task("", total=None)
        yield lambda words: bar.update(task, description=words)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
