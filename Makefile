# Everything a developer does, and everything CI does. `make help` lists it.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
PYTHON := .venv/bin/python
NPM := .venv/bin/npm
UV_VERSION := 0.13.9
PYTEST := .venv/bin/pytest
PORT ?= 8000
# The folder that npm lives in must come first: Debian's own node is too old for the build.
NODE := PATH="$(CURDIR)/.venv/bin:$$PATH"

.PHONY: help run demo test fast engines engines-half browser journeys faults check fmt lint types imports frontend migrations \
  bench docs shell clean setup lock

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/bin/uv:
	@python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "BeYou needs Python 3.11 with venv. On Debian: sudo apt-get install python3-venv" >&2; exit 1; }
	python3 -m venv .venv
	.venv/bin/pip install --quiet uv==$(UV_VERSION)

.venv/.run: .venv/bin/uv requirements/run.txt
	@if test -e .venv/.dev; then $(MAKE) --no-print-directory .venv/.dev; \
	  else .venv/bin/uv pip sync --quiet --python $(PYTHON) requirements/run.txt; fi
	@touch $@

.venv/.dev: .venv/bin/uv requirements/dev.txt
	.venv/bin/uv pip sync --quiet --python $(PYTHON) requirements/dev.txt
	@touch $@ .venv/.run

node_modules/.installed: package.json package-lock.json .venv/.run
	$(NODE) $(NPM) ci --silent
	@touch $@

FRONTEND_SOURCES := $(shell find frontend -name '*.ts' -o -name '*.css' -o -name '*.svg' 2>/dev/null | grep -v '^frontend/dist') \
  $(shell find beyou -path '*/static/*' -type f) beyou/config/settings.py
frontend/dist/.vite/manifest.json: node_modules/.installed vite.config.ts $(FRONTEND_SOURCES)
	$(NODE) $(NPM) run --silent build -- --logLevel warn
	$(PYTHON) -m beyou collectstatic --noinput --clear --verbosity 0

frontend: frontend/dist/.vite/manifest.json ## Build the front end

setup: .venv/.dev frontend ## Install what developing needs

run: .venv/.run frontend ## Install, build, migrate, seed a demo and serve (PORT=8000)
	@exec $(PYTHON) -m beyou serve --port $(PORT) --demo

demo: .venv/.run frontend ## Seed demo members and chats, without serving
	$(PYTHON) -m beyou migrate --verbosity 0
	$(PYTHON) -m beyou demo

lock: .venv/bin/uv ## Resolve the requirements again
	for set in base:"" run:"--group frontend" dev:"--group frontend --group lint --group test"; do \
	  .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --all-extras $${set#*:} pyproject.toml -o requirements/$${set%%:*}.txt || exit 1; done

fmt: .venv/.dev ## Format the code
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix --quiet .

lint: .venv/.dev ## Style
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .

types: .venv/.dev node_modules/.installed ## Strict types, Python and TypeScript
	.venv/bin/mypy
	$(NODE) $(NPM) run --silent types

imports: .venv/.dev ## Ranks, the exact import table, foreign keys, pure rules
	.venv/bin/lint-imports --no-logo
	$(PYTEST) -q tests/architecture/test_imports.py

migrations: .venv/.dev ## Fail when a model has no migration
	BEYOU_MODE=test $(PYTHON) -m beyou makemigrations --check --dry-run --verbosity 1

check: lint types imports migrations ## Everything quick that a commit must pass

ifdef T
test: .venv/.dev frontend ## All tests: fast, engines and browser; or one place of them (T=path)
	$(PYTEST) -m "" $(T)
else
test: fast engines-half browser
endif

fast: .venv/.dev frontend ## Tests on SQLite, and those of the front end
	$(NODE) $(NPM) run --silent test
	$(PYTEST) -n 2

engines: .venv/.dev frontend ## The same tests on private MariaDB, PostgreSQL and Redis servers
	.ci/provide mariadbd=mariadb-server postgres=postgresql redis-server=redis-server
	$(PYTHON) -m tests.engines -n 2

engines-half: .venv/.dev frontend ## Races and half of these tests on each; the other half at the next commit
	.ci/provide mariadbd=mariadb-server postgres=postgresql redis-server=redis-server
	$(PYTHON) -m tests.engines --half -n 2

browser: .venv/.dev frontend ## Tests in Chromium
	.ci/provide chromium=chromium
	# Two browsers on two cores can starve each other; what failed must then pass alone, and both runs are shown.
	$(PYTEST) -n 2 -m browser tests/browser || $(PYTEST) --last-failed --last-failed-no-failures none -m browser tests/browser

journeys: .venv/.dev frontend ## Whole stories told over HTTP alone
	$(PYTEST) tests/journeys

faults: .venv/.dev frontend ## Kills, races and power failures; takes minutes
	.ci/provide mariadbd=mariadb-server postgres=postgresql redis-server=redis-server
	$(PYTEST) -m faults tests/faults

bench: .venv/.dev frontend ## Paired measurements: goal, reached, ratio
	$(PYTHON) -m bench

docs: .venv/.dev ## Write docs/reference again from the code
	$(PYTHON) -m docs.generate

shell: .venv/.run ## Python with the models at hand
	$(PYTHON) -m beyou shell

clean: ## Remove what was built; data in var/ and the installed packages stay
	rm -rf frontend/dist static build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .import_linter_cache .coverage
	find beyou tests bench verifier docs -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
