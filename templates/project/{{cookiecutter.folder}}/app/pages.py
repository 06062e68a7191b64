"""Pages: the dashboards, the charts, and your own."""

from flask import Blueprint, Response, abort

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


# Your own pages go here: README.md, "Add a page", has one to start from.
