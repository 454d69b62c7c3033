# A thin menu: every line calls a tool that can be called without it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo up distributed down test prove bench check format plan docs lock clean

PY := .venv/bin/python
RUNTIME := .venv/.runtime-installed
WORKSHOP := .venv/.workshop-installed
JOBS ?= 2
ARGS ?=

help: ## this menu
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nPass options with ARGS="…"; PUYOU_HOME and PUYOU_PORT move data and address.\n'

##@ Run it
demo: $(RUNTIME) ## set up, start the suite, play the story, keep serving (ARGS=--exit ends after it, ARGS=--distributed)
	@$(PY) -m suite demo $(ARGS)

up: $(RUNTIME) ## start the suite without the story
	@$(PY) -m suite up $(ARGS)

distributed: $(RUNTIME) ## the same as separate processes, on a PostgreSQL server and RabbitMQ
	@exec $(PY) -m suite distributed $(ARGS)

down: $(RUNTIME) ## remove the distributed suite's databases and queues from the servers
	@$(PY) -m suite down $(ARGS)

##@ Prove it
test: export PYTHONDONTWRITEBYTECODE =# a run starts some sixty processes; each would compile what it imports
test: $(WORKSHOP) ## all tests at reduced sizes (ARGS="-k death")
	@$(PY) -m pytest -n $(JOBS) tests $(ARGS)

prove: $(WORKSHOP) ## the stated sizes, seeds printed (PUYOU_SEED repeats a run)
	@PUYOU_PROVE=1 $(PY) -m pytest -n $(JOBS) -o faulthandler_timeout=1800 -m prove tests $(ARGS)

bench: $(WORKSHOP) ## how far from the machine's limits (ARGS="gateway"; nginx and wrk where installed)
	@$(PY) -m benchmarks $(ARGS)

check: $(WORKSHOP) ## format, lint, types, imports, our own rules, spelling, YAML
	@$(PY) -m tools.check $(ARGS)

plan: $(WORKSHOP) ## which test proves which plan item
	@$(PY) -m tools.plan $(ARGS)

##@ Keep it
format: $(WORKSHOP) ## format and repair what can be repaired
	@$(PY) -m ruff format . && $(PY) -m ruff check --fix .

docs: $(WORKSHOP) ## generate the references in docs/ again
	@$(PY) -m tools.references $(ARGS)

lock: ## compile the locks again (maintainers; needs uv)
	@sh tools/lock.sh $(ARGS)

clean: ## remove what was generated; data in .puyou/ and the .venv stay
	@find . -path ./.venv -prune -o -path ./.puyou -prune -o -name __pycache__ -type d -exec rm -rf {} +
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov

# ── the tool box ─────────────────────────────────────────────────────────────────────────────────
# Made once from any Python ≥ 3.11; a stamp is older than its lock when the lock has changed.
.venv/bin/python:
	@for p in "$${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do \
	  if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$p; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "需要 Python 3.11 或更新版本 / Python 3.11 or newer is needed" >&2; exit 1; fi; \
	echo "making .venv with $$("$$found" --version)"; \
	"$$found" -m venv .venv || { rm -rf .venv; \
	  echo "无法创建虚拟环境,Debian/Ubuntu 请安装 python3-venv / the venv module is missing (Debian: python3-venv)" >&2; exit 1; }

$(RUNTIME): requirements.lock | .venv/bin/python
	@echo "installing what the product needs to run"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(WORKSHOP): requirements-dev.lock $(RUNTIME)
	@echo "installing what building and proving it needs"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
