"""Prepare the outlines of areas from files as people have them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.generate import shapes
from tests.support.fixtures import Cli
from tests.support.shapes import collection, square

Save = Callable[[object], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(content: object) -> Path:
        path = tmp_path / "Länder 2024.geojson"
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, "utf-8")
        return path

    return write


def area_of(ring: list[list[float]]) -> float:
    """Return twice the area in a ring, below zero if it runs clockwise."""
    return sum(
        ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1] for i in range(len(ring) - 1)
    )


def written(path: Path, values: list[object], key: str | None = None) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(shapes.read(path, key, values).text)["features"]
    return features


def test_the_property_with_the_most_values_names_the_areas(save: Save) -> None:
    path = save(
        collection(
            square(8, 50, id=1, land="Hessen", ags="06", country="DE"),
            square(11, 48, id=2, land="Bayern", ags="09", country="DE"),
        )
    )
    areas = shapes.read(path, None, ["BAYERN", "Hessen ", "Saarland"])
    assert (areas.file, areas.key, areas.unmatched) == ("lander_2024.json", "land", ["Saarland"])
    assert [each["id"] for each in written(path, ["BAYERN", "Hessen "])] == ["Hessen ", "BAYERN"]
    assert [each["id"] for each in written(path, [6, 9])] == ["6", "9"]
    assert shapes.read(path, None, ["1", "2"]).key == "id"
    assert not [each["properties"] for each in written(path, [6, 9]) if each["properties"]]


@pytest.mark.parametrize("is_reversed", [True, False])
def test_exterior_rings_run_clockwise_and_holes_the_other_way(
    save: Save, is_reversed: bool
) -> None:
    feature = square(8, 50, name="Hessen")
    hole = [[8.2, 50.2], [8.4, 50.2], [8.4, 50.4], [8.2, 50.4], [8.2, 50.2]]
    rings = [*feature["geometry"]["coordinates"], hole]
    feature["geometry"]["coordinates"] = [ring[::-1] if is_reversed else ring for ring in rings]
    (area,) = written(save(collection(feature)), ["Hessen"])
    ((exterior, inner),) = area["geometry"]["coordinates"]
    assert area_of(exterior) < 0 < area_of(inner)


def test_points_are_rounded_and_small_islands_stay(save: Save) -> None:
    coast = square(8, 50, name="Coast")
    coast["geometry"]["coordinates"][0].insert(1, [8.00001, 50.00001])
    coast["geometry"]["coordinates"].append([[8.5, 50.5], [8.6, 50.5], [8.5, 50.5]])  # no area
    island = square(20, 60, 0.00001, name="Island")
    features = written(save(collection(coast, island)), ["Coast", "Island"])
    (first,), (second,) = (each["geometry"]["coordinates"][0] for each in features)
    assert len(first) == 5
    assert all(number == round(number, 3) for point in first for number in point)
    assert len(second) == 5


def test_a_property_may_be_called_id(save: Save) -> None:
    area = square(8, 50, name="Hessen")
    area["properties"]["id"] = "DE7"
    areas = shapes.read(save(collection(area)), None, ["DE7"])
    assert (areas.key, areas.unmatched) == ("id", [])


def test_features_of_one_name_are_one_area(save: Save) -> None:
    path = save(collection(square(8, 50, name="Hessen"), square(9, 50, name="hessen")))
    (area,) = written(path, ["Hessen"])
    assert len(area["geometry"]["coordinates"]) == 2


def test_a_wide_map_is_not_drawn_with_mercator(save: Save) -> None:
    near = [square(8, 50, name="Here"), square(20, 60, name="There")]
    assert not shapes.read(save(collection(*near)), None, ["Here"]).is_wide
    assert shapes.read(save(collection(*near, square(-120, 40))), None, ["Here"]).is_wide


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no JSON", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ({"type": "Topology", "objects": {}}, "is TopoJSON"),
        ([1, 2], "has no areas"),
        ({"type": "FeatureCollection", "features": None}, "has no areas"),
        (collection({"type": "Feature", "geometry": None, "properties": {}}), "has no areas"),
        (collection(square(8, 50, name="Hessen") | {"properties": ["Hessen"]}), "has no areas"),
        (collection(square(float("nan"), 50, name="Hessen")), "not in degrees"),
        (collection({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [3]}}), "has no areas"),
        (collection({"type": "Feature", "geometry": {"type": "Point", "coordinates": [8, 50]}}), "has no areas"),
        (collection(square(450_000, 5_540_000, name="Hessen")), "not in degrees"),
        (collection(square(8, 50, name="Hesse")), "The areas' name is Hesse"),
        (collection(square(8, 50)), "No area of"),
    ],
)  # fmt: skip
def test_other_files_are_refused_in_words(save: Save, content: object, message: str) -> None:
    with pytest.raises(FlaskdashError, match=message) as raised:
        shapes.read(save(content), None, ["Hessen"])
    assert raised.value.hint


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of Unix")
@pytest.mark.parametrize("path", ["/dev/zero", "/"])
def test_what_is_no_file_of_outlines_is_refused_before_it_is_read(path: str) -> None:
    with pytest.raises(FlaskdashError, match="is not a regular file"):
        shapes.read(Path(path), None, ["x"])


def test_too_large_outlines_are_refused(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(collection(square(8, 50, name="Hessen")))
    monkeypatch.setattr(shapes, "MAX_WRITTEN", 100)
    with pytest.raises(FlaskdashError, match="Simplify them"):
        shapes.read(path, None, ["Hessen"])
    monkeypatch.setattr(shapes, "MAX_READ", 100)
    with pytest.raises(FlaskdashError, match="is larger than"):
        shapes.read(path, None, ["Hessen"])


def test_a_map_brings_its_outlines(made: Path, flaskdash: Cli) -> None:
    regions = [square(n, 50, name=name) for n, name in enumerate(["NORTH", "South", "East"])]
    (made / "regions.geojson").write_text(json.dumps(collection(*regions)), "utf-8")
    flags = ("add-chart", "--kind", "choropleth", "--x", "region", "--y", "revenue")
    output = flaskdash(*flags, "--shapes", "regions.geojson").output
    assert "3 of 4 places, by name" in output
    assert "without an outline: West" in output
    code = (made / "app/charts/revenue_by_region_2.py").read_text("utf-8")
    assert 'geojson="shapes/regions.json"' in code
    ids = [
        area["id"]
        for area in json.loads((made / "app/static/shapes/regions.json").read_text("utf-8"))[
            "features"
        ]
    ]
    assert ids == ["North", "South", "East"]
    # A second chart shares them, and other outlines of that name are refused.
    assert (
        "shapes/regions.json"
        not in flaskdash(*flags, "again", "--shapes", "regions.geojson").output.partition("create")[
            2
        ]
    )
    (made / "regions.geojson").write_text(json.dumps(collection(*regions[:2])), "utf-8")
    result = flaskdash(*flags, "third", "--shapes", "regions.geojson", code=1)
    assert "already has other outlines" in result.stderr
    assert not (made / "app/charts/third.py").exists()
