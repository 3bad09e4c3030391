# Each target sets up what it needs from nothing but Python >= 3.11 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: run test check fix snapshots simulate bench mutation clean

run: $(VENV)/.installed
	@$(BIN)/hive-console --demo $(ARGS)

# Twice as many workers as a small machine has cores: most tests wait for sockets, threads and screens.
# The tests of how the program ends have the machine to themselves, for they are about seconds.
SIDE_BY_SIDE := -n 4 --dist loadfile --ignore tests/system

ALONE := tests/system/test_exit.py

# All of core is covered by these alone; counting lines makes the others slower by half.
PURE := tests/core tests/property

test: $(VENV)/.installed-dev
ifeq ($(ARGS),)
	$(BIN)/pytest -q $(SIDE_BY_SIDE)
	$(BIN)/pytest -q -n 2 --dist loadfile tests/system --ignore $(ALONE)
	$(BIN)/pytest -q $(ALONE)
else
	$(BIN)/pytest -q $(ARGS)
endif

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/pytest -q $(SIDE_BY_SIDE) $(PURE) --cov=hive_console.core --cov-report=
	$(BIN)/coverage report --skip-covered --include='hive_console/core/*' --fail-under=100
	$(BIN)/pytest -q $(SIDE_BY_SIDE) $(addprefix --ignore ,$(PURE))
	$(BIN)/pytest -q -n 2 --dist loadfile tests/system --ignore $(ALONE)
	$(BIN)/pytest -q $(ALONE)

fix: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

snapshots: $(VENV)/.installed-dev
	$(BIN)/pytest -q tests/screens --snapshot-update

simulate: $(VENV)/.installed
	$(BIN)/hive-console simulate $(ARGS)

bench: $(VENV)/.installed-dev
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m tests.bench

mutation: $(VENV)/.installed-dev
	$(BIN)/python -m tests.mutation $(ARGS)

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "hive-console needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing hive-console into $(VENV) (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the tools of development into $(VENV) (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
