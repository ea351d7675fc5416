"""Exercise 13: one step of a small net by Keras, matched to 1e-6.

What is right is what Keras did, read from a recording. The formula beside it serves to name
mistakes; a test holds it to the recording.
"""

import json
from pathlib import Path

import numpy as np

from nnscratch import ops
from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake
from nnscratch.learn.problem import Problem, as_arrays

RECORDING = Path(__file__).parents[1] / "keras_step.json"
ARGUMENTS = ("weights", "m", "v", "t", "x", "labels")
SHAPES = {"W1": "(I, H)", "b1": "(H,)", "W2": "(H, C)", "b2": "(C,)"}
LEARNING_RATE, BETA_1, BETA_2, EPSILON = 0.05, 0.9, 0.999, 1e-7
TOLERANCE = 1e-6


def draws(rng):
    """The recorded steps: what there was before each, and Keras's weights after it."""
    del rng  # nothing is drawn: Keras ran once
    return [_inputs(step) for step in json.loads(RECORDING.read_text())["steps"]]


def _inputs(step):
    lists = {name: [np.array(a) for a in step[name]] for name in ("weights", "m", "v")}
    after = [np.array(array) for array in step["weights_after"]]
    arrays = {"x": np.array(step["x"]), "labels": np.array(step["labels"])}
    return lists | arrays | {"t": step["t"], "by_keras": dict(zip(SHAPES, after, strict=True))}


def observe(learner, inputs):
    """The four new arrays."""
    given = {name: inputs[name] for name in ARGUMENTS}
    found = learner.call("keras_step", given)
    return tuple(as_arrays(found, SHAPES, "keras_step").values())


def _gradients(x, h, dz2, dz1):
    return [x.T @ dz1, dz1.sum(axis=0), h.T @ dz2, dz2.sum(axis=0)]


def _onehot(labels, p):
    return np.eye(p.shape[1])[labels]


def _each(function, *lists):
    return [function(*arrays) for arrays in zip(*lists, strict=True)]


FORMULA = Formula(
    z1=lambda x, weights: x @ weights[0] + weights[1],
    h=lambda z1: np.maximum(z1, 0),
    p=lambda h, weights: ops.softmax(h @ weights[2] + weights[3]),
    delta=lambda p, labels: p - _onehot(labels, p),
    dz2=lambda delta, x: delta / len(x),
    dh=lambda dz2, weights: dz2 @ weights[2].T,
    dz1=lambda dh, z1: dh * (z1 > 0),
    g=_gradients,
    m_new=lambda m, g: _each(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, m, g),
    v_new=lambda v, g: _each(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, v, g),
    power=lambda t: t,
    c1=lambda power: 1 - BETA_1**power,
    c2=lambda power: 1 - BETA_2**power,
    step=lambda c1, c2: LEARNING_RATE * np.sqrt(c2) / c1,
    above=lambda m_new: m_new,
    root=lambda v_new: [np.sqrt(v) + EPSILON for v in v_new],
    move=lambda step, above, root: _each(lambda a, r: step * a / r, above, root),
    W1=lambda weights, move: weights[0] - move[0],
    b1=lambda weights, move: weights[1] - move[1],
    W2=lambda weights, move: weights[2] - move[2],
    b2=lambda weights, move: weights[3] - move[3],
)

MISTAKES = (
    Mistake(
        "not divided by B",
        "The gradients are those of the sum over the batch; Keras's loss is the mean.",
        ("Where does 1 / B enter?", "dz2 = (p - onehot) / B"),
        {"dz2": lambda delta: delta},
    ),
    Mistake(
        "divided by B and C",
        "The gradients are divided by the number of classes too.",
        ("Over what does the loss take its mean?", "dz2 = (p - onehot) / B, the rows alone"),
        {"dz2": lambda delta: delta / delta.size},
    ),
    Mistake(
        "mask missing",
        "The gradient goes through the ReLU unchanged.",
        ("Exercise 6 had this chain.", "dz1 = dh * (z1 > 0)"),
        {"dz1": lambda dh: dh},
    ),
    Mistake(
        "softmax derivative left in",
        "p - onehot is multiplied by p (1 - p); softmax's derivative is in it already.",
        ("Exercise 5 had this.", "dz2 = (p - onehot) / B"),
        {"delta": lambda p, labels: (p - _onehot(labels, p)) * p * (1 - p)},
    ),
    Mistake(
        "label missing",
        "The 1 at each row's label is not taken off p.",
        ("Exercise 5 had this.", "dz2 = (p - onehot) / B"),
        {"delta": lambda p: p},
    ),
    Mistake(
        "gradient sign",
        "The gradients have the wrong sign: t - p in place of p - t.",
        ("Which way is downhill?", "dz2 = (p - onehot) / B, then weights - move"),
        {"delta": lambda right: -right},
    ),
    Mistake(
        "new weights used on the way back",
        "The gradient went back through W2 after its update; it must be the old W2.",
        ("When may a weight change: before or after all gradients are known?", "Update last."),
        {"dh": lambda dz2, weights, m, v, t, h: dz2 @ _new_W2(dz2, weights, m, v, t, h).T},
    ),
    Mistake(
        "gradient descent",
        "This is a step of plain gradient descent; Keras made one of Adam.",
        ("What are m and v for?", "Exercise 8 has Adam's formula."),
        {"move": lambda g: [LEARNING_RATE * each for each in g]},
    ),
    Mistake(
        "fresh m and v",
        "m and v began at 0 at every step: those that are handed over are not used.",
        ("What do the arguments m and v hold?", "m_new = beta_1 * m + (1 - beta_1) * g"),
        {
            "m_new": lambda g: [(1 - BETA_1) * each for each in g],
            "v_new": lambda g: [(1 - BETA_2) * each * each for each in g],
        },
    ),
    Mistake(
        "no bias correction",
        "There is no bias correction: the step is lr itself.",
        ("Exercise 8 had this.", "lr * sqrt(1 - beta_2**t) / (1 - beta_1**t)"),
        {"step": lambda: LEARNING_RATE},
    ),
    Mistake(
        "t one ahead",
        "The powers are one too large: t counts from 1 already.",
        ("The first step has t = 1.", "Use t as it is: no t + 1."),
        {"power": lambda t: t + 1},
    ),
    Mistake(
        "t always 1",
        "The bias correction is that of the first step at every step.",
        ("What is t for?", "beta**t"),
        {"power": lambda: 1},
    ),
    Mistake(
        "epsilon after the correction",
        "epsilon is added to the corrected root, as in the paper's Algorithm 1 and in PyTorch;"
        " Keras adds it to sqrt(v_new) itself. It shows where gradients are small.",
        (
            "Two forms of Adam differ by where epsilon stands.",
            "m_new / (sqrt(v_new) + epsilon)",
        ),
        {"root": lambda v_new, c2: [np.sqrt(v) + EPSILON * np.sqrt(c2) for v in v_new]},
    ),
    Mistake(
        "epsilon inside the corrected root",
        "v is corrected first, and epsilon is added inside the root: sqrt(v_hat + epsilon).",
        ("Where does the root end?", "m_new / (sqrt(v_new) + epsilon)"),
        {"root": lambda v_new, c2: [np.sqrt(v + EPSILON * c2) for v in v_new]},
    ),
    Mistake(
        "epsilon inside the root",
        "epsilon stands inside the root: sqrt(v + epsilon).",
        ("Where does the root end?", "m_new / (sqrt(v_new) + epsilon)"),
        {"root": lambda v_new: [np.sqrt(v + EPSILON) for v in v_new]},
    ),
    Mistake(
        "epsilon missing or smaller",
        "epsilon is too small, or missing: Keras's is 1e-7; the paper and PyTorch have 1e-8.",
        ("It shows where gradients are small.", "epsilon = 1e-7"),
        {"root": lambda v_new: [np.sqrt(v) for v in v_new]},
    ),
    Mistake(
        "epsilon missing or smaller",
        "epsilon is 1e-8, as in the paper and in PyTorch; Keras's is 1e-7.",
        ("It shows where gradients are small.", "epsilon = 1e-7"),
        {"root": lambda v_new: [np.sqrt(v) + 1e-8 for v in v_new]},
    ),
    Mistake(
        "learning rate",
        "The step is a fiftieth of Keras's: the learning rate is 0.001, Adam's default.",
        ("Which learning rate does the explanation name?", "lr = 0.05"),
        {"step": lambda right: right / 50},
    ),
    Mistake(
        "old m",
        "The weights move by m from before this step.",
        ("Which comes first: the means, or the move?", "m_new / (sqrt(v_new) + epsilon)"),
        {"above": lambda m: m},
    ),
    Mistake(
        "g for m",
        "The weights move by this step's gradient; they must move by the running mean m_new.",
        ("What is m kept for?", "m_new / (sqrt(v_new) + epsilon)"),
        {"above": lambda g: g},
    ),
    Mistake(
        "bias not updated",
        "b1 and b2 come back as they went in.",
        ("Which numbers does the net learn?", "All four arrays take a step."),
        {"b1": lambda weights: weights[1], "b2": lambda weights: weights[3]},
    ),
    Mistake(
        "step sign",
        "The weights move uphill.",
        ("Which way is downhill?", "weights - step * m_new / (sqrt(v_new) + epsilon)"),
        {"move": lambda right: [-each for each in right]},
    ),
)


def _new_W2(dz2, weights, m, v, t, h):
    scope = {"g": [h.T @ dz2], "m": m[2:3], "v": v[2:3], "t": t}
    steps = ("m_new", "v_new", "power", "c1", "c2", "step", "above", "root", "move")
    return weights[2] - FORMULA.only(*steps).values([scope])[0]["move"][0]


PROBLEM = Problem(
    "keras_step",
    ARGUMENTS,
    SHAPES,
    FORMULA,
    MISTAKES,
    draws,
    observe,
    right="by_keras",
    tolerance=0,
    absolute=TOLERANCE,
)
PROBLEMS = (PROBLEM,)


def check(learner):
    """Raises Wrong unless the exercise is solved."""
    examine(PROBLEMS, learner)
