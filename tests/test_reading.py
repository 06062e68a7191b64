"""Messy text as people get it: numbers, encodings, dates and layouts of many countries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flaskdash.inspect import Inspection, inspect_source

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a data file and returns its path."""

    def write_file(text: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write_file


def rows(line: Callable[[int], str], count: int = 40) -> str:
    return "\n".join(line(number) for number in range(count)) + "\n"


def types(found: Inspection) -> list[str]:
    return [column.type for column in found.columns]


def notes(found: Inspection) -> str:
    return "; ".join(found.notes)


def european(value: float, group: str) -> str:
    return f"{value:,.2f}".translate({ord(","): group, ord("."): ","})


@pytest.mark.parametrize("group", ["\u00a0", "\u202f", " ", "."])
def test_thousands_of_any_blank(write: Write, group: str) -> None:
    path = write("region;betrag\n" + rows(lambda i: f"R{i};{european(1234.5 * i, group)}"))
    frame = inspect_source(path).frame
    assert frame["betrag"].tolist() == [1234.5 * i for i in range(40)]


def test_thousands_of_two_kinds_of_blanks(write: Write) -> None:
    path = write("a;b\n" + rows(lambda i: f"R{i};{european(1234.5 * i, chr((32, 160)[i % 2]))}"))
    assert inspect_source(path).frame["b"].tolist() == [1234.5 * i for i in range(40)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("R$ {}", 1.0),
        ("{} zł", 1.0),
        ("{}\u00a0Kč", 1.0),
        ("kr {}", 1.0),
        ("{}-", -1.0),
        ("\u2212{}", -1.0),
        ("\u2013{}", -1.0),
        ("- {}", -1.0),
        ("({})", -1.0),
    ],
)
def test_what_stands_around_numbers(write: Write, text: str, value: float) -> None:
    path = write("a;b\n" + rows(lambda i: f"R{i};{text.format(european(1000.5 + i, '.'))}"))
    assert inspect_source(path).frame["b"].tolist() == [value * (1000.5 + i) for i in range(40)]


def test_flags_behind_numbers_are_cut_off_and_told(write: Write) -> None:
    flags = ["", " e", " p", "", " bd"]
    path = write(
        "geo,rate\n" + rows(lambda i: f"R{i},{i + 0.5}{flags[i % 5]}" if i % 7 else f"R{i},:")
    )
    found = inspect_source(path)
    assert types(found) == ["text", "number"]
    assert found.frame["rate"].dropna().tolist() == [i + 0.5 for i in range(40) if i % 7]
    assert "rate: flags behind numbers ('bd', 'e', 'p') are cut off" in found.notes


def test_letters_right_behind_whole_numbers_are_no_flags(write: Write) -> None:
    path = write("house,n\n" + rows(lambda i: f"{i + 1}{'ab'[i % 2] if i % 3 else ''},{i}"))
    assert types(inspect_source(path)) == ["text", "integer"]


@pytest.mark.parametrize("gap", ["k.A.", "#N/V", "[c]", "(X)", "*****", "///", "not stated"])
def test_more_words_for_no_value(write: Write, gap: str) -> None:
    path = write("a,b\n" + rows(lambda i: f"R{i},{i * 3 if i % 3 else gap}"))
    frame = inspect_source(path).frame
    assert frame["b"].isna().sum() == 14
    assert frame["b"].sum() == sum(i * 3 for i in range(40) if i % 3)


@pytest.mark.parametrize("code", ["{}E{}", "0{}.{}"])
def test_codes_that_could_be_numbers_stay_text(write: Write, code: str) -> None:
    path = write("kind,n\n" + rows(lambda i: f"{code.format(i % 9 + 1, i % 4)},{i}"))
    found = inspect_source(path)
    assert types(found) == ["text", "integer"]
    assert found.frame["kind"].tolist()[5] == code.format(6, 1)


def test_numbers_in_several_currencies_are_not_pooled(write: Write) -> None:
    path = write("a,price,n\n" + rows(lambda i: f"R{i % 3},{'$€£'[i % 3]}{i}.50,{i}"))
    found = inspect_source(path)
    assert types(found) == ["text", "text", "integer"]
    assert "price: its numbers are in several units" in notes(found)


def test_null_is_a_surname(write: Write) -> None:
    path = write("surname,n\n" + rows(lambda i: f"{['Null', 'Smith', 'Nguyen'][i % 3]},{i}"))
    assert inspect_source(path).frame["surname"].tolist()[0] == "Null"


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866"])
def test_cyrillic(write: Write, encoding: str) -> None:
    cities = ["Москва", "Санкт-Петербург", "Казань", "Новосибирск"]
    path = write("Город;Население\n" + rows(lambda i: f"{cities[i % 4]};{i}"), encoding=encoding)
    found = inspect_source(path)
    assert found.read.encoding == encoding
    assert list(found.frame.columns) == ["Город", "Население"]
    assert found.frame["Город"].tolist()[:4] == cities


def test_utf8_with_a_broken_byte_stays_utf8(write: Write) -> None:
    text = ("ville,n\n" + rows(lambda i: f"Orléans {i},{i}")).encode() + b"Caf\xe9,40\n"
    found = inspect_source(write(text))
    assert found.frame["ville"].tolist()[::40] == ["Orléans 0", "Caf\ufffd"]
    assert "1 character(s) are no UTF-8" in notes(found)


def test_cp1252_with_a_copyright_sign_in_its_footer(write: Write) -> None:
    months = ["Januar", "Februar", "März", "April"]
    text = "Monat;Wert\n" + rows(lambda i: f"{months[i % 4]};{i}", 8) + "© Statistisches Amt\n"
    found = inspect_source(write(text, encoding="cp1252"))
    assert found.read.encoding == "cp1252"


def test_text_delimited_by_control_signs(write: Write) -> None:
    path = write("id\x01city\x01price\n" + rows(lambda i: f"{i}\x01C{i % 4}\x01{i}.5"))
    assert inspect_source(path).frame.shape == (40, 3)
