"""Loaders have the names of their tables."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from flaskdash.generate import sources
from flaskdash.generate.sources import SourceOptions
from tests.support.data import sales_csv, world_bank_csv
from tests.support.fixtures import Write


@pytest.mark.parametrize(
    ("indicator", "name"),
    [
        ("Arable land (hectares per person)", "arable_land"),
        ("Population, total", "population_total"),
        ("Fertilizer consumption (kilograms per hectare of arable land)", "fertilizer_consumption"),
    ],
)
def test_a_loader_is_named_after_its_indicator(write: Write, indicator: str, name: str) -> None:
    path = write(world_bank_csv(indicator, "AG.X"), "API_AG.X_DS2_en_csv_v2_123456.csv")
    source = sources.read_source(str(path), None)
    assert (source.name, source.file) == (name, f"{name}.csv")


def test_files_of_one_indicator_in_two_units_have_distinct_names(write: Write) -> None:
    loaders: list[str] = []
    for unit, code in (("current US$", "CD"), ("constant 2015 US$", "KD"), ("current LCU", "CN")):
        path = write(world_bank_csv(f"GDP ({unit})", code), f"API_NY.GDP.{code}_DS2.csv")
        loaders.append(sources.read_source(str(path), None, loaders).name)
    assert loaders == ["gdp", "gdp_constant_2015_us", "gdp_current_lcu"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Kopie von Umsatz 2023.csv", "umsatz_2023"),
        ("orders_final_v3.csv", "orders"),
        ("2024-05-01 Orders v2.csv", "orders"),
        ("202401-tripdata (1).csv", "tripdata"),
        ("visits_6f1ed002ab5595859014ebf0951522d9.csv", "visits"),
        ("downloads_per_app.csv", "downloads_per_app"),
        ("covid19.csv", "covid19"),
        ("data (3).csv", "data_3"),
    ],
)
def test_dates_codes_and_endings_of_downloads_are_left_out(
    write: Write, file: str, name: str
) -> None:
    assert sources.read_source(str(write(sales_csv(40), file)), None).name == name


def test_a_sheet_that_the_user_chooses_names_the_loader(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for title in ("Sheet1", "Bestand Nord"):
        sheet = book.create_sheet(title)
        sheet.append(["tag", "menge"])
        for number in range(1, 20):
            sheet.append([f"2024-01-{number:02}", number * 3])
    path = tmp_path / "export.xlsx"
    book.save(path)
    chosen = sources.read_source(str(path), None, options=SourceOptions(table="Bestand Nord"))
    assert (chosen.name, chosen.file) == ("bestand_nord", "bestand_nord.xlsx")
