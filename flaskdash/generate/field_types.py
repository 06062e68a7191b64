"""The types of a form's fields: the Python that each becomes, and its values in tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class FieldType:
    """A type of field: its column, its input, its checks, and its values in a loader and in tests.

    `sample` is valid, in the loader's type; `typed` is the same in a request, and `wrong` is not valid.
    """

    python: str
    column: str
    field: str
    checks: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    dtype: str = ""  # empty: the loader leaves it out
    is_text: bool = False
    is_number: bool = False
    typed: str = ""
    wrong: str = ""  # in Python
    sample: Callable[[int], Any] = str


FIRST = date(2026, 1, 1)
DAYS = "DateRange(dt.date(1900, 1, 1), dt.date(2199, 12, 31))"
CLEAN = ("filters=[clean]",)
TYPES = {
    "text": FieldType(
        "str",
        "sa.String(200)",
        "StringField",
        ("Length(max=200)",),
        CLEAN,
        dtype="str",
        is_text=True,
        typed="Ann <b>& Bob</b>",
        wrong='"x" * 201',
        sample=lambda n: f"Person {n}",
    ),
    "longtext": FieldType(
        "str",
        "sa.Text",
        "TextAreaField",
        ("Length(max=10_000)",),
        CLEAN,
        dtype="str",
        is_text=True,
        typed="A <script>remark</script>",
        wrong='"x" * 10_001',
        sample=lambda n: f"Remark number {n}, which is a sentence.",
    ),
    "integer": FieldType(
        "int",
        "sa.Integer",
        "IntegerField",
        ("NumberRange(-2_147_483_648, 2_147_483_647)",),
        dtype="Int64",
        is_number=True,
        typed="12",
        wrong='"1.5"',
        sample=lambda n: 1 + n * n % 17,
    ),
    "number": FieldType(
        "float",
        "sa.Double",
        "FloatField",
        ("NumberRange(-1e15, 1e15)",),
        dtype="float64",
        is_number=True,
        typed="2.5",
        wrong='"nan"',
        sample=lambda n: 1.25 + n * n % 23,
    ),
    "money": FieldType(
        "Decimal",
        "sa.Numeric(12, 2)",
        "DecimalField",
        ("NumberRange(-9_999_999_999, 9_999_999_999)", "TwoDecimals()"),
        ("places=2",),
        dtype="float64",
        is_number=True,
        typed="19.90",
        wrong='"1.999"',
        sample=lambda n: 9.9 + n * n % 19,
    ),
    "date": FieldType(
        "dt.date",
        "sa.Date",
        "DateField",
        (DAYS,),
        dtype="datetime64[s]",
        typed="2026-03-01",
        wrong='"2026-02-30"',
        sample=lambda n: FIRST + timedelta(days=2 * n),
    ),
    "datetime": FieldType(
        "dt.datetime",
        "sa.DateTime",
        "DateTimeLocalField",
        (DAYS.replace("date(", "datetime("),),
        dtype="datetime64[s]",
        typed="2026-03-01T09:30",
        wrong='"2026-03-01T25:00"',
        sample=lambda n: datetime(2026, 1, 1, 9, 30) + timedelta(hours=31 * n),
    ),
    "choice": FieldType(
        "str",
        "sa.String(200)",
        "SelectField",
        (),
        ("coerce=clean",),
        dtype="str",
        is_text=True,
        wrong='"no such choice"',
    ),
    "flag": FieldType(
        "bool",
        "sa.Boolean",
        "BooleanField",
        dtype="bool",
        typed="y",
        sample=lambda n: n % 3 == 0,
    ),
    "email": FieldType(
        "str",
        "sa.String(254)",
        "EmailField",
        ("Length(max=254)", 'Regexp(ADDRESS, message="Write an e-mail address.")'),
        CLEAN,
        is_text=True,
        typed="ann@example.org",
        wrong='"no address"',
    ),
    "file": FieldType("str", "sa.String(200)", "FileField", ("FileSize(LARGEST)", "KnownKind()")),
}
