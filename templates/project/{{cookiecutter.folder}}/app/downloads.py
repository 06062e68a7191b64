"""Downloads: the rows and figures of charts, as JSON and CSV."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, request

from app.engine import filters, formats, get_engine
from app.engine.cache import Answer
from app.engine.models import Chart
from app.engine.page import draw
from app.engine.respond import respond

if TYPE_CHECKING:
    from pandas import DataFrame

downloads = Blueprint("downloads", __name__)


@downloads.get("/charts/<slug>/figure.json")
def chart_figure(slug: str) -> Response:
    """Return a chart's Plotly figure."""
    chart = get_engine().chart(slug)
    if chart.kind != "figure":
        abort(404, "This chart is not a figure: see its data.json.")
    return _respond_rows(chart, partial(draw, chart), "application/json")


@downloads.get("/charts/<slug>/data.json")
def chart_json(slug: str) -> Response:
    """Return the rows of a chart as JSON."""
    return _respond_rows(get_engine().chart(slug), formats.as_json, "application/json")


@downloads.get("/charts/<slug>.csv")
def chart_csv(slug: str) -> Response:
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
