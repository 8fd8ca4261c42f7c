# `make demo` and `make test` set up what they need: Python 3.11 or newer and a package index are enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_TO_TEST := $(VENV)/.ready-to-test
EXTRAS := cpu,local,files
TEST_EXTRAS := $(EXTRAS),llm,web,cloud,sql,import,dask,ray,report,dev

.PHONY: help demo test check slow format clean
.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/'

demo: $(READY)  ## index the demo corpus and ask it three questions
	@$(BIN)/hippograph demo

test: check  ## everything that must hold: style, types, layers, tests (about ten minutes at most)

check: $(READY_TO_TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -m "not slow"

slow: $(READY_TO_TEST)  ## proofs that take minutes
	$(BIN)/pytest -m slow || test $$? -eq 5  # 5: there is none yet

format: $(READY_TO_TEST)  ## put the code into its usual form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the virtual environment and the demo's index
	rm -rf $(VENV) demo-index

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "hippograph needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version 2>&1`."; \
	  echo "Name another one: make PYTHON=python3.12 demo"; exit 1; }
	@echo "Installing into $(VENV): about 1.2 GB of packages, a few minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[$(EXTRAS)]"
	@touch $@

$(READY_TO_TEST): $(READY)
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e ".[$(TEST_EXTRAS)]"
	@touch $@
