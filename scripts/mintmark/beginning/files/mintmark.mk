# What the workflows run first: `make -f mintmark.mk setup` makes .venv with what requirements-tool.lock pins by hash, and
# with Mintmark from the place that mintmark.txt names.
PYTHON ?= python3

.PHONY: setup
setup: .venv/.installed

.venv/.installed: requirements-tool.lock mintmark.txt
	@grep -q '^[^#]' mintmark.txt || { echo 'mintmark.txt: names no place to install Mintmark from; write one there' >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --require-hashes --requirement requirements-tool.lock
	@.venv/bin/python -m pip install --quiet --no-deps --requirement mintmark.txt
	@touch $@
