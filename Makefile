# Everything a person runs here; `make` alone lists it.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	echo $$p && break; done)
PIP := PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip
DEMO ?=
WORKERS ?= 2
# A file stays with one worker, since its tests share what they have started; the
# files with long waits come first by name, the quick ones fill in at the end.
AT_ONCE := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test unit check format bench clean

help: ## List these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | \
		awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

demo: $(VENV)/.run ## Run jitsudo with a stand-in for Slack: http://127.0.0.1:8080/sandbox/
	@$(BIN)/jitsudo demo $(DEMO)

test: $(VENV)/.dev ## Run every test that can run on this machine
	@$(BIN)/python -m pytest $(if $(findstring .py,$(TESTS)),,$(AT_ONCE)) $(TESTS)

unit: $(VENV)/.dev ## Run the tests that need neither a server nor a database
	@$(BIN)/python -m pytest tests/unit

check: $(VENV)/.dev ## Check style, types, import contracts and policy
	$(BIN)/ruff format --check core bot cli tests
	$(BIN)/ruff check core bot cli tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	@sh tests/check-policies.sh

format: $(VENV)/.dev ## Bring the code into shape
	@$(BIN)/ruff format core bot cli tests
	@$(BIN)/ruff check --fix core bot cli tests

bench: $(VENV)/.dev ## Measure, and print a table
	@$(BIN)/python -m tests.bench

clean: ## Remove the environment and what tools left
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache

$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "jitsudo needs Python 3.11 or newer; \
	install it, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "could not make a virtual environment; \
	on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.run: $(VENV)/bin/pip pyproject.toml constraints.txt
	@echo "Setting up $(VENV) …" >&2
	@$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/pip pyproject.toml constraints.txt
	@echo "Setting up $(VENV) with what the tests need …" >&2
	@$(PIP) install --quiet --editable '.[dev]'
	@touch $(VENV)/.run $@
