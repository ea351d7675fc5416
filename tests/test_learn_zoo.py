"""The checker of ``nnscratch learn`` names each wrong solution of the zoo rightly.

The zoo holds files as a learner would write them; the first line of each says which kind of
wrong it is.
"""

import itertools
from pathlib import Path

import numpy as np
import pytest

from nnscratch.learn.ladder import LADDER
from nnscratch.learn.learner import Learner
from nnscratch.learn.verdict import Wrong

ZOO = Path(__file__).parent / "learn_zoo"
ANIMALS = sorted(ZOO.glob("*/*.py"))
TASKS = {task.file_name.removesuffix(".py"): task for task in LADDER}
LEAST = dict.fromkeys((2, 3, 4, 5, 6, 7, 8, 9, 13), 8)


def verdict(task, path):
    with pytest.raises(Wrong) as found:
        task.check(Learner(path))
    return found.value.verdict


# Some of these nets are sick, and nnscratch says so by itself.
@pytest.mark.filterwarnings("ignore::nnscratch.TrainingWarning")
@pytest.mark.parametrize("path", ANIMALS, ids=lambda p: f"{p.parent.name[:2]}-{p.stem}")
def test_a_wrong_solution_is_named_rightly(path):
    found = verdict(TASKS[path.parent.name], path)
    expected = path.read_text().splitlines()[0].removeprefix("# kind: ")
    assert found.kind == expected, found
    assert found.says
    assert len(found.hints) == 2


@pytest.mark.parametrize("task", LADDER, ids=lambda task: task.name)
def test_the_solution_in_the_package_passes(task, tmp_path):
    path = tmp_path / task.file_name
    path.write_text(task.solution)
    task.check(Learner(path))


@pytest.mark.parametrize("task", LADDER, ids=lambda task: task.name)
def test_the_exercise_as_handed_out_is_only_begun(task, tmp_path):
    path = tmp_path / task.file_name
    path.write_text(task.text)
    assert verdict(task, path).kind == "not begun"


@pytest.mark.parametrize("task", LADDER, ids=lambda task: task.name)
def test_the_zoo_is_large_enough(task):
    here = [path for path in ANIMALS if TASKS[path.parent.name] is task]
    assert len(here) >= LEAST.get(task.number, 3)


PROBLEMS = [
    pytest.param(problem, id=f"{task.number}-{problem.function}")
    for task in LADDER
    for problem in getattr(task.checks, "PROBLEMS", ())
]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_each_known_mistake_gives_numbers_that_nothing_else_gives(problem):
    right = problem.expected()
    assert problem.explained(problem.predictions(), right)
    predicted = {id(m): (m, problem.predictions(m)) for m in problem.mistakes}.values()
    for mistake, values in predicted:
        assert values is not None, mistake.kind
        assert not problem.explained(right, values), mistake.kind
    for (one, values), (other, others) in itertools.combinations(predicted, 2):
        assert not problem.explained(values, others), (one.kind, other.kind)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_mistake_says_what_is_wrong_and_has_two_hints(problem):
    for mistake in problem.mistakes:
        assert mistake.says.endswith((".", "right."))
        assert len(mistake.hints) == 2 and all(mistake.hints), mistake.kind


@pytest.mark.parametrize("problem", PROBLEMS)
def test_results_are_finite_but_for_nothing(problem):
    for values in problem.expected():
        assert all(np.isfinite(array).all() for array in values.values())
