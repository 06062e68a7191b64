"""Downloads: the rows and figures of charts, as JSON and CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort

from app.engine import get_engine
from app.engine.cache import NO_STORE, Answer, place
from app.engine.figures import plot, to_json
from app.engine.models import Chart
from app.engine.respond import respond
from app.engine.tables import plain

if TYPE_CHECKING:
    from pandas import DataFrame

downloads = Blueprint("downloads", __name__)
# What a spreadsheet takes for the start of a formula; the last four are = + - @ in full width.
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


@downloads.get("/charts/<slug>/figure.json")
def chart_figure(slug: str) -> Response:
    """Return a chart's Plotly figure."""
    chart = get_engine().chart(slug)
    if chart.kind != "figure":
        abort(404, "This chart is not a figure: see its data.json.")
    return _respond_rows(chart, partial(as_figure, chart), "application/json")


@downloads.get("/charts/<slug>/data.json")
def chart_json(slug: str) -> Response:
    """Return the rows of a chart as JSON."""
    return _respond_rows(get_engine().chart(slug), as_json, "application/json")


@downloads.get("/charts/<slug>.csv")
def chart_csv(slug: str) -> Response:
    """Return the rows of a chart as CSV; those of a table are streamed, as there may be many."""
    engine = get_engine()
    chart = engine.chart(slug)
    if chart.kind == "table":
        active = engine.active_filters([chart])
        parts = _csv_parts(engine.rows_of(chart.data).chunks(chart.sql, active))
        first = next(parts)  # an error is raised before the answer has begun
        response = Response(chain([first], parts), headers=NO_STORE, mimetype="text/csv")
    else:
        response = _respond_rows(chart, as_csv, "text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=f"{slug}.csv")
    return response


def _csv_parts(chunks: Iterator[DataFrame]) -> Iterator[str]:
    with place():
        yield as_csv(next(chunks))
        for chunk in chunks:
            yield as_csv(chunk, header=False)


def _respond_rows(chart: Chart, write: Callable[[DataFrame], str], mimetype: str) -> Response:
    rows = get_engine().rows_of(chart.data)
    return respond([chart], lambda active: Answer(write(rows.query(chart.sql, active))), mimetype)


def as_figure(chart: Chart, df: DataFrame) -> str:
    """Return a chart's figure as JSON; an empty one if the table has nothing to draw."""
    is_empty = df.isna().all(axis=None)
    return '{"data": [], "layout": {}}' if is_empty else to_json(plot(chart, df))


def as_json(df: DataFrame) -> str:
    """Return the table as JSON of plain types: NaN and infinity become null."""
    table = {"columns": list(df.columns), "rows": plain(df).to_numpy().tolist()}
    text = json.dumps(table, default=lambda v: v.tolist() if hasattr(v, "tolist") else str(v))
    return json.dumps(json.loads(text, parse_constant=lambda _: None))


def as_csv(df: DataFrame, *, header: bool = True) -> str:
    """Return the table as CSV; an apostrophe marks what a spreadsheet would run as a formula."""

    def neutralise(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value

    table = plain(df).map(neutralise).rename(columns=neutralise)
    text = table.to_csv(index=False, header=header, lineterminator="\r\n")
    return "\ufeff" + text if header else text  # Excel reads UTF-8 only with this mark
