"""Render the file of a chart."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from flaskdash.charts import axes, sql
from flaskdash.charts.kinds import ADDITIVE, AUTO, COLUMNS, KINDS, Chart
from flaskdash.charts.labels import labels
from flaskdash.charts.suggest import wording
from flaskdash.charts.suggest.places import US_STATES
from flaskdash.charts.suggest.wording import humanise
from flaskdash.errors import FlaskdashError
from flaskdash.generate import render, shapes
from flaskdash.generate.literals import one_line, triple_quoted
from flaskdash.inspect.dialects import DUCKDB, Dialect
from flaskdash.inspect.model import Column
from flaskdash.names import capital

if TYPE_CHECKING:
    import pandas as pd

FIRST_DASHBOARD = "Overview"
FRACTION = "share of one"  # units of this module only
FRACTION_KINDS = {"kpi", "line", "area", "bar", "scatter", "bubble"}
LOSSES = "dollars below zero"  # with the sign before the unit
HOVER = {FRACTION: ".1%", "$": "$,.4~r", LOSSES: "$,.4~r"}
MIN_PARTS = 15  # that a chart shows without --limit
PARTS = ("sparkline", "notes", "steps")
MAX_AXIS_TITLE = 36  # letters; an axis has no room for more
AGGREGATE_WORDS = {
    "sum": "the sum of",
    "last": "the latest",
    "mean": "the mean of",
    "median": "the median of",
    "min": "the least",
    "max": "the greatest",
    "count": "the count of",
    "distinct": "the number of different values of",
    "share": "the share of rows (in percent) with",
}
AGGREGATE_LABELS = {
    "mean": "average",
    "median": "median",
    "min": "least",
    "max": "greatest",
    "count": "count of",
    "distinct": "different",
    "share": "share with",
}


def title(chart: Chart) -> str:
    """Return a title from the columns of a chart: Revenue by region, Average price over time."""
    named = {flag: humanise(getattr(chart, flag) or "rows") for flag in (*COLUMNS, "data")}
    measure = _measure_label(chart)
    total = _total(chart)
    total = f"latest {measure}" if chart.x else total
    price = named["y"] if chart.y else "price"
    text = KINDS[chart.kind].title.format(measure=measure, total=total, price=price, **named)
    text += f" and {named['by']}" if chart.by and "{by}" not in KINDS[chart.kind].title else ""
    text += f" by {named['x']}" if chart.x and chart.kind == "bullet" else ""
    if chart.kind == "histogram" and chart.by:
        text = f"distribution of {named['x']} per {named['by']}"
    by = f", by {named['color']}" if chart.color else ""
    return capital(text) + by


def _total(chart: Chart) -> str:
    """Return the words for a chart's single number: total revenue, average price."""
    return f"total {humanise(chart.y or '')}" if chart.agg == "sum" else _measure_label(chart)


def bins(chart: Chart, frame: pd.DataFrame, columns: Mapping[str, Column]) -> sql.Bins:
    """Return the bins of a histogram; NO_BINS for other kinds."""
    if chart.kind != "histogram":
        return sql.NO_BINS
    if chart.only:
        frame = frame[frame[chart.only[0]] == chart.only[1]]
    values = frame[chart.x].dropna()
    if chart.by:
        values = values.groupby(frame[chart.by]).agg(sql.total_per(columns[chart.x or ""]))
    values = values.astype(float)
    if values.empty:
        return sql.Bins(1)
    is_whole = bool((values == values.round()).all())
    low, high = (float(values.quantile(share)) for share in (0.01, 0.99))
    extremes = float(values.min()), float(values.max())
    return sql.bins(low, high, *extremes, whole=is_whole, rows=len(values))


def in_usa(chart: Chart, frame: pd.DataFrame) -> bool:
    """Return whether a map shows the USA: most names are states, or nearly all points are there."""
    if chart.kind == "choropleth":
        values = {str(value).strip().casefold() for value in frame[chart.x].dropna().unique()}
        return len(values & US_STATES) > len(values) / 2
    if chart.kind != "map":
        return False
    points = frame[[chart.x, chart.y]].dropna().astype(float)
    x, y = (points[name] for name in (chart.x, chart.y))
    contiguous = x.between(-125, -66.9) & y.between(24.4, 49.4)
    alaska_or_hawaii = x.between(-180, -141) & y.between(18.9, 71.5)
    return bool((contiguous | alaska_or_hawaii).mean() > 0.97)


def chart(
    root: Path,
    name: str,
    chart: Chart,
    columns: Mapping[str, Column],
    frame: pd.DataFrame,
    *,
    to: Dialect = DUCKDB,
    dashboards: tuple[str, ...] = (FIRST_DASHBOARD,),
    order: int = 100,
    size: str = "half",
) -> PurePosixPath:
    """Draft a chart, with the parts that its kind needs; return the path of its module.

    Raises FlaskdashError if its grain follows the filters, which a query in its database cannot.
    """
    if chart.grain == AUTO and to is not DUCKDB:
        raise FlaskdashError(
            f"{chart.data} is asked in its database, where --grain auto does not work",
            hint="--grain month",
        )
    histogram_bins = bins(chart, frame, columns)
    usual = axes.usual(chart, columns, frame)
    usual = replace(usual, slack=axes.slack(usual, frame))
    chart = replace(chart, ends_apart=axes.ends_apart(chart, columns, frame))
    chart = replace(chart, ends_thinly=axes.ends_thinly(chart, columns, frame))
    chart = replace(chart, least_rows=axes.least_rows(chart, frame))
    chart = replace(chart, label=axes.label(chart, columns, frame))
    chart = replace(chart, slack=usual.slack, starts_late=axes.starts_late(usual, frame))
    drawing = _drawing(chart, columns, histogram_bins, frame)
    drawing["every_step"] = axes.every_step(chart, columns, frame)
    drawing["many_lines"] = axes.line_count(chart, columns) > axes.MAX_COLOURED
    note = _note(chart, columns, drawing)
    query = sql.select(chart, columns, histogram_bins, to)
    context: dict[str, Any] = {
        "kind": chart.kind,
        "docstring": f"{one_line(chart.title)}.",
        "title": repr(chart.title),
        "data": repr(list(chart.join.loaders) if chart.join else chart.data),
        "filters": repr(list(chart.filters)),
        "dashboards": repr(list(dashboards)),
        "grain_is_auto": chart.grain == AUTO,
        "order": order,
        "size": size,
        "sql": triple_quoted(query),
        **drawing,
        "usa": in_usa(chart, frame),
        **_write_shapes(root, chart, frame),
        "note": note,
        "imports": _imports(chart, note, drawing),
    }
    parts = list(KINDS[chart.kind].parts)
    parts += [part for part in PARTS if any(f"app.{part} " in line for line in context["imports"])]
    if note or "sparkline" in parts:
        parts += ["steps"] * ("steps" not in parts)  # notes.py and sparkline.py import it
    for part in parts:
        render.render_part(part, {}, root)
    render.render("chart", {"module": name, "chart": context}, root)
    return PurePosixPath("app", "charts", f"{name}.py")


def _write_shapes(root: Path, chart: Chart, frame: pd.DataFrame) -> dict[str, str]:
    """Write the areas of a map; return their file in app/static, or "", and the projection."""
    if not chart.shapes:
        return {"shapes": "", "projection": ""}
    areas = shapes.read(Path(chart.shapes), chart.key, frame[chart.x].dropna().unique())
    file = root / shapes.FOLDER / areas.file
    file.parent.mkdir(parents=True)
    file.write_text(areas.text, "utf-8")
    projection = "natural earth" if areas.is_wide else "mercator"
    return {"shapes": f"shapes/{areas.file}", "projection": projection}


def _imports(chart: Chart, note: str, drawing: Mapping[str, Any]) -> list[str]:
    """Return the imports that a chart needs beside those of its kind."""
    has_course = chart.kind == "kpi" and chart.x is not None
    names_times = chart.kind == "waterfall" and drawing["x_is_time"]
    steps = ["every_step"] * bool(drawing["every_step"]) + ["period"] * names_times
    return [
        *([f"from app.notes import {note.partition('(')[0]}"] if note else []),
        *(["from app.sparkline import course"] if has_course else []),
        *([f"from app.steps import {', '.join(steps)}"] if steps else []),
    ]


def _note(chart: Chart, columns: Mapping[str, Column], drawing: Mapping[str, Any]) -> str:
    """Return the call that says what a chart shows, as Python source, or "" if nothing does."""
    x, y = f"df[{chart.x!r}]", f"{drawing['factor']}df[{drawing['y']}]"
    unit = f", {drawing['unit']}" if drawing["unit"] else ""
    column = columns.get(chart.x or "")
    # Shares are those of all rows: each is in one part, and all parts are shown.
    is_whole = (
        chart.agg in {"sum", "count"}
        and column is not None
        and not column.separator
        and column.distinct <= (chart.limit or MIN_PARTS)
    )
    if chart.kind in {"pie", "donut"}:
        return f"shares({x}, {y})"
    if chart.kind in {"scatter", "bubble"}:
        return f"related({x}, {y})"
    if chart.color or chart.by:
        return ""
    if step := axes.time_step(chart, columns):
        is_line = chart.kind in {"line", "area", "bar"}
        return f"course({x}, {y}, {axes.step_source(step)}{unit})" if is_line else ""
    if chart.kind in {"bar", "treemap", "funnel"} and chart.x:
        return f"shares({x}, {y})" if is_whole else f"largest({x}, {y}{unit})"
    if chart.kind == "histogram":
        width = drawing["bin_width"]
        if drawing["x_factor"]:
            return f"middle(100 * {x}, {y}, {100 * width:g}, '%')"
        return f"middle({x}, {y}, {width}{unit})"
    return ""


def _drawing(
    chart: Chart, columns: Mapping[str, Column], bins: sql.Bins, frame: pd.DataFrame
) -> dict[str, Any]:
    """Return the values for a chart's figure(): Python source, words and flags."""
    y = sql.measure_name(chart)
    y_column = columns.get(chart.y or "")
    x_column = columns.get(chart.x or "")
    if chart.across:
        y_column = columns[chart.across[0]]
    unit = "" if chart.agg in {"count", "distinct"} else (y_column and y_column.unit) or ""
    unit = "%" if chart.agg == "share" else unit
    if chart.kind in FRACTION_KINDS and chart.agg not in {"sum", "share", "count", "distinct"}:
        unit = FRACTION if axes.is_fraction(chart.y, columns, frame) else unit
    if unit == "$" and y_column and axes.has_losses(frame[y_column.name]):
        unit = LOSSES
    unit = unit if unit in {FRACTION, LOSSES} else axes.placed(unit)
    may_be_log = chart.kind in {"scatter", "bubble"}
    sign = {FRACTION: "%", LOSSES: "$"}.get(unit, unit)
    x_unit = FRACTION if axes.is_fraction(chart.x, columns, frame) else (x_column and x_column.unit)
    x_axis = _axis(
        _x_label(chart, columns),
        FRACTION if x_unit == FRACTION else axes.placed(x_unit or ""),
        log=axes.log_scale(frame[chart.x]) if may_be_log else None,
    )
    x_axis["title"] += _ends(bins)
    measure = (
        f"{AGGREGATE_WORDS[chart.agg or 'sum']} {chart.y}" if chart.y else "the number of rows"
    )
    if chart.across and chart.agg != "count":
        columns_word = "answers" if chart.agg == "share" else "measures"
        measure = f"{AGGREGATE_WORDS[chart.agg or 'sum']} {len(chart.across)} {columns_word}"
    if not KINDS[chart.kind].sums_up:
        measure = y
    is_plain = chart.agg == "mean" and axes.is_each_once(chart, frame)
    label = y if is_plain else _measure_label(chart)
    if chart.weight:
        weighted = f", weighted by {humanise(chart.weight)}"
        # The title names the measure, and an axis has no room for both.
        measure, label = measure + weighted, f"average{weighted}"
    x_is_time = bool(chart.grain or (x_column and x_column.role == "time"))
    x_is_text = x_column is None or x_column.type == "text"
    by_column = columns.get(chart.by or "")
    by_is_text = bool(chart.by) and (by_column is None or by_column.type == "text")
    y_axis = _axis(
        label,
        unit,
        zero=chart.agg in {"sum", "count", "share"},
        log=axes.log_scale(frame[chart.y]) if may_be_log else None,
    )
    x_names, color_names = _x_names(chart, x_column), _color_names(chart, columns)
    if chart.mode == "percent":
        y_axis = _axis(f"share of {_measure_label(chart)}", "%")
    return {
        "x": repr(chart.x),
        "y": repr(y),
        "color": repr(chart.color) if chart.color else "",
        "unit": repr(sign) if sign else "",
        "x_factor": "100 * " if x_unit == FRACTION else "",
        "factor": "100 * " if unit == FRACTION else "",
        "x_words": one_line(chart.x or ""),
        "color_words": one_line(chart.color or ""),
        "measure": one_line(measure),
        "x_axis": repr(x_axis),
        "y_axis": repr(y_axis),
        "rows_axis": repr(capital(chart.row_name or "rows")),
        "hover": lambda text: _hover(chart, unit, text),
        "x_is_text": x_is_text,
        "x_names": repr(x_names) if x_names else "",
        "color_names": repr(color_names) if color_names else "",
        "x_is_time": x_is_time,
        "label": repr(chart.label) if chart.label else "",
        "sized": repr(chart.size) if chart.size else "",
        "sized_words": one_line(chart.size or ""),
        "mode": chart.mode or ("stack" if chart.agg in ADDITIVE and not chart.across else "group"),
        "upright": chart.orientation == "vertical" if chart.orientation else x_is_time,
        "bin_width": bins.width,
        "grain": chart.grain or "",
        "by": repr(chart.by) if chart.by else "",
        "by_words": one_line(chart.by or ""),
        "by_is_text": by_is_text,
        "by_axis": repr(_axis(f"number of {humanise(chart.by or '')}", "")["title"]),
        "x_order": _order(x_is_text, x_is_time, x_column.order if x_column else ()),
        "x_order_upwards": _order_upwards(x_is_text, x_column.order if x_column else ()),
        "by_order": _order_upwards(by_is_text, by_column.order if by_column else ()),
        "candle": list(map(repr, sql.candle_names(chart))),
        "target": chart.target if chart.target is None else f"{chart.target:.15g}",
        "box": list(map(repr, sql.box_names(chart))),
        "words": _words(chart, sign, columns),
        "total": repr(capital(_total(chart))),
        "step": axes.time_step(chart, columns) or "step",
    }


def _x_names(chart: Chart, x_column: Column | None) -> list[str]:
    """Return the categories of x in their order: levels, or the questions of a scale."""
    if chart.across and chart.agg == "count":
        return labels(chart.across)
    return list(x_column.order) if x_column else []


def _color_names(chart: Chart, columns: Mapping[str, Column]) -> list[str]:
    """Return the levels that have colours, in their order, or []."""
    if chart.across and chart.agg == "count":
        return max((list(columns[name].order) for name in chart.across), key=len)
    column = columns.get(chart.color or "")
    return list(column.order) if column else []


def _words(chart: Chart, unit: str, columns: Mapping[str, Column]) -> str:
    """Return the first Markdown of a text chart, with the names of values in braces."""
    has_time = any(column.role == "time" for column in columns.values())
    period = " between {first} and {last}" if has_time else ""
    if chart.y is None:
        return repr(f"**{{rows}}** rows{period}.")
    value = f"{{value}}{unit}" if _is_behind(unit) else f"{unit}{{value}}"
    name = re.sub(r"([\\`*_\[\]<>#!|~&])", r"\\\1", one_line(_total(chart)))
    name = capital(name).replace("{", "{{").replace("}", "}}")
    return repr(f"{name}: **{value}**, from {{rows}} rows{period}.")


def _order(is_text: bool, is_time: bool = False, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an axis of categories: in the order of `names`, else text with the largest first."""
    if is_time:
        return {}
    axis: dict[str, Any] = {"type": "category"}
    if names:
        return axis | {"categoryorder": "array", "categoryarray": list(names)}
    return axis | ({"categoryorder": "total descending"} if is_text else {})


def _order_upwards(is_text: bool, names: tuple[str, ...]) -> dict[str, Any]:
    """Return a vertical axis of categories, with the first or the largest at the top."""
    if names:
        return _order(is_text, names=names) | {"autorange": "reversed"}
    return {"type": "category"} | (
        {"categoryorder": "total ascending"} if is_text else {"autorange": "reversed"}
    )


def _measure_label(chart: Chart) -> str:
    if chart.y is None:
        return chart.row_name or "rows"
    if chart.across:
        return wording.compared(chart.across, chart.agg or "")
    if chart.agg == "share":
        return wording.share(chart.y)
    name = humanise(chart.only[1] if chart.only else chart.y)
    label = AGGREGATE_LABELS.get(chart.agg or "", "")
    return name if label in name.lower().split() else f"{label} {name}".strip()


def _x_label(chart: Chart, columns: Mapping[str, Column]) -> str:
    if chart.kind != "histogram" or chart.x is None:
        return chart.x or ""
    name = chart.only[1] if chart.only else chart.x
    if chart.by is None:
        return name
    label = {"sum": "total", "count": "count of"}[sql.total_per(columns[chart.x])]
    return f"{label} {humanise(name)} per {humanise(chart.by)}"


def _axis(
    name: str, unit: str, zero: bool = False, log: axes.LogScale | None = None
) -> dict[str, Any]:
    title = capital(humanise(name, MAX_AXIS_TITLE))
    axis: dict[str, Any] = {"title": html.escape(title, quote=False)}
    if unit in {FRACTION, LOSSES}:
        axis["tickformat"] = ".0%" if unit == FRACTION else "$~s"
    elif _is_behind(unit):
        axis["ticksuffix"] = unit
    elif unit:
        axis["tickprefix"] = unit
    if zero:
        axis["rangemode"] = "tozero"
    if log:
        # Without dtick, labels between the powers of ten are "2" and "5".
        title = f"{axis['title']} ({log.words})"
        axis |= {"type": "log", "dtick": log.decades, "title": title}
    return axis


def _is_behind(unit: str) -> bool:
    """Tell whether a unit is written behind its number."""
    return unit == "%" or unit.startswith(" ")


def _ends(bins: sql.Bins) -> str:
    """Return in words what the outermost bars of a histogram count, if that is more than a bin."""
    ends = []
    if bins.first is not None:
        ends.append(f"first bar: all below {_short((bins.first + 1) * bins.width)}")
    if bins.last is not None:
        ends.append(f"last bar: all from {_short(bins.last * bins.width)}")
    return f" ({', '.join(ends)})" if ends else ""


def _short(number: float) -> str:
    """Return a number as the labels of an axis write it: 16M, 26k, 2500, 0.04."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= 10 * size or abs(number) >= size > 1e3:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


def _hover(chart: Chart, unit: str, text: str) -> str:
    """Return a hover template as Python source; #y in `text` becomes the y value with its unit."""
    number_format = HOVER.get(unit, ",.4~r")
    text = f"%{{hovertext}}<br>{text}" if chart.label else text
    before, after = ("", unit) if _is_behind(unit) else ("" if unit in HOVER else unit, "")
    template = re.sub(
        r"#(\w+)", lambda match: f"{before}%{{{match[1]}:{number_format}}}{after}", text
    )
    return repr(f"{template}<extra>{'%{fullData.name}' if chart.color else ''}</extra>")
