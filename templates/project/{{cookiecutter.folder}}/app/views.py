"""Pages: dashboards and charts, their JSON and CSV, static files, health."""

from __future__ import annotations

import json
import mimetypes
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    render_template,
    request,
    send_file,
    url_for,
)
from werkzeug.exceptions import HTTPException
from werkzeug.security import safe_join

from app import filters, formats
from app.cache import Cache, PartialAnswer
from app.data import Data
from app.discovery import Chart
from app.filters import Filter

if TYPE_CHECKING:
    from pandas import DataFrame

pages = Blueprint("pages", __name__)
STATIC = Path(__file__).parent / "static"
MOST_ROWS = 500
YEAR = 31_536_000
# Plotly adds one <style> element that is empty: this is the hash of the empty string.
EMPTY = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src 'self'; style-src 'self' {EMPTY}; "
    "img-src 'self' data: blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True)
class Item:
    """What a chart shows under the active filters: a figure as JSON, or else HTML."""

    chart: Chart
    figure: str = ""
    html: str = ""
    failed: bool = False


@pages.get("/")
def home() -> Response:
    """Show the first dashboard."""
    return dashboard(next(iter(_dashboards()), ""))


@pages.get("/dashboards/<slug>")
def dashboard(slug: str) -> Response:
    """Show the charts of a dashboard."""
    charts = _charts_of(slug)

    def build(active: Sequence[Filter]) -> str:
        items = [_item(chart, active) for chart in charts]
        title = _dashboards()[slug]
        return _kept(_page("dashboard.html", charts, active, title=title, items=items), items)

    return _cached(charts, build, "text/html")


@pages.get("/charts/<slug>")
def chart(slug: str) -> Response:
    """Show a chart with its rows and its SQL."""
    chart = _chart(slug)

    def build(active: Sequence[Filter]) -> str:
        items = [_item(chart, active)]
        rows = _query(chart, active)
        page = _page(
            "chart.html", [chart], active, title=chart.title, items=items, rows=rows, most=MOST_ROWS
        )
        return _kept(page, items)

    return _cached([chart], build, "text/html")


@pages.get("/charts/<slug>.json")
def chart_json(slug: str) -> Response:
    """Return a chart's figure (or number, or table) as JSON."""
    chart = _chart(slug)
    return _cached([chart], lambda active: _draw(chart, _query(chart, active)), "application/json")


@pages.get("/charts/<slug>/data.json")
def chart_data(slug: str) -> Response:
    """Return the rows that a chart is drawn from as JSON."""
    chart = _chart(slug)

    def build(active: Sequence[Filter]) -> str:
        return json.dumps(_rows(_query(chart, active)))

    return _cached([chart], build, "application/json")


@pages.get("/charts/<slug>.csv")
def chart_csv(slug: str) -> Response:
    """Return the rows that a chart is drawn from as CSV."""
    chart = _chart(slug)

    def build(active: Sequence[Filter]) -> str:
        rows = formats.without_formulas(formats.plain(_query(chart, active)))
        return "\ufeff" + rows.to_csv(index=False)  # Excel takes UTF-8 only with this mark

    response = _cached([chart], build, "text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={slug}.csv"
    return response


@pages.get("/up")
def up() -> tuple[str, dict[str, str]]:
    """Say that the process answers."""
    return "up\n", {"Content-Type": "text/plain"}


@pages.get("/ready")
def ready() -> tuple[dict[str, Any], int]:
    """Say whether each loader has a snapshot; start to build the missing ones."""
    states = {name: _data().peek(name) for name in _data().loaders}
    for name, state in states.items():
        if state is None:
            _data().refresh(name)
    shown = {name: state and asdict(state) for name, state in states.items()}
    return {"loaders": shown}, 200 if all(states.values()) else 503


@pages.get("/static/<path:name>")
def static(name: str) -> Response:
    """Return a file of app/static, compressed; a .br beside it is that beforehand."""
    path = Path(safe_join(str(STATIC), name) or abort(404))
    if not path.is_file():
        abort(404)
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = path.with_name(path.name + ".br")
    if packed.is_file() and request.accept_encodings["br"]:
        response = send_file(packed, mimetype, max_age=YEAR)
        response.headers.update({"Content-Encoding": "br", "Vary": "Accept-Encoding"})
        return response
    lasts = f"public, max-age={YEAR}, immutable" if "v" in request.args else "no-cache"
    return _cache().response(("static", name), path.read_bytes, mimetype, lasts)


@pages.after_app_request
def _secure(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


@pages.app_errorhandler(HTTPException)
def _error(error: HTTPException) -> tuple[str | dict[str, str | None], int]:
    code = error.code or 500
    if request.path.endswith(".json"):
        return {"error": error.description}, code
    return _page("error.html", [], (), title=error.name, error=error), code


pages.add_app_template_filter(formats.words)
pages.add_app_template_filter(formats.slug)
pages.add_app_template_filter(formats.cell)
pages.add_app_template_filter(formats.plain)


@pages.app_template_global()
def link(endpoint: str, **values: Any) -> str:
    """Return a URL; that of a static file names its version, so that browsers may keep it."""
    if endpoint == "static":  # vendored files have their version in their name
        values["v"] = "" if values["name"].startswith("vendor/") else _cache().code_version
    return url_for(f"pages.{endpoint}", **values)


def _cached(
    charts: Sequence[Chart], build: Callable[[Sequence[Filter]], str], mimetype: str
) -> Response:
    active = filters.from_query(request.args, _filter_columns(charts))
    states = [_data().state(name) for name in dict.fromkeys(chart.data for chart in charts)]
    key = (request.path, active, [(state.built, state.error) for state in states])
    return _cache().response(key, lambda: build(active), mimetype)


def _kept(body: str, items: Iterable[Item]) -> str:
    if any(item.failed for item in items):
        raise PartialAnswer(body)
    return body


def _page(template: str, charts: Sequence[Chart], active: Sequence[Filter], **values: Any) -> str:
    data = _data()
    names = dict.fromkeys(chart.data for chart in charts)
    return render_template(
        template,
        dashboards=_dashboards(),
        controls=[_control(column, charts, active) for column in _filter_columns(charts)],
        states={name: data.state(name) for name in names},
        **values,
    )


def _control(column: str, charts: Sequence[Chart], active: Sequence[Filter]) -> dict[str, Any]:
    """Return what the form needs to show the filter of a column."""
    now = next((item for item in active if item.column == column), Filter(column))
    for name in dict.fromkeys(chart.data for chart in charts):
        kind = _data().columns(name).get(column)
        if kind and filters.is_day(kind):
            return asdict(now) | {"days": _data().days(name, column)}
        if kind:
            return asdict(now) | {"choices": _data().choices(name, column)}
    raise LookupError(f"FILTERS names {column!r}, a column that the data does not have")


def _item(chart: Chart, active: Sequence[Filter]) -> Item:
    try:
        rows = _query(chart, active)
        if rows.empty:
            return Item(chart, html=render_template("_shown.html"))
        if chart.kind == "figure":
            return Item(chart, figure=_draw(chart, rows).replace("<", "\\u003c"))
        shown = {chart.kind: chart.draw(rows)}
        return Item(chart, html=render_template("_shown.html", **shown))
    except Exception as error:
        current_app.logger.exception("chart %s failed", chart.slug)
        where = traceback.extract_tb(error.__traceback__)[-1]
        detail = f"{type(error).__name__}: {error}\n{where.filename}, line {where.lineno}"
        html = render_template("_shown.html", failed=detail if current_app.debug else "")
        return Item(chart, html=html, failed=True)


def _draw(chart: Chart, rows: DataFrame) -> str:
    if chart.kind == "kpi":
        return json.dumps(chart.draw(rows))
    if chart.kind == "table":
        return json.dumps(_rows(chart.draw(rows)))
    import plotly.io

    plotly.io.templates.default = None  # the look is the page's: app/static/dashboard.js
    return str(chart.draw(formats.as_text(rows)).to_json())


def _rows(df: DataFrame) -> dict[str, Any]:
    shown = formats.plain(df)
    return {"columns": list(shown.columns), "rows": shown.to_numpy().tolist()}


def _query(chart: Chart, active: Sequence[Filter]) -> DataFrame:
    return _data().query(chart.data, chart.sql, active)


def _chart(slug: str) -> Chart:
    return _charts().get(slug) or abort(404, "There is no such chart.")


def _charts_of(dashboard: str) -> list[Chart]:
    return [
        chart for chart in _charts().values() if dashboard in map(formats.slug, chart.dashboards)
    ] or abort(404, "There is no such dashboard.")


def _dashboards() -> dict[str, str]:
    titles = (title for chart in _charts().values() for title in chart.dashboards)
    return {formats.slug(title): title for title in titles}


def _filter_columns(charts: Iterable[Chart]) -> list[str]:
    """Return the columns that the dashboards of these charts can be filtered by."""
    shared = {title for chart in charts for title in chart.dashboards}
    peers = (chart for chart in _charts().values() if shared & set(chart.dashboards))
    return list(dict.fromkeys(column for chart in peers for column in chart.filters))


def _charts() -> dict[str, Chart]:
    charts: dict[str, Chart] = current_app.extensions["charts"]
    return charts


def _data() -> Data:
    data: Data = current_app.extensions["data"]
    return data


def _cache() -> Cache:
    cache: Cache = current_app.extensions["cache"]
    return cache
