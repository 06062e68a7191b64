"""Formats: values and names as people read them, and as browsers and spreadsheets may have them."""

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
# Under such a name a number is a name itself: order_id, ZIP, orderId.
CODE = re.compile(
    r"(?:^|[\W_])(?i:ids?|codes?|keys?|year|zip|zipcode|postcode|phone|fips|isbn|ean|upc|sku)$"
    r"|[\W_](?i:no|nr|number)$|[a-z](?:ID|Id|Code|Key|No|Nr|Number|Year)$"
)


def number(value: float | None, unit: str = "") -> str:
    """Return a number in short: 1234567 as 1.23M; with a unit, as $1.23M or 1.23M%."""
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
    """Return the rows of a table as people read them: in a column, numbers have as many decimals."""
    table, columns = plain(df), []
    for n, name in enumerate(df.columns):
        write = _number(str(name), df.iloc[:, n]) if df.dtypes.iloc[n].kind in "iuf" else str
        columns.append([MISSING if v is None else write(v) for v in table.iloc[:, n]])
    return list(zip(*columns, strict=True))


def _number(name: str, values: Series[Any]) -> Callable[[Any], str]:
    """Return how to write a column's numbers: 1,234.50, but years and codes without a comma."""
    filled = values.dropna().astype("float64")
    filled = filled[filled.abs() < math.inf]
    largest = filled.abs().max()
    if (filled == filled.round()).all():
        coded = CODE.search(name) or filled.between(1500, 2100).all() or largest >= 1e15
        mark = "" if coded else ","
        return lambda v: f"{v:{mark}.0f}" if isinstance(v, float) else f"{v:{mark}d}"
    most = 2 if largest >= 1000 else min(12, max(4, 3 - math.floor(math.log10(largest))))
    exact = [filled.round(n).equals(filled.round(most)) for n in range(most)]
    places = [*exact, True].index(True)
    return lambda v: f"{v:,.{places}f}"


def words(name: str) -> str:
    """Return a column's name as a label: order_date as Order date."""
    text = str(name).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def summary(df: DataFrame) -> str:
    """Return in words what a chart's rows hold, for those who do not see it."""
    said = [f"{len(df):,} row{'s' if len(df) != 1 else ''}"]
    columns = {str(name): df.iloc[:, n].tolist() for n, name in enumerate(df.columns)}
    kinds = dict(zip(columns, (kind.kind for kind in df.dtypes), strict=True))
    names = [columns[name] for name in columns if kinds[name] not in "iuf"][:2]
    for column in [name for name in columns if kinds[name] in "iuf"][:4]:
        numbers = [(v, -n) for n, v in enumerate(columns[column]) if isinstance(v, (int, float))]
        if filled := [pair for pair in numbers if pair[0] == pair[0]]:
            ends = []
            for value, row in (min(filled, key=lambda pair: (pair[0], -pair[1])), max(filled)):
                of = ", ".join(filter(None, (_name(values[-row]) for values in names)))
                ends.append(number(value) + (f" ({of})" if of else ""))
            said.append(f"{words(column)} from {' to '.join(ends)}")
    return "; ".join(said) + "."


def _name(value: Any) -> str:
    """Return a value as it stands in a sentence; nothing where it is missing."""
    if value is None or value != value:
        return ""
    return str(value).removesuffix(" 00:00:00")[:60]


def slug(title: str) -> str:
    """Return a title as it stands in a URL: Sales & costs as sales-costs."""
    return "-".join(re.findall(r"\w+", title.lower())) or "dashboard"


def plain(df: DataFrame) -> DataFrame:
    """Return a table of plain values: days and times as ISO text, missing ones as None."""
    out = df.copy()
    for column in out.select_dtypes(["datetime", "datetimetz"]).columns:
        times = out[column].dropna()
        days = bool((times == times.dt.normalize()).all())
        out[column] = out[column].dt.strftime("%Y-%m-%d" if days else "%Y-%m-%d %H:%M:%S")
    return out.astype(object).where(out.notna(), None)


def as_text(df: DataFrame) -> DataFrame:
    """Return the table with markup in its cells escaped: Plotly obeys <b> and <a> in labels."""

    def safe(value: Any) -> Any:
        return html.escape(value, False) if isinstance(value, str) else value

    kinds = df.dtypes.items()  # to look at numbers, too, takes as long as to draw them
    return df.assign(**{str(name): df[name].map(safe) for name, kind in kinds if kind.kind == "O"})


def as_json(df: DataFrame) -> str:
    """Return the table as JSON, in which there is no NaN, no infinity, and only plain types."""
    table = {"columns": list(df.columns), "rows": plain(df).to_numpy().tolist()}
    text = json.dumps(table, default=lambda v: v.tolist() if hasattr(v, "tolist") else str(v))
    return json.dumps(json.loads(text, parse_constant=lambda _: None))


def as_csv(df: DataFrame, *, goes_on: bool = False) -> str:
    """Return the table as CSV, with what a spreadsheet would run as a formula marked as text.

    One that goes on has its names already.
    """

    def neutral(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

    table = plain(df).map(neutral).rename(columns=neutral)
    text = table.to_csv(index=False, header=not goes_on, lineterminator="\r\n")
    return text if goes_on else "\ufeff" + text  # Excel takes UTF-8 only with this mark


_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four: = + - @ as wide as Chinese
