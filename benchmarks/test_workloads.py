"""Each workload by each of our engines, beside NumPy by hand."""

import numpy as np
import pytest

from benchmarks import peers, workloads

NAMES = (*peers.OURS, "numpy")


@pytest.fixture(scope="module", params=workloads.ALL.values(), ids=workloads.ALL)
def problem(request):
    """(workload, x, y, the weights to start from)."""
    workload = request.param
    return workload, *workloads.data(workload), workloads.start_weights(workload)


@pytest.mark.parametrize("name", NAMES)
def test_workload(benchmark, problem, name):
    workload, *start = problem
    benchmark.group = workload.title
    peer = peers.find(name).make(workload, *start)
    result = benchmark.pedantic(peer.run, setup=peer.reset, rounds=5, warmup_rounds=1)
    assert np.isfinite(result).all()
