"""Exercise 8: one step of Adam."""

import numpy as np

from nnscratch.learn.checks.running_mean import of_a_mean
from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake
from nnscratch.learn.problem import Problem, three_and_another

ARGUMENTS = ("p", "g", "m", "v", "t", "lr", "beta_1", "beta_2", "epsilon")


@three_and_another({"N": 6}, {"N": 9})
def draws(rng, N):
    """A training on its way. Epsilon is large, so that its place shows, and the betas small:

    with beta t below 1, whoever writes it for beta^t gets numbers, by which it can be told.
    """
    return {
        "p": rng.normal(size=N),
        "g": rng.normal(size=N),
        "m": rng.normal(size=N),
        "v": rng.uniform(0.2, 2, size=N),
        "t": int(rng.integers(2, 4)),
        "lr": rng.uniform(0.05, 0.4),
        "beta_1": rng.uniform(0.1, 0.2),
        "beta_2": rng.uniform(0.22, 0.32),
        "epsilon": rng.uniform(0.05, 0.2),
    }


M, V = "m_new = beta_1 * m + (1 - beta_1) * g", "v_new = beta_2 * v + (1 - beta_2) * g**2"
STEP = "lr * sqrt(1 - beta_2**t) / (1 - beta_1**t)"
MOVE = "p - step * m_new / (sqrt(v_new) + epsilon)"


MISTAKES = (
    Mistake(
        "epsilon inside the root",
        "epsilon stands inside the root: sqrt(v + epsilon).",
        ("Where does the root end?", MOVE),
        {"root": lambda mean_v, epsilon: np.sqrt(mean_v + epsilon)},
    ),
    Mistake(
        "epsilon after the correction",
        "v is corrected first, and epsilon is added to the corrected root. The paper's"
        " Algorithm 1 and PyTorch do so; Keras and this exercise add epsilon to sqrt(v_new)"
        " itself.",
        ("Two forms of Adam differ by where epsilon stands.", MOVE),
        {"root": lambda mean_v, c2, epsilon: np.sqrt(mean_v) + epsilon * np.sqrt(c2)},
    ),
    Mistake(
        "epsilon inside the corrected root",
        "v is corrected first, and epsilon is added inside the root: sqrt(v_hat + epsilon).",
        ("Where does the root end, and what is corrected first?", MOVE),
        {"root": lambda mean_v, c2, epsilon: np.sqrt(mean_v + epsilon * c2)},
    ),
    Mistake(
        "epsilon missing",
        "epsilon is missing.",
        ("What if v is 0?", MOVE),
        {"root": lambda mean_v: np.sqrt(mean_v)},
    ),
    Mistake(
        "no bias correction",
        "There is no bias correction: the step is lr itself.",
        ("m and v began at 0; what does that do to the first steps?", STEP),
        {"step": lambda lr: lr},
    ),
    Mistake(
        "m not corrected",
        "Only v's pull towards 0 is corrected, m's is not.",
        ("m began at 0 as well.", STEP),
        {"c1": lambda: 1.0},
    ),
    Mistake(
        "v not corrected",
        "Only m's pull towards 0 is corrected, v's is not.",
        ("v began at 0 as well.", STEP),
        {"c2": lambda: 1.0},
    ),
    Mistake(
        "t from 0",
        "The powers are one too small: the first step has t = 1, and t is handed over so.",
        ("What is 1 - beta**0?", "Use t as it is: no t - 1."),
        {"power": lambda t: t - 1},
    ),
    Mistake(
        "t one ahead",
        "The powers are one too large: t counts from 1 already.",
        ("The first step has t = 1.", "Use t as it is: no t + 1."),
        {"power": lambda t: t + 1},
    ),
    Mistake(
        "t of its own",
        "The argument t is not used: your function counts its calls itself.",
        ("Two parameters may share one function: whose steps are counted?", "Use t."),
        {"power": lambda earlier: len(earlier) + 1},
    ),
    Mistake(
        "t always 1",
        "The powers are missing: 1 - beta stands where 1 - beta**t belongs.",
        ("The correction fades as t grows; does yours?", STEP),
        {"power": lambda: 1},
    ),
    Mistake(
        "times for power",
        "beta * t stands where beta**t belongs.",
        ("How much of the 0 at the start is left after t steps?", "beta_1**t"),
        {
            "c1": lambda beta_1, power: 1 - beta_1 * power,
            "c2": lambda beta_2, power: 1 - beta_2 * power,
        },
    ),
    Mistake(
        "correction without its root",
        "v's correction stands outside the root: (1 - beta_2**t) without sqrt.",
        ("v is under a root; what follows for its correction?", STEP),
        {"step": lambda lr, c1, c2: lr * c2 / c1},
    ),
    Mistake(
        "correction upside down",
        "The correction is upside down.",
        ("Should the correction make m larger or smaller?", STEP),
        {"step": lambda lr, c1, c2: lr * c1 / np.sqrt(c2)},
    ),
    Mistake(
        "betas swapped",
        "beta_1 and beta_2 have changed places.",
        ("Which of the two belongs to m?", f"{M};  {V}"),
        {
            "mean_m": lambda beta_2, m, g: beta_2 * m + (1 - beta_2) * g,
            "mean_v": lambda beta_1, v, g: beta_1 * v + (1 - beta_1) * g * g,
            "c1": lambda beta_2, power: 1 - beta_2**power,
            "c2": lambda beta_1, power: 1 - beta_1**power,
        },
    ),
    Mistake(
        "betas swapped in the means",
        "beta_1 and beta_2 have changed places in the running means.",
        ("Which of the two belongs to m?", f"{M};  {V}"),
        {
            "mean_m": lambda beta_2, m, g: beta_2 * m + (1 - beta_2) * g,
            "mean_v": lambda beta_1, v, g: beta_1 * v + (1 - beta_1) * g * g,
        },
    ),
    Mistake(
        "betas swapped in the correction",
        "beta_1 and beta_2 have changed places in the bias correction.",
        ("Which of the two belongs to m?", STEP),
        {
            "c1": lambda beta_2, power: 1 - beta_2**power,
            "c2": lambda beta_1, power: 1 - beta_1**power,
        },
    ),
    Mistake(
        "beta and 1 - beta swapped",
        "beta and 1 - beta have changed places in both running means.",
        ("Which is near 1: the share that is kept, or the share that is new?", f"{M};  {V}"),
        {
            "mean_m": lambda beta_1, m, g: (1 - beta_1) * m + beta_1 * g,
            "mean_v": lambda beta_2, v, g: (1 - beta_2) * v + beta_2 * g * g,
        },
    ),
    Mistake(
        "1 - beta_1 missing",
        "m takes in the whole gradient: the factor 1 - beta_1 is missing.",
        ("A running mean keeps the share beta and takes in the share 1 - beta.", M),
        {"mean_m": lambda beta_1, m, g: beta_1 * m + g},
    ),
    Mistake(
        "1 - beta_2 missing",
        "v takes in the whole square: the factor 1 - beta_2 is missing.",
        ("A running mean keeps the share beta and takes in the share 1 - beta.", V),
        {"mean_v": lambda beta_2, v, g: beta_2 * v + g * g},
    ),
    Mistake(
        "gradient not squared",
        "v takes in g; it must take in g squared.",
        ("v measures how large g is, whatever its sign.", V),
        {"mean_v": lambda beta_2, v, g: beta_2 * v + (1 - beta_2) * g},
    ),
    Mistake(
        "gradient not squared",
        "v takes in |g|; it must take in g squared.",
        ("The root at the end undoes a square.", V),
        {"mean_v": lambda beta_2, v, g: beta_2 * v + (1 - beta_2) * np.abs(g)},
    ),
    Mistake(
        "m squared for g squared",
        "v takes in the square of m; it must take in that of g.",
        ("v is the running mean of g squared.", V),
        {"mean_v": lambda beta_2, v, mean_m: beta_2 * v + (1 - beta_2) * mean_m**2},
    ),
    Mistake(
        "1 - beta_2 inside the square",
        "1 - beta_2 is squared together with g.",
        ("Which brackets does the square belong to?", V),
        {"mean_v": lambda beta_2, v, g: beta_2 * v + ((1 - beta_2) * g) ** 2},
    ),
    Mistake(
        "root missing",
        "The root is missing: p moves by m / (v + epsilon).",
        ("v is the mean of a square; what has the size of g?", MOVE),
        {"root": lambda mean_v, epsilon: mean_v + epsilon},
    ),
    Mistake(
        "g for m",
        "p moves by the gradient of this step; it must move by the running mean m_new.",
        ("What is m kept for?", MOVE),
        {"above": lambda g: g},
    ),
    Mistake(
        "old m",
        "p moves by m from before this step.",
        ("Which comes first: the means, or the move?", MOVE),
        {"above": lambda m: m},
    ),
    Mistake(
        "old v",
        "The root is of v from before this step.",
        ("Which comes first: the means, or the move?", MOVE),
        {"root": lambda v, epsilon: np.sqrt(v) + epsilon},
    ),
    Mistake(
        "sign",
        "The step goes up.",
        ("Which way is downhill?", MOVE),
        {"p_new": lambda p, step, above, root: p + step * above / root},
    ),
    Mistake(
        "step for parameters",
        "p_new is the move alone; the new parameters are asked for.",
        ("From where does the step start?", MOVE),
        {"p_new": lambda step, above, root: -step * above / root},
    ),
    Mistake(
        "step for parameters",
        "p_new is the length of the move alone; the new parameters are asked for.",
        ("From where does the step start?", MOVE),
        {"p_new": lambda step, above, root: step * above / root},
    ),
    Mistake(
        "corrected means returned",
        "p_new is right, but m_new and v_new come back corrected: the next step would correct"
        " them once more.",
        (
            "Which m does the next step go on from?",
            "Keep m_hat and v_hat for the move, and return m_new and v_new.",
        ),
        {
            "m_new": lambda right, c1: right / c1,
            "v_new": lambda right, c2: right / c2,
        },
    ),
    Mistake(
        "corrected means returned",
        "m_new and v_new come back corrected, and epsilon is added to the corrected root.",
        (
            "Which m does the next step go on from?",
            "Keep m_hat and v_hat for the move, and return m_new and v_new.",
        ),
        {
            "m_new": lambda right, c1: right / c1,
            "v_new": lambda right, c2: right / c2,
            "root": lambda mean_v, c2, epsilon: np.sqrt(mean_v) + epsilon * np.sqrt(c2),
        },
    ),
    Mistake(
        "means not moved",
        "p_new is right, but m and v come back as they went in.",
        ("What will the next step be handed?", "return p_new, m_new, v_new"),
        {"m_new": lambda m: m, "v_new": lambda v: v},
    ),
    Mistake(
        "not moved",
        "p comes back as it went in.",
        ("Is the result of your formula the one that you return?", MOVE),
        {"p_new": lambda p: p},
    ),
    Mistake(
        "learning rate missing",
        "The step is the bias correction alone: lr is missing.",
        ("What sets the length of a step?", STEP),
        {"step": lambda c1, c2: np.sqrt(c2) / c1},
    ),
    Mistake(
        "not divided by the root",
        "p moves by step * m_new: it is not divided by sqrt(v_new) + epsilon.",
        ("What is v kept for?", MOVE),
        {"root": lambda: 1.0},
    ),
    Mistake(
        "beta_1 in both corrections",
        "The correction has beta_1 twice; v's is made with beta_2.",
        ("Which of the two belongs to v?", STEP),
        {"c2": lambda beta_1, power: 1 - beta_1**power},
    ),
    Mistake(
        "beta_2 in both corrections",
        "The correction has beta_2 twice; m's is made with beta_1.",
        ("Which of the two belongs to m?", STEP),
        {"c1": lambda beta_2, power: 1 - beta_2**power},
    ),
    *of_a_mean("m", "mean_m", M, "beta_1", "beta_2", "m", ("g", 1)),
    *of_a_mean("v", "mean_v", V, "beta_2", "beta_1", "v", ("g", 2)),
)

PROBLEM = Problem(
    "adam_step",
    ARGUMENTS,
    {"p_new": "(N,)", "m_new": "(N,)", "v_new": "(N,)"},
    Formula(
        mean_m=lambda beta_1, m, g: beta_1 * m + (1 - beta_1) * g,
        mean_v=lambda beta_2, v, g: beta_2 * v + (1 - beta_2) * g * g,
        power=lambda t: t,
        c1=lambda beta_1, power: 1 - beta_1**power,
        c2=lambda beta_2, power: 1 - beta_2**power,
        step=lambda lr, c1, c2: lr * np.sqrt(c2) / c1,
        above=lambda mean_m: mean_m,
        root=lambda mean_v, epsilon: np.sqrt(mean_v) + epsilon,
        p_new=lambda p, step, above, root: p - step * above / root,
        # What is returned: named apart, so that it can be wrong where the move is right.
        m_new=lambda mean_m: mean_m,
        v_new=lambda mean_v: mean_v,
    ),
    MISTAKES,
    draws,
)
PROBLEMS = (PROBLEM,)


def check(learner):
    """Raises Wrong unless the exercise is solved."""
    examine(PROBLEMS, learner)
