# Two commands do it all on a fresh machine: `make demo` and `make test`.
# Both make the virtual environment .venv on their first run; later runs reuse it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= auto
MINUTES ?= 30

# Each process of the tests would compile all that it imports, were this set.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo demos test test-long fuzz bench check format stubs sanitize clean help

demo: $(VENV)/ready  ## train the lecture's network on real data, with its pictures
	$(BIN)/python demos/lecture.py

demos: demo  ## every demo
	$(BIN)/python demos/moons.py
	$(BIN)/python demos/black_scholes.py
	$(BIN)/python demos/lynx_hare.py

test: $(VENV)/ready  ## run the tests on every engine that is built
	$(BIN)/python -m pytest -n $(JOBS) -q

test-long: $(VENV)/ready  ## the same, with many more examples per property
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -n $(JOBS) -q

fuzz: $(VENV)/ready  ## attack it with random programs for MINUTES=30
	$(BIN)/python -m tests.fuzz $(MINUTES)

bench: $(VENV)/ready  ## compare speed with the peers, in environments of their own
	$(BIN)/python tests/benchmarks

check: $(VENV)/ready-dev  ## lint, format and types, as CI does
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/ready-dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

stubs: $(VENV)/ready  ## write the type stub again after a change of the table
	$(BIN)/python -m autograd.table.stubs

sanitize: $(VENV)/ready-dev  ## the C engine under the sanitizers, the whole suite
	PYTHON=$(abspath $(BIN)/python) sh tests/autograd/native/sanitize.sh

clean:  ## remove what these commands made
	rm -rf .venv .venv-peers .venv-hips build dist *.egg-info demos/output
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -f autograd/native/*.so autograd/native/rules.h

help:  ## this list
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / {printf "make %-10s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST)

# What the installation depends on: the package is installed in place, so only
# the metadata and what is compiled call for a new one.
SOURCES := pyproject.toml setup.py \
           $(wildcard autograd/table/*.py autograd/core/*.py) \
           $(wildcard autograd/native/*.c autograd/native/*.h autograd/native/*.py)

$(VENV)/ready: $(SOURCES) .ci/get-dot
	@echo "== making the virtual environment $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "No virtual environment: on Debian and Ubuntu, apt install python3-venv"; \
		exit 1; }
	@echo "== installing this package in place, with what the demos and tests need"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--editable ".[demos,test]"
	@sh .ci/get-dot $(BIN)/python
	@$(BIN)/python -c "import autograd; print('== ready: the', autograd.engine, 'engine')"
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@
