# 1708: `make` alone prints this list.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SENTENCES := $(wildcard bots/replies.py bots/news.py bots/refusals.py bots/officers.py)

.PHONY: help setup run test lint format messages bench eval clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## make the environment in .venv from the hash-pinned lock file

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "1708 needs Python 3.11 or newer; this is $$($(PYTHON) --version). Say which: make PYTHON=python3.11 setup"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python has no venv module here. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "Making the environment in $(VENV) (a minute the first time) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements.lock || \
	  { echo "The libraries could not be installed: check the network and the lines above, then run make setup again."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)
	@echo "Environment ready."

run: setup  ## start everything and print where to look
	@$(BIN)/python -m gateway.start

# Tests start many processes: each module is compiled once, whatever the environment says.
test: setup  ## every test, on SQLite and PostgreSQL, with a real queue
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadgroup

lint: setup  ## ruff and mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: setup  ## put the code into shape
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

messages: setup  ## bring the translations up to date with the code
	@$(BIN)/pybabel -q extract -k Sentence --no-location -o messages.pot $(SENTENCES)
	@for file in bots/locale/*.po; do \
	  $(BIN)/pybabel -q update -i messages.pot -o $$file -l $$(basename $$file .po) --no-fuzzy-matching -w 100; done
	@rm messages.pot

bench: setup  ## speed, a million complaints in and out, two million reported, as tables
	@$(BIN)/python -m benchmarks.speed
	@$(BIN)/python -m benchmarks.exchange
	@$(BIN)/python -m benchmarks.reports

eval: setup  ## how well messages are understood, as a table
	@$(BIN)/python -m benchmarks.eval

clean:  ## remove the environment and the data of this machine
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache
