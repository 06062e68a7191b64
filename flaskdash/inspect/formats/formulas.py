"""Find formulas of a workbook that no program has calculated: their cells have no values."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections import Counter

_PART = re.compile(rb'<Relationship\b(?=[^>]*\bId="([^"]+)")[^>]*\bTarget="/?(?:xl/)?([^"]+)"')
_SHEET = re.compile(rb'<sheet\b(?=[^>]*\bname="([^"]*)")[^>]*\br:id="([^"]+)"')
_FORMULA = re.compile(
    rb'<c r="([A-Z]+)\d+"[^>]*>\s*<f\b[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>'
)


def count_uncalculated(data: bytes, name: str) -> Counter[str]:
    """Count the formulas without a value of a sheet in an .xlsx file, by the letters of its column."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = dict(_PART.findall(archive.read("xl/_rels/workbook.xml.rels")))
            sheets = dict(_SHEET.findall(archive.read("xl/workbook.xml")))
            identifiers = {html.unescape(key.decode()): value for key, value in sheets.items()}
            sheet = archive.read(f"xl/{parts[identifiers[name]].decode()}")
    except (KeyError, zipfile.BadZipFile, UnicodeDecodeError):
        return Counter()  # an .xlsb or .ods file
    return Counter(letters.decode() for letters in _FORMULA.findall(sheet))
