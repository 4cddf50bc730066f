# Mintmark. Everything a newcomer needs: make repro, then make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests write and delete small files all the time. Where memory has room for them, that takes a third less time.
MEMORY := $(shell awk '$$2 == "/dev/shm" && $$4 !~ /noexec/ {print $$2}' /proc/mounts 2> /dev/null \
	| sort -u | xargs -r df -k --output=avail,target | awk 'NR > 1 && $$1 > 4000000 {print $$2}')
PYTEST = PATH="$(CURDIR)/$(BIN):$$PATH" TMPDIR="$${TMPDIR:-$(or $(MEMORY),/tmp)}" \
	$(BIN)/python -m pytest -n auto --dist worksteal
# Byte code is what makes `mintmark` start quickly, wherever the environment switches it off.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup repro test test-all test-long lint bench bench-serve docs lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## create .venv from requirements-dev.lock

# uv sets up in seconds. Where it cannot be had or fails, pip does the same in minutes, and so it does for INSTALLER=pip.
# pip looks for no dependencies: the lock holds them all, and pip would ask a hash of `pydantic[email]`, which it lacks.
# The packages that take longest to import are compiled beforehand. Python compiles the others when it first imports them.
INSTALLER := uv
COMPILED := dvc* fsspec joblib numpy pandas pyarrow scipy skops sklearn
UV_PINS := install --quiet --require-hashes --only-binary :all: --requirement requirements-uv.lock
GET_UV := $(PYTHON) -m pip --python $(BIN)/python $(UV_PINS) 2> /dev/null \
	|| { $(BIN)/python -m ensurepip > /dev/null && $(BIN)/python -m pip $(UV_PINS); }
BY_UV := $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.lock \
	&& $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . \
	&& $(BIN)/python -m compileall -q -j 0 -x '/tests?/' $(addprefix $(VENV)/lib/python3*/site-packages/,$(COMPILED))
BY_PIP := $(BIN)/python -m ensurepip > /dev/null \
	&& $(BIN)/python -m pip install --upgrade --no-deps --require-hashes --requirement requirements-dev.lock \
	&& $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .

$(STAMP): requirements-dev.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"Mintmark needs Python 3.11 or newer; {sys.executable} is {v[0]}.{v[1]}. Try: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@echo "Setting up $(VENV) from requirements-dev.lock (once; longer where packages have to be downloaded)"
	@$(PYTHON) -m venv --without-pip $(VENV)
ifeq ($(INSTALLER),uv)
	@{ $(GET_UV); } && $(BY_UV) \
	  || { echo "uv cannot set this up, so pip does; that takes minutes"; $(BY_PIP); }
else
	@$(BY_PIP)
endif
	@touch $@

repro: $(STAMP) ## run the pipeline of every model, set candidates beside champions
	@PATH="$(CURDIR)/$(BIN):$$PATH" dvc repro
	@$(BIN)/mintmark validate
	@echo
	@$(BIN)/mintmark list --candidates

test: $(STAMP) ## run tests of every kind, in ten minutes on two cores
	@$(PYTEST) -m "not slow and not long" --hypothesis-profile quick $(PYTEST_ARGS)

test-all: $(STAMP) ## run what a change has to pass (.ci/run)
	@$(PYTEST) -m "not long" $(PYTEST_ARGS)

test-long: $(STAMP) ## run the tests that take longest
	@$(PYTEST) -m long $(PYTEST_ARGS)

# actionlint is a Go program. Its packages on PyPI download it from elsewhere, so Go builds it, once.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GET_ACTIONLINT = command -v go > /dev/null && GOBIN="$(CURDIR)/$(BIN)" go install $(ACTIONLINT) 2> /dev/null

lint: $(STAMP) ## ruff, mypy --strict, and actionlint and zizmor for workflows
	@$(BIN)/ruff check scripts tests
	@$(BIN)/ruff format --check scripts tests
	@$(BIN)/mypy
	@$(BIN)/zizmor --quiet --offline --persona=auditor .github
	@if [ -x $(BIN)/actionlint ] || { $(GET_ACTIONLINT); }; then $(BIN)/actionlint -shellcheck $(BIN)/shellcheck; \
	  else echo "actionlint is left out: Go builds it, and there is no Go here that can" >&2; fi

bench: $(STAMP) ## measure speed at 100, 1,000 and 10,000 versions (BENCH_ARGS=100000: at those)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/bench.py $(BENCH_ARGS)

bench-serve: $(STAMP) ## measure the server beside MLServer and MLflow (needs wrk)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/bench/serving.py $(BENCH_ARGS)

docs: $(STAMP) ## build the registry's site, docs/ included, in site/
	@$(BIN)/mintmark site build

# Versions stay as they are unless LOCK_ARGS=--upgrade. requirements.lock comes first and alone, so that no
# development tool has a say in what makes and runs models.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url $(LOCK_ARGS)

# All but `mlflow`, whose pins do not go together with ours, and `jax`, which is heavy and for one example. Their tests set
# up environments for them.
DEV_EXTRAS := load registry site serve monitor dask onnx convert safetensors sign

lock: $(STAMP) ## refresh the locks
	@$(COMPILE) --extra registry --extra dask --extra onnx --extra safetensors pyproject.toml --output-file requirements.lock
	@$(COMPILE) --extra serve --extra onnx --constraint requirements.lock pyproject.toml --output-file requirements-serve.lock
	@$(COMPILE) $(DEV_EXTRAS:%=--extra %) --group dev --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock
	@$(COMPILE) --extra registry --extra dask --extra convert --extra safetensors --extra site --constraint requirements-dev.lock \
	  pyproject.toml --output-file requirements-tool.lock
	@echo uv | $(COMPILE) - --output-file requirements-uv.lock

clean: ## remove .venv and caches
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis site
