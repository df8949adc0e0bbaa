# Two commands do everything: `make demo` and `make test`. Both set up .venv on first use and work offline after that.
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
VENV := .venv
STAMP := $(VENV)/.installed
# More than there are processors: many tests wait for a server or a clock.
PYTEST_WORKERS ?= $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) + 2 )))

.PHONY: help demo test lint docs maps constraints clean

help:
	@echo "make demo         the whole way of a few hundred claims, on the embedded store, in a temporary home"
	@echo "make test         every test"
	@echo "make lint         ruff, mypy, the layers"
	@echo "make docs         the pages of docs/reference/ that are made from the program"
	@echo "make maps         the maps of mappings/pyx12/, from the guide tables"
	@echo "make constraints  renew the pinned dependencies"

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found; install it, or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module; install it (Debian: apt-get install python3-venv)" >&2; exit 2; }
	@test -x $(VENV)/bin/python || { echo "making $(VENV) with $(PYTHON)"; "$(PYTHON)" -m venv $(VENV); }
	@echo "installing the pinned packages (once)"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)
	@$(VENV)/bin/gateway demo

test: $(STAMP)
	@$(VENV)/bin/python -m pytest -n $(PYTEST_WORKERS)

lint: $(STAMP)
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

docs: $(STAMP)
	@$(VENV)/bin/python docs/generate.py

maps: $(STAMP)
	@$(VENV)/bin/python docs/pyx12_map.py

constraints:
	@test -x $(VENV)/bin/python || "$(PYTHON)" -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet pip-tools
	@CUSTOM_COMPILE_COMMAND="make constraints" $(VENV)/bin/pip-compile --quiet --upgrade --extra dev --all-build-deps --generate-hashes \
	  --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	  --no-annotate --output-file constraints.txt pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
