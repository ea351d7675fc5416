"""Which kind of wrong? The learner's results beside those of every known mistake.

A mistake is named only if it explains the results of all calls: random numbers of several
shapes do not agree by accident. First each mistake by itself is tried, then every two, then one
for each result. If none fits, that is said, with the first number that differs.
"""

import itertools

import numpy as np

from nnscratch.learn.problem import ONE_NUMBER, observe
from nnscratch.learn.verdict import Wrong, wrong

SINGLE = 1e-5  # what float32 may be off by


def examine(problems, learner):
    """Judge each problem in turn; raises Wrong at the first that is not solved."""
    done: list[str] = []
    for problem in problems:
        try:
            _examine(problem, learner)
        except Wrong as found:
            found.verdict.about, found.verdict.done = problem.function, done
            raise
        done.append(problem.function)


def _examine(problem, learner):
    seen, error = observe(problem, learner)
    right = problem.expected()
    if seen and not problem.explained(seen, right):
        raise _diagnosis(problem, learner, seen, right)
    if error is not None:
        raise _with_remark(error, len(seen))
    _check_side_effects(learner)


# ---- naming ----


def _diagnosis(problem, learner, seen, right):
    """The Wrong that explains what was seen."""
    bad = [name for name in problem.returns if not problem.explained(seen, right, (name,))]
    found = (
        _known(problem, seen)
        or _in_another_order(problem, seen, right)
        or _two_at_once(problem, seen)
        or _one_by_one(problem, seen, bad)
        or _single_precision(problem, seen, right)
        or _not_finite(seen, right, bad)
        or _shape(problem, seen, right, bad)
        or _factor(problem, seen, right, bad)
        or _between_calls(problem, seen, right)
        or _changed_input(learner)
        or _unknown(bad)
    )
    kind, says, hints = found
    name, call = _first_wrong(problem, seen, right, bad)
    return wrong(
        kind,
        *says,
        shown=first_difference(problem, name, seen[call][name], right[call][name]),
        hints=hints,
        table=_table(problem, seen, right, call),
    )


def _as_found(mistake):
    return mistake.kind, [mistake.says], mistake.hints


def _known(problem, seen):
    for mistake in problem.mistakes:
        if problem.explained(seen, problem.predictions(mistake)):
            return _as_found(mistake)
    return None


def _two_at_once(problem, seen):
    for pair in _pairs(problem.mistakes):
        if problem.explained(seen, problem.predictions(*pair)):
            return _joined(pair)
    return None


def _pairs(mistakes):
    """Every two, those first whose later one comes early: the far-fetched stand last."""
    for k, later in enumerate(mistakes):
        yield from ((earlier, later) for earlier in mistakes[:k])


def _joined(mistakes):
    """Several mistakes as one finding."""
    kinds = " + ".join(mistake.kind for mistake in mistakes)
    says = ["Several things at once.", *(mistake.says for mistake in mistakes)]
    return kinds, says, [mistake.hints[0] for mistake in mistakes[:2]]


def _one_by_one(problem, seen, bad):
    """One or two mistakes for each wrong result by itself; None unless all have some."""
    fine = tuple(name for name in problem.returns if name not in bad)
    found = []
    for name in bad:
        # A mistake that would spoil a result that is right is not what was made.
        mistakes = _mistakes_for(problem, seen, (name, *fine))
        if not mistakes:
            return None
        found += [mistake for mistake in mistakes if mistake not in found]
    return _joined(found)


def _mistakes_for(problem, seen, names):
    singles = ((mistake,) for mistake in problem.mistakes)
    for mistakes in itertools.chain(singles, _pairs(problem.mistakes)):
        if problem.explained(seen, problem.predictions(*mistakes), names):
            return mistakes
    return ()


def _in_another_order(problem, seen, right):
    names = tuple(problem.returns)
    for order in itertools.permutations(names):
        if order == names:
            continue
        relabelled = [
            {name: result[there] for name, there in zip(names, order, strict=True)}
            for result in seen
        ]
        if problem.explained(relabelled, right):
            hint = f"End it with: return {', '.join(names)}"
            says = f"All results are right, but not in the order {', '.join(names)}."
            return "order", [says], ("Look at what stands behind return.", hint)
    return None


def _single_precision(problem, seen, right):
    arrays = [(result[n], truth[n]) for result, truth in _each_call(seen, right) for n in truth]
    single = any(a.dtype == np.float32 for a, _ in arrays)
    if not single or not all(
        a.shape == b.shape and np.allclose(a, b, rtol=SINGLE, atol=SINGLE) for a, b in arrays
    ):
        return None
    says = "The numbers are right to float32's seven digits, but were rounded to float32."
    return (
        "float32",
        [says],
        (
            "Which line makes an array or a number of its own?",
            "Leave dtype=np.float32 away: NumPy computes in float64 unless told otherwise.",
        ),
    )


def _each_call(seen, right):
    return zip(seen, right, strict=False)


def _shape(problem, seen, right, bad):
    for name in bad:
        for result, truth in _each_call(seen, right):
            got, expected = result[name].shape, truth[name].shape
            if got != expected:
                wanted = f"have the shape {problem.returns[name]} = {expected}"
                says = f"{name} must {wanted if expected else 'be one number'}"
                return (
                    "shape",
                    [f"{says}; yours has the shape {got}."],
                    (
                        f"Write the shape beside every array that {name} is made of.",
                        "A sum may need axis=, and a product its factors in the other order.",
                    ),
                )
    return None


def _not_finite(seen, right, bad):
    for name in bad:
        for result, truth in _each_call(seen, right):
            if np.isfinite(truth[name]).all() and not np.isfinite(result[name]).all():
                return (
                    "not finite",
                    [f"{name} holds numbers that are not finite (nan or inf)."],
                    (
                        "What is divided by 0, or what has a negative number under its root?",
                        "Print each part of the line just before, and look where nan comes in.",
                    ),
                )
    return None


def _factor(problem, seen, right, bad):
    """The wrong result is one constant times the right one, the same in all calls."""
    name = bad[0]
    if len(bad) > 1 or (factor := _ratio(seen[0][name], right[0][name])) is None:
        return None
    scaled = [{name: factor * truth[name]} for truth in right]
    if not problem.explained(seen, scaled, (name,)):
        return None
    if factor == 0:
        return (
            "all zero",
            [f"All numbers of {name} are 0."],
            ("Is the array that you fill the one you return?", "Print what you add to it."),
        )
    says = f"Every number of {name} is {factor:.6g} times the right one."
    return (
        "constant factor",
        [says],
        ("Which constant is multiplied in?", f"Divide by {factor:.6g}, and ask where it is."),
    )


def _ratio(got, expected):
    """got / expected where expected is largest; None if that is not finite."""
    at = np.argmax(np.abs(expected))
    factor = float(got.flat[at] / expected.flat[at])
    return factor if np.isfinite(factor) else None


def _between_calls(problem, seen, right):
    """Right in some calls and wrong in others."""
    fine = [problem.explained([result], [truth]) for result, truth in _each_call(seen, right)]
    if fine[0] and not any(fine[1:]):
        return (
            "keeps state",
            ["The first call is right and every later one is wrong."],
            (
                "What does your code keep from one call to the next?",
                "Make every array inside the function, anew at each call.",
            ),
        )
    shapes = [{name: array.shape for name, array in truth.items()} for truth in right]
    of_first_shape = [shape == shapes[0] for shape in shapes[: len(fine)]]
    if fine == of_first_shape and not all(fine):
        return (
            "fixed size",
            ["Right for data of one shape and wrong for another one."],
            (
                "Is a number of rows or columns written into the code as a number?",
                "Take sizes from .shape.",
            ),
        )
    return None


def _changed_input(learner):
    if not learner.changed:
        return None
    function, argument = learner.changed[0]
    return (
        "changes its input",
        [f"{function} changes its argument {argument} in place; whoever called it still needs"
         " it."],
        (
            "Operators such as -=, *= and an assignment to a[...] change the array itself.",
            f"Write a new array: {argument} - step instead of {argument} -= step, or work on"
            f" {argument}.copy().",
        ),
    )  # fmt: skip


def _unknown(bad):
    what = f"{', '.join(bad)} {'is' if len(bad) == 1 else 'are'}"
    return (
        "unknown",
        [f"{what} wrong, and no known mistake explains it, alone or with another."],
        (
            "Compare your code with the explanation, term by term.",
            "Take one row and two inputs, and work out the differing number by hand.",
        ),
    )


# ---- what is shown ----


def _first_wrong(problem, seen, right, bad):
    """The first wrong result and the first call in which it is wrong."""
    for call, (result, truth) in enumerate(_each_call(seen, right)):
        for name in bad:
            if not problem.close(result[name], truth[name]):
                return name, call
    raise AssertionError("asked for a difference where there is none")


def first_difference(problem, name, got, expected):
    """Lines that show the first differing number of an array, with its place."""
    if got.shape != expected.shape:
        return [f"{name}: expected the shape {expected.shape}, yours has {got.shape}"]
    finite = np.abs(expected[np.isfinite(expected)])
    allowed = max(problem.tolerance * finite.max(initial=0), problem.absolute)
    differs = ~np.isclose(got, expected, rtol=0, atol=allowed, equal_nan=True)
    at = tuple(int(i) for i in np.argwhere(differs)[0]) if got.ndim else ()
    place = f"[{', '.join(map(str, at))}]" if at else ""
    many = f" ({int(differs.sum())} of {got.size} differ)" if got.size > 1 else ""
    return [f"{name}{place}: yours {float(got[at]):.9g}, right {float(expected[at]):.9g}{many}"]


def _table(problem, seen, right, call):
    rows = []
    for name, letters in problem.returns.items():
        got, expected = seen[call][name], right[call][name]
        mark = "right" if problem.close(got, expected) else "wrong"
        wanted = f"{letters} = {expected.shape}" if expected.ndim else letters
        yours = str(got.shape) if got.ndim else ONE_NUMBER
        rows.append((name, wanted, yours, mark))
    return rows


def _with_remark(error, calls):
    """The learner's error after calls that went well."""
    if calls:
        error.verdict.says.append("Calls before this one, with other data, were right.")
    return error


def _check_side_effects(learner):
    if found := _changed_input(learner):
        kind, says, hints = found
        raise wrong(kind, "All numbers are right.", *says, hints=hints)
    if name := learner.result_that_changed:
        raise wrong(
            "aliased result",
            "All numbers are right at first, but a later call changes what an earlier call of"
            f" {name} returned: both are the same array.",
            hints=(
                "Is there an array outside the function that is filled again and again?",
                "Make the array inside the function, or return a copy.",
            ),
        )
