"""Put names of columns, and how they are aggregated, in plain words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from flaskdash.charts.labels import labels, shared_affixes
from flaskdash.inspect.model import Column
from flaskdash.inspect.words import (
    CODE_WORDS,
    ID_WORDS,
    MEAN_WORDS,
    STOCK_WORDS,
    SUM_WORDS,
    known,
    words,
)
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
# Units at the end of a name: body_mass_g is in grams.
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
_CASE_CHANGE = re.compile("(?<=[a-zà-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ROW_COUNT = re.compile(r"(?<![^\W_])\d+[kKmM](?![^\W_])")  # as in flights-2k
_LETTER = r"[^\W\d_]"
_JOINT = re.compile(rf"(?<={_LETTER}{{2}})\.(?={_LETTER}{{2}})")  # as in R: Petal.Length
_HYPHENED = rf"{_LETTER}{{4,}}-{_LETTER}{{4,}}|{_LETTER}+(-{_LETTER}+){{2,}}"
DEGREES = {"c": "°C", "f": "°F"}
RATES = known(
    "attrition churn conversion fraud arrest mortality death survival response return success bounce"
    " cancellation readmission default unsubscribe"
)
FILE_WORDS = known(
    "data dataset file export csv tsv xlsx xls json raw clean cleaned final copy new old long wide records table"
    " sheet sample test report results result book untitled download query output input full all my the source"
)
IDENTIFIERS = known("id ids key number no nr num code uuid guid")
LEAST_WORDS, LEAST_QUESTIONS = 3, 2  # of a question, and of a survey
COUNTS = known("count counts cnt number num no n total")
# Such names do not say what a row is.
NAMELESS = (ID_WORDS | CODE_WORDS) | known(
    "row rownames index record unnamed column object item entry obs observation serial name title label text comment value"
    " description content address url link email phone date time day week month year hour timestamp data file path"
    " unique line sample total question sentence message review body reference note notes slug hash username"
    " latitude longitude position rank resp uid age"
)
IRREGULAR = {
    "person": "people",
    "child": "children",
    "man": "men",
    "woman": "women",
    "series": "series",
    "species": "species",
}
GENERIC = known("value values val obs observation data figure total")
# Of rows with such a name, people would take the number for a sum.
AMOUNT_WORDS = (
    SUM_WORDS
    | MEAN_WORDS
    | STOCK_WORDS
    | known(
        "stats statistics details series news status census prices salaries wages budgets financials"
    )
)
AGGREGATE_WORDS = {
    "sum": "added up",
    "mean": "averaged",
    "last": "at its latest",
    "share": "as a share",
    "median": "in the middle",
}


def humanise(name: str, limit: int = 60) -> str:
    """Return a name in plain words: "temp max" for "temp_max", "GDP growth" for "GDPGrowth".

    Words that are written together are split, unless they are usually written so: "order date" for
    "orderDate", but "RevPAR" for "RevPAR"; "capital gain" for "capital-gain", but "check-in".
    """
    if is_question(name):
        name = f"\u201c{shortened(' '.join(name.split()), limit - 2)}\u201d"
    if name.startswith("\u201c"):
        return name
    text = re.sub(r"(?<=\w{3})\((?=\w)", " (", re.sub(r"[_\s]+", " ", name))
    text = " ".join(text.split())
    if " " not in text:
        text = _JOINT.sub(" ", text)
        text = text.replace("-", " ") if re.fullmatch(_HYPHENED, text) else text
    has_words = " " in text
    if not has_words:
        text = _split_camel_case(text)
    text = re.sub(r"(?<=[a-z]{3})(?=(19|20)\d\d\b)", " ", text)
    is_shouted = text.isupper() and any(word.isalpha() and len(word) > 4 for word in text.split())
    if is_shouted:
        text = text.lower()
    text = re.sub(r"(?<![^\W_])[A-ZÀ-Þ][a-zà-ÿ]+\b", lambda word: word[0].lower(), text)
    text = _with_unit(text) if has_words else text
    text = spelled(" ".join(ABBREVIATIONS.get(word, word) for word in text.split()))
    text = text.rstrip(":.?;, ") or name.strip()
    return shortened(text, limit)


def shortened(text: str, limit: int) -> str:
    """Return the text, with "…" for its end if it is longer than the limit."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def is_question(name: str) -> bool:
    """Tell whether a column is called by a question of a survey: How satisfied are you?"""
    return len(name.split()) >= LEAST_WORDS and name.rstrip().endswith(("?", "\uff1f", "\u061f"))


def _split_camel_case(text: str) -> str:
    """Return "customer ID" for "customerID"; leave "RevPAR" and "iPhone" as they are."""
    first, *more = _CASE_CHANGE.split(text)
    last = more[-1] if more else ""
    ends_in_capitals = len(last) > 1 and last.isupper() and last.lower() not in SPELLINGS
    if len(first) < 2 or ends_in_capitals or text.lower() in SPELLINGS:
        return text
    return " ".join((first, *more))


def _with_unit(text: str) -> str:
    """Return "body mass (g)" for "body mass g"."""
    before, _, last = text.rpartition(" ")
    if not before or before.endswith((" in", " per")):
        return text
    unit = UNITS.get(last.lower() if len(last) > 2 else last)
    if unit is None and re.search(r"\btemp(erature)?\b", before):
        unit = DEGREES.get(last)
    return f"{before} ({unit})" if unit else text


def measure_title(measure: Column, is_single: bool = False) -> str:
    """Return the beginning of a title: "Revenue", "Average price", "Latest cases".

    A measure that `is_single` has one value for each point or bar, so it is not an average.
    """
    if measure.agg == "share":
        return capital(share(measure.name))
    name = humanise(measure.name)
    adjective = {"mean": "average", "last": "latest"}.get(measure.agg or "", "")
    if is_single or adjective in name.split():
        adjective = ""
    return capital(f"{adjective} {name}".strip())


def share(name: str) -> str:
    """Return a name for the share of a flag: attrition rate, share cancelled, share with parking."""
    text = humanise(name, 40)
    first, *more = words(name) or [""]
    if first in ("is", "was", "did") and more:
        return f"share {' '.join(more)}"
    if first == "has" and more:
        return f"share with {' '.join(more)}"
    if set(words(name)) & RATES:
        return f"{text} rate"
    return f"share {text}" if text.endswith(("ed", "late", "won", "left")) else f"share with {text}"


def subject(data: str) -> str:
    """Return the subject of a table, from its name: "NBA salaries" for nba_salaries_2022, or ""."""
    subject_words = [
        word
        for word in words(_ROW_COUNT.sub("", data))
        if word not in FILE_WORDS and not re.fullmatch(r"\d{4}|\d{8}", word)
    ]
    if not subject_words or max(map(len, subject_words)) <= 2:
        return ""
    if any(word.isdigit() for word in subject_words):
        return ""
    return initials(humanise("_".join(subject_words)))


def rows_of(data: str, columns: Sequence[Column], rows: int) -> str:
    """Return a name for a table's rows, or "" if neither the table nor a column has one.

    A table that is called nyc_crimes gives crimes, a column without repeats that is called
    PassengerId gives passengers, and a first one that is called App gives apps.
    """
    table_words = words(subject(data))
    *before, last = table_words or [""]
    is_one = _is_plural(last) and not any(_is_plural(word) and len(word) > 4 for word in before)
    measures = [words(column.name) for column in columns if column.role == "measure"]
    # "orders_count" and "num_orders" count orders; "book_ratings_count" counts ratings of books.
    measured = {name_words[-1] for name_words in measures if name_words}
    for name_words in measures:
        nouns = [word for word in name_words if word != "of"]
        for first, second in itertools.pairwise(nouns):
            measured |= {first, second} if COUNTS & {first, second} else set()
    is_amount = {last, last[:-1]} & (AMOUNT_WORDS | measured) or last.endswith("sales")
    is_amount = is_amount or last[:-1] in NAMELESS
    # A table of states with several rows for each state has no states as rows.
    repeated = {plural(_head(c.name)) for c in columns if c.distinct < rows and words(c.name)}
    if is_one and not is_amount and last not in repeated:
        return spelled(last)
    for column in columns:
        is_first = column is columns[0] and column.type == "text" and column.role != "text"
        is_complete = column.distinct == rows and not column.missing and column.role != "measure"
        if is_complete and (noun := _identified(column, is_first)):
            return plural(noun)
    return "responses" if sum(is_question(c.name) for c in columns) >= LEAST_QUESTIONS else ""


def _identified(column: Column, is_first: bool) -> str:
    """Return what a column identifies: the passenger of "PassengerId", or ""."""
    name_words = words(re.split("/| or ", column.name)[0])  # "Country/Region"
    nouns = [word for word in name_words if word not in IDENTIFIERS]
    if len(nouns) != 1 or not re.fullmatch("[a-z]{3,}", nouns[0]) or nouns[0] in NAMELESS:
        return ""
    return nouns[0] if is_first or len(name_words) > 1 else ""


def _head(name: str) -> str:
    """Return the noun that a name is about: the player of "player_of_match", the type of "match_type"."""
    name_words = words(name)
    before = name_words[: name_words.index("of")] if "of" in name_words else []
    return (before or name_words)[-1]


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is", "ics")) and len(word) > 3


def plural(noun: str) -> str:
    """Return the plural of an English noun: categories, matches, orders."""
    if _is_plural(noun):
        return noun
    if re.search("[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return IRREGULAR.get(noun, f"{noun}es" if re.search("(s|x|z|ch|sh)$", noun) else f"{noun}s")


def with_subject(title: str, measure: str, data: str) -> str:
    """Return the title with a measure that is called "value" or the like named after its table."""
    table_subject = subject(data)
    name = humanise(measure)
    has_letters = bool(re.search(r"[^\W\d_]", measure))
    if not table_subject or (has_letters and not set(words(measure)) <= GENERIC):
        return title
    better_name = table_subject if has_letters else f"{table_subject} {name}"
    pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
    return capital(re.sub(pattern, lambda _: better_name, title, count=1, flags=re.I))


def aggregation(measure: Column) -> str:
    """Return how a measure is aggregated, in words: "added up", "averaged"."""
    return AGGREGATE_WORDS.get(measure.agg or "", "counted")


def value_count(category: Column) -> str:
    """Return "5 values of region"."""
    return f"{category.distinct:,} values of {humanise(category.name)}"


def compared(names: Sequence[str], agg: str) -> str:
    """Return a name for compared columns: "average score", or "total" if they share no words."""
    adjectives = {"mean": "average", "sum": "total", "last": "latest", "share": "share"}
    adjective = adjectives.get(agg, "value")
    prefix, suffix = shared_affixes(names)
    common = humanise(f"{prefix} {suffix}".replace("_", " ").rstrip("? "), 200).strip(" .,:-(/[")
    if not words(common) or len(labels(names)[0]) == len(names[0]):
        return adjective
    if len(common) > 40:
        common = " ".join(common.split()[-4:])
    common = re.sub(r"^(the|a|of|with|my) ", "", common)
    common = re.sub(r" (the|a|of|with|my)$", "", common)
    return common if common.startswith(adjective) else f"{adjective} {common}"
