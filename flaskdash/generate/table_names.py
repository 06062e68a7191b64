"""Names for a table, from what it is called: its indicator, its sheet, its file without codes."""

from __future__ import annotations

import re
from pathlib import Path

from flaskdash import names
from flaskdash.inspect.model import Column, Inspection
from flaskdash.inspect.words import words

# Columns with the name of the table, if all rows have the same one.
TITLE_WORDS = frozenset("indicator series measure variable metric subject statistic".split())
CODE_WORDS = frozenset("code id unit key type".split())
LONGEST_TITLE = 80  # characters; longer texts are descriptions
WORKBOOKS = frozenset({"xlsx", "xlsm", "xlsb", "xls", "ods"})
# Words that say how a file was made, not what it holds.
MADE = frozenset(
    """copy kopie copia copie final definitive latest newest export exported download downloaded extract dump csv
    xlsx xls json txt file datei raw clean cleaned draft backup bak temp tmp output out edited fixed""".split()
)
# Names that say nothing at all: of a sheet, or of a file.
EMPTY = (
    frozenset(
        """sheet tabelle feuil hoja foglio blad arkusz planilha ark list data dataset daten datos dati
    donnees untitled unbenannt results result records items rows values
    table main query report""".split()
    )
    | MADE
)
# Programs number new workbooks: Book1.
NUMBERED = frozenset("book mappe classeur workbook libro cartel pasta mapa".split())
_NOISE = re.compile(
    r"""\(\d+\)|\[\d+\]                              # the second download
    |(?<!\d)(19|20)\d\d[-_.]?(0\d|1[0-2])[-_.]?([0-2]\d|3[01])(?!\d)([T_-]?\d{2}[-_:.]?\d{2}([-_:.]?\d{2})?Z?(?!\d))?
    |(?<!\d)([0-2]\d|3[01])[-_.](0\d|1[0-2])[-_.](19|20)\d\d(?!\d)
    |(?<![a-z\d])[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}(?![a-z\d])
    |(?<![a-z\d])(?=[a-z]*\d)(?=\d*[a-z])[0-9a-f]{8,}(?![a-z\d])   # a hash
    |(?<![a-z\d])\d{5,}(?![a-z\d])                    # the number of an export""",
    re.VERBOSE | re.IGNORECASE,
)
_CAMEL = re.compile("(?<=[a-z]{2})(?=[A-Z][a-z])")  # between the words of CookingSessions
_VERSION = re.compile(r"v?\d{1,2}|v\d+(\.\d+)*|rev\d*", re.IGNORECASE)


def candidates(path: Path, stem: str, inspection: Inspection, table: str | None) -> list[str]:
    """Return names for the loader of a source, the best first, as identifiers.

    `stem` is the name of the file or folder without its endings. `table` is the sheet or the member
    that the user chose.
    """
    texts = []
    if title := _title(inspection):
        texts += [_without_brackets(title), title]
    file = _meaning_of(_CAMEL.sub("_", stem))
    label = _meaning_of(
        names.stem(
            Path(inspection.read.table or "").name.rpartition("#")[0]
            or Path(inspection.read.table or "").name
        )
    )
    if label and (table or (not file and inspection.read.format in WORKBOOKS)):
        texts += [label, f"{file} {label}"]
    texts += [file, stem]
    identifiers = [names.identifier(text, "data") for text in texts if text.strip()]
    return list(dict.fromkeys(identifiers)) or ["data"]


def _title(inspection: Inspection) -> str:
    """Return the text of a column that names the table in all its rows, or ""."""
    for column in inspection.columns:
        parts = set(words(column.name))
        if not parts & TITLE_WORDS or parts & CODE_WORDS or column.distinct != 1:
            continue
        values = inspection.frame[column.name].dropna()
        title = " ".join(str(values.iloc[0]).split()) if _is_text(column) and len(values) else ""
        if len(title) <= LONGEST_TITLE and (" " in title or title.isalpha()):
            return title
    return ""


def _is_text(column: Column) -> bool:
    return column.type == "text" and column.missing == 0


def _without_brackets(title: str) -> str:
    """Return a title without the unit or the note behind it: Arable land (hectares per person)."""
    return re.sub(r"\s*[(\[][^)\]]*[)\]]\s*$", "", title) or title


def _meaning_of(stem: str) -> str:
    """Return a name without dates, codes, versions, and words about the file; "" if none is left."""
    text = _NOISE.sub(" ", stem)
    parts = re.findall(r"[^\W_]+", text)
    while parts and (parts[0].lower() in MADE | {"of", "von", "de"} and len(parts) > 1):
        parts.pop(0)
    while parts and _is_ending(parts):
        parts.pop()
    return "" if all(map(_is_empty, parts)) else " ".join(parts)


def _is_empty(part: str) -> bool:
    """Tell whether a word of a name says nothing about the table."""
    bare = part.lower().rstrip("0123456789")
    return bare in EMPTY or (bare in NUMBERED and bare != part.lower())


def _is_ending(parts: list[str]) -> bool:
    """Tell whether the last word is about the file: final, copy, or the version before it."""
    last = parts[-1].lower()
    is_version = re.fullmatch(r"v\d+", last) or (
        _VERSION.fullmatch(last) and len(parts) > 1 and parts[-2].lower() in MADE
    )
    return last in MADE or bool(is_version)
