# Every command makes its own environment in .venv, so `make demo` and `make test` work on a fresh checkout.

# The first Python that is new enough; override with `make PYTHON=...`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test lint figures clean

help:  ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' $(MAKEFILE_LIST)

demo: .venv/.app  ## Show hip angles from a shipped recording; ends by itself, needs no display
	@$(BIN)/imuhip demo

test: .venv/.dev  ## Run the tests
	$(BIN)/pytest -n auto --maxprocesses 4

lint: .venv/.dev  ## Check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

figures: .venv/.dev  ## Print the accuracy and speed tables of the README and draw its picture (takes an hour)
	$(BIN)/imuhip plot recordings/range_test.mcap -o recordings/range_test.png --force
	-$(BIN)/python tools/accuracy.py  # a figure that misses its target does not keep the others from being printed
	$(BIN)/python tools/flag_study.py
	$(BIN)/python tools/bench_pipeline.py
	$(BIN)/python tools/bench_exercises.py
	$(BIN)/python tools/bench_history.py
	$(BIN)/python tools/bench_radio.py
	$(BIN)/python tools/bench_mqtt.py

clean:  ## Remove the environment and everything made
	rm -rf .venv build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "imuhip needs Python 3.11 or newer; set it with make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Making the environment in .venv; this takes about a minute." >&2
	$(PYTHON) -m venv .venv

.venv/.app: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) -e ".[plot,radio-virtual]"
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) -e ".[dev]"
	@touch .venv/.app $@
