# Needs make and Python 3.11 or newer. Everything else goes into .venv, as the lock has it.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
UV := $(BIN)/uv
PYTEST := $(BIN)/pytest
LOCK := requirements/dev.txt
COMPILE = $(UV) pip compile pyproject.toml --universal --generate-hashes --quiet --no-config \
	--custom-compile-command 'make lock' $(UPGRADE)

# Bytecode is kept: without it a service takes twice as long to start, and tests start dozens.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo serve setup fmt lint types test test-fast wire distributed cover golden crash fuzz \
	bench bench-check docs release lock clean

help: ## these lines
	@sed -n 's/^\([a-z-]*\):.*## /make \1: /p' Makefile

demo: setup ## a service with some persons in it, to look at
	$(BIN)/personhouse demo

serve: setup ## the service
	$(BIN)/personhouse serve

setup: .venv/.locked ## .venv, as the lock has it

# uv itself comes from the lock too: pip checks its hash, and uv those of all the others.
.venv/.locked: $(LOCK) pyproject.toml
	@test -n '$(PYTHON)' || { echo 'personhouse needs Python 3.11 or newer' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(UV) || sed -n '/^uv==/,/# via/p' $(LOCK) \
		| $(BIN)/python -m pip install --quiet --require-hashes -r /dev/stdin
	$(UV) pip sync --quiet --python .venv --require-hashes $(LOCK)
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation -e .
	@touch $@

fmt: setup ## layout, and what ruff can mend
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format

lint: setup ## layout, style, and who may import whom
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports --no-logo

types: setup ## both type checkers, strict
	$(BIN)/mypy
	$(BIN)/pyright

# In the order of the files: those of one long test would else come last, and one core wait.
test: setup ## all tests but fuzz
	$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder -m 'not fuzz'

test-fast: setup ## the tests that need no engine
	$(PYTEST) -n 2 --dist load -m 'not engine and not slow and not server and not fuzz'

wire: setup ## what uses the engine, over HTTP on a double of a server
	$(PYTEST) -n 2 --dist loadfile -m 'not fuzz' --engine=wire

distributed: setup ## what uses the engine, on Distributed tables over one shard
	$(PYTEST) -n 2 --dist loadfile -m 'not fuzz' --engine=distributed

cover: setup ## every branch of queries/ is tested
	$(PYTEST) tests/queries --cov -m "not slow and not fuzz"

golden: setup ## write the golden SQL anew; review the diff
	$(PYTEST) tests/queries --update-golden

crash: setup ## kill -9 of the service in a storm of writes, 200 times
	$(PYTEST) -m fuzz tests/service/test_crash.py

fuzz: setup ## random input, for minutes
	$(PYTEST) -m fuzz

bench: .venv/.bench ## 100,000 persons, here and in PostHog's tables, PostgreSQL, DuckDB
	$(BIN)/python -m benchmarks.run --scale 100k --output benchmarks/results/here

bench-check: .venv/.bench ## what became slower or faster since the last `make bench`
	$(BIN)/python -m benchmarks.run --scale 100k --output benchmarks/results/now
	$(BIN)/python -m benchmarks.compare benchmarks/results/here/100000.json \
		benchmarks/results/now/100000.json

# Beside the lock of the tests, which need none of it.
.venv/.bench: .venv/.locked requirements/bench.txt
	$(UV) pip install --quiet --python .venv --require-hashes -r requirements/bench.txt
	@touch $@

docs: setup ## every link leads somewhere, every setting is explained
	$(PYTEST) tests/test_layout.py -k docs

release: lint types test cover ## check all, then build into dist/
	$(UV) build --quiet --clear --no-build-isolation --python .venv

lock: setup ## write the locks anew; to the newest with UPGRADE=--upgrade
	$(COMPILE) --all-extras --group dev -o $(LOCK)
	$(COMPILE) --extra embedded -c $(LOCK) -o requirements/embedded.txt
	$(COMPILE) -c $(LOCK) -o requirements/runtime.txt
	$(COMPILE) --group bench -c $(LOCK) -o requirements/bench.txt

clean: ## all that was installed, built or cached
	rm -rf .venv dist .coverage .hypothesis .*_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
