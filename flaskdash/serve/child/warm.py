"""What the keeper imports in advance, for all workers."""

import importlib
import mimetypes
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

WARM = (
    "flask",
    "flask.testing",
    "pandas",
    "pandas.core.methods.to_dict",
    "duckdb",
    "plotly.graph_objects",
    "plotly.io",
    "brotli",
    "filelock",
    "dotenv",
    "tomllib",
)

OPTIONS = {"config": {"autoinstall_known_extensions": False}}  # of the engine's connection
LAYOUT = {"xaxis": {"title": "x"}, "yaxis": {"title": "y"}, "margin": {"t": 8}}
PAGE = """\
{% macro item(name) %}<li class="{{ name|lower }}">{{ name|default("-") }}</li>{% endmacro %}
<ul>{% for name in names if name %}{{ item(name) }}{% else %}-{% endfor %}</ul>{{ names|tojson }}
"""


def warm_up() -> None:
    """Import what most projects need, and draw a figure: plotly imports the rest for that."""
    import_all(WARM)
    with suppress(Exception):  # the project does without plotly
        go, pandas = map(importlib.import_module, ("plotly.graph_objects", "pandas"))
        templates = importlib.import_module("plotly.io").templates
        templates["plotly"] = templates["plotly"]  # which is read and checked at its first use
        rows = pandas.DataFrame({"name": ["a"], "number": [1.0]})
        for trace in (go.Scatter, go.Bar):
            go.Figure(trace(x=rows["name"], y=rows["number"]), LAYOUT).to_json()


def practise() -> None:
    """Do once what a first page does, in a process that will not fork: it starts DuckDB's threads.

    The first time takes 25 ms longer: memory that is shared until it is written, caches, imports.
    """
    with suppress(Exception):  # the project does without them
        duckdb, flask, go = map(
            importlib.import_module, ("duckdb", "flask", "plotly.graph_objects")
        )
        with TemporaryDirectory() as folder:
            file = str(Path(folder, "rows.parquet"))
            connection = _lend_connection(duckdb)
            connection.sql("SELECT 'a' AS name, 1.5 AS number").write_parquet(file)
            sql = "SELECT name, sum(number) AS number FROM read_parquet($file) GROUP BY 1"
            rows = connection.execute(sql, {"file": file}).df()
        for trace in (go.Scatter, go.Bar):
            figure = go.Figure(
                trace(x=rows["name"], y=rows["number"], hovertemplate="%{x}"), LAYOUT
            )
            figure.layout.template = None
            figure.to_json()
        mimetypes.init()
        app = flask.Flask("practice", root_path=str(Path.cwd()))
        app.add_url_rule(
            "/<path:name>", "page", lambda name: flask.render_template_string(PAGE, names=name)
        )
        app.test_client().get("/page?name=a")


def _lend_connection(duckdb: Any) -> Any:
    """Open a database in memory, and have the first who asks for one like it get this one."""
    open_another = duckdb.connect
    connection = open_another(**OPTIONS)

    def connect(*args: Any, **options: Any) -> Any:
        if args or options != OPTIONS:
            return open_another(*args, **options)
        duckdb.connect = open_another
        return connection

    duckdb.connect = connect
    return connection


def import_all(names: Iterable[str]) -> bool:
    """Import modules, if they can be; return whether there was a new one."""
    new = [name for name in names if name not in sys.modules]
    for name in new:
        with suppress(Exception):
            importlib.import_module(name)
    return any(name in sys.modules for name in new)


def share_templates() -> None:
    """Have all apps of this project's processes compile each template once."""
    try:
        from jinja2 import FileSystemBytecodeCache

        class Cache(FileSystemBytecodeCache):
            def dump_bytecode(self, bucket: Any) -> None:
                with suppress(OSError):  # on a full disk, a template is compiled each time
                    super().dump_bytecode(bucket)

        flask = importlib.import_module("flask")
        flask.Flask.jinja_options = {"bytecode_cache": Cache()}
    except (ImportError, RuntimeError):  # RuntimeError: no folder for it is safe
        pass
