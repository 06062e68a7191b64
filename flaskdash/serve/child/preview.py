"""Draw a chart that is in no file of the project as its dashboard would show it.

The project's own pages do it: the request goes to a copy of the app whose only chart is the draft.
So a preview has the SQL, the figure, the rights and the theme of a card, and no file is written:
the copy caches no answer.
"""

import builtins
import copy
import importlib
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PACKAGE = "flaskdash_preview"  # which has the draft alone
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
    engine.charts = _charts(_load(Path(draft["file"]), draft["modules"]), engine.loaders)
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

    No part is put into sys.modules, where a saved file of the same name would not be loaded.
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

    return run(f"{PACKAGE}.{file.stem}", file)


def _charts(module: ModuleType, loaders: Mapping[str, Any]) -> dict[str, Any]:
    """Return the chart of a module by its slug, as the project's engine discovers it."""
    discovery = importlib.import_module("app.engine.discovery")
    package = ModuleType(PACKAGE)
    package.__path__ = [str(Path(str(module.__file__)).parent)]
    name = f"{PACKAGE}.{Path(str(module.__file__)).stem}"
    sys.modules[name] = module  # where the engine finds it, in place of importing the file
    try:
        return dict(discovery.find_charts(package, loaders))
    finally:
        del sys.modules[name]
