# The one entry for people and for CI. `make help` lists what there is.
# Needs python3 (3.11 or newer) and make; everything else is fetched into .venv, which is git-ignored.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
NPM := $(shell command -v npm 2>/dev/null)
VENDOR := marketplace/static/vendor
MARQUEE := $(PY) -m marketplace
TESTS ?= tests

.DEFAULT_GOAL := help
.PHONY: help run test journey check bench reset assets lock

help: ## List these commands
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp $(VENV)/assets.stamp ## Set up, migrate, fill with demo data, start everything, print the address
	@$(MARQUEE) run

test: $(VENV)/test.stamp $(VENV)/machine.stamp $(VENV)/assets.stamp ## Run every test that this machine can run (ENGINE=both: pages on PostgreSQL, too)
	@$(PY) -m pytest $(TESTS) $(if $(ENGINE),--engine $(ENGINE))

journey: $(VENV)/test.stamp $(VENV)/machine.stamp $(VENV)/assets.stamp ## Play the stories in a real Chromium against a site of their own
	@$(PY) -m pytest tests/journey -m browser -n 0

check: $(VENV)/test.stamp ## Lint, types and import contracts
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

bench: $(VENV)/test.stamp ## Measure speed and size against the goals
	@$(PY) -m pytest tests/benchmark -m benchmark -n 0

reset: $(VENV)/run.stamp ## Empty the data folder; the next run starts afresh
	@$(MARQUEE) reset

assets: ## Fetch the third-party script and font (needs npm once; pages work without them)
	@rm -f $(VENV)/assets.stamp
	@$(MAKE) --no-print-directory $(VENV)/assets.stamp

lock: $(VENV)/test.stamp ## Resolve pyproject.toml anew into requirements/*.txt
	@$(PY) requirements/lock.py

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Marquee needs Python 3.11 or newer as '$(PYTHON)'. Name another with: make PYTHON=python3.12 run"; exit 1; }
	@echo "Setting up Python in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || \
	  { rm -rf $(VENV) && $(PYTHON) -m pip install --quiet --target .tools virtualenv && \
	    PYTHONPATH=.tools $(PYTHON) -m virtualenv --quiet $(VENV); } || \
	  { rm -rf $(VENV); echo "Python can make no environment here: install its venv module (Debian: apt install python3-venv)."; exit 1; }

$(VENV)/run.stamp: requirements/run.txt | $(PY)
	@echo "Installing what the product needs (about 15 s the first time) ..."
	@$(PY) requirements/install.py requirements/run.txt && touch $@

$(VENV)/test.stamp: requirements/test.txt | $(PY)
	@echo "Installing what the tests need ..."
	@$(PY) requirements/install.py requirements/test.txt && touch $@ $(VENV)/run.stamp

# Never fails, and tries once: without Chromium or PostgreSQL the tests that need them are left out.
$(VENV)/machine.stamp: $(VENV)/test.stamp tests/machine.py
	@$(PY) -m tests.machine && touch $@

# Never fails: without npm, or with its registry out of reach, the pages use plain links and the system font.
$(VENV)/assets.stamp: package-lock.json | $(PY)
ifeq ($(NPM),)
	@echo "No npm here: pages work without htmx and the Geist font. With npm, 'make assets' fetches both."
else
	@if $(NPM) ci --ignore-scripts --no-audit --no-fund --fetch-retries=0 --fetch-timeout=15000 --loglevel=silent; then \
	  mkdir -p $(VENDOR) && cp node_modules/htmx.org/dist/htmx.min.js \
	    node_modules/@fontsource-variable/geist/files/geist-latin-wght-normal.woff2 \
	    node_modules/@fontsource-variable/geist/files/geist-latin-ext-wght-normal.woff2 $(VENDOR)/; \
	else echo "npm could not fetch htmx and the Geist font: pages work without them; 'make assets' tries again."; fi
endif
	@touch $@
