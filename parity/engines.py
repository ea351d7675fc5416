"""The engines of nnscratch as the gates drive them: which there are, and batch after batch."""

from contextlib import contextmanager
from functools import cache

import numpy as np

import nnscratch as nn
from nnscratch import blas
from nnscratch.models import arguments
from parity import cases
from parity.results import Result


@cache
def engines():
    """{name: its arguments for compile} of the engines that are here.

    The compiled one is what compile chooses when it is told nothing.
    """
    found = {"eager": {"run_eagerly": True}}
    # Zeros, since to draw weights would take a number out of the caller's seeded stream.
    model = nn.Sequential([nn.layers.Dense(1, kernel_initializer="zeros")], seed=0)
    model.compile("sgd", "mse")
    model.build((None, 1))
    return found | ({"fused": {}} if model.engine == "fused" else {})


def refusal(model, engine):
    """Why that engine does not train the model, in the model's own words; "" if it does."""
    used, _, reason = model.engine.partition(": ")
    return "" if used == engine else reason


def not_compared(gate, case, engine, dtype, reason):
    """The line of a gate for a case that the engine does not take."""
    return Result(case, gate, "not compared", engine, dtype, np.nan, np.nan, skipped=reason)


def model_of(case, record, engine):
    """Our model of the case for that engine, with the record's seed and number format."""
    model = cases.build(case, nn, record.seed, dtype=record.dtype, **engines()[engine])
    model.build((None, *cases.INPUT_SHAPES[case.data]))
    return model


class Steps:
    """The updates of a case's training one by one, each made by the engine of the model.

    ``fit`` hands an engine many batches at a time; here it is called with one.
    """

    def __init__(self, case, model, data):
        self.case, self.model = case, model
        (x, y), _ = data
        examples = arguments.examples(model, x, y)
        class_weight = case.fit_options.get("class_weight")
        self.examples = arguments.weighted_by_class(model, examples, class_weight)
        # The same for every epoch: Keras's order, or that of the rows.
        self.order = model.row_order(case.rows(x), case.fit_options.get("shuffle", "keras"))
        self.engine, _ = nn.engines.choose(model)

    @contextmanager
    def quietly(self):
        """As ``fit`` trains: with the threads that suit the net, and NaN without a warning."""
        with blas.limited(self.model, self.case.batch_size), np.errstate(all="ignore"):
            yield

    def take(self, step):
        """Make the (step + 1)-th update of the training."""
        size = self.case.batch_size
        epoch, batch = divmod(step, -(-len(self.order) // size))
        if self.case.rate:
            self.model.optimizer.learning_rate = self.case.rate(epoch)
        x, y, weight = self.examples
        self.engine.train_epoch(
            self.model,
            x,
            y,
            self.order[batch * size : (batch + 1) * size],
            batch_size=size,
            sample_weight=weight,
            sums=self.model.new_sums(y),
        )
