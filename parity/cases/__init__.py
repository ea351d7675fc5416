"""What is compared: each case is data, with why it is here and what is promised of it.

The models m1 to m10 and m3r are those of the teaching notebook. ``build`` makes each from the
same description in either library; nothing is copied from one to the other but the seed.
"""

from parity.cases.case import (
    BATCH_SIZE,
    DTYPES,
    ENDINGS,
    SEED,
    STATISTICS,
    Case,
    Promise,
    build,
    callbacks,
    fit,
)
from parity.cases.data import INPUT_SHAPES, load
from parity.cases.exact import (
    DROPOUT_CALLS,
    DROPOUT_RATE,
    DROPOUT_SHAPE,
    OPTIMIZERS,
    ORDERS,
    UPDATES,
    gradient,
    start_of_updates,
)
from parity.cases.notebook import IMAGES, MODELS, ONE_EPOCH
from parity.cases.parts import PARTS

__all__ = [
    "BATCH_SIZE",
    "DROPOUT_CALLS",
    "DROPOUT_RATE",
    "DROPOUT_SHAPE",
    "DTYPES",
    "ENDINGS",
    "IMAGES",
    "INPUT_SHAPES",
    "MODELS",
    "ONE_EPOCH",
    "OPTIMIZERS",
    "ORDERS",
    "PARTS",
    "SEED",
    "STATISTICS",
    "UPDATES",
    "Case",
    "Promise",
    "build",
    "by_name",
    "callbacks",
    "fit",
    "gradient",
    "load",
    "start_of_updates",
]


def by_name(name):
    """The case of that name."""
    return next(case for case in [*MODELS, *PARTS] if case.name == name)
