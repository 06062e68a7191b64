"""The form that adds a chart to a served project: it suggests, drafts and adds charts.

Run as `python -m flaskdash.generate.chart_form` in a project, it reads requests in JSON, one a line,
and writes an answer for each. The project's own environment, in which `serve` runs it, has no
flaskdash. So this is a process of flaskdash's Python that `serve` starts with the form. It stays
while the form is used, because importing pandas and reading the columns takes a second, and a draft
takes a tenth of that.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flaskdash import names
from flaskdash.charts.kinds import (
    AGGREGATES,
    AUTO,
    AUTO_KINDS,
    COLUMNS,
    FLAGS,
    GRAINS,
    KINDS,
    MODES,
    ORIENTATIONS,
    Chart,
    Kind,
)
from flaskdash.errors import FlaskdashError
from flaskdash.generate import add, render
from flaskdash.generate.chart_file import FIRST_DASHBOARD
from flaskdash.generate.place import missing_packages
from flaskdash.inspect.model import Column
from flaskdash.progress import printable_lines
from flaskdash.project import Project, contents, results
from flaskdash.project.results import LoaderTable

ACTIONS = ("warm", "open", "draft", "add")
CHOICES = {
    "agg": AGGREGATES,
    "grain": (*GRAINS, AUTO),
    "mode": MODES,
    "orientation": ORIENTATIONS,
}
FIELDS = ("data", "kind", *FLAGS, "title", "dashboard")
LARGEST_LIMIT = 100_000
PREVIEW = "preview"  # the module of a draft
Request = Mapping[str, Any]
Answer = dict[str, Any]


class ChartForm:
    """The form of a project; `folder` is empty, and holds what is drafted."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        self.folder = folder
        self._tables: dict[str, LoaderTable] = {}
        self._suggested: dict[str, list[Chart]] = {}

    def answer(self, request: Request) -> Answer:
        """Answer a request; an error is the sentence of `add-chart`, with its hint and field."""
        try:
            if request.get("action") not in ACTIONS:
                raise FlaskdashError(f"Unknown action {request.get('action')!r}.")
            answer: Answer = getattr(self, f"_{request['action']}")(request)
            return answer
        except FlaskdashError as error:
            return error_of(error, request)
        except Exception as error:
            traceback.print_exc()
            return {"error": f"{type(error).__name__}: {error}", "hint": "", "field": ""}

    def _warm(self, _request: Request) -> Answer:
        """Import what the first form and its draft need."""
        for module in ("cookiecutter.generate", "duckdb", "pandas", "flaskdash.charts.suggest"):
            importlib.import_module(module)
        return {}

    def _open(self, request: Request) -> Answer:
        """Return what the form offers for a loader: the named one, or that of the page."""
        loaders = list(contents.loaders(self.project))
        dashboards = list(contents.dashboards(self.project)) or [FIRST_DASHBOARD]
        page = request.get("page")
        data = request.get("data")
        if data not in loaders:
            data = self._loader_of(page) or next(iter(loaders), None)
        answer: Answer = {
            "loaders": loaders,
            "data": data,
            "dashboards": dashboards,
            "dashboard": page if page in dashboards else dashboards[0],
            "kinds": list(map(_describe_kind, KINDS.values())),
            "choices": CHOICES,
            "columns": [],
            "suggestions": [],
            "filters": [],
        }
        try:
            table = self._load(data)
        except FlaskdashError as error:  # another loader may still be chosen
            return answer | error_of(error, {})
        suggested = self._suggested[table.name]
        return answer | {
            "columns": list(map(_describe_column, table.columns.values())),
            "suggestions": list(map(_describe_chart, suggested)),
            "filters": list(add.default_filters(table)),
        }

    def _draft(self, request: Request) -> Answer:
        """Return the file of a drafted chart, and what its preview needs that the project lacks."""
        table = self._table(request)
        chart, dashboard = add.finish_chart(
            self.project, table, self._chart(request, table), request.get("dashboard")
        )
        path = add.draft_chart(self.folder, PREVIEW, table, chart, dashboard)
        kind = KINDS[chart.kind]
        return {
            "title": chart.title,
            "file": str(self.folder / path),
            "dashboard": names.slug(dashboard),
            "modules": self._missing_modules(),
            "static": self._static(kind),
            "packages": missing_packages(self.project, kind.requires),
        }

    def _add(self, request: Request) -> Answer:
        """Write a chart as `add-chart` does; return its file, and all files that were created."""
        table = results.load_table(self.project, self._table(request).name)
        records = self.project.root / render.ORIGINALS
        before = set(render.files(records))
        lines: list[str] = []
        module = add.add_chart(
            self.project,
            table,
            self._chart(request, table),
            None,
            lines.append,
            dashboard=request.get("dashboard"),
        )
        verbs = [line.split(maxsplit=1) for line in lines]
        created = [text for verb, text in verbs if verb == "create"]
        recorded = [str(render.ORIGINALS / path) for path in render.files(records)]
        earlier = {str(render.ORIGINALS / path) for path in before}
        return {
            "file": f"app/charts/{module}.py",
            "created": created + [path for path in recorded if path not in earlier],
            "packages": [text for verb, text in verbs if verb == "require"],
        }

    def _loader_of(self, page: str | None) -> str | None:
        """Return the loader of most charts of a dashboard; its snapshot is probably current."""
        counts = Counter(
            chart.data[0]
            for chart in contents.charts(self.project).values()
            if page in chart.dashboards and len(chart.data) == 1
        )
        names = [name for name, _ in counts.most_common() if name in contents.loaders(self.project)]
        return next(iter(names), None)

    def _load(self, data: str | None) -> LoaderTable:
        """Return a loader's table as it is now, and keep it with its suggestions."""
        table = results.load_table(self.project, data)
        self._suggested[table.name] = add.suggested(self.project, table)
        self._tables[table.name] = table
        return table

    def _table(self, request: Request) -> LoaderTable:
        data = str(request.get("data"))
        return self._tables.get(data) or self._load(data)

    def _chart(self, request: Request, table: LoaderTable) -> Chart:
        """Return the suggestion that was chosen, or the chart of the fields."""
        suggested = self._suggested.get(table.name, [])
        number = request.get("suggestion")
        kind = request.get("kind")
        if isinstance(number, int) and 0 <= number < len(suggested):
            chart = suggested[number]
        elif isinstance(kind, str) and kind in KINDS:
            flags = {flag: _parse(flag, request.get(flag)) for flag in FLAGS}
            chart = Chart(kind, table.name, "", **flags)
        else:
            raise FlaskdashError(f"--kind is missing. Use one of: {', '.join(KINDS)}.")
        filters = request.get("filters")
        columns = filters if isinstance(filters, list) else []
        chart = add.with_row_name(chart, table)
        title = str(request.get("title") or "")
        return replace(chart, title=title, filters=tuple(map(str, columns)))

    def _missing_modules(self) -> dict[str, str]:
        """Return the files of drafted modules that the project lacks, by the module's name."""
        paths = sorted((self.folder / "app").glob("*.py"))
        return {
            f"app.{path.stem}": str(path)
            for path in paths
            if not (self.project.root / "app" / path.name).exists()
        }

    def _static(self, kind: Kind) -> str:
        """Return the folder of drafted static files if the kind needs some that the project lacks."""
        folder = self.folder / "app" / "static"
        files = render.files(folder) if {"plotly", "maps"} & {*kind.parts} else []
        missing = [path for path in files if not (self.project.root / "app/static" / path).exists()]
        return str(folder) if missing else ""


def error_of(error: FlaskdashError, request: Request) -> Answer:
    """Return an error as an answer, with the field that it is about: the first that it names."""
    columns = [
        flag for flag in COLUMNS if request.get(flag) and repr(request[flag]) in error.message
    ]
    flags = [*re.findall(r"--(\w+)", error.message), *columns, *re.findall(r"--(\w+)", error.hint)]
    return {
        "error": printable_lines(error.message),
        "hint": printable_lines(error.hint),
        "field": next((flag for flag in flags if flag in FIELDS), ""),
    }


def _parse(flag: str, value: object) -> Any:
    """Return the value of a field as the flag of `add-chart` takes it; None if it is empty."""
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if flag in CHOICES and text not in CHOICES[flag]:
        raise FlaskdashError(f"--{flag} is one of {', '.join(CHOICES[flag])}.")
    if flag == "limit":
        if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= LARGEST_LIMIT:
            raise FlaskdashError(f"--limit is a whole number from 1 to {LARGEST_LIMIT:,}.")
        return int(text)
    if flag == "target":
        try:
            return float(text)
        except ValueError:
            raise FlaskdashError("--target is a number.", hint="--target 5000") from None
    return str(value)  # the name of a column may begin with a space


def _describe_kind(kind: Kind) -> Answer:
    return {
        "name": kind.name,
        "summary": kind.summary,
        "needs": kind.needs,
        "takes": kind.takes,
        "numbers": kind.numbers,
        "sumsUp": kind.sums_up,
        "followsTime": kind.name in AUTO_KINDS,
    }


def _describe_column(column: Column) -> Answer:
    return {
        "name": column.name,
        "type": column.type,
        "role": column.role,
        "agg": column.agg,
        "grain": column.grain,
        "isFlag": column.type == "boolean" or column.yes is not None,
    }


def _describe_chart(chart: Chart) -> Answer:
    fields = {flag: getattr(chart, flag) for flag in FLAGS}
    return {"kind": chart.kind, "title": chart.title, "reason": chart.reason, **fields}


def main() -> None:
    """Answer the requests of standard input until it ends."""
    # What a library prints must not come between the answers.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        with tempfile.TemporaryDirectory(prefix="flaskdash-") as folder:
            form = ChartForm(Project.find(Path.cwd()), Path(folder))
            for line in sys.stdin.buffer:
                print(json.dumps(form.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
