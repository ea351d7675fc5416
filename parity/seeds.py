"""Gate 3: the same short training from many seeds; are the two libraries' means equivalent?"""

import numpy as np

import nnscratch as nn
from parity import cases
from parity.engines import model_of, not_compared, refusal
from parity.results import Result


def statistics(case, records, data, engine):
    """Gate 3 beside the Records of Keras, one for each seed.

    For each seed the difference of the two final values; passes when the 90 % confidence
    interval of its mean lies within the margin (two one-sided t-tests at 5 %: the burden of
    proof is on equivalence, and too few or too scattered seeds fail).
    """
    made = {"case": case.name, "gate": 3, "engine": engine, "dtype": records[0].dtype}
    if reason := refusal(model_of(case, records[0], engine), engine):
        return [not_compared(**made, reason=reason)]
    ours = _in_processes(case, records, data, engine)
    theirs = [record.history for record in records]
    return [
        _equivalence(name, margin, ours, theirs, made) for name, margin in case.margins.items()
    ]


def _equivalence(name, margin, ours, theirs, made):
    """The line of one statistic: the far end of the interval beside the margin."""
    here, there = (
        np.array([cases.STATISTICS[name](run) for run in runs]) for runs in (ours, theirs)
    )
    low, high = _confidence_interval(here - there)
    scale = np.abs(there).mean() if name.endswith("loss") else 1.0
    return Result(
        what=f"{name} of {len(theirs)} seeds",
        deviation=float(max(abs(low), abs(high)) / scale),
        tolerance=margin,
        where=f"means {here.mean():.4g} here, {there.mean():.4g} in Keras",
        why="margins set beforehand, for the far end of the mean difference's 90 % interval",
        **made,
    )


def _in_processes(case, records, data, engine):
    """The history of our training from each seed, on all cores, one thread for each."""
    from joblib import Parallel, delayed, parallel_config

    with parallel_config("loky", n_jobs=nn.config.num_threads(), inner_max_num_threads=1):
        # joblib hands arrays of this size to the processes as files mapped into memory.
        return Parallel()(delayed(_train)(case, each, data, engine) for each in records)


def _train(case, record, data, engine):
    """One training in a process of its own, which began with every setting at its default."""
    import warnings

    nn.config.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nn.TrainingWarning)
        return cases.fit(case, model_of(case, record, engine), nn, data, shuffle="keras")


def _confidence_interval(differences):
    """The 90 % confidence interval of the mean of (n,) numbers, by Student's t."""
    from scipy import stats

    n, mean = len(differences), differences.mean()
    half = stats.t.ppf(0.95, n - 1) * differences.std(ddof=1) / np.sqrt(n)
    return mean - half, mean + half
