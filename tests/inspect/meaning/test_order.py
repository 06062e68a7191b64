"""Order the values of a category as people expect."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from flaskdash.charts.kinds import Chart
from flaskdash.generate import chart_file
from flaskdash.inspect.meaning.order import ordered
from flaskdash.inspect.meaning.roles import describe


@pytest.mark.parametrize(
    "values",
    [
        ["5-14 years", "15-24 years", "35-54 years", "75+ years"],
        ["Under 18", "18-24", "25-34", "65+"],
        ["< 18", "18-29", "30-44", "> 60"],
        ["12", "13", "22-23", "65+"],
        ["$0 - $24,999", "$25,000 - $49,999", "$150,000+"],
        ["1-5", "6-25", "26-100", "More than 1000"],
        ["Thur", "Fri", "Sat", "Sun"],
        ["January", "February", "November"],
        ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"],
        ["Fair", "Good", "Very Good", "Premium", "Ideal"],
        [
            "Extremely unlikely",
            "Somewhat unlikely",
            "Somewhat likely",
            "Extremely likely",
            "Refused",
        ],
        ["not at all important", "not very important", "somewhat important", "very important"],
        ["sehr unzufrieden", "unzufrieden", "teils/teils", "zufrieden", "sehr zufrieden"],
        ["trifft gar nicht zu", "trifft eher nicht zu", "trifft eher zu", "trifft voll zu"],
        ["Pas du tout satisfait", "Plutôt pas satisfait", "Plutôt satisfait", "Très satisfait"],
        ["Totalmente en desacuerdo", "En desacuerdo", "De acuerdo", "Totalmente de acuerdo"],
        ["Полностью не согласен", "Скорее не согласен", "Скорее согласен", "Полностью согласен"],
        ["Pas d'accord", "Plutôt d'accord", "Tout à fait d'accord", "Ne se prononce pas"],
        ["1 (Not at all)", "2", "3", "4", "5 (Very much)"],
        ["1 - Strongly disagree", "2 - Disagree", "3 - Neutral"],
        ["0. none", "1. some", "10. all"],
        ["zeer ontevreden", "ontevreden", "neutraal", "tevreden", "zeer tevreden"],
        ["Low", "Medium", "High", "Critical"],
        ["S", "M", "L", "XL"],
        ["XS", "M", "2XL", "3XL"],
        ["A+", "A", "B-", "C"],
        ["Januar", "Februar", "März", "Dezember"],
        ["janv.", "févr.", "août", "déc."],
        ["01 - Jan", "02 - Feb", "03 - Mar", "10 - Oct"],
        ["Montag", "Mittwoch", "Donnerstag", "Sonntag"],
        ["lun.", "mié.", "dom."],
        ["segunda-feira", "terça-feira", "sábado"],
        ["2023 Q3", "2023 Q4", "2024 Q1"],
        ["Q3 FY23", "Q4 FY23", "Q1 FY24"],
        ["T1 2023", "T2 2023", "T4 2023"],
        ["3Q22", "4Q22", "1Q23"],
        ["Some high school", "High school", "Associate's degree", "Bachelor's degree", "PhD"],
        ["nie", "selten", "oft", "immer"],
        ["<30k", "30k-50k", "50k-80k", ">80k", "Prefer not to say"],
        ["jamais", "parfois", "toujours", "Sans réponse"],
        ["low", "medium", "high", "Unknown"],
        ["no", "don't know", "yes"],
    ],
)
def test_values_of_a_scale_are_put_in_its_order(values: list[str]) -> None:
    mixed = random.Random(4).sample(values, len(values))
    assert ordered(mixed) == tuple(values)


@pytest.mark.parametrize(
    "values",
    [
        ["East", "West", "North"],
        ["T2", "T3", "T4"],
        ["12", "13", "14"],
        ["yes", "no"],
        ["Mark", "April", "June"],
        ["Model", "Division", "Frame"],
        ["Graduation", "Basic", "PhD"],
        ["18-24", "25-34", "unknown"],
        ["red", "very red", "blue"],
        ["paid", "unpaid", "refunded"],
        ["1 kg", "1 lb", "2 kg"],
        ["in stock", "out of stock", "ordered"],
        ["18-24", "18-24 ", "25-34"],
        [f"{n}-{n + 1}" for n in range(40)],
    ],
)
def test_other_values_have_no_order(values: list[str]) -> None:
    assert ordered(values) == ()


def test_bars_of_bands_are_in_their_order() -> None:
    table = pd.DataFrame({"age": ["5-14", "15-24", "75+", "25-34"] * 10, "rate": range(40)})
    columns = {column.name: column for column in describe(table, {})}
    assert columns["age"].order == ("5-14", "15-24", "25-34", "75+")
    chart = Chart("bar", "data", "", x="age", y="rate", agg="mean")
    drawn = chart_file._drawing(chart, columns, chart_file.sql.NO_BINS, table)
    assert drawn["x_names"] == "['5-14', '15-24', '25-34', '75+']"


def test_a_column_of_years_steps_by_years() -> None:
    table = pd.DataFrame({"year": [2010.0, 2011.0, 2012.0] * 10, "rate": range(30)})
    columns = {column.name: column for column in describe(table, {})}
    latest = Chart("kpi", "data", "", x="year", y="rate", agg="sum")
    assert chart_file._drawing(latest, columns, chart_file.sql.NO_BINS, table)["step"] == "year"
