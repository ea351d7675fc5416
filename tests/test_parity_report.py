"""The parity report, its command line and its list of differences, without TensorFlow."""

import importlib.util
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import nnscratch as nn
from parity import __main__ as command_line
from parity import (
    cases,
    charts,
    differences,
    gates,
    golden,
    keras_reference,
    report,
    run,
)
from parity.engines import not_compared
from parity.results import FreeRun, Result

README = (Path(report.__file__).parent / "README.md").read_text()
LINE = {"engine": "eager", "dtype": "float64"}
NAN, INF = float("nan"), float("inf")


def a_run(case="m5", dtype="float64", *, off=(0.0, 0.0, 0.0, 0.0)):
    """A training of four epochs whose loss is ``off`` from Keras's, relatively."""
    loss = [0.7, 0.5, 0.4, 0.2]
    theirs = {"accuracy": [0.5, 0.6, 0.8, 1.0], "loss": loss, "val_loss": [0.8, 0.7, 0.6, 0.5]}
    ours = theirs | {"loss": [each * (1 + part) for each, part in zip(loss, off, strict=True)]}
    jit = theirs | {"loss": [each * (1 + 1e-9) for each in loss]}
    return FreeRun(case, "eager", dtype, ours, theirs, {"jit": jit})


def an_outcome():
    """Four gates, both formats; a failure, a NaN, a floor, and text that HTML has to escape."""
    results = [
        Result("m5", 0, "initial weights", "both", "float64", 0.0, 0.0, why="equality of bits"),
        Result("m5", 1, "400 single steps", deviation=1e-16, tolerance=1e-13, **LINE),
        Result("m5", 2, "loss, epochs 1 to 2", deviation=0.0, tolerance=1e-12, **LINE),
        Result(
            "m5",
            2,
            "loss, whole run",
            deviation=3e-7,
            tolerance=1e-8,
            floor=1e-9,
            where="first at epoch 3: 0.40000012 here, 0.4 in Keras",
            why="seven seeds & more",
            **LINE,
        ),
        Result("a <part> & more", 1, "3 single steps", "eager", "float32", 1e-7, 5e-6),
        Result("m6", 3, "loss of 20 seeds", deviation=NAN, tolerance=0.3, **LINE),
    ]
    runs = [a_run(off=(0.0, 0.0, 3e-7, 3e-7)), a_run("m6", "float32", off=(0.0, 0.0, NAN, NAN))]
    environment = {"python": "3.11", "keras": "3.15", "machine": "Linux, 2 cores"}
    return run.Outcome("standard", results, runs, environment, 61.4)


def shown(outcome, *, terminal, width=120):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width)
    report.show(outcome, console)
    return re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue())


# ---- the terminal ----


def test_the_table_has_a_line_for_each_result_with_the_verdict_in_words():
    lines = shown(an_outcome(), terminal=True).splitlines()
    verdicts = [line.split()[-1] for line in lines if line.rstrip().endswith(("PASS", "FAIL"))]
    assert verdicts == ["PASS", "PASS", "PASS", "FAIL", "PASS", "FAIL"]
    line = next(line for line in lines if "loss, whole run" in line)
    cells = [
        "m5",
        "2",
        "eager",
        "float64",
        "loss, whole run",
        "3e-07",
        "1e-08",
        "1e-09",
        "FAIL",
    ]
    assert re.split(r"\s{2,}", line.strip()) == cells


@pytest.mark.parametrize(
    ("width", "missing"), [(200, set()), (100, {"floor"}), (79, {"engine"}), (44, {"dtype"})]
)
def test_the_table_keeps_within_the_width_and_drops_columns_to_do_so(width, missing):
    outcome = an_outcome()
    outcome.results[1].case = "a case with quite a long name"
    lines = shown(outcome, terminal=True, width=width).splitlines()
    table = lines[: next(i for i, line in enumerate(lines) if line.startswith("FAIL"))]
    assert max(len(line.rstrip()) for line in table) <= min(width, 120)
    headings = set(table[0].split())
    assert {"case", "gate", "what", "verdict"} <= headings
    assert not headings & missing
    assert {"loss,", "whole", "run", "quite", "name", "FAIL"} <= set(" ".join(table).split())


def test_without_a_terminal_each_result_is_one_plain_line():
    lines = shown(an_outcome(), terminal=False, width=20).splitlines()
    start = "m5, gate 2, eager, float64: loss, whole run"
    assert f"FAIL  {start}: 3e-07 of 1e-08 allowed, floor 1e-09" in lines
    assert "FAIL  m6, gate 3, eager, float64: loss of 20 seeds: NaN of 0.3 allowed" in lines
    assert sum(line.startswith("PASS  ") for line in lines) == 4


@pytest.mark.parametrize("terminal", [True, False])
def test_the_end_names_each_failure_where_it_departs_and_why_so_much_was_allowed(terminal):
    text = shown(an_outcome(), terminal=terminal)
    assert text.endswith("4 of 6 comparisons passed in 61 seconds.\n")
    assert (
        "FAIL  m5, gate 2, eager, float64: loss, whole run\n"
        "      3e-07 apart, 1e-08 allowed; Keras departs from itself by 1e-09\n"
        "      first at epoch 3: 0.40000012 here, 0.4 in Keras\n"
        "      the tolerance: seven seeds & more\n"
    ) in text
    assert "FAIL  m6, gate 3, eager, float64: loss of 20 seeds\n      NaN apart, 0.3" in text


def test_results_are_grouped_by_case_and_gate_0_comes_together():
    results = [
        Result(case, gate, "w", "e", "d", 0.0, 0.0)
        for case, gate in [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2)]
    ]
    groups = report.by_case(results)
    assert {name: [(r.case, r.gate) for r in group] for name, group in groups.items()} == {
        "": [("a", 0), ("b", 0)],
        "a": [("a", 1), ("a", 2)],
        "b": [("b", 1)],
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.0, "0"),
        (1e-12, "1e-12"),
        (5.23e-16, "5.2e-16"),
        (0.15, "0.15"),
        (117.2, "117"),
        (25000.0, "2.5e+04"),
        (INF, "inf"),
        (NAN, "NaN"),
    ],
)
def test_numbers_take_a_few_characters(value, text):
    assert report.number(value) == text


def test_the_result_nearest_to_its_limit_is_a_failed_one_before_all_others():
    def of(deviation, tolerance):
        return Result("m", 1, "w", "e", "d", deviation, tolerance)

    exact, near, far = of(0.0, 0.0), of(8e-13, 1e-12), of(0.1, 1.0)
    failed, worse, unknown = of(2e-13, 1e-13), of(0.5, 0.4), of(NAN, 1e-12)
    assert report.nearest_to_its_limit([exact, far, near]) is near
    loose, tight = of(0.0, 2e-3), of(0.0, 5e-6)
    assert report.nearest_to_its_limit([loose, tight]) is tight
    assert report.nearest_to_its_limit([near, failed, worse]) is worse
    assert report.nearest_to_its_limit([near, unknown, worse]) is unknown
    assert report.nearest_to_its_limit([worse, unknown, near]) is unknown


# ---- what was skipped ----


def partly_skipped():
    """Three lines that pass, and one of an engine that does not take the case."""
    outcome = passing()
    outcome.runs = []
    fused = {
        "case": "m5",
        "engine": "fused",
        "dtype": "float64",
        "reason": "a <layer> of yours",
    }
    outcome.results += [not_compared(gate, **fused) for gate in (1, 2)]
    return outcome


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_skipped_neither_passes_nor_fails_and_its_reason_is_said(terminal):
    outcome = partly_skipped()
    text = shown(outcome, terminal=terminal)
    assert outcome.passed
    assert text.count("SKIP") == 3 and "FAIL" not in text
    assert "SKIP  fused: a <layer> of yours: m5\n" in text
    assert text.endswith("3 of 3 comparisons passed, 2 skipped in 61 seconds.\n")


def test_the_page_and_the_json_file_say_what_was_skipped():
    outcome = partly_skipped()
    page = Page(report.page(outcome, command=""))
    assert "PASS 3 of 3 comparisons passed, 2 skipped" in page.text
    assert "Skipped fused: a <layer> of yours. m5" in page.text
    assert "NaN" not in page.text
    again = report.from_json(report.to_json(outcome, command=""))
    assert again.results[-1].skipped == "a <layer> of yours" and again.passed


def test_a_run_in_which_everything_was_skipped_has_not_passed():
    outcome = partly_skipped()
    outcome.results = outcome.results[-2:]
    assert not outcome.passed
    assert (
        "FAIL 0 of 0 comparisons passed, 2 skipped"
        in Page(report.page(outcome, command="")).text
    )


# ---- JSON ----


def test_the_json_file_holds_the_whole_outcome_without_nan_literals():
    def refuse(literal):
        raise AssertionError(f"{literal} is not JSON")

    text = report.to_json(an_outcome(), command="python -m parity")
    found = json.loads(text, parse_constant=refuse)
    assert found["command"] == "python -m parity"
    assert found["environment"]["keras"] == "3.15"
    assert [each["passed"] for each in found["results"]] == [
        True,
        True,
        True,
        False,
        True,
        False,
    ]
    assert found["passed"] is False
    assert found["results"][-1]["deviation"] == "nan"
    assert found["runs"][1]["ours"]["loss"][2:] == ["nan", "nan"]


def test_an_outcome_comes_back_from_json_as_it_was():
    outcome = an_outcome()
    again = report.from_json(report.to_json(outcome, command=""))
    assert repr(again) == repr(outcome)  # NaN is not equal to itself, but its text is


# ---- the page ----


class Page(HTMLParser):
    """Checks the nesting of tags and collects text, attributes and the opened tags."""

    VOID = ("meta", "path", "circle", "br")

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)


@pytest.fixture(scope="module")
def html():
    return report.page(an_outcome(), command="python -m parity --only 'm5,m6'")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_the_page_is_well_nested_and_takes_nothing_from_elsewhere(html, page):
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert "http" not in html and "url(" not in html and "@import" not in html
    links = [value for name, value in page.attributes if name in ("href", "src")]
    ids = [value for name, value in page.attributes if name == "id"]
    assert links and {link.removeprefix("#") for link in links} <= set(ids)
    assert len(set(ids)) == len(ids)


def test_the_page_begins_with_how_many_passed_and_on_what(page):
    head = page.text[: page.text.index("Case by case The gates")]
    for part in ("FAIL 4 of 6 comparisons passed", "python -m parity --only 'm5,m6'"):
        assert part in head
    for part in ("3.15", "Linux, 2 cores", "standard", "61 s"):
        assert part in head


def test_the_page_shows_every_case_and_every_result(page):
    for result in an_outcome().results:
        assert result.case in page.text
        assert result.what in page.text
        assert result.where in page.text
        assert result.why in page.text


def test_the_page_names_each_failure_before_everything_else(page):
    failures = page.text[page.text.rindex("Failures") : page.text.index("The gates")]
    assert "FAIL: m5, loss, whole run gate 2, eager, float64 3e-07 apart, 1e-08" in failures
    assert "first at epoch 3: 0.40000012 here, 0.4 in Keras" in failures
    assert "FAIL: m6, loss of 20 seeds gate 3, eager, float64 NaN apart" in failures
    assert "400 single steps" not in failures


def test_a_page_without_failures_says_pass_and_has_no_section_of_failures():
    outcome = an_outcome()
    outcome.results = [result for result in outcome.results if result.passed]
    text = Page(report.page(outcome, command="")).text
    assert "PASS 4 of 4 comparisons passed" in text
    assert "FAIL" not in text and "Failures" not in text


def test_the_page_has_the_curves_of_each_network_and_of_no_small_part():
    outcome = an_outcome()
    outcome.runs.append(a_run("dropout"))
    page = Page(report.page(outcome, command=""))
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert [label for label in labels if label.startswith("m5, float64")] == [
        "m5, float64: the loss of both libraries",
        "m5, float64: how far the two are apart in loss, on a log scale",
        "m5, float64: the accuracy of both libraries",
    ]
    assert not any(label.startswith("dropout") for label in labels)
    assert "accuracy: equal in every epoch" in page.text
    assert "loss: at most 3e-07 apart" in page.text


def test_the_page_has_every_difference_with_its_reproduction(page):
    for each in differences.DIFFERENCES:
        for part in (each.title, each.keras, each.here, each.code, each.prints):
            assert " ".join(part.split()) in page.text


def test_a_full_run_stays_under_three_megabytes():
    outcome = an_outcome()
    epochs = np.linspace(1, 2, 204)
    long = {
        name: list(epochs + off) for off, name in enumerate(("accuracy", "loss", "val_loss"))
    }
    ours = {name: [value * (1 + 1e-9) for value in values] for name, values in long.items()}
    outcome.runs = [
        FreeRun(case.name, engine, dtype, ours, long, {"jit": ours})
        for case in cases.MODELS
        for dtype in cases.DTYPES
        for engine in ("eager", "fused")
    ]
    outcome.results *= 300
    assert len(report.page(outcome, command="")) < 3e6


def test_both_files_are_written_into_the_folder(tmp_path):
    path = report.save(an_outcome(), tmp_path / "new" / "folder", command="python -m parity")
    assert path == tmp_path / "new" / "folder" / "report.html"
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert json.loads(path.with_suffix(".json").read_text())["profile"] == "standard"


# ---- the charts ----


def heights(path):
    """The y of each point of an SVG path of ours."""
    return [float(point.split()[1]) for point in re.findall(r"[\d.]+ [\d.]+", path)]


def the_panel(training, results=()):
    return charts.panels(training, results)[0]


def test_equal_curves_lie_on_top_of_each_other_and_higher_values_higher_up():
    lines = {line["kind"]: line["path"] for line in the_panel(a_run())["curves"]["lines"]}
    assert lines["ours training"] == lines["keras training"]
    fallen = heights(lines["ours training"])  # the loss falls, and y grows downwards
    assert fallen == sorted(fallen) and fallen[0] < fallen[-1]


def test_a_deviation_of_zero_lies_on_its_own_lane_and_a_decade_has_one_height():
    panel = the_panel(a_run(off=(0.0, 1e-6, 1e-5, 1e-4)))
    zero, *others = heights(panel["apart"]["lines"][0]["path"])
    assert zero == charts.BOTTOM
    assert max(others) <= charts.BOTTOM - charts.ZERO_LANE
    assert np.diff(others) == pytest.approx(np.diff(others)[0], abs=0.2)


def test_not_a_number_leaves_a_gap_in_the_curve():
    panel = the_panel(a_run(off=(0.0, NAN, 0.0, 0.0)))
    ours = next(line for line in panel["curves"]["lines"] if line["kind"] == "ours training")
    assert ours["path"].count("M") == 2
    assert len(heights(ours["path"])) == 3
    assert np.isnan(panel["worst"]) and not panel["equal"]


def test_the_tolerance_the_horizon_and_the_epochs_beyond_come_from_the_results():
    outcome = an_outcome()
    apart = the_panel(outcome.runs[0], outcome.results)["apart"]
    assert apart["horizon"]["epoch"] == 2
    beyond = [float(x) for x, _ in apart["beyond"]]  # 3e-7 off, and 1e-8 is allowed
    assert beyond == pytest.approx(np.linspace(charts.LEFT, charts.RIGHT, 4)[2:])
    near, far = re.findall(r"M[\d.]+ ([\d.]+)H", apart["lines"][-2]["path"])
    assert float(near) > float(far)  # 1e-12 up to the horizon, 1e-8 after it
    assert heights(apart["floor"])


def test_the_names_of_real_results_are_those_that_the_charts_look_for():
    case = cases.by_name("m1").shortened(3)  # a promise for one epoch, then the floor rule
    data = cases.load(case)
    model = cases.build(case, nn, dtype="float64", run_eagerly=True)
    history = cases.fit(case, model, nn, data, shuffle="keras")
    record = keras_reference.Record("m1", "float64", "plain", cases.SEED, history, {})
    off = {name: [value * (1 + 1e-9) for value in v] for name, v in history.items()}
    floor = keras_reference.Record("m1", "float64", "jit", cases.SEED, off, {})
    results, training = gates.free_run(case, record, data, "eager", [floor])
    allowed = charts.Allowed(results, "loss", 3)
    assert allowed.horizon == 1
    assert allowed.at == pytest.approx([1e-12, 1e-8, 1e-8], rel=1e-5)
    assert the_panel(training, results)["equal"]


# ---- the command line ----


@pytest.fixture
def parity(monkeypatch, tmp_path):
    """Run the command in an empty folder; returns exit code, output and what run.run got."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setenv("COLUMNS", "300")

    def call(*arguments, outcome=None):
        seen = {}

        def fake(profile, *, tell, **options):
            tell("float64: Keras trains")
            seen.update(options, profile=profile)
            return outcome or an_outcome()

        monkeypatch.setattr(run, "run", fake)
        result = CliRunner().invoke(command_line.app, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result, seen

    return call


def passing():
    outcome = an_outcome()
    outcome.results = outcome.results[:3]
    return outcome


def test_the_command_runs_the_standard_profile_of_everything(parity, tmp_path):
    result, seen = parity(outcome=passing())
    assert result.exit_code == 0
    assert seen == {
        "profile": run.STANDARD,
        "only": None,
        "dtypes": cases.DTYPES,
        "engines": None,
        "seeds": None,
    }
    assert "3 of 3 comparisons passed" in result.stdout
    assert "float64: Keras trains" in result.stderr
    assert (tmp_path / "out" / "parity" / "report.html").exists()


def test_the_options_reach_the_run(parity, tmp_path):
    options = "--quick --only m4,m10 --dtype float32 --engine eager --seeds 5 --out here"
    _, seen = parity(*options.split(), "--only", "no bias, He")
    assert seen == {
        "profile": run.QUICK,
        "only": ["m4", "m10", "no bias, He"],
        "dtypes": ["float32"],
        "engines": ["eager"],
        "seeds": 5,
    }
    assert (tmp_path / "here" / "report.json").exists()
    assert parity("--full")[1]["profile"] is run.FULL


def test_a_failed_gate_ends_with_exit_code_1(parity):
    assert parity()[0].exit_code == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--only", "m4,m44"], "unknown case 'm44'. Did you mean 'm4'?"),
        (["--only", "hiden relu"], "Did you mean 'hidden relu'?"),
        (["--engine", "eagre"], "unknown engine 'eagre'. Did you mean 'eager'?"),
        (["--dtype", "float46"], "unknown dtype 'float46'. Did you mean 'float64'?"),
        (["--quick", "--full"], "not both"),
        (["--live", "--quick"], "beside --live go --only, --dtype and --full"),
        (["--live", "--seeds", "5"], "beside --live go --only, --dtype and --full"),
        (["--seeds", "1"], "one seed has no scatter"),
        (["--seeds", "-2"], "0 (no Gate 3)"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_exit_code_2(parity, options, words):
    result, seen = parity(*options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not seen


@pytest.mark.parametrize(
    ("moved", "code"), [([], 0), (["float64: m7, plain: loss[1] is 1.0, in the record 2.0"], 1)]
)
def test_live_says_whether_keras_still_does_what_was_recorded(parity, monkeypatch, moved, code):
    asked = {}

    def live(*, tell, **options):
        asked.update(options)
        return moved

    monkeypatch.setattr(golden, "live", live)
    result, seen = parity("--live", "--only", "m7", "--dtype", "float64", "--full")
    assert asked == {"only": ["m7"], "dtypes": ["float64"], "whole": True}
    assert result.exit_code == code
    assert result.stdout.splitlines() == (
        moved or ["The record holds: Keras does what it did."]
    )
    assert not seen


def test_record_writes_the_recording_anew(parity, monkeypatch):
    written = []
    monkeypatch.setattr(golden, "write", lambda *, tell: written.append(tell))
    result, seen = parity("record")
    assert result.exit_code == 0
    assert len(written) == 1 and not seen


def test_without_tensorflow_one_sentence_says_what_installs_it(parity, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result, seen = parity()
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1 and "make parity" in result.stderr
    assert not seen


# ---- README and the differences ----


def promise_in_words(promise):
    """A promise as README says it."""
    weights = f"weights {promise.weights:g} for {promise.steps} steps" if promise.steps else ""
    epochs = "in all epochs" if promise.epochs is None else f"to epoch {promise.epochs}"
    kind = "training loss" if promise.loose else "loss"
    accuracy = f", accuracy {promise.accuracy:g}" if promise.accuracy else ""
    loss = f"{kind} {promise.loss:g}{accuracy} {epochs}" if promise.epochs != 0 else ""
    rule = "the floor rule from the first epoch on" if promise.loose else "then the floor rule"
    ends = [
        f"{name} {allowed:g}" if allowed else f"the same {name}"
        for name, allowed in promise.endings.items()
    ]
    return "; ".join(
        part for part in (weights, loss, rule if promise.floor else "", *ends) if part
    )


def promises_table():
    """README's table of Gate 2."""
    rows = ["| case | float64 | float32 |", "|---|---|---|"]
    for case in cases.MODELS:
        words = (promise_in_words(case.promises[dtype]) for dtype in cases.DTYPES)
        rows.append(f"| {case.name} | {' | '.join(words)} |")
    return "\n".join(rows) + "\n\n"


def test_readmes_promises_are_those_of_the_cases():
    assert promises_table() in README


def test_readmes_margins_of_gate_3_are_those_of_the_cases():
    rows = [f"| {c.name} | {in_words(c.margins)} |" for c in cases.MODELS if c.margins]
    assert "| case | margins |\n|---|---|\n" + "\n".join(rows) + "\n\n" in README


def in_words(margins):
    """Margins as README says them."""
    words = {"loss": "last loss", "accuracy": "last accuracy"}
    return ", ".join(f"{words.get(name, name)} {margin:g}" for name, margin in margins.items())


def test_readmes_tolerances_are_those_of_the_gates():
    assert gates.FORCED == {"float64": 1e-13, "float32": 5e-6} and gates.FLOOR_FACTOR == 10
    assert gates.FORCED_99_PERCENT["float32"] == 2e-7
    flowing = " ".join(README.split())
    assert "every step has to agree within 1e-13" in flowing
    assert "99 % of the steps have to agree within 2e-7" in flowing
    assert "all of them within 5e-6" in flowing
    assert "at most ten times as far as Keras" in flowing


def test_readmes_differences_are_those_of_the_data():
    assert README.endswith(differences.markdown())


def test_every_file_that_the_readme_of_parity_links_to_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert all((Path(report.__file__).parent / link).exists() for link in links)


@pytest.mark.parametrize("difference", differences.DIFFERENCES, ids=lambda each: each.title)
def test_every_reproduction_is_python_with_short_lines_that_prints(difference):
    compile(difference.program, difference.title, "exec")
    assert "print(" in difference.code
    assert max(map(len, difference.program.splitlines())) <= 96


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("difference", differences.DIFFERENCES, ids=lambda each: each.title)
def test_every_reproduction_prints_what_is_written(difference):
    pytest.importorskip("tensorflow")
    assert differences.measure(difference) == difference.prints
