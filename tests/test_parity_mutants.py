"""One wrong constant, sign or place of an epsilon: at least one gate fails, and names it.

Each mutant changes a piece of the package's own source while a test runs. The gates then hold
the changed package beside the recorded Keras. The fused engine's mutants live in a process of
their own, where its kernels are not compiled but run as the Python that they are.
"""

import importlib
import inspect
import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

import nnscratch
from nnscratch import initializers, metrics, models, ops, optimizers, random
from nnscratch.layers import Dropout
from nnscratch.losses import formulas
from parity import golden


@dataclass(frozen=True)
class Mutant:
    """A change of one function, and the line of which gate has to notice it.

    function  to be changed; one of the fused engine by its name
    old, new  what stands in the function's source, and what stands there instead
    gate      the method of a Golden that is asked, and its argument, in which number format
    named     what the failing line says: the tensor, the curve or the kind of draw
    """

    name: str
    function: object
    old: str
    new: str
    gate: tuple
    named: str
    dtype: str = "float64"


EXACT, FORCED, FREE = "exact", "forced_steps", "free_run"
UPDATES, WEIGHTS = "parameters after 2,000 updates", "initial weights"

MUTANTS = [
    # ---- optimizers ----
    Mutant("Adam's epsilon inside the root",
           optimizers.adam_update, "np.sqrt(v) + epsilon", "np.sqrt(v + epsilon)",
           (EXACT, "optimizer/Adam"), UPDATES),
    Mutant("Adam's epsilon inside the bias correction",
           optimizers.Adam.update, "cast(self.epsilon)",
           "cast(self.epsilon * math.sqrt(1 - self.beta_2**self.iterations))",
           (EXACT, "optimizer/Adam"), UPDATES),
    Mutant("exact betas in the bias correction",
           optimizers.Adam.bias_corrected, "through_float32(beta)", "beta",
           (EXACT, "optimizer/Adam"), UPDATES),
    Mutant("exact betas, in a training",
           optimizers.Adam.bias_corrected, "through_float32(beta)", "beta",
           (FREE, "m4"), "weights of the first 50 steps"),
    Mutant("1 - beta taken in float32",
           optimizers.Adam.update, "cast(1 - self.beta_1), cast(1 - self.beta_2)",
           "cast(1) - cast(self.beta_1), cast(1) - cast(self.beta_2)",
           (EXACT, "optimizer/Adam"), UPDATES, "float32"),
    Mutant("another epsilon in Adam",
           optimizers.Adam.__init__, "1e-7", "1e-8", (EXACT, "optimizer/Adam"), UPDATES),
    Mutant("the bias correction a step late",
           optimizers.Adam.update, "self.iterations", "self.iterations + 1",
           (FORCED, "m4"), "step 1, dense"),
    Mutant("momentum with the wrong sign",
           optimizers.momentum_update, "velocity -= g", "velocity += g",
           (EXACT, "optimizer/SGD, momentum"), UPDATES),
    Mutant("exact momentum",
           optimizers.SGD.update, "through_float32(self.momentum)", "self.momentum",
           (EXACT, "optimizer/SGD, momentum"), UPDATES),
    Mutant("Nesterov with the velocity of before",
           optimizers.momentum_update, "velocity * momentum - g", "velocity - g",
           (EXACT, "optimizer/SGD, Nesterov"), UPDATES),
    Mutant("RMSprop's epsilon outside the root",
           optimizers.rmsprop_update, "np.sqrt(spread)", "(np.sqrt(v) + epsilon)",
           (FORCED, "rmsprop"), "dense"),
    Mutant("clipnorm over all tensors at once",
           optimizers.Optimizer.apply, "tensors or (gradient,)", "(gradient,)",
           (FORCED, "clipnorm"), "dense"),
    # ---- losses and their gradients ----
    Mutant("a clip of 1e-8",
           formulas._clip, "EPSILON", "1e-8", (FREE, "bce clipped"), "loss, epochs 1 to 1"),
    Mutant("a gradient where the clip acts",
           formulas.BinaryCrossentropy.gradient_clipped, "where(inside, ", "where(c > 0, ",
           (FORCED, "bce clipped"), "dense."),
    Mutant("softmax's gradient without the label",
           formulas.SparseCategoricalCrossentropy.gradient_from_logits,
           "_minus_at(p, y, 1)", "p", (FORCED, "scce"), "dense_1."),
    Mutant("three answers not averaged",
           formulas.BinaryCrossentropy.gradient_from_logits, "p.shape[-1]", "1",
           (FORCED, "multi-label"), "dense"),
    Mutant("binary smoothing towards 1",
           formulas.CrossEntropy._smooth, "s / choices", "s",
           (FREE, "bce smoothed"), "loss, epochs 1 to 3"),
    Mutant("a squared error halved",
           formulas.MeanSquaredError.gradient, "2 / p", "1 / p", (FORCED, "mse"), "dense"),
    Mutant("weighted rows divided by their weights",
           formulas.Loss.divisor, 'self.reduction == "mean_with_sample_weight" and', "",
           (FORCED, "class weights"), "dense"),
    # ---- layers ----
    Mutant("the bias gradient averaged over rows",
           ops.affine_backward, "dz.sum(axis=0)", "dz.mean(axis=0)",
           (FORCED, "sgd"), "dense_1.b[0]"),
    Mutant("ReLU's gradient passing at 0",
           ops.relu_backward, "y > 0", "y >= 0", (FORCED, "hidden relu"), "dense."),
    Mutant("dropped numbers without making up for them",
           ops.dropout, "1 / (1 - rate)", "1", (EXACT, "dropout/5"), "dropout masks"),
    Mutant("the same dropout mask at every call",
           Dropout.forward, "self.calls += 1", "self.calls += 0",
           (EXACT, "dropout/5"), "dropout masks"),
    # ---- draws ----
    Mutant("Glorot with the inputs counted twice",
           initializers.ScaledByFan.variance, "fan_in + fan_out", "fan_in + fan_in",
           (EXACT, "weights/m4"), WEIGHTS),
    Mutant("Glorot's limit not rounded to float32",
           random.uniform, "np.float32(bound)", "bound", (EXACT, "weights/m4"), WEIGHTS),
    Mutant("a fresh order of the rows in each epoch",
           models.Sequential.row_order, "random.keras_order(rows, seed)",
           "random.fresh_order(rows, seed, self.epochs_trained)",
           (FREE, "m4"), "loss, epochs 1 to 100"),
    # ---- what is reported ----
    Mutant("the mean of batch means",
           metrics.RunningSums.add, "loss * self.loss.dtype.type(rows), rows", "loss, 1",
           (FREE, "m4"), "loss, epochs 1 to 100"),
    Mutant(">= 0.5 in the accuracy",
           metrics.BinaryAccuracy.values, "p > self.threshold", "p >= self.threshold",
           (FREE, "on the edge"), "accuracy, epochs 1 to 3"),
]  # fmt: skip


FUSED = "nnscratch.engines.fused."
PLAN = "nnscratch.engines.plan."

# As above, but functions are named: only the process with plain kernels may import them.
FUSED_MUTANTS = [
    # ---- what a plan takes over from the model ----
    Mutant("exact betas", PLAN + "rule", "rounded(beta_1), rounded(beta_2)", "beta_1, beta_2",
           (FORCED, "hidden relu"), "dense"),
    Mutant("another decay of Adam's squares",
           PLAN + "rule", "1 - beta_1, 1 - beta_2", "1 - beta_1, 1 - betas[1]",
           (FORCED, "hidden relu"), "dense"),
    Mutant("another epsilon in Adam",
           PLAN + "rule", "1 - beta_2, optimizer.epsilon", "1 - beta_2, 1e-8",
           (FORCED, "hidden relu"), "dense"),
    Mutant("exact momentum",
           PLAN + "rule", "rounded(optimizer.momentum)", "optimizer.momentum",
           (FORCED, "momentum"), "dense"),
    Mutant("no gradient clipping",
           PLAN + "rule", "float(optimizer.clipvalue or 0.0)", "0.0",
           (FORCED, "clipvalue"), "dense"),
    Mutant("no label smoothing",
           PLAN + "goal", "float(loss.label_smoothing)", "0.0",
           (FORCED, "bce smoothed"), "dense"),
    Mutant("a mean where a sum was asked for",
           PLAN + "goal", "REDUCTIONS.get(loss.reduction, MEAN)", "MEAN",
           (FORCED, "sum of losses"), "dense"),
    Mutant("a threshold a little lower",
           PLAN + "goal", "0.0)),", "0.0)) - 1e-9,",
           (FREE, "on the edge"), "accuracy, epochs 1 to 3"),
    Mutant("logits in place of a clipped probability",
           PLAN + "goal", "else clipped", "else from_logits",
           (FORCED, "bce clipped"), "dense."),
    # ---- optimizers ----
    Mutant("Adam's epsilon inside the root",
           FUSED + "updates._adam", "math.sqrt(v) + epsilon", "math.sqrt(v + epsilon)",
           (FORCED, "hidden relu"), "dense"),
    Mutant("the bias correction a step late",
           FUSED + "updates._corrected", "np.float64(t)", "np.float64(t + 1)",
           (FORCED, "hidden relu"), "step 1, dense"),
    Mutant("momentum with the wrong sign",
           FUSED + "updates._momentum", "momentum - pull\n", "momentum + pull\n",
           (FORCED, "momentum"), "dense"),
    Mutant("Nesterov with the velocity of before",
           FUSED + "updates._momentum", "v * momentum - pull if", "v - pull if",
           (FORCED, "nesterov"), "dense"),
    Mutant("RMSprop's epsilon outside the root",
           FUSED + "updates._rmsprop", "math.sqrt(spread)", "(math.sqrt(v) + epsilon)",
           (FORCED, "rmsprop"), "dense"),
    Mutant("a clip from above alone",
           FUSED + "updates._clip", "max(g[r, i], -edge)", "g[r, i]",
           (FORCED, "clipvalue"), "dense"),
    # ---- losses ----
    Mutant("a clip of 1e-8",
           FUSED + "scores._clip", "EPSILON", "1e-8",
           (FREE, "bce clipped"), "loss, epochs 1 to 1"),
    Mutant("a gradient where the clip acts",
           FUSED + "scores._binary_clipped", " if inside else like(z, 0)", "",
           (FORCED, "bce clipped"), "dense."),
    Mutant("softmax's gradient without the label",
           FUSED + "scores._sparse_from_logits", "d[label] -= 1", "d[label] -= 0",
           (FORCED, "scce"), "dense_1."),
    Mutant("three answers not averaged",
           FUSED + "scores._output_by_output", "slope / width", "slope",
           (FORCED, "multi-label"), "dense"),
    Mutant("binary smoothing towards 1",
           FUSED + "scores._smooth", "smoothing / choices", "smoothing",
           (FREE, "bce smoothed"), "loss, epochs 1 to 3"),
    Mutant("a squared error halved",
           FUSED + "scores._squared_error", "like(z, 2) * error", "error",
           (FORCED, "mse"), "dense"),
    Mutant("weighted rows divided by their weights",
           FUSED + "scores.divisor", "goal.reduction == WEIGHTED_MEAN and", "",
           (FORCED, "class weights"), "dense"),
    Mutant("a last batch that counts like a full one",
           FUSED + "scores.add_up", "values.dtype.type(count)", "7",
           (FREE, "partial batch"), "loss, epochs 1 to 3"),
    Mutant(">= 0.5 in the accuracy",
           FUSED + "scores._is_right", "p > like", "p >= like",
           (FREE, "on the edge"), "accuracy, epochs 1 to 3"),
    # ---- layers ----
    Mutant("the bias gradient averaged over rows, in a narrow net",
           FUSED + "narrow._differentiate", '+ o] = total', '+ o] = total / d.size',
           (FORCED, "sgd"), "dense_1.b[0]"),
    Mutant("the same in a wide net",
           FUSED + "operations.learn", "+= d[u]", "+= d[u] / count",
           (FORCED, "dropout"), ".b["),
    Mutant("ReLU's gradient passing at 0",
           FUSED + "arithmetic.activate_backward",
           "y[j] > zero else zero", "y[j] >= zero else zero",
           (FORCED, "hidden relu"), "dense."),
    Mutant("dropped numbers without making up for them",
           FUSED + "dropping.drop", '1 / (1 - op["rate"])', "1", (FORCED, "dropout"), "dense"),
    Mutant("the same dropout mask at every call",
           FUSED + "dropping.drop", 'op["calls"] + call', "0",
           (FORCED, "dropout"), "step 2, dense"),
]  # fmt: skip


def lines_of(gate, dtype, *engine):
    """The gate's lines for the package as it is now."""
    kind, argument = gate
    return getattr(golden.load(dtype), kind)(argument, *engine)


def mutate(monkeypatch, function, old, new):
    """Put ``new`` where ``old`` stands in the function's source, until the test is over.

    The code inside the function object is exchanged, as others may hold that very object.
    """
    source = textwrap.dedent(inspect.getsource(function))
    assert old in source, f"{function.__qualname__} has no {old!r} any more: mend this mutant"
    inner = textwrap.indent(source.replace(old, new), "    ")
    made = {}
    # An outer function with this argument is what lets a method's super() compile.
    around = f"def around(__class__):\n{inner}\n    return {function.__name__}"
    exec(around, function.__globals__, made)
    mutated = made["around"](None)
    for attribute in ("__code__", "__defaults__", "__kwdefaults__"):
        monkeypatch.setattr(function, attribute, getattr(mutated, attribute))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught_and_named(mutant, monkeypatch):
    mutate(monkeypatch, mutant.function, mutant.old, mutant.new)
    caught = [line for line in lines_of(mutant.gate, mutant.dtype) if not line.passed]
    assert caught, f"{mutant.gate} does not notice"
    first = caught[0]
    print(f"{mutant.name}: caught by gate {first.gate}, {first.case}: {first.where}")
    assert any(mutant.named in f"{line.what}; {line.where}" for line in caught), caught


@pytest.mark.parametrize(
    ("gate", "dtype"), sorted({(mutant.gate, mutant.dtype) for mutant in MUTANTS})
)
def test_without_a_mutant_the_same_gate_passes(gate, dtype):
    assert [line for line in lines_of(gate, dtype) if not line.passed] == []


# ---- The fused engine ----


def named(path):
    """The function of that dotted name."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def print_what_fused_mutants_do():
    """In a process without compiled kernels: for each mutant the gate's bad lines, as JSON."""
    for mutant in FUSED_MUTANTS:
        lines = partial(lines_of, mutant.gate, mutant.dtype, "fused")
        before = lines()
        with pytest.MonkeyPatch.context() as patch:
            mutate(patch, named(mutant.function), mutant.old, mutant.new)
            after = lines()
        found = (
            [f"{x.what}; {x.where}" for x in each if not x.passed] for each in (before, after)
        )
        print(json.dumps([mutant.name, *found]))


def test_every_mutant_of_the_fused_engine_is_caught_and_named():
    here = Path(__file__).parent
    folders = os.pathsep.join([str(Path(nnscratch.__file__).parents[1]), str(here)])
    code = "import test_parity_mutants as me; me.print_what_fused_mutants_do()"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": folders},
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, *_ in found] == [mutant.name for mutant in FUSED_MUTANTS]
    for mutant, (name, before, after) in zip(FUSED_MUTANTS, found, strict=True):
        assert before == [], f"without {name}"
        assert any(mutant.named in line for line in after), f"{name}: {after}"
        print(f"{name}: {after[0]}")
