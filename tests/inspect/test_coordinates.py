"""Coordinates that are texts become columns of latitudes and longitudes."""

from __future__ import annotations

import pandas as pd
import pytest

from flaskdash.inspect import inspect_source
from tests.support.fixtures import Write
from tests.support.loaders import execute

PLACES = [(52.5 + n / 7, 13.25 - n * 1.5) for n in range(20)]


def angle(value: float, marks: str, sides: str, form: str) -> str:
    """Return degrees, minutes and seconds with a letter: 52°30'0"N."""
    size = round(abs(value) * 3600)
    degrees, minutes, seconds = size // 3600, size // 60 % 60, size % 60
    side = sides[value < 0]
    return form.format(d=degrees, m=minutes, s=seconds, h=side, x=f"{abs(value):.5f}", q=marks)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Koordinaten", "{lat:.5f}, {lon:.5f}"),
        ("location", "({lat:.5f}, {lon:.5f})"),
        ("where", "{lat:.5f} {lon:.5f}"),
        ("lon_lat", "{lon:.5f},{lat:.5f}"),
        ("geom", "POINT({lon:.5f} {lat:.5f})"),
        ("shape", "SRID=4326;POINT ({lon:.5f} {lat:.5f})"),
        ("wkt", "Point Z({lon:.5f} {lat:.5f} 12.0)"),
    ],
)
def test_two_numbers_in_one_cell(write: Write, name: str, text: str) -> None:
    rows = [f"{n};{text.format(lat=lat, lon=lon)}" for n, (lat, lon) in enumerate(PLACES)]
    if name == "shape":
        rows = [f'{n};"{text.format(lat=lat, lon=lon)}"' for n, (lat, lon) in enumerate(PLACES)]
    path = write("\n".join([f"n;{name}", *rows]))
    inspection = inspect_source(path)
    frame = inspection.frame
    assert frame["latitude"].tolist() == [round(lat, 5) for lat, _ in PLACES]
    assert frame["longitude"].tolist() == [round(lon, 5) for _, lon in PLACES]
    assert {inspection.column(axis).role for axis in ("latitude", "longitude")} == {"geography"}
    assert [note for note in inspection.notes if "kept as text" in note] == []
    pd.testing.assert_frame_equal(execute(inspection, path), frame)


@pytest.mark.parametrize(
    "form",
    [
        "{d}°{m}'{s}\"{h}",
        "{d}° {m}\u2032 {s}\u2033 {h}",
        "{h}{d}° {m}' {s}''",
        "{x}° {h}",
        "{x}{h}",
    ],
)
@pytest.mark.parametrize("gap", [" ", ", ", " / "])
def test_degrees_with_sides(write: Write, form: str, gap: str) -> None:
    rows = []
    for n, (lat, lon) in enumerate(PLACES):
        cell = angle(lat, "", "NS", form) + gap + angle(lon, "", "EW", form)
        rows.append(f'{n};"{cell.replace(chr(34), chr(34) * 2)}"')
    path = write("\n".join(["n;position", *rows]))
    inspection = inspect_source(path)
    frame = inspection.frame
    for axis, values in zip(("latitude", "longitude"), zip(*PLACES, strict=True), strict=True):
        assert frame[axis].tolist() == pytest.approx(values, abs=0.0002)
    pd.testing.assert_frame_equal(execute(inspection, path), frame)


@pytest.mark.parametrize("form", ["{x}{h}", "{x}° {h}", "{d}°{m}'{h}"])
def test_a_column_for_each_axis(write: Write, form: str) -> None:
    rows = [
        f"{n};{angle(lat - 60, '', 'NS', form)};{angle(lon, '', 'EW', form)}"
        for n, (lat, lon) in enumerate(PLACES)
    ]
    frame = inspect_source(write("\n".join(["n;Lat;Long", *rows]))).frame
    assert frame["Lat"].tolist() == pytest.approx([lat - 60 for lat, _ in PLACES], abs=0.02)
    assert frame["Long"].tolist() == pytest.approx([lon for _, lon in PLACES], abs=0.02)


@pytest.mark.parametrize(
    "cells",
    [
        [f"{n}.25, {n}.50" for n in range(20)],
        [f"{n}E" for n in range(20)],
        [f"{n}.125, 250.375" for n in range(20)],
        [f"{n}.5 N 3.5 N" for n in range(20)],
    ],
)
def test_other_pairs_stay_text(write: Write, cells: list[str]) -> None:
    rows = [f'{n};"{cell}"' for n, cell in enumerate(cells)]
    assert list(inspect_source(write("\n".join(["n;size", *rows]))).frame) == ["n", "size"]
