"""Forms: add-form writes a table, its pages, a loader and a chart; remove takes them away."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.generate import fields, form
from flaskdash.generate.field_types import TYPES
from flaskdash.generate.fields import Field
from flaskdash.project import Project, contents
from tests.support.fixtures import Cli
from tests.support.projects import snapshot

ORDERS = ("add-form", "orders", "--field", "customer:text:required", "--field", "amount:money")
HOSTILE = """O'Brien "<b>{{ x }}</b>" {% raw %} \\"""


def test_a_form_is_removed_without_a_trace(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    output = flaskdash(*ORDERS).output
    assert "create    app/blueprints/orders/views.py" in output
    assert "Everybody who reaches the site may write" in output
    assert "keep      the table orders" in flaskdash("remove", "orders").output
    assert snapshot(made) == before


def test_a_form_leaves_a_database_that_was_there(made: Path, flaskdash: Cli) -> None:
    flaskdash("add-database")
    before = snapshot(made)
    flaskdash(*ORDERS)
    flaskdash("remove", "orders")
    assert snapshot(made) == before


def test_two_forms_share_what_they_need(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    flaskdash(*ORDERS)
    alone = snapshot(made)
    flaskdash("add-form", "visits", "--field", "day:date", "--field", "photo:file")
    assert "identical app/blueprints/_forms.py" not in flaskdash("remove", "visits").output
    assert snapshot(made) == alone
    flaskdash("add-form", "visits", "--field", "day:date")
    flaskdash("remove", "orders")
    assert (made / "app/blueprints/_forms.py").exists()
    assert (made / "app/blueprints/database").exists()
    flaskdash("remove", "visits")
    assert snapshot(made) == before


def test_a_form_is_added_once(made: Path, flaskdash: Cli) -> None:
    flaskdash(*ORDERS)
    once = snapshot(made)
    assert "identical app/blueprints/orders/views.py" in flaskdash(*ORDERS).output
    assert snapshot(made) == once
    changed = (*ORDERS, "--field", "day:date")
    assert "already exists with different content" in flaskdash(*changed, code=1).output
    assert snapshot(made) == once


def test_a_dry_run_writes_nothing(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    assert "create    app/loaders/orders.py" in flaskdash(*ORDERS, "--dry-run").output
    assert snapshot(made) == before


def test_the_table_is_a_loader_with_a_chart(made: Path, flaskdash: Cli) -> None:
    flaskdash(*ORDERS, "--field", "day:date", "--field", f"region:choice({HOSTILE}|South)")
    project = Project.find(made)
    assert "orders" in contents.loaders(project)
    (chart,) = (chart for chart in contents.charts(project).values() if "orders" in chart.data)
    assert chart.dashboards == ("Orders",)
    assert next(iter(contents.dashboards(project))) == "Overview"
    tree = ast.parse((made / "app/blueprints/orders/forms.py").read_text("utf-8"))
    (choices,) = (node for node in tree.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(choices.value) == {"region": [HOSTILE, "South"]}


def test_edited_files_and_charts_of_the_owner_stay(made: Path, flaskdash: Cli) -> None:
    flaskdash(*ORDERS)
    views = made / "app/blueprints/orders/views.py"
    views.write_text(views.read_text("utf-8") + "\n# mine\n", "utf-8")
    assert "views.py was edited" in flaskdash("remove", "orders", code=1).output
    chart = made / "app/charts/my_orders.py"
    chart.write_text((made / "app/charts/orders_chart.py").read_text("utf-8"), "utf-8")
    assert "my_orders" in flaskdash("remove", "orders", code=1).output
    assert views.exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Orders", "cannot be the name"),
        ("class", "cannot be the name"),
        ("order", "cannot be the name"),
        ("a/b", "cannot be the name"),
        ("../x", "cannot be the name"),
        ("{{ x }}", "cannot be the name"),
        ("sales", "a loader already"),
        ("charts", "an address of the project already"),
        ("pages", "an address of the project already"),
        ("remarks", "a table of the project already"),
        ("a_name_that_is_too_long_for_it", "longer than 25"),
    ],
)
def test_names_of_forms(made: Path, flaskdash: Cli, name: str, message: str) -> None:
    flaskdash("add-database")
    before = snapshot(made)
    result = flaskdash("add-form", name, "--field", "x:text", code=1)
    assert message in result.output
    assert snapshot(made) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("amount", "is not NAME:TYPE"),
        ("amount:euro", "unknown type"),
        ("Amount:money", "cannot be the name of a field"),
        ("id:integer", "cannot be the name of a field"),
        ("metadata:text", "cannot be the name of a field"),
        ("class:text", "cannot be the name of a field"),
        ("a b:text", "cannot be the name of a field"),
        ('x");import os:text', "cannot be the name of a field"),
        ("region:choice", "needs its choices"),
        ("region:choice(North)", "Choices are 2 to 200"),
        ("region:choice(North|)", "Choices are 2 to 200"),
        ("region:choice(a|b\n)", ""),
        ("amount:money(1|2)", "takes no choices"),
        ("amount:money:maybe", "is not NAME:TYPE"),
        ("mail:email", "nothing to chart"),
    ],
)
def test_fields_that_are_not_valid(text: str, message: str) -> None:
    if not message:
        assert fields.parse([text])[0].choices == ("a", "b")
        return
    with pytest.raises(FlaskdashError) as caught:
        fields.parse([text])
    assert message in caught.value.message


@pytest.mark.parametrize("names", [["x", "x"], ["scan:file", "scan_file"]])
def test_two_fields_of_one_name(names: list[str]) -> None:
    texts = [name if ":" in name else f"{name}:text" for name in names]
    with pytest.raises(FlaskdashError, match="need the column"):
        fields.parse(texts)


@pytest.mark.parametrize("kind", [kind for kind in TYPES if TYPES[kind].dtype])
def test_each_type_suggests_a_chart_that_has_data(kind: str) -> None:
    field = Field("value", kind, choices=("A", "B") if kind == "choice" else ())
    inspection = form.inspect_sample([field])
    assert [column.name for column in inspection.columns] == ["value"]
    assert inspection.total == form.SAMPLE_ROWS


@pytest.mark.parametrize(
    ("name", "row", "model"),
    [
        ("orders", "order", "Order"),
        ("categories", "category", "Category"),
        ("boxes", "box", "Box"),
        ("addresses", "address", "Address"),
        ("bus", "bus", "Bus"),
        ("exceptions", "exception", "ExceptionEntry"),
        ("models", "model", "ModelEntry"),
        ("site_visits", "site visit", "SiteVisit"),
    ],
)
def test_words_for_one_row(name: str, row: str, model: str) -> None:
    answers = form.answers(name, fields.parse(["day:date"]))
    assert (answers["row"], answers["model"]) == (row, model)


def test_an_upload_is_removed_without_a_trace(made: Path, flaskdash: Cli) -> None:
    before = snapshot(made)
    assert (
        "create    app/blueprints/upload_sales" in flaskdash("add-form", "--upload", "sales").output
    )
    assert "sales-upload needs the loader" in flaskdash("remove", "sales", code=1).output
    flaskdash("remove", "sales-upload")
    assert snapshot(made) == before


def test_only_a_file_can_be_uploaded(made: Path, flaskdash: Cli) -> None:
    flaskdash(*ORDERS)
    assert "does not read one file" in flaskdash("add-form", "--upload", "orders", code=1).output
    assert "There is no loader" in flaskdash("add-form", "--upload", "costs", code=1).output
    assert "takes neither" in flaskdash("add-form", "x", "--upload", "sales", code=1).output


def test_rows_are_appended_to_a_plain_table_alone(made: Path, flaskdash: Cli) -> None:
    loader = made / "app/loaders/sales.py"
    loader.write_text(loader.read_text("utf-8").replace("(SOURCE", "(SOURCE, skiprows=3"), "utf-8")
    flaskdash("add-form", "--upload", "sales")
    record = json.loads((made / ".flaskdash/parts/sales-upload.json").read_text("utf-8"))
    assert record["answers"]["appends"] is False
    assert "append" not in (made / "app/blueprints/upload_sales/views.py").read_text("utf-8")


def test_without_a_terminal_the_fields_are_needed(made: Path, flaskdash: Cli) -> None:
    assert "The fields are missing" in flaskdash("add-form", "orders", code=1).output
    assert "The name is missing" in flaskdash("add-form", code=1).output
