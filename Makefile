# The words of the project: up, setup, test, check, bench. Everything lives in .venv.
PYTHON ?= python3
VENV   := .venv
UV     := $(VENV)/bin/uv
GOEN   := $(VENV)/bin/goen
STAMP  := $(VENV)/.setup-done

.PHONY: up setup test check bench bench-scale format

up: setup            ## Goen with the embedded database and the demo retailer
	@$(GOEN) up --demo

setup: $(STAMP)      ## .venv with everything, demo data and test tools included

$(STAMP): pyproject.toml uv.lock
	@tools/setup $(PYTHON)
	@touch $@

test: setup          ## every test
	@tools/test-tools
	$(VENV)/bin/pytest

check: setup         ## format, lint, types, import contracts
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache

format: setup
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: setup         ## posting over HTTP against pgbench, side by side
	$(VENV)/bin/python -m bench

bench-scale: setup   ## the shows that need millions of rows
	$(VENV)/bin/python -m bench.scale
