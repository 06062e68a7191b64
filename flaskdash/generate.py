"""The files of a loader and of a chart: what the skeletons are rendered with."""

from __future__ import annotations

import html
import io
import re
import tokenize
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from flaskdash import render, sql
from flaskdash.charts import ADDITIVE, COLUMNS, KINDS, Chart
from flaskdash.dialects import DUCKDB, Dialect
from flaskdash.inspect.model import Column, Inspection
from flaskdash.suggest import humanise

if TYPE_CHECKING:
    import pandas as pd

    from flaskdash.inspect.database import Database

FIRST_DASHBOARD = "Overview"
AGGREGATE_WORDS = {
    "sum": "the sum of",
    "last": "the latest",
    "mean": "the mean of",
    "median": "the median of",
    "min": "the least",
    "max": "the greatest",
    "count": "the count of",
    "distinct": "the number of different values of",
}
AGGREGATE_LABELS = {
    "mean": "average",
    "median": "median",
    "min": "least",
    "max": "greatest",
    "count": "count of",
    "distinct": "different",
}


def label(name: str) -> str:
    """Return a column's name as a label: in plain words, with a capital letter."""
    return _capital(humanise(name))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def title(chart: Chart) -> str:
    """Return a title for a chart that has none: Revenue by region, Average price over time."""
    words = {flag: humanise(getattr(chart, flag) or "rows") for flag in (*COLUMNS, "data")}
    measure = _measure_label(chart)
    total = f"total {words['y']}" if chart.agg == "sum" else measure
    text = KINDS[chart.kind].title.format(measure=measure, total=total, **words)
    by = f", by {words['color']}" if chart.color else ""
    return _capital(text) + by


def bins(chart: Chart, frame: pd.DataFrame) -> sql.Bins:
    """Return a histogram's bins; none for other kinds."""
    if chart.kind != "histogram":
        return sql.NO_BINS
    values = frame[chart.x].dropna().astype(float)
    if values.empty:
        return sql.Bins(1)
    whole = bool((values == values.round()).all())
    low, high = (float(values.quantile(q)) for q in (0.01, 0.99))
    return sql.bins(low, high, float(values.min()), float(values.max()), whole=whole)


def loader(
    root: Path, name: str, inspection: Inspection, file: str, url: str = "", refresh: str = ""
) -> PurePosixPath:
    """Draft the loader of a source whose copy is data/`file`, or of a URL; return its module's path."""
    context = {
        "module": name,
        "summary": f"{label(name)}: {_line(file)}, {_shape(inspection)} when it was added.",
        "doing": f"Read {_line(file)}, as it is written."
        if not inspection.files
        else f"Read the files in {_line(file)}, as they are written, one after the other.",
        "source": repr(url or file),
        "url": bool(url),
        "refresh": repr(refresh) if refresh else "",
        "body": _downloaded(inspection.body) if url else inspection.body.strip(),
    }
    render.render("loader", context, root)
    return PurePosixPath("app", "loaders", f"{name}.py")


def database_loader(
    root: Path, name: str, inspection: Inspection, database: Database, refresh: str
) -> PurePosixPath:
    """Draft the loader of a database's table, and the code that it shares with others like it."""
    if database.live:
        render.render("live", {}, root)
    what = f"{_line(database.name)} in {database.dialect.title}"
    context = {
        "module": name,
        "summary": f"{label(name)}: {what}, {_shape(inspection)} when it was added.",
        "doing": "Read the first rows: what add-chart looks at, and the tests."
        if database.live
        else "Read all rows.",
        "variable": repr(database.variable),
        "query": _text(database.query),
        "columns": repr(database.columns),
        "refresh": repr(refresh),
        "live": database.live,
    }
    render.render("database", context, root)
    return PurePosixPath("app", "loaders", f"{name}.py")


def _downloaded(body: str) -> str:
    """Return the body for a file that is downloaded first: what it calls SOURCE is the copy."""
    body = body.strip()
    tokens = tokenize.generate_tokens(io.StringIO(body).readline)
    names = [token.start for token in tokens if token.string == "SOURCE"]
    lines = body.split("\n")
    for row, column in reversed(names):
        line = lines[row - 1]
        lines[row - 1] = f"{line[:column]}file{line[column + len('SOURCE') :]}"
    first = next(i for i, line in enumerate(lines) if not line.startswith(("import ", "from ")))
    imports = ["from app.download import download", "", "file = download(SOURCE)"]
    return "\n".join([*lines[:first], "", *imports, *lines[first:]])


def chart(
    root: Path,
    name: str,
    chart: Chart,
    columns: Mapping[str, Column],
    bins: sql.Bins = sql.NO_BINS,
    *,
    to: Dialect = DUCKDB,
    dashboards: tuple[str, ...] = (FIRST_DASHBOARD,),
    order: int = 100,
    size: str = "half",
) -> PurePosixPath:
    """Draft a chart; return the path of its module."""
    query = sql.select(chart, columns, bins, to)
    context: dict[str, Any] = {
        "kind": chart.kind,
        "docstring": f"{_line(chart.title)}.",
        "title": repr(chart.title),
        "data": chart.data,
        "filters": repr(list(chart.filters)),
        "dashboards": repr(list(dashboards)),
        "order": order,
        "size": size,
        "sql": _text(query),
        **_drawing(chart, columns, bins),
    }
    render.render("chart", {"module": name, "chart": context}, root)
    return PurePosixPath("app", "charts", f"{name}.py")


def _drawing(chart: Chart, columns: Mapping[str, Column], bins: sql.Bins) -> dict[str, Any]:
    """Return what a chart's figure() needs, each as Python source or as plain words."""
    y = sql.measure_name(chart)
    y_column = columns.get(chart.y or "")
    x_column = columns.get(chart.x or "")
    unit = "" if chart.agg in {"count", "distinct"} else (y_column and y_column.unit) or ""
    measure = (
        f"{AGGREGATE_WORDS[chart.agg or 'sum']} {chart.y}" if chart.y else "the number of rows"
    )
    if not KINDS[chart.kind].sums_up:
        measure = y
    x_is_time = bool(chart.grain or (x_column and x_column.role == "time"))
    y_axis = _axis(_measure_label(chart), unit, zero=chart.agg in {"sum", "count"})
    if chart.mode == "percent":
        y_axis = _axis(f"share of {_measure_label(chart)}", "%")
    return {
        "x": repr(chart.x),
        "y": repr(y),
        "color": repr(chart.color) if chart.color else "",
        "unit": repr(unit) if unit else "",
        "x_words": _line(chart.x or ""),
        "color_words": _line(chart.color or ""),
        "measure": _line(measure),
        "x_axis": repr(_axis(chart.x or "", (x_column and x_column.unit) or "")),
        "y_axis": repr(y_axis),
        "hover": lambda text: _hover(chart, unit, text),
        "x_is_text": bool(x_column and x_column.type == "text"),
        "x_is_time": x_is_time,
        "sized": repr(chart.size) if chart.size else "",
        "sized_words": _line(chart.size or ""),
        "mode": chart.mode or ("stack" if chart.agg in ADDITIVE else "group"),
        "upright": chart.orientation == "vertical" if chart.orientation else x_is_time,
        "bin_width": bins.width,
    }


def _measure_label(chart: Chart) -> str:
    if chart.y is None:
        return "rows"
    words = humanise(chart.y)
    how = AGGREGATE_LABELS.get(chart.agg or "", "")
    return words if words.lower().startswith(how.lower()) else f"{how} {words}"


def _axis(name: str, unit: str, zero: bool = False) -> dict[str, Any]:
    # An axis has room for about so many letters; the chart's title says the rest.
    axis: dict[str, Any] = {"title": html.escape(_capital(humanise(name, 36)), quote=False)}
    if unit == "%":
        axis["ticksuffix"] = unit
    elif unit:
        axis["tickprefix"] = unit
    if zero:
        axis["rangemode"] = "tozero"
    return axis


def _hover(chart: Chart, unit: str, text: str) -> str:
    """Return a hover text as Python source; in it #y is the y of a point, with the measure's unit."""
    before, after = ("", unit) if unit == "%" else (unit, "")
    whole = re.sub(r"#(\w+)", lambda found: f"{before}%{{{found[1]}:,.4~g}}{after}", text)
    return repr(whole + f"<extra>{'%{fullData.name}' if chart.color else ''}</extra>")


def _shape(inspection: Inspection) -> str:
    return f"{inspection.read.rows:,} rows, {len(inspection.columns)} columns"


def _line(text: str) -> str:
    """Return text as one line that can stand in a docstring or a comment."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line.replace("\\", "/").replace('"', "'").rstrip(".")[:80]


def _text(query: str) -> str:
    """Return SQL as a Python string over several lines."""
    return '"""\n' + query.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + '\n"""'
