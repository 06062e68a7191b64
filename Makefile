# Two commands set everything up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
# In CI nothing is skipped, so that the share of covered lines may not fall.
COVERAGE := --cov=flaskdash --cov-report=term:skip-covered $(if $(CI),--cov-fail-under=86)
# Workers of pytest: one more than processors, as tests wait for browsers and servers.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
QUICK := tests/charts tests/inspect tests/project tests/ship $(wildcard tests/test_*.py)
PRETTIER := $(VENV)/prettier/node_modules/.bin/prettier

.PHONY: demo test quick test-spark check prettier bench clean

demo: $(VENV)/ready
	test -d demo || $(RUN)/flaskdash new demo --title "Flights from New York" --no-git
	cd demo && ../$(RUN)/flaskdash serve

test: $(VENV)/ready
	sh tests/setup.sh
	$(MAKE) --no-print-directory check
	$(RUN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(COVERAGE) $(ARGS)

# What reads files and decides on charts, in two minutes: no browser, no server, no project that runs.
quick: $(VENV)/ready
	$(MAKE) --no-print-directory check
	$(RUN)/python -m pytest -n $(WORKERS) -m "not slow" $(QUICK) $(ARGS)

# A master, two workers and the SQL endpoint, on this machine: 700 MB of packages, a few minutes.
test-spark: $(VENV)/ready
	sh tests/setup.sh java
	$(RUN)/uv pip install --quiet --python $(RUN)/python --group spark
	$(RUN)/python -m pytest -m spark tests/app/test_spark.py $(ARGS)

check: $(VENV)/ready
	$(RUN)/ruff check
	$(RUN)/ruff format --check
	$(RUN)/mypy
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory prettier; \
	elif [ "$$CI" = true ]; then echo "npm is not installed: prettier cannot run." >&2; exit 1; \
	else echo "Skipped prettier (JavaScript, CSS): npm is not installed."; fi

prettier: $(PRETTIER)
	$(PRETTIER) --check '**/*.{js,css}'

bench: $(VENV)/ready
	$(RUN)/python bench/cli.py
	$(RUN)/python bench/peers.py

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet uv
	$(RUN)/uv pip install --quiet --python $(RUN)/python --editable . --group dev
	touch $@

$(PRETTIER): Makefile $(VENV)/ready
	npm install --silent --no-save --ignore-scripts --prefix $(VENV)/prettier prettier@3.10.1
	touch $@

clean:
	rm -rf $(VENV) demo dist build
