"""What the vital signs of a run mean, in words: which sickness, what shows it, what helps.

The rules look at numbers alone and know nothing of how a run was made. Each is a function of a
Run and its Vitals that returns a sentence, or None where the sign is absent.
"""

import math
from dataclasses import dataclass

import numpy as np

LARGE_INPUT = 20
LARGE_STEP, SMALL_STEP = 0.1, 1e-4  # of the weights' own length
LARGE_FIRST_STEP = 0.8
VANISHED = 1e-3  # the first layer's gradient over the last one's
MANY_DEAD = 0.6
FEW = 10  # steps: looked at, at the begin or the end of a run


@dataclass(frozen=True)
class Finding:
    """One sickness: its name, what shows it (with the run's own numbers), and what helps."""

    name: str
    shows: str
    helps: str

    def __str__(self):
        return f"{self.name}: {self.shows} {self.helps}"


def diagnose(run, vitals):
    """The Findings that fit, the most telling one first; empty for a healthy run."""
    found = []
    with np.errstate(all="ignore"):
        for name, rule, helps in RULES:
            if shows := rule(run, vitals):
                found.append(Finding(name, shows, helps))
    if not found and (shows := _learns_nothing(run, vitals)):
        name, helps = WRONG_LABELS
        found.append(Finding(name, shows, helps))
    return found


def in_words(findings):
    """The diagnosis as one text."""
    if not findings:
        return "The vital signs show none of the sicknesses that are known here."
    return "\n".join(map(str, findings))


# ---- the rules ----


def _raw_inputs(run, vitals):
    size = float(np.nanmax(vitals.input_size))
    if size > LARGE_INPUT:
        return (
            f"the inputs reach {size:,.4g}. The gradient of a first-layer weight is dz times"
            " the input, so it is as many times too long."
        )
    return None


def _clipped_predictions(run, vitals):
    share = float(np.nanmean(vitals.outside))
    if share > 0.05:
        return (
            f"{100 * share:.0f} % of the predictions lie outside 0..1, where the cross-entropy"
            " clips them and their gradient is exactly zero."
        )
    return None


def _same_units(run, vitals):
    hidden = vitals.twins[:, :-1]
    if hidden.size and (share := float(np.median(hidden[-FEW:].max(axis=1)))) > 0.9:
        return (
            f"{100 * share:.0f} % of the units of a hidden layer have the same weights as"
            " another one, at the end as at the begin: they get the same gradient and stay one"
            " unit."
        )
    return None


def _one_class_a_batch(run, vitals):
    classes = (
        len(np.unique(run.arrays["y"])) if run.arrays["y"].size == len(run.arrays["y"]) else 0
    )
    seen = float(np.mean(vitals.labels))
    if 1 < classes <= run.document["batch_size"] and seen < 1 + 0.3 * (classes - 1):
        return (
            f"a batch holds {seen:.2g} of the {classes} classes on average. Each step pulls all"
            " outputs towards the class of the moment, and the next class pulls them back."
        )
    return None


def _not_finite(run, vitals):
    if vitals.first_bad is None:
        return None
    step, tensor = vitals.first_bad
    return f"the first number that is not finite is in {tensor}, at step {step + 1}."


def _too_large_steps(run, vitals):
    ratios = vitals.update_ratio.max(axis=1)
    first, typical = float(np.nanmax(ratios[:FEW])), float(np.nanmedian(ratios))
    if typical <= LARGE_STEP and first <= LARGE_FIRST_STEP:
        return None
    moved = (
        f"an early step moves a layer's weights by {100 * first:.0f} % of their length, a"
        f" typical one by {100 * typical:.1f} %; 0.1 % to 1 % is usual."
    )
    if typical > LARGE_STEP:
        return f"{moved} The net jumps about instead of going downhill."
    return f"{moved} So long a leap can land where hardly any gradient is left."


def _dead_units(run, vitals):
    share = float(np.median(vitals.dead[-FEW:].max(axis=1)))
    if share >= MANY_DEAD:
        return (
            f"{100 * share:.0f} % of the ReLU units of a layer are 0 for every row of a batch:"
            " their slope is 0, no gradient passes, and they cannot come back."
        )
    return None


def _vanishing(run, vitals):
    norms = vitals.gradient_norm
    ratio = float(np.median(norms[:, 0] / norms[:, -1]))
    if norms.shape[1] > 2 and ratio < VANISHED:
        return (
            f"the first layer's gradient is {ratio:.1e} times as long as the last one's: every"
            " layer on the way back multiplies it by a slope of 1/4 at most."
        )
    return None


def _too_small_steps(run, vitals):
    ratio = float(np.nanmedian(vitals.update_ratio.max(axis=1)))
    if ratio < SMALL_STEP:
        return (
            f"a typical step moves the weights by {ratio:.1e} of their length: at this pace it"
            f" takes {1 / max(ratio, 1e-300):,.0f} steps to change them by their own size."
        )
    return None


def _learns_nothing(run, vitals):
    y, loss = run.arrays["y"], run.document["loss"]["class_name"]
    if y.size != len(y) or "Crossentropy" not in loss or not math.isfinite(run.losses[-1]):
        return None
    _, counts = np.unique(y, return_counts=True)
    shares = counts / counts.sum()
    guess = float(-(shares * np.log(shares)).sum())
    last = float(np.mean(run.losses[-3 * FEW :]))
    if last > 0.9 * guess:
        return (
            f"gradients, units and steps are sound, and still the loss ends at {last:.3f}; one"
            f" who only knows how often each label comes reaches {guess:.3f}."
        )
    return None


RULES = (
    (
        "Inputs too large",
        _raw_inputs,
        "Divide pixels by 255, standardize the columns of a table.",
    ),
    (
        "Cross-entropy on a linear output",
        _clipped_predictions,
        "End in a sigmoid or softmax, or pass from_logits=True.",
    ),
    (
        "All units alike",
        _same_units,
        "Draw the initial weights at random, as glorot_uniform does.",
    ),
    ("One class at a time", _one_class_a_batch, "Shuffle the rows: shuffle=True."),
    ("Numbers not finite", _not_finite, "Take a smaller learning rate, or clipnorm=1.0."),
    ("Learning rate too large", _too_large_steps, "Divide the learning rate by 10, or by 100."),
    (
        "Dead ReLUs",
        _dead_units,
        "Take a smaller learning rate, biases of zero, he_uniform weights, or leaky_relu.",
    ),
    (
        "Vanishing gradient",
        _vanishing,
        "Use relu or tanh in the hidden layers, or fewer of them.",
    ),
    (
        "Learning rate too small",
        _too_small_steps,
        "Multiply the learning rate by 10, or by 100.",
    ),
)
WRONG_LABELS = (
    "Labels do not belong to the inputs",
    "Look at ten rows beside their labels: the two files may be shifted or sorted differently.",
)
