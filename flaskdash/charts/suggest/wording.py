"""Names of columns, and what is done with them, in plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flaskdash.charts.labels import labels, shared
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import MEAN_WORDS, STOCK_WORDS, SUM_WORDS, known, words
from flaskdash.names import SPELLINGS, capital, initials, spelled

ABBREVIATIONS = {
    "cnt": "count",
    "qty": "quantity",
    "amt": "amount",
    "avg": "average",
    "dept": "department",
    "mnth": "month",
    "hr": "hour",
    "pct": "percent",
    "pop": "population",
}
# What the end of a name says of its unit: body_mass_g is in grams.
UNITS = {
    **{
        unit: unit
        for unit in ("mm", "cm", "km", "kg", "g", "lbs", "mph", "kmh", "ms", "usd", "eur")
    },
    "kwh": "kWh",
    "mwh": "MWh",
    "gwh": "GWh",
    "usd": "$",
    "eur": "€",
    "gbp": "£",
    "pct": "%",
}
_HUMP = re.compile("(?<=[a-zà-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
DEGREES = {"c": "°C", "f": "°F"}
RATES = known(
    "attrition churn conversion fraud arrest mortality death survival response return success bounce"
    " cancellation readmission default unsubscribe"
)
FILE_WORDS = known(
    "data dataset file export csv tsv xlsx xls json raw clean cleaned final copy new old long wide records table"
    " sheet sample test report results result book untitled download query output input full all my the source"
)
GENERIC = known("value values val obs observation data figure")
# A number of such rows would be taken for their sum.
AMOUNTS = (
    SUM_WORDS
    | MEAN_WORDS
    | STOCK_WORDS
    | known(
        "stats statistics details series news status census prices salaries wages budgets financials"
    )
)
HOW = {"sum": "added up", "mean": "averaged", "last": "at its latest", "share": "as a share"}


def humanise(name: str, limit: int = 60) -> str:
    """Return a column's name in plain words: "temp_max" is "temp max", "GDPGrowth" "GDP growth".

    Capitals within a word stay, but for those of ordinary words that are written together: RevPAR
    is no orderDate.
    """
    text = " ".join(re.sub(r"[_\s]+", " ", name).split())
    if " " not in text:
        text = _apart(text)
    text = re.sub(r"(?<=[a-z]{3})(?=(19|20)\d\d\b)", " ", text)
    shouted = text.isupper() and any(word.isalpha() and len(word) > 4 for word in text.split())
    if shouted:
        text = text.lower()
    text = re.sub(r"(?<![^\W_])[A-ZÀ-Þ][a-zà-ÿ]+\b", lambda word: word[0].lower(), text)
    text = _with_unit(text) if "_" in name or " " in name.strip() else text
    text = spelled(" ".join(ABBREVIATIONS.get(word, word) for word in text.split()))
    text = text.rstrip(":.?;, ") or name.strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _apart(text: str) -> str:
    """Return camelCase as words: "customer ID" of "customerID", while "RevPAR" and "iPhone" stay."""
    first, *more = _HUMP.split(text)
    last = more[-1] if more else ""
    shouted = len(last) > 1 and last.isupper() and last.lower() not in SPELLINGS
    if len(first) < 2 or shouted or text.lower() in SPELLINGS:
        return text
    return " ".join((first, *more))


def _with_unit(text: str) -> str:
    """Return "body mass (g)" for "body mass g"."""
    before, _, last = text.rpartition(" ")
    if not before or before.endswith((" in", " per")):
        return text
    unit = UNITS.get(last)
    if unit is None and re.search(r"\btemp(erature)?\b", before):
        unit = DEGREES.get(last)
    return f"{before} ({unit})" if unit else text


def named(measure: Column, single: bool = False) -> str:
    """Return the beginning of a title: "Revenue", "Average price", "Latest cases".

    Of a `single` value there is no average.
    """
    if measure.agg == "share":
        return capital(share(measure.name))
    name = humanise(measure.name)
    before = {"mean": "average", "last": "latest"}.get(measure.agg or "", "")
    if single or name.startswith(before or "\0"):
        before = ""
    return capital(f"{before} {name}".strip())


def share(name: str) -> str:
    """Return what the share of a flag is called: attrition rate, share cancelled, share with parking."""
    text = humanise(name, 40)
    first, *rest = words(name) or [""]
    if first in ("is", "was", "did") and rest:
        return f"share {' '.join(rest)}"
    if first == "has" and rest:
        return f"share with {' '.join(rest)}"
    if set(words(name)) & RATES:
        return f"{text} rate"
    return f"share {text}" if text.endswith(("ed", "late", "won", "left")) else f"share with {text}"


def subject(data: str) -> str:
    """Return what a table is about, as its name tells: "NBA salaries" of nba_salaries_2022, or ""."""
    kept = [
        word
        for word in words(data)
        if word not in FILE_WORDS and not re.fullmatch(r"\d{4}|\d{8}", word)
    ]
    plain = kept and max(map(len, kept)) > 2 and not any(word.isdigit() for word in kept)
    return initials(humanise("_".join(kept))) if plain else ""


def rows_of(data: str, columns: Sequence[str]) -> str:
    """Return what the rows are called: "crimes", or "rows" where the table's name does not tell."""
    name = subject(data)
    last = (words(name) or [""])[-1]
    plural = last.endswith("s") and not last.endswith(("ss", "us", "is")) and len(last) > 3
    measured = {word for column in columns for word in words(column)}
    amounts = last.endswith("sales") or bool({last, last[:-1]} & (AMOUNTS | measured))
    return name if plural and not amounts else "rows"


def said(text: str, measure: str, data: str) -> str:
    """Return a title in which a measure that has no name to speak of is called after its table."""
    about = subject(data)
    name = humanise(measure)
    nameless = not re.search(r"[^\W\d_]", measure)
    if not about or not (nameless or set(words(measure)) <= GENERIC):
        return text
    called = f"{about} {name}" if nameless else about
    found = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda _: called, text, count=1, flags=re.I)
    return capital(found)


def how(measure: Column) -> str:
    """Return how a measure adds up, in words."""
    return HOW.get(measure.agg or "", "counted")


def values(category: Column) -> str:
    """Return "5 values of region" in a form that holds for any name."""
    return f"{category.distinct:,} values of {humanise(category.name)}"


def compared(names: Sequence[str], agg: str) -> str:
    """Return what columns that are compared hold: "average score", or "total" where names share nothing."""
    before = {"mean": "average", "sum": "total", "last": "latest"}.get(agg, "value")
    first, last = shared(names)
    common = humanise(f"{first} {last}".replace("_", " "), 200).strip(" .,:-(")
    if not words(common) or len(labels(names)[0]) == len(names[0]):
        return before
    if len(common) > 40:
        common = " ".join(common.split()[-4:])
    common = re.sub(r"^(the|a|of|with|my) ", "", common)
    common = re.sub(r" (the|a|of|with|my)$", "", common)
    return common if common.startswith(before) else f"{before} {common}"
