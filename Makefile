# Every target does its own set-up: python3, pip, make and git are enough.
PYTHON ?= python3
VENV := .venv/bin
LOCAL := $(VENV)/python -m rustok.local
ENSURE := @$(PYTHON) -I rustok/local/bootstrap.py
# Parallel tests: one database per worker. Empty = one process.
TEST_WORKERS ?= 2
PYTEST_ARGS ?=
# Browser journeys, benchmarks and the kill -9 rig start a platform of their own, in a place of their own.
BENCH_ARGS ?=
CHAOS_ARGS ?=
# RabbitMQ is no wheel: its transport is tested where the package is installed, and must be in CI (.ci/packages installs it).
RABBITMQ ?= $(if $(CI),required,$(wildcard /usr/lib/rabbitmq/bin/rabbitmq-server))
comma := ,
# From Debian's package prometheus (.ci/packages takes it out of there); the alert rules are not checked without it.
PROMTOOL ?= $(firstword $(wildcard /usr/bin/promtool .tools/prometheus/usr/bin/promtool))
# Suites that the plain run leaves out are called without its list of what to ignore.
APART := -o addopts="-q --strict-markers --strict-config --import-mode=importlib -p no:cacheprovider"

.PHONY: help install run test test-e2e test-transports test-api test-alerts lint format bench chaos docs contracts lock

help:
	@echo "make run        the whole platform with demo data on http://localhost:8000 (RUSTOK_PORT)"
	@echo "make test       the test suite with coverage, on the embedded stack"
	@echo "make test-e2e   browser journeys (needs Chromium)"
	@echo "make test-transports   the conformance suite of the event transports against real servers"
	@echo "make test-api   the API explored from its own document (part of make test)"
	@echo "make test-alerts      the alert rules: can each of them fire? (needs promtool)"
	@echo "make lint       ruff, mypy, import-linter"
	@echo "make bench      benchmarks      make chaos   kill -9 rig"
	@echo "make docs       documentation   make contracts   event and API schemas"
	@echo "make lock       resolve requirements/*.in into *.txt with hashes"

install:
	$(ENSURE) dev

run:
	$(ENSURE) local
	@exec $(LOCAL) run

test:
	$(ENSURE) dev
	@$(LOCAL) exec -- $(VENV)/pytest $(if $(TEST_WORKERS),-n $(TEST_WORKERS)) --cov $(PYTEST_ARGS)

test-e2e:
	$(ENSURE) e2e
	@$(VENV)/pytest $(APART) tests/e2e $(PYTEST_ARGS)

test-transports:
	$(ENSURE) dev
	@TRANSPORTS=memory,webhook,valkey,nats,kafka-peer,iggy-peer$(if $(RABBITMQ),$(comma)rabbitmq) $(LOCAL) exec -- $(VENV)/pytest $(APART) tests/transports $(PYTEST_ARGS)

test-api:
	$(ENSURE) dev
	@$(LOCAL) exec -- $(VENV)/pytest $(if $(TEST_WORKERS),-n $(TEST_WORKERS)) $(APART) tests/api/test_schemathesis.py $(PYTEST_ARGS)

test-alerts:
	@test -x "$(PROMTOOL)" || { echo "promtool is not here: run .ci/packages promtool, or name one in PROMTOOL" >&2; exit 1; }
	$(PROMTOOL) check config deploy/prometheus/prometheus.yml
	$(PROMTOOL) test rules deploy/prometheus/alerts_test.yml

lint:
	$(ENSURE) dev
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports

format:
	$(ENSURE) dev
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

bench:
	$(ENSURE) dev
	@$(LOCAL) exec -- $(VENV)/python -m tests.benchmarks $(BENCH_ARGS)

chaos:
	$(ENSURE) dev
	@$(VENV)/python -m tests.chaos $(CHAOS_ARGS)

docs:
	$(ENSURE) dev
	@$(LOCAL) exec -- $(VENV)/python -m tests.docs

contracts:
	$(ENSURE) dev
	@$(LOCAL) exec -- $(VENV)/python manage.py contracts

UV_COMPILE = .tools/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock:
	@$(PYTHON) -I rustok/local/bootstrap.py uv >/dev/null
	cd requirements && ../$(UV_COMPILE) $(LOCK_ARGS) e2e.in -o e2e.txt
	cd requirements && for name in dev local base prod transports; do ../$(UV_COMPILE) -c e2e.txt $$name.in -o $$name.txt || exit 1; done
	cd requirements && ../$(UV_COMPILE) $(LOCK_ARGS) tools.in -o tools.txt
	@! grep -nE 'https?://|index-url|find-links' requirements/*.txt
