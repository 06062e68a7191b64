"""Routes: the addresses of the API, below /api/v1."""

from typing import Any

from flask import Blueprint, Response, abort, g, render_template, url_for
from werkzeug.exceptions import HTTPException

from app.blueprints.api import keys, rows
from app.blueprints.api.openapi import describe
from app.blueprints.api.problems import show_failure, show_problem
from app.downloads import chart_figure
from app.engine import get_engine
from app.engine.filters import quote
from app.engine.models import Chart

api = Blueprint("api", __name__, url_prefix="/api/v1", template_folder="templates")
api.before_request(keys.check)
api.register_error_handler(HTTPException, show_problem)
api.register_error_handler(Exception, show_failure)


@api.get("/openapi.json")
def openapi() -> dict[str, Any]:
    """Return the description of this API, in OpenAPI 3.1."""
    return describe()


@api.get("/docs")
def docs() -> str:
    """Show the description of this API to people."""
    return render_template("api/docs.html", title="API", api=describe())


@api.get("/loaders")
def loaders() -> dict[str, Any]:
    """List the data sets, with their columns."""
    keys.require_scope("read")
    return {"loaders": [describe_loader(name) for name in keys.readable()]}


@api.get("/loaders/<name>")
def loader(name: str) -> dict[str, Any]:
    """Return the columns of a data set, and how fresh it is."""
    keys.require_scope("read")
    return describe_loader(keys.check_readable(name))


@api.get("/loaders/<name>/rows")
def loader_rows(name: str) -> Response:
    """Return rows of a data set."""
    keys.require_scope("read")
    quoted = quote(keys.check_readable(name))
    return rows.answer((name,), f"SELECT * FROM {quoted}")


@api.get("/charts")
def charts() -> dict[str, Any]:
    """List the charts."""
    keys.require_scope("read")
    return {"charts": [describe_chart(chart) for chart in get_engine().visible.values()]}


@api.get("/charts/<slug>")
def chart(slug: str) -> dict[str, Any]:
    """Return what a chart shows, and the SQL of its rows."""
    keys.require_scope("read")
    shown_chart = get_engine().chart(slug)
    return {**describe_chart(shown_chart), "sql": shown_chart.sql.strip()}


@api.get("/charts/<slug>/rows")
def chart_rows(slug: str) -> Response:
    """Return the rows that a chart draws."""
    keys.require_scope("read")
    shown_chart = get_engine().chart(slug)
    return rows.answer(shown_chart.data, shown_chart.sql)


@api.get("/charts/<slug>/figure")
def figure(slug: str) -> Response:
    """Return the Plotly figure of a chart."""
    keys.require_scope("read")
    return chart_figure(slug)


@api.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@api.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def nothing(path: str) -> Response:
    """Answer with 404 in the form of this API."""
    abort(404, f"There is no such address. See {url_for('api.docs')}.")


@api.after_request
def add_limit(response: Response) -> Response:
    """Say how many requests the key may still send."""
    response.headers.update(g.get("api_limit", {}))
    return response


def describe_loader(name: str) -> dict[str, Any]:
    """Return the columns of a data set, and how many rows the key may read."""
    data = get_engine().data[name]
    return {
        "name": name,
        "columns": [{"name": column, "type": kind} for column, kind in data.columns().items()],
        "rows": data.count(),
        "built": data.state().built,
    }


def describe_chart(chart: Chart) -> dict[str, Any]:
    """Return what a chart shows."""
    return {
        "slug": chart.slug,
        "title": chart.title,
        "kind": chart.kind,
        "data": list(chart.data),
        "dashboards": list(chart.dashboards),
    }
