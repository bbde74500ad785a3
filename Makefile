# The project's daily commands. Everything runs in .venv, made on first use with Python 3.11 or newer:
#   make demo    a server script and a client script talk over loopback TCP
#   make test    the whole test suite (in two processes; ARGS=-n0 for one)
#   make lint    ruff and mypy
#   make bench   our time against Python twins  make format   rewrite the sources as ruff wants them
# PYTHON=/path/to/python chooses the interpreter; ARGS="..." goes to pytest or the benchmark runner.

.PHONY: demo test lint format bench clean compiled
.DEFAULT_GOAL := demo

# a name on PATH is not enough: version-manager shims may fail, and some systems split venv support off
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)

# a shell that forbids it would have every script recompile the interpreter
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
# the compat mode puts a plain path into .venv; the default mode runs an import hook at every start
RUN_SET := .[repl]
DEV_SET := .[repl,dns,proxy,test]
INSTALL_HERE = { $(PIP_INSTALL) --config-settings editable_mode=compat --editable "$(1)" 2>/dev/null || \
	$(PIP_INSTALL) --editable "$(1)"; }

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer with venv support is needed (Debian: apt-get install python3-venv); set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@# newer pip writes console scripts that start faster; an old one does too, so this may fail
	@$(PIP_INSTALL) --upgrade pip 2>/dev/null || true
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml
	$(call INSTALL_HERE,$(RUN_SET))
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(call INSTALL_HERE,$(DEV_SET))
	@touch $@

compiled: $(VENV)/.run
	@$(PY) -m compileall -q interp stdlib sockets_module

demo: compiled
	@$(PY) examples/demo.py

test: $(VENV)/.dev compiled
	@$(PY) -m pytest -n 2 --dist worksteal $(ARGS)

lint: $(VENV)/.dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: $(VENV)/.dev
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: compiled
	@$(PY) benchmarks/run.py $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
