# Every target sets up what it needs; all it takes is Python 3.11 or newer.
# On Windows without make:  python tools\bootstrap.py run   and   python tools\bootstrap.py test
PYTHON ?= $(shell command -v python3 || command -v python)
BOOTSTRAP = "$(PYTHON)" tools/bootstrap.py
VENV_PYTHON = $(or $(WORKBOOK_PYTHON),.venv/bin/python)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test test-unit test-sandbox test-notebooks test-live test-real bench lint notebooks clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  make run ARGS="03 --mode live"     ARGS goes to: workbook run'

setup:  ## make .venv with the tested versions (the other targets do so too)
	@$(BOOTSTRAP) setup

run:  ## run the notebooks in the sandbox; executed copies, metrics and report.html go to outputs/
	@$(BOOTSTRAP) run $(ARGS)

test:  ## run all test layers, one after another
	@$(BOOTSTRAP) test

test-unit:  ## quick tests without a server
	@$(BOOTSTRAP) test unit

test-sandbox:  ## the real clients against the stand-in for the Hub
	@$(BOOTSTRAP) test sandbox

test-notebooks:  ## the notebooks: executed, compared, checked as files
	@$(BOOTSTRAP) test notebooks

test-live:  ## the notebooks in live mode, cut, against a mirror on this machine
	@$(BOOTSTRAP) test live

test-real:  ## tests on real data, where it lies beside the clone
	@$(BOOTSTRAP) test real_data

bench: setup  ## time this workbook's way against the usual one (half an hour; ARGS="--quick" for less)
	@"$(VENV_PYTHON)" -m bench $(ARGS)

lint: setup  ## run ruff and check the notebooks' hygiene
	@"$(VENV_PYTHON)" -m ruff check .
	@"$(VENV_PYTHON)" -m ruff format --check .
	@"$(VENV_PYTHON)" tools/notebooks.py sync --check
	@"$(VENV_PYTHON)" tools/notebooks.py check

notebooks: setup  ## write badges, install lines and README's table; execute the notebooks and save them clean
	@"$(VENV_PYTHON)" tools/notebooks.py sync
	@"$(VENV_PYTHON)" tools/notebooks.py refresh $(ARGS)

clean:  ## remove what sandbox runs and tests left (live results and .venv stay)
	rm -rf outputs/sandbox outputs/tests outputs/report.html .pytest_cache .ruff_cache .hypothesis build dist
