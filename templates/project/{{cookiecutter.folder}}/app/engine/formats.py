"""Formats: values and names as text for people, JSON for browsers, CSV for spreadsheets."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame, Series

MISSING = "–"
# What a spreadsheet takes for the start of a formula; the last four are = + - @ in full width.
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
# Numbers in columns with these names are identifiers: order_id, ZIP, orderId.
CODE = re.compile(
    r"(?:^|[\W_])(?i:ids?|codes?|keys?|year|zip|zipcode|postcode|phone|fips|isbn|ean|upc|sku)$"
    r"|[\W_](?i:no|nr|number)$|[a-z](?:ID|Id|Code|Key|No|Nr|Number|Year)$"
)


def number(value: float | None, unit: str = "") -> str:
    """Return a number in short form: 1234567 as 1.23M; with a unit, as $1.23M or 1.23M%."""
    try:
        if value is None or not math.isfinite(value):
            return MISSING
    except TypeError:  # pandas' own mark for a missing integer
        return MISSING
    if not 1e3 <= abs(value) < 1e4:
        value = float(f"{value:.3g}")
    size, suffix = next(
        ((size, s) for size, s in ((1e12, "T"), (1e9, "B"), (1e6, "M")) if abs(value) >= size),
        (1e3, "k") if abs(value) >= 1e4 else (1, ""),
    )
    text = f"{value:,.0f}" if size == 1 and abs(value) >= 1e3 else f"{value / size:.3g}"
    return f"{text}{suffix}{unit}" if unit == "%" else f"{unit}{text}{suffix}"


def cells(df: DataFrame) -> list[tuple[str, ...]]:
    """Return the rows of a table as text; the numbers of a column have the same decimals."""
    table, columns = plain(df), []
    for n, name in enumerate(df.columns):
        is_number = df.dtypes.iloc[n].kind in "iuf"
        to_text = _number_format(str(name), df.iloc[:, n]) if is_number else str
        columns.append([MISSING if v is None else to_text(v) for v in table.iloc[:, n]])
    return list(zip(*columns, strict=True))


def _number_format(name: str, values: Series[Any]) -> Callable[[Any], str]:
    """Return how to write a column's numbers: 1,234.50, but years and codes without a comma."""
    filled = values.dropna().astype("float64")
    filled = filled[filled.abs() < math.inf]
    largest = filled.abs().max()
    if (filled == filled.round()).all():
        is_code = CODE.search(name) or filled.between(1500, 2100).all() or largest >= 1e15
        comma = "" if is_code else ","
        return lambda v: f"{v:{comma}.0f}" if isinstance(v, float) else f"{v:{comma}d}"
    most = 2 if largest >= 1000 else min(12, max(4, 3 - math.floor(math.log10(largest))))
    exact = [filled.round(n).equals(filled.round(most)) for n in range(most)]
    places = [*exact, True].index(True)
    return lambda v: f"{v:,.{places}f}"


def words(name: str) -> str:
    """Return a column's name as a label: order_date as Order date."""
    text = str(name).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def summary(df: DataFrame) -> str:
    """Return in words what a chart's rows hold, for screen readers."""
    parts = [f"{len(df):,} row{'s' if len(df) != 1 else ''}"]
    numeric = [kind.kind in "iuf" for kind in df.dtypes]
    labels = [df.iloc[:, n].tolist() for n, is_number in enumerate(numeric) if not is_number][:2]
    for n in [n for n, is_number in enumerate(numeric) if is_number][:4]:
        pairs = [
            (value, -row)
            for row, value in enumerate(df.iloc[:, n].tolist())
            if isinstance(value, (int, float)) and value == value
        ]
        if not pairs:
            continue
        ends = []
        for value, row in (min(pairs, key=lambda pair: (pair[0], -pair[1])), max(pairs)):
            names = ", ".join(filter(None, (_label(column[-row]) for column in labels)))
            ends.append(number(value) + (f" ({names})" if names else ""))
        parts.append(f"{words(str(df.columns[n]))} from {' to '.join(ends)}")
    return "; ".join(parts) + "."


def _label(value: Any) -> str:
    if value is None or value != value:
        return ""
    return str(value).removesuffix(" 00:00:00")[:60]


def slugify(title: str) -> str:
    """Return a title as part of a URL: Sales & costs as sales-costs."""
    return "-".join(re.findall(r"\w+", title.lower())) or "dashboard"


def plain(df: DataFrame) -> DataFrame:
    """Return a table of plain values: days and times as ISO text, missing ones as None."""
    out = df.copy()
    for column in out.select_dtypes(["datetime", "datetimetz"]).columns:
        times = out[column].dropna()
        days = bool((times == times.dt.normalize()).all())
        out[column] = out[column].dt.strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M:%S")
    return out.astype(object).where(out.notna(), None)


def escape(df: DataFrame) -> DataFrame:
    """Return the table with markup in its cells escaped: Plotly obeys <b> and <a> in labels."""

    def escape_cell(value: Any) -> Any:
        return html.escape(value, False) if isinstance(value, str) else value

    # Numbers are left out because mapping over them takes as long as drawing them.
    names = [name for name, kind in df.dtypes.items() if kind.kind == "O"]
    return df.assign(**{str(name): df[name].map(escape_cell) for name in names})


def as_json(df: DataFrame) -> str:
    """Return the table as JSON of plain types: NaN and infinity become null."""
    table = {"columns": list(df.columns), "rows": plain(df).to_numpy().tolist()}
    text = json.dumps(table, default=lambda v: v.tolist() if hasattr(v, "tolist") else str(v))
    return json.dumps(json.loads(text, parse_constant=lambda _: None))


def as_csv(df: DataFrame, *, header: bool = True) -> str:
    """Return the table as CSV; an apostrophe marks what a spreadsheet would run as a formula."""

    def neutralise(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value

    table = plain(df).map(neutralise).rename(columns=neutralise)
    text = table.to_csv(index=False, header=header, lineterminator="\r\n")
    return "\ufeff" + text if header else text  # Excel reads UTF-8 only with this mark
