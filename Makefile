# Every target sets up what it needs: Python 3.11 or newer is all that has to be there.
# On Windows without make:  python tools\bootstrap.py run   and   python tools\bootstrap.py test
PYTHON ?= $(shell command -v python3 || command -v python)
BOOTSTRAP = "$(PYTHON)" tools/bootstrap.py
VENV_PYTHON = $(or $(WORKBOOK_PYTHON),.venv/bin/python)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test test-unit test-sandbox test-notebooks test-real bench lint notebooks clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  make run ARGS="03 --mode live"     ARGS goes to: workbook run'

setup:  ## .venv with the tested versions (the others do this too)
	@$(BOOTSTRAP) setup

run:  ## run the notebooks in the sandbox: executed copies, metrics and report.html in outputs/
	@$(BOOTSTRAP) run $(ARGS)

test:  ## all test layers, one after another
	@$(BOOTSTRAP) test

test-unit:  ## quick tests, no server
	@$(BOOTSTRAP) test unit

test-sandbox:  ## the real clients against the sandbox
	@$(BOOTSTRAP) test sandbox

test-notebooks:  ## the notebooks: executed, compared, and as files
	@$(BOOTSTRAP) test notebooks

test-real:  ## on real data, where they lie beside the clone
	@$(BOOTSTRAP) test real_data

bench: setup  ## this workbook's way against the usual one, timed side by side (half an hour; ARGS="--quick" for less)
	@"$(VENV_PYTHON)" -m bench $(ARGS)

lint: setup  ## ruff, and the notebooks' hygiene
	@"$(VENV_PYTHON)" -m ruff check .
	@"$(VENV_PYTHON)" -m ruff format --check .
	@"$(VENV_PYTHON)" tools/notebooks.py sync --check
	@"$(VENV_PYTHON)" tools/notebooks.py check

notebooks: setup  ## write badges, install lines and README's table; execute the notebooks and save them clean
	@"$(VENV_PYTHON)" tools/notebooks.py sync
	@"$(VENV_PYTHON)" tools/notebooks.py refresh $(ARGS)

clean:  ## what sandbox runs and tests left (live results and .venv stay)
	rm -rf outputs/sandbox outputs/tests outputs/report.html .pytest_cache .ruff_cache .hypothesis build dist
