"""Coordinates in texts: 52.5, 13.4 and POINT(13.4 52.5) and 52°30'N 13°24'E become numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pandas as pd

from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.words import words
from flaskdash.inspect.writing.column_names import free
from flaskdash.inspect.writing.reshape import Reshape

PAIR = r"(-?\d{1,3}\.\d+)°?\s*[,;/\s]\s*(-?\d{1,3}\.\d+)"
POINT = r"(?i:POINT)\s?(?:Z\s?)?\(\s*(-?\d+(?:\.\d+)?)\s+(-?\d+(?:\.\d+)?)"
_WHOLE_PAIR = re.compile(rf"[(\[]?\s*{PAIR}°?\s*[)\]]?")
_WHOLE_POINT = re.compile(rf"(?:(?i:SRID)=\d+;)?\s*{POINT}[^()]*\)")
_NUMBER = r"\d{1,3}(?:\.\d+)?"
_ANGLE = rf"(?P<d>{_NUMBER})\s*[°º]?\s*(?:(?P<m>{_NUMBER})\s*['\u2032\u2019]\s*)?(?:(?P<s>{_NUMBER})\s*(?:[\"\u2033\u201d]|'')\s*)?"
BEHIND = rf"{_ANGLE}(?P<h>[NSEW])"
BEFORE = rf"(?P<h>[NSEW])\s*{_ANGLE}"
PLAIN = rf"(?P<d>{_NUMBER})\s*[°º]?\s*"
PATTERNS = (rf"{PLAIN}(?P<h>[NSEW])", rf"(?P<h>[NSEW])\s*{PLAIN}", BEHIND, BEFORE)
_MARKED = re.compile(r"[°º.]")
NAMES = frozenset(
    """coord coords coordinate coordinates koordinate koordinaten coordenadas coordonnées coordinate geo geom geometry
    geolocation geopoint location latlon latlng latlong lat position gps point wkt ort lage""".split()
)
LONGITUDE_FIRST = frozenset("lonlat lnglat longlat xy".split())
EXACT = 3  # decimals that are coordinates, whatever the column is called


SIZES = (
    'sizes = parts[["d", "m", "s"]].astype("float64").fillna(0)',
    'degrees = sizes["d"] + sizes["m"] / 60 + sizes["s"] / 3600',
)


def find_coordinates(frame: pd.DataFrame) -> Reshape | None:
    """Return how to make numbers of the coordinates in a frame's texts, or None if it has none."""
    numbers = frame.select_dtypes("number").columns
    has_places = any({"lat", "latitude"} & set(words(str(name))) for name in numbers)
    lines: list[str] = []
    notes: list[str] = []
    for name in map(str, frame.columns):
        values = _distinct(frame[name])
        if not values:
            continue
        pattern = _angles(values)
        is_pair = not pattern or _kind_of(values[0], pattern) == "both"
        if is_pair and has_places:
            continue
        if pattern:
            added, note = _of_angles(frame, name, values, pattern)
        elif pair := _pairs(name, values):
            added, note = _of_pairs(frame, name, *pair)
        else:
            continue
        has_places = has_places or is_pair
        lines += added
        notes.append(note)
    return Reshape(tuple(lines), "; ".join(notes)) if lines else None


def _distinct(values: pd.Series) -> list[str]:
    """Return the distinct texts of a column; [] if the first ones can't be coordinates."""
    if not isinstance(values.dtype, pd.StringDtype):
        return []
    texts = values.dropna().unique()
    if not all(re.search(r"\d", str(text)) for text in texts[:20]):
        return []
    return [str(text).strip() for text in texts]


def _angles(values: Sequence[str]) -> str:
    """Return the pattern for the degrees in all values, each with N, S, E or W; "" if there is none."""
    for pattern in PATTERNS:
        kinds = set()
        for value in values:
            kind = _kind_of(value, pattern)
            kinds.add(kind)
            if not kind or len(kinds) > 1:
                break
        else:
            return pattern
    return ""


def _kind_of(value: str, pattern: str) -> str:
    """Return "both", "latitude" or "longitude" for the degrees in a value, "" for another text."""
    matches = list(re.finditer(pattern, value))
    if re.sub(pattern, "", value).strip(" ,;/()\t") or not _MARKED.search(value):
        return ""
    axes = ["latitude" if match["h"] in "NS" else "longitude" for match in matches]
    for match, axis in zip(matches, axes, strict=True):
        if float(match["d"]) > (90 if axis == "latitude" else 180):
            return ""
    if len(axes) == 2 and len(set(axes)) == 2:
        return "both"
    return axes[0] if len(axes) == 1 else ""


def _of_angles(
    frame: pd.DataFrame, name: str, values: Sequence[str], pattern: str
) -> tuple[list[str], str]:
    """Return the lines for degrees with letters of the sky's directions, and a note."""
    kind = _kind_of(values[0], pattern)
    column = f"df.pop({literal(name)})" if kind == "both" else f"df[{literal(name)}]"
    lines = [
        "# Degrees of the south and the west are negative.",
        f'parts = {column}.str.extractall(r"""{pattern}""")',
        *(SIZES if "(?P<m>" in pattern else ['degrees = parts["d"].astype("float64")']),
        'degrees = degrees.mask(parts["h"].isin(["S", "W"]), -degrees)',
    ]
    if kind != "both":
        lines.append(f"df[{literal(name)}] = degrees.droplevel(1)")
        return lines, f"{comment(name)}: degrees with N, S, E or W are read as numbers"
    north, east = _free_names(frame)
    lines += [
        f'df[{literal(north)}] = degrees[parts["h"].isin(["N", "S"])].droplevel(1)',
        f'df[{literal(east)}] = degrees[parts["h"].isin(["E", "W"])].droplevel(1)',
    ]
    return lines, f"{comment(name)} became {north} and {east}"


def _pairs(name: str, values: Sequence[str]) -> tuple[str, bool] | None:
    """Return the pattern for the two numbers in all values, and whether the longitude is first."""
    parts = {*words(name), "".join(words(name))}
    for pattern, whole in ((POINT, _WHOLE_POINT), (PAIR, _WHOLE_PAIR)):
        matches = [match for value in values if (match := whole.fullmatch(value))]
        if len(matches) < len(values):
            continue
        pairs = [(match[1], match[2]) for match in matches]
        is_exact = all(len(part.partition(".")[2]) >= EXACT for pair in pairs for part in pair)
        if pattern == PAIR and not (is_exact or parts & (NAMES | LONGITUDE_FIRST)):
            return None
        first, second = (
            max(abs(float(number)) for number in axis) for axis in zip(*pairs, strict=True)
        )
        is_swapped = pattern == POINT or first > 90 or bool(parts & LONGITUDE_FIRST)
        east, north = (first, second) if is_swapped else (second, first)
        return (pattern, is_swapped) if north <= 90 and east <= 180 else None
    return None


def _of_pairs(
    frame: pd.DataFrame, name: str, pattern: str, is_swapped: bool
) -> tuple[list[str], str]:
    """Return the lines for two numbers in one text, and a note."""
    north, east = _free_names(frame)
    columns = [east, north] if is_swapped else [north, east]
    lines = [
        f'numbers = df.pop({literal(name)}).str.extract(r"{pattern}")',
        f'df[{literal(columns)}] = numbers.astype("float64")',
    ]
    return lines, f"{comment(name)} became {north} and {east}"


def _free_names(frame: pd.DataFrame) -> Iterator[str]:
    used = {str(column).lower() for column in frame.columns}
    return (free(name, used) for name in ("latitude", "longitude"))
