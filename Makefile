# One-line recipes; each creates what it needs. `make run` and `make test` are all a newcomer must know.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

.venv/.run-ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Otappa koppi needs Python 3.11 or newer; try: make run PYTHON=python3.12"; exit 1; }
	@echo "Setting up (the first time takes a minute or two) …"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.test-ready: .venv/.run-ready requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup: .venv/.run-ready ## set up what the service needs
	@true

run: setup ## start the service: chat at http://localhost:8080/, console at /console/
	@exec $(BIN)/koppi serve

test: .venv/.test-ready ## every test, PostgreSQL and browser included
	@$(BIN)/python tools/find_browser.py --install
	@$(BIN)/python -m pytest -n auto

lint: .venv/.test-ready ## static checks and the FAQ's own
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/koppi knowledge check

bench: .venv/.test-ready ## the benchmark tables
	@$(BIN)/python -m tests.bench

torture: .venv/.test-ready ## what the world does to a service, done to it on purpose (ten minutes)
	@$(BIN)/python -m tests.torture

.venv-audit/.ready: requirements-audit.lock
	@$(PYTHON) -m venv --clear .venv-audit
	@.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.lock
	@touch $@

audit: .venv-audit/.ready ## look for known holes in every part that is locked; what can't be looked up fails it, too (each week)
	@for lock in requirements.lock requirements-dev.lock requirements-audit.lock; do \
	  echo "$$lock:" && .venv-audit/bin/pip-audit --strict --require-hashes --disable-pip --requirement $$lock || exit 1; done

sbom: .venv-audit/.ready ## the list of parts of a release (SBOM, CycloneDX): otappa-koppi.cdx.json
	@$(PYTHON) -m venv --clear --without-pip .venv-audit/parts
	@.venv-audit/bin/python -m pip --python .venv-audit/parts/bin/python install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) .venv-audit/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o otappa-koppi.cdx.json .venv-audit/parts

lock: .venv/.test-ready ## renew the hashed locks from requirements*.in
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade requirements.in -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade requirements-dev.in -o requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade requirements-audit.in -o requirements-audit.lock

.PHONY: help setup run test lint bench torture audit sbom lock
