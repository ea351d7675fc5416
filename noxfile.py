"""Sessions in environments of their own: ``make test-all``, and the wheel as a user gets it."""

import shutil
from pathlib import Path

import nox

nox.options.error_on_missing_interpreters = False  # not on CI either: they are named
VERSIONS = ("3.11", "3.12", "3.13")
PINNED = ("--constraint", "constraints.txt")


@nox.session(python=VERSIONS)
def tests(session):
    """All tests but the thorough ones; a Python that is not here is named and skipped."""
    session.install(*PINNED, "--editable", ".[parity,dev]")
    workers = ("--numprocesses", "auto", "--dist", "worksteal")
    session.run("python", "-m", "pytest", *workers, *session.posargs)


@nox.session
def wheel(session):
    """Build the wheel, install it where nothing else is, and use it away from the clone."""
    shutil.rmtree("build", ignore_errors=True)  # what an older build left would get in too
    folder = Path(session.create_tmp())
    for old in folder.glob("*.whl"):
        old.unlink()
    build = ("python", "-m", "pip", "wheel", "--quiet", "--no-deps", ".")
    session.run(*build, "--wheel-dir", folder)
    (built,) = folder.glob("nnscratch-*.whl")
    session.install(*PINNED, built)
    script = Path(".ci/use_wheel.py").resolve()
    with session.chdir(folder):
        session.run("python", "-W", "error", script)


@nox.session
def mutants(session):
    """Change the arithmetic in every small way, which the tests have to notice."""
    session.install(*PINNED, "--editable", ".[dev]", "mutmut")
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")
