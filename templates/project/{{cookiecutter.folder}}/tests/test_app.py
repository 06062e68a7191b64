"""Every loader, chart and page is found and tried: a new file needs no new test."""

import json
import os
import sys
from collections.abc import Iterable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import charts, config, loaders
from app.engine import discovery, get_engine
from app.engine.models import Chart, Loader, slugify

LOADERS = discovery.find_loaders(loaders)
CHARTS = discovery.find_charts(charts, LOADERS)
DASHBOARDS = sorted({title for chart in CHARTS.values() for title in chart.dashboards})


def skip_without_variables(loaders: Iterable[Loader]) -> None:
    """Skip a test whose loaders need an environment variable that is not set."""
    for loader in loaders:
        if loader.variable and loader.variable not in os.environ:
            pytest.skip(f"{loader.variable} is not set: see .env.example")


@pytest.fixture
def chart(request: pytest.FixtureRequest, app: Flask) -> Chart:
    """Return the chart of a slug; skip the test if its loader needs a variable that is not set."""
    chart = CHARTS[request.param]
    skip_without_variables(LOADERS[name] for name in chart.data)
    return chart


each_chart = pytest.mark.parametrize("chart", CHARTS, indirect=True)


@pytest.mark.parametrize("name", LOADERS)
def test_loader_has_rows(app: Flask, name: str) -> None:
    """Each loader reads its source into at least one row, unless it says MAY_BE_EMPTY = True."""
    skip_without_variables([LOADERS[name]])
    module = sys.modules[LOADERS[name].load.__module__]
    with app.app_context():
        state = get_engine().data[name].build()
    assert state.built
    assert not state.error
    assert state.rows > 0 or getattr(module, "MAY_BE_EMPTY", False)


@pytest.mark.parametrize("title", DASHBOARDS)
def test_dashboard_shows_its_charts(client: FlaskClient, title: str) -> None:
    """Each dashboard answers, and no chart on it failed."""
    on_it = [chart for chart in CHARTS.values() if title in chart.dashboards]
    skip_without_variables(LOADERS[name] for chart in on_it for name in chart.data)
    page = client.get(f"/dashboards/{slugify(title)}")
    assert page.status_code == 200
    assert "could not be drawn" not in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@each_chart
def test_chart_has_a_page(client: FlaskClient, chart: Chart) -> None:
    """Each chart can be drawn on a page of its own."""
    page = client.get(f"/charts/{chart.slug}")
    assert page.status_code == 200
    assert "could not be drawn" not in page.text


@each_chart
def test_chart_as_json_and_csv(client: FlaskClient, chart: Chart) -> None:
    """Each chart is available as JSON and as CSV; it may be empty, as on its page."""
    table = json.loads(client.get(f"/charts/{chart.slug}/data.json").data)
    assert table["columns"]
    if table["rows"] and chart.kind == "figure":
        assert json.loads(client.get(f"/charts/{chart.slug}/figure.json").data)["data"]
    text = client.get(f"/charts/{chart.slug}.csv").data.decode("utf-8-sig")
    assert len(text.splitlines()) > len(table["rows"])


@each_chart
def test_chart_without_matching_rows(client: FlaskClient, chart: Chart) -> None:
    """Each chart says that there is no data, or shows a number, if no row passes the filters."""
    names = [column + end for column in chart.filters for end in ("", ".has", ".from")]
    query = dict.fromkeys(names, "</script>'\"; --")
    page = client.get(f"/charts/{chart.slug}", query_string=query)
    assert page.status_code == 200
    assert "could not be drawn" not in page.text
    assert "</script>'" not in page.text


@each_chart
def test_rows_are_searched(client: FlaskClient, chart: Chart) -> None:
    """The rows of each chart can be searched, for any text."""
    query = {f"{chart.prefix}find": "</script>'\"; --%"}
    page = client.get(f"/charts/{chart.slug}/rows", query_string=query)
    assert "No row has this text." in page.text


def test_answer_is_not_sent_twice(client: FlaskClient) -> None:
    """A browser that has an answer is told that it is unchanged."""
    etag = client.get("/static/theme.css").headers["ETag"]
    answer = client.get("/static/theme.css", headers={"If-None-Match": etag})
    assert answer.status_code == 304


def test_unknown_chart(client: FlaskClient) -> None:
    """The page of a chart that does not exist says so."""
    assert client.get("/charts/no-such-chart").status_code == 404


def test_process_is_up(app: Flask) -> None:
    """The process says that it is up, to everybody."""
    assert app.test_client().get("/up").data == b"up\n"


def test_data_is_ready(app: Flask) -> None:
    """Once each loader has been read, the data is ready."""
    skip_without_variables(LOADERS.values())
    with app.app_context():
        for data in get_engine().data.values():
            data.build()
    assert app.test_client().get("/ready").status_code == 200


def test_production_needs_a_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SECRET_KEY, only a debug server starts."""
    monkeypatch.setenv("SECRET_KEY", "")
    monkeypatch.setenv("FLASK_DEBUG", "0")
    with pytest.raises(RuntimeError, match="SECRET_KEY"):
        config.load({})
