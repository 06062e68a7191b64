"""The project that is generated: it passes its own tests and linters, and serves what it says."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from uv import find_uv_bin

from flaskdash.charts.kinds import AGGREGATES
from tests.support.data import sales_csv
from tests.support.fixtures import Cli
from tests.support.flags import FLAGS, name_a_country
from tests.support.projects import check_own_code, copy_project, own_environment, run, start_error
from tests.support.waiting import wait_for
from tests.support.web import fetch, free_port, serving, wait_for_data


def test_passes_its_own_checks_with_each_kind_of_chart(
    project: Path, shared_project: Path, flaskdash: Cli
) -> None:
    own_environment(project, shared_project)
    name_a_country(project)
    flaskdash("refresh")  # else each add-chart runs the loader
    for kind, flags in FLAGS.items():
        flaskdash("add-chart", f"my_{kind}", "--kind", kind, *flags)
    check_own_code(project)


def test_nothing_of_it_imports_flaskdash(made: Path) -> None:
    for path in made.rglob("*.py"):
        assert not re.search(r"^\s*(import|from) flaskdash", path.read_text("utf-8"), re.M), path


def other_pythons() -> dict[str, str]:
    """Return the Pythons 3.11 to 3.14 on this machine, but for the one that runs the tests."""
    pythons = {}
    for minor in set(range(11, 15)) - {sys.version_info[1]}:
        pyenv = map(str, Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))
        for path in filter(None, [shutil.which(f"python3.{minor}"), *pyenv]):
            if subprocess.run([path, "--version"], capture_output=True).returncode == 0:
                pythons[f"3.{minor}"] = path
    return pythons


def test_passes_its_own_tests_on_other_pythons(made: Path) -> None:
    env = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    for version, python in other_pythons().items():
        (made / ".python-version").write_text(f"{version}\n", "utf-8")
        command = [find_uv_bin(), "--quiet", "sync", "--python", python]
        subprocess.run(command, cwd=made, env=env, check=True)
        assert run(made, "python", "--version").startswith(f"Python {version}.")
        summary = run(made, "python", "-m", "pytest", "-q").splitlines()[-1]
        assert re.fullmatch(r"\d+ passed in .*", summary), summary


@pytest.fixture(scope="module")
def site(shared_project: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "shop"
        copy_project(shared_project, root)
        with serving(root) as url:
            wait_for_data(url)
            yield url


def get_json(url: str) -> object:
    status, body = fetch(url)
    assert status == 200
    return json.loads(body)


def test_json_of_a_figure_and_of_its_data(site: str) -> None:
    figure = get_json(f"{site}/charts/revenue-by-region/figure.json")
    assert isinstance(figure, dict)
    assert figure["data"][0]["type"] == "bar"
    data = get_json(f"{site}/charts/revenue-by-region/data.json")
    assert isinstance(data, dict)
    assert data["columns"] == ["region", "revenue"]
    expected: dict[str, float] = {}
    for row in csv.DictReader(io.StringIO(sales_csv())):
        expected[row["region"]] = expected.get(row["region"], 0) + float(row["revenue"])
    assert {name: round(value, 2) for name, value in data["rows"]} == {
        name: round(value, 2) for name, value in expected.items()
    }


def test_filters_reach_every_answer(site: str) -> None:
    query = "region=North&region=East&date.from=2023-02-01&date.to=2023-02-28"
    data = get_json(f"{site}/charts/revenue-by-region/data.json?{query}")
    assert isinstance(data, dict)
    rows = [
        row
        for row in csv.DictReader(io.StringIO(sales_csv()))
        if row["region"] in {"North", "East"} and row["date"].startswith("2023-02")
    ]
    assert {name for name, _ in data["rows"]} == {row["region"] for row in rows}
    total = sum(value for _, value in data["rows"])
    assert total == pytest.approx(sum(float(row["revenue"]) for row in rows))


def test_csv_download(site: str) -> None:
    status, body = fetch(f"{site}/charts/revenue-by-region.csv?region=North")
    assert status == 200
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert rows[0] == ["region", "revenue"]
    assert [row[0] for row in rows[1:]] == ["North"]


def test_answers_are_compressed_and_have_an_etag(site: str) -> None:
    import urllib.request

    request = urllib.request.Request(f"{site}/", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        etag = answer.headers["ETag"]
        assert b"<h1>Overview</h1>" in gzip.decompress(answer.read())
    assert fetch(f"{site}/", **{"Accept-Encoding": "gzip", "If-None-Match": etag}) == (304, b"")
    assert (
        fetch(f"{site}/", **{"If-None-Match": etag})[0] == 200
    )  # another coding is another answer
    unchanged = fetch(f"{site}/?region=North", **{"Accept-Encoding": "gzip", "If-None-Match": etag})
    assert unchanged[0] == 200


def test_errors_and_health(site: str) -> None:
    assert fetch(f"{site}/up") == (200, b"up\n")
    status, body = fetch(f"{site}/nothing")
    assert status == 404
    assert b"<h1>404: Not Found</h1>" in body
    assert json.loads(fetch(f"{site}/charts/nothing/data.json")[1])["error"]
    assert fetch(f"{site}/static/../config.py")[0] == 404
    assert fetch(f"{site}/static/%2e%2e/config.py")[0] == 404
    fetch(f"{site}/")
    ready = get_json(f"{site}/ready")
    assert isinstance(ready, dict)
    assert ready["loaders"]["sales"]["built"]
    assert ready["loaders"]["sales"].keys() == {"built", "error"}


def test_production_refuses_to_start_without_a_key(project: Path) -> None:
    (project / ".env").unlink()
    env = {
        key: value for key, value in os.environ.items() if key not in {"SECRET_KEY", "FLASK_DEBUG"}
    }
    command = [
        project / ".venv/bin/python",
        "-m",
        "gunicorn",
        "--no-control-socket",
        "app:create_app()",
    ]
    completed = subprocess.run(
        command,
        cwd=project,
        env=env | {"PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert completed.returncode != 0
    assert "SECRET_KEY is not set" in completed.stderr


def test_data_paths_do_not_depend_on_the_working_directory(project: Path, tmp_path: Path) -> None:
    code = """
import app.engine
app.engine.snapshots.WAIT_SECONDS = 100  # on a busy machine, a first snapshot takes its time
print(app.create_app().test_client().get("/").status_code)
"""
    completed = subprocess.run(
        [project / ".venv/bin/python", "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
    )
    assert completed.stdout.strip() == "200", completed.stderr


def test_a_restart_serves_from_the_cache_without_pandas(project: Path) -> None:
    code = """
import sys
from app import create_app
app = create_app()
if "build" in sys.argv:
    app.extensions["engine"].freeze()
client = app.test_client()
assert client.get("/").status_code == 200
assert client.get("/charts/revenue-by-region/figure.json").status_code == 200
print(sorted({"pandas", "duckdb"} & set(sys.modules)))
"""
    first = run(project, "python", "-c", code, "build")
    assert first.strip() == "['duckdb', 'pandas']"
    assert run(project, "python", "-c", code).strip() == "[]"


def test_new_data_shows_and_bad_data_keeps_the_last_good(project: Path) -> None:
    source = project / "data/sales.csv"
    with serving(project) as url:
        wait_for_data(url)
        kpi = f"{url}/charts/total-revenue/data.json"
        before = fetch(kpi)[1]
        source.write_text(sales_csv(100), "utf-8")
        wait_for(lambda: fetch(kpi)[1] != before, "the new rows")
        good = fetch(kpi)[1]
        source.write_text("no,such\ncolumns,here\n", "utf-8")
        wait_for(lambda: b"The last refresh failed" in fetch(f"{url}/")[1], "the failure to show")
        assert fetch(kpi)[1] == good
        states = json.loads(fetch(f"{url}/ready")[1])
        assert states["loaders"]["sales"]["error"]
        source.write_text(sales_csv(200), "utf-8")
        wait_for(lambda: fetch(kpi)[1] not in {good, before}, "the mended data")
        assert b"The last refresh failed" not in fetch(f"{url}/")[1]


def test_a_chart_that_fails_does_not_take_the_page_along(project: Path) -> None:
    chart = project / "app/charts/revenue_by_region.py"
    chart.write_text(chart.read_text("utf-8").replace("SELECT region", "SELECT nonsense"), "utf-8")
    with serving(project) as url:
        wait_for_data(url)
        status, body = fetch(f"{url}/")
        assert status == 200
        assert body.count(b"This chart could not be drawn") == 1
        assert b"nonsense" not in body  # the log says why, the page does not
        assert b"application/json" in body
    assert "nonsense" in (project / "server.log").read_text("utf-8")


def test_a_filter_of_another_data_set_and_one_of_none(project: Path, flaskdash: Cli) -> None:
    """A dashboard of two data sets has the filters of both; a typo in FILTERS fails its chart."""
    (project.parent / "costs.csv").write_text("team,cost\n" + "a,1\nb,2\n" * 20, "utf-8")
    flaskdash("add-data", "../costs.csv")
    flaskdash("add-chart", "costs", "--data", "costs", "--kind", "bar", "--x", "team")
    chart = project / "app/charts/revenue_by_region.py"
    with serving(project) as url:
        wait_for_data(url)
        assert fetch(f"{url}/charts/costs?team=a")[0] == 200
        assert b"could not be drawn" not in fetch(f"{url}/?team=a&region=North")[1]
    chart.write_text(chart.read_text("utf-8").replace('"region"]', '"regon"]'), "utf-8")
    chart.write_text(chart.read_text("utf-8").replace('"region",', '"regon",'), "utf-8")
    with serving(project) as url:
        wait_for_data(url)
        assert fetch(f"{url}/")[1].count(b"could not be drawn") == 1
    assert "FILTERS has 'regon', which sales does not have" in (project / "server.log").read_text(
        "utf-8"
    )


def test_each_aggregate_under_filters_that_nothing_passes(project: Path, flaskdash: Cli) -> None:
    flaskdash("refresh")
    for agg in AGGREGATES:
        for column in ("units", "revenue"):
            name = f"{agg}_{column}_kpi"
            flaskdash("add-chart", name, "--kind", "kpi", "--y", column, "--agg", agg)
    with serving(project) as url:
        wait_for_data(url)
        for query in ("", "?region=Nowhere"):
            assert b"could not be drawn" not in fetch(f"{url}/{query}")[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("TITLE = ", "NAME = "), "TITLE is missing"),
        (("def figure", "def picture"), "define one of figure, kpi, table, text"),
        (('DATA = "sales"', 'DATA = "sale"'), "DATA is 'sale'"),
    ],
)
def test_a_file_that_does_not_fit_fails_at_the_start(
    project: Path, change: tuple[str, str], message: str
) -> None:
    chart = project / "app/charts/revenue_by_region.py"
    chart.write_text(chart.read_text("utf-8").replace(*change), "utf-8")
    last = start_error(project)
    assert "app/charts/revenue_by_region.py: " in last
    assert message in last
