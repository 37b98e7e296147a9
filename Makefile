# Everything a developer does, and everything CI does. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON := .venv/bin/python
NPM := .venv/bin/npm
UV_VERSION := 0.13.9
PORT ?= 8000
T ?= tests

.PHONY: help run demo test fast engines browser journeys faults check fmt lint types imports frontend migrations bench docs shell clean setup lock

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/bin/uv:
	python3 -m venv .venv
	.venv/bin/pip install --quiet uv==$(UV_VERSION)

.venv/.run: .venv/bin/uv requirements/run.txt
	@test -e .venv/.dev || .venv/bin/uv pip sync --quiet --python $(PYTHON) requirements/run.txt
	@touch $@

.venv/.dev: .venv/bin/uv requirements/dev.txt
	.venv/bin/uv pip sync --quiet --python $(PYTHON) requirements/dev.txt
	@touch $@ .venv/.run

node_modules/.installed: package.json package-lock.json .venv/.run
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(NPM) ci --silent
	@touch $@

FRONTEND_SOURCES := $(shell find frontend -name '*.ts' -o -name '*.css' -o -name '*.svg' 2>/dev/null | grep -v '^frontend/dist')
frontend/dist/.vite/manifest.json: node_modules/.installed vite.config.ts $(FRONTEND_SOURCES)
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(NPM) run --silent build
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
	.venv/bin/ruff format beyou tests verifier bench
	.venv/bin/ruff check --fix --quiet beyou tests verifier bench

lint: .venv/.dev ## Style
	.venv/bin/ruff format --check --quiet beyou tests verifier bench
	.venv/bin/ruff check --quiet beyou tests verifier bench

types: .venv/.dev node_modules/.installed ## Strict types, Python and TypeScript
	.venv/bin/mypy
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(NPM) run --silent types

imports: .venv/.dev ## Ranks, the exact import table, foreign keys, pure rules
	.venv/bin/lint-imports
	.venv/bin/pytest -q tests/architecture

migrations: .venv/.dev ## Fail when a model has no migration
	BEYOU_MODE=test $(PYTHON) -m beyou makemigrations --check --dry-run --verbosity 1

check: lint types imports migrations ## Everything quick that a commit must pass
