"""What a gate finds: one line of the report, and the curves of a whole training."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Result:
    """One line of the report: how far apart, how far is allowed, and where it was worst.

    skipped  why this cannot be judged, in words, so that it neither passes nor fails; else ""
    """

    case: str
    gate: int
    what: str
    engine: str
    dtype: str
    deviation: float
    tolerance: float
    floor: float | None = None
    where: str = ""
    why: str = ""
    skipped: str = ""

    @property
    def passed(self):
        """Whether the deviation is a number within the tolerance."""
        return not self.skipped and bool(self.deviation <= self.tolerance)

    @property
    def failed(self):
        """Whether it was judged and did not pass."""
        return not self.skipped and not self.passed


@dataclass
class FreeRun:
    """A whole training of ours beside Keras's, for the curves of the report.

    ours, theirs  {name: [value of each epoch]}
    floors        {variant: {name: ...}}: the same training by Keras in another of its modes
    """

    case: str
    engine: str
    dtype: str
    ours: dict
    theirs: dict
    floors: dict

    def deviations(self, name, beside=None):
        """(epochs,) how far two curves are apart: absolute for accuracies, else relative."""
        other, theirs = np.array((beside or self.ours)[name]), np.array(self.theirs[name])
        apart = np.abs(other - theirs)
        return apart if name.endswith("accuracy") else apart / np.abs(theirs)

    def floor(self, name):
        """(epochs,) how far Keras is from itself at most, over its variants; None without."""
        runs = [self.deviations(name, history) for history in self.floors.values()]
        return np.max(runs, axis=0) if runs else None
