# make demo    trains on real data and writes pictures into out/
# make test    installs everything and runs all checks and tests
# The rest are parts of these, or take longer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WORKERS ?= auto

.PHONY: demo test check test-all wheel mutants parity bench microscope notebook format clean

demo: $(VENV)/installed
	$(BIN)/nnscratch demo

test: check
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

check: $(VENV)/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --strict --follow-imports silent --cache-dir .mypy_cache/strict tests/typing_user.py

# The same tests under Python 3.11, 3.12 and 3.13; versions that are not here are named. Then,
# once, those that take minutes.
test-all: check
	$(BIN)/nox --session tests
	$(BIN)/python -m pytest -m thorough --numprocesses $(WORKERS) --dist worksteal

# The wheel, installed into an empty environment and used there.
wheel: $(VENV)/installed-for-tests
	$(BIN)/nox --session wheel

# Small changes of the arithmetic that no test notices, by name; `mutmut show NAME` shows one.
mutants: $(VENV)/installed-for-tests
	$(BIN)/nox --session mutants

# nnscratch beside tf.keras, gate by gate; writes out/parity/report.html. About half an hour.
parity: $(VENV)/installed-for-parity
	$(BIN)/python -m parity

# nnscratch beside its peers: tables and pictures in out/bench. About a quarter of an hour on a
# quiet machine. The second line times the parts by themselves.
bench: $(VENV)/installed-for-bench
	$(BIN)/python -m benchmarks
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-group-by=group

# Three pages that show backpropagation happen; open out/backprop.html in a browser.
microscope: $(VENV)/installed
	$(BIN)/nnscratch microscope --demo circles
	$(BIN)/nnscratch microscope --demo fashion-mnist
	$(BIN)/nnscratch microscope --demo gallery

# The teaching notebook, ready to open in Jupyter.
notebook: $(VENV)/installed-for-tests
	mkdir -p out
	$(BIN)/jupytext --to ipynb --output out/classification.ipynb nnscratch/learn/notebook/classification.py

format: $(VENV)/installed-for-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .nox mutants out build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "nnscratch needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-for-parity: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable ".[parity]"
	touch $@ $(VENV)/installed

$(VENV)/installed-for-tests: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable ".[parity,dev]"
	touch $@ $(VENV)/installed

# The peers PyTorch and JAX are large, and the tests do without them.
$(VENV)/installed-for-bench: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable ".[parity,bench]"
	touch $@ $(VENV)/installed
