"""Exercise 6: two Dense layers in a chain, with a cache between forward and backward."""

import numpy as np

from nnscratch.learn.diagnosis import examine
from nnscratch.learn.formula import Formula, Mistake, usual
from nnscratch.learn.problem import Problem, as_arrays, three_and_another
from nnscratch.learn.verdict import wrong

FORWARD = ("x", "W1", "b1", "W2", "b2")
GRADIENTS = ("dW1", "db1", "dW2", "db2")


@three_and_another(
    {"B": 6, "I": 3, "H": 5, "O": 2},
    {"B": 4, "I": 2, "H": 3, "O": 5},
)
def draws(rng, B, I, H, O):
    """A net 3-5-2, a batch, the gradient that comes from above, and a second batch."""
    return {
        "x": rng.normal(size=(B, I)),
        "W1": rng.normal(size=(I, H)),
        "b1": rng.normal(size=H),
        "W2": rng.normal(size=(H, O)),
        "b2": rng.normal(size=O),
        "dy": rng.normal(size=(B, O)),
        "other": rng.normal(size=(B, I)),
    }


def observe(learner, inputs):
    """Forward for one batch, forward for another one, then back through the first."""
    given = {name: inputs[name] for name in FORWARD}
    y, cache = _two(learner.call("forward", given))
    _two(learner.call("forward", given | {"x": inputs["other"]}))
    arguments = {"dy": inputs["dy"], "cache": cache}
    found = learner.call("backward", arguments, keep=("cache",))
    return y, *as_arrays(found, GRADIENTS, "backward").values()


def _two(result):
    if not isinstance(result, tuple) or len(result) != 2:
        raise wrong(
            "other count",
            "forward must return two things, y and the cache that backward is to receive.",
            hints=(
                "What will backward need that only forward knows?",
                "return y, (x, z1, h, W2): the cache may hold whatever you like.",
            ),
        )
    return result


def _chain():
    return Formula(
        z1=lambda x, W1, b1: x @ W1 + b1,
        h=lambda z1: np.maximum(z1, 0),
        y=lambda h, W2, b2: h @ W2 + b2,
        # What forward kept for backward.
        kept_x=lambda x: x,
        kept_z1=lambda z1: z1,
        kept_h=lambda h: h,
        upstream=lambda dy: dy,
        dW2=lambda kept_h, upstream: kept_h.T @ upstream,
        db2=lambda upstream: upstream.sum(axis=0),
        dh=lambda upstream, W2: upstream @ W2.T,
        dz1=lambda dh, kept_z1: dh * (kept_z1 > 0),
        dW1=lambda kept_x, dz1: kept_x.T @ dz1,
        db1=lambda dz1: dz1.sum(axis=0),
    )


def _z1_of(x, W1, b1):
    return x @ W1 + b1


def _h_of(x, W1, b1):
    return np.maximum(_z1_of(x, W1, b1), 0)


CACHE = {
    "kept_z1": lambda other, W1, b1: _z1_of(other, W1, b1),
    "kept_h": lambda other, W1, b1: _h_of(other, W1, b1),
}

MISTAKES = (
    Mistake(
        "mask missing",
        "The gradient goes through the ReLU unchanged: dz1 = dh, without the mask z1 > 0.",
        (
            "What did the ReLU do to the rows where z1 was negative?",
            "dz1 = dh * (z1 > 0), and dW1 and db1 are made of dz1.",
        ),
        {"dz1": lambda dh: dh},
    ),
    Mistake(
        "mask missing in db1",
        "db1 is made of dh; it must be made of dz1, behind the mask.",
        ("b1 stands before the ReLU.", "db1 = dz1.sum(axis=0)"),
        {"db1": lambda dh: dh.sum(axis=0)},
    ),
    Mistake(
        "mask missing in dW1",
        "dW1 is made of dh; it must be made of dz1, behind the mask.",
        ("W1 stands before the ReLU.", "dW1 = x.T @ dz1"),
        {"dW1": lambda kept_x, dh: kept_x.T @ dh},
    ),
    Mistake(
        "mask on the gradient",
        "The mask asks for the sign of dh; it must ask for the sign of z1.",
        ("What decides whether a ReLU is open?", "dz1 = dh * (z1 > 0)"),
        {"dz1": lambda dh: dh * (dh > 0)},
    ),
    Mistake(
        "value for slope",
        "dh is multiplied by h in place of the mask, which is 0 or 1.",
        ("What is the slope of max(z, 0) for z > 0?", "dz1 = dh * (z1 > 0)"),
        {"dz1": lambda dh, kept_h: dh * kept_h},
    ),
    Mistake(
        "mask upside down",
        "The gradient passes where the ReLU was shut.",
        ("On which side of 0 has max(z, 0) a slope?", "dz1 = dh * (z1 > 0)"),
        {"dz1": lambda dh, kept_z1: dh * (kept_z1 <= 0)},
    ),
    Mistake(
        "z1 for h",
        "dW2 is made of z1; the second layer's input was h, behind the ReLU.",
        ("What did W2 multiply on the way forward?", "dW2 = h.T @ dy"),
        {"dW2": lambda kept_z1, upstream: kept_z1.T @ upstream},
    ),
    Mistake(
        "relu missing in forward",
        "forward computes h = z1: the ReLU between the two layers is missing.",
        ("Without a bend, two layers are one.", "h = np.maximum(z1, 0)"),
        {"h": lambda z1: z1},
    ),
    Mistake(
        "relu at the end",
        "forward applies the ReLU to y too; the second layer is linear.",
        ("Which values may y have?", "y = h @ W2 + b2, and nothing after it."),
        {"y": lambda right: np.maximum(right, 0)},
    ),
    Mistake(
        "b1 forgotten",
        "forward does not add b1.",
        ("Look at the first layer of forward.", "z1 = x @ W1 + b1"),
        {"z1": lambda x, W1: x @ W1},
    ),
    Mistake(
        "b2 forgotten",
        "forward does not add b2.",
        ("Look at the second layer of forward.", "y = h @ W2 + b2"),
        {"y": lambda h, W2: h @ W2},
    ),
    Mistake(
        "stale cache",
        "The gradients belong to another batch: between this forward and this backward, forward"
        " ran once more, and backward used what that later call had left.",
        (
            "Two batches are on their way at once; where does each keep its numbers?",
            "Take everything from the argument cache, nothing from variables outside.",
        ),
        CACHE | {"kept_x": lambda other: other},
    ),
    Mistake(
        "aliased cache",
        "The cache was overwritten: x is this batch's, but the hidden values in the cache are"
        " those of a later forward.",
        (
            "Is there one array for the hidden values that every call of forward fills?",
            "Let forward make new arrays: no out= and no [...] = into a shared array.",
        ),
        CACHE,
    ),
    Mistake(
        "aliased cache",
        "The cache was overwritten: z1 is this batch's, but h in the cache is that of a later"
        " forward.",
        (
            "Is there one array for h that every call of forward fills?",
            "Let forward make new arrays: no out= and no [...] = into a shared array.",
        ),
        {"kept_h": CACHE["kept_h"]},
    ),
    Mistake(
        "bias not summed",
        "db1 and db2 still have one row for each row of the batch: they are not summed.",
        ("There is one b for the whole batch.", "dz.sum(axis=0)"),
        {"db1": lambda dz1: dz1, "db2": lambda upstream: upstream},
    ),
    Mistake(
        "bias 1 not summed",
        "db1 still has one row for each row of the batch: it is not summed.",
        ("There is one b1 for the whole batch.", "db1 = dz1.sum(axis=0)"),
        {"db1": lambda dz1: dz1},
    ),
    Mistake(
        "bias 2 not summed",
        "db2 still has one row for each row of the batch: it is not summed.",
        ("There is one b2 for the whole batch.", "db2 = dy.sum(axis=0)"),
        {"db2": lambda upstream: upstream},
    ),
    *(mistake for name in ("dW1", "dW2") for mistake in usual(name)),
    *(m for name in ("db1", "db2") for m in usual(name, without=("transposed",))),
    # Last: of two pairs that explain the same, the one without these is easier to see.
    *usual("upstream", called="dy", without=("transposed", "accumulated", "stale")),
    *usual("dz1", without=("transposed", "accumulated", "stale")),
)

PROBLEM = Problem(
    "forward, then backward",
    FORWARD,
    {"y": "(B, O)", "dW1": "(I, H)", "db1": "(H,)", "dW2": "(H, O)", "db2": "(O,)"},
    _chain(),
    MISTAKES,
    draws,
    observe,
)
PROBLEMS = (PROBLEM,)


def check(learner):
    """Raises Wrong unless the exercise is solved."""
    examine(PROBLEMS, learner)
