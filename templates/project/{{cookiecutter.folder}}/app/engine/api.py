"""API: the rows and figures of charts as JSON and CSV, health, and the engine's static files."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, current_app, request, send_file
from werkzeug.security import safe_join

from app.engine import filters, formats
from app.engine.cache import Answer
from app.engine.engine import get_engine
from app.engine.models import Chart
from app.engine.page import draw, show
from app.engine.respond import respond

if TYPE_CHECKING:
    from pandas import DataFrame

api = Blueprint("engine", __name__, template_folder="templates")
mimetypes.add_type("text/javascript", ".js")  # Windows may have another type
LONGEST_PATH = 200  # bytes: the system refuses to look for a name of more than 255


@api.get("/charts/<slug>/rows")
def chart_rows(slug: str) -> Response:
    """Return one page of a chart's rows as HTML, for tables.js."""
    chart = get_engine().chart(slug)
    return show("engine/_chart.html", "", [chart])


@api.get("/charts/<slug>/figure.json")
def figure_json(slug: str) -> Response:
    """Return a chart's Plotly figure."""
    chart = get_engine().chart(slug)
    if chart.kind != "figure":
        abort(404, "This chart is not a figure: see its data.json.")
    return _respond_rows(chart, partial(draw, chart), "application/json")


@api.get("/charts/<slug>/data.json")
def data_json(slug: str) -> Response:
    """Return the rows of a chart as JSON."""
    return _respond_rows(get_engine().chart(slug), formats.as_json, "application/json")


@api.get("/charts/<slug>.csv")
def data_csv(slug: str) -> Response:
    """Return the rows of a chart as CSV; those of a table are streamed, as there may be many."""
    engine = get_engine()
    chart = engine.chart(slug)
    if chart.kind == "table":
        active = filters.from_query(request.args, engine.filter_forms([chart]))
        chunks = engine.data[chart.data].chunks(chart.sql, active)
        first = formats.as_csv(next(chunks))  # an error is raised before the answer has begun
        further = (formats.as_csv(chunk, header=False) for chunk in chunks)
        response = Response(chain([first], further), mimetype="text/csv")
    else:
        response = _respond_rows(chart, formats.as_csv, "text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=f"{slug}.csv")
    return response


def _respond_rows(chart: Chart, write: Callable[[DataFrame], str], mimetype: str) -> Response:
    data = get_engine().data[chart.data]
    return respond([chart], lambda active: Answer(write(data.query(chart.sql, active))), mimetype)


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
        response.headers.update(
            {
                "Cache-Control": cache_control,
                "Content-Encoding": "br",
                "Vary": "Accept-Encoding",
            }
        )
        return response
    return get_engine().cache.response(
        ("static", str(path)), lambda: Answer(path.read_bytes()), mimetype, cache_control
    )


api.add_url_rule(
    "/static/engine/<path:filename>",
    "static",
    partial(static_file, Path(__file__).with_name("static")),
)
