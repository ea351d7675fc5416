"""``nnscratch warmup``: what it compiles, what it says, and what it refuses."""

import re

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.cli import main, warmup
from nnscratch.engines import plan


@pytest.fixture
def run(capsys, monkeypatch):
    """Run a command; returns exit code, stdout and stderr."""
    monkeypatch.delenv("NNSCRATCH_DEBUG", raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        return (end.value.code or 0, *capsys.readouterr())

    return run


def test_it_prints_how_long_each_kind_took_and_where_the_kernels_are(run):
    from nnscratch.engines.fused import compiling

    code, out, _ = run("warmup", "--dtype", "float64")
    *lines, last = out.splitlines()
    assert code == 0
    assert [re.sub(r" +[\d.]+ s$", "", line) for line in lines] == [
        f"float64  {what}" for what in warmup.NETS
    ]
    assert all(re.search(r" \d+\.\d s$", line) for line in lines)
    assert last == f"The kernels are kept in {compiling.FOLDER}"


def test_afterwards_a_training_compiles_nothing(run):
    from numba.core import event

    assert run("warmup", "--dtype", "float32", "--dtype", "float64")[0] == 0
    x = np.random.default_rng(0).normal(size=(50, 7))
    with event.install_recorder("numba:compile") as recorder:
        for dtype in ("float32", "float64"):
            for hidden in (9, 700):
                model = nn.Sequential(
                    [nn.layers.Dense(hidden, "tanh"), nn.layers.Dense(1, "sigmoid")],
                    dtype=dtype,
                )
                optimizer = nn.optimizers.Adam(0.01, clipvalue=1.0)
                model.compile(optimizer, "binary_crossentropy", metrics=["accuracy", "mae"])
                model.fit(x, x[:, 0] > 0, epochs=2, verbose=0, validation_split=0.2)
                assert model.engine == "fused"
    assert recorder.buffer == []


def test_its_nets_are_one_of_each_kind():
    plans = []
    for hidden in warmup.NETS.values():
        stack = [nn.layers.Input((warmup.INPUTS,)), *hidden(), nn.layers.Dense(1)]
        model = nn.Sequential(stack)
        model.compile("adam", "mse")
        plans.append(plan.of(model))
    assert [each.narrow for each in plans] == [True, False, False]
    only_dense = [all(op.kind == plan.DENSE for op in each.operations) for each in plans]
    assert only_dense == [True, True, False]


def test_an_unknown_number_format_is_refused_before_anything_is_compiled(run, monkeypatch):
    monkeypatch.setattr(warmup, "use", None)  # calling it would fail
    code, out, err = run("warmup", "--dtype", "float32", "--dtype", "float16")
    assert (code, out) == (1, "")
    assert "float16" in err
    assert "float32, float64" in err
