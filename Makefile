# Mintmark. Everything a newcomer needs: make repro, then make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n auto --dist worksteal
# Byte code is what makes `mintmark` start quickly, wherever the environment switches it off.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup repro test test-all test-long lint bench docs lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## create .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"Mintmark needs Python 3.11 or newer; {sys.executable} is {v[0]}.{v[1]}. Try: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@echo "Setting up $(VENV) from requirements.lock (once; a few minutes on a new machine)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --upgrade --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

repro: $(STAMP) ## run the pipeline of every model, set candidates beside champions
	@PATH="$(CURDIR)/$(BIN):$$PATH" dvc repro
	@$(BIN)/mintmark validate
	@echo
	@$(BIN)/mintmark list --candidates

test: $(STAMP) ## run tests of every kind, in five minutes
	@$(PYTEST) -m "not slow and not long" $(PYTEST_ARGS)

test-all: $(STAMP) ## run what a change has to pass (.ci/run)
	@$(PYTEST) -m "not long" $(PYTEST_ARGS)

test-long: $(STAMP) ## run the tests that take longest
	@$(PYTEST) -m long $(PYTEST_ARGS)

lint: $(STAMP) ## ruff and mypy --strict
	@$(BIN)/ruff check scripts tests
	@$(BIN)/ruff format --check scripts tests
	@$(BIN)/mypy

bench: $(STAMP) ## measure speed at 100, 1,000 and 10,000 versions
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/bench.py $(BENCH_ARGS)

docs: $(STAMP) ## build the registry's site, docs/ included, in site/
	@$(BIN)/mintmark site build

lock: $(STAMP) ## refresh requirements.lock (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --all-extras --group dev pyproject.toml --output-file requirements.lock

clean: ## remove .venv and caches
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis site
