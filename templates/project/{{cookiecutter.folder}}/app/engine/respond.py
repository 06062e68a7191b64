"""Respond: answer a request with what the filters in its URL leave, from the cache if possible."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial

from flask import Response, abort, request
from werkzeug.exceptions import ServiceUnavailable

from app.engine.cache import NO_STORE, Answer, place
from app.engine.controls import are_offered
from app.engine.engine import get_engine
from app.engine.models import Chart, Filter, View
from app.engine.query import Data
from app.engine.rights import cache_key
from app.engine.visitor import ANYBODY, is_personal, visitor, watch_session

ATTEMPTS = 10
Build = Callable[[Sequence[Filter]], Answer]  # with the active filters


class DataReplaced(Exception):
    """A snapshot was replaced, or failed to be, while an answer was made from it."""


def respond(
    charts: Sequence[Chart], build: Build, mimetype: str, arguments: object = None
) -> Response:
    """Answer from the cache, or with what `build` makes of the filters and these arguments."""
    engine = get_engine()
    chosen = engine.chosen_filters(charts)
    # A page shows the rows of a table that its URL asks for; JSON and CSV have all of them.
    views = views_of(charts) if request.args and mimetype == "text/html" else {}
    # The day is there because SQL may ask for the last 30, the root because pages have links.
    page = (date.today(), request.root_path, request.path, arguments)
    data = engine.data_of(charts).values()
    may_see = cache_key(each.loader for each in data)
    cache_control = "no-cache" if visitor() == ANYBODY else "no-store"
    for _ in range(ATTEMPTS):
        current = versions(data)
        with suppress(DataReplaced):  # an answer must not mix old and new data
            build_checked = partial(_build, charts, build, chosen, current)
            if is_personal():
                with place():
                    return Response(build_checked().body, headers=NO_STORE, mimetype=mimetype)
            key = (page, may_see, chosen, current, views)
            return engine.cache.response(key, build_checked, mimetype, cache_control)
    abort(503, "The data is being replaced. Try again.")


def views_of(charts: Sequence[Chart]) -> dict[str, View]:
    """Return the view that the URL asks for of the table of each chart, and of its peers."""
    on_page = [*charts, *get_engine().peers(charts)]
    return {chart.slug: View.from_query(request.args, chart.prefix) for chart in on_page}


def _build(
    charts: Sequence[Chart], build: Build, chosen: Sequence[Filter], before: object
) -> Answer:
    try:
        with watch_session() as was_read:
            answer = build(get_engine().active_filters(charts))
            if was_read():  # by a template, for instance
                answer = replace(answer, keep="nobody")
        if chosen and answer.keep == "cache":
            with suppress(ServiceUnavailable):  # a live database may not answer
                # Values that the form does not offer must not fill the cache.
                if not are_offered(chosen, get_engine().controls(charts, chosen)):
                    answer = replace(answer, keep="browser")
    finally:
        if versions(get_engine().data_of(charts).values()) != before:
            raise DataReplaced
    return answer


def versions(data: Iterable[Data]) -> list[tuple[str, str]]:
    """Return what changes when one of these is built anew, or fails to be."""
    states = [each.state() for each in data]
    return [(state.version or state.built, state.error) for state in states]
