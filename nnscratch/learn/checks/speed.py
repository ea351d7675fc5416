"""Exercise 14: the same numbers without loops.

First right, then fast. What is slow is counted, not timed: the instructions that Python itself
runs, for data of one size and of twice that size. Only at the end a ratio of two times, taken
one after the other in the same process, has to be large, and it is larger than needed by far.
"""

import functools
import sys
import time
import tracemalloc

import numpy as np

from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake, usual
from nnscratch.learn.ladder import HERE
from nnscratch.learn.learner import Learner
from nnscratch.learn.problem import Problem, three_and_another
from nnscratch.learn.verdict import wrong

TEMPLATE = HERE / "exercises" / "14_speed.py"
ARGUMENTS = ("x", "W", "b", "dy")
SMALL, LARGE = {"B": 6, "I": 4, "O": 5}, {"B": 64, "I": 48, "O": 32}
FASTER = 20  # than the loops; without any loop it is some hundred times
GROWS = 1.05  # more instructions for twice as many rows: that is a loop
AXES = {"B": "rows", "I": "inputs", "O": "outputs"}


def arrays(rng, B, I, O):
    """x (B, I), W (I, O), b (O,), dy (B, O)."""
    return {
        "x": rng.normal(size=(B, I)),
        "W": rng.normal(size=(I, O)),
        "b": rng.normal(size=O),
        "dy": rng.normal(size=(B, O)),
    }


PROBLEM = Problem(
    "fast_step",
    ARGUMENTS,
    {"y": "(B, O)", "dx": "(B, I)", "dW": "(I, O)", "db": "(O,)"},
    Formula(
        z=lambda x, W, b: x @ W + b,
        y=lambda z: np.maximum(z, 0),
        dz=lambda dy, z: dy * (z > 0),
        dx=lambda dz, W: dz @ W.T,
        dW=lambda x, dz: x.T @ dz,
        db=lambda dz: dz.sum(axis=0),
    ),
    (
        Mistake(
            "mask missing",
            "The gradient goes through the ReLU unchanged.",
            ("Look at the if in the slow version.", "dz = dy * (z > 0)"),
            {"dz": lambda dy: dy},
        ),
        Mistake(
            "bias forgotten",
            "b is not added.",
            ("With what does the sum in the slow version begin?", "z = x @ W + b"),
            {"z": lambda x, W: x @ W},
        ),
        Mistake(
            "relu missing",
            "y is z: what is negative is not cut off.",
            ("Look at the max in the slow version.", "y = np.maximum(z, 0)"),
            {"y": lambda z: z},
        ),
        Mistake(
            "bias not summed",
            "db is not summed over the rows.",
            ("Look at the += in the slow version.", "db = dz.sum(axis=0)"),
            {"db": lambda dz: dz},
        ),
        *usual("dx"),
        *usual("dW"),
        *usual("db", without=("transposed",)),
    ),
    three_and_another({"B": 5, "I": 3, "O": 4}, {"B": 3, "I": 6, "O": 2})(arrays),
)
PROBLEMS = (PROBLEM,)


def check(learner):
    """Raises Wrong unless fast_step is right, has no loops, and is fast."""
    examine(PROBLEMS, learner)
    fast = functools.partial(learner.guard, learner.get("fast_step"), what="fast_step")
    _check_loops(fast)
    _check_memory(fast)
    _check_ratio(fast)


def _data(sizes):
    return arrays(np.random.default_rng(1), **sizes).values()


def _check_loops(fast):
    loops = [axis for axis in AXES if _growth(fast, axis) > GROWS]
    if not loops:
        return
    over = ", ".join(AXES[axis] for axis in loops)
    raise wrong(
        f"loop over {over}",
        "The numbers are right, but Python still goes through them one by one: for twice as"
        f" many {over} it runs more instructions of its own.",
        shown=[
            f"twice as many {AXES[axis]}: {_growth(fast, axis):.2f} times the instructions"
            for axis in loops
        ],
        hints=(
            "A for, a comprehension, np.vectorize and apply_along_axis are loops in Python.",
            "Each sum over an index that stands twice is a matrix product: x @ W, x.T @ dz,"
            " dz @ W.T. The mask is one comparison of whole arrays.",
        ),
    )


def _growth(fast, axis):
    """By what factor Python's own work grows when one size is doubled."""
    once = _instructions(fast, SMALL)
    return _instructions(fast, SMALL | {axis: 2 * SMALL[axis]}) / once


def _instructions(fast, sizes):
    """How many instructions Python runs in a call, in the learner's code and below it."""
    given, count = _data(sizes), 0

    def trace(frame, event, argument):
        nonlocal count
        frame.f_trace_opcodes = True
        count += 1  # an instruction, or a new line, call or return
        return trace

    before = sys.gettrace()
    fast(*given)  # so that nothing is done for the first time while it counts
    sys.settrace(trace)
    try:
        fast(*given)
    finally:
        sys.settrace(before)
    return count


def _check_memory(fast):
    given = _data(LARGE)
    cube = 8 * LARGE["B"] * LARGE["I"] * LARGE["O"]
    tracemalloc.start()
    try:
        fast(*given)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if peak > cube / 2:
        raise wrong(
            "one big array",
            "The numbers are right and there is no loop, but all products stand in memory at"
            f" once: an array of B x I x O numbers ({peak / 1e6:.1f} MB for arrays of"
            f" {sum(array.nbytes for array in given) / 1e6:.2f} MB).",
            hints=(
                "With real sizes, 60,000 x 784 x 100 numbers, this is 37 GB.",
                "@ multiplies and adds in one go, and keeps no products: x.T @ dz.",
            ),
        )


def _check_ratio(fast):
    slow = Learner(TEMPLATE).get("slow_step")
    given = tuple(_data(LARGE))
    for step in (slow, fast):
        step(*given)
    by_loops, yours = _seconds(slow, given, 1), _seconds(fast, given, 5)
    if by_loops < FASTER * yours:
        raise wrong(
            "not faster",
            "The numbers are right and no loop shows, but it takes long: slow_step takes only"
            f" {by_loops / yours:.1f} times as long, where {FASTER} is wanted.",
            hints=(
                "Is something computed several times over?",
                "Three matrix products, a comparison, a maximum and a sum are all there is.",
            ),
        )


def _seconds(step, given, times):
    """The shortest of several runs: whatever else the machine does only adds to it."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        step(*given)
        found.append(time.perf_counter() - began)
    return min(found)
