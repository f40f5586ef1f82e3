# Everything sets itself up: a virtual environment in .venv, from pinned packages, once.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: help check agree bench bench-trace test test-slow fuzz lint docs clean
.DEFAULT_GOAL := help

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(READY): requirements.txt requirements-dev.txt constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is not installed; install Python 3.11 or later"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python 3.11 or later is needed; give one with PYTHON="; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: $(PYTHON) cannot make environments; install python3-venv"; exit 1; }
	@command -v cc >/dev/null || echo "make: no C compiler (cc) on this machine; searches will run in Python, which is slow"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt -c constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

check: $(READY) ## every model, every invariant, every bug of the zoo (under a minute)
	@$(BIN)/poolproof check

agree: $(READY) ## do all engines count the same states? spin and rumur too, where they are installed
	@$(BIN)/python -m tools.agreement

bench: $(READY) ## how fast the search is, beside one written by hand (about four minutes)
	@$(BIN)/python -m tools.bench.run

bench-trace: $(READY) ## how fast traces are judged, and in what memory (about two minutes)
	@$(BIN)/python -m tools.bench.traces

test: $(READY) ## all tests but the slow ones (about ten minutes on two cores)
	@$(BIN)/python -m pytest -m "not slow"

test-slow: $(READY) ## the tests that take minutes each
	@$(BIN)/python -m pytest -m slow

RUNS ?= 1000000

fuzz: $(READY) ## a million damaged recordings, led by coverage (RUNS=N; about seven minutes)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-fuzz.txt
	@$(BIN)/python -m tests.quality.fuzz_traces --runs $(RUNS)

lint: $(READY) ## ruff, and mypy strict on everything
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary .

docs: $(READY) ## make the tables and pictures of docs/ anew
	@$(BIN)/python -m tools.docs.build

clean: ## remove the environment and all that was made
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
