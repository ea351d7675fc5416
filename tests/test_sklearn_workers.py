"""Inside the workers of joblib and Dask a network uses one thread, and gives the same bits."""

import subprocess
import sys

import numpy as np
import pytest
from joblib import Parallel, delayed, parallel_config
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info

from nnscratch import config
from nnscratch.sklearn import NNClassifier
from nnscratch.sklearn.workers import in_a_worker, one_thread_each

X, Y = load_iris(return_X_y=True)
GRID = {"hidden_layer_sizes": [(4,), (8, 4)], "learning_rate": [0.001, 0.01]}


def threads_inside():
    with one_thread_each():
        return in_a_worker(), config.num_threads()


def blas_threads_inside():
    with one_thread_each():
        return [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]


def search(**options):
    network = NNClassifier(epochs=5, batch_size=32, random_state=0)
    return GridSearchCV(network, GRID, cv=2, **options).fit(X, Y)


@pytest.fixture
def three_threads():
    config.set_num_threads(3)
    yield
    config.set_num_threads(None)


LOKY = pytest.param("loky", marks=pytest.mark.slow)  # whose processes import everything anew


@pytest.mark.parametrize("backend", [LOKY, "multiprocessing", "threading"])
def test_a_worker_has_one_thread(backend, three_threads):
    seen = Parallel(n_jobs=2, backend=backend)(delayed(threads_inside)() for _ in range(4))
    assert seen == [(True, 1)] * 4
    assert config.num_threads() == 3


@pytest.mark.slow
def test_a_worker_that_joblib_gives_two_threads_has_one_for_blas():
    with parallel_config(backend="loky", inner_max_num_threads=2):
        (seen,) = Parallel(n_jobs=2)([delayed(blas_threads_inside)()])
    assert set(seen) == {1}


def test_outside_of_workers_nothing_changes(three_threads):
    assert threads_inside() == (False, 3)
    assert Parallel(n_jobs=1)([delayed(threads_inside)()]) == [(False, 3)]


def test_the_last_to_end_puts_the_number_back(three_threads, monkeypatch):
    monkeypatch.setattr("nnscratch.sklearn.workers.in_a_worker", lambda: True)
    first, second = one_thread_each(), one_thread_each()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert config.num_threads() == 1
    second.__exit__(None, None, None)
    assert config.num_threads() == 3


def test_an_unset_number_is_unset_again(monkeypatch):
    monkeypatch.setattr("nnscratch.sklearn.workers.in_a_worker", lambda: True)
    with one_thread_each():
        assert config.num_threads() == 1
    monkeypatch.setattr(config, "available_cores", lambda: 7)
    assert config.num_threads() == 7


def check_same_search(found, expected):
    np.testing.assert_array_equal(
        found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))


@pytest.mark.slow
def test_a_search_in_two_processes_finds_the_same():
    check_same_search(search(n_jobs=2), search())


@pytest.mark.slow
def test_a_search_in_a_dask_cluster_of_two_workers_finds_the_same():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        parallel_config(backend="dask"),
    ):
        seen = Parallel()(delayed(threads_inside)() for _ in range(4))
        found = search(n_jobs=-1)
    assert seen == [(True, 1)] * 4
    check_same_search(found, search())


def test_dask_is_not_imported_to_ask_for_it():
    code = "import sys, nnscratch.sklearn as s; s.workers.in_a_worker(); print(*sys.modules)"
    seen = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "sklearn" in seen.stdout.split()
    assert "distributed" not in seen.stdout.split()
