"""Pages: dashboards and charts, their JSON and CSV, static files, health."""

from __future__ import annotations

import json
import mimetypes
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Lock, Timer
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, render_template, request, send_file
from flask import url_for as flask_url_for
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as BaseResponse

from app import controls, filters, formats
from app.cache import Cache, PartialAnswer, RareAnswer
from app.data import Data
from app.filters import Filter
from app.tables import Page, View

if TYPE_CHECKING:
    from pandas import DataFrame

pages = Blueprint("pages", __name__, template_folder="engine/templates")
data: Data = LocalProxy(lambda: current_app.extensions["data"])  # type: ignore[assignment]
cache: Cache = LocalProxy(lambda: current_app.extensions["cache"])  # type: ignore[assignment]
_charts: dict[str, ModuleType] = LocalProxy(lambda: current_app.extensions["charts"])  # type: ignore[assignment]

mimetypes.add_type("text/javascript", ".js")  # Windows may say otherwise
STATIC = Path(__file__).parent / "static"
ENGINE = Path(__file__).parent / "engine/static"
KEPT_PAGES = 10  # of a table, in the cache
LONGEST_PATH = 200  # the system refuses to look for a name of more than 255 bytes
# Plotly adds one <style> element that is empty: this is the hash of the empty string.
EMPTY = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src 'self'; style-src 'self' {EMPTY}; "
    "img-src 'self' data: blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
Active = Sequence[Filter]
_THREADS = ThreadPoolExecutor(4, "query")
_WARMED = Lock()  # held from the first answer on


@pages.get("/")
@pages.get("/dashboards/<slug>")
def dashboard(slug: str = "") -> Response:
    """Show the charts of a dashboard, or of the first."""
    titles = _dashboards()
    title = titles.get(slug or next(iter(titles), "")) or abort(404, "There is no such dashboard.")
    charts = [chart for chart in _charts.values() if title in chart.DASHBOARDS]
    return _answer(charts, lambda on: _page("dashboard.html", title, charts, on), "text/html")


@pages.get("/charts/<slug>")
def chart(slug: str) -> Response:
    """Show a chart with its rows and its SQL."""
    chart = _chart(slug)
    return _answer([chart], lambda on: _page("chart.html", chart.TITLE, [chart], on), "text/html")


@pages.get("/charts/<slug>/rows")
def chart_rows(slug: str) -> Response:
    """Show one page of a chart's rows and nothing else: tables.js turns the pages with it."""
    chart = _chart(slug)
    return _answer([chart], lambda on: _page("engine/_chart.html", "", [chart], on), "text/html")


@pages.get("/charts/<slug>/figure.json")
def figure_json(slug: str) -> Response:
    """Return a chart's Plotly figure."""
    chart = _chart(slug)
    if chart.KIND != "figure":
        abort(404, "This chart is not a figure: see its data.json.")
    return _rows(chart, lambda rows: _figure(chart, rows), "application/json")


@pages.get("/charts/<slug>/data.json")
def data_json(slug: str) -> Response:
    """Return the rows that a chart shows."""
    return _rows(_chart(slug), formats.as_json, "application/json")


@pages.get("/charts/<slug>.csv")
def data_csv(slug: str) -> Response:
    """Return the rows that a chart shows, as CSV; those of a table as they come, however many."""
    chart = _chart(slug)
    if chart.KIND == "table":
        active = filters.from_query(request.args, _wanted([chart]))
        chunks = data.chunks(chart.DATA, chart.SQL, active)
        first = formats.as_csv(next(chunks))  # a failure is told before an answer has begun
        rest = (formats.as_csv(chunk, goes_on=True) for chunk in chunks)
        response = Response(chain([first], rest), mimetype="text/csv")
    else:
        response = _rows(chart, formats.as_csv, "text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=f"{slug}.csv")
    return response


@pages.get("/up")
def up() -> Response:
    """Say that the process answers, and which release it is."""
    return Response(f"up {current_app.config['RELEASE']}".strip() + "\n", mimetype="text/plain")


@pages.get("/ready")
def ready() -> tuple[dict[str, Any], int]:
    """Say whether each loader has a snapshot; begin to build the missing ones."""
    states = {name: data.check(name) for name in data.loaders}
    shown = {name: asdict(state) for name, state in states.items()}
    return {"loaders": shown}, 200 if all(state.built for state in states.values()) else 503


@pages.get("/static/<path:name>")
def static(name: str) -> Response:
    """Return a file of app/static or app/engine/static, compressed: as the .br beside it, if there is one."""
    engine = name.startswith("engine/")
    folder = ENGINE if engine else STATIC
    path = Path(safe_join(str(folder), name.removeprefix("engine/" * engine)) or abort(404))
    if len(name.encode()) > LONGEST_PATH or not path.is_file():
        abort(404)
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    lasts = "public, max-age=31536000, immutable" if "v" in request.args else "no-cache"
    packed = path.with_name(path.name + ".br")
    if packed.is_file() and request.accept_encodings["br"]:
        response = send_file(packed, mimetype)
        kept = {"Cache-Control": lasts, "Content-Encoding": "br", "Vary": "Accept-Encoding"}
        response.headers.update(kept)
        return response
    return cache.response(("static", name), path.read_bytes, mimetype, lasts)


@pages.after_app_request
def _secure(response: Response) -> Response:
    there = response.headers
    there.extend({name: value for name, value in HEADERS.items() if name not in there})
    return response


@pages.app_errorhandler(HTTPException)
def _error(error: HTTPException) -> BaseResponse:
    response = error.get_response(request.environ)  # with headers, such as Allow and Retry-After
    if request.path.endswith(".json"):
        response.mimetype = "application/json"
        response.data = json.dumps({"error": error.description})
    else:
        response.data = render_template("error.html", title=error.name, dashboards={}, error=error)
    return response


@pages.app_template_global()
def url_for(endpoint: str, **values: Any) -> str:
    """Return a URL; that of a static file names its version, so that browsers may keep it."""
    if endpoint == "static":
        values.setdefault("v", cache.code_version)
    return flask_url_for(endpoint if "." in endpoint else f"pages.{endpoint}", **values)


for template_filter in (formats.cells, formats.slug, formats.words):
    pages.add_app_template_filter(template_filter)


class Replaced(Exception):
    """A snapshot was replaced, or failed to be, while an answer was made from it."""


def _answer(charts: list[ModuleType], build: Callable[[Active], str], mimetype: str) -> Response:
    """Answer with what the filters in the URL leave, from the cache where it is there."""
    for _ in range(10):
        with suppress(Replaced):  # a page must not show a bit of each
            return _attempt(charts, build, mimetype)
    abort(503, "The data is being replaced. Try again.")


def _attempt(charts: list[ModuleType], build: Callable[[Active], str], mimetype: str) -> Response:
    active = filters.from_query(request.args, _wanted(charts)) if request.args else ()
    versions = _versions(charts)
    # Of a table's rows, a page shows what the URL asks for; JSON and CSV have them all.
    views = _views(charts) if request.args and mimetype == "text/html" else {}
    # The day, because SQL may ask for the last 30; the root, because pages hold links.
    key = (date.today().isoformat(), request.root_path, request.path, active, versions, views)

    def built() -> str:
        try:
            answer = build(active)
            if active and not controls.are_known(data, active, _controls(charts, active)):
                raise RareAnswer(answer)  # values that nobody can choose must not fill the cache
            return answer
        finally:
            if _versions(charts) != versions:
                raise Replaced

    response = cache.response(key, built, mimetype)
    if _WARMED.acquire(blocking=False):
        # A second after the first answer, have pandas and duckdb there for one not in the cache.
        warming = Timer(1, data.columns, [charts[0].DATA])
        warming.daemon = True
        response.call_on_close(warming.start)
    return response


def _versions(charts: list[ModuleType]) -> list[tuple[str, ...]]:
    states = [data.state(name) for name in dict.fromkeys(chart.DATA for chart in charts)]
    return [(state.version or state.built, state.error) for state in states]


def _rows(chart: ModuleType, write: Callable[[DataFrame], str], mimetype: str) -> Response:
    """Answer with what `write` makes of a chart's rows."""
    return _answer([chart], lambda on: write(data.query(chart.DATA, chart.SQL, on)), mimetype)


def _page(template: str, title: str, charts: list[ModuleType], active: Active) -> str:
    views, found = _views(charts), _controls(charts, active)
    counts: dict[str, int] = {}
    asked = zip(charts, _ask(charts, active, views, counts), strict=True)
    items = [_show(chart, ask, views[chart.SLUG], found) for chart, ask in asked]
    for item in items:  # what links to other pages of its rows leave as it is
        rest = (views[slug].pairs() for slug in views if slug != item["chart"].SLUG)
        item["others"] = [*filters.pairs(active), *chain.from_iterable(rest)]
    page = render_template(
        template,
        title=title,
        items=items,
        dashboards=_dashboards(),
        controls=found,
        query="?" + urlencode(filters.pairs(active)) if active else "",
        chips=controls.chips(found, active),
        presets=controls.presets,
        active=active,
        counts=lambda: _counts(charts, active, counts),
        states={chart.DATA: data.state(chart.DATA) for chart in charts},
    )
    if any("failed" in item for item in items):
        raise PartialAnswer(page)
    asked_for = {*views.values()}
    if any(view.find or view.page > KEPT_PAGES for view in asked_for) or any(
        item["page"].view not in asked_for for item in items
    ):
        raise RareAnswer(page)
    return page


def _counts(
    charts: list[ModuleType], active: Active, known: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Return how many rows of each loader pass the filters, and of how many."""
    counts = {}
    for name in dict.fromkeys(chart.DATA for chart in charts):
        with suppress(HTTPException):  # of a database that gives no answer
            passed = known[name] if name in known else data.count(name, active)
            counts[name] = passed, data.count(name)
    return counts


def _views(charts: list[ModuleType]) -> dict[str, View]:
    """Return which rows the URL asks for, of each chart on the dashboards of these."""
    peers = [*charts, *_peers(charts)]
    return {chart.SLUG: View.of(request.args, chart.PREFIX) for chart in peers}


def _ask(
    charts: list[ModuleType],
    active: Active,
    views: Mapping[str, View],
    counts: dict[str, int] | None = None,
) -> list[Callable[[], Any]]:
    """Ask for the rows of each chart: together where filters choose them, else each by itself.

    Of a table, ask for one page of them.
    """
    found: dict[str, DataFrame] = {}
    whole = [chart for chart in charts if chart.KIND != "table"]
    for name in dict.fromkeys(chart.DATA for chart in whole) if active else ():
        sqls = {chart.SLUG: chart.SQL for chart in whole if name == chart.DATA}
        sqls[""] = f"SELECT count(*) AS n FROM {filters.quote(name)}"
        with suppress(Exception):  # of one chart: it is found below
            found.update(zip(sqls, data.together(name, [*sqls.values()], active), strict=False))
            if counts is not None:
                counts[name] = int(found.pop("")["n"][0])
    return [
        partial(found.__getitem__, chart.SLUG)
        if chart.SLUG in found
        else _THREADS.submit(data.query, chart.DATA, chart.SQL, active).result
        if chart in whole
        else _THREADS.submit(data.page, chart.DATA, chart.SQL, active, views[chart.SLUG]).result
        for chart in charts
    ]


def _show(
    chart: ModuleType, ask: Callable[[], Any], view: View, found: list[controls.Control]
) -> dict[str, Any]:
    """Return a chart with what it shows: a figure (as JSON), a kpi, a table, or its failure."""
    try:
        controls.check(chart, data.columns(chart.DATA))
        rows = ask()
        page = rows if isinstance(rows, Page) else Page.of(rows, view)
        if chart.KIND == "table":
            shown = _drawn(chart, page.rows) if page.total else page.rows
            return {"chart": chart, "page": replace(page, rows=shown)}
        if rows.empty or (len(rows) == 1 and rows.isna().all(axis=None)):  # a sum of none
            return {"chart": chart, "page": page, "empty": True}
        says = formats.summary(rows) if chart.KIND == "figure" else ""
        shown = {chart.KIND: _drawn(chart, rows), "labels": controls.clickable(rows, found)}
        return {"chart": chart, "page": page, "says": says, **shown}
    except Exception as error:
        current_app.logger.exception("chart %s failed", chart.SLUG)
        frames = traceback.extract_tb(error.__traceback__)
        line = next((f", line {f.lineno}" for f in frames if f.filename == chart.__file__), "")
        detail = f"{type(error).__name__}: {error}\n{chart.__file__}{line}"
        return {"chart": chart, "failed": detail if current_app.debug else "The log says why."}


def _drawn(chart: ModuleType, rows: DataFrame) -> Any:
    """Return what the page shows of a chart; refuse what it cannot show."""
    if chart.KIND == "figure":
        return _figure(chart, rows)
    shown = getattr(chart, chart.KIND)(rows)
    if chart.KIND == "table" and isinstance(shown, type(rows)):
        return shown
    if chart.KIND == "text" and isinstance(shown, str):
        return shown
    if chart.KIND == "kpi" and isinstance(shown, dict) and "value" in shown:
        return shown
    raise TypeError(f"{chart.KIND}() should not return {shown!r:.80}: see app/charts/__init__.py")


def _figure(chart: ModuleType, rows: DataFrame) -> str:
    import plotly.io

    plotly.io.templates.default = None  # the look is the page's own: see look.js
    figure = chart.figure(formats.as_text(rows))
    return str(figure.to_json()).replace("<", "\\u003c")  # so that no </script> ends it


def _controls(charts: list[ModuleType], active: Active) -> list[controls.Control]:
    return controls.controls(data, _wanted(charts), [chart.DATA for chart in charts], active)


def _wanted(charts: list[ModuleType]) -> dict[str, str]:
    return controls.forms(_peers(charts))


def _peers(charts: list[ModuleType]) -> list[ModuleType]:
    """Return the charts that are on a dashboard with one of these."""
    shared = {title for chart in charts for title in chart.DASHBOARDS}
    return [chart for chart in _charts.values() if shared & set(chart.DASHBOARDS)]


def _chart(slug: str) -> ModuleType:
    return _charts.get(slug) or abort(404, "There is no such chart.")


def _dashboards() -> dict[str, str]:
    titles = (title for chart in _charts.values() for title in chart.DASHBOARDS)
    return {formats.slug(title): title for title in titles}
