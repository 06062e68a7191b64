"""What the values of one column mean: each case is a column, and what a loader makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from flaskdash.inspect import Inspection, inspect_source
from tests.support.data import rows
from tests.support.fixtures import Write
from tests.support.loaders import execute

MORE = ("a", "b", "c", "d")


def inspect_column(write: Write, values: Sequence[str], name: str = "amount") -> Inspection:
    """Inspect a file with this column, between two others that must stay as they are."""
    cells = [f'"{value.replace(chr(34), chr(34) * 2)}"' for value in values]
    lines = [f"{number},{cell},{MORE[number % 4]}" for number, cell in enumerate(cells)]
    path = write("\n".join([f"row,{name},kind", *lines]) + "\n")
    inspection = inspect_source(path)
    pd.testing.assert_frame_equal(execute(inspection, path), inspection.frame)
    assert list(inspection.frame["row"]) == list(range(len(values)))
    assert list(inspection.frame["kind"]) == [MORE[number % 4] for number in range(len(values))]
    return inspection


@pytest.mark.parametrize(
    ("values", "total", "note"),
    [
        (["1.5", "2.25", "<0.05", "7", "<0.05", "3"], 13.75, "0 if below all"),
        (["12", "<1", "40", "33", "< 1", "8"], 93, "0 if below all"),
        (["12", ">2419.6", "40", "33.5", "8"], 2513.1, "are read as their number"),
        (["250,000+", "12,500", "8,000", "9,100", "250,000+"], 529_600, "are read as their number"),
        (["≤5", "4", "6", "7.5", "8"], 30.5, "are read as their number"),
        (["0.5 J", "0.7", "0.8", "<0.1", "0.9*"], 2.9, "0 if below all"),
    ],
)
def test_a_limit_is_a_number(write: Write, values: list[str], total: float, note: str) -> None:
    inspection = inspect_column(write, values)
    assert inspection.frame["amount"].sum() == pytest.approx(total)
    assert note in " ".join(inspection.notes)


@pytest.mark.parametrize("values", [["<18", "18-30", ">30"] * 4, ["<10", ">10"] * 4])
def test_groups_are_no_limits(write: Write, values: list[str]) -> None:
    assert list(inspect_column(write, values).frame["amount"]) == values


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["12.50 Cr", "3.00 Dr", "1,000.25 Cr"], [12.5, -3, 1000.25]),
        (["5CR", "7DR", "9CR"], [5, -7, 9]),
        (["1.200,00 H", "13,50 S", "4,00 H"], [1200, -13.5, 4]),
        (["8 credit", "2 debit", "1 credit"], [8, -2, 1]),
    ],
)
def test_a_word_behind_an_amount_is_its_sign(
    write: Write, values: list[str], numbers: list[float]
) -> None:
    inspection = inspect_column(write, values)
    assert list(inspection.frame["amount"]) == numbers
    assert "are negative" in " ".join(inspection.notes)


@pytest.mark.parametrize("sign", ["₦", "GH₵", "KSh", "AED", "₫", "Rp", "₱", "THB", "₴"])
def test_money_of_any_country(write: Write, sign: str) -> None:
    inspection = inspect_column(write, [f"{sign} 92,250.50", f"{sign} 1,000.00", f"{sign} 7.25"])
    assert inspection.frame["amount"].sum() == pytest.approx(93_257.75)
    column = next(column for column in inspection.columns if column.name == "amount")
    assert column.unit == sign


def test_several_currencies_are_never_added(write: Write) -> None:
    inspection = inspect_column(write, ["₦ 92,250", "KSh 1,000", "AED 7"] * 3)
    assert inspection.frame["amount"].dtype == "str"
    assert "several units" in " ".join(inspection.notes)


@pytest.mark.parametrize(
    ("digits", "thousands"), [("۰۱۲۳۴۵۶۷۸۹", "٬"), ("٠١٢٣٤٥٦٧٨٩", "٬"), ("०१२३४५६७८९", ",")]
)
def test_digits_of_any_script(write: Write, digits: str, thousands: str) -> None:
    table = str.maketrans("0123456789,", digits + thousands)
    values = [text.translate(table) for text in ("680,998", "300,867", "1,234", "56")]
    inspection = inspect_column(write, [*values[:2], "\u200f" + values[2], values[3]])
    assert inspection.frame["amount"].sum() == 680_998 + 300_867 + 1_234 + 56


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (['="00123"', '="00045"', '="10000"'], ["00123", "00045", "10000"]),
        (['="12.5"', '="3.25"', '=""'], [12.5, 3.25, None]),
        (['="N-1"', '="N-2"', ' ="N-3"'], ["N-1", "N-2", "N-3"]),
    ],
)
def test_the_formulas_that_keep_zeros(write: Write, values: list[str], read: list[object]) -> None:
    frame = inspect_column(write, values).frame
    assert list(frame["amount"].astype(object).where(frame["amount"].notna(), None)) == read


@pytest.mark.parametrize(
    ("values", "is_number"),
    [
        ([str(3**power) for power in range(20, 60)], True),  # up to 28 digits
        ([str(12345678901234567890123 // (n + 1)) for n in range(40)], True),
        ([str(1_500_000_000_000_000_000 + n * 7919) for n in range(40)], False),  # ids of 19 digits
        ([str(9_223_372_036_854_775_807 * n % 2**64) for n in range(1, 41)], False),
    ],
)
def test_amounts_of_many_digits_are_numbers_and_ids_are_not(
    write: Write, values: list[str], is_number: bool
) -> None:
    inspection = inspect_column(write, values, "value")
    assert pd.api.types.is_numeric_dtype(inspection.frame["value"]) == is_number
    if is_number:
        assert inspection.frame["value"].sum() == pytest.approx(sum(map(int, values)))
        assert "more than 15 digits are rounded" in " ".join(inspection.notes)


@pytest.mark.parametrize(
    ("values", "first", "last"),
    [
        (["2020081122", "2020081123", "2020081124"], "2020-08-11 22:00", "2020-08-12 00:00"),
        (["2401311530", "2402290915", "2403012359"], "2024-01-31 15:30", "2024-03-01 23:59"),
        (["1706715000", "1706801400", "1706887800"], "2024-01-31 15:30", "2024-02-02 15:30"),
        (["1706715000000", "1706887800000"], "2024-01-31 15:30", "2024-02-02 15:30"),
        (["1706715000000000", "1706887800000000"], "2024-01-31 15:30", "2024-02-02 15:30"),
        (["1706715000000000000", "1706887800000000000"], "2024-01-31 15:30", "2024-02-02 15:30"),
        (["2024-01-31 23:00", "2024-01-31 24:00"], "2024-01-31 23:00", "2024-02-01 00:00"),
        (["31.12.2023 24:00:00", "31.12.2023 23:30:00"], "2023-12-31 23:30", "2024-01-01 00:00"),
        (["2018 Q1", "2018 Q4", "2019 Q2"], "2018-01-01", "2019-04-01"),
        (["2022-W1", "2022-W9", "2022-W10"], "2022-01-03", "2022-03-07"),
        (["202201", "202213", "202252"], "2022-01-03", "2022-12-26"),
        (["2019-M01", "2019-M12", "2020-M02"], "2019-01-01", "2020-02-01"),
        ([f"{n}/{(n + 1) % 100:02}" for n in range(1990, 2001)], "1990-01-01", "2000-01-01"),
        ([f"{n}-{n + 1}" for n in range(1990, 2001)], "1990-01-01", "2000-01-01"),
        (["2018:Q1", "2018:Q4", "2019:Q2"], "2018-01-01", "2019-04-01"),
        (["31/01/2024", "28/02/2024", "2024-03-30"], "2024-01-31", "2024-03-30"),
        (["01.02.2024", "29.02.2024", "5 March 2024", "6 March 2024"], "2024-02-01", "2024-03-06"),
        (["2024-01-31", "Feb 1, 2024", "2/13/2024"], "2024-01-31", "2024-02-13"),
    ],
)
def test_moments(write: Write, values: list[str], first: str, last: str) -> None:
    days = inspect_column(write, values, "timestamp").frame["timestamp"]
    assert (days.min(), days.max()) == (pd.Timestamp(first), pd.Timestamp(last))


@pytest.mark.parametrize(
    ("values", "first", "last"),
    [
        (["15-Mar-46", "01-Jan-99", "30-Jun-08"], "1946-03-15", "2008-06-30"),
        (["3/15/46", "1/31/99", "6/30/08"], "1946-03-15", "2008-06-30"),
        (["15.03.27", "31.12.35", "30.06.19"], "2019-06-30", "2035-12-31"),  # contracts
    ],
)
def test_years_of_two_digits(write: Write, values: list[str], first: str, last: str) -> None:
    days = inspect_column(write, values, "day").frame["day"]
    assert (days.min(), days.max()) == (pd.Timestamp(first), pd.Timestamp(last))


@pytest.mark.parametrize(
    ("name", "values", "total", "unit"),
    [
        ("duration", ["1:02:25", "0:45:00", "2:10:05"], 237.5, "min"),
        ("hours", ["125:30:00", "8:00:00", "30:15:00"], 163.75, "h"),
        ("lap", ["1:34.5", "1:35.25", "2:01.0"], 310.75, "s"),
        ("Dauer", ["18:25", "20:05", "07:30"], 46, "min"),
        ("took", ["PT1H2M", "PT45M", "P1DT1H"], 1607, "min"),
        ("waiting", ["00:00:30", "00:01:15", ""], 105, "s"),
        ("run", ["2 h 5 min", "50 min", "3 h"], 71 / 12, "h"),
        ("song", ["4m02s", "3m30s", "11m00s"], 18 + 32 / 60, "min"),
        ("Bearbeitung", ["1 Tag 2 Std.", "3 Std.", "2 Tage 1 Std."], 78, "h"),
        ("trajet", ["1 heure 30 minutes", "45 minutes", "2 heures"], 255, "min"),
        ("elapsed", ["1 day, 2:00:00", "0:30:00", "3 days, 0:30:00"], 99, "h"),
        ("leave", ["P1W", "P2D", "P1DT12H"], 252, "h"),
        (
            "finish",
            ["1:02:25", "DNF", "0:45:35", "26:00:00", "DNF", "0:30:00", "0:42:00"],
            1740,
            "min",
        ),
    ],
)
def test_durations_are_measures(
    write: Write, name: str, values: list[str], total: float, unit: str
) -> None:
    inspection = inspect_column(write, values, name)
    assert inspection.frame[name].sum() == pytest.approx(total)
    note = f"{name}: durations are read as numbers, in {unit}"
    assert any(f"{each} ".startswith(f"{note} ") for each in inspection.notes)


@pytest.mark.parametrize(
    ("values", "first", "last"),
    [
        (
            [
                "Jan 3, 2024 11:07:33 PM PST",
                "Jul 3, 2024 5:20:33 PM PDT",
                "Mar 26, 2024 1:00:00 AM PDT",
            ],
            "2024-01-04 07:07:33",
            "2024-07-04 00:20:33",
        ),
        (["03.01.2024 09:15 CET", "31.07.2024 09:15 CEST"], "2024-01-03 08:15", "2024-07-31 07:15"),
        (["03.01.2024 09:15 MEZ", "04.07.2024 09:15 MESZ"], "2024-01-03 08:15", "2024-07-04 07:15"),
        (["2024-01-03 20:00 EST", "2024-07-03 20:00 EDT"], "2024-01-04 01:00", "2024-07-04 00:00"),
        (
            ["01/02/2024 9:00 AM CST", "07/03/2024 9:00 AM CDT"],
            "2024-01-02 15:00",
            "2024-07-03 14:00",
        ),
        (
            ["1 mars 2024 10:00 CET", "1 juin 2024 10:00 CEST"],
            "2024-03-01 09:00",
            "2024-06-01 08:00",
        ),
        (
            ["2024-01-03 09:15 GMT+0100", "2024-07-03 09:15 GMT+0200"],
            "2024-01-03 08:15",
            "2024-07-03 07:15",
        ),
        (
            ["13.01.2024 09:15 +0100", "04.07.2024 09:15 +0200"],
            "2024-01-13 08:15",
            "2024-07-04 07:15",
        ),
        (
            ["03.01.2024 09:15 +0100", "04.07.2024 09:15 +0200"],
            "2024-01-03 08:15",
            "2024-07-04 07:15",
        ),
        (
            ["1/15/2024 9:00 PM -0500", "7/3/2024 9:00 AM -0400"],
            "2024-01-16 02:00",
            "2024-07-03 13:00",
        ),
    ],
)
def test_zones_that_change_are_converted_to_utc(
    write: Write, values: list[str], first: str, last: str
) -> None:
    inspection = inspect_column(write, values, "when")
    times = inspection.frame["when"]
    assert (times.min(), times.max()) == (pd.Timestamp(first), pd.Timestamp(last))
    assert "when: times with a zone were converted to UTC" in inspection.notes


@pytest.mark.parametrize(
    "values",
    [
        ["26.02.2024 07:33 CET", "27.02.2024 08:00 CET"],
        ["Feb 26, 2024 7:33 AM PST", "Feb 27, 2024 8:00 AM PST"],
        ["26 févr. 2024 07:33 CET", "27 févr. 2024 08:00 CET"],
    ],
)
def test_times_of_one_zone_stay_local(write: Write, values: list[str]) -> None:
    inspection = inspect_column(write, values, "when")
    assert inspection.frame["when"].tolist() == [
        pd.Timestamp("2024-02-26 07:33"),
        pd.Timestamp("2024-02-27 08:00"),
    ]
    assert "times are local: their zone" in " ".join(inspection.notes)


@pytest.mark.parametrize(
    ("name", "values", "total", "unit"),
    [
        ("hours_worked", ["38:30", "40:00", "7:45"], 86.25, "h (as hours and minutes)"),
        ("Fahrzeit", ["2:15", "0:45", "1:30"], 270, "min (as hours and minutes)"),
        ("total", ["125:30", "8:15", "61:15"], 195, "h (as hours and minutes)"),
        ("Horas extra", ["1:30", "2:00", "0:30"], 240, "min (as hours and minutes)"),
        ("song length", ["3:15", "4:45", "2:30"], 10.5, "min (as minutes and seconds)"),
    ],
)
def test_a_clock_of_two_parts_is_hours_or_minutes(
    write: Write, name: str, values: list[str], total: float, unit: str
) -> None:
    inspection = inspect_column(write, values, name)
    assert inspection.frame[name].sum() == pytest.approx(total)
    assert f"{name}: durations are read as numbers, in {unit}" in inspection.notes


@pytest.mark.parametrize("name", ["start", "hour", "Uhrzeit", "Hour ending", "flight"])
@pytest.mark.parametrize(
    "values", [["08:15:00", "17:30:00", "23:59:59"], ["08:15", "17:30", "24:00"]]
)
def test_times_of_the_day_are_no_durations(write: Write, values: list[str], name: str) -> None:
    assert list(inspect_column(write, values, name).frame[name]) == values


@pytest.mark.parametrize("values", [["12 m", "15 m", "9 m"], ["3 d", "5 d", "8 d"]])
def test_one_unit_behind_all_numbers_is_that_of_a_measure(write: Write, values: list[str]) -> None:
    inspection = inspect_column(write, values, "reach")
    numbers = [int(value.split()[0]) for value in values]
    assert inspection.frame["reach"].tolist() in (numbers, values)
    assert not [note for note in inspection.notes if "duration" in note]


def test_numbers_of_other_sizes_are_no_moments(write: Write) -> None:
    frame = inspect_column(write, ["123", "456789", "99999999999"], "time").frame
    assert frame["time"].dtype == "int64"


@pytest.mark.parametrize("first", ["%d/%m/%Y", "%m/%d/%Y"])
def test_days_that_a_program_has_exchanged_are_exchanged_again(write: Write, first: str) -> None:
    days = pd.date_range("2023-01-03", "2023-10-25", freq="3D")
    exchanged = "%m/%d/%Y" if first == "%d/%m/%Y" else "%d/%m/%Y"
    values = []
    for day in days:
        text = day.strftime(exchanged if day.day <= 12 else first)
        values.append(
            "/".join(part.lstrip("0") for part in text.split("/")) if day.day <= 12 else text
        )
    inspection = inspect_column(write, values, "date")
    assert list(inspection.frame["date"]) == list(days)
    assert "exchanged" in " ".join(inspection.notes)


def test_days_without_zeros_are_not_exchanged(write: Write) -> None:
    days = pd.date_range("2023-01-03", "2023-10-25", freq="3D")
    values = [f"{day.day}/{day.month}/{day.year}" for day in days]
    assert list(inspect_column(write, values, "date").frame["date"]) == list(days)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (["1402/01/01", "1402/01/02", "1403/11/30"], "Jalali"),
        (["21/03/2567", "22/03/2567", "30/12/2566"], "Buddhist"),
    ],
)
def test_other_calendars_are_named(write: Write, values: list[str], name: str) -> None:
    inspection = inspect_column(write, values, "day")
    assert list(inspection.frame["day"]) == values
    assert f"of the {name} calendar" in " ".join(inspection.notes)


def test_one_conversion_that_fails_changes_no_other_column(write: Write) -> None:
    """There is no week 53 in 2022, which the loader finds out when it runs."""
    lines = [f"2022-W{week:02},2022-01-{week - 40:02},1.{week}" for week in range(45, 54)]
    inspection = inspect_source(write("\n".join(["week,day,amount", *lines]) + "\n"))
    types = {column.name: column.type for column in inspection.columns}
    assert types == {"week": "text", "day": "date", "amount": "number"}
    assert "week: not all values convert, so it is kept as text" in inspection.notes


@pytest.mark.parametrize(
    "words", [["Refusal", "No answer"], ["weiß nicht"], ["No sabe", "NC", "otro"]]
)
def test_words_among_many_numbers_are_missing(write: Write, words: list[str]) -> None:
    text = "nr;years\n" + rows(lambda i: f"a{i};{words[i % len(words)] if i % 5 == 0 else i}", 60)
    column = inspect_source(write(text)).column("years")
    assert (column.type, column.missing) == ("integer", 12)


def test_words_at_the_ends_of_a_scale_are_answers(write: Write) -> None:
    scale = ["Not at all", *map(str, range(1, 10)), "Completely"]
    text = "nr;trust\n" + rows(lambda i: f"a{i};{scale[i % len(scale)]}", 66)
    assert inspect_source(write(text)).column("trust").type == "text"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("28.2.2024 klo 9.05.00", "14.3.2024 klo 17.30.00"),
        ("28/02/2024 9.05.00", "14/03/2024 17.30.00"),
        ("28/02/2024 \u00e0 9:05", "14/03/2024 \u00e0 17:30"),
        ("2024/2/28 上午9:05:00", "2024/3/14 下午5:30:00"),
        ("2024. 2. 28 오전 9:05:00", "2024. 3. 14 오후 5:30:00"),
        ("28/2/2024 9:05 a. m.", "14/3/2024 5:30 p. m."),
        ("2024/02/28 9:05 \u0635 \u063a\u0631+3", "2024/03/14 5:30 \u0645 \u063a\u0631+3"),
    ],
)
def test_clocks_of_several_languages(write: Write, first: str, second: str) -> None:
    text = "stamp;n\n" + rows(lambda i: f"{(first, second)[i % 2]};{i}", 20)
    column = inspect_source(write(text)).frame["stamp"]
    assert [str(column.min()), str(column.max())] == ["2024-02-28 09:05:00", "2024-03-14 17:30:00"]


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("Less than 1 year", "More than 50 years"),
        ("unter 1 Jahr", "50 oder mehr"),
        ("moins de 1 an", "99"),
    ],
)
def test_limits_in_words_are_their_numbers(write: Write, low: str, high: str) -> None:
    text = "nr;YearsCode\n" + rows(
        lambda i: f"a{i};{ {0: low, 9: high}.get(i % 10, i % 45 + 1) }", 90
    )
    inspection = inspect_source(write(text))
    column = inspection.column("YearsCode")
    assert (column.type, column.role, column.missing) == ("integer", "measure", 0)
    assert any("limits in words" in note for note in inspection.notes)


@pytest.mark.parametrize("word", ["Room 7", "20 km", "x5"])
def test_words_with_a_number_among_the_others_are_no_limits(write: Write, word: str) -> None:
    text = "nr;place\n" + rows(lambda i: f"a{i};{word if i % 10 == 0 else i % 45 + 1}", 90)
    assert inspect_source(write(text)).column("place").type == "text"


@pytest.mark.parametrize("unit", ["\u79d2", "\u5c81", "/km2", "/m3"])
def test_units_of_one_character_and_per_area(write: Write, unit: str) -> None:
    text = "nr;used\n" + rows(lambda i: f"a{i};{i * 7 + 12}{unit}", 40)
    assert inspect_source(write(text)).column("used").role == "measure"


def test_a_few_numbers_with_one_character_are_classes(write: Write) -> None:
    text = "nr;class\n" + rows(lambda i: f"a{i};{i % 5 + 1}\u73ed", 40)
    assert inspect_source(write(text)).column("class").type == "text"
