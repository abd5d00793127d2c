# The house in commands. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
# Everything the tools write besides their results stays here, so that an unwritable HOME is fine.
STATE := $(CURDIR)/.venv/state
export MPLCONFIGDIR := $(STATE)/matplotlib
export IPYTHONDIR := $(STATE)/ipython
export JUPYTER_CONFIG_DIR := $(STATE)/jupyter/config
export JUPYTER_DATA_DIR := $(STATE)/jupyter/data
export JUPYTER_RUNTIME_DIR := $(STATE)/jupyter/runtime
export JUPYTERLAB_WORKSPACES_DIR := $(STATE)/jupyter/workspaces
export JUPYTERLAB_SETTINGS_DIR := $(STATE)/jupyter/settings
export PIP_DISABLE_PIP_VERSION_CHECK := 1

EXPORTS ?= data/exports
MONTH ?=
REVIEW ?= reviews
LAB ?=
LAB_FLAGS ?=

.PHONY: help setup review test types tests lab lint soak bench examples lock clean

help: ## help: list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^[a-z]+:.*## ([a-z]+): (.*)/  make \1\t\2/' | expand -t 18

setup: .venv/.stamp ## setup: build .venv from requirements.lock (the other targets do it themselves)

.venv/.stamp: requirements.lock pyproject.toml
	@echo "Building .venv from requirements.lock (once; about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "mttrlab needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Say: make PYTHON=python3.11 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@mkdir -p $(STATE)
	@# Modules are compiled when they are first imported: most of what is here never is.
	@$(BIN)/python -m pip install --quiet --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

review: .venv/.stamp ## review: write the monthly review page (MONTH=2026-06 EXPORTS=folder are optional)
	@$(BIN)/mttrlab review "$(EXPORTS)" $(if $(MONTH),--month "$(MONTH)") --out "$(REVIEW)"

test: .venv/.stamp ## test: lint, type-check, run every test and every notebook
	@$(BIN)/ruff check --quiet .
	@$(MAKE) --no-print-directory --jobs=2 types tests

# Side by side: checking types keeps one core busy.
types: .venv/.stamp
	@$(BIN)/mypy --no-error-summary

tests: .venv/.stamp
	@env -u PYTHONDONTWRITEBYTECODE -u MAKEFLAGS -u MFLAGS $(BIN)/python -m pytest -n auto --dist worksteal --quiet $(PYTEST)

lab: .venv/.stamp ## lab: open JupyterLab on the notebooks (LAB_FLAGS=--allow-root where you are root)
	@$(BIN)/jupyter lab --notebook-dir=. notebooks/01_load_and_check.ipynb $(LAB_FLAGS)

lint: .venv/.stamp ## lint: ruff and mypy alone
	@$(BIN)/ruff check .
	@$(BIN)/mypy

soak: .venv/.stamp ## soak: the long studies (hours)
	@$(BIN)/python -m pytest -m soak --quiet

bench: .venv/.stamp ## bench: measure again what benchmarks/README.md claims
	@$(BIN)/python -m benchmarks

examples: .venv/.stamp ## examples: write data/ again, byte for byte
	@$(BIN)/python -m mttrlab.examples data

lock: ## lock: resolve requirements.lock again (maintainers; needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra fast --extra lab --group test --group lint \
	  --group build --no-header --no-annotate --generate-hashes --upgrade --output-file requirements.lock

clean: ## clean: remove what the targets have made
	rm -rf .venv reviews build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
