"""Draw a chart that is in no file of the project as its dashboard would show it.

The project's own pages do it: the request goes to a copy of the app whose only chart is the draft.
So a preview has the SQL, the figure, the rights and the theme of a card, and no file is written:
the copy caches no answer.
"""

import builtins
import copy
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

KINDS = ("figure", "kpi", "table", "text")
OF_POST = (
    "HTTP_ORIGIN",
    "HTTP_ACCEPT_ENCODING",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "werkzeug.request",
)


def show(app: Any, draft: Mapping[str, Any], query: str, environ: "WSGIEnvironment") -> Response:
    """Return the dashboard of a drafted chart, with no other chart on it.

    `query` has the filters; `environ` is that of the browser's request, with its cookies.
    """
    engine = copy.copy(app.extensions["engine"])
    example = next(iter(engine.charts.values()))
    chart = _chart(_load(Path(draft["file"]), draft["modules"]), example)
    engine.charts = {chart.slug: chart}
    preview = _copy(app)
    preview.config = copy.copy(app.config)
    preview.config.update(DEBUG=True, CACHE_IN_DEBUG=False)
    preview.extensions = {**app.extensions, "engine": engine}
    if draft["static"]:
        preview.static_folder = draft["static"]  # has the bundle that Add would bring
    return Response.from_app(preview, _request(f"/dashboards/{draft['dashboard']}", query, environ))


def _copy(app: Any) -> Any:
    """Return a copy of an app that equals it, as extensions keep what they know of an app by it."""

    def equals(_preview: object, app_or_copy: object) -> bool:
        return app_or_copy is preview or app_or_copy is app

    preview = copy.copy(app)
    methods = {"__eq__": equals, "__hash__": lambda _preview: hash(app)}
    preview.__class__ = type("Preview", (type(app),), methods)
    return preview


def _request(path: str, query: str, environ: "WSGIEnvironment") -> "WSGIEnvironment":
    request = {name: value for name, value in environ.items() if name not in OF_POST}
    return request | {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query.removeprefix("?").encode("ascii", "ignore").decode(),
        "wsgi.input": BytesIO(),
    }


def _load(file: Path, drafted: Mapping[str, str]) -> ModuleType:
    """Run a drafted module, which finds drafted modules that the project lacks, such as app.notes.

    Nothing is put into sys.modules, where a saved file of the same name would not be loaded.
    """
    modules: dict[str, ModuleType] = {}

    def run(name: str, file: Path) -> ModuleType:
        module = modules[name] = ModuleType(name)
        own_builtins = {**vars(builtins), "__import__": import_module}
        vars(module).update(__file__=str(file), __builtins__=own_builtins)
        exec(compile(file.read_bytes(), str(file), "exec"), vars(module))  # noqa: S102
        return module

    def import_module(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        if level or name not in drafted:
            return __import__(name, globals, locals, fromlist, level)
        return modules.get(name) or run(name, Path(drafted[name]))

    return run("app.charts.preview", file)


def _chart(module: Any, example: Any) -> Any:
    """Return the chart of a module, as an object like the project's charts."""
    kind = next(kind for kind in KINDS if hasattr(module, kind))
    values = {
        "slug": "preview",
        "file": Path(module.__file__),
        "title": module.TITLE,
        "data": (module.DATA,) if isinstance(module.DATA, str) else tuple(module.DATA),
        "sql": module.SQL,
        "kind": kind,
        "draw": getattr(module, kind),
        "note": getattr(module, "note", None),
        "filters": dict.fromkeys(module.FILTERS, ""),
        "dashboards": tuple(module.DASHBOARDS),
        "roles": (),
        "order": module.ORDER,
        "size": module.SIZE,
        "prefix": "preview.",
    }
    known = {field.name for field in fields(example)}
    return replace(example, **{name: value for name, value in values.items() if name in known})
