# make demo: see it work.  make test: all checks.  make frontend: the scripts of the pages, which needs Node.
#  make long: the pytest plugin in whole sessions, models and upgraded libraries that take minutes.
#  make cases: real bugs of published libraries.  make bench, bench-loops, format, clean.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
# Environments and wheels are made side by side; the checks come one after the other and take both cores themselves.
MAKEFLAGS += --jobs=2
.DELETE_ON_ERROR:
.PRECIOUS: dist/%/built
.PHONY: demo test long lint cases bench bench-loops frontend format clean

PIP := -m pip install --quiet --quiet --disable-pip-version-check
# One worker more than cores: tests wait for clocks and processes a third of their time.
PYTEST := -m pytest -n 3 --dist worksteal -p no:cacheprovider

# Cases whose packages are pure Python and small belong to every test run; a folder beside each interpreter is environment enough.
PURE_CASES := .cases/redis-cancel-desync-buggy/ready .cases/redis-cancel-desync-fixed/ready
ALL_CASES := $(foreach file,$(wildcard tests/cases/*/requirements.txt),$(foreach kind,buggy fixed,.cases/$(notdir $(patsubst %/,%,$(dir $(file))))-$(kind)/ready))

demo: .venv/ready
	@.venv/bin/crossroads run tests/cases/redis-cancel-desync/scenario.py --futures 400 --budget 15000 --fresh || test $$? -eq 1

test: lint .venv-newest/tested .venv-oldest/tested .venv-bare/tested $(PURE_CASES)
	.venv-bare/bin/python $(PYTEST) -m "not slow and not once"
	.venv-oldest/bin/python $(PYTEST) -m "not long and not once" --ignore=tests/quality --ignore=tests/docs --ignore=tests/examples
	.venv-newest/bin/python $(PYTEST) -m "not long"

long: .venv-oldest/tested .venv-newest/tested $(PURE_CASES)
	.venv-oldest/bin/python $(PYTEST) -m long tests/faces tests/cases
	.venv-newest/bin/python $(PYTEST) -m long

lint: .venv-newest/ready
	.venv-newest/bin/ruff check .
	.venv-newest/bin/ruff format --check .
	.venv-newest/bin/mypy

cases: .venv-newest/tested $(ALL_CASES) .cases/libraries/ready
	for python in .cases/*/bin/python; do $$python $(PIP) --no-deps --force-reinstall dist/newest/*.whl; done
	CROSSROADS_CASES_FUTURES=5000 CROSSROADS_LIBRARIES_FUTURES=300 .venv-newest/bin/python $(PYTEST) tests/cases tests/libraries

bench: .venv-newest/tested .bench-copies/ready
	.venv-newest/bin/python bench/run.py
	PYTHONPATH=.bench-copies .venv-newest/bin/python bench/ring_cost.py
	$(MAKE) --no-print-directory bench-loops

bench-loops: .bench/tested
	.bench/bin/python bench/loops/run.py
	.bench/bin/python bench/loop_cost.py

frontend:
	cd frontend && npm ci --no-audit --no-fund && npm run --silent check && npm run --silent build

format: .venv-newest/ready
	.venv-newest/bin/ruff check --fix .
	.venv-newest/bin/ruff format .

clean:
	rm -rf .venv .venv-* .cases .bench .bench-copies dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# The demo's own environment: an editable install on the newest Python there is.
.venv/ready: pyproject.toml
	@python=$$(.ci/python 3.13 3.12 3.11) && $$python -m venv --clear .venv
	@.venv/bin/python $(PIP) --editable '.[models]' --requirement tests/cases/redis-cancel-desync/requirements.txt
	@touch $@

# Environments for the checks: dependencies once, the wheel whenever the sources have changed.
.venv-newest/ready: PYTHONS := 3.13 3.12 3.11
.venv-newest/ready: WHAT := '.[dev]'
.venv-oldest/ready: PYTHONS := 3.11 3.12 3.13
.venv-oldest/ready: WHAT := '.[test]'
.venv-bare/ready: PYTHONS := 3.12 3.13 3.11
# The oldest versions of what crossroads needs, as pyproject.toml has them; markupsafe is jinja2's, which takes no newer one.
.venv-bare/ready: WHAT := . pytest pytest-xdist hypothesis click==7.0 jinja2==2.11.3 markupsafe==2.0.1 rich==10.16.2 platformdirs==2.0.0
.venv-%/ready: pyproject.toml
	python=$$(.ci/python $(PYTHONS)) && $$python -m venv --clear .venv-$*
	CROSSROADS_PURE=1 .venv-$*/bin/python $(PIP) $(WHAT)
	touch $@

.venv-%/tested: .venv-%/ready dist/%/built
	.venv-$*/bin/python $(PIP) --no-deps --force-reinstall dist/$*/*.whl
	touch $@

# One environment for each version of each case: its packages once, the wheel whenever the cases are run.
.cases/%-buggy/ready: tests/cases/%/requirements.txt pyproject.toml | dist/newest/built
	$(with_packages)
.cases/%-fixed/ready: tests/cases/%/fixed.txt pyproject.toml | dist/newest/built
	$(with_packages)
define with_packages
python=$$(.ci/python 3.13 3.12 3.11) && $$python -m venv --clear $(@D)
$(@D)/bin/python $(PIP) dist/newest/*.whl -r $<
touch $@
endef

.cases/libraries/ready: tests/libraries/requirements.txt pyproject.toml | dist/newest/built
	$(with_packages)

.cases/redis-cancel-desync-buggy/ready: tests/cases/redis-cancel-desync/requirements.txt | .venv-newest/ready
	$(in_a_folder)
.cases/redis-cancel-desync-fixed/ready: tests/cases/redis-cancel-desync/fixed.txt | .venv-newest/ready
	$(in_a_folder)
define in_a_folder
rm -rf $(@D)
.venv-newest/bin/python $(PIP) --target $(@D) -r $<
touch $@
endef

# Other simulators of asyncio, beside ours.
.bench/ready: bench/loops/requirements.txt pyproject.toml | dist/newest/built
	python=$$(.ci/python 3.13 3.12) && $$python -m venv --clear .bench
	.bench/bin/python $(PIP) dist/newest/*.whl -r bench/loops/requirements.txt
	touch $@

# Other ways to copy a state, in a folder beside the interpreter.
.bench-copies/ready: bench/requirements.txt | .venv-newest/ready
	$(in_a_folder)

.bench/tested: .bench/ready dist/newest/built
	.bench/bin/python $(PIP) --no-deps --force-reinstall dist/newest/*.whl
	touch $@

# One wheel for each of them: compiled where a compiler is at hand, but for the bare one, which is pure Python.
dist/bare/built: export CROSSROADS_PURE := 1
dist/newest/built dist/oldest/built: export CROSSROADS_COMPILED := $(shell command -v cc)
dist/%/built: .venv-%/ready hatch_build.py README.md LICENSE $(shell find src -type f -not -name '*.pyc')
	rm -rf $(@D)
	.venv-$*/bin/python -m pip wheel --quiet --quiet --disable-pip-version-check --no-deps --wheel-dir $(@D) .
	touch $@
