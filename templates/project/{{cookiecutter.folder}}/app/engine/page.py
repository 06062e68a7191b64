"""Page: a template filled with charts, as the filters in the URL leave them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, current_app, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from app.engine import bundles, controls, filters
from app.engine.cache import Answer
from app.engine.controls import Control
from app.engine.defaults import check_defaults, default_query
from app.engine.engine import get_engine
from app.engine.figures import plot, to_json
from app.engine.models import LONGEST_SEARCH, Chart, Filter, View
from app.engine.narrow import find, narrow
from app.engine.respond import respond, views_of
from app.engine.tables import Page
from app.helpers import summary

if TYPE_CHECKING:
    from pandas import DataFrame

CACHED_PAGES = 10  # of a table
_threads = ThreadPoolExecutor(4, "query")
blueprint = Blueprint("engine", __name__, "static", "/static/engine", "templates")


@dataclass
class Card:
    """A chart as a page shows it: one of figure, kpi, text, page or error, or nothing if it is empty."""

    chart: Chart
    page: Page | None = None  # of its rows
    figure: Markup | None = None  # in JSON
    parts: frozenset[str] = frozenset()  # of plotly.js that the figure needs
    kpi: Mapping[str, Any] | None = None
    text: str | None = None
    note: str = ""
    is_empty: bool = False
    error: str = ""
    description: str = ""  # for screen readers
    labels: dict[str, dict[str, str]] = field(default_factory=dict)  # that can be clicked
    parameters: list[tuple[str, str]] = field(default_factory=list)  # that its links keep


def show(template: str, title: str, charts: Sequence[Chart], **variables: Any) -> Response:
    """Answer with a template that shows charts, as `cards`, and these variables.

    The answer to a GET is cached for these arguments and the filters in the URL, so it must not
    depend on anything else, such as the session.
    """
    build = partial(_page, template, title, charts, variables)
    return respond(charts, build, "text/html", (template, title, variables))


@blueprint.get("/charts/<slug>/rows")
def chart_rows(slug: str) -> Response:
    """Return one page of a chart's rows as HTML, for tables.js."""
    return show("engine/_chart.html", "", [get_engine().chart(slug)])


@blueprint.get("/charts/<slug>/choices")
def chart_choices(slug: str) -> Response:
    """Return the choices of a filter that contain a text as HTML, for filters.js."""
    engine = get_engine()
    charts = engine.peers([engine.chart(slug)])
    names = [name for name in engine.filter_forms(charts) if f"{name}.find" in request.args]
    text = request.args.get(f"{names[0]}.find", "").strip()[:LONGEST_SEARCH] if names else ""

    def build(active: Sequence[Filter]) -> Answer:
        for control in engine.controls(charts, active):
            if control.column in names and control.data and control.form not in controls.RANGES:
                listed = find(control, active, text)
                body = render_template("engine/_choices.html", control=listed)
                return Answer(body, "browser" if text else "cache")
        abort(404, "There is no such filter.")

    return respond(charts, build, "text/html", (names, text))


def _page(
    template: str,
    title: str,
    charts: Sequence[Chart],
    variables: Mapping[str, Any],
    active: Sequence[Filter],
) -> Answer:
    engine = get_engine()
    chosen = engine.chosen_filters(charts)
    views, page_controls = views_of(charts), engine.controls(charts, active)
    narrowed = _submit(narrow, page_controls, active)
    answers, counts = _start_queries(charts, active, views)
    cards = [
        _card(chart, answer, views[chart.slug], page_controls)
        for chart, answer in zip(charts, answers, strict=True)
    ]
    bundle, drawn = bundles.choose([card.parts for card in cards])
    for card in cards:
        pairs = (views[slug].pairs() for slug in views if slug != card.chart.slug)
        card.parameters = [*filters.to_pairs(chosen), *chain.from_iterable(pairs)]
        if missing := card.parts - drawn:
            card.figure, card.error = None, bundles.explain(missing)
    body = render_template(
        template,
        title=title,
        cards=cards,
        bundle=bundle,
        controls=narrowed(),
        query="?" + filters.to_query(chosen) if chosen else "",
        chips=controls.chips(page_controls, chosen),
        presets=controls.presets,
        default_query=default_query,
        value_pair=filters.value_pair,
        chosen=chosen,
        counts=partial(_counts, charts, active, counts),
        states=engine.states_of(charts),
        **variables,
    )
    return Answer(body, _keep(cards, set(views.values())))


def _keep(cards: Sequence[Card], views: set[View]) -> Any:
    """Return who may keep a page: nobody if a chart failed, the cache if others will ask for it."""
    if any(card.error for card in cards):
        return "nobody"
    is_rare = any(view.find or view.page > CACHED_PAGES for view in views)
    is_corrected = any(card.page and card.page.view not in views for card in cards)
    return "browser" if is_rare or is_corrected else "cache"


def _counts(
    charts: Sequence[Chart], active: Sequence[Filter], known: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Return how many rows of each loader pass the filters, and how many it has."""
    counts = {}
    for name, data in get_engine().data_of(charts).items():
        with suppress(HTTPException):  # a database that does not answer
            passed = known[name] if name in known else data.count(active)
            counts[name] = passed, data.count()
    return counts


def _start_queries(
    charts: Sequence[Chart], active: Sequence[Filter], views: Mapping[str, View]
) -> tuple[list[Callable[[], Any]], dict[str, int]]:
    """Query the rows of each chart: of a table, one page of them.

    Returns functions that wait for the answers, and the rows counted on the way, by loader.
    """
    size = current_app.config["TABLE_ROWS"]
    whole = [chart for chart in charts if chart.kind != "table"]
    frames, counts = _query_together(whole, active) if active else ({}, {})
    answers: list[Callable[[], Any]] = []
    for chart in charts:
        rows = get_engine().rows_of(chart.data)
        if chart.slug in frames:
            answers.append(partial(frames.__getitem__, chart.slug))
        elif chart.kind == "table":
            answers.append(_submit(rows.page, chart.sql, active, views[chart.slug], size))
        else:
            answers.append(_submit(rows.query, chart.sql, active))
    return answers, counts


def _submit(query: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Run a query in a thread that knows the request; return a function that waits for it."""
    return _threads.submit(copy_context().run, query, *arguments).result


def _query_together(
    charts: Sequence[Chart], active: Sequence[Filter]
) -> tuple[dict[str, DataFrame], dict[str, int]]:
    """Return the rows of charts by slug, and the number of filtered rows by loader."""
    frames: dict[str, DataFrame] = {}
    counts: dict[str, int] = {}
    for names in dict.fromkeys(chart.data for chart in charts):
        sqls = {chart.slug: chart.sql for chart in charts if chart.data == names}
        totals = [f"SELECT count(*) AS n FROM {filters.quote(name)}" for name in names]
        with suppress(Exception):  # of one chart: queried by itself, its card will show it
            if answers := get_engine().rows_of(names).query_all([*sqls.values(), *totals], active):
                frames.update(zip(sqls, answers, strict=False))
                counts.update((name, int(answers.pop()["n"][0])) for name in reversed(names))
    return frames, counts


def _card(
    chart: Chart, answer: Callable[[], Any], view: View, page_controls: Sequence[Control]
) -> Card:
    """Return a chart with what it shows, or with the error that it raised."""
    try:
        controls.check(chart, get_engine().rows_of(chart.data).columns())
        check_defaults(chart, page_controls)
        rows = answer()
        if isinstance(rows, Page):
            table = _result(chart, rows.rows) if rows.total else rows.rows
            return Card(chart, replace(rows, rows=table))
        page = Page.of(rows, view, current_app.config["TABLE_ROWS"])
        if rows.empty or (len(rows) == 1 and rows.isna().all(axis=None)):  # a sum over no rows
            return Card(chart, page, is_empty=True)
        if chart.kind in {"kpi", "text"}:
            return Card(chart, page, **{chart.kind: _result(chart, rows)})
        labels = controls.clickable(rows, page_controls)
        figure = plot(chart, rows)
        parts, json = bundles.parts_of(figure), to_json(figure)
        note = chart.note(rows) if chart.note and current_app.config["NOTES"] else ""
        return Card(chart, page, json, parts, note=note, labels=labels, description=summary(rows))
    except Exception as error:
        current_app.logger.exception("chart %s failed", chart.slug)
        return Card(chart, error=_detail(chart, error) if current_app.debug else "See the log.")


def _detail(chart: Chart, error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f", line {frame.lineno}" for frame in frames if frame.filename == str(chart.file)]
    return f"{type(error).__name__}: {error}\n{chart.file}{''.join(lines[:1])}"


def _result(chart: Chart, rows: DataFrame) -> Any:
    """Return what a chart's kpi(), table() or text() makes of its rows."""
    result = chart.draw(rows)
    types: dict[str, type] = {"kpi": dict, "table": type(rows), "text": str}
    has_type = isinstance(result, types[chart.kind])
    if not has_type or (chart.kind == "kpi" and "value" not in result):
        raise TypeError(f"{chart.kind}() returned {result!r:.80}. See app/charts/__init__.py.")
    return result
