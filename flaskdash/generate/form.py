"""Add a form: its table, pages, tests and loader, and a chart of what people will enter."""

from __future__ import annotations

import ast
import builtins
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flaskdash import names
from flaskdash.charts import axes
from flaskdash.charts.kinds import AUTO, Chart
from flaskdash.errors import FlaskdashError
from flaskdash.generate import chart_file, render
from flaskdash.generate.database import add_database
from flaskdash.generate.fields import Field
from flaskdash.generate.loader_file import label
from flaskdash.generate.parts import DATABASE, Part, add_part, brings, is_part
from flaskdash.inspect.model import Inspection, Read
from flaskdash.progress import Echo
from flaskdash.project import Project, contents

REQUIRES = ("flask-wtf>=1.3", "wtforms>=3.3")
SAMPLE_ROWS = 90
CHARTS = {"bar", "line", "area"}
FILE_NAMES = ("LARGEST", "KnownKind", "NeedsFile")  # of _files.py, as ruff sorts them
CREATED = Field("created", "datetime")  # a column of each form
LONGEST = 25  # letters of a name: Alembic stores 32, and a migration is called create_NAME
ORDER = 500  # after the charts that are there, so that / stays what it is
# Classes and modules that the code of a form uses.
CLASSES = {"Any", "Decimal", "Flask", "Mapped", "Model", "Path", "Response", "Blueprint", "Test"}
ROUTES = {"charts", "dashboards", "static", "up", "ready", "healthz", "auth", "account", "accounts"}


def part_name(name: str) -> str:
    """Return the name under which a form is recorded: no other part has such a name."""
    return f"{name}-form"


def add_form(
    project: Project, name: str, fields: Sequence[Field], echo: Echo, dry_run: bool = False
) -> None:
    """Write a form as app/blueprints/NAME, its loader, its tests and a chart."""
    part = part_name(name)
    check_name(project, name)
    brought = brings(project, DATABASE, part)
    if not is_part(project, DATABASE.name):
        add_database(project, "", echo, dry_run)

    def draft(root: Path) -> None:
        render.render("blueprints/access", {}, root)
        render.render("blueprints/forms", {}, root)
        if any(field.type == "file" for field in fields):
            render.render("blueprints/form_files", {}, root)
        draft_chart(project, root, name, fields)

    add_part(
        project,
        Part(
            part,
            "blueprints/form",
            f"app/blueprints/{name}",
            REQUIRES,
            needs=(DATABASE.name,),
            brings=brought,
            answers=answers(name, fields),
        ),
        echo,
        dry_run,
        draft,
    )


def check_name(project: Project, name: str) -> None:
    """Raise FlaskdashError if a form of the project cannot have this name."""
    if is_part(project, part_name(name)):
        return  # its files are compared
    identifier = names.identifier(name, "form")
    if name != identifier:
        raise FlaskdashError(
            f"{name!r} cannot be the name of a form: use lower-case letters, digits and _, and no"
            " word that Python or SQL reserves.",
            hint=f"flaskdash add-form {identifier}",
        )
    if len(name) > LONGEST:
        raise FlaskdashError(
            f"{name} is longer than {LONGEST} letters. Choose a shorter name for the form.",
            hint=f"flaskdash add-form {name[:LONGEST].rpartition('_')[0] or name[:LONGEST]}",
        )
    clash = ""
    if name in contents.loaders(project):
        clash = "a loader"
    elif name in ROUTES or is_route(project, name):
        clash = "an address of the project"
    elif any((project.root / "app/blueprints" / entry).exists() for entry in (name, f"{name}.py")):
        clash = "a part of the project"
    elif name in tables(project):
        clash = "a table of the project"
    if clash:
        raise FlaskdashError(
            f"{name} is the name of {clash} already. Choose another name for the form.",
            hint=f"flaskdash add-form {name}_form",
        )


def is_route(project: Project, name: str) -> bool:
    """Return whether code of the project has a route that begins with a name."""
    route = re.compile(rf"""["']/{name}["'/<]|Blueprint\(\s*["']{name}["']""")
    paths = (project.root / "app").rglob("*.py")
    return any(route.search(path.read_text("utf-8", "replace")) for path in paths)


def tables(project: Project) -> set[str]:
    """Return the names of the tables that the project's models have."""
    pattern = re.compile(r"""__tablename__\s*=\s*["'](\w+)["']""")
    paths = (project.root / "app").rglob("*.py")
    return {"alembic_version"}.union(
        *(pattern.findall(path.read_text("utf-8", "replace")) for path in paths)
    )


def answers(name: str, fields: Sequence[Field]) -> dict[str, Any]:
    """Return what the skeleton of a form asks for."""
    row = singular(name)
    model = "".join(word.capitalize() for word in row.split("_"))
    if hasattr(builtins, model) or model in CLASSES or model.endswith("Form"):
        model += "Entry"
    sources = "\n".join(field.source for field in fields)
    used = {
        node.id
        for field in fields
        for node in ast.walk(ast.parse(field.source))
        if isinstance(node, ast.Name)
    }
    own = {"FileField", "FileSize", *FILE_NAMES}
    shared = {"ADDRESS", "BLANK", "TwoDecimals", "clean"}
    widgets = {field.kind.field for field in fields}
    validators = used - widgets - own - shared - {"CHOICES", "dt"}
    return {
        "name": name,
        "label": label(name),
        "row": row.replace("_", " "),
        "model": model,
        "form": f"{model}Form",
        "fields": [_answers_of(field) for field in fields],
        "choices": [
            (repr(field.name), ", ".join(repr(choice) for choice in field.choices))
            for field in fields
            if field.choices
        ],
        "filenames": [field.name for field in fields if field.type == "file"],
        "imports": {
            "wtforms": ", ".join(sorted(widgets - own)),
            "validators": ", ".join(sorted(validators)),
            "forms": ", ".join(sorted(used & shared)),
            "files": ", ".join(name for name in FILE_NAMES if name in used),
            "dates": "dt." in sources,
            "decimal": any(field.type == "money" for field in fields),
        },
        "sort": next(field.name for field in fields if field.type != "file"),
        "wrong": {field.name: field.kind.wrong for field in fields if field.kind.wrong},
    }


def _answers_of(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": field.label,
        "required": field.required,
        "annotation": field.annotation,
        "column": field.kind.column,
        "source": field.source,
        "dtype": field.kind.dtype,
        "typed": repr(field.typed),
        "is_file": field.type == "file",
        "is_long": field.type == "longtext",
        "is_short": field.type in {"date", "datetime", "flag", "email"},
        "is_number": field.kind.is_number,
    }


def singular(name: str) -> str:
    """Return a plural name as that of one row: orders gives order, categories gives category."""
    for ending, replacement in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch")):
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name.removesuffix(ending) + replacement
    is_plural = name.endswith("s") and not name.endswith(("ss", "us", "is")) and len(name) > 3
    return name.removesuffix("s") if is_plural else name


def draft_chart(project: Project, root: Path, name: str, fields: Sequence[Field]) -> None:
    """Draft the chart that the columns of a form suggest, on a dashboard of its own."""
    inspection = inspect_sample(fields)
    chart = suggest_chart(inspection, name)
    if chart is None:
        inspection = inspect_sample([CREATED])
        chart = Chart("line", name, "", x=CREATED.name, grain="day", filters=(CREATED.name,))
        chart = replace(chart, title=chart_file.title(chart))
    columns = {column.name: column for column in inspection.columns}
    if axes.follows_span(chart, columns):
        chart = replace(chart, grain=AUTO)  # nobody knows yet how many rows there will be
    title = label(name)
    similar = [
        each for each in contents.dashboards(project) if names.slug(each) == names.slug(title)
    ]
    chart_file.chart(
        root,
        names.identifier(f"{name} chart", "chart"),
        chart,
        columns,
        inspection.frame,
        dashboards=tuple(similar[:1] or [title]),
        order=ORDER,
        size="full",
    )


def suggest_chart(inspection: Inspection, data: str) -> Chart | None:
    """Return the first suggestion whose SQL does not depend on the invented values."""
    from flaskdash.charts.suggest import filters, suggest

    charts = (chart for chart in suggest(inspection, data) if chart.kind in CHARTS)
    chart = next(charts, None)
    return replace(chart, filters=filters(inspection)) if chart else None


def inspect_sample(fields: Sequence[Field]) -> Inspection:
    """Return what columns of a form mean, from invented rows."""
    import duckdb
    import pandas as pd

    from flaskdash.inspect.meaning import roles, sampled

    charted = [field for field in fields if field.kind.dtype]
    frame = pd.DataFrame(
        {field.name: [field.sample(n) for n in range(SAMPLE_ROWS)] for field in charted}
    ).astype({field.name: field.kind.dtype for field in charted})
    with tempfile.TemporaryDirectory(prefix="flaskdash-") as folder:
        sample = Path(folder) / "sample.parquet"
        with duckdb.connect() as connection:
            connection.from_df(frame).write_parquet(str(sample))
        with sampled.connect(Path(folder)) as connection:
            table = sampled.describe(connection, sample, {})
    declined = roles.decline(table.columns, table.rows)
    read = Read("parquet", rows=table.rows)
    return Inspection("", read, table.columns, "", table.frame, declined=declined, total=table.rows)
