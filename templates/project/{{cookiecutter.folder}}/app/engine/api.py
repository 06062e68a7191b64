"""API: the engine's static files, and what its scripts ask for."""

import mimetypes
from os.path import isfile
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_file
from werkzeug.security import safe_join

from app.engine.cache import Answer
from app.engine.engine import get_engine
from app.engine.page import show

api = Blueprint("engine", __name__, "static", "/static/engine", "templates")
mimetypes.add_type("text/javascript", ".js")  # Windows may have another type


@api.get("/charts/<slug>/rows")
def chart_rows(slug: str) -> Response:
    """Return one page of a chart's rows as HTML, for tables.js."""
    chart = get_engine().chart(slug)
    return show("engine/_chart.html", "", [chart])


def static_file(folder: str, filename: str) -> Response:
    """Return a static file, compressed: as the .br beside it, if there is one."""
    path = safe_join(folder, filename)
    # A Path raises an error for a name that is too long.
    if path is None or not isfile(path):  # noqa: PTH113
        abort(404)
    mimetype = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    cache_control = "public, max-age=31536000, immutable" if "v" in request.args else "no-cache"
    if isfile(f"{path}.br") and request.accept_encodings["br"]:  # noqa: PTH113
        response = send_file(f"{path}.br", mimetype)
        response.headers["Cache-Control"] = cache_control
        response.headers.extend({"Content-Encoding": "br", "Vary": "Accept-Encoding"})
        return response
    return get_engine().cache.response(
        ("static", path), lambda: Answer(Path(path).read_bytes()), mimetype, cache_control
    )
