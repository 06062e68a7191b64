"""The form that adds a chart, as `serve` asks for it: suggestions, drafts, errors, files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flaskdash.charts.kinds import COLUMNS, FLAGS, KINDS
from flaskdash.generate.chart_form import ChartForm
from flaskdash.project import Project
from tests.support.fixtures import Cli
from tests.support.flags import FLAGS as FLAGS_OF_KINDS
from tests.support.flags import name_a_country
from tests.support.projects import snapshot

BAR = {"kind": "bar", "x": "region", "y": "revenue", "agg": "sum", "data": "sales"}
LINE = {"kind": "line", "x": "date", "grain": "quarter", "data": "sales", "limit": "7"}


@pytest.fixture
def form(made: Path, tmp_path: Path) -> ChartForm:
    """Return the form of a project."""
    folder = tmp_path / "drafts"
    folder.mkdir()
    return ChartForm(Project.find(made), folder)


def ask(form: ChartForm, action: str, **fields: Any) -> dict[str, Any]:
    """Return the answer to a request, after a turn through JSON."""
    return dict(json.loads(json.dumps(form.answer({"action": action, **fields}))))


def test_it_offers_what_the_command_asks(form: ChartForm) -> None:
    offer = ask(form, "open", page="Overview")
    assert (offer["loaders"], offer["data"], offer["dashboard"]) == (["sales"], "sales", "Overview")
    names = [column["name"] for column in offer["columns"]]
    assert names == ["date", "region", "product", "units", "revenue"]
    assert [kind["name"] for kind in offer["kinds"]] == list(KINDS)
    assert offer["suggestions"]
    for suggestion in offer["suggestions"]:
        assert suggestion["title"]
        assert suggestion["kind"] in KINDS
    assert set(offer["filters"]) <= {*names}


def flags_of(options: list[str]) -> dict[str, str]:
    """Return options such as --x region as fields of the form."""
    pairs = zip(options[::2], options[1::2], strict=True)
    return {name.removeprefix("--"): value for name, value in pairs}


@pytest.mark.parametrize("kind", FLAGS_OF_KINDS)
def test_each_kind_is_drafted_outside_of_the_project(
    made: Path, form: ChartForm, kind: str
) -> None:
    name_a_country(made)
    before = snapshot(made)
    fields = flags_of(list(FLAGS_OF_KINDS[kind]))
    draft = ask(form, "draft", kind=kind, data="sales", **fields)
    assert draft.get("error", "") == ""
    assert f'"{draft["title"]}"' in Path(draft["file"]).read_text("utf-8").replace("'", '"')
    assert draft["packages"] == list(KINDS[kind].requires)
    assert bool(draft["static"]) == bool({"plotly", "maps"} & {*KINDS[kind].parts})
    assert snapshot(made) == before


@pytest.mark.parametrize(
    "fields",
    [BAR | {"agg": "mean"}, LINE, LINE | {"grain": "auto"}],
    ids=["bar", "line", "step"],
)
def test_the_file_is_that_of_the_command(
    made: Path, form: ChartForm, flaskdash: Cli, fields: dict[str, str]
) -> None:
    filters = ask(form, "open")["filters"]
    answer = ask(form, "add", **fields, filters=filters)
    path = made / answer["file"]
    code = path.read_bytes()
    assert answer["created"] == [answer["file"], f".flaskdash/{answer['file']}.orig"]
    for name in answer["created"]:
        (made / name).unlink()
    options = [option for flag, value in fields.items() for option in (f"--{flag}", value)]
    flaskdash("add-chart", *options)
    assert path.read_bytes() == code


def test_a_chart_that_is_there_is_not_added_again(made: Path, form: ChartForm) -> None:
    before = snapshot(made)
    filters = ask(form, "open")["filters"]
    answer = ask(form, "add", **BAR, filters=filters)
    assert answer == {"file": "app/charts/revenue_by_region.py", "created": [], "packages": []}
    assert snapshot(made) == before


def test_a_suggestion_is_added_as_it_is(made: Path, form: ChartForm) -> None:
    suggestions = ask(form, "open")["suggestions"]
    for number, suggestion in enumerate(suggestions[:3]):
        fields = {"data": "sales", "suggestion": number, "title": suggestion["title"]}
        answer = ask(form, "add", **fields, dashboard="Second")
        code = (made / answer["file"]).read_text("utf-8")
        assert 'DASHBOARDS = ["Second"]' in code
        assert suggestion["title"] in code
    titles = {suggestion["title"] for suggestion in ask(form, "open")["suggestions"]}
    assert titles.isdisjoint(suggestion["title"] for suggestion in suggestions[:3])


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"kind": "pie", "agg": "mean"}, "parts with --agg mean don't add up to a whole", "agg"),
        ({"kind": "gauge", "x": ""}, "a gauge needs --target", "target"),
        ({"y": "product"}, "a bar measures numbers, and 'product' is text", "y"),
        ({"x": "regio"}, "no column 'regio' in sales; did you mean 'region'?", "x"),
        ({"x": "region; DROP TABLE sales"}, "no column 'region; DROP TABLE sales'", "x"),
        ({"filters": ["nobody"]}, "no column 'nobody' in sales", ""),
        ({"grain": "month"}, "--grain needs a column of dates; region is text", "grain"),
        (
            {"kind": "heatmap", "x": "date", "by": "region", "grain": "auto"},
            "a heatmap does not take --grain auto",
            "grain",
        ),
        ({"agg": "total"}, "--agg is one of sum, mean, median", "agg"),
        ({"limit": "0"}, "--limit is a whole number from 1 to 100,000.", "limit"),
        ({"kind": "gauge", "x": "", "target": "many"}, "--target is a number.", "target"),
        ({"kind": "gauge", "x": "", "target": "nan"}, "--target nan is not a number", "target"),
        ({"kind": "cake"}, "--kind is missing. Use one of: kpi, line", "kind"),
        ({"dashboard": "?!"}, "'?!' cannot be the title of a dashboard", "dashboard"),
        ({"dashboard": "overview"}, "would have the same address", "dashboard"),
        ({"data": "nothing"}, "Unknown loader 'nothing'. Use one of: sales.", "data"),
    ],
)
def test_an_error_is_that_of_the_command_with_its_field(
    made: Path, form: ChartForm, fields: dict[str, Any], error: str, field: str
) -> None:
    before = snapshot(made)
    for action in ("draft", "add"):
        answer = ask(form, action, **(BAR | fields))
        assert error in answer["error"]
        assert answer["field"] == field
    assert snapshot(made) == before


def test_a_broken_loader_is_explained_and_another_can_be_chosen(
    made: Path, form: ChartForm, flaskdash: Cli
) -> None:
    flaskdash("add-data", "data/sales.csv", "--name", "orders")
    loader = made / "app/loaders/orders.py"
    loader.write_text(loader.read_text("utf-8").replace("sales.csv", "no.csv"), "utf-8")
    (made / "data/orders.csv").unlink(missing_ok=True)
    offer = ask(form, "open", data="orders")
    assert "The loader app/loaders/orders.py failed:" in offer["error"]
    assert offer["field"] == ""
    assert (offer["loaders"], offer["data"], offer["columns"]) == (
        ["orders", "sales"],
        "orders",
        [],
    )
    assert ask(form, "open", page="Overview")["data"] == "sales"  # as most charts of the page
    assert ask(form, "open", data="sales")["columns"]


def test_what_is_in_data_stays_text(form: ChartForm) -> None:
    title = '</script><img src=x onerror=alert(1)>"""'
    draft = ask(form, "draft", **BAR, title=title)
    assert draft["title"] == title
    compile(Path(draft["file"]).read_text("utf-8"), "draft", "exec")


def test_the_process_answers_line_by_line(made: Path) -> None:
    (made / "pandas.py").write_text("raise RuntimeError('not this')", "utf-8")
    requests = [{"action": "open"}, {"action": "erase"}, {"action": "draft", **BAR}]
    result = subprocess.run(
        [sys.executable, "-P", "-m", "flaskdash.generate.chart_form"],
        input="".join(f"{json.dumps(request)}\n" for request in requests),
        capture_output=True,
        text=True,
        cwd=made,
        check=True,
    )
    offer, unknown, draft = map(json.loads, result.stdout.splitlines())
    assert {flag for suggestion in offer["suggestions"] for flag in suggestion} >= {
        *FLAGS,
        *COLUMNS,
    }
    assert unknown["error"] == "Unknown action 'erase'."
    assert draft["title"] == "Revenue by region"
    assert not Path(draft["file"]).exists()  # the folder of drafts went with the process
