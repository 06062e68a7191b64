"""Surveys: answers, codes for "no answer", scales and weights."""

import random
from pathlib import Path

import pytest

from flaskdash.charts.suggest import suggest
from flaskdash.inspect import inspect_source
from tests.support.data import rows
from tests.support.fixtures import Write


def save(write: Write, name: str, values: list[str], count: int = 120) -> Path:
    """Write a table whose second column takes the values by chance."""
    chance = random.Random(3)
    return write(f"nr;{name}\n" + rows(lambda i: f"{i + 1};{chance.choice(values)}", count))


@pytest.mark.parametrize(
    ("name", "values", "codes"),
    [
        ("hv024", "1 2 3 4 5 8 9 99", "8, 9, 99"),
        ("lrscale", "0 1 2 3 4 5 6 7 8 9 10 77 88 99", "77, 88, 99"),
        ("Zufriedenheit", "1 2 3 4 5 -9 -8", "-9, -8"),
        ("q7 rating", "1 2 3 4 5 98", "98"),
    ],
)
def test_codes_for_no_answer_make_a_question_a_category(
    write: Write, name: str, values: str, codes: str
) -> None:
    inspection = inspect_source(save(write, name, values.split()))
    assert inspection.column(name).role == "category"
    assert f"{name}: {codes} may mean no answer, and has a bar of its own" in inspection.notes


@pytest.mark.parametrize(
    "values", ["0 1 2 3 4 5 6 7 8 9", "-2 -1 0 1 2", "12 40 77 150 260 310 480", "1 2 3 4 5 6"]
)
def test_answers_without_a_gap_are_no_codes(write: Write, values: str) -> None:
    inspection = inspect_source(save(write, "value", values.split()))
    assert not any("no answer" in note for note in inspection.notes)


@pytest.mark.parametrize(
    "names",
    [
        ["Q1", "Q2_1", "Q2_2", "Q10"],
        ["bfi_1", "bfi_2r", "bfi_3"],
        ["Wie zufrieden sind Sie?", "¿Recomendaría?", "満足度は\uff1f"],
    ],
)
def test_answers_on_a_scale_are_never_added_up(write: Write, names: list[str]) -> None:
    chance = random.Random(4)
    cells = rows(lambda _: ";".join(str(chance.randint(0, 10)) for _ in names), 14)
    inspection = inspect_source(write(";".join(names) + "\n" + cells))
    for column in inspection.columns:
        assert column.role == "category" or column.agg == "mean"


@pytest.mark.parametrize("names", [["units_1", "units_2", "units_3"], ["Q1", "Q2", "x"]])
def test_numbered_amounts_are_added_up(write: Write, names: list[str]) -> None:
    chance = random.Random(4)
    cells = rows(lambda _: ";".join(str(chance.randint(0, 40)) for _ in names), 14)
    inspection = inspect_source(write(";".join(names) + "\n" + cells))
    assert {column.agg for column in inspection.columns} == {"sum"}


@pytest.mark.parametrize("name", ["WEIGHT_W12", "pspwght", "gewicht", "hh_wt", "ponderación"])
def test_weights_of_respondents_are_in_no_chart(write: Write, name: str) -> None:
    chance = random.Random(6)
    drawn = [chance.uniform(0.2, 3) for _ in range(200)]
    mean = sum(drawn) / len(drawn)
    text = f"nr,region,{name},age\n" + rows(
        lambda i: f"{i + 1},{'NSWE'[i % 4]},{drawn[i] / mean:.5f},{chance.randint(18, 90)}", 200
    )
    inspection = inspect_source(write(text))
    assert inspection.column(name).role == "identifier"
    assert any(note.startswith(f"{name}: weights of the rows") for note in inspection.notes)
    assert all(name not in (chart.x, chart.y) for chart in suggest(inspection, "data"))


def test_weights_of_things_are_measures(write: Write) -> None:
    inspection = inspect_source(write("nr,weight\n" + rows(lambda i: f"{i + 1},{i * 0.37 + 2}")))
    assert inspection.column("weight").role == "measure"


@pytest.mark.parametrize("values", ["22 31", "1 5", "10 99"])
def test_two_numbers_are_two_answers(write: Write, values: str) -> None:
    assert inspect_source(save(write, "dispo", values.split())).column("dispo").role == "category"


@pytest.mark.parametrize(
    "answer", ["more parking near gate {}", "bitte {} Bänke im Park", "moins de bruit après {} h"]
)
def test_answers_in_free_text_are_no_categories(write: Write, answer: str) -> None:
    cells = rows(lambda i: f"{i % 5};{answer.format(i) if i % 3 else ''}")
    assert inspect_source(write(f"rating;wish\n{cells}")).column("wish").role == "text"


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("Checked", "Unchecked"),
        ("genannt", "nicht genannt"),
        ("Quoted", "Not quoted"),
        ("actif", "inactif"),
    ],
)
def test_a_word_and_its_negation_are_a_flag(write: Write, yes: str, no: str) -> None:
    column = inspect_source(save(write, "media", [yes, no])).column("media")
    assert (column.role, column.yes) == ("flag", yes)


@pytest.mark.parametrize("values", [["male", "female"], ["man", "woman"], ["York", "New York"]])
def test_words_that_end_alike_are_no_flag(write: Write, values: list[str]) -> None:
    assert inspect_source(save(write, "group", values)).column("group").role == "category"


@pytest.mark.parametrize(
    ("names", "answers", "codes"),
    [
        ("q1 q2 q3", "1 2 3 4 5", "-9 -8 99"),
        ("trust_a trust_b trust_c trust_d", "0 1 2 3 4 5 6 7 8 9 10", "77 88 99"),
        ("Zufrieden Nützlich Schnell", "1 2 3 4", "-99 -98"),
        ("p1 p2 p3", "1 2 3 4 5 6 7", "998"),
    ],
)
def test_codes_that_columns_of_a_scale_share_are_missing(
    write: Write, names: str, answers: str, codes: str
) -> None:
    chance = random.Random(5)
    count = len(names.split())
    cells = [chance.choices(answers.split() + codes.split(), k=count) for _ in range(150)]
    text = f"nr,{names.replace(' ', ',')},plz\n"
    path = write(text + rows(lambda i: f"{i + 1},{','.join(cells[i])},{90 + i % 10}", 150))
    inspection = inspect_source(path)
    listed = ", ".join(sorted(codes.split(), key=int))
    total = sum(cell in codes.split() for row in cells for cell in row)
    assert any(note.startswith(f"{listed} in {total} cells of") for note in inspection.notes)
    for name in names.split():
        values = inspection.frame[name].dropna()
        assert set(values.astype(int).astype(str)) == set(answers.split())
        assert inspection.column(name).type == "integer"
    assert inspection.frame["plz"].notna().all()


@pytest.mark.parametrize("codes", [["9", "9", "9"], ["99", "99", ""], ["99", "98", "97"]])
def test_codes_near_a_scale_or_of_few_columns_are_only_noted(
    write: Write, codes: list[str]
) -> None:
    chance = random.Random(6)
    cells = [[chance.choice([*"1234512345", code or "3"]) for code in codes] for _ in range(150)]
    path = write("nr,q1,q2,q3\n" + rows(lambda i: f"{i + 1},{','.join(cells[i])}", 150))
    inspection = inspect_source(path)
    assert not inspection.frame.isna().any().any()
    assert any("may mean no answer" in note for note in inspection.notes)
