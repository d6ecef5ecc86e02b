# make demo: see it work.  make test: all checks.  make bench, format, clean.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: demo test lint bench format clean

PIP := -m pip install --quiet --quiet --disable-pip-version-check
PYTEST := -m pytest -n 2 -p no:cacheprovider

demo: .venv/ready
	@.venv/bin/crossroads run examples/hospital.py --futures 400 --fresh || test $$? -eq 1

test: lint .venv-newest/tested .venv-oldest/tested .venv-bare/tested
	.venv-bare/bin/python $(PYTEST) --ignore=tests/quality
	.venv-oldest/bin/python $(PYTEST) --ignore=tests/quality
	.venv-newest/bin/python $(PYTEST)

lint: .venv-newest/ready
	.venv-newest/bin/ruff check .
	.venv-newest/bin/ruff format --check .
	.venv-newest/bin/mypy

bench: .venv-newest/tested
	.venv-newest/bin/python bench/run.py

format: .venv-newest/ready
	.venv-newest/bin/ruff check --fix .
	.venv-newest/bin/ruff format .

clean:
	rm -rf .venv .venv-* dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# The demo's own environment: an editable install on the newest Python there is.
.venv/ready: pyproject.toml
	@python=$$(.ci/python 3.13 3.12 3.11) && $$python -m venv --clear .venv
	@.venv/bin/python $(PIP) --editable '.[models]'
	@touch $@

# Environments for the checks: dependencies once, the wheel whenever the sources have changed.
.venv-newest/ready: PYTHONS := 3.13 3.12 3.11
.venv-newest/ready: WHAT := '.[dev]'
.venv-oldest/ready: PYTHONS := 3.11 3.12 3.13
.venv-oldest/ready: WHAT := '.[test]'
.venv-bare/ready: PYTHONS := 3.12 3.13 3.11
.venv-bare/ready: WHAT := . pytest pytest-xdist hypothesis
.venv-%/ready: pyproject.toml
	python=$$(.ci/python $(PYTHONS)) && $$python -m venv --clear .venv-$*
	.venv-$*/bin/python $(PIP) $(WHAT)
	touch $@

.venv-%/tested: .venv-%/ready dist/built
	.venv-$*/bin/python $(PIP) --no-deps --force-reinstall dist/*.whl
	touch $@

dist/built: .venv-newest/ready pyproject.toml README.md LICENSE $(shell find src -name '*.py')
	rm -rf dist
	.venv-newest/bin/python -m pip wheel --quiet --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	touch $@
