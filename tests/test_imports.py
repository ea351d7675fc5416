"""The imports point one way, and ``import nnscratch`` stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import nnscratch

PACKAGE = Path(nnscratch.__file__).parent
HEAVY = (
    *("numba", "scipy", "sklearn", "matplotlib", "tensorflow", "keras"),
    *("onnx", "pandas", "rich", "typer"),
)

# Each line may import from itself and from the lines above it.
ORDER = [
    ["config", "ops", "random", "checks", "datasets", "interrupts", "views"],
    ["data", "activations", "initializers", "layers", "losses", "metrics", "schedules"],
    ["optimizers", "callbacks", "progress", "blas"],
    ["engines", "saving", "trace", "exchange"],
    ["models"],
    ["gradient_check", "learning_rate", "plots", "utils", "learn", "explain", "microscope"],
    ["sklearn"],
    ["cli", "__main__", "__init__"],
]
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if "notebook" not in path.parts)


def top_name(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path):
    """The dotted names that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out in full here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(path):
    """The modules of the package, by their names below it, that a file imports."""
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "nnscratch" and len(parts) > 1 and parts[1] in RANK:
            yield parts[1]


def test_every_module_has_its_place_in_the_order():
    assert {top_name(path) for path in modules()} <= set(RANK)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_line_of_the_order_and_above(path):
    above = [name for name in own_imports(path) if RANK[name] > RANK[top_name(path)]]
    assert not above


def test_no_two_modules_need_each_other():
    needs = {}
    for path in modules():
        needs.setdefault(top_name(path), set()).update(own_imports(path))
    done = set()
    while remaining := {name for name in needs if name not in done and name != "__init__"}:
        free = {name for name in remaining if needs[name] - {name} <= done | {"__init__"}}
        assert free, f"these import each other: {sorted(remaining)}"
        done |= free


def test_only_exchange_imports_keras_or_onnx_and_nothing_imports_tensorflow():
    users = {
        (name.split(".")[0], str(path.relative_to(PACKAGE)))
        for path in modules()
        for name in imports_of(path)
        if name.split(".")[0] in ("tensorflow", "keras", "onnx", "onnxruntime")
    }
    assert users == {
        ("keras", "exchange/from_keras.py"),
        ("keras", "exchange/keras_names.py"),
        ("onnx", "exchange/onnx.py"),
    }


def test_importing_nnscratch_loads_no_heavy_library():
    code = f"import sys, nnscratch; print([m for m in {HEAVY!r} if m in sys.modules])"
    seen = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert seen.stdout.strip() == "[]"


def test_training_and_predicting_need_no_plots_and_no_scikit_learn():
    code = """
import sys, numpy as np, nnscratch as nn
model = nn.Sequential([nn.layers.Dense(3, "relu"), nn.layers.Dense(1, "sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
x = np.random.default_rng(0).normal(size=(50, 2))
model.fit(x, x[:, 0] > 0, verbose=0)
model.predict(x)
print([m for m in ("sklearn", "matplotlib", "rich", "pandas") if m in sys.modules])
"""
    seen = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert seen.stdout.strip() == "[]"


def test_only_the_fused_engine_imports_numba():
    users = {
        path.parent.name
        for path in modules()
        if any(name.split(".")[0] in ("numba", "llvmlite") for name in imports_of(path))
    }
    assert users == {"fused"}


def test_every_public_name_is_there_and_documented():
    for name in nnscratch.__all__:
        assert getattr(nnscratch, name).__doc__, name
