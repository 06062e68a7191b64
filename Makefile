# Two commands set everything up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.PHONY: demo test test-spark check bench clean

demo: $(VENV)/ready
	test -d demo || $(RUN)/flaskdash new demo --title "Flights from New York" --no-git
	cd demo && ../$(RUN)/flaskdash serve

test: $(VENV)/ready check
	sh tests/setup.sh
	$(RUN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# A master, two workers and the SQL endpoint, on this machine: 700 MB of packages, a few minutes.
test-spark: $(VENV)/ready
	sh tests/setup.sh java
	$(RUN)/uv pip install --quiet --python $(RUN)/python --group spark
	$(RUN)/python -m pytest -m spark tests/app/test_spark.py $(ARGS)

check: $(VENV)/ready
	$(RUN)/ruff check
	$(RUN)/ruff format --check
	$(RUN)/mypy

bench: $(VENV)/ready
	$(RUN)/python bench/cli.py
	$(RUN)/python bench/peers.py

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet uv
	$(RUN)/uv pip install --quiet --python $(RUN)/python --editable . --group dev
	touch $@

clean:
	rm -rf $(VENV) demo dist build
