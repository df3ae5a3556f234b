# Two commands: `make demo` (set up and run the main job; PHOTOS=folder for your own photos) and `make test` (set up
# and pass the tests).
PYTHON ?= python3
VENV ?= .venv
OUT ?= out/demo
BIN = $(VENV)/bin

.PHONY: demo test quick lint training clean

demo: $(VENV)/installed
	$(BIN)/contrapposto demo --out "$(OUT)" $(if $(PHOTOS),"$(PHOTOS)")

test: lint
	$(BIN)/contrapposto models fetch
	$(BIN)/python -m pytest

quick: $(VENV)/developing
	$(BIN)/python -m pytest -n auto -m "not slow and not real_data"

lint: $(VENV)/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

training: $(VENV)/developing
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[training]"

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/developing: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $(VENV)/installed $@

clean:
	rm -rf $(VENV) out build *.egg-info
