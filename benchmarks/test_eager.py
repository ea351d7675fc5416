"""The price of fit's checks: an epoch of W1 beside all that is done before its first batch."""

import pytest

from benchmarks import workloads

# A few batches have pixels that are the same in every row, and units that seem dead.
pytestmark = pytest.mark.filterwarnings("ignore::nnscratch.TrainingWarning")
GROUP = "fit's checks beside one epoch of W1"


@pytest.fixture(scope="module")
def trained():
    """(model, x, y): W1's network after a few batches, so that it is built."""
    x, y = workloads.data(workloads.W1)
    model = workloads.model(workloads.W1, run_eagerly=True)
    model.fit(x[:64], y[:64], verbose=0)
    return model, x, y


@pytest.mark.benchmark(group=GROUP)
def test_one_epoch(benchmark, trained):
    model, x, y = trained
    benchmark.pedantic(lambda: model.fit(x, y, verbose=0), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group=GROUP)
def test_checks_alone(benchmark, trained):
    model, x, y = trained
    run = benchmark.pedantic(
        lambda: model.fit(x, y, epochs=0, verbose=0), rounds=5, warmup_rounds=1
    )
    assert run.history == {}
