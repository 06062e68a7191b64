"""Every loader, chart and page is found and tried: a new file needs no new test."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import charts, config, discovery, formats, loaders

LOADERS = discovery.find_loaders(loaders)
CHARTS = discovery.find_charts(charts, LOADERS)
DASHBOARDS = sorted({formats.slug(title) for c in CHARTS.values() for title in c.DASHBOARDS})
PAGES = [f"/dashboards/{slug}" for slug in DASHBOARDS] + [f"/charts/{slug}" for slug in CHARTS]


@pytest.mark.parametrize("name", LOADERS)
def test_loader_has_rows(app: Flask, name: str) -> None:
    """Each loader reads its source into at least one row."""
    assert app.extensions["data"].build(name).rows > 0


@pytest.mark.parametrize("path", PAGES)
def test_page_shows_its_charts(client: FlaskClient, path: str) -> None:
    """Each page answers, and no chart on it failed."""
    page = client.get(path)
    assert page.status_code == 200
    assert "could not be drawn" not in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("slug", CHARTS)
def test_chart_as_json_and_csv(client: FlaskClient, slug: str) -> None:
    """Each chart has rows, and can be had as JSON and as CSV."""
    rows = json.loads(client.get(f"/charts/{slug}/data.json").data)
    assert rows["rows"]
    if CHARTS[slug].KIND == "figure":
        assert json.loads(client.get(f"/charts/{slug}/figure.json").data)["data"]
    text = client.get(f"/charts/{slug}.csv").data.decode("utf-8-sig")
    assert len(text.splitlines()) > len(rows["rows"])


@pytest.mark.parametrize("slug", CHARTS)
def test_chart_under_filters_that_nothing_passes(client: FlaskClient, slug: str) -> None:
    """Each chart says that there is no data, or shows a number; it does not fail."""
    ways = [f"{column}{way}" for column in CHARTS[slug].FILTERS for way in ("", ".has", ".from")]
    query = dict.fromkeys(ways, "</script>'\"; --")
    page = client.get(f"/charts/{slug}", query_string=query)
    assert page.status_code == 200
    assert "could not be drawn" not in page.text
    assert "</script>'" not in page.text


@pytest.mark.parametrize("slug", CHARTS)
def test_rows_are_searched(client: FlaskClient, slug: str) -> None:
    """The rows of each chart can be searched, for whatever text."""
    query = {f"{CHARTS[slug].PREFIX}find": "</script>'\"; --%"}
    page = client.get(f"/charts/{slug}/rows", query_string=query)
    assert "No row has this text." in page.text


def test_answer_is_not_sent_twice(client: FlaskClient) -> None:
    """A browser that has a page is told that it is unchanged."""
    etag = client.get("/").headers["ETag"]
    assert client.get("/", headers={"If-None-Match": etag}).status_code == 304


def test_unknown_page(client: FlaskClient) -> None:
    """A page that is not there says so."""
    assert client.get("/charts/no-such-chart").status_code == 404


def test_health(client: FlaskClient) -> None:
    """The process is up, and its data is ready."""
    client.get("/")
    assert client.get("/up").data == b"up\n"
    assert client.get("/ready").status_code == 200


def test_production_needs_a_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SECRET_KEY, only a debug server starts."""
    monkeypatch.setenv("SECRET_KEY", "")
    monkeypatch.setenv("FLASK_DEBUG", "0")
    with pytest.raises(RuntimeError, match="SECRET_KEY"):
        config.load({})
