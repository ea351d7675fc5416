"""What README and the docstrings say is what happens, and nothing public goes without them."""

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
import textwrap
import types
from functools import cache
from pathlib import Path

import pytest

import nnscratch as nn

ROOT = Path(__file__).parent.parent
PACKAGE = Path(nn.__file__).parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


# ---- README and CONTRIBUTING ----


def test_readmes_first_example_prints_what_readme_shows():
    code, shown = blocks("python")[0], blocks("text")[0]
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout == shown


def test_every_other_python_example_in_readme_runs(tmp_path):
    for code in blocks("python")[1:]:
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True
        )


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_commands_that_are_named_are_targets_of_the_makefile(page):
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    )
    text = (ROOT / page).read_text()
    named = {
        *re.findall(r"`make ([a-z-]+)", text),
        *re.findall(r"^ *make ([a-z-]+)", text, re.M),
    }
    assert named and named <= targets


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_file_that_is_linked_to_is_there(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_contributing_fits_one_screen_before_its_appendix():
    lines = (ROOT / "CONTRIBUTING.md").read_text().split("## Appendix")[0].splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 100


def test_the_version_is_said_once():
    written = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), flags=re.M)
    assert written[1] == nn.__version__
    assert f"## {nn.__version__}" in (ROOT / "CHANGELOG.md").read_text()


# ---- the public names ----


def modules_from(module, path):
    """Every public module by the path that a user writes: nn, nn.layers, ..."""
    yield path, module
    for name in module.__all__:
        inner = getattr(module, name)
        if isinstance(inner, types.ModuleType):
            yield from modules_from(inner, f"{path}.{name}")


@cache
def modules():
    return dict(modules_from(nn, "nn"))


def methods_of(cls):
    for name in dir(cls):
        found = inspect.getattr_static(cls, name)
        found = getattr(found, "fget", None) or getattr(found, "__func__", found)
        if not name.startswith("_") and inspect.isfunction(found):
            yield name, found


def public_functions():
    """(path, function, docstring); a class stands for its constructor."""
    for path, module in modules().items():
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isfunction(thing):
                yield f"{path}.{name}", thing, thing.__doc__
            elif inspect.isclass(thing):
                yield f"{path}.{name}", thing.__init__, thing.__doc__
                for method, function in methods_of(thing):
                    if function.__module__.startswith("nnscratch"):
                        yield f"{path}.{name}.{method}", function, function.__doc__


@cache
def functions():
    return {path: (function, doc) for path, function, doc in public_functions()}


def test_readmes_table_of_names_is_what_there_is():
    rows = re.findall(r"^\| `(nn[\w.]*)` \| (.*) \|$", README, flags=re.MULTILINE)
    told = {path: set(re.findall(r"`(\w+)`", names)) for path, names in rows}
    assert told == {path: set(module.__all__) for path, module in modules().items()}


def test_every_public_name_is_there_and_documented():
    without = [
        f"{path}.{name}"
        for path, module in modules().items()
        for name in module.__all__
        if not inspect.getdoc(getattr(module, name))
    ]
    assert without == []


def test_an_activation_is_documented_by_its_formula():
    assert inspect.getdoc(nn.activations.relu).startswith("``max(z, 0)``")
    assert inspect.getdoc(nn.activations.linear) == inspect.getdoc(type(nn.activations.linear))


def test_every_public_method_is_documented():
    assert [path for path, (_, doc) in functions().items() if not doc] == []


REFUSING = {
    "look_up",
    "lone_softmax",
    "no_more_arguments",
    "real_number",
    "shape",
    "whole_number",
}


def refusals_in(function):
    """The errors that the function's own lines raise; "Error" where a check of ours does."""
    if not inspect.isfunction(function):
        return
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield node.exc.func.id
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = getattr(node.func.value, "id", "")
            if owner == "checks" and node.func.attr in REFUSING:
                yield "Error"


def test_what_can_refuse_says_in_its_docstring_with_which_error():
    silent = [
        (path, error)
        for path, (function, doc) in functions().items()
        for error in set(refusals_in(function)) - {"NotImplementedError"}
        if error not in doc
    ]
    assert silent == []


# ---- examples and types ----


def modules_with_examples():
    names = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if re.search(r"^ *>>> ", path.read_text(), flags=re.MULTILINE):
            name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
            names.append(name.removesuffix(".__init__"))
    return names


@pytest.mark.parametrize("name", modules_with_examples())
def test_the_examples_in_docstrings_give_what_they_show(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted
    assert result.failed == 0


def is_said(function):
    """Whether the types of all arguments, and of what is returned, are written down."""
    needed = {*inspect.signature(function).parameters, "return"} - {"self", "cls"}
    needed -= {"return"} if function.__name__ == "__init__" else set()
    return needed <= function.__annotations__.keys()


def repeats_a_method(path, function):
    """Whether a base class says the types already: a formula names shapes, which say more."""
    owner, _, name = path.rpartition(".")
    module, _, cls = owner.rpartition(".")
    thing = getattr(modules().get(module), cls, None)
    bases = thing.__mro__[1:] if inspect.isclass(thing) else ()
    named = [vars(base)[name] for base in bases if name in vars(base)]
    return any(is_said(getattr(each, "fget", each)) for each in named)


# scikit-learn, which calls its estimators, says no types, and the files that the microscope
# reads and writes are looked at in a browser.
WITHOUT_TYPES = ("nn.sklearn.", "nn.microscope.")


def test_every_public_function_says_its_types():
    silent = [
        path
        for path, (function, _) in functions().items()
        if inspect.isfunction(function)
        and not path.startswith(WITHOUT_TYPES)
        and not is_said(function)
        and not repeats_a_method(path, function)
    ]
    assert silent == []


def test_a_users_script_of_strict_types_runs():
    script = ROOT / "tests" / "typing_user.py"
    ran = subprocess.run(
        [sys.executable, "-W", "error", script], capture_output=True, text=True, timeout=120
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (PACKAGE / "py.typed").exists()
