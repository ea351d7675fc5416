"""``nnscratch learn``: the folder, the commands, and files that do not even come to an end."""

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnscratch.cli import main
from nnscratch.learn import running
from nnscratch.learn.checks.one_keras_step import RECORDING
from nnscratch.learn.folder import NOTE, Folder
from nnscratch.learn.ladder import LADDER, exercise

ROOT = Path(__file__).parents[1]
DENSE = "03_dense_backward.py"


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run ``nnscratch learn`` in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNSCRATCH_DEBUG", raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["learn", *map(str, arguments)])
        return (end.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def check(tmp_path):
    """The verdict on some code as the file of an exercise, from a process of its own."""

    def check(code, number=3, *, seconds=10):
        task = replace(exercise(number), seconds=seconds)
        path = tmp_path / task.file_name
        path.write_text(code)
        return running.check(task, path)

    return check


# ---- the commands ----


def test_list_names_fourteen_exercises_and_where_to_begin(run):
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert all(task.title in out for task in LADDER)
    assert len(LADDER) == 14
    assert "nnscratch learn start 1" in out


def test_start_writes_the_exercise_into_a_folder_of_the_learners_own(run):
    code, out, _ = run("start", 3)
    path = Path("learn-nnscratch") / DENSE
    assert code == 0
    assert str(path) in out
    assert path.read_text() == exercise(3).text
    assert "raise NotImplementedError" in path.read_text()


def test_start_never_overwrites_what_the_learner_wrote(run):
    run("start", 3)
    path = Path("learn-nnscratch") / DENSE
    path.write_text("my work")
    code, out, _ = run("start", 3)
    assert code == 0
    assert "is there already and stays as it is" in out
    assert path.read_text() == "my work"


def test_start_without_a_number_takes_the_first_that_is_not_solved(run):
    assert "One neuron by hand" in run("start")[1]
    Path("learn-nnscratch/01_one_neuron.py").write_text(exercise(1).solution)
    assert run("check")[0] == 0
    assert "The gradient through a ReLU" in run("start")[1]


def test_another_folder_can_be_named(run, tmp_path):
    assert run("start", 2, "--folder", tmp_path / "a" / "b")[0] == 0
    assert (tmp_path / "a" / "b" / "02_relu_backward.py").exists()
    assert not Path("learn-nnscratch").exists()


def test_inside_the_learners_folder_no_folder_need_be_named(run, monkeypatch):
    run("start", 3)
    monkeypatch.chdir("learn-nnscratch")
    assert "dense_backward is still to be written" in run("check")[1]
    assert not Path("learn-nnscratch").exists()


def test_check_solved_exits_with_0_and_says_what_comes_next(run):
    run("start", 3)
    Path("learn-nnscratch", DENSE).write_text(exercise(3).solution)
    code, out, err = run("check")
    assert (code, err) == (0, "")
    assert "Solved. 1 of 14 is done." in out
    assert "nnscratch learn start 1" in out
    listed = run("list")[1]
    assert re.search(r"3\s+The gradients of a Dense layer\s+solved", listed)
    assert listed.count("solved") == 1


def test_check_wrong_exits_with_1_and_says_which_kind_where_and_a_hint(run):
    run("start", 3)
    Path("learn-nnscratch", DENSE).write_text(
        "def dense_backward(dz, x, W):\n    return dz @ W.T, -x.T @ dz, dz.sum(axis=0)\n"
    )
    code, out, err = run("check", 3)
    assert (code, err) == (1, "")
    assert "Every number of dW has the wrong sign." in out
    assert re.search(r"dx +\(B, I\) = \(5, 3\) +\(5, 3\) +right", out)
    assert re.search(r"dW +\(I, O\) = \(3, 4\) +\(3, 4\) +wrong", out)
    yours, right = re.search(r"dW\[0, 0\]: yours (\S+), right (\S+) \(12 of 12", out).groups()
    assert float(yours) == -float(right) != 0
    assert out.count("Hint: ") == 1


def test_hint_shows_the_second_one_too(run):
    run("start", 3)
    Path("learn-nnscratch", DENSE).write_text(
        "def dense_backward(dz, x, W):\n    return dz @ W.T, x.T @ dz, dz\n"
    )
    out = run("check")[1]
    second = "db = dz.sum(axis=0)"
    assert "how often is it used" in out
    assert second not in out
    code, out, _ = run("hint")
    assert code == 0
    assert "First hint: " in out and second in out.split("Second hint: ")[1]


def test_hint_before_any_check_says_that_there_is_nothing_to_hint_at(run):
    run("start", 3)
    code, _, err = run("hint")
    assert code == 1
    assert "nnscratch learn check 3" in err


def test_a_solution_is_shown_only_to_those_who_say_yes(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    code, out, _ = run("solution", 3)
    assert code == 1
    assert "x.T @ dz" not in out
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    code, out, _ = run("solution", 3)
    assert code == 0
    assert "x.T @ dz" in out


def test_an_exercise_that_does_not_exist_or_was_not_started_is_refused_in_words(run):
    code, _, err = run("start", 15)
    assert code == 1 and "there is no exercise 15" in err
    assert "1 one_neuron" in err and "14 speed" in err
    assert "Did you mean 'dense_backward'?" in run("check", "dense_backwards")[2]
    code, _, err = run("check")
    assert (code, "nnscratch learn start 1" in err) == (1, True)
    code, _, err = run("check", 5)
    assert (code, "nnscratch learn start 5" in err) == (1, True)


def test_an_exercise_can_be_named_by_its_number_its_name_or_its_file(run):
    run("start", 3)
    answers = {run("check", which)[1] for which in ("3", "dense_backward", DENSE)}
    assert len(answers) == 1 and "Exercise 3" in answers.pop()


def test_what_the_learners_code_prints_is_shown(run):
    run("start", 3)
    Path("learn-nnscratch", DENSE).write_text(
        "def dense_backward(dz, x, W):\n    print('shape', dz.shape)\n    return 1, 2, 3\n"
    )
    assert "Your code printed:\n  shape (5, 4)\n" in run("check")[1]


def test_a_damaged_note_of_progress_begins_anew_and_touches_no_work(run):
    run("start", 3)
    Path("learn-nnscratch", NOTE).write_text("{ not json")
    assert run("list")[0] == 0
    assert run("start", 3)[0] == 0
    assert Folder().note["current"] == 3


def test_on_a_terminal_the_table_is_drawn(monkeypatch, capsys):
    from nnscratch.learn import report

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    report.table(
        ("result", "its shape", "shape of yours", ""), [("dx", "(B, I)", "()", "wrong")]
    )
    assert "─" in capsys.readouterr().out


# ---- files that do not come to an end ----


def test_an_endless_loop_is_ended_and_its_line_is_named(check):
    code = "def dense_backward(dz, x, W):\n    n = 0\n    while True:\n        n += 1\n"
    found = check(code, seconds=1)
    assert found.kind == "endless"
    assert "still running after 1 seconds" in found.says[0]
    assert re.search(rf"{DENSE}, line [34], in dense_backward:  ", found.shown[0])


def test_an_endless_loop_that_prints_is_ended_too(check):
    code = "while True:\n    print('again')\n"
    assert check(code, seconds=1).kind == "endless"


def test_a_file_that_ends_python_itself_is_named_so(check):
    found = check("import os\n\n\ndef dense_backward(dz, x, W):\n    os._exit(3)\n")
    assert found.kind == "crash"
    assert "exit code 3" in found.says[0]


def test_a_file_that_python_dies_of_is_named_so(check):
    found = check("import os, signal\n\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    assert found.kind == "crash"
    assert "SIGSEGV" in found.says[0]


def test_an_error_shows_the_learners_own_lines_and_the_shapes_and_nothing_else(check):
    found = check(
        "def product(a, b):\n    return a @ b\n\n\n"
        "def dense_backward(dz, x, W):\n    return product(dz, W), x.T @ dz, dz.sum(axis=0)\n"
    )
    assert found.kind == "raises"
    assert found.shown[0] == (
        f"{DENSE}, line 6, in dense_backward:  return product(dz, W), x.T @ dz, dz.sum(axis=0)"
    )
    assert found.shown[1] == f"{DENSE}, line 2, in product:  return a @ b"
    assert found.shown[2].startswith("ValueError: matmul")
    assert found.shown[3] == "with dz (5, 4), x (5, 3), W (3, 4)"
    assert len(found.shown) == 4


def test_a_syntax_error_shows_the_line(check):
    found = check("def dense_backward(dz, x, W)\n    return 1\n")
    assert found.kind == "raises"
    assert found.shown[-1] == "SyntaxError: expected ':'"
    assert any("line 1" in line for line in found.shown)
    assert str(Path.cwd()) not in " ".join(found.shown)


def test_sys_exit_is_an_error_like_others(check):
    found = check("import sys\n\nsys.exit('enough')\n")
    assert found.kind == "raises"
    assert found.shown[-1] == "SystemExit: enough"


def test_asking_for_input_does_not_wait_for_ever(check):
    found = check("def dense_backward(dz, x, W):\n    return input()\n")
    assert found.shown[-2].startswith("EOFError")


def test_a_function_of_another_name_is_missed_and_the_near_one_is_offered(check):
    found = check("def dense_backwards(dz, x, W):\n    return 1\n")
    assert found.kind == "not there"
    assert "dense_backwards" in found.says[0]


def test_a_file_called_random_beside_it_does_not_stand_in_for_pythons_own(check, tmp_path):
    (tmp_path / "random.py").write_text("raise RuntimeError('not me')\n")
    (tmp_path / "helper.py").write_text("def product(a, b):\n    return a @ b\n")
    code = exercise(3).solution.replace("x.T @ dz", "product(x.T, dz)")
    assert check(f"from helper import product\n{code}").solved


def test_a_check_leaves_no_files_beside_the_learners(check, tmp_path):
    check(exercise(3).solution)
    assert [path.name for path in tmp_path.iterdir()] == [DENSE]


# ---- what is said where no mistake fits ----


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("unknown", "return dz @ W.T, np.sin(x.T @ dz), dz.sum(axis=0)"),
        ("constant factor", "return dz @ W.T, 0.3 * x.T @ dz, dz.sum(axis=0)"),
        ("all zero", "return dz @ W.T, 0 * x.T @ dz, dz.sum(axis=0)"),
        ("not finite", "return dz @ W.T, np.nan * x.T @ dz, dz.sum(axis=0)"),
        ("shape", "return dz @ W.T, x.T @ dz, np.sin(dz)"),
        ("no numbers", "return dz @ W.T, 'dW', dz.sum(axis=0)"),
        ("other count", "return dz @ W.T, x.T @ dz"),
        ("returns nothing", "x.T @ dz"),
    ],
)
def test_where_no_known_mistake_fits_what_is_seen_is_said_honestly(check, kind, body):
    found = check(f"import numpy as np\n\n\ndef dense_backward(dz, x, W):\n    {body}\n")
    assert found.kind == kind
    assert len(found.hints) == 2


def test_an_unknown_mistake_is_called_unknown_and_shows_the_first_difference(check):
    found = check(
        "import numpy as np\n\n\ndef dense_backward(dz, x, W):\n"
        "    dW = x.T @ dz\n    dW[1, 2] += 1\n    return dz @ W.T, dW, dz.sum(axis=0)\n"
    )
    assert found.kind == "unknown"
    assert found.says == [
        "dW is wrong, and no known mistake explains it, alone or with another."
    ]
    line = re.fullmatch(
        r"dW\[1, 2\]: yours (\S+), right (\S+) \(1 of 12 differ\)", *found.shown
    )
    assert float(line[1]) - float(line[2]) == pytest.approx(1)


def test_what_is_kept_from_the_first_call_is_told_from_a_wrong_formula(check):
    found = check(
        "calls = []\n\n\ndef dense_backward(dz, x, W):\n    calls.append(dz)\n"
        "    return dz @ W.T, x.T @ dz + len(calls) - 1, dz.sum(axis=0)\n"
    )
    assert found.kind == "keeps state"


def test_a_kind_is_named_only_if_it_fits_every_call(check):
    """Right in the first two calls, and the wrong sign from then on: no mistake explains it."""
    found = check(
        "calls = []\n\n\ndef dense_backward(dz, x, W):\n    calls.append(dz)\n"
        "    sign = 1 if len(calls) < 3 else -1\n"
        "    return dz @ W.T, sign * x.T @ dz, dz.sum(axis=0)\n"
    )
    assert found.kind == "unknown"


# ---- the recorded step ----


def test_the_recorded_step_has_what_the_exercise_says_it_has():
    record = json.loads(RECORDING.read_text())
    assert [step["t"] for step in record["steps"]] == [1, 2, 3, 4]
    options = record["optimizer"]
    assert (options["learning_rate"], options["epsilon"]) == (0.05, 1e-7)
    assert (options["beta_1"], options["beta_2"]) == (0.9, 0.999)
    before, after = record["steps"][0], record["steps"][1]
    assert before["weights_after"] == after["weights"]


@pytest.mark.tensorflow
def test_keras_takes_the_recorded_steps_again(tmp_path):
    pytest.importorskip("keras")
    path = tmp_path / "step.json"
    subprocess.run(
        [sys.executable, "-m", "parity.keras_step", str(path)],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        check=True,
    )
    again, shipped = (json.loads(p.read_text())["steps"] for p in (path, RECORDING))
    for one, other in zip(again, shipped, strict=True):
        for name in ("x", "labels", "weights", "m", "v", "weights_after"):
            for a, b in zip(one[name], other[name], strict=True):
                np.testing.assert_allclose(np.array(a), np.array(b), rtol=0, atol=1e-12)
