"""Pages: the dashboards, the charts, and your own."""

import json

from flask import Blueprint, Response, abort, render_template, request
from werkzeug.exceptions import BadHost, HTTPException
from werkzeug.wrappers import Response as BaseResponse

from app.engine import get_engine
from app.engine.page import show

pages = Blueprint("pages", __name__)


@pages.get("/")
@pages.get("/dashboards/<slug>")
def dashboard(slug: str = "") -> Response:
    """Show the charts of a dashboard: the first one at /."""
    engine = get_engine()
    title = engine.dashboards.get(slug or next(iter(engine.dashboards), ""))
    if title is None:
        abort(404, "There is no such dashboard.")
    return show("dashboard.html", title, engine.charts_on(title))


@pages.get("/charts/<slug>")
def chart(slug: str) -> Response:
    """Show a chart with its rows and its SQL."""
    chart = get_engine().chart(slug)
    return show("chart.html", chart.title, [chart])


@pages.app_errorhandler(HTTPException)
def error(error: HTTPException) -> BaseResponse:
    """Say what is wrong with a request."""
    response = error.get_response(request.environ)  # with headers, such as Allow and Retry-After
    if isinstance(error, BadHost):
        return response  # a page has links, which would need the name of the host
    if request.path.endswith(".json"):
        response.mimetype = "application/json"
        response.data = json.dumps({"error": error.description})
    else:
        response.data = render_template("error.html", title=error.name, error=error)
    return response


# Your own pages go here: README.md, "Add a page", has one to start from.
