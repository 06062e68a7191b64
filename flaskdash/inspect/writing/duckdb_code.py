"""Write a column's plan as SQL: the type to read it with, its cast, and the test of a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flaskdash.inspect.literals import literal
from flaskdash.inspect.values import missing
from flaskdash.inspect.values.column_plan import BOOLEANS, ColumnPlan
from flaskdash.inspect.values.numbers import SPACES, STYLES

BLANKS = r"[\s\p{Z}]"
MAX_SHAPES = 300
# Directives that DuckDB's strptime and pandas read alike; DuckDB ignores zones.
DIRECTIVES = set("dmYybBaAHIMSfp")
# DuckDB casts 1.5 to 2, but a loader must fail if a number is not whole. (1,5 can't be cast at all.
# A regular expression would take twice as long.)
WHOLE = (
    "CREATE MACRO whole(text) AS CASE ",
    "WHEN contains(text, '.') OR contains(text, 'e') OR contains(text, 'E') ",
    "THEN error('not a whole number: ' || text) ELSE CAST(text AS BIGINT) END",
)


class Unfit(Exception):
    """The reason why DuckDB can't read a source as pandas would."""


@dataclass(frozen=True)
class Cast:
    """How a column is read: `kind` is its type in read_csv, `expression` its cast, or "".

    `test` is the condition that a text, or NULL, fits the plan.
    """

    kind: str
    expression: str
    test: str


def quote(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def cast(plan: ColumnPlan, counts: Mapping[str, int]) -> Cast:
    """Return how a column is read, from its plan and the counts of its values."""
    if plan.prepare:
        raise Unfit(f"{plan.name} has values that are wrapped")
    if plan.nul:
        raise Unfit(f"{plan.name} holds NUL characters")
    column = quote(plan.name)
    values = [cell.strip() for cell in counts if cell.strip() and cell not in plan.gaps]
    kind, expression, test = "VARCHAR", "", "false"
    if plan.kind == "text":
        expression, test = _text(plan, column)
    elif plan.kind == "boolean":
        kind, test = "BOOLEAN", f"{column} IN ({listed(BOOLEANS)})"
    elif plan.kind in ("integer", "number"):
        kind, expression, test = _number(plan, column, values)
    elif plan.kind == "date":
        kind, expression, test = _date(plan, column)
    gaps = plan.gaps - {""}
    if gaps:
        test = f"({column} IN ({listed(gaps)}) OR {test})"
    return Cast(kind, expression, f"({column} IS NULL OR coalesce({test}, false))")


def listed(words: Iterable[str]) -> str:
    """Return words as a list of SQL literals."""
    return ", ".join(map(text, sorted(words)))


def changes(variable: str, word: str, parts: Mapping[str, str], names: str) -> list[str]:
    """Return the statements that change the columns of `rows` that are in `names`.

    Missing columns are reported later, when the snapshot is built.
    """
    if not parts:
        return []
    return [
        f"{variable} = {{",
        *(f"    {literal(name)}: {literal(text)}," for name, text in parts.items()),
        "}",
        f'present = ", ".join({variable}[name] for name in {names} if name in {variable})',
        "if present:",
        f'    rows = rows.project(f"* {word} ({{present}})")',
    ]


def _trimmed(value: str) -> str:
    return f"regexp_replace({value}, {text(f'^{BLANKS}+|{BLANKS}+$')}, '', 'g')"


def _text(plan: ColumnPlan, column: str) -> tuple[str, str]:
    """Return the expression and the test of text: it has neither new gaps nor padding."""
    expression = _trimmed(column) if plan.padded else ""
    words = f"lower(trim({column})) IN ({listed(missing.ALWAYS)})"
    if plan.literal_words:
        words += f" AND {column} NOT IN ({listed(plan.literal_words)})"
    bare = "" if plan.padded else f" AND NOT regexp_matches({column}, '^\\s|\\s$')"
    test = f"(NOT ({words}) AND regexp_matches({column}, '[^\\s]'){bare})"
    if plan.cut:
        expression = f"regexp_replace({column}, '[.]0$', '')"
        test = f"regexp_full_match({column}, '[0-9]+([.]0)?')"
    return expression, test


def _number(plan: ColumnPlan, column: str, values: list[str]) -> tuple[str, str, str]:
    """Return the type, the expression and the test of numbers."""
    numbers = plan.numbers
    if numbers is None or numbers.scaled or numbers.long or numbers.duration:
        raise Unfit(f"{plan.name} has numbers that end in K or M, many digits, or durations")
    if (
        numbers.trailing
        or numbers.dashes
        or numbers.flags
        or numbers.limits
        or numbers.debit
        or numbers.even
        or numbers.lakhs
    ):
        raise Unfit(f"{plan.name} has numbers with signs that DuckDB does not read")
    point = plan.decimal or "."
    if numbers.affixed:
        keep = point + ("(" if numbers.brackets else "")
        bare = column
        if set(numbers.unit) & set(f"{keep}-"):
            bare = f"replace({bare}, {text(numbers.unit)}, '')"
        bare = f"regexp_replace({bare}, {text(f'[^0-9{keep}-]')}, '', 'g')"
        if numbers.suffix:
            bare = f"replace({column}, {text(numbers.suffix)}, '')"
            if plan.thousands:
                bare = f"replace({bare}, {text(plan.thousands)}, '')"
        if numbers.brackets:
            bare = f"replace({bare}, '(', '-')"
        test = _shapes(column, values)
    else:
        marks = (plan.decimal, plan.thousands)
        style = next((s for s in numbers.styles if STYLES[s][:2] == marks), numbers.styles[0])
        if plan.thousands and plan.thousands in SPACES:
            raise Unfit(f"{plan.name} has blanks in its numbers")
        if plan.kind == "integer" and style == "integer":
            pattern = "[+-][0-9]{1,15}|0|[1-9][0-9]{0,14}"
        else:
            pattern = f"(?i){STYLES[style][2].pattern}"
        bare = f"replace({column}, {text(plan.thousands)}, '')" if plan.thousands else column
        trimmed = _trimmed(column) if plan.padded else column
        is_long = f"regexp_full_match({trimmed}, '[0-9]{{16,}}')"
        test = f"(regexp_full_match({trimmed}, {text(pattern)}) AND NOT {is_long})"
    if point == ",":
        bare = f"replace({bare}, ',', '.')"
    fraction = re.compile(rf"[{re.escape(point)}eE]")
    # pandas reads a column as whole numbers only if none is missing.
    if not any(map(fraction.search, values)) and not plan.missing:
        whole = f"NOT regexp_matches({column}, {text(f'[{point}eE]')})"
        return "VARCHAR", f"whole({bare})", f"({test} AND {whole})"
    if bare == column:
        return "DOUBLE", "", test
    return "VARCHAR", f"CAST({bare} AS DOUBLE)", test


def _date(plan: ColumnPlan, column: str) -> tuple[str, str, str]:
    """Return the type, the expression and the test of dates."""
    dating = plan.dating
    is_plain = dating and not (
        dating.zoned or dating.rewrites or dating.more or dating.midnight or dating.latest
    )
    if dating is None or not is_plain or dating.kind != "format":
        raise Unfit(
            f"{plan.name} has times with a zone, counts of seconds or days, quarters, weeks, "
            "or months in words"
        )
    if not set(re.findall("%(.)", dating.format)) <= DIRECTIVES or "%" not in dating.format:
        raise Unfit(f"{plan.name} has dates in several formats")
    moment = f"{_trimmed(column) if plan.padded else column}, {text(dating.format)}"
    test = f"try_strptime({moment}) BETWEEN TIMESTAMP '1000-01-01' AND TIMESTAMP '2200-12-31'"
    kind = "TIMESTAMP" if re.search("%[HIMS]", dating.format) else "DATE"
    return "VARCHAR", f"CAST(strptime({moment}) AS {kind})", test


def _shapes(column: str, values: list[str]) -> str:
    """Return the test that a value has the shape of one of these values."""
    shapes = {re.sub("[A-Za-z]+", "a", re.sub("[0-9]+", "9", value)) for value in values}
    if len(shapes) > MAX_SHAPES:
        raise Unfit(f"{column} is written in too many ways")
    digits = f"regexp_replace({_trimmed(column)}, '[0-9]+', '9', 'g')"
    return f"regexp_replace({digits}, '[A-Za-z]+', 'a', 'g') IN ({listed(shapes)})"
