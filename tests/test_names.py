"""Names: identifiers from titles, and valid names of projects."""

import pytest

from flaskdash import names
from flaskdash.errors import FlaskdashError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Revenue by region", "revenue_by_region"),
        ("sales 2024 (final)", "sales_2024_final"),
        ("Café Zürich", "cafe_zurich"),
        ("9lives", "chart_9lives"),
        ("class", "class_chart"),
        ("order", "order_chart"),
        ("con", "con_chart"),
        ("match", "match_chart"),
        ("🎉", "chart"),
        ("", "chart"),
        ("__init__", "init"),
        ('</script>"); import os', "script_import_os"),
        ("x" * 200, "x" * names.LONGEST),
        ("word " * 20, "_".join(["word"] * 12)),
        (
            "Latest arable land (hectares per person) by country name on the map",
            "latest_arable_land_hectares_per_person_by_country_name",
        ),
    ],
)
def test_identifier(text: str, expected: str) -> None:
    assert names.identifier(text, "chart") == expected
    assert expected.isidentifier()


@pytest.mark.parametrize("name", ["myproj", "my-proj", "Sales_2024", "a"])
def test_good_project_names(name: str) -> None:
    assert names.check_project(name) == name


@pytest.mark.parametrize(
    "name",
    ["../x", "a/b", "a\\b", ".", "..", "", " ", "con", "COM1", "class", "9lives", "-x", "x-", "_x"]
    + ["my proj", "flask", "Pandas", "app", "naïve", "a" * 80, "x\n", "$(id)", "--help"],
)
def test_bad_project_names_get_a_reason_and_a_good_one(name: str) -> None:
    with pytest.raises(FlaskdashError) as caught:
        names.check_project(name)
    assert "cannot be the name of a project" in caught.value.message
    proposed = caught.value.hint.removeprefix("flaskdash new ")
    assert names.check_project(proposed) == proposed


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("sales.csv", "sales"),
        ("API_AG.LND.ARBL_DS2_en_csv_v2_1234.csv", "API_AG.LND.ARBL_DS2_en_csv_v2_1234"),
        ("sales.2024.xlsx", "sales.2024"),
        ("sales.CSV.gz", "sales"),
        ("sales.tar.gz", "sales"),
        ("sales.export", "sales.export"),
        (".csv", ".csv"),
    ],
)
def test_a_stem_lacks_known_endings_only(file: str, stem: str) -> None:
    assert names.stem(file) == stem


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("my-sales", "My sales"),
        ("nyc_flights", "NYC flights"),
        ("sp500", "SP500"),
        ("us-births", "US births"),
        ("github-stars", "GitHub stars"),
        ("iphone_sales", "iPhone sales"),
        ("by_region", "By region"),
        ("my-RevPAR", "My RevPAR"),
    ],
)
def test_title_of_a_project(name: str, title: str) -> None:
    assert names.title(name) == title
