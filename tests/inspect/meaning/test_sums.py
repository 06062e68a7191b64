"""Rows and values that are sums of others, in any language and place: arithmetic finds them."""

from __future__ import annotations

import pandas as pd
import pytest

from flaskdash.inspect import inspect_source
from tests.support.fixtures import Write
from tests.support.loaders import execute

CITIES = ("Rome", "Oslo", "Bonn", "Cork", "Lviv", "Nice", "Gent", "Turku")
VALUES = [(n * 37 + 101, n * 11 + 7.5) for n in range(len(CITIES))]
TOTAL = tuple(map(sum, zip(*VALUES, strict=True)))


def row(*cells: object) -> str:
    return ",".join(map(str, cells)) + "\n"


@pytest.mark.parametrize("label", ["", "Gesamtergebnis", "Tous", "合算"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_row_with_the_sums_of_the_others_is_left_out(
    write: Write, label: str, is_first: bool
) -> None:
    rows = [row(city, *values) for city, values in zip(CITIES, VALUES, strict=True)]
    rows.insert(0 if is_first else len(rows), row(label, *TOTAL))
    path = write(row("town", "visits", "income") + "".join(rows))
    inspection = inspect_source(path)
    assert list(inspection.frame["town"]) == list(CITIES)
    assert inspection.frame["visits"].sum() == TOTAL[0]
    assert inspection.notes
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


@pytest.mark.parametrize("label", ["", "Total", "Сумма"])
def test_a_total_in_a_column_of_days_is_left_out(write: Write, label: str) -> None:
    values = [n * 37 + 101 for n in range(20)]
    rows = [row(f"2024-01-{n + 1:02}", value) for n, value in enumerate(values)]
    total = row(label, sum(values))
    inspection = inspect_source(write(row("day", "visits") + total + "".join(rows)))
    assert list(inspection.frame["visits"]) == values
    assert pd.api.types.is_datetime64_dtype(inspection.frame["day"])


@pytest.mark.parametrize("is_above", [True, False])
@pytest.mark.parametrize("label", ["{} Total", "Summe {}", "{}"])
def test_subtotals_are_left_out(write: Write, label: str, is_above: bool) -> None:
    text = row("region", "town", "visits")
    for region, cities in (("West", CITIES[:3]), ("East", CITIES[3:5]), ("South", CITIES[5:])):
        parts = [row(region, city, VALUES[CITIES.index(city)][0]) for city in cities]
        total = row(label.format(region), "", sum(VALUES[CITIES.index(city)][0] for city in cities))
        text += total + "".join(parts) if is_above else "".join(parts) + total
    path = write(text)
    inspection = inspect_source(path)
    assert list(inspection.frame["town"]) == list(CITIES)
    assert inspection.frame["visits"].sum() == TOTAL[0]
    assert "3 row(s) without town are sums of others: left out" in inspection.notes
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


@pytest.mark.parametrize("label", ["All natural disasters", "Alle Arten", "Ensemble"])
def test_a_value_that_is_the_sum_of_the_others_in_each_year_is_left_out(
    write: Write, label: str
) -> None:
    text = row("kind", "year", "events")
    for year in range(2000, 2012):
        counts = {kind: year % 7 * 3 + n * 5 for n, kind in enumerate(CITIES[:5])}
        text += "".join(row(kind, year, count) for kind, count in counts.items())
        text += row(label, year, sum(counts.values()))
    inspection = inspect_source(write(text))
    assert set(inspection.frame["kind"]) == set(CITIES[:5])
    assert dict(inspection.left_out) == {"kind": [label]}


@pytest.mark.parametrize("towns", [("Chair", "Desk", "Lamp"), ("Äpfel", "Brot")])
def test_the_groups_of_a_compact_pivot_become_a_column(
    write: Write, towns: tuple[str, ...]
) -> None:
    text = row("labels", "sales", "orders")
    parts = 0
    for number, region in enumerate(("East", "West", "Nord"), start=1):
        values = [(number * 41 + n * 17, n + number) for n in range(len(towns))]
        text += row(region, *map(sum, zip(*values, strict=True)))
        text += "".join(row(town, *value) for town, value in zip(towns, values, strict=True))
        parts += sum(sales for sales, _ in values)
    path = write(text)
    inspection = inspect_source(path)
    assert inspection.frame["sales"].sum() == parts
    assert list(inspection.frame["group"].unique()) == ["East", "West", "Nord"]
    assert set(inspection.frame["labels"]) == set(towns)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


@pytest.mark.parametrize("label", ["Jumla kuu", "Tổng cộng", "Yhteensä"])
def test_a_total_in_the_middle_is_left_out(write: Write, label: str) -> None:
    rows = [row(city, *values) for city, values in zip(CITIES, VALUES, strict=True)]
    rows.insert(4, row(label, *TOTAL))
    path = write(row("mji", "watu", "mapato") + "".join(rows))
    inspection = inspect_source(path)
    assert list(inspection.frame["mji"]) == list(CITIES)
    assert f"the row {label} is the sum of the others: left out" in inspection.notes
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


@pytest.mark.parametrize("label", ["Välisumma", "小計"])
def test_subtotals_with_a_label_in_each_column_are_left_out(write: Write, label: str) -> None:
    text = row("osasto", "tuote", "myynti", "kate")
    for region, cities in (("Itä", CITIES[:3]), ("Länsi", CITIES[3:5]), ("Etelä", CITIES[5:])):
        values = [VALUES[CITIES.index(city)] for city in cities]
        for city, pair in zip(cities, values, strict=True):
            text += row(region, city, *pair)
        text += row(region, label, *map(sum, zip(*values, strict=True)))
    text += row("Kaikki", "Kaikki", *TOTAL)
    path = write(text)
    inspection = inspect_source(path)
    assert list(inspection.frame["tuote"]) == list(CITIES)
    assert inspection.frame["myynti"].sum() == TOTAL[0]
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


def test_the_levels_of_a_compact_pivot_become_columns(write: Write) -> None:
    lines, total = [], 0
    for number, region in enumerate(("Norte", "Sur"), start=1):
        towns = []
        for town in range(3):
            parts = [number * 100 + town * 7 + n * 3 for n in range(2)]
            towns.append((f"{region} {town}", sum(parts)))
            lines.append(row(*towns[-1]) + row("pan", parts[0]) + row("sal", parts[1]))
        whole = sum(value for _, value in towns)
        lines[-3] = row(region, whole) + lines[-3]
        total += whole
    path = write(row("Etiquetas", "Importe") + "".join(lines) + row("Todo", total))
    frame = inspect_source(path).frame
    assert frame["Importe"].sum() == total
    assert frame.groupby(["group", "group_2"]).size().tolist() == [2] * 6


@pytest.mark.parametrize(
    ("income", "costs", "profit"),
    [
        ("Erlöse", "Kosten", "Ergebnis"),
        ("Inkomst", "Utgifter", "Resultat"),
        ("收入", "支出", "净利"),
    ],
)
def test_of_profit_and_loss_the_accounts_are_read(
    write: Write, income: str, costs: str, profit: str
) -> None:
    months = [f"2023-0{month}" for month in range(1, 7)]
    sums: dict[str, list[int]] = {}
    text = row("account", *months, "all")
    for title, accounts in ((income, ("a", "b")), (costs, ("c", "d", "e"))):
        values = [[ord(name) * 3 + month**2 for month in range(6)] for name in accounts]
        sums[title] = [sum(column) for column in zip(*values, strict=True)]
        text += row(title, *[""] * 7)
        for name, numbers in zip(accounts, values, strict=True):
            text += row(f"  {name}", *numbers, sum(numbers))
        text += row(f"= {title}", *sums[title], sum(sums[title]))
    result = [first - second for first, second in zip(*sums.values(), strict=True)]
    path = write(text + row(profit, *result, sum(result)))
    inspection = inspect_source(path)
    frame = inspection.frame
    assert frame.groupby("group")["value"].sum().to_dict() == {
        title: sum(values) for title, values in sums.items()
    }
    assert set(frame["account"]) == set("abcde")
    assert "all is left out" in "; ".join(inspection.notes)
    pd.testing.assert_frame_equal(execute(inspection, path), frame)


def test_a_row_of_means_is_left_out(write: Write) -> None:
    rows = [row(f"V{n}", n * n % 17 / 2, n * 7 % 31) for n in range(20)]
    means = [
        sum(values) / 20
        for values in zip(*((n * n % 17 / 2, n * 7 % 31) for n in range(20)), strict=True)
    ]
    path = write(row("ville", "note", "taille") + "".join(rows) + row("moyenne", *means))
    inspection = inspect_source(path)
    assert inspection.frame.shape == (20, 3)
    assert "the last row is the mean of the others: left out" in inspection.notes


def test_a_row_near_the_mean_is_no_mean(write: Write) -> None:
    rows = [row(f"S{n}", 47.8 + n * 7 % 31 / 100, 106.5 + n * 5 % 17 / 100) for n in range(20)]
    path = write(row("station", "height", "width") + "".join(rows) + row("S20", 47.92, 106.6))
    assert inspect_source(path).read.rows == len(inspect_source(path).frame) == 21


def test_sums_of_one_measure_do_not_drop_rows_of_another(write: Write) -> None:
    text = row("account", "debit", "credit")
    for group in range(3):
        text += "".join(row(f"d{group}{n}", group * 50 + n * 31 + 9, "") for n in range(3))
        text += row(f"all {group}", group * 150 + 120, "")
        text += "".join(row(f"c{group}{n}", "", n * 17 + 3) for n in range(4))
    assert len(inspect_source(write(text)).frame) == 24


def test_an_account_without_a_value_in_the_first_month_stays(write: Write) -> None:
    text = row("account", "jan", "feb") + row("In", "", "") + row("a", "", 400) + row("b", 300, 20)
    text += row("In all", 300, 420) + row("Out", "", "") + row("c", 70, 80) + row("d", 150, 90)
    inspection = inspect_source(write(text + row("Out all", 220, 170) + row("Profit", 80, 250)))
    assert list(inspection.frame["account"]) == list("abcd")
    assert list(inspection.frame["group"]) == ["In", "In", "Out", "Out"]


def test_equal_neighbours_are_no_sums(write: Write) -> None:
    text = row("town", "n", "m") + "".join(
        row(f"t{n}", n // 2 * 37 + 100, n // 2 * 3) for n in range(20)
    )
    assert inspect_source(write(text)).frame.shape == (20, 3)


def test_a_row_that_is_no_sum_any_more_stays(write: Write) -> None:
    """The loader looks at the numbers of each new file."""
    rows = [row(city, *values) for city, values in zip(CITIES, VALUES, strict=True)]
    path = write(row("town", "visits", "income") + row("", *TOTAL) + "".join(rows))
    inspection = inspect_source(path)
    path.write_text(row("town", "visits", "income") + "".join(rows), "utf-8")
    assert list(execute(inspection, path)["town"]) == list(CITIES)


def test_flags_that_add_up_by_chance_are_no_totals(write: Write) -> None:
    text = row("town", "a", "b", "c") + row("Rome", 1, 1, 1)
    text += row("Oslo", 1, 0, 0) + row("Bonn", 0, 1, 0) + row("Cork", 0, 0, 1)
    assert len(inspect_source(write(text)).frame) == 4


def test_what_is_no_sum_stays(write: Write) -> None:
    """A large first value, missing labels, and a value that is half of all by chance."""
    large = row("town", "visits") + "".join(
        row(city, 10 ** (4 - n)) for n, city in enumerate("abcd")
    )
    assert inspect_source(write(large)).read.rows == 4
    gaps = row("town", "visits") + "".join(
        row("" if n % 3 == 0 else f"t{n}", n * 17 % 23) for n in range(30)
    )
    assert inspect_source(write(gaps)).read.rows == 30
    half = row("kind", "year", "n") + "".join(
        row(kind, year, n + (year == 2003 and kind == "a") - (year == 2004 and kind == "a"))
        for year in range(2000, 2006)
        for kind, n in (("a", 60 + year % 3), ("b", 20), ("c", 21), ("d", 20))
    )
    assert inspect_source(write(half)).left_out == {}


@pytest.mark.parametrize("label", ["Toplam", "Total", "Summa"])
def test_whole_numbers_without_a_total_stay_whole(write: Write, label: str) -> None:
    rows = [
        row(city, n + 1, income)
        for n, (city, (_, income)) in enumerate(zip(CITIES, VALUES, strict=True))
    ]
    path = write(row("town", "parcels", "income") + "".join(rows) + row(label, "", TOTAL[1]))
    inspection = inspect_source(path)
    assert len(inspection.frame) == len(CITIES)
    assert inspection.column("parcels").type == "integer"
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (["Average", "SD"], ["mean", "std"]),
        (["n", "Moyenne"], ["count", "mean"]),
        (["Min", "Max", "Mittel"], ["min", "max", "mean"]),
    ],
)
def test_statistics_below_the_rows_are_left_out(
    write: Write, names: list[str], kinds: list[str]
) -> None:
    scores = pd.DataFrame(
        {"a": [n * 7 % 5 + 1 for n in range(24)], "b": [n * 3 % 7 for n in range(24)]}
    )
    rows = [row(f"P{n}", a, b) for n, (a, b) in enumerate(scores.to_numpy())]
    rows += [row(name, *scores.agg(kind).round(3)) for name, kind in zip(names, kinds, strict=True)]
    path = write(row("person", "a", "b") + "".join(rows))
    inspection = inspect_source(path)
    assert inspection.frame["a"].sum() == scores["a"].sum()
    assert (
        f"the last {len(names)} rows are the {', '.join(kinds)} of the others: left out"
        in inspection.notes
    )
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
