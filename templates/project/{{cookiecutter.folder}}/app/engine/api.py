"""API: health, static files, and what the engine's scripts ask for."""

import mimetypes
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, current_app, request, send_file
from werkzeug.security import safe_join

from app.engine.cache import Answer
from app.engine.engine import get_engine
from app.engine.page import show

api = Blueprint("engine", __name__, template_folder="templates")
mimetypes.add_type("text/javascript", ".js")  # Windows may have another type
LONGEST_PATH = 200  # bytes: the system refuses to look for a name of more than 255


@api.get("/charts/<slug>/rows")
def chart_rows(slug: str) -> Response:
    """Return one page of a chart's rows as HTML, for tables.js."""
    chart = get_engine().chart(slug)
    return show("engine/_chart.html", "", [chart])


@api.get("/up")
def up() -> Response:
    """Say that the process answers, and which release it is."""
    return Response(f"up {current_app.config['RELEASE']}".strip() + "\n", mimetype="text/plain")


@api.get("/ready")
def ready() -> tuple[dict[str, Any], int]:
    """Say whether each loader has a snapshot; start to build the missing ones."""
    states = {name: data.check() for name, data in get_engine().data.items()}
    is_ready = all(state.built for state in states.values())
    loaders = {name: asdict(state) for name, state in states.items()}
    return {"loaders": loaders}, 200 if is_ready else 503


def static_file(folder: Path, filename: str) -> Response:
    """Return a static file, compressed: as the .br beside it, if there is one."""
    path = Path(safe_join(str(folder), filename) or abort(404))
    if len(filename.encode()) > LONGEST_PATH or not path.is_file():
        abort(404)
    mimetype = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    has_version = "v" in request.args
    cache_control = "public, max-age=31536000, immutable" if has_version else "no-cache"
    brotli = path.with_name(f"{path.name}.br")
    if brotli.is_file() and request.accept_encodings["br"]:
        response = send_file(brotli, mimetype)
        response.headers["Cache-Control"] = cache_control
        response.headers.extend({"Content-Encoding": "br", "Vary": "Accept-Encoding"})
        return response
    return get_engine().cache.response(
        ("static", str(path)), lambda: Answer(path.read_bytes()), mimetype, cache_control
    )


api.add_url_rule(
    "/static/engine/<path:filename>",
    "static",
    partial(static_file, Path(__file__).with_name("static")),
)
