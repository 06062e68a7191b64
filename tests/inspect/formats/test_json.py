"""JSON and GeoJSON: their inspection, and whether the written code reads them."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import Inspection, inspect_source
from tests.support.errors import has_remedy
from tests.support.loaders import execute

Save = Callable[..., Path]
DAYS = [f"2024-01-{day + 1:02}" for day in range(28)]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Return a function that writes a JSON document, or text as it is."""

    def write(value: Any, name: str = "data.json", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding)
        return path

    return write


def read(path: Path, table: str | None = None) -> Inspection:
    """Inspect a file, and check that the resulting body reads the same data."""
    inspection = inspect_source(path, table)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
    return inspection


def records(count: int = 28) -> list[dict[str, Any]]:
    return [{"day": DAYS[i % 28], "region": "NSEW"[i % 4], "n": i} for i in range(count)]


@pytest.mark.parametrize(
    ("wrap", "access"),
    [
        (lambda rows: rows, "pd.DataFrame(data)"),
        (lambda rows: {"data": rows, "next": None}, 'data["data"]'),
        (lambda rows: {"a": {"b": rows}, "meta": {"count": 28}}, 'data["a"]["b"]'),
        (lambda rows: [{"page": 1, "total": 28}, rows], "data[1]"),
        (lambda rows: {key: [row[key] for row in rows] for key in rows[0]}, "pd.DataFrame(data)"),
        (
            lambda rows: {key: {str(i): row[key] for i, row in enumerate(rows)} for key in rows[0]},
            "reset_index",
        ),
        (lambda rows: [list(rows[0]), *(list(row.values()) for row in rows)], "columns=data[0]"),
        (
            lambda rows: {"columns": list(rows[0]), "data": [list(row.values()) for row in rows]},
            'data["data"]',
        ),
        (
            lambda rows: {
                "meta": {"view": {"columns": [{"name": name} for name in rows[0]]}},
                "data": [list(row.values()) for row in rows],
            },
            'data["data"]',
        ),
    ],
)
def test_records_at_any_depth(save: Save, wrap: Any, access: str) -> None:
    inspection = read(save(wrap(records())))
    assert access in inspection.body
    assert [(c.name, c.type) for c in inspection.columns] == [
        ("day", "date"),
        ("region", "text"),
        ("n", "integer"),
    ]
    assert (inspection.read.format, inspection.read.rows) == ("json", 28)
    assert inspection.frame["n"].sum() == sum(range(28))


def test_keyed_objects_keep_their_keys(save: Save) -> None:
    inspection = read(save({f"city {i}": {"people": i, "area": i / 2} for i in range(20)}))
    assert list(inspection.frame.columns) == ["key", "people", "area"]
    assert inspection.frame["key"].iloc[3] == "city 3"


def test_nested_objects_become_columns(save: Save) -> None:
    rows = [
        {"id": f"x{i}", "at": {"lat": i / 9, "lon": i / 7, "who": {"name": "A"}}} for i in range(9)
    ]
    inspection = read(save(rows))
    assert list(inspection.frame.columns) == ["id", "at.lat", "at.lon", "at.who.name"]
    assert 'pd.json_normalize(data, sep=".")' in inspection.body


def test_records_in_records_become_rows_with_the_outer_values(save: Save) -> None:
    rows = [
        {
            "order": i,
            "by": {"name": f"n{i}"},
            "items": [{"sku": f"s{j}", "price": j + 0.5} for j in range(i % 3)],
        }
        for i in range(30)
    ]
    inspection = read(save(rows))
    assert list(inspection.frame.columns) == ["items.sku", "items.price", "order", "by.name"]
    assert len(inspection.frame) == 30
    assert inspection.column("order").type == "integer"
    assert any("10" in note and "left out" in note for note in inspection.notes)


def test_lists_of_values_become_text(save: Save) -> None:
    rows = [{"n": i, "tags": ["a", i], "deep": [[i]], "none": None} for i in range(9)]
    inspection = read(save(rows))
    assert inspection.frame["tags"].iloc[2] == "a, 2"
    assert inspection.frame["deep"].iloc[2] == "[[2]]"


def test_several_lists_are_a_choice(save: Save) -> None:
    path = save({"users": records(5), "orders": records(20)})
    inspection = read(path)
    assert (inspection.read.table, inspection.read.rows) == ("orders", 20)
    assert any("--table" in note and "users" in note for note in inspection.notes)
    assert read(path, "users").read.rows == 5
    with pytest.raises(FlaskdashError, match="no records 'x'"):
        inspect_source(path, "x")


def test_values_are_planned_as_in_text(save: Save) -> None:
    rows = [
        {
            "price": f"${i},000.50",
            "when": f"{i % 28 + 1:02}/02/2024",
            "zip": f"{i:05}",
            "share": "-" if i % 5 == 0 else f"{i}%",
            "seen": 1_700_000_000_000 + i * 86_400_000,
            "time": 1_700_000_000_000 + i * 86_400_000,
            "open": i % 2 == 0 if i % 3 else None,
            "name": f"n{i}" if i % 7 else i,
            "count": str(i) if i % 2 else i,
            "note": "" if i % 2 else " x ",
        }
        for i in range(1, 41)
    ]
    inspection = read(save(rows))
    frame = inspection.frame
    assert frame["price"].iloc[0] == 1000.5
    assert frame["when"].iloc[0] == pd.Timestamp("2024-02-02")
    assert frame["zip"].iloc[0] == "00001"
    assert inspection.column("share").missing == 8
    assert frame["time"].iloc[0] == pd.Timestamp("2023-11-15 22:13:20")
    assert inspection.column("seen").type == "datetime"  # milliseconds of whole seconds
    assert inspection.column("open").type == "boolean"
    assert frame["name"].iloc[6] == "7"
    assert any(
        note.startswith("name: its values are of several types") for note in inspection.notes
    )
    assert frame["count"].sum() == sum(range(1, 41))
    assert inspection.column("note").missing == 20
    assert frame["note"].iloc[1] == "x"


def test_long_identifiers_keep_their_digits_if_some_are_missing(save: Save) -> None:
    rows = [
        {"id": 1234567890123456789 + i if i % 4 else None, "n": i, "v": i / 2} for i in range(20)
    ]
    inspection = read(save(rows))
    assert inspection.frame["id"].iloc[1] == "1234567890123456790"
    assert inspection.frame["id"].isna().sum() == 5
    assert (inspection.column("n").type, inspection.column("v").type) == ("integer", "number")


def test_codes_do_not_become_floats_if_some_are_missing(save: Save) -> None:
    inspection = read(save([{"zip": 501 + i if i % 4 else None, "n": i} for i in range(20)]))
    assert inspection.frame["zip"].iloc[1] == "502"


def test_years_as_keys_are_melted(save: Save) -> None:
    rows = [
        {"country": f"c{i}", **{str(year): i * year for year in range(2000, 2012)}}
        for i in range(9)
    ]
    assert list(read(save(rows)).frame.columns) == ["country", "year", "value"]


def lines(rows: list[dict[str, Any]]) -> str:
    return "\n".join(map(json.dumps, rows)) + "\n"


@pytest.mark.parametrize("name", ["data.jsonl", "data.ndjson", "data.txt"])
def test_json_lines(save: Save, name: str) -> None:
    inspection = read(save(lines(records()), name))
    assert (inspection.read.format, inspection.read.rows) == ("jsonl", 28)


def test_an_incomplete_last_line_is_counted_and_noted(save: Save) -> None:
    inspection = read(save(lines(records()) + '{"day": "2024', "data.jsonl"))
    assert (inspection.read.rows, inspection.read.skipped_rows) == (28, 1)
    assert any("last line is cut off" in note for note in inspection.notes)
    with pytest.raises(FlaskdashError, match="line 3"):
        inspect_source(save(lines(records(2)) + "{oops}\n" + lines(records(2)), "bad.jsonl"))


def feature(i: int, geometry: Any) -> dict[str, Any]:
    properties = {"name": f"n{i % 5}", "mag": i / 3, "time": 1_700_000_000_000 + i * 3_600_000}
    return {"type": "Feature", "id": f"f{i}", "properties": properties, "geometry": geometry}


def collection(features: list[Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def test_points_get_a_longitude_and_a_latitude(save: Save) -> None:
    points = [feature(i, {"type": "Point", "coordinates": [i, -i / 2, 9 + i]}) for i in range(30)]
    inspection = read(save(collection(points), "quakes.geojson"))
    assert inspection.read.format == "geojson"
    assert {c.name: c.role for c in inspection.columns} == {
        "name": "category",
        "mag": "measure",
        "time": "time",
        "id": "identifier",
        "longitude": "geography",
        "latitude": "geography",
        "z": "measure",
    }
    assert inspection.frame["latitude"].iloc[4] == -2


def test_points_may_be_missing_and_areas_have_a_middle(save: Save) -> None:
    point = {"type": "Point", "coordinates": [1.5, 2.5]}
    inspection = read(save(collection([feature(i, point if i % 2 else None) for i in range(9)])))
    assert inspection.frame["longitude"].isna().sum() == 5
    area = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]}
    inspection = read(save(collection([feature(i, area) for i in range(9)])))
    assert inspection.frame[["longitude", "latitude"]].iloc[0].tolist() == [0.25, 0.5]


def test_shapes_of_several_kinds_are_places(save: Save) -> None:
    shapes = [
        {"type": "Point", "coordinates": [1.5, 2.5, 300]},
        {"type": "LineString", "coordinates": [[1, 2], [3, 4]]},
        {"type": "MultiPolygon", "coordinates": [[[[0, 0], [2, 2]]], [[[4, 4], [6, 6]]]]},
        None,
    ]
    rows = [{**feature(i, None), "geometry": shapes[i % 4]} for i in range(40)]
    frame = read(save(collection(rows))).frame
    assert frame["longitude"].iloc[:3].tolist() == [1.5, 2, 3]
    assert frame["latitude"].iloc[:3].tolist() == [2.5, 3, 3]
    assert frame["longitude"].isna().sum() == 10


@pytest.mark.parametrize("coordinates", [{"geometries": []}, {"coordinates": []}])
def test_shapes_without_points_are_left_out(save: Save, coordinates: dict[str, Any]) -> None:
    shape = {"type": "GeometryCollection", **coordinates}
    inspection = read(save(collection([feature(i, shape) for i in range(9)])))
    assert "longitude" not in inspection.frame.columns
    assert any("GeometryCollection" in note for note in inspection.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "b": "x"}', "holds one object"),
        ("[]", "holds no records"),
        ('{"data": []}', "not a list of records"),
        ("[1, [2], [[3]]]", "not a list of records"),
        ('[{"a": 1}, {"a": ', "broken JSON"),
        ("[" * 200_000, "nested too deeply"),
        ('{"type": "Topology", "objects": {}}', "TopoJSON"),
        ('{"self": {"$ref": "#"}}', "holds one object"),
        ("{}", "holds no records"),
    ],
)
def test_a_document_without_rows_is_declined_with_a_reason(
    save: Save, text: str, message: str
) -> None:
    with pytest.raises(FlaskdashError, match=message) as error:
        inspect_source(save(text))
    assert has_remedy(error.value)
    assert "\n" not in error.value.message


def test_hostile_keys_and_values_stay_literals(save: Save) -> None:
    names = ['"); import os #', "it's", "{c}", '"""', "a", "A", "x" * 300, "", "a.b", "\u2028"]
    rows = [dict.fromkeys(names, f"{i}%" if i % 2 else "-") for i in range(12)]
    for value in (rows, {'k"ey': rows, "other": rows[:2]}, [{"in": row} for row in rows]):
        inspection = read(save(value))
        ast.parse(
            "def load():\n" + "".join(f"    {line}\n" for line in inspection.body.split("\n"))
        )
        assert inspection.frame.shape == (12, 10)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(save: Save, encoding: str) -> None:
    text = json.dumps([{"ort": "Zürich", "n": i} for i in range(9)], ensure_ascii=False)
    assert read(save(text, encoding=encoding)).frame["ort"].iloc[0] == "Zürich"


def test_nan_and_infinity_are_missing_values(save: Save) -> None:
    rows = [{"a": float("nan") if i == 2 else i, "b": float("inf") if i else 1} for i in range(9)]
    for path in (save(rows), save(lines(rows), "data.jsonl")):
        inspection = read(path)
        assert (inspection.column("a").missing, inspection.column("b").missing) == (1, 8)


HALVES = [
    {
        f"day{chr(0xD83D)}": day,
        "name": f"tea {chr(0xD83D)}",
        "whole": "\U0001f600",
        "in": {f"x{chr(0xDC00)}": f"{chr(0xDC00)}y", "list": [chr(0xD83D)]},
    }
    for day in DAYS
]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("list.json", json.dumps(HALVES)),
        ("lines.jsonl", "\n".join(map(json.dumps, HALVES))),
        ("keyed.json", json.dumps({chr(0xD83D): HALVES, "other": [{"a": 1}, {"a": 2}]})),
        ("long.json", json.dumps([row | {"id": 10**17 + 1, "gap": 1.5} for row in HALVES])),
    ],
)
def test_half_an_emoji_is_repaired(save: Save, name: str, document: str) -> None:
    """JavaScript's slice() makes such texts: in values, in keys and in nested values."""
    inspection = read(save(document, name))
    assert {"day\ufffd", "name", "in.x\ufffd"} <= {column.name for column in inspection.columns}
    assert list(inspection.frame["name"]) == ["tea \ufffd"] * 28
    assert list(inspection.frame["in.x\ufffd"]) == ["\ufffdy"] * 28
    assert list(inspection.frame["whole"]) == ["\U0001f600"] * 28
    assert list(inspection.frame["in.list"]) == ["\ufffd"] * 28
    assert any("half an emoji" in note for note in inspection.notes)
    assert "# Half an emoji, such as \\ud83d alone, becomes \ufffd." in inspection.body
    assert duckdb.from_df(inspection.frame).count("*").fetchall() == [(28,)]


def test_whole_emoji_need_no_repair(save: Save) -> None:
    inspection = read(save([{"a": "\U0001f600", "b": "\\ud83d", "n": n} for n in range(9)]))
    assert "surrogatepass" not in inspection.body
    assert list(inspection.frame["b"]) == ["\\ud83d"] * 9


def test_half_an_emoji_in_a_folder(save: Save) -> None:
    save(json.dumps([{"n": n, "name": "tea"} for n in range(9)]), "a.json")
    path = save(json.dumps([{"n": n, "name": chr(0xD83D)} for n in range(9)]), "b.json")
    inspection = read(path.parent)
    assert set(inspection.frame["name"]) == {"tea", "\ufffd"}
    assert any("half an emoji" in note for note in inspection.notes)


@pytest.mark.parametrize("number", ["1" + 5000 * "0", "1e999", "-1e999", "1" + 400 * "0" + ".5"])
@pytest.mark.parametrize("name", ["list.json", "lines.jsonl"])
def test_a_number_beyond_floats_is_refused(save: Save, number: str, name: str) -> None:
    rows = [f'{{"a": {n}, "b": {number if n == 20 else 2.5}}}' for n in range(28)]
    path = save(f"[{','.join(rows)}]" if name.endswith(".json") else "\n".join(rows), name)
    with pytest.raises(FlaskdashError, match="holds a number that is too large") as error:
        inspect_source(path)
    assert "report it" not in error.value.message
    assert has_remedy(error.value)


def test_a_whole_number_beyond_floats_is_text(save: Save) -> None:
    rows = [f'{{"a": {n}, "b": 1{400 * "0"}{n}}}' for n in range(28)]
    assert read(save(f"[{','.join(rows)}]")).columns[1].type == "text"


@pytest.mark.parametrize(
    "document",
    [
        {"header": ["tag", "zahl"], "body": [[day, n] for n, day in enumerate(DAYS[:20])]},
        {
            "meta": {"cols": [{"type": "date", "label": "tag"}, {"type": "int", "label": "zahl"}]},
            "data": {"rows": [[day, n] for n, day in enumerate(DAYS[:20])]},
        },
        {
            "cols": [{"id": "", "label": "tag"}, {"id": "", "label": "zahl"}],
            "rows": [
                {"c": [{"v": day}, {"v": n, "f": f"{n}.00"}]} for n, day in enumerate(DAYS[:20])
            ],
        },
        {
            "Report": {
                "Rows": [
                    {"Type": "Header", "Cells": [{"Value": "tag"}, {"Value": "zahl"}]},
                    *(
                        {"Title": "x", "Rows": [{"Cells": [{"Value": day}, {"Value": str(n)}]}]}
                        for n, day in enumerate(DAYS[:20])
                    ),
                ]
            }
        },
    ],
)
def test_names_apart_from_the_rows_are_those_of_the_columns(save: Save, document: object) -> None:
    path = save(document, "report.json")
    inspection = read(path)
    assert list(inspection.frame) == ["tag", "zahl"]
    assert [column.type for column in inspection.columns] == ["date", "integer"]
    assert inspection.frame["zahl"].tolist() == list(range(20))


@pytest.mark.parametrize("blank", [None, [3, 4]])
def test_lists_of_a_few_numbers_become_columns(save: Save, blank: object) -> None:
    records = [{"day": day, "score": {"ft": [n, 2]}} for n, day in enumerate(DAYS[:20])]
    records[5]["score"] = {"ft": blank}
    path = save(records, "games.json")
    inspection = read(path)
    assert list(inspection.frame) == ["day", "score.ft_1", "score.ft_2"]
    assert inspection.frame["score.ft_1"].sum() == sum(range(20)) - 5 + (3 if blank else 0)


def test_items_of_orders_are_no_cells(save: Save) -> None:
    orders = [{"id": n, "items": [{"sku": "a", "n": n}, {"sku": "b", "n": 2}]} for n in range(9)]
    assert read(save(orders)).read.rows == 18


@pytest.mark.parametrize(
    "script",
    [
        "callback({});",
        "var data = {};\n",
        "window.YTD.tweets.part0 = {}",
        "/*O_o*/\ngoogle.f({});",
        ")]}'\n{}",
    ],
)
def test_a_script_around_the_rows_is_left_out(save: Save, script: str) -> None:
    rows = json.dumps([{"day": day, "n": n} for n, day in enumerate(DAYS)])
    frame = read(save(script.replace("{}", rows))).frame
    assert list(frame["n"]) == list(range(len(DAYS)))
