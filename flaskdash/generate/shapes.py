"""Prepare the outlines of a map's areas, from a GeoJSON file, for the browser."""

from __future__ import annotations

import difflib
import itertools
import json
import shlex
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flaskdash import names
from flaskdash.errors import FlaskdashError
from flaskdash.inspect.formats.csv import listed

FOLDER = Path("app/static/shapes")  # of a project
MAX_READ, MAX_WRITTEN = 100_000_000, 3_000_000  # bytes; each visitor loads what is written
AREAS = {"Polygon", "MultiPolygon"}
# Decimals of a degree, by the degrees that the map spans: a tenth of a pixel on a wide screen.
DECIMALS = ((40, 2), (4, 3), (0, 4))
WIDE = 60  # degrees
ID = "id"  # of a feature, beside its properties
Ring = list[list[float]]


@dataclass(frozen=True)
class Shapes:
    """Outlines in a file of the project; `key` names the property that a chart's column has.

    `is_wide` tells that they span so much of the globe that Mercator would distort them.
    """

    file: str
    key: str
    text: str
    is_wide: bool
    unmatched: Sequence[str]


def read(path: Path, key: str | None, values: Iterable[object]) -> Shapes:
    """Return the areas of a GeoJSON file, by the property that has the most of these values.

    Its values are spelled as in `values`. Rings are rounded, and exterior ones are clockwise, as
    d3-geo expects; otherwise the map would show everything but the area.
    Raises FlaskdashError if the file has no areas in degrees, or none of the values.
    """
    features = _features(path)
    keys = _keys(features)
    if key is not None and key not in keys:
        nearest = difflib.get_close_matches(key, keys, 1) or list(keys)[:1]
        raise FlaskdashError(
            f"The areas of {path.name} have no property {key!r}, only: {listed([*keys])}.",
            hint=f"--key {shlex.quote(nearest[0])}" if nearest else "--shapes ANOTHER.geojson",
        )
    spelling = {_folded(value): str(value) for value in values}
    matches = {
        name: len(spelling.keys() & {_folded(_value(feature, name)) for feature in features})
        for name in ([key] if key else keys)
    }
    best = max(matches, key=lambda name: matches[name], default=ID)
    if not matches.get(best):
        has = [str(_value(feature, best)) for feature in features]
        raise FlaskdashError(
            f"No area of {path.name} is called like a value of the data: {listed([*spelling.values()])}."
            f" The areas' {best} is {listed(has)}.",
            hint="--key PROPERTY, or --x with the column that names the areas",
        )
    span = _span(features)
    decimals = next(decimals for least, decimals in DECIMALS if span >= least)
    polygons: defaultdict[str, list[list[Ring]]] = defaultdict(list)
    for feature in features:  # of which several may be parts of one area
        value = _value(feature, best)
        polygons[spelling.get(_folded(value), str(value))] += _outlines(feature, decimals)
    areas = [_feature(name, outlines) for name, outlines in polygons.items()]
    text = json.dumps({"type": "FeatureCollection", "features": areas}, separators=(",", ":"))
    if len(text) > MAX_WRITTEN:
        raise FlaskdashError(
            f"The outlines of {path.name} take {len(text) / 1e6:.0f} MB, which each visitor would"
            " load. Simplify them, for example with mapshaper.",
            hint=f"npx mapshaper {shlex.quote(str(path))} -simplify 5% -o simple.geojson",
        )
    drawn = {_folded(_value(feature, best)) for feature in features}
    unmatched = [value for folded, value in spelling.items() if folded not in drawn]
    file = f"{names.identifier(path.stem, 'shapes')}.json"
    return Shapes(file, best, text, span >= WIDE, unmatched)


def _features(path: Path) -> list[dict[str, Any]]:
    """Return the areas of a file, in degrees."""
    try:
        if path.exists() and not path.is_file():  # /dev/zero never ends
            raise FlaskdashError(f"{path} is not a regular file.", hint="--shapes FILE.geojson")
        if path.stat().st_size > MAX_READ:
            raise FlaskdashError(
                f"{path} is larger than {MAX_READ / 1e6:.0f} MB. Simplify its outlines.",
                hint=f"npx mapshaper {shlex.quote(str(path))} -simplify 5% -o simple.geojson",
            )
        content = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise FlaskdashError(
            f"{path} cannot be read: {error.strerror}.", hint="--shapes FILE.geojson"
        ) from error
    except (ValueError, RecursionError) as error:
        raise FlaskdashError(f"{path} is not JSON.", hint="--shapes FILE.geojson") from error
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "Topology":
        raise FlaskdashError(
            f"{path} is TopoJSON. Convert it to GeoJSON.",
            hint=f"npx mapshaper {shlex.quote(str(path))} -o areas.geojson format=geojson",
        )
    features = content.get("features") if kind == "FeatureCollection" else [content]
    areas = [each for each in features if _is_area(each)] if isinstance(features, list) else []
    if not areas:
        raise FlaskdashError(
            f"{path} has no areas: no Polygon and no MultiPolygon.", hint="--shapes FILE.geojson"
        )
    if not all(abs(x) <= 180 and abs(y) <= 90 for x, y in _points(areas)):
        raise FlaskdashError(
            f"The outlines of {path.name} are not in degrees of longitude and latitude.",
            hint=f"npx mapshaper {shlex.quote(str(path))} -proj wgs84 -o degrees.geojson",
        )
    return areas


def _is_area(feature: object) -> bool:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return False
    geometry, properties = feature.get("geometry"), feature.get("properties") or {}
    if not isinstance(geometry, dict) or not isinstance(properties, dict):
        return False
    if geometry.get("type") not in AREAS:
        return False
    try:
        return bool(_polygons(feature))
    except (TypeError, ValueError, IndexError):
        return False


def _polygons(feature: Mapping[str, Any]) -> list[list[Ring]]:
    """Return the polygons of a feature: lists of rings with an area, the exterior one first."""
    geometry = feature["geometry"]
    coordinates = geometry["coordinates"]
    polygons = [coordinates] if geometry["type"] == "Polygon" else coordinates
    return [
        [
            [[float(point[0]), float(point[1])] for point in ring]
            for ring in polygon
            if len(ring) > 3
        ]
        for polygon in polygons
        if len(polygon[0]) > 3
    ]


def _points(features: Iterable[Mapping[str, Any]]) -> Iterator[list[float]]:
    for feature in features:
        for polygon in _polygons(feature):
            for ring in polygon:
                yield from ring


def _keys(features: Sequence[Mapping[str, Any]]) -> dict[str, None]:
    """Return the names of the properties whose values may be names, in their order."""
    keys = {ID: None} if all(ID in feature for feature in features) else {}
    for feature in features:
        properties = feature.get("properties") or {}
        keys |= {name: None for name, value in properties.items() if isinstance(value, str | int)}
    return keys


def _value(feature: Mapping[str, Any], key: str) -> object:
    properties = feature.get("properties") or {}
    return feature[ID] if key == ID and ID in feature else properties.get(key)


def _folded(value: object) -> str:
    """Return a name without the differences that mean nothing: case, blanks, leading zeros."""
    text = " ".join(unicodedata.normalize("NFKC", str(value)).casefold().split())
    return text.lstrip("0") or text if text.isdigit() else text


def _span(features: Iterable[Mapping[str, Any]]) -> float:
    longitudes, latitudes = zip(*_points(features), strict=True)
    return float(max(max(longitudes) - min(longitudes), max(latitudes) - min(latitudes)))


def _outlines(feature: Mapping[str, Any], decimals: int) -> list[list[Ring]]:
    """Return the polygons of a feature with rounded rings, in the order of d3-geo."""
    polygons = []
    for exterior, *holes in _polygons(feature):
        rounded = _rounded(exterior, decimals)
        if len(rounded) > 3:
            rings = [ring for ring in (_rounded(hole, decimals) for hole in holes) if len(ring) > 3]
            polygons.append([_wound(rounded, 1), *(_wound(ring, -1) for ring in rings)])
    # An island may be smaller than a step of the rounding.
    return polygons or [[_wound(ring, 1) for ring in rings[:1]] for rings in _polygons(feature)]


def _feature(name: str, polygons: list[list[Ring]]) -> dict[str, Any]:
    geometry = {"type": "MultiPolygon", "coordinates": polygons}
    return {"type": "Feature", "id": name, "properties": {}, "geometry": geometry}


def _rounded(ring: Ring, decimals: int) -> Ring:
    """Return a ring with rounded points, without those that repeat the one before."""
    points: Ring = []
    for x, y in ring:
        point = [round(x, decimals), round(y, decimals)]
        if not points or point != points[-1]:
            points.append(point)
    return points


def _wound(ring: Ring, direction: int) -> Ring:
    """Return a ring that runs clockwise for 1, and the other way round for -1."""
    area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(ring))
    return ring[::-1] if area * direction > 0 else ring
