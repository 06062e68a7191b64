"""Areas as GeoJSON."""

from __future__ import annotations

from typing import Any


def square(west: float, south: float, size: float = 0.9, **properties: object) -> dict[str, Any]:
    """Return a square area, whose ring runs as GeoJSON says: counter-clockwise."""
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    return feature | ({"id": properties.pop("id")} if "id" in properties else {})


def collection(*features: object) -> dict[str, object]:
    return {"type": "FeatureCollection", "features": [*features]}
