"""What the keeper imports in advance, for all workers."""

import importlib
import sys
from collections.abc import Iterable
from contextlib import suppress

WARM = (
    "flask",
    "pandas",
    "duckdb",
    "plotly.graph_objects",
    "plotly.io",
    "brotli",
    "filelock",
    "dotenv",
    "tomllib",
)


def warm_up() -> None:
    """Import what most projects need, and draw a figure: plotly imports the rest for that."""
    import_all(WARM)
    with suppress(Exception):  # the project does without plotly
        go, pandas = map(importlib.import_module, ("plotly.graph_objects", "pandas"))
        templates = importlib.import_module("plotly.io").templates
        templates["plotly"] = templates["plotly"]  # which is read and checked at its first use
        rows = pandas.DataFrame({"name": ["a"], "number": [1.0]})
        axes = {"xaxis": {"title": "x"}, "yaxis": {"title": "y"}}
        for trace in (go.Scatter, go.Bar):
            go.Figure(trace(x=rows["name"], y=rows["number"]), axes).to_json()


def import_all(names: Iterable[str]) -> None:
    """Import modules, if they can be."""
    for name in names:
        if name not in sys.modules:
            with suppress(Exception):
                importlib.import_module(name)


def share_templates() -> None:
    """Have all apps of this project's processes compile each template once."""
    try:
        from jinja2 import FileSystemBytecodeCache

        flask = importlib.import_module("flask")
        flask.Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache()}
    except (ImportError, RuntimeError):  # RuntimeError: no folder for it is safe
        pass
