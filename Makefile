# Two commands are enough on a fresh clone: `make demo` and `make test`. Each does its own set-up.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
UV     := build/uv/bin/uv

# More options for pytest, for instance: make test ARGS="-k approval -x"
ARGS   ?=
# `make lock UPGRADE=--upgrade` takes the newest versions; without it, only what must change does.
UPGRADE ?=

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-servers test-failed chaos bench-slack bench-durable bench-growth bench-waiting bench-limited check connectors fmt wheel install lock clean

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## Start Baton here, with nothing else installed
	$(BIN)/baton demo

test: $(READY) ## Run the tests; servers come from PyPI
	$(BIN)/pytest -n 3 --dist worksteal -m "not servers and not chaos" $(ARGS)

test-servers: $(READY) ## Run the tests that need programs from Debian or npm
	$(BIN)/pytest -m servers --timeout 400 $(ARGS)

test-failed: $(READY) ## Run the tests that failed last, one at a time
	$(BIN)/pytest --last-failed --last-failed-no-failures none --timeout 400 $(ARGS)

chaos: $(READY) ## Run thousands of runs while processes and servers are killed (ARGS="--seed 1 --database sqlite")
	$(BIN)/pytest -q -m chaos
	$(BIN)/python -m tests.chaos $(ARGS)

bench-slack: $(READY) ## Measure a burst from Slack on SQLite and PostgreSQL (ARGS="--socket" for Socket Mode)
	$(BIN)/python -m benchmarks.slack_burst $(ARGS)

bench-growth: $(READY) ## Measure what people wait for at two sizes (ARGS="--runs 20000 1000000" for a million)
	$(BIN)/python -m benchmarks.growth $(ARGS)

bench-durable: $(READY) build/peers/.ready ## Measure durable steps beside DBOS and others (ARGS="--runs 100 --rounds 2" is quicker)
	$(BIN)/python -m benchmarks.durable_steps $(ARGS)

bench-waiting: $(READY) ## Measure what waiting costs, how soon an idle worker begins, and how soon a killed run goes on
	$(BIN)/python -m benchmarks.waiting $(ARGS)
	$(BIN)/python -m benchmarks.idle_start
	$(BIN)/python -m benchmarks.recovery

bench-limited: $(READY) ## Measure what a service's limit costs: 500 runs at 10 requests a second
	$(BIN)/python -m benchmarks.limited $(ARGS)

build/peers/.ready: benchmarks/durable_steps/requirements.txt
	$(PYTHON) -m venv build/peers
	build/peers/bin/python -m pip install --quiet -r $<
	@if command -v npm >/dev/null; then npm install --silent --no-save --no-audit --no-fund --ignore-scripts --fetch-retries 1 --fetch-timeout 60000 --prefix build/peers-node $(RESTATE) \
	|| echo "npm could not fetch Restate's server: it is not measured. Look whether npm reaches its registry, then: rm build/peers/.ready"; \
	else echo "npm was not found: Restate is not measured. Install Node.js 18 or newer, then: rm build/peers/.ready"; fi
	@touch $@

RESTATE = @restatedev/restate-server@1.7.12

check: $(READY) ## Check format, style, types, imports, links and plans
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/check_links.py
	$(BIN)/python -m tools.connectors_page --check
	$(BIN)/baton plan --check

connectors: $(READY) ## Write docs/connectors.md from the connectors' code
	$(BIN)/python -m tools.connectors_page

fmt: $(READY) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

wheel: $(READY) ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

install: $(READY) ## Set up the virtual environment and nothing else
	@:

$(READY): requirements-dev.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Baton needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) lacks its venv module. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lock: $(UV) ## Resolve the dependencies anew into the lock files
	$(UV) pip compile pyproject.toml $(LOCK) --output-file requirements.lock
	$(UV) pip compile pyproject.toml $(LOCK) --group dev --constraints requirements.lock --output-file requirements-dev.lock

LOCK = --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)

$(UV):
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet uv

clean: ## Remove the environment, caches and builds; your data in .baton stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
